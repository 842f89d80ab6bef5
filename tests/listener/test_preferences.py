"""What likes and dislikes teach, in words and as a request takes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.affect.moods import placed_moods
from engine.listener.likings import Liking
from engine.listener.preferences import (
    LEAST,
    STRENGTH,
    Counted,
    Evidence,
    Told,
    in_words,
    leanings_of,
    learned,
)

NOV = datetime(2026, 11, 12, 20, 0, tzinfo=UTC)


def liking(
    clip: int, *, liked: bool = True, mood: str = "calm", instrument: str = "piano"
) -> Liking:
    return Liking(
        clip=clip, revision=0, at=22.5 * clip, mood=mood, instrument=instrument, genre="ambient",
        liked=liked, given=NOV + timedelta(minutes=clip),
    )  # fmt: skip


def instruments(*likings: Liking) -> Evidence:
    return Evidence(tuple(Counted(one, by_genre=False) for one in likings))


def test_it_says_in_words_what_was_learned_and_from_what() -> None:
    (one,) = learned(instruments(*(liking(clip) for clip in range(7))))
    assert in_words(one, "12 Nov") == "piano more often when calm: liked 7 times, last on 12 Nov"
    assert one.last == NOV + timedelta(minutes=6)
    assert one.leaned == pytest.approx((STRENGTH * one.share + 7) / (STRENGTH + 7), abs=1e-3)


@pytest.mark.parametrize(
    ("liked", "disliked", "words"),
    [
        (1, 0, "more often when calm: liked once"),
        (0, 2, "less often when calm: disliked twice"),
        (2, 2, "as often as ever when calm: liked twice and disliked twice"),
    ],
)
def test_both_count(liked: int, disliked: int, words: str) -> None:
    said = [liking(n) for n in range(liked)]
    said += [liking(9 + n, liked=False) for n in range(disliked)]
    (one,) = learned(instruments(*said))
    assert in_words(one, "") == f"piano {words}"


def test_instrument_and_genre_are_learned_each_for_itself() -> None:
    both = learned(Evidence((Counted(liking(0)),)))
    assert [(one.kind, one.tag) for one in both] == [("genre", "ambient"), ("instrument", "piano")]
    assert learned(Evidence((Counted(liking(0), False, False),))) == ()


def test_what_was_set_by_hand_adds_to_what_was_liked_since() -> None:
    told = Told(kind="instrument", mood="calm", tag="piano", liked=3, disliked=1, given=NOV)
    evidence = Evidence((Counted(liking(1), by_genre=False),), (told,))
    (one,) = learned(evidence)
    assert (one.liked, one.disliked, one.told) == (4, 1, True)
    assert "liked 4 times and disliked once, some of it set by hand" in in_words(one, "")


def test_a_like_counts_in_moods_nearby_the_less_the_farther() -> None:
    leanings = leanings_of(learned(instruments(liking(0))))
    assert leanings is not None
    counts = {mood: of["piano"] for mood, of in leanings.instruments.items()}
    places = {mood.name: place for mood, place in placed_moods(None)}
    by_distance = sorted(places, key=lambda mood: places["calm"].distance(places[mood]))
    assert list(counts.values())
    assert counts["calm"] == 1.0
    assert by_distance[: len(counts)] == sorted(counts, key=lambda mood: -counts[mood])
    assert 1 < len(counts) < len(places)
    assert min(counts.values()) >= LEAST


def test_what_cancels_out_leans_nowhere() -> None:
    assert leanings_of(learned(instruments(liking(0), liking(1, liked=False)))) is None
    assert leanings_of(learned(Evidence())) is None


def test_tags_that_are_none_are_left_out() -> None:
    assert learned(instruments(liking(0, instrument="kazoo"))) == ()
    assert leanings_of(learned(instruments(liking(0, mood="nowhere")))) is None


def test_the_order_in_which_it_was_said_changes_nothing() -> None:
    said = [liking(0), liking(1, mood="meditative"), liking(2, liked=False, instrument="harp")]
    one, other = (leanings_of(learned(instruments(*order))) for order in (said, said[::-1]))
    assert one == other
