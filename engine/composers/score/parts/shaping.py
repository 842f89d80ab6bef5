"""A bar's strokes with as many places and as many notes as are asked for.

A place is a sixteenth at which something begins. Places go first from where the metre is weak, and
what began there is taken to the nearest that stays, or left out; they come in the middle of the
widest gaps. Notes go first where they matter least (colour, inner voices, doublings) and come as
tones of the chord where fewest begin. The melody stays for as long as it can, so that what is asked
changes how a tune is set and not what it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.ensembles import HOLDING, Ensemble
from engine.composers.score.parts.touch import Stroke
from engine.composers.score.writing.form import Bar, Harmony
from engine.composers.score.writing.wish import Wish

_FASTEST = 9.0
"""Places a second at most: sixteenths at 135 BPM; faster ones would be heard as a blur."""
_THICKEST = 36.0
"""Notes a second: as many as there ever are where nothing is asked."""
_MATTERS = {"colour": 0.0, "counter": 1.0, "pad": 2.0, "figure": 2.5, "bass": 4.0, "lead": 9.0}
_CROWDED, _FULL = 4, 7
"""Notes at a place before others are sought, and at most."""
_TURN = (0, 2, 1, 3, 2, 1)
"""The order of a chord's voices in which places are filled."""
_ADDED, _TICKED = 0.5, 0.3
"""How hard an added note is struck, and an added beat of the drums."""
_GOLDEN = 0.6180339887
_FLOOR, _CEILING = 40, 84
"""MIDI: between them notes are added."""
_TICKS = {"soft": "shaker", "frame": "shaker", "heart": "shaker", "brushes": "brush"}


def shaped(strokes: Sequence[Stroke], bar: Bar, ensemble: Ensemble) -> list[Stroke]:
    """The strokes of a bar by its wish; as they are where that says nothing of them."""
    wish = bar.wish
    if wish is None or bar.kind == "final" or (wish.places is None and wish.density is None):
        return list(strokes)
    shape = _Shape(strokes, bar, ensemble, wish)
    if wish.places is not None:
        shape.to_places(_places(wish.places, bar))
    if wish.density is not None:
        shape.to_notes(_wanted(wish, bar))
    return shape.strokes


def topped(strokes: Sequence[Stroke], bar: Bar, ensemble: Ensemble) -> list[Stroke]:
    """The strokes of a bar with as many again as room for the melody has cost."""
    wish = bar.wish
    capped = bar.gentle is not None
    if wish is None or wish.density is None or bar.kind == "final" or capped:
        return list(strokes)
    shape = _Shape(strokes, bar, ensemble, wish)
    shape.fill_up(_wanted(wish, bar))
    return shape.strokes


def _wanted(wish: Wish, bar: Bar) -> int:
    """Notes of a bar by its density."""
    assert wish.density is not None
    density = min(wish.density, _THICKEST * bar.beat / SAMPLE_RATE)
    return max(1, _whole(density * bar.metre.slots / 4, bar.number))


def _places(share: float, bar: Bar) -> int:
    slots = bar.metre.slots
    fastest = _FASTEST * slots * bar.beat / (4 * SAMPLE_RATE)
    return max(1, min(slots, _whole(min(share * slots, fastest), bar.number)))


def _whole(number: float, bar: int) -> int:
    """A whole number that is so many on the average of bars."""
    return int(number + (bar * _GOLDEN) % 1.0)


