"""The rule by which an engine counts as hung, with invented times."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from engine.link.protocol import Ping
from engine.link.watchdog import (
    COUNTED_SECONDS,
    PING_SECONDS,
    RUNNING_SECONDS,
    SILENT_SECONDS,
    STUCK_SECONDS,
    STUCK_WITH_MODEL_SECONDS,
    Hung,
    Seen,
    Watchdog,
)

LONGEST = STUCK_WITH_MODEL_SECONDS + SILENT_SECONDS
gaps = st.one_of(st.floats(0.01, COUNTED_SECONDS), st.floats(COUNTED_SECONDS, 1e6))
"""Seconds from look to look: in time, or after the machine has slept."""
long_gaps = st.lists(gaps, min_size=1, max_size=40)
answers = st.floats(0.0, SILENT_SECONDS - 2 * COUNTED_SECONDS)
"""Counted seconds that an answer takes."""


def counted(gap: float) -> float:
    return min(gap, COUNTED_SECONDS)


class Engine:
    """As it is seen: what it does is set from outside."""

    def __init__(self, **seen: object) -> None:
        self.now = 0.0
        self.seen: dict[str, object] = {"greeted": True, "busy": False} | seen
        self.watchdog = Watchdog(self.now)
        self.asked = 0

    def add(self, **counts: int) -> None:
        for name, count in counts.items():
            self.seen[name] = int(self.seen.get(name, 0)) + count  # type: ignore[call-overload]

    def look(self, gap: float) -> Hung | None:
        self.now += gap
        said = self.watchdog.look(self.now, Seen(**self.seen))  # type: ignore[arg-type]
        if isinstance(said, Ping):
            self.asked += 1
            assert said.number == -self.asked
            return None
        return said

    def pong(self) -> None:
        self.add(words=1, pongs=1)

    def time_to_end(self, gaps: list[float], most: float) -> float:
        """Counted seconds until it is ended."""
        passed = 0.0
        for gap in itertools.cycle(gaps):
            passed += counted(gap)
            if self.look(gap):
                return passed
            assert passed <= most, "it is not noticed"
        raise AssertionError


@given(long_gaps, st.lists(answers, min_size=1, max_size=8), st.booleans(), st.booleans())
def test_who_answers_in_time_and_gets_on_is_never_ended(
    gaps: list[float], answers: list[float], busy: bool, model: bool
) -> None:
    """However slowly it answers within the limits, and whatever sleeps in between."""
    engine = Engine(owes=True, busy=busy, model=model)
    due, late, waited, stood = 0, itertools.cycle(answers), 0.0, 0.0
    limit = next(late)
    for gap in itertools.islice(itertools.cycle(gaps), 800):
        assert engine.look(gap) is None
        waited, stood = waited + counted(gap), stood + counted(gap)
        if engine.asked > due and waited >= limit:
            engine.pong()
            due, waited, limit = engine.asked, 0.0, next(late)
        elif engine.asked == due:
            waited = 0.0
        if stood >= STUCK_SECONDS - 3 * COUNTED_SECONDS:
            engine.add(words=1, steps=1)
            stood = 0.0
    assert engine.asked


@given(long_gaps, st.integers(0, 5), st.booleans())
def test_who_is_silent_and_does_not_run_is_ended_in_time(
    gaps: list[float], pongs: int, owes: bool
) -> None:
    engine = Engine(owes=owes)
    for _ in range(pongs):
        while engine.asked == int(engine.seen.get("pongs", 0)):  # type: ignore[call-overload]
            engine.look(COUNTED_SECONDS)
        engine.pong()
    passed = engine.time_to_end(gaps, SILENT_SECONDS + PING_SECONDS + 3 * COUNTED_SECONDS)
    assert passed >= SILENT_SECONDS


@given(long_gaps)
def test_who_does_not_greet_is_ended_in_time(gaps: list[float]) -> None:
    engine = Engine(greeted=False, owes=True)
    passed = engine.time_to_end(gaps, SILENT_SECONDS + 2 * COUNTED_SECONDS)
    assert passed >= SILENT_SECONDS
    assert engine.asked == 0


@given(long_gaps, st.sampled_from([True, False, None]))
def test_who_talks_but_does_not_greet_is_ended_in_time(
    gaps: list[float], busy: bool | None
) -> None:
    """A banner a line at a time is no greeting."""
    engine = Engine(greeted=False, busy=busy)
    passed = 0.0
    for gap in itertools.cycle(gaps):
        engine.add(words=1)
        passed += counted(gap)
        if hung := engine.look(gap):
            break
        assert passed <= RUNNING_SECONDS + 2 * COUNTED_SECONDS
    assert passed >= RUNNING_SECONDS
    assert "has not greeted" in hung.reason


@given(long_gaps, st.sampled_from([True, None]))
def test_who_runs_may_be_silent_for_longer(gaps: list[float], busy: bool | None) -> None:
    engine = Engine(owes=True, model=True, busy=busy)
    most = RUNNING_SECONDS + PING_SECONDS + 3 * COUNTED_SECONDS
    assert engine.time_to_end(gaps, most) >= RUNNING_SECONDS


@given(long_gaps, st.booleans())
def test_who_answers_but_gets_no_further_is_ended_in_time(gaps: list[float], model: bool) -> None:
    engine = Engine(owes=True, model=model)
    limit = STUCK_WITH_MODEL_SECONDS if model else STUCK_SECONDS
    passed = 0.0
    for gap in itertools.cycle(gaps):
        hung = engine.look(gap)
        passed += counted(gap)
        if hung is not None:
            break
        assert passed <= limit + 2 * COUNTED_SECONDS
        engine.seen |= {"words": int(passed * 1e3), "pongs": engine.asked}
    assert passed >= limit
    assert "no further" in hung.reason


@given(long_gaps)
def test_who_owes_nothing_need_not_get_any_further(gaps: list[float]) -> None:
    engine = Engine()
    for gap in itertools.islice(itertools.cycle(gaps), 1_000):
        assert engine.look(gap) is None
        engine.seen["pongs"] = engine.asked


@given(st.lists(st.floats(COUNTED_SECONDS, 1e6), min_size=1, max_size=9))
def test_sleep_counts_for_next_to_nothing(gaps: list[float]) -> None:
    """Fewer looks than the limit has seconds end nobody, however long nobody looked."""
    engine = Engine(greeted=False)
    for gap in itertools.islice(itertools.cycle(gaps), int(SILENT_SECONDS / COUNTED_SECONDS) - 1):
        assert engine.look(gap) is None


def test_the_figures_leave_room_for_a_new_engine_within_half_a_minute() -> None:
    assert SILENT_SECONDS + PING_SECONDS + 2 * COUNTED_SECONDS <= 20.0
    assert RUNNING_SECONDS < STUCK_WITH_MODEL_SECONDS
