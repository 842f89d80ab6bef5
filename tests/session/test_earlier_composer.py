"""What the embedded composer's version 1 left is played; what has to be composed again is composed
by the one that is here, and that is said and recorded.

``library_of_version_1.sql.gz`` is the database of a library that musmed 71afa48 made, its rows as
SQL: a player that was killed when two of three clips were whole, and a session that was steered and
then stopped. Clips have tones here in place of the music, which would take 17 MB.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mido
import msgspec
import numpy as np
import pytest
import soundfile
from support.card import SteppedFile
from support.commands import musmed
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames, frames_of, quantise24
from engine.composers.base import Continuation
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.writing.earlier import earlier_score
from engine.composers.score.writing.state import unpack_state
from engine.errors import MusmedError
from engine.plan.planner import make_plan
from engine.plan.spec import ClipKey
from engine.playback.sinks.base import Sink
from engine.playback.sinks.file import FileSink
from engine.render import render_heard, said_of_changes
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.preparation import prepare
from engine.session.runner import SessionRunner
from musmed_tui.asked import Asked
from musmed_tui.commands import describe, evaluate
from musmed_tui.commands.render import render_to

NOW = EmbeddedComposer.version
DATABASE = Path(__file__).parent / "library_of_version_1.sql.gz"
KILLED, STEERED = "20261129-162744-vz", "20261129-162753-jt"
LAST = ClipKey(2, 0)
LAST_BEGINS = frames_of(45.0)
AT_ENDS = frames_of(5.0)
"""The session's fades."""
RENEWED = f"Version 1 of the embedded composer made what comes before; from 0:45 on version {NOW} "


def tone(start: int, frames: int, revision: int) -> Frames:
    """What clips of a revision sound like from session frame ``start`` on."""
    turn = 2.0 * np.pi * np.arange(start, start + frames) / SAMPLE_RATE
    mono = 0.05 * np.sin((220.0 + 110.0 * revision) * turn)
    return quantise24(np.repeat(mono[:, None], 2, axis=1).astype(np.float32))


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, as it was left."""
    folder = tmp_path_factory.mktemp("version-1")
    database = sqlite3.connect(folder / "library.sqlite")
    database.executescript(gzip.decompress(DATABASE.read_bytes()).decode())
    for session, number, revision, start, frames in database.execute(
        "SELECT session, number, revision, start, frames FROM clips"
    ):
        place = folder / "sessions" / session / f"{number:04d}-{revision}.flac"
        place.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(place, tone(start, frames, revision), SAMPLE_RATE, subtype="PCM_24")
    database.close()
    return folder


@pytest.fixture
def library(tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A copy of it, where musmed looks for its library."""
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "data" / "library"
    shutil.copytree(tones, folder)
    opened = Library(folder)
    yield opened
    opened.close()


Play = Callable[[str, float, Sink], SessionRunner]


@pytest.fixture
def play(library: Library, tmp_path: Path) -> Iterator[Play]:
    """Go on with a session from a position in seconds."""
    made: list[SessionRunner] = []

    def go_on(session: str, position: float, sink: Sink) -> SessionRunner:
        stored = msgspec.structs.replace(library.load(session), position=position)
        one = prepare(
            stored.request, library=library, sink=sink, log_file=tmp_path / "log", resume=stored
        )
        made.append(one)
        one.start()
        return one

    yield go_on
    for one in made:
        one.close()


def heard_to_the_end(play: Play, session: str, position: float, path: Path) -> SessionRunner:
    runner = play(session, position, FileSink(path))
    session_end(runner)
    runner.close()
    return runner


def sound(path: Path) -> Frames:
    audio, rate = soundfile.read(path, dtype="float32")
    assert rate == SAMPLE_RATE
    return np.asarray(audio)


def versions(stored: StoredSession) -> dict[ClipKey, int]:
    return {key: record.version for key, record in stored.records.items() if record}


def volume_of(audio: Frames, hertz: float) -> float:
    """How loud a tone of ``hertz`` is in ``audio``: its amplitude."""
    turn = 2.0 * np.pi * hertz * np.arange(len(audio)) / SAMPLE_RATE
    left = audio[:, 0].astype(np.float64)
    return float(2.0 * abs(left @ np.exp(-1j * turn)) / len(audio))


