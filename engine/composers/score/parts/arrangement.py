"""Bar and ensemble -> notes: who plays what, when, how loud and how bright."""

from __future__ import annotations

from engine.affect.path import Path
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts import percussion, voices
from engine.composers.score.parts.basses import BASSES
from engine.composers.score.parts.ensembles import HOLDING, Ensemble
from engine.composers.score.parts.figures import FIGURES, choice, held, offbeats, ring_out
from engine.composers.score.parts.fitting import fitted
from engine.composers.score.parts.reach import reached
from engine.composers.score.parts.takes import with_takes
from engine.composers.score.parts.touch import LAST_NOTE, LONGEST_NOTE, SEATS, Note, Seat
from engine.composers.score.parts.writer import Writer
from engine.composers.score.writing.form import Bar, Harmony
from engine.plan.general_midi import DRUMS

__all__ = ["LAST_NOTE", "LONGEST_NOTE", "SEATS", "Note", "Seat", "arrange"]

_AT_ONCE = 0.6
"""Energy above which the bass is there from the first bar on: aroused music does not steal in, and
the level does not have to be found anew when it enters."""
_DRIVEN = 0.42
"""Energy above which an ensemble's driving ostinato joins in."""
_LIFTED = 0.5
"""Energy below which glad music is given a step: from there on it has its own."""
_TWO = 0.75
"""How much of the gladdest music is sung by two."""
_SLOW_BASSES = {"cello", "warm pad"}
"""Basses that speak too slowly for eighths; then somebody who plucks has them."""
_DRUMS_FROM = 5 * SAMPLE_RATE
"""Frames from the session's start before which nobody drums."""


def arrange(bar: Bar, ensemble: Ensemble, path: Path) -> list[Note]:
    """The notes of ``bar``, sorted by onset.

    What is played depends on the bar and on the affect at its start; how loud and bright a note
    is, on the path's affect at its own onset.
    """
    if bar.gentle is not None and bar.gentle.beating is not None:
        ensemble = ensemble.raised  # a tenor would beat against its bass
    ensemble = reached(ensemble, bar)
    w = Writer(bar, ensemble, path)
    ends = [h.slot for h in bar.harmony[1:]] + [bar.metre.slots]
    full = w.layers.chance(0.8) or bar.phrase % 2 == 1 or bar.kind != "body"
    bass = ensemble.bass
    line = _line(w)
    figure = choice(w.section("figures"), ensemble.figures, w.period)
    near = bar.gentle is not None and bar.gentle.leaps is not None
    if figure == "nocturne" and (near or line == "throbbing"):
        figure = "broken"  # the left hand is busy, or may not span so far
    if figure == "nocturne" and bass == ensemble.figure and bar.kind != "final":
        bass = None  # the figure's own left hand
    for harmony, end in zip(bar.harmony, ends, strict=True):
        _figure(w, figure, harmony, end)
        voices.pad(w, harmony, end, full)
        if bass and (bar.number > 0 or w.energy > _AT_ONCE):
            BASSES[line](w, bass, harmony, end)
        if bass in _SLOW_BASSES and ensemble.plucked and _throbs(w):
            BASSES["throbbing"](w, ensemble.plucked, harmony, end)
    voices.lead(w)
    if _sung_by_two(w):
        voices.second(w)
    else:
        voices.counter(w)
    voices.canon(w)
    voices.answer(w)
    voices.fill(w)
    named = bar.wish is not None and DRUMS in bar.wish.instruments
    if (named or bar.start >= _DRUMS_FROM) and bar.kind != "final":
        percussion.play(w)
    return with_takes(fitted(sorted(w.played()), bar), bar.number)


def _line(w: Writer) -> str:
    """The bass line: the style's, or what the temper asks for."""
    own = w.ensemble.style.line
    if w.bar.kind == "final":
        return "plain"
    if not w.body:
        return own
    if _throbs(w) and w.ensemble.bass not in _SLOW_BASSES:
        return "throbbing"
    lifts = w.awake < _LIFTED and w.ensemble.bass not in HOLDING
    return "lifted" if lifts and w.takes("lift", w.temper.glad) else own


def _throbs(w: Writer) -> bool:
    return w.body and w.takes("throb", w.temper.tense)


def _sung_by_two(w: Writer) -> bool:
    """Whether the melody has a second voice in thirds and sixths."""
    return w.body and not w.bar.echo and w.takes("second", _TWO * w.temper.glad)


def _figure(w: Writer, pattern: str, harmony: Harmony, end: int) -> None:
    ensemble = w.ensemble
    name = ensemble.figure
    if w.bar.kind == "final":
        held(w, name, harmony, end)
        ring_out(w, ensemble.struck, harmony)
        return
    busy = ensemble.style.busy
    if busy and w.awake > 0.55:
        pattern, name = "ostinato", busy
    FIGURES[pattern](w, name, harmony, end)
    drive = ensemble.style.drive
    if drive and w.awake > _DRIVEN:
        FIGURES["ostinato"](w, drive, harmony, end)
    plucked = ensemble.plucked
    if plucked and w.awake < _LIFTED and w.body and w.temper.glad > 0.0:
        offbeats(w, plucked, harmony, end)
    if ensemble.style.glitter and w.bar.number > 1:
        pattern = "shimmer" if w.energy < 0.55 else "sequence"
        FIGURES[pattern](w, ensemble.style.glitter, harmony, end)
