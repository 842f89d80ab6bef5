"""A session's speaker and ears elsewhere, over the real socket and relay; the device is a card."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.card import Card
from support.waiting import wait_for

from engine.audio.files import encode_flac24
from engine.audio.format import BLOCK_FRAMES, SAMPLE_RATE, Frames, frames_of, quantise24
from engine.link import meeting
from engine.link.ears import QUIET_SECONDS, Ask, Bye, Heard, Listen, Sound, ToEars, Welcome
from engine.link.framing import FrameReader, FrameWriter, LinkError
from engine.link.meeting import meet, relay
from engine.playback.ears import Ears
from engine.playback.ring import Ring
from engine.playback.sinks.base import Fill, SinkUnavailableError
from engine.playback.sinks.listen import EarsSpeaker

RATE = 8.0
"""How much faster than a sound card the cards here run."""


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = Path(tempfile.mkdtemp(prefix="mm"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(meeting, "LOOK_SECONDS", 0.05)
    yield
    shutil.rmtree(folder, ignore_errors=True)


def stream(frames: int) -> Frames:
    counter = np.arange(1, frames + 1, dtype=np.float64) / 2**23
    return quantise24(np.stack([counter, 0.25 + counter], axis=1).astype(np.float32))


class Patient(Card):
    """It waits for what is late, so that nothing is, on the slowest machine."""

    realtime = False


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Session:
    """A speaker, and the thread that keeps its ring full."""

    def __init__(self, seconds: float, clock: Callable[[], float] | None = None) -> None:
        self.audio = stream(frames_of(seconds))
        self.ring = Ring(frames_of(3))
        self.said: list[str] = []
        more = {} if clock is None else {"clock": clock}
        self.speaker = EarsSpeaker(self.ring, self.said.append, **more)
        self.until = len(self.audio)
        self._stop = threading.Event()
        self._feeder = threading.Thread(target=self._feed)

    def __enter__(self) -> Session:
        self.speaker.start()
        self._feeder.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._feeder.join()
        self.speaker.close()

    def _feed(self) -> None:
        ring = self.ring
        while not self._stop.wait(0.002):
            count = min(BLOCK_FRAMES, ring.free, self.until - ring.written)
            if count > 0:
                ring.write(self.audio[ring.written : ring.written + count])
            ring.finished = ring.written == len(self.audio)


class Listener:
    """Ears, a card, and one line after another to the session."""

    def __init__(self, card: Card | None = None, ahead: float = 1.0) -> None:
        self.card = Patient(RATE) if card is None else card
        self.said: list[str] = []
        self.ears = Ears(lambda: self.card, self.said.append, ahead=ahead)
        self.byes: list[Bye | None] = []
        self.errors: list[LinkError] = []
        self._threads: list[threading.Thread] = []

    def line(self) -> None:
        """As ssh and the relay there are one: two pipes."""
        inward, there = os.pipe()
        here, outward = os.pipe()
        passing = threading.Thread(target=relay, args=(inward, outward, lambda _: None))

        def hear() -> None:
            try:
                with os.fdopen(here, "rb") as source, os.fdopen(there, "wb") as sink:
                    self.byes.append(self.ears.hear(source, sink, lambda _: None))
            except LinkError as error:
                self.errors.append(error)

        def passed() -> None:
            passing.run()
            os.close(outward)
            os.close(inward)

        self._threads = [threading.Thread(target=run) for run in (passed, hear)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def heard(self) -> Frames:
        """What the card was given, without the silence around it."""
        given = np.concatenate([*self.card.given, np.zeros((1, 2), np.float32)])
        there = np.flatnonzero(given.any(axis=1))
        return given[there[0] : there[-1] + 1] if len(there) else given[:0]

    @property
    def standing(self) -> object:
        return self.ears.hearing


def over(session: Session) -> None:
    wait_for(
        lambda: session.speaker.over, moves=session.speaker.heard, what=session.speaker.describe
    )


def played(session: Session, seconds: float) -> None:
    wait_for(
        lambda: session.speaker.heard() >= frames_of(seconds),
        moves=session.speaker.heard,
        what=lambda: (session.speaker.heard(), session.speaker.describe(), session.said),
    )


def test_what_is_heard_is_what_was_sent_and_the_session_ends_when_it_was_heard() -> None:
    with Session(4.0) as session:
        assert session.speaker.lacking == "nobody listens yet"
        assert "musmed listen" in session.said[0]
        listener = Listener()
        listener.line()
        over(session)
        assert session.speaker.lacking == ""
        assert "listen: no sound (null sink); its latency 0.00 s" in session.speaker.describe()
    listener.join()
    assert listener.byes == [Bye()]
    assert session.speaker.gaps == 0
    listener.ears.close()
    np.testing.assert_array_equal(listener.heard(), session.audio)


def test_nothing_is_taken_while_nobody_listens() -> None:
    with Session(4.0) as session:
        wait_for(lambda: session.ring.filled >= frames_of(2), what="the ring to be full")
        assert session.ring.taken == 0
        assert session.speaker.heard() == 0
        assert not session.speaker.over


def test_a_pause_and_a_volume_are_words_and_change_what_lies_ahead_at_once() -> None:
    with Session(30.0) as session:
        listener = Listener(Card(RATE), ahead=4.0)
        listener.line()
        played(session, 0.5)
        session.speaker.paused = True
        hearing = listener.ears.hearing
        assert hearing is not None
        wait_for(lambda: hearing.speaker.paused, what="the pause")
        wait_for(lambda: hearing.speaker.player._gain == 0.0, what="silence")
        taken = hearing._ring.taken
        wait_for(lambda: hearing.ahead >= 3.0, moves=lambda: hearing.ahead, what="sound ahead")
        assert hearing._ring.taken == taken
        session.speaker.volume = 0.25
        session.speaker.paused = False
        wait_for(lambda: hearing.speaker.volume == 0.25, what="the volume")
        wait_for(lambda: hearing._ring.taken > taken, what="sound")
        listener.ears.ask(paused=True, volume=0.5)
        wait_for(lambda: session.speaker.paused, what="the listener's pause")
        assert session.speaker.volume == 0.5
        session.speaker.stop()
    listener.join()


def test_a_line_that_drops_loses_nothing_and_repeats_nothing() -> None:
    """Enough lies ahead here, so it is not heard at all; the card waits for sound while there is
    none, as slow as this machine may be."""
    with Session(8.0) as session:
        listener = Listener(ahead=1.5)
        listener.line()
        played(session, 1.0)
        listener.card.rate = 0.0
        session.speaker._line.end()  # type: ignore[union-attr]
        listener.join()
        assert listener.byes == [None]
        wait_for(lambda: session.speaker.lacking == "the ears are gone", what="the loss")
        listener.line()
        wait_for(lambda: session.speaker.lacking == "", what="their return")
        hearing = listener.ears.hearing
        assert hearing is not None
        wait_for(lambda: hearing.ahead >= 1.0, moves=lambda: hearing.ahead, what="sound ahead")
        listener.card.rate = RATE
        over(session)
    listener.join()
    listener.ears.close()
    assert any("The ears are gone" in said for said in session.said)
    assert any("The ears are back" in said for said in session.said)
    np.testing.assert_array_equal(listener.heard(), session.audio)


def test_others_that_come_later_listen_in_their_place_and_the_first_stay_away() -> None:
    with Session(6.0) as session:
        first, second = Listener(), Listener()
        first.line()
        played(session, 0.5)
        second.line()
        first.join()
        (bye,) = first.byes
        assert bye is not None
        assert bye.stay_away
        over(session)
    second.join()
    for one in (first, second):
        one.ears.close()
    heard = second.heard()
    assert len(heard) > 0
    np.testing.assert_array_equal(heard[-SAMPLE_RATE:], session.audio[-SAMPLE_RATE:])


def test_a_seek_drops_what_lies_ahead() -> None:
    """As ``Playback.seek``: the feeder goes on elsewhere, and what is written is skipped."""
    with Session(10.0) as session:
        session.until = frames_of(4.0)
        listener = Listener(ahead=3.0)
        listener.line()
        played(session, 0.5)
        hearing = listener.ears.hearing
        assert hearing is not None
        wait_for(lambda: hearing.ahead >= 1.0, moves=lambda: hearing.ahead, what="sound ahead")
        wait_for(lambda: session.ring.written == session.until, what="the ring")
        session.ring.skip_to = session.ring.written
        session.speaker.skip()
        session.until = len(session.audio)
        over(session)
    listener.join()
    listener.ears.close()
    heard = listener.heard()[:, 1]
    (jump,) = np.flatnonzero(np.diff(heard) > 2.0 / 2**23)[-1:]
    assert heard[-1] == session.audio[-1, 1]
    assert heard[jump] < session.audio[frames_of(3.9), 1], "what lay ahead was heard"


@contextlib.contextmanager
def strangers(session: Session) -> Iterator[tuple[FrameReader[ToEars], FrameWriter]]:
    """A line whose words are the test's."""
    del session
    one = wait_for(meet, what="a door")
    with one, one.makefile("rb") as source, one.makefile("wb") as sink:
        reader: FrameReader[ToEars] = FrameReader(source, ToEars)
        yield reader, FrameWriter(sink)