def tonic(stored: StoredSession, key: ClipKey) -> int:
    """In which the piece stands that goes on from a clip of this version."""
    return unpack_state(Continuation.unpack(stored.clips[key].continuation).state).tonic


def said(runner: SessionRunner) -> list[str]:
    return [notice.text for notice in runner.take_notices()]


def test_it_is_opened(library: Library) -> None:
    assert {row.id for row in library.sessions()} == {KILLED, STEERED}
    for session, clips in ((KILLED, 2), (STEERED, 4)):
        stored = library.load(session)
        assert (stored.damage, len(stored.clips), stored.composer_version) == ((), clips, 1)
        assert set(versions(stored).values()) == {1}
        assert all(Continuation.unpack(c.continuation).version == 1 for c in stored.clips.values())
    assert library.take_remarks() == ()


def test_what_is_kept_is_played_and_nothing_is_said(
    library: Library, play: Play, tmp_path: Path
) -> None:
    before = library.load(STEERED)
    runner = heard_to_the_end(play, STEERED, 0.0, tmp_path / "ear.wav")
    ear, splice = sound(tmp_path / "ear.wav"), before.clips[ClipKey(0, 1)].start
    whole = frames_of(60.0)
    assert len(ear) == whole
    for first, last, revision in (
        (AT_ENDS, splice, 0),
        (splice + frames_of(0.1), whole - AT_ENDS, 1),
    ):
        np.testing.assert_array_equal(ear[first:last], tone(first, last - first, revision))
    assert said(runner) == []
    assert library.load(STEERED).clips == before.clips


def test_it_is_gone_on_with_where_it_broke_off(
    library: Library, play: Play, tmp_path: Path
) -> None:
    runner = heard_to_the_end(play, KILLED, 5.0, tmp_path / "ear.wav")
    ear, begins = sound(tmp_path / "ear.wav"), frames_of(5.0)
    count = LAST_BEGINS - begins - frames_of(0.2)
    kept = slice(frames_of(0.2), count)
    np.testing.assert_array_equal(ear[kept], tone(begins, count, 0)[kept])
    music = ear[frames_of(52.6) - begins : frames_of(55.0) - begins]  # the kept clip has ended
    assert 0.005 < np.sqrt(np.mean(music**2)) < 0.2
    (join,) = (join for join in runner.joins() if join.index == LAST.index)
    assert (join.kind, join.law) == ("join", "adaptive")
    (sentence,) = said(runner)
    assert sentence.startswith(RENEWED)
    stored = library.load(KILLED)
    assert [note.text for note in stored.notes] == [sentence]
    assert versions(stored) == {ClipKey(0, 0): 1, ClipKey(1, 0): 1, LAST: NOW}
    left = earlier_score(Continuation.unpack(stored.clips[ClipKey(1, 0)].continuation).state)
    assert left is not None
    assert tonic(stored, LAST) == left.tonic_at(LAST_BEGINS) == 10  # B flat

    report = tmp_path / "heard.json"
    render_heard(
        stored,
        library.clip_folder(KILLED),
        report.with_suffix(".wav"),
        progress=lambda _done, _total: None,
        log_file=tmp_path / "log",
        composing=lambda: pytest.fail("all of it is kept"),
    )
    saved = sound(report.with_suffix(".wav"))
    np.testing.assert_array_equal(saved[begins:][frames_of(0.2) :], ear[frames_of(0.2) :])
    told = json.loads(report.read_text())
    assert [clip["composer_version"] for clip in told["clips"]] == [1, 1, NOW]
    assert told["versions"]["composers"] == {"embedded": NOW}

    library.remove_clip(KILLED, LAST)  # composed once more it is the same
    heard_to_the_end(play, KILLED, 5.0, tmp_path / "again.wav")
    np.testing.assert_array_equal(sound(tmp_path / "again.wav"), ear)


