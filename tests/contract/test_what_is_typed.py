"""What a person types in the place of a feeling, through the real command.

Known words play, unknown ones are called unknown, words of danger get help, and nothing that was
typed is kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.affect.harm import HELP

ROOT = Path(__file__).parents[2]
QUICK = (str(ROOT / "tests/support/quick_musmed.py"),)


def musmed(
    home: Path, *words: str, program: tuple[str, ...] = ("-m", "musmed_tui")
) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MUSMED_")}
    ours = {"MUSMED_HOME": str(home), "PYTHONPATH": str(ROOT), "MUSMED_LOG_LEVEL": "debug"}
    return subprocess.run(
        [sys.executable, *program, *words],
        env=clean | ours,
        cwd=home.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def kept(home: Path) -> bytes:
    """Everything that is in files."""
    return b"".join(one.read_bytes() for one in home.rglob("*") if one.is_file())


@pytest.mark.parametrize(
    ("typed", "word"),
    [("panicky", "panicky"), ("overwhelmed", "overwhelmed"), ("ängstlich", "anxious"),
     ("worried", "worried"), ("numb", "numb"), ("Stressed-out!", "stressed")],
)  # fmt: skip
def test_words_of_the_unwell_are_known(typed: str, word: str, tmp_path: Path) -> None:
    done = musmed(tmp_path / "home", "plan", "--from", typed, "--to", "focused", "--json")
    assert done.returncode == 0
    request = json.loads(done.stdout)["request"]
    assert (request["start_word"], request["target_word"]) == (word, "focused")
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["plan", "play", "render"])
@pytest.mark.parametrize("option", ["--from", "--to"])
def test_an_unknown_word_is_called_unknown_and_kept_nowhere(
    command: str, option: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    other = "--to" if option == "--from" else "--from"
    output = ["-o", str(tmp_path / "a.flac")] if command == "render" else []
    done = musmed(home, command, option, "zorblyfied", other, "calm", *output)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "does not know the feeling 'zorblyfied'" in done.stderr
    assert "did you mean" not in done.stderr
    assert "'musmed feelings' lists" in done.stderr
    assert b"zorblyfied" not in kept(home)


def test_words_of_danger_get_help_and_the_music_and_are_kept_nowhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    where = ["--minutes", "1", "--seed", "1", "--composer", "embedded", "--sink", "file:a.wav"]
    for typed in ("want to kill myself", "Suicidal"):
        words = ("play", "--plain", "--from", typed, "--to", typed, *where)
        done = musmed(home, *words, program=QUICK)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(HELP) == 1
        assert "From low to calm, 1 minute." in done.stdout
        told = kept(home).lower() + (tmp_path / "a.wav").read_bytes()[:4096].lower()
        for word in (b"kill", b"suicid", b"helpline", b"befrienders"):
            assert word not in told
        (tmp_path / "a.wav").unlink()


def test_help_is_said_once_beside_a_plan(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = musmed(home, "plan", "--from", "no reason to live", "--to", "safe", "--json")
    assert done.returncode == 0
    assert done.stderr == f"{HELP}\n"
    assert json.loads(done.stdout)["request"]["start_word"] == "low"
    assert HELP not in musmed(home, "plan", "--from", "dying to dance", "--to", "calm").stderr
