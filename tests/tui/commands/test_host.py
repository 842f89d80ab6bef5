"""Hosts by name: the file beside the settings, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import musmed

from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.link.ssh import Host
from musmed_tui.hosts import MOST, host_of, read_hosts, sounded_there, write_hosts
from musmed_tui.paths import Folders, folders


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path))
    return folders()


def test_hosts_are_kept_listed_and_forgotten(
    where: Folders, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    odd = 'C:\\musmed "x" engine'
    assert musmed(monkeypatch, "host", "add", "gpu", "user@server") == 0
    assert (
        musmed(monkeypatch, "host", "add", "lab.2", "lab", "--command", odd, "--codec", "opus") == 0
    )
    assert where.hosts.stat().st_mode & 0o777 == 0o600
    capfd.readouterr()
    assert musmed(monkeypatch, "host", "list", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {
        "hosts": [
            {
                "name": "gpu",
                "address": "user@server",
                "command": "musmed engine",
                "codec": "flac",
            },
            {"name": "lab.2", "address": "lab", "command": odd, "codec": "opus"},
        ]
    }
    assert host_of(where, "gpu") == Host("user@server")
    assert host_of(where, "someone@else") == Host("someone@else")
    assert musmed(monkeypatch, "host", "rm", "gpu") == 0
    assert set(read_hosts(where)) == {"lab.2"}
    assert musmed(monkeypatch, "host", "rm", "gpu") == 2
    assert "'musmed host list' names them" in capfd.readouterr().err


@pytest.mark.usefixtures("where")
def test_a_command_that_starts_no_engine_is_said(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for command, odd in (("~/venv/bin/musmed", True), ("~/venv/bin/musmed engine", False)):
        assert musmed(monkeypatch, "host", "add", "gpu", "server", "--command", command) == 0
        told = capfd.readouterr()
        assert ("does not end in 'engine'" in told.out + told.err) is odd


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add",), "Give a name and an address"),
        (("add", "a b", "server"), "1 to 40 letters"),
        (("add", "gpu", "--", "-oProxyCommand=x"), "An address is what ssh takes"),
        (("add", "gpu", "server", "--codec", "mp3"), "There is no codec called 'mp3'"),
        (("check",), "Name a host"),
        (("check", "a;b"), "An address is what ssh takes"),
    ],
    ids=str,
)
def test_bad_input_is_a_sentence(
    where: Folders,
    arguments: tuple[str, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert musmed(monkeypatch, "host", *arguments) == 2
    assert words in capfd.readouterr().err
    assert not where.hosts.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"nonsense",
        b"[gpu]\naddress = 3",
        b"[gpu]\naddress = '-x'",
        b"[gpu]\naddress = 'a'\nport = 3",
        b"['a b']\naddress = 'a'",
        b"\xff",
        b"#" * 70_000,
    ],
    ids=str,
)
def test_a_file_that_is_no_list_of_hosts_is_a_sentence(where: Folders, content: bytes) -> None:
    where.config.mkdir(parents=True)
    where.hosts.write_bytes(content)
    with pytest.raises(MusmedError, match=r"hosts\.toml"):
        read_hosts(where)


def test_there_are_not_too_many(where: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    write_hosts(where, {f"h{n}": Host("server") for n in range(MOST)})
    assert musmed(monkeypatch, "host", "add", "more", "server") == 2
    assert len(read_hosts(where)) == MOST


def test_the_engine_is_not_for_people(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert musmed(monkeypatch, "engine") == 2
    assert "'musmed play' plays" in capfd.readouterr().err


def test_a_codec_without_another_machine_is_a_sentence(
    where: Folders, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    way = ("--from", "tense", "--to", "calm", "--codec", "opus")
    for command in (
        *(("play", *way), ("resume", *way[4:])),
        *(("render", *way, kind, "a") for kind in ("-o", "--midi")),
    ):
        assert musmed(monkeypatch, *command) == 2
        assert "--codec is about the line to another machine" in capfd.readouterr().err


def test_a_soundfont_that_lies_here_is_not_asked_for_there() -> None:
    assert sounded_there(Synthesis("auto", "/here.sf2")) == Synthesis("builtin")
    assert sounded_there(Synthesis("fluidsynth", "/here.sf2")) == Synthesis("fluidsynth")


@pytest.mark.parametrize("more", [("--session", "x", "-o", "a.flac"), ("--midi", "a.mid")], ids=str)
def test_what_another_machine_does_not_make(
    more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert musmed(monkeypatch, "render", "--host", "gpu", *more) == 2
    assert "--host composes the sound of a new session" in capfd.readouterr().err
