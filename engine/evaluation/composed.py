"""The embedded composer's score as a ``Piece``, without sounding it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE
from engine.composers.score.parts.arrangement import Note, arrange
from engine.composers.score.parts.ensembles import ensemble_for
from engine.composers.score.writing.course import steady
from engine.composers.score.writing.form import Bar, first_state, next_bar
from engine.evaluation.notes import Piece, ScoreBar, ScoreNote
from engine.plan.spec import Tags

SOLO_PIANO = Tags("", "", "piano", "classical")


def still(affect: Affect) -> Path:
    """A path that stays where it is."""
    return Path((Waypoint(0.0, affect),))


def compose_bars(path: Path, seconds: float, seed: int) -> list[Bar]:
    """The bars of a session of ``seconds`` along ``path``."""
    course = steady(path, seed, seconds)
    state = first_state(course)
    bars: list[Bar] = []
    while not state.done:
        bar, state = next_bar(state, course)
        bars.append(bar)
    return bars


def as_piece(
    bars: Sequence[Bar], path: Path, tags: Tags, parts: str = "", pedal: bool = True
) -> Piece:
    """What an ensemble plays of ``bars``; with ``parts`` only the part of that name.

    Without ``pedal`` a note ends where its part's next one begins, as fingers would let go: other
    people's MIDI files hold keys, and what a pedal holds on is not in them.
    """
    ensemble = ensemble_for(tags)
    notes: list[ScoreNote] = []
    grid: list[ScoreBar] = []
    at = 0.0
    for bar in bars:
        length = bar.length / bar.beat
        grid.append(
            ScoreBar(
                at,
                length,
                bar.start / SAMPLE_RATE,
                (bar.start + bar.length) / SAMPLE_RATE,
                bar.metre.name,
            )
        )
        played = arrange(bar, ensemble, path)
        for note in played if pedal else _fingers(played):
            if note.part == "drums" or (parts and note.part != parts):
                continue
            start = at + (note.onset - bar.start) / bar.beat
            onset = note.onset / SAMPLE_RATE
            seconds = note.gate / SAMPLE_RATE
            end = start + note.gate / bar.beat
            notes.append(ScoreNote(start, end, note.pitch, onset, onset + seconds))
        at += length
    return Piece(tuple(sorted(notes)), tuple(grid))


def _fingers(notes: Sequence[Note]) -> list[Note]:
    """The notes, each let go when the next of its part (past a rolled chord) begins."""
    made = []
    for note in notes:
        later = [
            other.onset
            for other in notes
            if other.part == note.part and other.onset > note.onset + SAMPLE_RATE // 10
        ]
        gate = min([note.gate, *(onset - note.onset for onset in later)])
        made.append(note._replace(gate=gate))
    return made
