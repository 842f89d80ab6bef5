"""What follows from what the body says: little, late, and never upwards."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.synthetic_strap import REST, heart

from engine.affect.circumplex import Affect
from engine.affect.path import Path, dwell, plan_path
from engine.listener.body import (
    BETWEEN_SECONDS,
    DWELL_SECONDS,
    FALLS,
    LEAST_SAMPLES,
    MOST_DWELLS,
    MOST_OFFERS,
    SETTLES,
    SINCE_SECONDS,
    STALE_SECONDS,
    USUAL_SECONDS,
    Act,
    Body,
    Here,
    State,
)
from engine.listener.signal_lines import Sample
from engine.plan.body import Measure, Offer
from engine.plan.events import Dwell

TENSE, CALM = Affect(-0.04, 0.8), Affect(0.6, -0.5)
TOTAL = 1800.0
FALLING = plan_path(TENSE, CALM, TOTAL, "iso")
RISING = plan_path(CALM, TENSE, TOTAL, "iso")
relaxed = settings(deadline=None, max_examples=40)

Heard = tuple[float, float]
"""Seconds and a value."""


def played(
    samples: Iterable[Heard],
    *,
    path: Path = FALLING,
    total: float = TOTAL,
    measure: Measure = "heart",
    acted: float | None = None,
) -> tuple[Body, list[Act]]:
    """A session in which a sample is heard at each of its seconds, and every stay is taken."""
    body, acts, now = Body(), [], 0.0
    coming = list(samples)
    for second in range(int(total)):
        now = float(second)
        here = Here(now, path, total, acted if not acts else acts[-1].at)
        while coming and coming[0][0] <= now:
            t, value = coming.pop(0)
            body.hear(Sample(t, measure, value), now, here)
        act = body.look(now, here)
        if act is not None:
            acts.append(act)
        if isinstance(act, Dwell):
            path = dwell(path, act.at, act.seconds, total)
    return body, acts


def flat(value: float = REST, until: float = TOTAL, step: float = 1.0) -> list[Heard]:
    return [(k * step, value) for k in range(int(until / step))]


def test_a_heart_that_comes_down_is_left_alone() -> None:
    body, acts = played(heart("follows", TOTAL))
    assert acts == []
    assert body.usual is not None
    assert body.usual[1] == pytest.approx(REST, abs=1.0)


def test_where_the_heart_does_not_follow_the_way_stays_a_while() -> None:
    _, acts = played(heart("stays", TOTAL))
    stays = [act for act in acts if isinstance(act, Dwell)]
    assert acts == stays
    assert 1 <= len(stays) <= MOST_DWELLS
    for act in stays:
        assert act.seconds == DWELL_SECONDS
        assert act.why.measure == "heart"
        assert act.why.usual == pytest.approx(REST, abs=1.0)
        assert act.why.now > act.why.usual - 1.0
        assert act.why.fell >= FALLS
    assert all(b.at - a.at >= BETWEEN_SECONDS for a, b in itertools.pairwise(stays))


def test_where_it_rises_an_ease_is_offered_and_nothing_more_is_done_at_once() -> None:
    _, acts = played(heart("rises", TOTAL))
    offers = [act for act in acts if isinstance(act, Offer)]
    assert 1 <= len(offers) <= MOST_OFFERS
    assert all(one.why.now - one.why.usual >= 8.0 for one in offers)
    assert all(b.at - a.at >= BETWEEN_SECONDS for a, b in itertools.pairwise(acts))


def test_what_is_usual_and_what_is_now_are_a_minute_apart() -> None:
    """Also where the way falls from the first second on."""
    path = plan_path(TENSE, CALM, 600.0, "direct")
    _, acts = played(flat(until=600.0), path=path, total=600.0)
    assert acts[0].at == USUAL_SECONDS + SINCE_SECONDS
    follows = [(t, REST - 3.0 * max(0.0, t - 120.0) / 60.0) for t, _ in flat(until=600.0)]
    assert played(follows, path=path, total=600.0)[1] == []


def test_an_arousal_that_a_program_tells_is_taken_as_it_is() -> None:
    _, acts = played(flat(0.3, step=5.0), measure="arousal")
    assert acts
    assert acts[0].why.measure == "arousal"
    _, none = played([(t, 0.3 - t / TOTAL) for t, _ in flat(step=5.0)], measure="arousal")
    assert none == []


@pytest.mark.parametrize(
    "samples",
    [
        [],
        flat(until=USUAL_SECONDS - 2),
        flat(until=USUAL_SECONDS + SINCE_SECONDS - 2),
        flat(until=300.0),  # and then never again: the way has not come down so early
        flat(step=8.0),  # too few to be a now
        [(math.floor(t / 10) * 10.0, value) for t, value in flat()][:LEAST_SAMPLES],
    ],
)
def test_where_too_little_is_heard_nothing_is_done(samples: list[Heard]) -> None:
    assert played(samples)[1] == []


def test_nothing_is_done_where_the_way_rises_or_has_arrived() -> None:
    assert played(flat(), path=RISING)[1] == []
    assert played([(t, REST + t / 60) for t, _ in flat()], path=RISING)[1] == []
    stands = plan_path(CALM, CALM, TOTAL, "iso")
    assert played(flat(), path=stands)[1] == []


def test_the_end_keeps_its_settling() -> None:
    """In three minutes there is no room for a stay of half a minute; in a longer session each one
    leaves a tenth of it."""
    short = plan_path(TENSE, CALM, 180.0, "direct")
    assert played(flat(until=180.0), path=short, total=180.0)[1] == []
    for total in (600.0, 900.0, 3600.0):
        path = plan_path(TENSE, CALM, total, "iso")
        _, acts = played(flat(until=total), path=path, total=total)
        assert acts
        for act in acts:
            assert isinstance(act, Dwell)
            path = dwell(path, act.at, act.seconds, total)
        assert path.at(total * (1.0 - SETTLES)) == CALM


def test_what_the_listener_does_is_left_to_be_heard() -> None:
    first = played(flat())[1][0]
    later = played(flat(), acted=first.at)[1][0]
    assert later.at >= first.at + BETWEEN_SECONDS


def test_a_gap_of_a_minute_is_a_minute_in_which_nothing_is_done() -> None:
    first = played(flat())[1][0].at
    gap = [one for one in flat() if not first - 40 <= one[0] < first + 20]
    body, acts = Body(), []
    states: set[State] = set()
    for second in range(int(first) + 200):
        now = float(second)
        here = Here(now, FALLING, TOTAL)
        if (now, REST) in gap:
            body.hear(Sample(now, "heart", REST), now, here)
        states.add(body.state(now))
        act = body.look(now, here)
        acts += [] if act is None else [act]
    assert {"learning", "heard", "lost"} <= states
    assert acts
    assert acts[0].at >= first + 40, "half a minute after it is back there is a now again"


def test_time_that_jumps_back_is_left_out_until_the_signal_was_gone() -> None:
    body, here = Body(), Here(0.0, FALLING, TOTAL)
    assert body.hear(Sample(100.0, "heart", REST), 0.0, here)
    assert not body.hear(Sample(99.0, "heart", REST), 1.0, here)
    assert not body.hear(Sample(100.0, "heart", REST), 2.0, here)
    assert body.hear(Sample(101.0, "heart", REST), 3.0, here)
    assert body.state(3.0 + STALE_SECONDS) == "learning"
    assert body.state(3.1 + STALE_SECONDS) == "lost"
    assert body.hear(Sample(0.0, "heart", REST), 20.0, here)


def test_another_measure_counts_once_the_first_has_stopped_and_is_learned_anew() -> None:
    body, here = Body(), Here(0.0, FALLING, TOTAL)
    for t, value in flat(until=130.0):
        body.hear(Sample(t, "heart", value), t, here)
    assert body.usual == ("heart", REST)
    assert not body.hear(Sample(131.0, "arousal", 0.5), 131.0, here)
    assert body.hear(Sample(131.0, "arousal", 0.5), 150.0, here)
    assert body.usual is None
    assert body.state(150.0) == "learning"


def test_a_sender_whose_seconds_are_milliseconds_is_not_believed() -> None:
    assert played([(t * 1000.0, REST) for t, _ in flat()])[1] == []


def told(dice: Callable[[], float]) -> float:
    return 30.0 + 190.0 * dice()


@relaxed
@given(
    st.integers(0, 2**32),
    st.sampled_from([FALLING, RISING]),
    st.floats(0.0, 1.0),
    st.sampled_from([0.2, 1.0, 5.0]),
)
def test_whatever_a_body_says_it_is_little_and_seldom_and_never_upwards(
    seed: int, path: Path, wild: float, step: float
) -> None:
    """Wild hearts, absurd times: acts are few, far apart, and of the two kinds; a stay is taken
    only where the way falls, and after it no arousal is higher than where it stays."""
    draw = random.Random(seed).random
    samples = [
        (t + (100.0 * (draw() - 0.5) if draw() < 0.02 else 0.0), REST + wild * (told(draw) - REST))
        for t, _ in flat(step=step)
    ]
    _, acts = played(sorted(samples), path=path)
    assert sum(isinstance(act, Dwell) for act in acts) <= MOST_DWELLS
    assert sum(isinstance(act, Offer) for act in acts) <= MOST_OFFERS
    assert all(b.at - a.at >= BETWEEN_SECONDS for a, b in itertools.pairwise(acts))
    for act in acts:
        if isinstance(act, Dwell):
            after = dwell(path, act.at, act.seconds, TOTAL)
            here = path.at(act.at).arousal
            assert all(p.affect.arousal <= here + 1e-9 for p in after.waypoints if p.time > act.at)
            path = after


def test_what_is_held_of_a_signal_is_bounded() -> None:
    body, here = Body(), Here(0.0, FALLING, TOTAL)
    for k in range(20_000):
        body.hear(Sample(k * 1e-6, "heart", REST), k * 1e-6, here)
    assert len(body._window) <= 1_500
    assert len(body._first) <= 6_000
