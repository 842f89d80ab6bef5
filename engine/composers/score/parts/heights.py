"""How high a bar lies: what accompanies is taken by octaves to where, with the melody as it is
sung, the mean of all notes is what is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from engine.composers.score.parts.reach import within
from engine.composers.score.parts.touch import Stroke
from engine.composers.score.writing.form import Bar

_OCTAVE = 12
_BASS, _OTHERS = (28, 55), (43, 88)
"""MIDI: between them a bass may lie, and the rest of an accompaniment."""
_LED = ("lead", "bass")


def placed(strokes: Sequence[Stroke], bar: Bar, octave: int) -> list[Stroke]:
    """The strokes of a bar whose melody is sung ``octave`` octaves from where it is written, by its
    wish. Lowest tones go up first and highest down, as when a chord is turned over; a pitch that is
    moved is so wherever the bar has it."""
    wish = bar.wish
    notes = [stroke for stroke in strokes if stroke.part != "drums"]
    if wish is None or wish.pitch is None or bar.kind == "final" or not notes:
        return list(strokes)
    most = bar.gentle.register if bar.gentle is not None else None
    # Where leaps are capped a bass stays where it is led.
    capped = bar.gentle is not None and bar.gentle.leaps is not None
    stays = ("drums", "lead", "bass") if capped else ("drums", "lead")
    sung = [tone.pitch + _OCTAVE * octave for tone in bar.melody]
    ceiling = min(sung, default=_OTHERS[1]) if octave >= 0 else _OTHERS[1]
    ceiling = min(ceiling, most or ceiling)
    made = list(strokes)
    off = sum(stroke.pitch for stroke in notes) - wish.pitch * len(notes)
    while abs(off) >= _OCTAVE / 2:
        way = _OCTAVE if off < 0 else -_OCTAVE
        groups: dict[tuple[str, int], int] = {}
        for stroke in made:
            if stroke.part not in stays and _may(stroke, way, ceiling):
                groups[stroke.part, stroke.pitch] = groups.get((stroke.part, stroke.pitch), 0) + 1
        better = [key for key, n in groups.items() if abs(off + way * n) < abs(off)]
        if not better:
            break
        part, pitch = min(better, key=lambda key: (key[1] if way > 0 else -key[1], key[0]))
        made = [
            s._replace(pitch=s.pitch + way) if (s.part, s.pitch) == (part, pitch) else s
            for s in made
        ]
        off += way * groups[part, pitch]
    return _once(made)


def _may(stroke: Stroke, way: int, ceiling: int) -> bool:
    low, high = _BASS if stroke.part == "bass" else (_OTHERS[0], ceiling)
    pitch = stroke.pitch + way
    return low <= pitch <= high and within(stroke.instrument, pitch) == pitch


def _once(strokes: Sequence[Stroke]) -> list[Stroke]:
    """No key of a player's struck twice at once; melody and bass have theirs."""

    def key(stroke: Stroke) -> tuple[str, int, int]:
        return stroke.instrument, stroke.pitch, round(stroke.slot)

    seen = {key(stroke) for stroke in strokes if stroke.part in _LED}
    made = []
    for stroke in strokes:
        if stroke.part in _LED or stroke.part == "drums" or key(stroke) not in seen:
            made.append(stroke)
            seen.add(key(stroke))
    return made
