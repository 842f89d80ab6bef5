"""Four metres: what players have ready for each, and that every part keeps to the bar."""

from __future__ import annotations

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.composers.score.parts.arrangement import Note, arrange
from engine.composers.score.parts.ensembles import STYLES, Ensemble, Voice
from engine.composers.score.parts.figures import FIGURES
from engine.composers.score.parts.rhythms import feel, grid
from engine.composers.score.parts.writer import Writer
from engine.composers.score.writing.course import steady
from engine.composers.score.writing.form import Bar, first_state, next_bar
from engine.composers.score.writing.metre import METRES, Metre
from engine.composers.score.writing.tones import Tone

metres = pytest.mark.parametrize("metre", METRES.values(), ids=list(METRES))


def still(valence: float, arousal: float) -> Path:
    return Path((Waypoint(0.0, Affect(valence, arousal)),))


def bars_in(metre: Metre, path: Path, total: float = 60.0) -> list[Bar]:
    """Bars of a piece, told in another metre: what lies past its bar's end is left out."""
    course = steady(path, 3, total)
    state = first_state(course)
    made, start = [], 0
    while not state.done:
        bar, state = next_bar(state, course)
        length = bar.length if bar.kind == "final" else metre.slots * bar.beat // 4
        melody = tuple(
            Tone(t.slot, min(t.length, metre.slots - t.slot), t.pitch)
            for t in bar.melody
            if t.slot < metre.slots
        )
        harmony = tuple(h for h in bar.harmony if h.slot <= feel(metre).half)
        made.append(
            msgspec.structs.replace(
                bar, start=start, length=length, metre=metre, melody=melody, harmony=harmony
            )
        )
        start += length
    return made


def solo(style: str) -> Ensemble:
    return Ensemble(STYLES[style], Voice(STYLES[style].lead))


@metres
def test_patterns_lie_in_their_bar(metre: Metre) -> None:
    hands = feel(metre)
    places = {"orders", "spans", "hands"}
    for name, value in hands._asdict().items():
        patterns = [value] if isinstance(value, int) or isinstance(value[0], int) else value
        for pattern in patterns if name not in places else ():
            struck = (pattern,) if isinstance(pattern, int) else pattern
            slots = [stroke[0] if isinstance(stroke, tuple) else stroke for stroke in struck]
            assert slots == sorted(set(slots)), name
            assert all(0 <= slot < metre.slots for slot in slots), name
    assert set(hands.floor) == {s for s in range(metre.slots) if metre.weight(s)}
    assert all(slot % metre.pulse for slot in hands.between)


@metres
def test_a_grid_begins_with_its_chord(metre: Metre) -> None:
    for step in (4, 2, 1):
        for start in (0, 3, metre.slots // 2):
            slots = grid(metre, step, start, metre.slots)
            assert slots[0] == start
            assert slots == sorted(set(slots))
            assert slots[-1] < metre.slots


@metres
@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("arousal", [-0.8, -0.2, 0.3, 0.9])
def test_no_part_begins_a_note_outside_its_bar(metre: Metre, style: str, arousal: float) -> None:
    path = still(0.1, arousal)
    for bar in bars_in(metre, path):
        notes = arrange(bar, solo(style), path)
        assert notes
        late = bar.beat // 8
        assert all(bar.start <= n.onset < bar.end + late for n in notes), bar.number


@metres
@pytest.mark.parametrize("name", sorted(FIGURES))
def test_every_figure_marks_the_bar(metre: Metre, name: str) -> None:
    """Something is struck with every chord; what a hand strikes together is loudest there."""
    for arousal in (-0.8, 0.0, 0.7):
        path = still(0.1, arousal)
        bar = next(b for b in bars_in(metre, path) if b.kind == "body" and len(b.harmony) == 1)
        writer = Writer(bar, solo("acoustic"), path)
        FIGURES[name](writer, "guitar", bar.harmony[0], metre.slots)
        assert all(note.onset < bar.end for note in writer.played())
        if name not in ("comp", "shimmer"):
            assert min(note.onset for note in writer.played()) < bar.frame_at(1.0)


def onsets(notes: list[Note], bar: Bar, part: str) -> set[int]:
    step = bar.beat / 4
    return {int((n.onset - bar.start) / step + 0.1) for n in notes if n.part == part}


def test_a_waltz_has_its_after_beats() -> None:
    """Low on one, chords on two and three; in six the two halves are low."""
    for name, low in (("3/4", {0}), ("6/8", {0, 6})):
        metre = METRES[name]
        path = still(0.1, -0.6)
        for bar in bars_in(metre, path):
            if bar.kind != "body" or len(bar.harmony) > 1:
                continue
            writer = Writer(bar, solo("solo piano"), path)
            FIGURES["rocking"](writer, "piano", bar.harmony[0], metre.slots)
            floor = bar.harmony[0].voicing[0]
            below = {stroke.slot for stroke in writer.strokes if stroke.pitch == floor}
            above = {int(stroke.slot) for stroke in writer.strokes if stroke.pitch != floor}
            assert below == low
            assert above
            assert above <= set(feel(metre).slow) - low


@metres
def test_drums_keep_the_metre(metre: Metre) -> None:
    """The kick is on the bar's beat, the snare or rim on after-beats only."""
    path = still(0.1, 0.5)
    heard = False
    for bar in bars_in(metre, path):
        if bar.kind != "body":
            continue
        notes = [n for n in arrange(bar, solo("band"), path) if n.part == "drums"]
        kick = onsets([n for n in notes if n.instrument == "kick"], bar, "drums")
        back = onsets([n for n in notes if n.instrument in ("snare", "rim")], bar, "drums")
        if notes:
            assert 0 in kick
            assert back == set(feel(metre).after)
            heard = True
    assert heard
