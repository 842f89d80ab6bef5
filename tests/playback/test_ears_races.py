"""A session and ears elsewhere at the moments between: a line that comes back, others that come, an
end that is near, a side that takes nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from support.card import Card
from support.waiting import wait_for

from engine.audio.files import encode_flac24
from engine.audio.format import BLOCK_FRAMES, CHANNELS, Frames
from engine.link import meeting
from engine.link.ears import Ask, Bye, FromEars, Heard, Listen, Sound, ToEars, Welcome
from engine.link.framing import FrameReader, FrameWriter
from engine.link.meeting import Door, meet
from engine.playback.ears import Ears, Hearing
from engine.playback.player import Player
from engine.playback.ring import Ring
from engine.playback.sinks.listen import EarsSpeaker, _Line

TOKEN, ANOTHER = "0" * 32, "1" * 32


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = Path(tempfile.mkdtemp(prefix="mm"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(meeting, "LOOK_SECONDS", 0.05)
    yield
    shutil.rmtree(folder, ignore_errors=True)


def sound(frames: int) -> Frames:
    return np.full((frames, CHANNELS), 0.25, np.float32)


BLOCK = encode_flac24(sound(BLOCK_FRAMES))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class There:
    """The session's end of a line to ``ears``, whose words are the test's."""

    def __init__(self, ears: Ears) -> None:
        inward, self._write = os.pipe()
        self._read, outward = os.pipe()
        self.writer = FrameWriter(os.fdopen(self._write, "wb"))
        self.source: BinaryIO = os.fdopen(self._read, "rb")
        self.reader: FrameReader[FromEars] = FrameReader(self.source, Listen | Heard | Ask)
        self._ends = os.fdopen(inward, "rb"), os.fdopen(outward, "wb")
        self.hears = threading.Thread(target=ears.hear, args=(*self._ends, print))
        self.hears.start()
        self.writer.send_preamble()
        assert self.reader.skip_to_preamble(print)

    def said(self) -> FromEars:
        frame = self.reader.read()
        assert frame is not None
        return frame.message

    def drops(self) -> None:
        self.writer._stream.close()
        wait_for(lambda: not self.hears.is_alive(), what="the line's end")
        self.source.close()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.close()


class Counted(threading.Event):
    """How often it was waited for."""

    waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.waits += 1
        return super().wait(timeout)


def test_ears_report_nothing_before_they_know_whose_line_it_is() -> None:
    """The session that they heard was killed, another is there: it would send them away for having
    heard what it never sent."""
    ears = Ears(lambda: Card(0.0), print, ahead=1.0)
    there = There(ears)
    there.said()
    there.writer.send(Welcome(TOKEN, 0))
    there.writer.send(Sound(0, BLOCK_FRAMES), BLOCK)
    wait_for(lambda: ears.hearing is not None and ears.hearing.have > 0, what="sound")
    there.drops()
    news = ears._news = Counted()
    there = There(ears)
    told = there.said()
    assert isinstance(told, Listen)
    assert told.have == BLOCK_FRAMES
    wait_for(lambda: news.waits > 3, moves=lambda: news.waits, what="the reporter's turns")
    there.writer.send(Welcome(ANOTHER, 0))
    report = there.said()
    assert isinstance(report, Heard)
    assert report.got == 0
    there.drops()
    ears.close()


def test_a_session_that_takes_no_word_holds_up_neither_keys_nor_the_next_line() -> None:
    ears = Ears(lambda: Card(0.0), print, ahead=1.0)
    there = There(ears)
    there.said()
    os.set_blocking(there._ends[1].fileno(), False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(there._ends[1].fileno(), bytes(4096))
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(there._ends[1].fileno(), b"\0")
    os.set_blocking(there._ends[1].fileno(), True)
    there.writer.send(Welcome(TOKEN, 0))
    wait_for(lambda: ears.hearing is not None, what="the session")
    key = threading.Thread(target=ears.ask, kwargs={"paused": True}, daemon=True)
    key.start()
    wait_for(lambda: not key.is_alive(), what="the key")
    assert ears.hearing is not None
    assert ears.hearing.speaker.paused
    there.drops()
    ears.close()


def test_who_seeks_while_the_line_is_away_is_not_heard_at_the_old_place_nor_at_the_end() -> None:
    """All had been sent, the line dropped, and the listener went back: what is here is not wanted
    any more, and it is the end no more."""
    hearing = Hearing(TOKEN, 0, Card(0.0), print, 1.0)
    for number in range(10):
        hearing.sound(Sound(number * BLOCK_FRAMES, BLOCK_FRAMES), BLOCK)
    hearing.last(10 * BLOCK_FRAMES)
    assert not hearing.waits
    hearing.goes_on_at(12 * BLOCK_FRAMES)
    assert hearing.waits, "what was here is still to be heard"
    assert not hearing._ring.finished
    assert not hearing.report(0).ended
    hearing.speaker.close()


def test_a_seek_back_from_the_end_is_no_gap() -> None:
    ring = Ring(4 * BLOCK_FRAMES)
    player = Player(ring, realtime=True)
    out = np.zeros((2 * BLOCK_FRAMES, CHANNELS), np.float32)
    ring.write(sound(BLOCK_FRAMES))
    ring.finished = True
    player.fill(out)
    assert player.drained_at is not None
    ring.skip_to, ring.finished, player.drained_at = ring.written, False, None
    player.fill(out)
    assert player.gaps == 0
    ring.write(sound(BLOCK_FRAMES))
    player.fill(out)
    assert player.gaps == 1, "this one is"


@pytest.fixture
def speaker() -> Iterator[EarsSpeaker]:
    ring = Ring(40 * BLOCK_FRAMES)
    ring.write(sound(30 * BLOCK_FRAMES))
    made = EarsSpeaker(ring, lambda _: None, clock=Clock())
    made.start()
    yield made
    made.close()


@contextlib.contextmanager
def ears_of(speaker: EarsSpeaker) -> Iterator[tuple[FrameReader[ToEars], FrameWriter, _Line]]:
    """Ears whose words are the test's, and the session's end of their line."""
    one = wait_for(meet, what="a door")
    with (
        contextlib.suppress(BrokenPipeError),
        one,
        one.makefile("rb") as source,
        one.makefile("wb") as sink,
    ):
        reader: FrameReader[ToEars] = FrameReader(source, ToEars)
        writer = FrameWriter(sink)
        before = speaker._line
        writer.send_preamble()
        writer.send(Listen("a device", 2.0))
        line = wait_for(lambda: (now := speaker._line) is not before and now, what="the ears")
        assert isinstance(line, _Line)
        yield reader, writer, line


def told(reader: FrameReader[ToEars]) -> list[ToEars]:
    """All that is said until the line is ended."""
    said: list[ToEars] = []
    assert reader.skip_to_preamble(print)
    while (frame := reader.read()) is not None:
        said.append(frame.message)
    return said


def test_ears_are_told_to_stay_away_though_sound_is_just_on_its_way_to_them(
    speaker: EarsSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the word they would come again, and those who came last would be sent away."""
    with ears_of(speaker) as (reader, writer, line):
        going, go_on = threading.Event(), threading.Event()
        send = line.writer.send

        def slow(message: ToEars, payload: bytes = b"") -> None:
            if not isinstance(message, Bye):
                going.set()
                go_on.wait()
            send(message, payload)

        monkeypatch.setattr(line.writer, "send", slow)
        speaker.volume = 0.5
        wait_for(going.is_set, what="a word on its way")
        with ears_of(speaker):
            go_on.set()
            last = told(reader)[-1]
        assert isinstance(last, Bye)
        assert last.stay_away
        del writer


