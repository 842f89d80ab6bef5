"""What the players do for an affect, and what they keep for a phrase, told from the notes."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict

import pytest

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.composers.score.parts.arrangement import Note, arrange
from engine.composers.score.parts.ensembles import STYLES, Ensemble, Voice
from engine.composers.score.writing.course import steady
from engine.composers.score.writing.form import Bar, first_state, next_bar

Played = tuple[tuple[Bar, tuple[Note, ...]], ...]


@functools.lru_cache(maxsize=64)
def played(
    style: str, valence: float, arousal: float, seed: int = 3, total: float = 90.0
) -> Played:
    """The bars of a piece in their order, each with its notes."""
    path = Path((Waypoint(0.0, Affect(valence, arousal)),))
    ensemble = Ensemble(STYLES[style], Voice(STYLES[style].lead))
    course = steady(path, seed, total)
    state, made = first_state(course), []
    while not state.done:
        bar, state = next_bar(state, course)
        made.append((bar, tuple(arrange(bar, ensemble, path))))
    return tuple(made)


def bodies(style: str, valence: float, arousal: float, seed: int = 3) -> Played:
    return tuple(one for one in played(style, valence, arousal, seed) if one[0].kind == "body")


def of(notes: tuple[Note, ...], part: str) -> list[Note]:
    return [note for note in notes if note.part == part]


def test_a_phrase_is_doubled_as_a_whole_or_not_at_all() -> None:
    """An aroused melody has its octave above all of its tones in a phrase, or above none."""
    whole = 0
    for seed in range(4):
        phrases: dict[tuple[int, int], list[bool]] = defaultdict(list)
        for bar, notes in bodies("solo piano", -0.3, 0.8, seed):
            above = {(n.pitch - 12, n.gate) for n in of(notes, "colour")}
            for tone in of(notes, "lead"):
                phrases[bar.section, bar.phrase].append((tone.pitch, tone.gate) in above)
        assert all(len(set(doubled)) == 1 for doubled in phrases.values())
        whole += sum(all(doubled) for doubled in phrases.values())
    assert whole


@pytest.mark.parametrize("arousal", [-0.5, 0.0, 0.8])
def test_a_melody_breathes_where_a_phrase_ends(arousal: float) -> None:
    """An eighth of rest before the next phrase, where the last tone has room for it."""
    heard = 0
    for seed in range(3):
        for bar, notes in bodies("piano and strings", 0.3, arousal, seed):
            last = max(of(notes, "lead"), key=lambda n: n.onset, default=None)
            if (
                bar.ends_phrase
                and last is not None
                and last.onset < bar.frame_at(bar.metre.slots - 4)
            ):
                heard += 1
                assert last.onset + last.gate <= bar.end - bar.beat // 3
    assert heard >= 6


@pytest.mark.parametrize("style", ["band", "downtempo"])
def test_short_bars_have_more_than_one_kick(style: str) -> None:
    """In three and in six two bars running have three kicks at least."""
    metres = set()
    for seed, arousal in itertools.product(range(12), (0.1, 0.6)):
        counts = [
            (sum(n.instrument == "kick" for n in notes), bar.metre.name)
            for bar, notes in bodies(style, 0.2, arousal, seed)
        ]
        if counts[0][1] == "4/4":
            continue
        metres.add(counts[0][1])
        for (one, _), (two, _) in itertools.pairwise(counts[2:]):
            assert one + two >= 3
    assert metres == {"3/4", "6/8"}


def test_who_blows_breathes_in_every_bar() -> None:
    """A held line of a saxophone is let go before the bar is over."""
    held = [
        (bar, note)
        for seed in range(3)
        for bar, notes in bodies("lounge", 0.2, -0.15, seed)
        for note in of(notes, "counter")
        if not bar.echo
    ]
    assert held
    assert all(note.onset + note.gate <= bar.end - bar.beat // 4 for bar, note in held)


@pytest.mark.parametrize("style", ["harp and choir"])
def test_harps_keep_under_the_melody(style: str) -> None:
    """Hardly any tone of a figure lies over what is sung in its bar."""
    over = []
    for seed in range(3):
        for _, notes in bodies(style, 0.4, -0.2, seed):
            sung = [n.pitch for n in of(notes, "lead")]
            over += [bool(sung) and n.pitch > max(sung) for n in of(notes, "figure")]
    assert sum(over) <= 0.02 * len(over)
