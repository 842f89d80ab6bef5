"""Harmony under a melody: the chords of a phrase, found for what the melody does.

The cheapest way through a phrase (Viterbi over bars): chords of the mode that hold the melody's
heard tones, roots that move as they mostly do (by falling fifths and thirds, rising seconds:
Tymoczko 2011, *A Geometry of Music*, ch. 7, and Piston), an end that says what the mode says: a
half cadence, or the tonic after its dominant (Aldwell & Schachter, *Harmony and Voice Leading*).
Costs are whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.composers.score.dice import Dice
from engine.composers.score.writing.harmony import (
    AEOLIAN,
    DORIAN,
    IONIAN,
    LYDIAN,
    MIXOLYDIAN,
    NONE,
    PHRYGIAN,
    Chord,
    chord_on,
)
from engine.composers.score.writing.metre import Metre
from engine.composers.score.writing.tones import Tone

Melody = Sequence[tuple[Tone, ...]]
"""The melody of each bar of a phrase."""
_Costs = dict[str, tuple[int, float]]

_CHORDS: dict[int, _Costs] = {
    IONIAN: {"1": (0, 0), "4": (0, 0), "5": (0, 0), "6": (1, 0), "2": (1, 0), "3": (4, 0),
             "4m": (3, 0.33), "b7M": (4, 0.38), "b6M": (5, 0.45)},
    LYDIAN: {"1": (0, 0), "2": (0, 0), "5": (1, 0), "6": (2, 0), "3": (2, 0), "7": (5, 0)},
    MIXOLYDIAN: {"1": (0, 0), "7": (0, 0), "4": (0, 0), "2": (2, 0), "6": (2, 0), "5": (2, 0),
                 "5D": (2, 0.2), "4m": (4, 0.36)},
    DORIAN: {"1": (0, 0), "4": (0, 0), "7": (1, 0), "3": (1, 0), "5": (2, 0), "2": (3, 0),
             "5D": (2, 0.3)},
    AEOLIAN: {"1": (0, 0), "4": (0, 0), "6": (0, 0), "5D": (1, 0), "7": (2, 0), "3": (2, 0),
              "2h": (3, 0.3), "5": (4, 0), "b2M": (4, 0.5)},
    PHRYGIAN: {"1": (0, 0), "2": (0, 0), "7": (1, 0), "6": (1, 0), "4": (2, 0), "3": (3, 0)},
}  # fmt: skip
"""A mode's chords: what each costs in itself, and the tension it needs."""
_ROOTS = (4, 1, 3, 0, 1, 1, 3)
"""What it costs that the root rises by 0 to 6 steps."""
_OPEN: dict[int, dict[str, int]] = {
    IONIAN: {"5": 0, "4": 3, "6": 5},
    LYDIAN: {"2": 0, "5": 0},
    MIXOLYDIAN: {"7": 0, "5D": 1, "4": 1, "5": 2},
    DORIAN: {"4": 0, "5D": 1, "7": 1, "5": 2},
    AEOLIAN: {"5D": 0, "7": 3, "6": 4},
    PHRYGIAN: {"2": 0, "7": 1},
}
"""What an open phrase ends on."""
_CLOSERS: dict[int, dict[str, int]] = {
    IONIAN: {"5": 0, "4": 4},
    LYDIAN: {"5": 0, "2": 2},
    MIXOLYDIAN: {"5D": 1, "7": 0, "4": 1},
    DORIAN: {"5D": 1, "4": 1, "7": 1},
    AEOLIAN: {"5D": 0, "4": 5},
    PHRYGIAN: {"2": 0, "7": 1},
}
"""What the tonic at a closed phrase's end comes after."""
_FINAL: dict[int, str] = {
    IONIAN: "5", LYDIAN: "5", MIXOLYDIAN: "5D", DORIAN: "5D", AEOLIAN: "5D", PHRYGIAN: "2",
}  # fmt: skip
"""What the piece's last tonic comes after."""
_LED_TO = (0, 4, 5)
"""The degrees to which a dominant goes: home, on, or to the deceptive sixth."""
_ASTRAY = 6
_PREPARED = ("4", "2", "2h", "6", "1")
"""What may share the last bar but one with the dominant after it."""
_FAR = 60


def chords_under(  # noqa: PLR0917 - a phrase hangs on all of these
    melody: Melody,
    metre: Metre,
    before: Chord | None,
    tonic: int,
    mode: int,
    end: str,
    away: bool,
    tension: float,
    dice: Dice,
) -> list[tuple[str, ...]]:
    """The chord tokens (``harmony.chord_on``) of each bar, one or two. ``end``: 'open', 'closed' or
    'final'; ``before``: the chord before the phrase; ``away``: the phrase does not begin on the
    tonic."""
    pool = {
        token: own
        for token, (own, least) in _CHORDS[mode].items()
        if least <= tension or (end == "final" and token == _FINAL[mode])
    }
    plain = Dice("no sevenths")
    sets = {token: chord_on(tonic, mode, token, 0.0, plain) for token in pool}
    bars = len(melody)
    rows: list[dict[tuple[str, ...], tuple[int, tuple[str, ...]]]] = []
    for bar in range(bars):
        row: dict[tuple[str, ...], tuple[int, tuple[str, ...]]] = {}
        for option in _options(bar, bars, pool, mode, end):
            own = _own(option, melody[bar], metre, sets, pool) + dice.pick((0, 0, 1, 2, 3))
            own += _at_ends(option, bar, bars, mode, end, away)
            own += _stuck(option, melody, bar, metre, sets)
            if bar == 0:
                if leads_home(before, tonic):
                    own += _ASTRAY * (sets[option[0]].degree not in _LED_TO)
                row[option] = (own, ())
                continue
            row[option] = min(
                (
                    cost + own + _move(earlier[-1], option[0], sets, mode, bar == bars - 1, end),
                    earlier,
                )
                for earlier, (cost, _) in rows[-1].items()
            )
        rows.append(row)
    option = min(rows[-1], key=lambda o: (rows[-1][o][0], o))
    chosen = [option]
    for row in reversed(rows[1:]):
        option = row[option][1]
        chosen.append(option)
    return chosen[::-1]


