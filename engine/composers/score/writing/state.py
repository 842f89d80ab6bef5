"""The score state: what the next bar needs to know of the bars before it."""

from __future__ import annotations

import re

import msgspec

from engine.composers.score.writing.harmony import Chord, Harmony
from engine.composers.score.writing.motifs import Motif
from engine.errors import MusmedError

STATE_VERSION = 3


class ScoreState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the score stands before a bar.

    ``frame``: session frame at which the bar starts. ``phrase_bar`` 0-7 within the period (two
    four-bar phrases; negative during the introduction), ``section_bar`` 0-15. ``tonic`` is a
    pitch class, ``choices`` the section's picks of progressions (one for each of its phrases) in
    [0, 1). ``phrase`` is the harmony of the bars that are left of the phrase, as planned at its
    start, ``opening`` the tokens of the period's first two bars. ``chord``, ``voicing``, ``bass``
    and ``melody`` are what sounded last. ``closing`` 0, or 1-3 in the two bars before the final
    bar and in it; ``done``: the final bar has been made.
    """

    version: int
    bar: int
    frame: int
    seed: int
    tempo: float
    mode: int
    tonic: int
    next_tonic: int
    phrase_bar: int
    section_bar: int
    section: int
    theme: Motif
    second: Motif
    choices: tuple[float, float, float, float]
    phrase: tuple[tuple[Harmony, ...], ...]
    opening: tuple[str, ...]
    chord: Chord | None
    voicing: tuple[int, ...]
    bass: int
    melody: int
    closing: int = 0
    done: bool = False


def pack_state(state: ScoreState) -> bytes:
    """msgpack, under a KiB."""
    return msgspec.msgpack.encode(state)


def unpack_state(data: bytes) -> ScoreState:
    """Raises ``MusmedError`` for bytes that are not a state of this version."""
    try:
        state = msgspec.msgpack.decode(data, type=ScoreState)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MusmedError("The stored state of the embedded composer is damaged.") from error
    if state.version != STATE_VERSION or not _sane(state):
        raise MusmedError("The stored state of the embedded composer is of no use.")
    return state


_TOKENS = re.compile(r"[b#]?[1-7][DMmoh]?(,[b#]?[1-7][DMmoh]?)?")


def _sane_chord(chord: Chord) -> bool:
    return (
        3 <= len(chord.pcs) <= 5
        and all(0 <= pc < 12 for pc in chord.pcs)
        and 0 <= chord.degree < 7
        and -1 <= chord.falls < 12
        and -1 <= chord.rises < 12
    )


def _sane_bar(bar: tuple[Harmony, ...]) -> bool:
    return (
        1 <= len(bar) <= 4
        and bar[0].slot == 0
        and all(0 <= harmony.slot < 16 and _sane_chord(harmony.chord) for harmony in bar)
        and all(len(harmony.voicing) == 4 for harmony in bar)
        and all(0 <= p < 128 for harmony in bar for p in (*harmony.voicing, harmony.bass))
    )


def _sane(state: ScoreState) -> bool:
    pitches = (*state.voicing, state.bass, state.melody)
    motifs = (state.theme, state.second)
    return (
        0 <= state.frame < 2**40
        and len(state.voicing) <= 8
        and 0 <= state.section < 2**20
        and state.bar >= 0
        and 30.0 <= state.tempo <= 240.0
        and 1 <= state.mode <= 6
        and 0 <= state.tonic < 12
        and 0 <= state.closing <= 3
        and 0 <= state.next_tonic < 12
        and -4 <= state.phrase_bar < 8
        and 0 <= state.section_bar < 16
        and all(0 <= p < 128 for p in pitches)
        and all(0.0 <= c < 1.0 for c in state.choices)
        and len(state.phrase) <= 4
        and all(_sane_bar(bar) for bar in state.phrase)
        and (state.chord is None or _sane_chord(state.chord))
        and len(state.opening) <= 2
        and all(_TOKENS.fullmatch(tokens) for tokens in state.opening)
        and all(sorted(m.order) == list(range(16)) and len(m.contour) == 16 for m in motifs)
    )