def told(reader: FrameReader[ToEars]) -> list[ToEars]:
    """All that is said until the line is ended."""
    said: list[ToEars] = []
    with contextlib.suppress(OSError, LinkError):
        if reader.skip_to_preamble(lambda _: None):
            while (frame := reader.read()) is not None:
                said.append(frame.message)
    return said


@pytest.mark.parametrize(
    "words",
    [
        (Heard(0, 0, 0, 0.0, away=False, ended=False, beat=0),),
        (Ask(paused=True),),
        (Listen("a device", 2.0), Listen("a device", 2.0)),
        (Listen("a device", 2.0), Heard(2**40, 0, 0, 0.0, away=False, ended=True, beat=0)),
        (Listen("a device", 1e9),),
        (Listen("x" * 201, 2.0),),
        (Listen("a device", 2.0), Ask(volume=float("nan"))),
        (Listen("a device", 2.0), Ask(volume=7.0)),
        (Sound(0, 1),),
    ],
    ids=str,
)
def test_ears_that_say_what_can_not_be_are_sent_away(words: tuple[Listen, ...]) -> None:
    with Session(2.0) as session:
        with strangers(session) as (reader, writer):
            writer.send_preamble()
            for word in words:
                writer.send(word)
            last = told(reader)[-1]
            assert isinstance(last, Bye)
            assert last.reason
        wait_for(lambda: session.speaker._line is None, what="their end")
        assert not session.speaker.paused
        assert session.speaker.volume == 1.0
        listener = Listener()
        listener.line()
        over(session)
    listener.join()
    listener.ears.close()
    np.testing.assert_array_equal(listener.heard(), session.audio)


