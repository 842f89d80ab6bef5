"""The command line of an engine on another machine, and what its end means; nothing is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MusmedError
from engine.link.ssh import (
    COMMAND,
    FarEngine,
    Host,
    checked,
    connect_argv,
    control_folder,
    engine_argv,
)

FOLDER = Path("/run/user/1/musmed")


def test_the_engine_never_asks_and_the_line_may() -> None:
    host = Host("user@server", "~/venv/bin/musmed engine")
    engine, line = engine_argv(host, FOLDER), connect_argv(host, FOLDER)
    assert "BatchMode=yes" in engine
    assert engine[-3:] == ["--", "user@server", "~/venv/bin/musmed engine"]
    assert "BatchMode=no" in line
    assert line[-4:] == ["-f", "-N", "--", "user@server"][-4:]
    for argv in (engine, line):
        assert f"ControlPath={FOLDER}/%C" in argv
        assert any(word.startswith("ServerAliveInterval=") for word in argv)


@pytest.mark.parametrize(
    "address", ["-oProxyCommand=x", "a b", "a;b", "$(x)", "", "a\nb", "`x`", "a" * 256, "ü@b"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(MusmedError, match="An address is what ssh takes"):
        checked(Host(address))


@given(st.text(max_size=300))
def test_no_address_is_an_option_or_a_shells_word(address: str) -> None:
    try:
        checked(Host(address))
    except MusmedError:
        return
    assert not address.startswith("-")
    assert not set(address) & set(" ;&|<>$`'\"\\\n\t*?(){}!#~")


@pytest.mark.parametrize("command", ["", "   ", "a\nb", "x" * 501, "a\x1bb"])
def test_a_command_is_one_line(command: str) -> None:
    with pytest.raises(MusmedError, match="one line"):
        checked(Host("server", command))


def test_the_sockets_folder_is_its_owners_alone(tmp_path: Path) -> None:
    made = control_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert made == tmp_path / "musmed"
    assert made.stat().st_mode & 0o777 == 0o700
    made.rmdir()
    made.symlink_to(tmp_path)
    with pytest.raises(MusmedError, match="not yours alone"):
        control_folder({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_without_a_runtime_folder_it_lies_with_other_temporary_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert control_folder({}) == tmp_path / f"musmed-{os.getuid()}"
    (tmp_path / f"musmed-{os.getuid()}").chmod(0o777)
    with pytest.raises(MusmedError, match="not yours alone"):
        control_folder({})


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (255, "The line to server is down."),
        (127, "There is no 'musmed' on server; install musmed there"),
        (2, "The engine ended with status 2"),
        (-9, "SIGKILL"),
        (None, "can't be ended"),
    ],
)
def test_what_its_end_means(status: int | None, words: str) -> None:
    assert words in FarEngine(Host("server", COMMAND), FOLDER).why(status)


def test_where_there_is_no_musmed_the_command_that_says_where_it_is_can_be_copied() -> None:
    told = FarEngine(Host("user@server"), FOLDER, "gpu").why(127)
    assert "musmed host add gpu user@server --command '~/venv/bin/musmed engine'" in told
