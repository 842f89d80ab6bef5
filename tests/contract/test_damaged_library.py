"""A damaged library through the real commands: the music plays, the rest lives, and what is lost is
said."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
from support.card import Card
from support.waiting import wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.plan.request import Request
from engine.session.library.library import Library
from engine.session.preparation import prepare
from musmed_tui import cli

pytestmark = pytest.mark.usefixtures("quick_engine")
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=1, temperature=0)
HEARD = 40.0
RAMP = frames_of(0.1)
Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


class Kept(NamedTuple):
    """A home folder with one session, stopped at ``position``; ``sound``: all of it, as
    ``musmed render --session`` makes it."""

    home: Path
    session: str
    position: float
    sound: Frames


def musmed(patch: Patch, home: Path, *arguments: str) -> int:
    patch.setenv("MUSMED_HOME", str(home))
    patch.setattr(sys, "argv", ["musmed", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def sound_of(path: Path) -> Frames:
    return np.asarray(soundfile.read(path, dtype="float32")[0])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    home = tmp_path_factory.mktemp("kept")
    library = Library(home / "data" / "library")
    card = Card(16.0)
    runner = prepare(REQUEST, library=library, sink=card, log_file=home / "log")
    runner.start()
    wait_for_session(runner, lambda: runner.status().playback.heard > 5)
    runner.ease()
    wait_for_session(runner, lambda: len(runner.status().events) == 1)
    wait_for_session(runner, lambda: runner.status().clips[-1].phase == "ready")
    wait_for_session(runner, lambda: runner.status().playback.heard > HEARD)
    runner.stop()
    runner.close()
    position = library.load(runner.session).position
    library.close()
    with pytest.MonkeyPatch.context() as patch:
        out = home / "whole.wav"
        assert musmed(patch, home, "render", "--session", runner.session, "-o", str(out)) == 0
    return Kept(home, runner.session, position, sound_of(out))


def sql(statement: str, *values: object) -> Callable[[Path], None]:
    def spoil(library: Path) -> None:
        db = sqlite3.connect(library / "library.sqlite", isolation_level=None)
        db.execute(statement, values)
        db.close()

    return spoil


def clip_file(spoil: Callable[[Path], None]) -> Callable[[Path], None]:
    """Something happens to a clip that is still to be heard."""

    def spoil_one(library: Path) -> None:
        (clip,) = library.glob("sessions/*/0002-1.flac")
        spoil(clip)

    return spoil_one


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").touch()


def other_length(path: Path) -> None:
    audio, rate = soundfile.read(path, dtype="int32")
    soundfile.write(path, audio[:-4_800], rate, "PCM_24")


def schema_byte(library: Path) -> None:
    path = library / "library.sqlite"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"CREATE TABLE events", b"CREATE \xffABLE events", 1))


SAME: dict[str, tuple[Callable[[Path], None], str]] = {
    "nothing": (lambda _library: None, ""),
    "a clip cut short": (clip_file(lambda p: os.truncate(p, 100_000)), "sound is missing"),
    "a clip that is a folder": (clip_file(as_folder), "sound is missing"),
    "a clip of another length": (clip_file(other_length), "sound is missing"),
    "a clip that is gone": (clip_file(Path.unlink), "sound is missing"),
    "records that are none": (sql("UPDATE clips SET record = '{'"), ""),
    "a record with NaN": (sql("UPDATE clips SET record = json_set(record, '$.speed', NULL)"), ""),
    "marks that are none": (sql("UPDATE clips SET marks = '[[[['"), ""),
    "a number for a continuation": (
        sql("UPDATE clips SET continuation = 30000000000 WHERE number = 2"),
        "1 clip of this session can't be read",
    ),
    "text for a number": (sql("UPDATE clips SET start = 'x' WHERE number = 2"), "can't be read"),
    "notes of bytes": (sql("INSERT INTO notes SELECT id, 99, x'ff', x'ff' FROM sessions"), ""),
    "settings": (sql("UPDATE sessions SET settings = '[', materials = x'00'"), ""),
    "a schema that is no text": (schema_byte, "was set aside as"),
}
"""What was done to the library, and what is said when the session goes on: it sounds the same."""


def cases(
    table: dict[str, tuple[Callable[[Path], None], str]], always: tuple[str, ...]
) -> pytest.MarkDecorator:
    """Those named ``always`` run always, the others with --long."""
    return pytest.mark.parametrize(
        ("spoil", "said"),
        [
            pytest.param(*case, id=name, marks=() if name in always else pytest.mark.long)
            for name, case in table.items()
        ],
    )


@cases(SAME, ("a clip cut short", "a number for a continuation", "a schema that is no text"))
def test_a_damaged_session_sounds_the_same(  # noqa: PLR0917
    kept: Kept,
    tmp_path: Path,
    monkeypatch: Patch,
    capsys: Printed,
    spoil: Callable[[Path], None],
    said: str,
) -> None:
    home = tmp_path / "home"
    shutil.copytree(kept.home, home)
    spoil(home / "data" / "library")
    rest = tmp_path / "rest.wav"
    code = musmed(monkeypatch, home, "resume", "--plain", "--sink", f"file:{rest}")
    told = capsys.readouterr()
    assert code == 0, told
    assert said in told.out
    again = sound_of(rest)
    start = len(kept.sound) - len(again)
    assert abs(start - frames_of(kept.position)) <= SAMPLE_RATE
    np.testing.assert_array_equal(again[RAMP:], kept.sound[start + RAMP :])


OTHER: dict[str, tuple[Callable[[Path], None], str]] = {
    "a place far away": (sql("UPDATE sessions SET position = 1e308"), "begins at its start"),
    "a place before": (sql("UPDATE sessions SET position = -5"), "begins at its start"),
    "an event that is none": (sql("UPDATE events SET event = '{'"), "What you changed"),
    "an event too late": (
        sql("""UPDATE events SET event = json_set(event, '$.at', 1e9)"""),
        "What you changed",
    ),
    "a composer that is none": (sql("UPDATE sessions SET composer = 7"), "Who composed"),
}
"""What was done, and what is said: something of the session is lost, and the rest plays."""


@cases(OTHER, ("a place far away",))
def test_what_is_lost_is_said(  # noqa: PLR0917
    kept: Kept,
    tmp_path: Path,
    monkeypatch: Patch,
    capsys: Printed,
    spoil: Callable[[Path], None],
    said: str,
) -> None:
    home = tmp_path / "home"
    shutil.copytree(kept.home, home)
    spoil(home / "data" / "library")
    output = str(tmp_path / "again.wav")
    assert musmed(monkeypatch, home, "render", "--session", kept.session, "-o", output) == 0
    assert said in capsys.readouterr().out
    assert musmed(monkeypatch, home, "resume", "--plain", "--sink", f"file:{output}") == 0
    assert said in capsys.readouterr().out


REQUESTS: dict[str, object] = {
    "brackets": "[" * 3_000,
    "objects": '{"start":' * 3_000,
    "nothing": None,
    "bytes": b"\xff\xfe",
    "another": '{"seed": []}',
    "too long a session": '{"start":{"valence":0,"arousal":0},"target":{"valence":0,"arousal":0},'
    '"minutes":1e300}',
    "too large a column": "x" * (2**20 + 1),
}


@pytest.mark.parametrize("request_text", REQUESTS.values(), ids=REQUESTS)
def test_a_session_that_is_none_any_more_is_named_and_the_others_live(
    kept: Kept, tmp_path: Path, monkeypatch: Patch, capsys: Printed, request_text: object
) -> None:
    home = tmp_path / "home"
    shutil.copytree(kept.home, home)
    db = sqlite3.connect(home / "data" / "library" / "library.sqlite", isolation_level=None)
    bad = "20990101-000000-aa"  # the newest
    db.execute("PRAGMA ignore_check_constraints = ON")
    row = db.execute("SELECT * FROM sessions").fetchone()
    text = "" if request_text is None else request_text
    new = (bad, row[1], text, *row[3:])
    db.execute(f"INSERT INTO sessions VALUES ({', '.join('?' * len(new))})", new)
    db.close()
    capsys.readouterr()
    assert musmed(monkeypatch, home, "sessions", "--json") == 0
    told = capsys.readouterr()
    assert [one["id"] for one in json.loads(told.out)["sessions"]] == [kept.session]
    assert f"1 session of the library can't be read ({bad})" in told.err
    assert musmed(monkeypatch, home, "resume", bad, "--plain", "--sink", "null") == 2
    assert musmed(monkeypatch, home, "render", "--session", bad, "-o", str(home / "a.wav")) == 2
    assert "can't be read" in capsys.readouterr().err
    library = Library(home / "data" / "library")
    assert library.latest_unfinished() == kept.session
    library.close()
    assert musmed(monkeypatch, home, "sessions", "rm", bad) == 0
    assert musmed(monkeypatch, home, "sessions") == 0
    assert "can't be read" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "what",
    [
        "no database",
        pytest.param("a folder", marks=pytest.mark.long),
        pytest.param("nothing but a journal", marks=pytest.mark.long),
    ],
)
def test_a_library_that_is_lost_is_said_and_music_plays(
    kept: Kept, tmp_path: Path, monkeypatch: Patch, capsys: Printed, what: str
) -> None:
    home, output = tmp_path / "home", tmp_path / "out.wav"
    shutil.copytree(kept.home, home)
    database = home / "data" / "library" / "library.sqlite"
    database.unlink()
    if what == "a folder":
        database.mkdir()
    elif what == "no database":
        database.write_bytes(b"\xff" * 10_000)
    else:
        database.with_name("library.sqlite-wal").mkdir()
    musmed(monkeypatch, home, "doctor")
    assert "The session library is damaged" in capsys.readouterr().out
    ask = ("play", "--from", "tense", "--to", "calm", "--minutes", "1", "--plain", "--seed", "1")
    assert musmed(monkeypatch, home, *ask, "--sink", f"file:{output}") == 0
    assert "was damaged and was set aside as" in capsys.readouterr().out
    assert len(sound_of(output)) == frames_of(60)
    assert musmed(monkeypatch, home, "sessions") == 0
    told = capsys.readouterr()
    assert "finished" in told.out
    assert "set aside" not in told.err