def test_a_device_has_a_name_of_letters_alone() -> None:
    with Session(2.0) as session, strangers(session) as (_, writer):
        writer.send_preamble()
        writer.send(Listen("\x1b]0;mine\x07", 2.0))
        wait_for(lambda: session.speaker.lacking == "", what="the ears")
        assert "\x1b" not in session.speaker.describe()
        assert not any("\x1b" in said for said in session.said)


@pytest.mark.parametrize("greets", [False, True])
def test_who_says_nothing_is_ended_after_a_while(greets: bool) -> None:
    clock = Clock()
    with Session(2.0, clock) as session, strangers(session) as (reader, writer):
        wait_for(lambda: session.speaker._waiting, what="somebody who waits")
        if greets:
            writer.send_preamble()
            writer.send(Listen("a device", 2.0))
            wait_for(lambda: session.speaker.lacking == "", what="the ears")
        clock.now += QUIET_SECONDS + 1.0
        told(reader)
        wait_for(lambda: not session.speaker._waiting, what="their end")
        wait_for(lambda: session.speaker._line is None, what="their end")


def test_a_session_that_sends_more_than_was_asked_for_is_left() -> None:
    ears = Ears(lambda: Card(0.0), print, ahead=1.0)
    here, there = os.pipe(), os.pipe()
    with os.fdopen(here[1], "wb") as sink, os.fdopen(there[0], "rb"):
        writer = FrameWriter(sink)

        def talk() -> None:
            writer.send_preamble()
            writer.send(Welcome("0" * 32, 0))
            data = encode_flac24(stream(SAMPLE_RATE))
            with contextlib.suppress(OSError):
                for second in range(60):
                    writer.send(Sound(second * SAMPLE_RATE, SAMPLE_RATE), data)

        talking = threading.Thread(target=talk)
        talking.start()
        with (
            os.fdopen(here[0], "rb") as source,
            os.fdopen(there[1], "wb") as outward,
            pytest.raises(LinkError, match="More sound came"),
        ):
            ears.hear(source, outward, print)
        talking.join()
    ears.close()


def test_a_device_that_goes_at_the_ears_holds_the_session() -> None:
    class Pulled(Card):
        gone = False

        @property
        def active(self) -> bool:
            return super().active and not self.gone

        def start(self, fill: Fill) -> None:
            if self.gone:
                raise SinkUnavailableError("It is gone.")
            super().start(fill)

    card = Pulled(RATE)
    with Session(20.0) as session:
        listener = Listener(card)
        listener.line()
        played(session, 0.5)
        card.gone = True
        wait_for(lambda: session.speaker.lacking == "no sound device at the ears", what="the loss")
        card.gone = False
        wait_for(lambda: session.speaker.lacking == "", what="its return")
        stood = session.speaker.heard() / SAMPLE_RATE
        played(session, stood + 0.5)
        session.speaker.stop()
    listener.join()
    listener.ears.close()