class _Shape:
    """A bar being shaped."""

    def __init__(self, strokes: Sequence[Stroke], bar: Bar, ensemble: Ensemble, wish: Wish) -> None:
        self.strokes = list(strokes)
        self._bar, self._ensemble, self._wish = bar, ensemble, wish
        plucked = ensemble.plucked or ensemble.figure
        # Leaps are counted from tone to tone of these: where they are capped none is left out.
        capped = bar.gentle is not None and bar.gentle.leaps is not None
        self._led = frozenset(("lead", "bass")) if capped else frozenset()
        self._hand = plucked if ensemble.figure in HOLDING else ensemble.figure

    def to_places(self, count: int) -> None:
        """As many places as asked for."""
        present = {self._place(stroke) for stroke in self.strokes}
        if len(present) > count:
            ranked = sorted(present, key=lambda place: (-self._rank(place), place))
            fixed = {self._place(s) for s in self.strokes if s.part in self._led}
            self._gather(sorted({*ranked[: max(0, count - len(fixed))], *fixed}))
        elif len(present) < count:
            self._spread(present, count - len(present))

    def to_notes(self, count: int) -> None:
        """As many notes, drums aside, as asked for; at least one a place that is to stay."""
        notes = sum(stroke.part != "drums" for stroke in self.strokes)
        if notes > count:
            self._thin(notes - count)
        elif notes < count:
            self._thicken(count - notes)

    def fill_up(self, count: int) -> None:
        """At least as many notes as asked for, where there is room."""
        self._thicken(max(0, count - sum(stroke.part != "drums" for stroke in self.strokes)))

    def _place(self, stroke: Stroke) -> int:
        return min(self._bar.metre.slots - 1, int(stroke.slot + 0.5))

    def _rank(self, place: int) -> float:
        """How much a place matters."""
        here = [stroke for stroke in self.strokes if self._place(stroke) == place]
        rank = 4.0 * self._bar.metre.weight(place) + (place % 2 == 0) + 0.01 * len(here)
        rank += 5.0 * any(stroke.part == "lead" for stroke in here)
        rank += 4.0 * any(harmony.slot == place for harmony in self._bar.harmony)
        return rank + 30.0 * (place == 0)

    def _gather(self, kept: list[int]) -> None:
        """Only these places: what carries the chords, and a melody that would be silent, is taken
        to the nearest; the rest of what falls elsewhere is left out, and what was before it rings
        on."""
        sings = any(s.part == "lead" and self._place(s) in kept for s in self.strokes)
        made: list[Stroke] = []
        struck: set[tuple[str, int, int]] = set()
        gone: list[Stroke] = []
        for stroke in sorted(self.strokes, key=lambda s: (self._place(s) not in kept, s.slot)):
            place = self._place(stroke)
            if place not in kept:
                if not self._carries(stroke, sings=sings):
                    gone.append(stroke)
                    continue
                place = min(kept, key=lambda k: (abs(k - place), k))
            key = (stroke.instrument, stroke.pitch, place)
            if key in struck:
                continue
            struck.add(key)
            end = stroke.slot + stroke.slots
            slot = place + min(0.2, max(0.0, stroke.slot - int(stroke.slot + 0.5)))
            made.append(stroke._replace(slot=slot, slots=max(1.0, end - slot)))
        self.strokes = _ringing(made, gone)

    def _carries(self, stroke: Stroke, *, sings: bool) -> bool:
        if stroke.part == "lead":
            return not sings
        if stroke.part == "drums":
            return False
        chord = any(abs(harmony.slot - stroke.slot) < 1.6 for harmony in self._bar.harmony)
        return chord and stroke.part in ("bass", "pad", "figure", "counter")

    def _spread(self, present: set[int], count: int) -> None:
        """Something at so many further places, where the gaps are widest."""
        slots, taken = self._bar.metre.slots, set(present)
        notes = sum(stroke.part != "drums" for stroke in self.strokes)
        room = None
        gentle = self._bar.gentle
        drums = self._ensemble.kit and (gentle is None or gentle.percussion is None)
        if self._wish.density is not None and drums:
            room = int(self._wish.density * slots / 4) - notes
        for k in range(count):
            free = [slot for slot in range(slots) if slot not in taken]
            if not free:
                return
            place = max(free, key=lambda slot: (_gap(slot, taken, slots), slot % 2 == 0, -slot))
            taken.add(place)
            if room is not None and k >= room:
                name = _TICKS.get(self._ensemble.kit, "hat")
                self.strokes.append(Stroke("drums", name, place, 2.0, k % 4, _TICKED))
            else:
                self._add(place, k)

    def _thin(self, count: int) -> None:
        """Without so many notes, those that matter least first."""
        hold = self._wish.places is not None
        notes = [s for s in self.strokes if s.part != "drums" and s.part not in self._led]
        drums = Counter(self._place(s) for s in self.strokes if s.part == "drums")
        crowd = Counter(self._place(s) for s in self.strokes if s.part != "drums")
        gone: list[Stroke] = []

        def matters(stroke: Stroke) -> tuple[float, float]:
            place = self._place(stroke)
            alone = crowd[place] + (drums[place] if hold else 0) == 1
            weight = 0.3 * self._bar.metre.weight(place)
            chord = any(abs(h.slot - stroke.slot) < 1.1 for h in self._bar.harmony)
            worth = _MATTERS[stroke.part] + weight + 0.8 * chord - 0.4 * crowd[place]
            # A single line has a ground.
            stays = alone or (chord and stroke.part in ("bass", "lead"))
            return worth + (20.0 * stays if hold else 1.0 * alone), -stroke.slot

        while count and notes:
            least = min(notes, key=matters)
            if hold and matters(least)[0] > 15.0:
                break  # a single line is as few as there may be
            notes.remove(least)
            gone.append(least)
            crowd[self._place(least)] -= 1
            count -= 1
        kept = [s for s in self.strokes if s.part == "drums" or s.part in self._led] + notes
        self.strokes = _ringing(kept, gone)

    def _thicken(self, count: int) -> None:
        """With so many notes more: chords where fewest begin, then further places."""
        crowd = Counter(self._place(s) for s in self.strokes if s.part != "drums")
        limit = _CROWDED
        for k in range(4 * count):
            if not count:
                return
            places = [place for place, notes in crowd.items() if notes < limit]
            if not places:
                if self._wish.places is None and len(crowd) < self._most():
                    taken = set(crowd)
                    slots = self._bar.metre.slots
                    free = [slot for slot in range(slots) if slot not in taken]
                    places = [max(free, key=lambda s: (_gap(s, taken, slots), s % 2 == 0, -s))]
                elif limit < _FULL:
                    limit = _FULL
                    continue
                else:
                    return
            place = min(places, key=lambda p: (crowd[p], -self._bar.metre.weight(p), p))
            if self._add(place, k):
                count -= 1
                crowd[place] += 1
            else:
                crowd[place] = _FULL

    def _most(self) -> int:
        """Places that a bar may have."""
        return _places(1.0, self._bar)

    def _add(self, place: int, turn: int) -> bool:
        """A tone of the chord at a place, of those that nobody strikes there; False where there is
        none left."""
        bar = self._bar
        harmony = _at(bar, place)
        here = {s.pitch for s in self.strokes if self._place(s) == place}
        order = (*_TURN[turn % 6 :], *_TURN[: turn % 6])
        around = [harmony.voicing[i % len(harmony.voicing)] for i in order]
        sung = [t.pitch for t in bar.melody if t.slot <= place < t.slot + t.length]
        ceiling = min(_CEILING, *(pitch - 1 for pitch in sung)) if sung else _CEILING
        tones = (*around, *(p + 12 for p in around), *(p - 12 for p in around))
        free = [
            p
            for p in tones
            if max(_FLOOR, harmony.bass + 3) <= p <= ceiling
            and p not in here
            and not any(abs(p - other) in (1, 2) for other in here)
        ]
        if not free:
            return False
        ends = [h.slot for h in bar.harmony if h.slot > place] + [bar.metre.slots]
        length = min(4.0, ends[0] - place)
        aim = self._wish.pitch
        pitch = free[0] if aim is None else min(free, key=lambda p: abs(p - aim))
        self.strokes.append(Stroke("figure", self._hand, place, length, pitch, _ADDED))
        return True


def _gap(slot: int, taken: set[int], slots: int) -> int:
    """How far the nearest place on either side of a slot is, the bar's end being one."""
    ends = taken | {slots, 0} if taken else {0, slots}
    before = max((t for t in ends if t < slot), default=-slots)
    after = min((t for t in ends if t > slot), default=2 * slots)
    return min(slot - before, after - slot)


def _at(bar: Bar, slot: float) -> Harmony:
    return [h for h in bar.harmony if h.slot <= slot + 0.5][-1]


def _ringing(kept: Sequence[Stroke], gone: Sequence[Stroke]) -> list[Stroke]:
    """The strokes that stay, each held over those of its part that came after it and went."""
    made = []
    for stroke in kept:
        if stroke.part == "drums":
            made.append(stroke)
            continue
        same = [s for s in kept if s.part == stroke.part and s.slot > stroke.slot + 0.5]
        until = min((s.slot for s in same), default=float("inf"))
        ends = [
            s.slot + s.slots for s in gone if s.part == stroke.part and stroke.slot < s.slot < until
        ]
        end = min(until, max(ends, default=0.0))
        made.append(stroke._replace(slots=max(stroke.slots, end - stroke.slot)))
    return made
