"""The path's laws: hold, travel, settle; speed; steering and easing."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.affect.path import (
    EASE_SECONDS,
    EASE_STEP,
    GENTLE_SPEED,
    Path,
    Strategy,
    ease,
    gentle_seconds,
    plan_path,
    speed,
    steer,
)
from engine.affect.piecewise import clamped, value_at

relaxed = settings(deadline=None)
axis = st.floats(-1, 1)
affects = st.builds(Affect, axis, axis)
lengths = st.floats(120, 3600)
fractions = st.floats(0, 0.99)
strategies: st.SearchStrategy[Strategy] = st.sampled_from(["iso", "direct"])
paths = st.builds(
    lambda a, b, t, s: (plan_path(a, b, t, s), t), affects, affects, lengths, strategies
)


def close(a: Affect, b: Affect) -> bool:
    return a.distance(b) < 1e-6


def rises_in_time(path: Path, total: float) -> None:
    times = [p.time for p in path.waypoints]
    assert times[0] == 0
    assert times[-1] == total
    assert all(a < b for a, b in itertools.pairwise(times))


@relaxed
@given(affects, affects, lengths, strategies)
def test_hold_travel_settle(
    start: Affect, target: Affect, total: float, strategy: Strategy
) -> None:
    path = plan_path(start, target, total, strategy)
    rises_in_time(path, total)
    hold = 0.2 * total if strategy == "iso" else 0.0
    distance = start.distance(target)
    per_second = max(GENTLE_SPEED, distance * 30 / (0.6 * total)) / 30
    arrival = hold + distance / per_second
    assert arrival <= (hold + 0.6 * total) * (1 + 1e-9)
    assert close(path.at(0), start)
    assert close(path.at(hold), start)
    assert close(path.at(arrival), target)
    assert close(path.at(total), target)
    assert close(path.at((hold + arrival) / 2), start.toward(target, 0.5))
    if distance > 1e-3:
        assert math.isclose(speed(path), per_second * 30, rel_tol=1e-6)


@relaxed
@given(affects, affects)
def test_a_session_of_gentle_seconds_is_gentle(start: Affect, target: Affect) -> None:
    seconds = max(gentle_seconds(start.distance(target)), 120.0)
    assert speed(plan_path(start, target, seconds, "iso")) <= GENTLE_SPEED * (1 + 1e-6)


def test_start_equal_to_target_stays() -> None:
    path = plan_path(Affect(0.2, 0.3), Affect(0.2, 0.3), 900, "iso")
    assert speed(path) == 0
    assert path.at(450) == Affect(0.2, 0.3)


def test_tense_to_calm_in_fifteen_minutes_is_gentle() -> None:
    path = plan_path(feeling("tense").affect, feeling("calm").affect, 900, "iso")
    assert [p.time for p in path.waypoints[:2]] == [0, 180]
    assert speed(path) == pytest.approx(0.1)


@relaxed
@given(paths, fractions, affects)
def test_steer_keeps_the_past_and_reaches_the_target(
    planned: tuple[Path, float], fraction: float, target: Affect
) -> None:
    old, total = planned
    at = fraction * total
    new = steer(old, at, target, total)
    rises_in_time(new, total)
    for time in (0.0, at / 3, at * 0.999, at):
        assert close(new.at(time), old.at(time))
    assert close(new.at(total), target)
    left = total - at
    fastest = max(GENTLE_SPEED, old.at(at).distance(target) * 30 / (0.6 * left))
    assert speed(new.segment(at, total)) <= fastest * (1 + 1e-6)
    assert close(new.at(at + 0.6 * left + 1e-6), target)


@relaxed
@given(paths, fractions)
def test_ease_lowers_arousal_and_leaves_the_rest(
    planned: tuple[Path, float], fraction: float
) -> None:
    old, total = planned
    at = fraction * total
    new = ease(old, at, total)
    rises_in_time(new, total)
    here = old.at(at).arousal
    for k in range(41):
        time = total * k / 40
        was, now = old.at(time), new.at(time)
        assert abs(was.valence - now.valence) < 1e-6
        grown = min(max(time - at, 0), EASE_SECONDS) / EASE_SECONDS
        wanted = was.arousal if time <= at else max(min(was.arousal, here) - EASE_STEP * grown, -1)
        assert abs(now.arousal - wanted) < 1e-6


@relaxed
@given(paths, st.lists(st.tuples(fractions, st.none() | affects), max_size=8))
def test_any_sequence_of_events_stays_continuous_and_on_the_plane(
    planned: tuple[Path, float], events: list[tuple[float, Affect | None]]
) -> None:
    path, total = planned
    for fraction, target in sorted(events, key=lambda event: event[0]):
        at = fraction * total
        before = path
        path = ease(path, at, total) if target is None else steer(path, at, target, total)
        assert close(path.at(at), before.at(at))
    rises_in_time(path, total)  # Affect itself refuses points off the plane


@relaxed
@given(paths, fractions, fractions)
def test_a_segment_is_the_path(planned: tuple[Path, float], a: float, b: float) -> None:
    path, total = planned
    start, end = sorted((a * total, b * total + 1))
    cut = path.segment(start, end)
    for k in range(11):
        time = start + (end - start) * k / 10
        assert close(cut.at(time), path.at(time))


@relaxed
@given(affects, affects, st.floats(0, 1))
def test_toward_never_leaves_the_way(a: Affect, b: Affect, fraction: float) -> None:
    point = a.toward(b, fraction)
    assert min(a.valence, b.valence) <= point.valence <= max(a.valence, b.valence)
    assert min(a.arousal, b.arousal) <= point.arousal <= max(a.arousal, b.arousal)


@relaxed
@given(
    st.lists(st.tuples(st.floats(0.01, 100), st.floats(-2, 2)), min_size=2, max_size=6),
    st.floats(0, 1),
)
def test_clamped_is_the_clamped_function(steps: list[tuple[float, float]], place: float) -> None:
    times = list(itertools.accumulate(width for width, _ in steps))
    knots = [(time, value) for time, (_, value) in zip(times, steps, strict=True)]
    time = times[0] + (times[-1] - times[0]) * place
    wanted = min(max(value_at(knots, time), -0.5), 0.7)
    assert abs(value_at(clamped(knots, -0.5, 0.7), time) - wanted) < 1e-6
