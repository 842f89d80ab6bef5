"""What ``musmed evaluate`` found, as tables: every figure with its interval, n and chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from engine.evaluation.wording import WORDS
from engine.printable import one_line
from musmed_tui.terminal.streams import remark, write_out
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import look_at_terminal
from musmed_tui.wording import clock

if TYPE_CHECKING:
    from engine.evaluation.likeness import Likeness, Nearest
    from engine.evaluation.results import Estimate, Evaluation, Following, JudgeRecord, Tagging

EACH = ("arousal_r", "valence_r", "way", "end_error")
ESTIMATES = ("figure", "value", "95 %", "by chance", "chance 95 %", "nothing said")


def print_evaluation(found: Evaluation) -> None:
    """All of it; what judges are worth and what was odd goes to standard error."""
    for followed in found.following:
        _print_following(followed)
    for told in found.tagging:
        _print_tagging(told)
    for heard in found.affect:
        of = f"{heard.clips} clips, {heard.sounds} sounds"
        _print_estimates(f"Prompted affect, by {_named(heard.judge)}: {of}", heard.rows)
    for match in found.matches:
        of = f"{match.clips} clips, {match.sounds} sounds"
        _print_estimates(f"{_named(match.judge)}: {of}", (match.score,))
    for far in found.distances:
        of = f"{far.windows} windows, {far.reference_windows} of the reference"
        _print_estimates(f"{_named(far.judge)}: {of}", far.rows)
    if found.likeness is not None:
        _print_likeness(found.likeness)
    if found.readings:
        rows = [
            (one.file, one.judge, str(one.windows), _number(one.valence), _number(one.arousal))
            for one in found.readings
        ]
        columns = ("sound", "judge", "windows", "valence", "arousal")
        _print("Heard, without a path or a prompt to compare with", columns, rows)
    for said in (*found.remarks, *_domains(found)):
        remark(said)


def _print_following(found: Following) -> None:
    rows = [
        (
            WORDS[row.figure],
            _number(row.mean),
            _range(row.low, row.high),
            str(row.n),
            _range(row.shuffled_low, row.shuffled_high),
            _number(row.another_path),
            _number(row.constant),
        )
        for row in found.rows
    ]
    columns = ("figure", "mean", "95 %", "n", "shuffled", "other path", "constant")
    _print(f"Following the path, by {_named(found.judge)}", columns, rows)
    if len(found.sessions) > 1:
        each = [
            (one.file, str(one.windows), *(_number(one.figures[name]) for name in EACH))
            for one in found.sessions
        ]
        _print("Each", ("session", "windows", *(WORDS[name] for name in EACH)), each)


def _print_tagging(found: Tagging) -> None:
    of = f"{found.clips} clips, {found.sounds} sounds, {len(found.moods)} moods"
    _print_estimates(f"Prompted moods, by {_named(found.judge)}: {of}", found.rows)
    if len(found.moods) > 2:
        rows = [
            (one.mood, str(one.clips), _number(one.average_precision), _number(one.chance))
            for one in sorted(found.moods, key=lambda one: -one.average_precision)
        ]
        _print("Each mood", ("mood", "clips", "average precision", "by chance"), rows)


def _print_estimates(title: str, found: Iterable[Estimate]) -> None:
    rows = [
        (
            one.figure,
            _number(one.value, 3),
            _range(one.low, one.high, 3),
            _number(one.chance, 3),
            _range(one.chance_low, one.chance_high, 3),
            _number(one.nothing, 3),
        )
        for one in found
    ]
    _print(title, ESTIMATES, rows, spare=("nothing said",))


def _print_likeness(found: Likeness) -> None:
    rows = [
        (
            row.measure,
            str(row.n),
            _number(row.most),
            "" if row.share is None else f"{row.share:.0%}",
            "" if row.expected is None else f"{row.expected:.0%}",
            _number(row.median),
            _number(row.q99),
        )
        for row in found.rows
    ]
    columns = ("by", "pieces", "likest", "beyond", "by chance", "unrelated", "their 99 %")
    _print(f"Likeness to {found.tracks} reference tracks", columns, rows)
    near = [
        (piece.file, clock(piece.start), hit)
        for piece in found.pieces
        for hit in (piece.chroma, piece.embedding)
        if hit is not None and hit.beyond
    ]
    if near:
        shown = ("piece", "from", "like", "at", "semitones", "similarity")
        _print("Beyond chance", shown, [_hit(*one) for one in near])


def _print(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    spare: Sequence[str] = (),
) -> None:
    """A table whose title says who judged, so it stands behind a pipe, too: as a comment."""
    if not look_at_terminal(plain=False).live:
        write_out(f"# {one_line(title)}\n")
    print_table(title, columns, rows, spare=spare)


def _hit(file: str, start: str, hit: Nearest) -> Sequence[str]:
    semitones = "" if hit.semitones is None else f"{hit.semitones:+d}"
    return file, start, hit.track, clock(hit.at), semitones, _number(hit.similarity)


def _domains(found: Evaluation) -> Iterable[str]:
    """What each judge's figures are good for, and its licence, once."""
    judges: list[JudgeRecord] = [
        *(one.judge for one in found.following),
        *(one.judge for one in found.tagging),
        *(one.judge for one in found.affect),
        *(one.judge for one in found.matches),
        *(one.judge for one in found.distances),
    ]
    return dict.fromkeys(f"{_named(one)}: {one.domain} ({one.licence})" for one in judges)


def _named(judge: JudgeRecord) -> str:
    return f"{judge.name} {judge.version}"


def _number(value: float | None, places: int = 2) -> str:
    text = "" if value is None else f"{value:.{places}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def _range(low: float | None, high: float | None, places: int = 2) -> str:
    return "" if low is None else f"{_number(low, places)} to {_number(high, places)}"
