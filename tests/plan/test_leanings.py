"""What a listener leans to bends who plays; pins, path and 'nothing' stand."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.feelings import parse_affect
from engine.plan.leanings import Leanings, instruments_for, leaned
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.words import tag_statistics

PLANS = 200
KNOWN = ("piano", "harp", "flute")
ROW = {"piano": 0.6, "harp": 0.4}
MOODS = tuple(tag_statistics().instrument_given_mood)


def everywhere(tag: str, count: float) -> Leanings:
    return Leanings(strength=10.0, instruments={mood: {tag: count} for mood in MOODS})


def request(seed: int = 0, **more: Any) -> Request:
    """Five minutes: the shortest in which players change twice."""
    start, target = parse_affect("tense")[0], parse_affect("calm")[0]
    wanted = {"minutes": 5.0, "temperature": 1.0} | more
    return Request(start=start, target=target, seed=seed, **wanted)


def share(tag: str, leanings: Leanings | None) -> float:
    found = [
        clip.tags.instrument == tag
        for seed in range(PLANS)
        for clip in make_plan(request(seed, leanings=leanings)).clips
    ]
    return sum(found) / len(found)


def test_likes_are_counts_beside_the_pseudo_counts() -> None:
    found = leaned(ROW, {"harp": 2.0, "flute": 3.0}, 10.0, KNOWN)
    assert found == pytest.approx({"piano": 6 / 15, "harp": 6 / 15, "flute": 3 / 15})


@pytest.mark.parametrize(("dislikes", "left"), [(1, 4 / 2), (2, 4 / 3), (900, 4 / 901)])
def test_dislikes_divide_the_pseudo_counts_and_something_always_stays(
    dislikes: int, left: float
) -> None:
    found = leaned(ROW, {"harp": -float(dislikes)}, 10.0, KNOWN)
    assert found == pytest.approx({"piano": 6 / (6 + left), "harp": left / (6 + left)})


def test_one_dislike_does_not_silence_what_is_rare() -> None:
    row = {"piano": 0.99, "harp": 0.01}
    assert leaned(row, {"harp": -1.0}, 10.0, KNOWN)["harp"] == pytest.approx(0.005, rel=0.01)


@pytest.mark.parametrize("counts", [{}, {"harp": 0.0}, {"kazoo": 5.0}])
def test_where_nothing_is_said_the_row_is_itself(counts: dict[str, float]) -> None:
    assert leaned(ROW, counts, 10.0, KNOWN) is ROW
    assert instruments_for("calm", None) is tag_statistics().instrument_given_mood["calm"]


@given(st.dictionaries(st.sampled_from(KNOWN), st.floats(-1000, 1000)), st.floats(0.1, 1000))
def test_it_stays_a_distribution(counts: dict[str, float], strength: float) -> None:
    found = leaned(ROW, counts, strength, KNOWN)
    assert math.isclose(sum(found.values()), 1.0)
    assert all(p > 0.0 for p in found.values())
    assert set(ROW) <= set(found)


def test_ten_likes_of_piano_shift_its_share() -> None:
    before, after = share("piano", None), share("piano", everywhere("piano", 10.0))
    assert before > 0.05
    assert after > 1.5 * before


def test_ten_dislikes_shift_it_the_other_way() -> None:
    assert share("piano", everywhere("piano", -10.0)) < 0.7 * share("piano", None)


def test_a_pin_wins() -> None:
    against = Leanings(
        strength=10.0,
        instruments={mood: {"harp": -500.0, "piano": 500.0} for mood in MOODS},
        genres={mood: {"ambient": -500.0} for mood in MOODS},
    )
    for seed in range(20):
        plan = make_plan(request(seed, leanings=against, instrument="harp", genre="ambient"))
        assert {(c.tags.instrument, c.tags.genre) for c in plan.clips} == {("harp", "ambient")}


def test_a_voice_is_not_chosen_however_much_it_is_liked() -> None:
    for seed in range(20):
        plan = make_plan(request(seed, leanings=everywhere("voice", 1000.0)))
        assert "voice" not in {clip.tags.instrument for clip in plan.clips}


def test_nothing_learned_is_the_plan_byte_for_byte() -> None:
    for leanings in (Leanings(strength=10.0), everywhere("kazoo", 9.0), everywhere("piano", 0.0)):
        for seed in range(5):
            plain = msgspec.json.encode(make_plan(request(seed)))
            assert msgspec.json.encode(make_plan(request(seed, leanings=leanings))) == plain


def test_the_plan_is_made_of_the_request_alone() -> None:
    wanted = request(3, leanings=everywhere("harp", 4.0))
    again = msgspec.json.decode(msgspec.json.encode(wanted), type=Request)
    assert again == wanted
    assert make_plan(again) == make_plan(wanted)


@pytest.mark.parametrize(
    "leanings",
    [
        {"strength": 0},
        {"strength": 10, "instruments": {"calm": {"piano": 1e9}}},
        {"strength": 10, "genres": {"calm": {"ambient": None}}},
        {"strength": 10, "other": {}},
    ],
)
def test_what_is_out_of_range_is_no_request(leanings: dict[str, Any]) -> None:
    told = msgspec.to_builtins(request()) | {"leanings": leanings}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(told), type=Request)
