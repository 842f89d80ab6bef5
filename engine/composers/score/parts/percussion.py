"""Percussion: soft, and only as busy as the music."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.composers.score.parts.writer import Writer

_SHAKE = (0.40, 0.24, 0.56, 0.28)
"""How hard a hand shakes or taps on each sixteenth of a beat."""


def play(w: Writer) -> None:
    """The strokes of a bar, if the ensemble has a kit and the music is awake enough."""
    kit = KITS.get(w.ensemble.kit)
    if kit is not None:
        kit(w)


def _strokes(  # noqa: PLR0917 - a stroke is these things
    w: Writer, name: str, slots: Iterable[int], accent: float, presence: float, take: int = 0
) -> None:
    for slot in slots:
        weight = accent * (1.0 if slot % 8 == 0 else 0.92)
        if presence:
            pitch = take or (w.bar.number + slot // 2) % 4
            w.add("drums", name, slot, 2.0, pitch, weight * presence)


def _shaken(w: Writer, name: str, slots: Iterable[int], accent: float, presence: float) -> None:
    for slot in slots:
        if presence:
            take = (w.bar.number + slot) % 4
            w.add("drums", name, slot, 2.0, take, accent * presence * _SHAKE[slot % 4] * 2.0)


def _grid(w: Writer, calm: float, busy: float) -> range:
    """Off-beats, eighths or sixteenths, by energy."""
    return range(2, 16, 4) if w.energy < calm else range(0, 16, 2 if w.energy < busy else 1)


def _opens(w: Writer) -> bool:
    return w.bar.opens_phrase


def _filling(w: Writer) -> bool:
    return w.body and w.bar.ends_phrase and w.energy > 0.5


def _fill(w: Writer, name: str, accent: float) -> None:
    """Three to six strokes into the next phrase, softer than what they lead to."""
    shapes = ((13, 14, 15), (12, 14, 15), (11, 12, 14, 15), (10, 12, 13, 14, 15))
    shape = w.dice("fill").pick(shapes if w.bar.ends_period else shapes[:2])
    for k, slot in enumerate(shape):
        w.add("drums", name, slot, 2.0, 3 - k % 4, accent * (0.8 + 0.05 * k))


def soft(w: Writer) -> None:
    """Hands: a shaker, a small drum, a tap."""
    _shaken(w, "shaker", _grid(w, 0.4, 0.82), 0.5, w.presence(0.22))
    _strokes(w, "hand drum", (0, 8), 0.55, w.presence(0.3))
    slots = w.section("hands").pick(((6, 11), (6, 14), (3, 10), (7, 14)))
    _strokes(w, "hand drum", slots, 0.42, w.presence(0.5), take=3)
    _strokes(w, "brush", (4, 12), 0.48, w.presence(0.42))
    if _filling(w):
        _fill(w, "hand drum", 0.5)


def brushes(w: Writer) -> None:
    """Brushes drawn in circles and tapped; a ride and a feathered bass drum when it swings."""
    _strokes(w, "brush sweep", (0, 8) if w.energy < 0.6 else (0, 4, 8, 12), 0.36, w.presence(0.12))
    _strokes(w, "brush", (4, 12), 0.60, w.presence(0.25))
    _strokes(
        w, "brush", w.section("taps").pick(((7, 14), (10, 15), (6, 11))), 0.36, w.presence(0.5)
    )
    _strokes(w, "kick", (0, 8), 0.46, w.presence(0.35))
    _strokes(w, "ride", (0, 4, 6, 8, 12, 14), 0.38, w.presence(0.45))
    _strokes(w, "hat", (4, 12), 0.40, w.presence(0.6))
    if _filling(w):
        _fill(w, "brush", 0.5)


def band(w: Writer) -> None:
    """Kick, rim or snare, hats."""
    kicks = w.section("kick").pick(((0, 8), (0, 6, 8), (0, 8, 10), (0, 7, 10)))
    _strokes(w, "kick", kicks if w.energy > 0.5 else (0, 8), 0.80, w.presence(0.26))
    _strokes(w, "snare" if w.energy > 0.6 else "rim", (4, 12), 0.62, w.presence(0.3))
    _shaken(w, "hat", _grid(w, 0.35, 0.9), 0.62, w.presence(0.22))
    if _opens(w) and w.body:
        _strokes(w, "ride", (0,), 0.62, w.presence(0.55))
    if _filling(w):
        _fill(w, "tom", 0.62)


def beat(w: Writer) -> None:
    """A slow beat that leans: half time when calm, sixteenths on the hat when not."""
    kicks = w.section("kick").pick(((0, 10), (0, 7, 10), (0, 3, 10), (0, 6, 11)))
    _strokes(w, "kick", kicks if w.energy > 0.45 else (0,), 0.80, w.presence(0.24))
    _strokes(w, "rim", (8,) if w.energy < 0.5 else (4, 12), 0.66, w.presence(0.3))
    _shaken(w, "hat", _grid(w, 0.4, 0.68), 0.52, w.presence(0.28))
    _strokes(w, "open hat", (14,), 0.34, w.presence(0.62))
    _shaken(w, "shaker", range(0, 16, 2), 0.34, w.presence(0.2))
    if _filling(w):
        _fill(w, "rim", 0.46)


def four(w: Writer) -> None:
    """Four to the floor, open hats between, a soft snare."""
    _strokes(w, "kick", (0, 8) if w.energy < 0.45 else (0, 4, 8, 12), 0.82, w.presence(0.3))
    _strokes(w, "open hat", (2, 6, 10, 14), 0.38, w.presence(0.5))
    _shaken(w, "hat", range(0, 16, 2 if w.energy < 0.72 else 1), 0.44, w.presence(0.36))
    _strokes(w, "snare", (4, 12), 0.52, w.presence(0.52))
    _shaken(w, "shaker", range(16), 0.34, w.presence(0.78))
    if _filling(w):
        _fill(w, "snare", 0.42)


def frame(w: Writer) -> None:
    """A frame drum under dance tunes: the beat, then a rolling rhythm."""
    _strokes(w, "hand drum", (0, 8), 0.50, w.presence(0.58))
    slots = w.section("hands").pick(((4, 6, 12, 14), (3, 6, 11, 14), (6, 10, 14)))
    _strokes(w, "hand drum", slots, 0.40, w.presence(0.74), take=3)
    if _filling(w) and w.energy > 0.74:
        _fill(w, "hand drum", 0.46)


def heart(w: Writer) -> None:
    """A heart that beats under pads: slow and felt, then with soft hats about it."""
    _strokes(w, "kick", (0,) if w.energy < 0.5 else (0, 8), 0.66, w.presence(0.36))
    _strokes(w, "kick", (4, 12), 0.50, w.presence(0.74))
    _shaken(w, "shaker", _grid(w, 0.62, 0.8), 0.44, w.presence(0.56))
    _shaken(w, "hat", range(0, 16, 2), 0.36, w.presence(0.64))


def orchestral(w: Writer) -> None:
    """Drums of an orchestra: rare, at the joints of the form."""
    root = w.bar.harmony[0].bass
    _strokes(w, "timpani", (0,), 0.62, w.presence(0.55 if _opens(w) else 0.7), take=root)
    _strokes(w, "timpani", (8, 14), 0.55, w.presence(0.75), take=root)
    if w.bar.opens_phrase and w.bar.phrase % 2 == 0 and w.body:
        _strokes(w, "ride", (0,), 0.50, w.presence(0.5))
    if w.body and w.bar.ends_period and w.energy > 0.6:
        for k, slot in enumerate(range(12, 16)):
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