def test_who_comes_in_while_a_session_ends_is_not_kept(
    speaker: EarsSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ears come again at once for the next session, and would hear nothing of it for ever."""
    come = threading.Event()
    door = speaker._door
    assert door is not None
    wait = Door.wait
    waits = threading.Event()

    def late(self: Door) -> object:
        if speaker._closing.is_set():
            return None
        waits.set()
        come.wait()
        return wait(self)

    monkeypatch.setattr(Door, "wait", late)
    wait_for(waits.is_set, what="the door")
    closing = threading.Thread(target=speaker.close)
    closing.start()
    wait_for(lambda: not speaker._sender.is_alive(), what="the sender's end")
    one = wait_for(meet, what="the door")
    come.set()
    with one, one.makefile("rb") as source:
        reader: FrameReader[ToEars] = FrameReader(source, ToEars)
        ended = threading.Thread(target=lambda: reader.skip_to_preamble(print), daemon=True)
        ended.start()
        closing.join()
        wait_for(lambda: not ended.is_alive() and not source.read(), what="the end of the line")
    wait_for(lambda: not speaker._waiting and speaker._line is None, what="nobody")


def test_a_latency_that_ears_make_up_holds_no_stop(speaker: EarsSpeaker) -> None:
    clock = speaker._clock
    assert isinstance(clock, Clock)
    with ears_of(speaker) as (_, writer, line):
        speaker.stop()
        word = Heard(0, 0, 0, 3600.0, away=False, ended=False, beat=0)
        writer.send(word)
        wait_for(lambda: speaker._report is not None, what="the report")
        closing = threading.Thread(target=speaker.close)
        closing.start()
        for _ in range(4):
            clock.now += 5.0
            with contextlib.suppress(OSError):
                writer.send(word)
            wait_for(
                lambda: line.seen == clock.now or not closing.is_alive(),
                what="the report's arrival",
            )
        wait_for(lambda: not closing.is_alive(), what="the end")
