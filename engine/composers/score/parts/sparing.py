"""A bar's strokes within the caps of gentle ears (``plan.gentle``); without any, as they are.

*Leaps*: melody and bass are written within them. What accompanies keeps to a band as wide as the
largest leap, a band for each part, so that no two of its notes lie farther apart, whatever bars and
clips they are of; what a player adds to a bass stays near its chord's bass. *Held*: a longer
tone is let go and taken up anew, and whoever can hold breathes before each bar is over. *Beating*:
of two tones that sound together too near to each other the one that matters less, or the older one
of a line, is let go.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.clearing import in_the_way, longest_rub, sung
from engine.composers.score.parts.ensembles import HOLDING, Ensemble
from engine.composers.score.parts.touch import LAST_NOTE, Stroke
from engine.composers.score.writing.form import Bar, Harmony
from engine.composers.score.writing.voicing import BASS_LOW

_FLOORS = {"pad": 48, "figure": 55, "counter": 60, "colour": 60}
"""MIDI: where the band of a part begins."""
_FIRST = ("lead", "bass", "counter", "figure", "colour", "pad")
"""Who matters more."""
_LASTING = HOLDING | {
    "violin", "cello", "flute", "clarinet", "oboe", "saxophone", "trumpet", "horn", "voice",
    "synth lead",
}  # fmt: skip
"""Who sounds on for as long as a tone is held."""
_BREATH = 0.2
"""Seconds between two tones of one pitch by one of them."""
_SHORTEST = 0.75
"""Sixteenths: what would be shorter is left out."""
_AGAIN = 0.85
"""How hard a long tone is taken up anew."""


def folded(strokes: Sequence[Stroke], bar: Bar, lead: str) -> list[Stroke]:
    """The strokes without percussion where that is off, each part in its band, and nothing over the
    highest note. ``lead``: who sings; nobody doubles that higher."""
    gentle = bar.gentle
    if gentle is None:
        return list(strokes)
    made = []
    for stroke in strokes:
        if stroke.part == "drums":
            if gentle.percussion is None:
                made.append(stroke)
        elif stroke.part not in _FLOORS:
            made.append(stroke)
        elif stroke.part != "colour" or stroke.instrument != lead or not _placing(bar):
            made.append(_placed(stroke, bar))
    return made


def settled(strokes: Sequence[Stroke], bar: Bar, ensemble: Ensemble) -> list[Stroke]:
    """The same once room was made for the melody: within leaps again, nothing too near to what
    sounds with it, nothing held too long."""
    if bar.gentle is None:
        return list(strokes)
    if bar.kind == "final" and bar.gentle.shortens:
        whole = bar.length * 4 / bar.beat
        strokes = [stroke._replace(slots=whole - stroke.slot) for stroke in strokes]
    if _placing(bar):
        strokes = _again(strokes, bar, ensemble.voice.octave)
    if bar.gentle.leaps is not None:
        strokes = _near_its_bass(strokes, bar, bar.gentle.leaps)
    if bar.gentle.beating is not None:
        strokes = _apart(strokes, bar, bar.gentle.beating)
    if bar.gentle.held is not None:
        strokes = _let_go(strokes, bar, bar.gentle.held)
    swings = bar.gentle.shortens and bar.metre.pulse == 4
    swing = ensemble.style.swing if swings else 0.0
    return [_on_time(stroke, swing) for stroke in strokes]


def _on_time(stroke: Stroke, swing: float) -> Stroke:
    """A stroke that swings let go as early as if it did not."""
    if not swing or round(stroke.slot) % 4 != 2:
        return stroke
    return stroke._replace(slots=max(_SHORTEST, stroke.slots - swing))


def _placing(bar: Bar) -> bool:
    gentle = bar.gentle
    return gentle is not None and (gentle.leaps is not None or gentle.register is not None)


def _placed(stroke: Stroke, bar: Bar) -> Stroke:
    """The stroke in its part's band, as another tone of its chord where its own is not in it."""
    gentle = bar.gentle
    assert gentle is not None
    if gentle.leaps is None:
        over = 0 if gentle.register is None else max(0, stroke.pitch - gentle.register)
        return stroke._replace(pitch=stroke.pitch - 12 * -(-over // 12))
    floor = _FLOORS[stroke.part]
    band = range(floor, floor + gentle.leaps + 1)
    pcs = {stroke.pitch % 12, *_harmony(bar, stroke.slot).chord.pcs}
    tones = [p for p in band if p % 12 in pcs]
    return stroke._replace(pitch=min(tones, key=lambda p: (_round(p - stroke.pitch), p)))


def _round(interval: int) -> int:
    """How far apart two pitch classes are."""
    return min(interval % 12, -interval % 12)


def _again(strokes: Sequence[Stroke], bar: Bar, octave: int) -> list[Stroke]:
    """What was moved out of its band for the melody's sake, back in it, or left out where it would
    rub against the melody; no key struck twice at once."""
    melody = sung(bar.melody, octave)
    made: dict[tuple[str, int, int], Stroke] = {}
    for stroke in strokes:
        placed = _placed(stroke, bar) if stroke.part in _FLOORS else stroke
        end = placed.slot + placed.slots
        rubs = placed.pitch != stroke.pitch and any(
            in_the_way(placed.pitch, placed.slot, end, tone, 128, longest_rub(bar))
            for tone in melody
        )
        key = (placed.instrument, placed.pitch, round(placed.slot))
        if stroke.part == "drums":
            key = (placed.instrument, placed.pitch, 4 * len(made) + 1000)
        if not rubs and key not in made:
            made[key] = placed
    return list(made.values())


def _near_its_bass(strokes: Sequence[Stroke], bar: Bar, leaps: int) -> list[Stroke]:
    """The bass's strokes with what is added to the chords' basses on these where it would lie
    too far from another of the bar's tones, or from the bass that follows. Each bar begins on its
    chord's, which is in reach of the last one's; where that is not known yet nothing is added."""
    made = list(strokes)
    heard: list[int] = []
    since = 0.0
    following = [harmony.bass for harmony in (*bar.harmony, *bar.after[:1])]
    for place in sorted(
        (i for i, stroke in enumerate(strokes) if stroke.part == "bass"),
        key=lambda i: (strokes[i].slot, strokes[i].pitch),
    ):
        stroke = strokes[place]
        own = _harmony(bar, stroke.slot).bass
        pitch = stroke.pitch + (12 if stroke.pitch < BASS_LOW else 0)
        others = (*heard, *following)
        if not heard:
            since = stroke.slot + _SHORTEST
        unknown = stroke.slot < since or not bar.after
        if unknown or any(abs(pitch - other) > leaps for other in others):
            pitch = own
        heard.append(pitch)
        made[place] = stroke._replace(pitch=pitch)
    return _unlike(made)


def _unlike(strokes: Sequence[Stroke]) -> list[Stroke]:
    """The strokes without those of a bass that has the same key down already."""
    seen: set[tuple[str, int, int]] = set()
    made = []
    for stroke in strokes:
        key = (stroke.instrument, stroke.pitch, round(stroke.slot))
        if stroke.part != "bass" or key not in seen:
            made.append(stroke)
        if stroke.part == "bass":
            seen.add(key)
    return made


def _apart(strokes: Sequence[Stroke], bar: Bar, least: float) -> list[Stroke]:
    """The strokes with no two tones nearer than ``least`` bandwidths sounding together; nothing
    rings into the next bar, whose tones are not all known."""
    end = _length(bar)
    kept: list[Stroke] = []
    for one in sorted(
        (s for s in strokes if s.part != "drums"), key=lambda s: (_FIRST.index(s.part), s.slot)
    ):
        stroke: Stroke | None = one._replace(slots=min(one.slots, end - one.slot))
        for place, other in enumerate(kept):
            if stroke is None:
                break
            if _together(other, stroke) and _beats(other.pitch, stroke.pitch, least):
                kept[place], stroke = _parted(other, stroke)
        if stroke is not None and stroke.slots >= _SHORTEST:
            kept.append(stroke)
    return [*(s for s in strokes if s.part == "drums"), *kept]


def _together(one: Stroke, other: Stroke) -> bool:
    return one.slot < other.slot + other.slots and other.slot < one.slot + one.slots


def _parted(first: Stroke, later: Stroke) -> tuple[Stroke, Stroke | None]:
    """Two strokes that would beat, parted: ``first`` is of who matters more, or of the same part
    and begins no later."""
    if first.slot > later.slot:
        return first, later._replace(slots=first.slot - later.slot)
    if first.part == later.part and later.slot - first.slot >= _SHORTEST:
        return first._replace(slots=later.slot - first.slot), later
    return first, None


def _beats(one: int, other: int, least: float) -> bool:
    """Whether two pitches are too near to each other: nearer than ``least`` equivalent rectangular
    bandwidths, 24.7 (4.37 f + 1) Hz with f in kHz (Glasberg & Moore 1990, Hearing Research 47)."""
    if one == other:
        return False
    a, b = _hertz(one), _hertz(other)
    return abs(a - b) < least * 24.7 * (4.37 * (a + b) / 2000.0 + 1.0)


def _hertz(pitch: int) -> float:
    return float(440.0 * 2.0 ** ((pitch - 69) / 12.0))


def _let_go(strokes: Sequence[Stroke], bar: Bar, seconds: float) -> list[Stroke]:
    """The strokes with nothing held for longer than ``seconds``."""
    slot = bar.beat / (4 * SAMPLE_RATE)
    longest, breath = seconds / slot, _BREATH / slot
    ends = _length(bar) - breath
    last = (bar.length - LAST_NOTE) * 4 / bar.beat if bar.kind == "final" else ends
    made: list[Stroke] = []
    for stroke in _breathing(strokes, breath):
        if stroke.part == "drums":
            made.append(stroke)
            continue
        until = stroke.slot + stroke.slots
        if stroke.instrument in _LASTING:
            until = max(stroke.slot + _SHORTEST, min(until, ends))
        made += _pieces(stroke, until, longest, breath, last)
    return made


def _breathing(strokes: Sequence[Stroke], breath: float) -> list[Stroke]:
    """The strokes, those of one pitch by one who can hold apart by a ``breath``, in slots; what is
    struck again too soon for that is left out."""
    made: list[Stroke] = []
    for stroke in sorted(strokes, key=lambda s: (*_key(s), s.slot)):
        before = made[-1] if made else None
        if before is not None and _key(before) == _key(stroke) and stroke.instrument in _LASTING:
            room = stroke.slot - breath - before.slot
            if room < _SHORTEST:
                continue
            made[-1] = before._replace(slots=min(before.slots, room))
        made.append(stroke)
    return made


def _key(stroke: Stroke) -> tuple[str, int]:
    return stroke.instrument, stroke.pitch


def _pieces(
    stroke: Stroke, until: float, longest: float, breath: float, last: float
) -> list[Stroke]:
    """A tone that is held until a slot, taken up anew as often as it would be too long."""
    made = [stroke._replace(slots=min(longest, until - stroke.slot))]
    at = stroke.slot + longest + breath
    while at < min(last, until - _SHORTEST):
        slots = min(longest, until - at)
        made.append(stroke._replace(slot=at, slots=slots, accent=stroke.accent * _AGAIN))
        at += longest + breath
    return made


def _length(bar: Bar) -> float:
    """The bar's end in slots; the held last one is longer than its metre."""
    return bar.length * 4 / bar.beat if bar.kind == "final" else bar.metre.slots


def _harmony(bar: Bar, slot: float) -> Harmony:
    return [h for h in bar.harmony if h.slot <= slot + 0.5][-1]
