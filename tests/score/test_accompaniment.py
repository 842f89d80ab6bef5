"""What the players do for an affect, and what they keep for a phrase, told from the notes."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.arrangement import Note, arrange
from engine.composers.score.parts.ensembles import STYLES, Ensemble, Voice
from engine.composers.score.parts.temper import temper
from engine.composers.score.parts.writer import Writer
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
        if note.instrument == "saxophone" and not bar.echo
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


def per_second(one: Played, part: str) -> float:
    """Onsets a second of a part."""
    seconds = sum(bar.length for bar, _ in one) / SAMPLE_RATE
    return sum(len(of(notes, part)) for _, notes in one) / seconds


def low_repeats(one: Played) -> float:
    """Of the low notes on a pitch, how many come again on it within half a second."""
    low = sorted((n.onset, n.pitch) for _, notes in one for n in notes if n.pitch < 58)
    again = [
        any(p == pitch and 0 < at - onset < SAMPLE_RATE // 2 for at, p in low[k + 1 : k + 8])
        for k, (onset, pitch) in enumerate(low)
    ]
    return float(np.mean(again))


def falling_tritones(one: Played) -> float:
    """Of the low notes, to how many the same player answers within half a second by the tritone
    below."""
    low = sorted(
        (n.onset, n.pitch, n.instrument) for _, notes in one for n in notes if n.pitch < 62
    )
    found = [
        any(
            p == pitch - 6 and who == player and 0 < at - onset < SAMPLE_RATE // 2
            for at, p, who in low[k + 1 : k + 12]
        )
        for k, (onset, pitch, player) in enumerate(low)
    ]
    return float(np.mean(found))


@pytest.mark.parametrize("style", ["solo piano", "piano and strings", "acoustic"])
def test_tense_is_a_low_pedal_with_the_tritone_over_it(style: str) -> None:
    """Aroused and low in valence, low tones come again at once and tritones lie among them; as
    aroused and glad they do not, and neither do they where it is sad and quiet."""
    tense, glad, sad = (bodies(style, v, a) for v, a in ((-0.5, 0.7), (0.6, 0.7), (-0.7, -0.4)))
    others = max(falling_tritones(glad), falling_tritones(sad))
    assert falling_tritones(tense) >= max(0.05, 4 * others)
    assert low_repeats(tense) > low_repeats(sad) + 0.1


def test_tense_accents_pull_against_the_metre() -> None:
    """Of a tense pedal the strokes that lean are the louder ones, off the beat as on it."""
    for bar, notes in bodies("solo piano", -0.5, 0.7):
        if bar.metre.name != "4/4" or bar.ends_phrase or len(bar.harmony) > 1:
            continue
        pedal = [n for n in of(notes, "bass") if n.pitch % 12 == bar.tonic]
        at = {round((n.onset - bar.start) / bar.beat * 4): n.gain for n in pedal}
        assert at[6] > at[8]


@pytest.mark.parametrize("style", ["solo piano", "orchestra", "acoustic"])
def test_what_is_glad_is_sung_in_thirds_and_sixths(style: str) -> None:
    """Tones of the melody have a softer one a third or a sixth below, by whoever sings; where it is
    sad none have."""

    def shared(valence: float) -> float:
        found = []
        for seed in range(3):
            for _, notes in bodies(style, valence, -0.1, seed):
                under = {
                    (n.instrument, round(n.onset / 2000), n.pitch) for n in of(notes, "counter")
                }
                for tone in of(notes, "lead"):
                    at = round(tone.onset / 2000)
                    found.append(
                        any(
                            (tone.instrument, at + by, tone.pitch - step) in under
                            for by in (-1, 0, 1)
                            for step in (3, 4, 8, 9)
                        )
                    )
        return float(np.mean(found))

    assert shared(0.8) >= 0.15
    assert shared(-0.5) == 0.0


@pytest.mark.parametrize("style", ["solo piano", "piano and strings", "acoustic", "lounge"])
def test_glad_moves_more_than_sad_and_less_than_excited(style: str) -> None:
    """At one low arousal the accompaniment of what is glad moves more than of what is sad, and of
    the excited more than of both."""

    def moving(valence: float, arousal: float) -> float:
        return sum(
            per_second(bodies(style, valence, arousal, seed), part)
            for seed in range(3)
            for part in ("figure", "bass")
        )

    glad, sad, excited = moving(0.7, -0.45), moving(-0.5, -0.45), moving(0.7, 0.6)
    assert 1.05 * sad <= glad < excited


def test_calm_pads_lie_wide_open() -> None:
    """Two tones of a pad lie over a fourth apart where it is calm, closer where it is not."""

    def width(arousal: float) -> float:
        gaps = []
        for seed in range(3):
            for _, notes in bodies("orchestra", 0.5, arousal, seed):
                tones = sorted({n.pitch for n in of(notes, "pad")})
                gaps += [b - a for a, b in itertools.pairwise(tones)]
        return float(np.mean(gaps))

    assert width(-0.75) > width(-0.2) + 1.0


@given(
    st.floats(-0.99, 0.99), st.floats(-0.99, 0.99), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01)
)
def test_temper_is_continuous_and_tells_corners_apart(
    v: float, a: float, dv: float, da: float
) -> None:
    """A small step within the plane is a small step of every share."""
    here, there = temper(Affect(v, a)), temper(Affect(v + dv, a + da))
    assert all(0.0 <= share <= 1.0 for share in here)
    assert all(abs(x - y) <= 0.06 for x, y in zip(here, there, strict=True))
    assert not (here.tense and (here.glad or here.calm))


def test_means_come_once_on_a_way() -> None:
    """From tense to calm a section's means are given up one after another, none comes back within
    its section."""
    path = Path((Waypoint(0.0, Affect(-0.4, 0.8)), Waypoint(150.0, Affect(0.5, -0.5))))
    course = steady(path, 5, 160.0)
    state, sections = first_state(course), defaultdict[int, list[bool]](list)
    while not state.done:
        bar, state = next_bar(state, course)
        writer = Writer(bar, Ensemble(STYLES["solo piano"], Voice("piano")), path)
        if bar.kind == "body":
            sections[bar.section].append(writer.takes("throb", writer.temper.tense))
    told = list(sections.values())
    assert told[0][0]
    assert not told[-1][-1]
    for section in told:
        assert section == sorted(section, reverse=True)


@pytest.mark.parametrize("style", ["lounge", "downtempo", "ambient"])
def test_figures_that_take_turns_at_rest_are_as_dense(style: str) -> None:
    """The figure of a section has at most a third more onsets a second than the next one's."""
    seconds: dict[int, float] = defaultdict(float)
    counts: dict[int, int] = defaultdict(int)
    for bar, notes in bodies(style, -0.05, -0.75):
        seconds[bar.section] += bar.length / SAMPLE_RATE
        starts = sorted(n.onset for n in of(notes, "figure"))
        counts[bar.section] += sum(
            b - a > SAMPLE_RATE // 33 for a, b in itertools.pairwise([-SAMPLE_RATE, *starts])
        )
    rates = [counts[section] / seconds[section] for section in sorted(seconds)]
    ratios = [max(a, b) / min(a, b) for a, b in itertools.pairwise(rates)]
    assert ratios
    assert float(np.median(ratios)) <= 1.33


@pytest.mark.parametrize("style", ["ambient", "orchestra"])
def test_who_holds_a_chord_goes_under_a_tenor(style: str) -> None:
    """A horn over the middle of the bass's octave has its pads beneath it."""
    ensemble = Ensemble(STYLES[style], Voice("horn", octave=-1))
    path = Path((Waypoint(0.0, Affect(0.3, -0.4)),))
    course = steady(path, 3, 120.0)
    state, over, sung = first_state(course), 0, 0
    while not state.done:
        bar, state = next_bar(state, course)
        notes = tuple(arrange(bar, ensemble, path))
        pads = of(notes, "pad")
        for tone in (n for n in of(notes, "lead") if n.pitch >= 52 and bar.kind == "body"):
            sung += 1
            over += any(
                pad.pitch > tone.pitch
                and (pad.pitch - tone.pitch) % 12
                and min(pad.onset + pad.gate, tone.onset + tone.gate) - max(pad.onset, tone.onset)
                > 0.6 * tone.gate
                for pad in pads
            )
    assert sung > 20
    assert over <= 0.05 * sung
