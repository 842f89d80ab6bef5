"""A body beside a whole session, in virtual time: what is done for it, and that it is made again to
the bit. The strap is SYNTHETIC (tests/support/synthetic_strap.py): it shows how musmed behaves, and
nothing about people."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.card import SteppedFile
from support.synthetic_strap import heart, line
from support.waiting import session_end

from engine.affect.circumplex import Affect
from engine.affect.path import arrival
from engine.audio.format import Frames
from engine.listener.body import BETWEEN_SECONDS, SETTLES
from engine.listener.report import done
from engine.listener.signal_lines import Lines, Sample, parse
from engine.plan.events import Dwell
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.render import render_kept
from engine.session.library.library import Library
from engine.session.library.past import past_session
from engine.session.library.records import StoredSession
from engine.session.preparation import prepare
from engine.sidecar import read_report

pytestmark = pytest.mark.usefixtures("quick_engine")
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=7, seed=4)
"""So long that an ease can be offered a minute and a half and not at one moment alone: where a stay
is laid depends on how quickly a machine composes."""
STEP = 12.0
"""Session seconds from one look to the next."""

Told = Sequence[tuple[float, bytes]]
"""Lines, and the second at which each is written."""


class Strap:
    """Lines that come at their session seconds; the session goes on when they were taken."""

    def __init__(self, told: Told) -> None:
        self._told = list(told)
        self._lines = Lines()
        self.sink: SteppedFile | None = None
        self.heard: Callable[[], float] = lambda: 0.0
        self.closed = False

    def now(self) -> float:
        return self.heard()

    def take(self) -> list[tuple[float, Sample]]:
        now = self.heard()
        taken: list[tuple[float, Sample]] = []
        while self._told and self._told[0][0] <= now:
            at, data = self._told.pop(0)
            samples = map(parse, self._lines.feed(data, at))
            taken += [(at, sample) for sample in samples if sample is not None]
        if self.sink is not None:
            self.sink.until = now + STEP
        return taken

    def take_said(self) -> list[str]:
        return []

    def close(self) -> None:
        self.closed = True


class Played:
    """A session that was played to its end."""

    def __init__(self, folder: Path, told: Told | None) -> None:
        self.place = folder / "heard.wav"
        self.library = Library(folder / "library")
        strap = None if told is None else Strap(told)
        sink = SteppedFile(self.place, STEP if strap else REQUEST.seconds + 1)
        runner = prepare(
            REQUEST, library=self.library, sink=sink, log_file=folder / "log", signal=strap
        )
        if strap is not None:
            strap.sink, strap.heard = sink, lambda: runner.playback.state().heard
        runner.start()
        session_end(runner)
        self.said = [notice.text for notice in runner.take_notices()]
        runner.close()
        assert strap is None or strap.closed
        self.session = runner.session

    @property
    def stored(self) -> StoredSession:
        return self.library.load(self.session)

    @property
    def samples(self) -> Frames:
        return np.asarray(soundfile.read(self.place, dtype="int32")[0])


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[[Told | None], Played]]:
    made: list[Played] = []

    def one(told: Told | None) -> Played:
        folder = tmp_path / f"{len(made)}"
        folder.mkdir()
        made.append(Played(folder, told))
        return made[-1]

    yield one
    for played in made:
        played.library.close()


@pytest.fixture(scope="module")
def plain(quick_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """The session of who wears nothing."""
    played = Played(tmp_path_factory.mktemp("plain"), None)
    played.library.close()
    return played.samples


def strap(kind: str) -> Told:
    return [(t, line(t, beats)) for t, beats in heart(kind, REQUEST.seconds)]


def test_a_heart_that_does_not_follow_is_given_time_and_it_is_made_again_to_the_bit(
    play: Callable[[Told | None], Played], tmp_path: Path
) -> None:
    played = play(strap("stays"))
    stays = [event for event in played.stored.events if isinstance(event, Dwell)]
    assert list(played.stored.events) == stays
    assert stays
    assert all(b.at - a.at >= BETWEEN_SECONDS for a, b in itertools.pairwise(stays))
    before, after = make_plan(REQUEST).path, make_plan(REQUEST, played.stored.events).path
    assert arrival(after) == pytest.approx(arrival(before) + 30.0 * len(stays))
    assert arrival(after) <= REQUEST.seconds * (1.0 - SETTLES)
    told = [text for text in played.said if text.startswith("The way stays where it is for 30 s")]
    assert len(told) == len(stays)
    assert "the heart beats 74 a minute, 74 were usual" in told[0]
    assert "the way stayed 30 s longer at" in done(past_session(played.library, played.session)[0])
    again = tmp_path / "again.wav"
    render_kept(
        played.stored, again, progress=lambda _done, _total: None, log_file=tmp_path / "log"
    )
    assert np.array_equal(soundfile.read(again, dtype="int32")[0], played.samples)
    assert read_report(again.with_suffix(".json")).events == played.stored.events


def test_a_heart_that_rises_is_offered_an_ease_which_nobody_takes_for_it(
    play: Callable[[Told | None], Played], tmp_path: Path
) -> None:
    played = play(strap("rises"))
    stored = played.stored
    assert stored.offers
    assert all(isinstance(event, Dwell) for event in stored.events)
    assert sum("'e' eases, if you like." in text for text in played.said) == len(stored.offers)
    assert "an ease was offered at" in done(past_session(played.library, played.session)[0])
    again = tmp_path / "again.wav"
    render_kept(stored, again, progress=lambda _done, _total: None, log_file=tmp_path / "log")
    assert read_report(again.with_suffix(".json")).offers == stored.offers
    assert np.array_equal(soundfile.read(again, dtype="int32")[0], played.samples)


def absurd() -> Told:
    """No line of it can be believed, but for those that are too old or too few."""
    odd: list[object] = [0, 400, -70, "72", None, [72], {"hr": 72}, True, 1e308]
    told = []
    for t in range(int(REQUEST.seconds)):
        hr = json.dumps({"t": t, "hr": odd[t % len(odd)]}).encode()
        more = (b'{"t": NaN, "hr": 72}', b'{"t": 1, "hr": Infinity}', b"[" * 3000, b"\x00\xff")
        told.append((float(t), b"\n".join((hr, more[t % 4], b'{"t": 5, "hr": 72}', b""))))
    return told


def torn() -> Told:
    """Every second line ends in its midst, and there is a gap of a minute in each two."""
    return [
        (t, line(t, beats)[: None if t % 2 else 9] + b"\n" * (1 - int(t) % 2))
        for t, beats in heart("follows", REQUEST.seconds)
        if t % 120 < 60
    ]


@pytest.mark.parametrize(
    "told", [absurd(), torn(), strap("follows")], ids=["absurd", "torn", "follows"]
)
def test_where_nothing_follows_the_session_is_the_same_to_the_bit(
    told: Told, play: Callable[[Told | None], Played], plain: Frames
) -> None:
    played = play(told)
    assert (played.stored.events, played.stored.offers) == ((), ())
    assert np.array_equal(played.samples, plain)


def test_what_the_signal_says_is_kept_nowhere(
    play: Callable[[Told | None], Played], tmp_path: Path
) -> None:
    """Neither in the library nor in the log: an odd value of a strap is in no file."""
    played = play([(float(t), b'{"t": %d, "hr": 71.28193}\n' % t) for t in range(100)])
    assert any("The signal is heard" in text for text in played.said)
    played.library.close()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"71.28" not in file.read_bytes()
