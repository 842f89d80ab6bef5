"""Where the landmarks lie: by which sources, and beside what listeners heard in music."""

from __future__ import annotations

import itertools
import json
import math
import re
from pathlib import Path
from statistics import correlation, fmean

import pytest

from engine.affect.circumplex import Affect
from engine.affect.feelings import LANDMARKS, _words, feeling
from engine.affect.offered import ANCHORS

ROOT = Path(__file__).parents[2]
PLACES = _words().places
RUSSELL = {word: LANDMARKS[number] for number, word in enumerate(PLACES)}
MIDDLE = Affect(0.0, 0.0)

FILM_MUSIC = {
    "tense": (3.04, 6.72), "angry": (2.79, 7.55), "afraid": (2.76, 6.90),
    "happy": (7.89, 8.14), "sad": (4.51, 3.69), "relaxed": (6.49, 3.42),
}  # fmt: skip
"""Mean valence and energy (1 to 9, 116 listeners) of the five excerpts that are the clearest of
each kind in T. Eerola and J. K. Vuoskoski, A comparison of the discrete and dimensional models of
emotion in music, Psychology of Music 39, 2011, 18-49: set 2 of the film soundtracks, osf.io/p6vkg,
CC BY 4.0, groups TENSION POS HIGH, ANGER, FEAR, HAPPY, SAD HIGH, TENSION NEG HIGH. Computed from
its mean_ratings_set2.csv; no source of any place."""


def on_axis(rating: float) -> float:
    return (rating - 5.0) / 4.0


def russells(word: str) -> tuple[float, float]:
    angle = math.radians(PLACES[word].degrees)
    return 0.8 * math.cos(angle), 0.8 * math.sin(angle)


def test_a_place_is_the_sources_mean_valence_and_russells_arousal() -> None:
    assert len(RUSSELL) == 28
    assert feeling("tense").affect == Affect(-0.32, 0.80)  # (-0.04 - 0.56 - 0.36) / 3
    for word, one in RUSSELL.items():
        found = PLACES[word]
        valences = [russells(word)[0], on_axis(found.warriner[0])]
        if found.glasgow is not None:
            valences.append(on_axis(found.glasgow[0]))
        assert one.word == word
        assert one.affect.valence == pytest.approx(fmean(valences), abs=0.0051)
        assert one.affect.arousal == pytest.approx(russells(word)[1], abs=0.0051)


def test_the_norms_agree_about_valence_and_not_about_arousal() -> None:
    """Why they count on the one axis and not on the other."""
    both = [(found.warriner, found.glasgow) for found in PLACES.values() if found.glasgow]
    assert len(both) == 22
    assert correlation([w[0] for w, _ in both], [g[0] for _, g in both]) > 0.95
    assert correlation([w[1] for w, _ in both], [g[1] for _, g in both]) < 0.75
    for axis, least in ((0, 0.9), (1, 0.8)):
        circle = [russells(word)[axis] for word in PLACES]
        assert correlation(circle, [found.warriner[axis] for found in PLACES.values()]) > least


def test_the_glasgow_norms_are_those_that_check_the_table() -> None:
    kept = json.loads(Path(__file__).with_name("glasgow_norms.json").read_text("utf-8"))
    norms = kept["valence_arousal"]
    assert {word: list(found.glasgow) for word, found in PLACES.items() if found.glasgow} == {
        word: norms[word] for word in PLACES if word in norms
    }


def test_music_of_a_feeling_is_heard_nearer_to_its_place_than_to_the_circles() -> None:
    def miss(valence_of: dict[str, float], word: str) -> float:
        return abs(valence_of[word] - on_axis(FILM_MUSIC[word][0]))

    ours = {word: feeling(word).affect.valence for word in FILM_MUSIC}
    circle = {word: russells(word)[0] for word in FILM_MUSIC}
    for word in ("tense", "angry", "afraid"):
        assert miss(ours, word) < miss(circle, word) - 0.15
    squares = [fmean(miss(one, word) ** 2 for word in FILM_MUSIC) for one in (ours, circle)]
    assert math.sqrt(squares[0]) < 0.28
    assert math.sqrt(squares[1]) > 0.36


def test_what_is_unpleasant_is_not_neutral_and_what_is_pleasant_is() -> None:
    for word in ("tense", "anxious", "angry", "afraid", "annoyed", "stressed", "sad", "bored"):
        assert feeling(word).affect.valence <= -0.3, word
    assert feeling("tired").affect.valence <= -0.2
    for word in ("calm", "serene", "content", "relaxed", "at ease"):
        place = feeling(word).affect
        assert place.valence >= 0.4, word
        assert place.arousal <= -0.4, word


def test_places_are_far_from_the_middle_and_apart() -> None:
    """Far enough for a way; no farther than the plane's inner circle; and of two words no place."""
    for one in RUSSELL.values():
        assert 0.6 <= one.affect.distance(MIDDLE) <= 1.0, one.word
    pairs = itertools.combinations(RUSSELL.values(), 2)
    assert all(a.affect.distance(b.affect) > 0.015 for a, b in pairs)
    anchors = [feeling(word).affect for word in ANCHORS]
    assert all(a.distance(b) > 0.25 for a, b in itertools.combinations(anchors, 2))


def test_everyday_landmarks_stand_where_their_word_does() -> None:
    for word, landmark in _words().everyday.items():
        assert feeling(word).affect == feeling(landmark).affect


def test_the_page_has_the_table() -> None:
    """docs/feelings.md, row by row: what each source says, and the place."""
    page = (ROOT / "docs" / "feelings.md").read_text("utf-8")
    rows = {
        cells[0]: cells[1:]
        for line in page.splitlines()
        if (cells := [cell.strip() for cell in line.strip("|").split("|")])[0] in PLACES
        and len(cells) == 5
    }
    assert list(rows) == list(PLACES)
    for word, (circle, warriner, glasgow, place) in rows.items():
        found = PLACES[word]
        assert numbers(circle) == [round(x, 2) for x in russells(word)]
        assert numbers(warriner) == [round(on_axis(x), 2) for x in found.warriner]
        assert numbers(glasgow) == [round(on_axis(x), 2) for x in found.glasgow or ()]
        assert numbers(place) == [*(RUSSELL[word].affect.valence, RUSSELL[word].affect.arousal)]


def numbers(cell: str) -> list[float]:
    return [float(one) for one in re.findall(r"-?\d?\.\d+", cell)]