_STUCK = 14


def _stuck(
    option: tuple[str, ...], melody: Melody, bar: int, metre: Metre, sets: dict[str, Chord]
) -> int:
    """What it costs that a chord's leading tone is the last that the melody sings over it, and does
    not go on to its tonic."""
    half, cost = half_of(metre), 0
    spans = [(0, metre.slots)] if len(option) == 1 else [(0, half), (half, metre.slots)]
    for token, (begin, end) in zip(option, spans, strict=True):
        rises = sets[token].rises
        over = [tone for tone in melody[bar] if begin <= tone.slot < end]
        if rises == NONE or not over or over[-1].pitch % 12 not in (rises, (rises - 1) % 12):
            continue
        rest = [t for t in melody[bar] if t.slot >= end]
        after = next((t for tones in (rest, *melody[bar + 1 :]) for t in tones), None)
        near = after is not None and abs(after.pitch - over[-1].pitch) <= 2
        home = after is not None and after.pitch % 12 == (rises + 1) % 12
        cost += 0 if near and home else _STUCK
    return cost


def leads_home(chord: Chord | None, tonic: int) -> bool:
    """Whether a chord is the dominant of a tonic's pitch class."""
    return chord is not None and chord.rises != NONE and chord.pcs[0] == (tonic + 7) % 12


def half_of(metre: Metre) -> int:
    """The slot at which a bar's second chord enters."""
    return 6 if metre.pulse == 6 else min(8, metre.slots - 4)


def _options(
    bar: int, bars: int, pool: dict[str, int], mode: int, end: str
) -> list[tuple[str, ...]]:
    made: list[tuple[str, ...]] = [(token,) for token in pool]
    if end != "open" and bar == bars - 2:
        closers = [token for token in _CLOSERS[mode] if token in pool]
        made += [(one, two) for one in _PREPARED for two in closers if one in pool and one != two]
    elif 0 < bar < bars - 1 or (end == "open" and bar == bars - 1 and bars > 2):
        seconds = [two for two in ("4", "5", "5D", "2", "7", "6") if two in pool]
        firsts = [one for one in ("6", "4", "2", "1") if one in pool]
        made += [(one, two) for one in firsts for two in seconds if one != two]
    return made


def _own(
    option: tuple[str, ...],
    tones: tuple[Tone, ...],
    metre: Metre,
    sets: dict[str, Chord],
    pool: dict[str, int],
) -> int:
    """What the chords of a bar cost: in themselves, and by the melody's tones they don't hold."""
    half, whole = half_of(metre), metre.slots
    spans = [(0, whole)] if len(option) == 1 else [(0, half), (half, whole)]
    cost = 2 * (len(option) - 1)
    for token, (begin, end) in zip(option, spans, strict=True):
        cost += pool[token] + misfit(tones, metre, begin, end, sets[token])
    return cost


def misfit(tones: Sequence[Tone], metre: Metre, begin: int, end: int, chord: Chord) -> int:
    """How ill the tones that sound within [begin, end) sit with a chord."""
    cost = 0
    for tone in tones:
        start, stop = max(begin, tone.slot), min(end, tone.slot + tone.length)
        if stop <= start or tone.pitch % 12 in chord.pcs:
            continue
        length = stop - start
        heard = metre.weight(tone.slot) if tone.slot >= begin else 3
        weight = (
            3
            if length >= 6
            else 2
            if length >= 4 or heard >= 2
            else 1
            if heard or length == 3
            else 0
        )
        if (tone.pitch + 1) % 12 in chord.pcs and (tone.pitch + 1) % 12 == chord.rises:
            continue  # it will be raised to the leading tone
        rub = (tone.pitch - 1) % 12 in chord.pcs
        cost += weight * (4 + 2 * rub)
    return cost


def _move(  # noqa: PLR0917
    one: str, two: str, sets: dict[str, Chord], mode: int, last: bool, end: str
) -> int:
    """What it costs to go from one chord to the next."""
    rise = (sets[two].degree - sets[one].degree) % 7
    cost = _ROOTS[rise]
    if last and end != "open":
        if end == "final":
            return cost + _FAR * (one != _FINAL[mode])
        return cost + _CLOSERS[mode].get(one, 9)
    # Without a leading tone a fifth degree is no dominant, and goes where it likes.
    leads = sets[one].degree == 4 and sets[one].rises != NONE
    return cost + _ASTRAY * (leads and sets[two].degree not in _LED_TO)


def _at_ends(  # noqa: PLR0917
    option: tuple[str, ...], bar: int, bars: int, mode: int, end: str, away: bool
) -> int:
    cost = 0
    if bar == 0:
        home = option[0] == "1"
        cost += 6 * home if away else (0 if home else 5 if option[0] in ("6", "4") else 9)
    if bar == bars - 1:
        if end == "open":
            cost += _OPEN[mode].get(option[-1], _FAR)
        else:
            cost += 0 if option == ("1",) else _FAR
    return cost