def test_it_is_steered_where_it_is_kept(library: Library, play: Play, tmp_path: Path) -> None:
    sink = SteppedFile(tmp_path / "ear.wav", until=4.0)
    runner = play(STEERED, 14.0, sink)
    wait_for_session(runner, lambda: runner.status().playback.heard > 16.0)
    runner.steer(Affect(0.5, 0.3), "glad")
    wait_for_session(runner, lambda: len(runner.status().events) == 2)
    sink.until = 100.0
    session_end(runner)
    runner.close()
    told = said(runner)
    (sentence,) = (text for text in told if text.startswith("Version 1 of"))
    assert "begins a piece of its own" in sentence
    stored = library.load(STEERED)
    event, made = stored.events[1], ClipKey(int(stored.events[1].at // 22.5), 2)
    at, begun = event.at, stored.clips[made].start
    assert frames_of(at) <= begun <= frames_of(at + 0.1), "its first bar begins there"
    assert f"from 0:{int(at):02d} on" in sentence
    assert {n for key, n in versions(stored).items() if key.revision == 2} == {NOW}
    assert {n for key, n in versions(stored).items() if key.revision < 2} == {1}

    ear = sound(tmp_path / "ear.wav")[begun - frames_of(14.0) :]
    fade = [volume_of(ear[frames_of(0.2 * n) :][: frames_of(0.2)], 330.0) for n in range(12)]
    assert fade[0] > 0.9 * 0.05, "the piece that was kept is not cut off"
    assert 0.4 * fade[0] < fade[4] < 0.95 * fade[0], "but recedes"
    assert max(fade[10:]) < 0.4 * fade[0]
    heard_to_the_end(play, STEERED, 14.0, tmp_path / "again.wav")
    again = sound(tmp_path / "again.wav")
    np.testing.assert_array_equal(sound(tmp_path / "ear.wav")[: len(again)], again)


def test_where_its_sound_is_gone_it_is_composed_again(
    library: Library, play: Play, tmp_path: Path
) -> None:
    for clip in library.clip_folder(KILLED).glob("*.flac"):
        clip.unlink()
    runner = heard_to_the_end(play, KILLED, 5.0, tmp_path / "ear.wav")
    lost, again = said(runner)
    assert lost.startswith("The sound of 2 clips is missing")
    assert again == (
        f"Version 1 of the embedded composer made this session; from 0:00 on version {NOW} "
        "composes it again, and it is another piece."
    )
    assert versions(library.load(KILLED)) == {ClipKey(number, 0): NOW for number in range(3)}


def as_json(
    session: str, output: Path, midi: Path, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    """``musmed render --session SESSION -o OUTPUT --midi MIDI --json``."""
    code = render_to(
        Asked(),
        str(output),
        midi=str(midi),
        session=session,
        denoise=None,
        synthesis=None,
        as_json=True,
    )
    assert code == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_saved_anew_it_is_another_and_that_is_said(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last clip was never composed, so all of it is."""
    output, midi = tmp_path / "again.flac", tmp_path / "again.mid"
    told = as_json(KILLED, output, midi, capsys)
    another, of_score = told["changed"]
    assert another == (
        "Version 1 of the embedded composer made this session, and it is composed again, so the "
        "rendering is not what was heard."
    )
    assert f"its score is what version {NOW} makes of it" in of_score
    clips = json.loads(output.with_suffix(".json").read_text())["clips"]
    assert [clip["composer_version"] for clip in clips] == [NOW] * 3
    texts = [message.text for message in mido.MidiFile(midi).tracks[0] if message.type == "text"]
    assert any(f"composer embedded {NOW}," in text for text in texts)


def test_saved_anew_where_all_of_it_is_kept_it_is_what_it_was(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "again.flac"
    told = as_json(STEERED, output, tmp_path / "again.mid", capsys)
    assert len(told["changed"]) == 1, "of the score alone"
    audio, splice = sound(output), library.load(STEERED).clips[ClipKey(0, 1)].start
    assert len(audio) == frames_of(60.0)
    begin, end = splice + frames_of(0.1), frames_of(60.0) - AT_ENDS
    np.testing.assert_array_equal(audio[begin:end], tone(begin, end - begin, 1))
    clips = json.loads(output.with_suffix(".json").read_text())["clips"]
    assert {clip["composer_version"] for clip in clips} == {1}


def test_saved_as_it_was_heard_nothing_is_composed(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def composed(*_: object, **__: object) -> None:
        raise AssertionError("all of it is kept")

    monkeypatch.setattr("engine.render.render_session", composed)
    output = tmp_path / "heard.wav"
    code = render_to(
        Asked(), str(output), midi=None, session=STEERED, heard=True, denoise=None, synthesis=None
    )
    assert code == 0
    clips = json.loads(output.with_suffix(".json").read_text())["clips"]
    assert {clip["composer_version"] for clip in clips} == {1}


def test_evaluated_where_clips_are_gone_that_is_said(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    remarks: list[str] = []
    monkeypatch.setattr(evaluate, "remark", remarks.append)
    (library.clip_folder(KILLED) / "0000-0.flac").unlink()
    with contextlib.ExitStack() as aside:
        path = evaluate._heard(KILLED, aside, lambda _share, _left: None)
        assert soundfile.info(path).frames > frames_of(5.0)
    assert remarks[0] == f"Clips of {KILLED} are gone; they are composed again."
    assert remarks[1:] == list(said_of_changes(library.load(KILLED)))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, 10),
        ({"section_bar": 15, "next_tonic": 3}, 3),
        ({"section_bar": 2, "next_tonic": 3}, 10),
        ({"tonic": 12}, None),
        ({"tempo": float("nan")}, None),
        ({"frame": "x"}, None),
    ],
)
def test_the_key_of_an_earlier_state(
    library: Library, change: dict[str, object], expected: int | None
) -> None:
    kept = library.load(KILLED).clips[ClipKey(1, 0)].continuation
    state = msgspec.msgpack.decode(Continuation.unpack(kept).state) | change
    found = earlier_score(msgspec.msgpack.encode(state))
    assert found is not None
    at = state["frame"] if isinstance(state["frame"], int) else 0
    assert found.tonic_at(at + frames_of(10.0)) == expected


@pytest.mark.parametrize("key", [3, 8, None])
def test_a_score_of_its_own_begins_with_the_clip_in_the_key_before(
    library: Library, key: int | None
) -> None:
    """A key that can't be read is the seed's: 10."""
    stored = library.load(KILLED)
    state = msgspec.msgpack.decode(
        Continuation.unpack(stored.clips[ClipKey(1, 0)].continuation).state
    ) | {"tonic": key, "next_tonic": key}
    last = make_plan(stored.request).clips[LAST.index]
    clip = EmbeddedComposer().compose(last, msgspec.msgpack.encode(state), lambda: False)
    begun = unpack_state(clip.state())
    assert (begun.bar, begun.frame, clip.start_frame) == (0, LAST_BEGINS, LAST_BEGINS)
    assert begun.tonic == (10 if key is None else key)
    assert clip.marks.bars[0] == 45.0


@pytest.mark.parametrize("data", [b"", b"\xc1", b"{}", b"\x80", b"\x93\x01\x02\x03"])
def test_bytes_that_are_no_state_are_no_earlier_one(data: bytes) -> None:
    assert earlier_score(data) is None
    with pytest.raises(MusmedError):
        unpack_state(data)


def test_without_a_score_it_is_described_by_what_was_heard(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a session by MusicGen is."""
    monkeypatch.setattr(describe, "_has_score", lambda stored: False)
    stored = library.load(STEERED)
    assert musmed(monkeypatch, "describe", STEERED, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kind"] == "sound"
    assert told["seconds"] == pytest.approx(stored.position, abs=1.0)
    assert told["features"]["key"]["value"] in ("A", "E")
    assert told["features"]["loudness"]["value"] == pytest.approx(-27.0, abs=1.0)
    assert told["bars"] == []
    for clip in (library.clip_folder(STEERED)).glob("*.flac"):
        clip.unlink()
    assert musmed(monkeypatch, "describe", STEERED, "--json") == 2
    assert "Clips of this session are gone" in capsys.readouterr().err
