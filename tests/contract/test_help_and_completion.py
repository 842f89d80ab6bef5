"""What a shell completes, and what --help shows on a terminal of 80 columns."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.main

from engine.affect.feelings import feeling
from engine.plan.request import Request
from engine.session.library.library import Library
from musmed_tui.cli import app
from musmed_tui.completion import SHELLS

ROOT = Path(__file__).parents[2]
BASH = """
set -u
musmed() {{ '{python}' -m musmed_tui "$@"; }}
eval "$(musmed completion bash)"
complete -p musmed
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_musmed_completion '{shim}'
printf 'offered %s\\n' "${{COMPREPLY[@]:-}}"
"""

ZSH = """
zmodload zsh/zpty
export HOME='{home}' LC_ALL=C.UTF-8 TERM=dumb; path=('{home}/bin' $path)
zpty inner zsh -f -i
tell() {{ zpty -w inner "$1"; zpty -r inner said "*$2*" }}
tell 'PS1=; autoload -Uz compinit; compinit -u -D; eval "$(musmed completion zsh)"'
tell 'show() {{ print -r -- "<$BUFFER>"; BUFFER=; zle .accept-line }}; zle -N show'
tell "bindkey '^X' show; setopt no_auto_list; print be'gin'" begin
zpty -w -n inner $'{words}\t\x18'
zpty -r inner said '*<*>*'
print -r -- "$said"
zpty -d inner
"""


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment | {"MUSMED_HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def offered(home: Path, words: str) -> list[str]:
    """What bash offers for ``words`` when Tab is pressed behind the last."""
    shim = home / "musmed"
    shim.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m musmed_tui \"$@\"\n")
    shim.chmod(0o700)
    script = BASH.format(python=sys.executable, words=words, shim=shim)
    done = run(home, "bash", "--norc", "-c", script)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "complete -o default -F _musmed_completion musmed" in done.stdout
    found = [line.removeprefix("offered ") for line in done.stdout.splitlines()[1:]]
    assert not (home / "state/defect.log").exists()
    return [word for word in found if word]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("musmed pl", {"play", "plan"}),
        ("musmed play --from ten", {"tender", "tense"}),
        ("musmed plan --instrument acousticg", {"acousticguitar"}),
        ("musmed play --com", {"--composer"}),
        ("musmed models get musicgen-stereo-s", {"musicgen-stereo-small"}),
        ("musmed completion z", {"zsh"}),
        ("musmed train --preset pa", {"paper"}),
        ("musmed train --base musicgen-stereo-s", {"musicgen-stereo-small"}),
        ("musmed train ch", {"check"}),
        ("musmed measure xq", set()),
    ],
)
def test_bash_completes(words: str, wanted: set[str], tmp_path: Path) -> None:
    assert set(offered(tmp_path, words)) == wanted
    assert not (tmp_path / "data").exists(), "asking for words leaves nothing behind"


def test_bash_completes_sessions(tmp_path: Path) -> None:
    library = Library(tmp_path / "data/library")
    request = Request(start=feeling("tense").affect, target=feeling("calm").affect)
    kept = library.create(request, "embedded", 1, None, datetime(2026, 11, 21, tzinfo=UTC))
    library.close()
    assert offered(tmp_path, "musmed resume 2026") == [kept]


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for(shell: str, tmp_path: Path) -> None:
    """Read by the shell itself where it is installed."""
    done = run(tmp_path, sys.executable, "-m", "musmed_tui", "completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_MUSMED_COMPLETE=complete_{shell}" in done.stdout
    if shutil.which(shell):
        read = run(tmp_path, shell, "-n", "-c", done.stdout)
        assert (read.returncode, read.stderr) == (0, "")


@pytest.fixture
def shell_home(tmp_path: Path) -> Path:
    """A home in which ``musmed`` is this tree's, found by the shell on its path."""
    shim = tmp_path / "bin" / "musmed"
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m musmed_tui \"$@\"\n")
    shim.chmod(0o700)
    return tmp_path


OTHER_SHELLS = [
    ("musmed pl", {"play", "plan"}),
    ("musmed play --from tens", {"tense"}),
    ("musmed play --from=tens", {"--from=tense"}),
    ("musmed play --to calm --instrument=acousticg", {"--instrument=acousticguitar"}),
    ("musmed play --from ängstl", {"ängstlich"}),
    ("musmed models get musicgen-stereo-s", {"musicgen-stereo-small"}),
]


@pytest.mark.parametrize(("words", "wanted"), OTHER_SHELLS)
def test_fish_completes(words: str, wanted: set[str], shell_home: Path) -> None:
    if not shutil.which("fish"):
        pytest.skip("needs fish: apt install fish")
    script = (
        f"set -x HOME '{shell_home}'; set -x PATH '{shell_home}/bin' $PATH; set -x LC_ALL C.UTF-8; "
        f"musmed completion fish | source; complete -C '{words}'"
    )
    done = run(shell_home, "fish", "--no-config", "-c", script)
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.partition("\t")[0] for line in done.stdout.splitlines()} == wanted


