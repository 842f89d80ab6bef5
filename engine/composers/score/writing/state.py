"""The score state: what the next bar needs to know of the bars before it."""

from __future__ import annotations

import re

import msgspec

from engine.composers.score.writing.casting import Cast
from engine.composers.score.writing.harmony import Chord, Harmony
from engine.composers.score.writing.metre import METRES, Metre
from engine.composers.score.writing.sections import MOST_BARS, Section
from engine.composers.score.writing.telling import TURNED
from engine.composers.score.writing.tones import Tone
from engine.composers.score.writing.tune import TUNE_BARS, Tune
from engine.errors import MusmedError

STATE_VERSION = 3


class ScoreState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the score stands before a bar.

    ``frame``: session frame at which the bar starts, ``began`` that at which its section did (-1:
    not known, as in states from before it was kept). ``intro``: bars of introduction that are left.
    ``plan``: the ``section``-th section, None where the next bar begins one; ``section_bar``: the
    bar's place in it; ``before``: the character of the newest section, '' where the tune has not
    been told yet. ``tune`` and ``second`` are the session's two tunes. ``tonic`` is a pitch
    class, ``home`` the MIDI pitch of the tonic from which the phrase's melody counts, ``level`` of
    ``telling`` its detail (-1: not yet). ``phrase``, ``sung`` and ``echo`` are the harmony, the
    melody and what follows it in canon of the bars that are left of the phrase, as planned at its
    start. ``chord``, ``voicing``, ``bass`` and ``melody`` are what sounded last, ``cast`` who
    played it. ``done``: the final bar has been made.
    """

    version: int
    bar: int
    frame: int
    seed: int
    tempo: float
    metre: str
    mode: int
    tonic: int
    next_tonic: int
    intro: int
    section: int
    section_bar: int
    plan: Section | None
    before: str
    tune: Tune
    second: Tune
    level: int
    home: int
    phrase: tuple[tuple[Harmony, ...], ...]
    sung: tuple[tuple[Tone, ...], ...]
    echo: tuple[tuple[Tone, ...], ...]
    chord: Chord | None
    voicing: tuple[int, ...]
    bass: int
    melody: int
    cast: Cast
    done: bool = False
    began: int = -1

    @property
    def measure(self) -> Metre:
        """The metre itself."""
        return METRES[self.metre]


def phrase_at(section: Section, section_bar: int) -> tuple[int, int]:
    """(which phrase of the section, which bar of it) a bar of a section is."""
    for number, bars in enumerate(section.phrases):
        if section_bar < bars:
            return number, section_bar
        section_bar -= bars
    raise ValueError("the bar is not in the section")


def pack_state(state: ScoreState) -> bytes:
    """msgpack, about a KiB."""
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


def _sane_tones(tones: tuple[Tone, ...]) -> bool:
    return len(tones) <= 16 and all(
        0 <= t.slot < 16 and 1 <= t.length <= 16 and 0 <= t.pitch < 128 for t in tones
    )


def _sane_tune(tune: Tune) -> bool:
    return len(tune.bars) == len(tune.form) == TUNE_BARS and all(
        1 <= len(bar) <= 16
        and all(0 <= n.slot < 16 and 1 <= n.length <= 16 and abs(n.step) <= 35 for n in bar)
        for bar in tune.bars
    )


_HOW = re.compile(r"[a-z]{4,11}")


def _sane_section(section: Section | None, section_bar: int) -> bool:
    if section is None:
        return section_bar == 0
    return (
        0 <= section_bar <= len(section.bars) <= MOST_BARS
        and sum(section.phrases) == len(section.bars)
        and len(section.phrases) == len(section.ends)
        and all(1 <= bars <= 8 for bars in section.phrases)
        and all(
            0 <= p.whose <= 2 and 0 <= p.bar < TUNE_BARS and abs(p.shift) <= 14
            and _HOW.fullmatch(p.how) is not None
            for p in section.bars
        )
    )  # fmt: skip


def _sane(state: ScoreState) -> bool:
    pitches = (*state.voicing, state.bass, state.melody, state.home)
    return (
        0 <= state.frame < 2**40
        and -1 <= state.began <= state.frame
        and len(state.voicing) <= 8
        and 0 <= state.section < 2**20
        and state.bar >= 0
        and state.metre in METRES
        and 30.0 <= state.tempo <= 240.0
        and 1 <= state.mode <= 6
        and 0 <= state.tonic < 12
        and 0 <= state.next_tonic < 12
        and 0 <= state.intro <= 4
        and -1 <= state.level <= TURNED
        and (not state.before or _HOW.fullmatch(state.before) is not None)
        and _sane_section(state.plan, state.section_bar)
        and state.cast.sane
        and all(0 <= p < 128 for p in pitches)
        and len(state.phrase) == len(state.sung) == len(state.echo) <= 9
        and all(map(_sane_bar, state.phrase))
        and all(map(_sane_tones, (*state.sung, *state.echo)))
        and (state.chord is None or _sane_chord(state.chord))
        and _sane_tune(state.tune)
        and _sane_tune(state.second)
    )
