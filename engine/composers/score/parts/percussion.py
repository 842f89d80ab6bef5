"""Percussion: soft, and only as busy as the music."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from engine.composers.score.parts.writer import Writer

_SHAKE = (0.40, 0.24, 0.56, 0.28)
"""How hard a hand shakes or taps on each sixteenth of a beat."""
_ROLL = (0.44, 0.24, 0.30, 0.24, 0.52, 0.28)
"""The same in compound time."""


def play(w: Writer) -> None:
    """The strokes of a bar, if the ensemble has a kit and the music is awake enough."""
    kit = KITS.get(w.ensemble.kit)
    if kit is not None:
        kit(w)


def _strokes(  # noqa: PLR0917 - a stroke is these things
    w: Writer, name: str, slots: Iterable[int], accent: float, presence: float, take: int = 0
) -> None:
    for slot in slots:
        weight = accent * w.stress(slot, 1.0, 0.92, 0.92)
        if presence:
            pitch = take or (w.bar.number + slot // 2) % 4
            w.add("drums", name, slot, 2.0, pitch, weight * presence)


def _shaken(w: Writer, name: str, slots: Iterable[int], accent: float, presence: float) -> None:
    for slot in slots:
        if presence:
            take = (w.bar.number + slot) % 4
            hand = _SHAKE[slot % 4] if w.bar.metre.pulse == 4 else _ROLL[slot % 6]
            w.add("drums", name, slot, 2.0, take, accent * presence * hand * 2.0)


def _grid(w: Writer, calm: float, busy: float) -> Sequence[int]:
    """Off-beats, eighths or sixteenths, by energy."""
    return w.feel.between if w.energy < calm else _every(w, 2 if w.energy < busy else 1)


def _every(w: Writer, step: int) -> range:
    return range(0, w.slots, step)


def _beats(w: Writer) -> tuple[int, ...]:
    """The bar's beat and the other half's; in a waltz every other bar leans on its last beat."""
    waltz = w.bar.metre.name == "3/4"
    return (0,) if waltz and w.bar.phrase_bar % 2 == 0 else (0, w.feel.half)


def _calm(w: Writer) -> tuple[int, ...]:
    """Where a calm kick is: the bar's beat alone in four, a step of two in shorter bars."""
    return (0,) if w.slots == 16 else _beats(w)


def _opens(w: Writer) -> bool:
    return w.bar.opens_phrase


def _filling(w: Writer) -> bool:
    return w.body and w.bar.ends_phrase and w.energy > 0.5


def _fill(w: Writer, name: str, accent: float) -> None:
    """Three to six strokes into the next phrase, softer than what they lead to."""
    shapes = w.feel.fills
    shape = w.dice("fill").pick(shapes if w.bar.ends_period else shapes[:2])
    for k, slot in enumerate(shape):
        w.add("drums", name, slot, 2.0, 3 - k % 4, accent * (0.8 + 0.05 * k))


def soft(w: Writer) -> None:
    """Hands: a shaker, a small drum, a tap."""
    _shaken(w, "shaker", _grid(w, 0.4, 0.82), 0.5, w.presence(0.22))
    _strokes(w, "hand drum", _beats(w), 0.55, w.presence(0.3))
    slots = w.section("hands").pick(w.feel.drums)
    _strokes(w, "hand drum", slots, 0.42, w.presence(0.5), take=3)
    _strokes(w, "brush", w.feel.after, 0.48, w.presence(0.42))
    if _filling(w):
        _fill(w, "hand drum", 0.5)


def brushes(w: Writer) -> None:
    """Brushes drawn in circles and tapped; a ride and a feathered bass drum when it swings."""
    circles = _beats(w) if w.energy < 0.6 else w.feel.floor
    _strokes(w, "brush sweep", circles, 0.36, w.presence(0.12))
    _strokes(w, "brush", w.feel.after, 0.60, w.presence(0.25))
    _strokes(w, "brush", w.section("taps").pick(w.feel.taps), 0.36, w.presence(0.5))
    _strokes(w, "kick", _beats(w), 0.46, w.presence(0.35))
    _strokes(w, "ride", w.feel.ride, 0.38, w.presence(0.45))
    _strokes(w, "hat", w.feel.after[:1] if w.slots == 12 else w.feel.after, 0.40, w.presence(0.6))
    if _filling(w):
        _fill(w, "brush", 0.5)