@pytest.mark.parametrize(("words", "wanted"), OTHER_SHELLS)
def test_zsh_completes(words: str, wanted: set[str], shell_home: Path) -> None:
    """zsh with a terminal: Tab on the line, which is shown as it is when Enter is pressed."""
    if not shutil.which("zsh"):
        pytest.skip("needs zsh: apt install zsh")
    script = ZSH.format(home=shell_home, words=words)
    done = run(shell_home, "zsh", "-f", "-c", script)
    assert (done.returncode, done.stderr) == (0, "")
    line = words.rpartition(" ")[0]
    common = os.path.commonprefix(sorted(wanted))  # noqa: RUF071 - of letters, as zsh does
    assert f"<{line} {common}>" in done.stdout.replace(" >", ">")


def commands() -> list[str]:
    group = typer.main.get_command(app)
    return sorted(group.commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "command", ["play", "render", "resume", "plan", "measure", "models", "train"]
)
def test_help_is_whole_at_80_columns(command: str, tmp_path: Path) -> None:
    assert command in commands()
    done = run(tmp_path, sys.executable, "-m", "musmed_tui", command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    shown = done.stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown, "a name is cut"
    group = typer.main.get_command(app)
    for parameter in group.commands[command].params:  # type: ignore[attr-defined]
        for name in (*parameter.opts, *parameter.secondary_opts):
            if name.startswith("--"):
                assert re.search(rf"{re.escape(name)}(?![\w-])", shown), name
        metavar = parameter.metavar
        if metavar:
            assert metavar in shown, f"{metavar} is broken"


def test_no_help_has_brackets_that_are_taken_for_markup() -> None:
    waiting: list[Any] = [typer.main.get_command(app)]
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        said = [command.help, *(getattr(one, "help", "") for one in command.params)]
        assert not [one for one in said if one and re.search(r"\[[a-z]", one)], command.name


def test_the_options_of_play_are_in_groups(tmp_path: Path) -> None:
    shown = run(tmp_path, sys.executable, "-m", "musmed_tui", "play", "--help").stdout
    panels = re.split(r"╭─ ", shown)[1:]
    assert [panel.partition(" ─")[0] for panel in panels] == [
        *("Options", "The way", "How it feels", "The music", "What it is like"),
        *("MusicGen", "How MusicGen runs", "The sound", "The terminal", "A study"),
    ]
    assert max(panel.count("│ --") for panel in panels) <= 6


@pytest.mark.parametrize(
    ("command", "most"), [("train", 6), ("train check", 6), ("train captions", 6)]
)
def test_the_options_of_a_training_are_few_in_a_group(
    command: str, most: int, tmp_path: Path
) -> None:
    shown = run(tmp_path, sys.executable, "-m", "musmed_tui", *command.split(), "--help").stdout
    assert max(panel.count("│ --") for panel in re.split(r"╭─ ", shown)[1:]) <= most


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("musmed play --from = tens", {"tense"}),
        ("musmed play --to calm --from = tens", {"tense"}),
        ("musmed play --from burn", {r"burned\ out"}),
        ("musmed play --from = burn", {r"burned\ out"}),
        ("musmed play --from ängstl", {"ängstlich"}),
        ("musmed play --from lonelin", {"loneliness"}),
        ("musmed play --from xqz", set()),
    ],
)
def test_bash_completes_feelings_however_they_are_written(
    words: str, wanted: set[str], tmp_path: Path
) -> None:
    assert set(offered(tmp_path, words)) == wanted


def test_bash_completes_all_feelings_behind_an_equals_sign(tmp_path: Path) -> None:
    assert {"tense", "calm", r"burned\ out"} <= set(offered(tmp_path, "musmed play --from ="))


@pytest.mark.parametrize("damage", ["overwritten", "folder beside it", "empty"])
def test_tab_leaves_a_damaged_library_as_it_is(damage: str, tmp_path: Path) -> None:
    library = Library(tmp_path / "data/library")
    request = Request(start=feeling("tense").affect, target=feeling("calm").affect)
    library.create(request, "embedded", 1, None, datetime(2026, 11, 21, tzinfo=UTC))
    library.close()
    file = tmp_path / "data/library/library.sqlite"
    if damage == "folder beside it":
        Path(f"{file}-wal").unlink(missing_ok=True)
        Path(f"{file}-wal").mkdir()
    else:
        file.write_bytes(b"nothing of a database " * 400 if damage == "overwritten" else b"")
    before = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    assert offered(tmp_path, "musmed resume 2") == []  # and nothing was said
    after = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    after.pop(tmp_path / "musmed")
    assert after == before