def band(w: Writer) -> None:
    """Kick, rim or snare, hats."""
    kicks = w.section("kick").pick(w.feel.kicks)
    _strokes(w, "kick", kicks if w.energy > 0.5 else _beats(w), 0.80, w.presence(0.26))
    _strokes(w, "snare" if w.energy > 0.6 else "rim", w.feel.after, 0.62, w.presence(0.3))
    _shaken(w, "hat", _grid(w, 0.35, 0.9), 0.62, w.presence(0.22))
    if _opens(w) and w.body:
        _strokes(w, "ride", (0,), 0.62, w.presence(0.55))
    if _filling(w):
        _fill(w, "tom", 0.62)


def beat(w: Writer) -> None:
    """A slow beat that leans: half time when calm, sixteenths on the hat when not."""
    kicks = w.section("kick").pick(w.feel.slow_kicks)
    _strokes(w, "kick", kicks if w.energy > 0.45 else _calm(w), 0.80, w.presence(0.24))
    late = (w.feel.half,) if w.energy < 0.5 else w.feel.after
    _strokes(w, "rim", late, 0.66, w.presence(0.3))
    _shaken(w, "hat", _grid(w, 0.4, 0.68), 0.52, w.presence(0.28))
    _strokes(w, "open hat", w.feel.between[-1:], 0.34, w.presence(0.62))
    _shaken(w, "shaker", _every(w, 2), 0.34, w.presence(0.2))
    if _filling(w):
        _fill(w, "rim", 0.46)


def four(w: Writer) -> None:
    """A kick on every beat, open hats between, a soft snare."""
    _strokes(w, "kick", _beats(w) if w.energy < 0.45 else w.feel.floor, 0.82, w.presence(0.3))
    _strokes(w, "open hat", w.feel.between, 0.38, w.presence(0.5))
    _shaken(w, "hat", _every(w, 2 if w.energy < 0.72 else 1), 0.44, w.presence(0.36))
    _strokes(w, "snare", w.feel.after, 0.52, w.presence(0.52))
    _shaken(w, "shaker", _every(w, 1), 0.34, w.presence(0.78))
    if _filling(w):
        _fill(w, "snare", 0.42)


def frame(w: Writer) -> None:
    """A frame drum under dance tunes: the beat, then a rolling rhythm."""
    _strokes(w, "hand drum", _beats(w), 0.50, w.presence(0.58))
    slots = w.section("hands").pick(w.feel.rolls)
    _strokes(w, "hand drum", slots, 0.40, w.presence(0.74), take=3)
    if _filling(w) and w.energy > 0.74:
        _fill(w, "hand drum", 0.46)


def heart(w: Writer) -> None:
    """A heart that beats under pads: slow and felt, then with soft hats about it."""
    _strokes(w, "kick", _calm(w) if w.energy < 0.5 else _beats(w), 0.66, w.presence(0.36))
    _strokes(w, "kick", w.feel.after, 0.50, w.presence(0.74))
    _shaken(w, "shaker", _grid(w, 0.62, 0.8), 0.44, w.presence(0.56))
    _shaken(w, "hat", _every(w, 2), 0.36, w.presence(0.64))


def orchestral(w: Writer) -> None:
    """Drums of an orchestra: rare, at the joints of the form."""
    root = w.bar.harmony[0].bass
    _strokes(w, "timpani", (0,), 0.62, w.presence(0.55 if _opens(w) else 0.7), take=root)
    _strokes(w, "timpani", w.feel.pairs, 0.55, w.presence(0.75), take=root)
    if w.bar.opens_phrase and w.bar.phrase % 2 == 0 and w.body:
        _strokes(w, "ride", (0,), 0.50, w.presence(0.5))
    if w.body and w.bar.ends_period and w.energy > 0.6:
        for k, slot in enumerate(range(w.slots - 4, w.slots)):
            w.add("drums", "timpani", slot, 2.0, root, 0.36 + 0.05 * k)


KITS: dict[str, Callable[[Writer], None]] = {
    "soft": soft,
    "brushes": brushes,
    "band": band,
    "beat": beat,
    "four": four,
    "frame": frame,
    "heart": heart,
    "orchestral": orchestral,
}
