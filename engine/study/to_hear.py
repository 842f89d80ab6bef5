"""Which sessions of a study a listening list is made of, and what is one condition of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.errors import MusmedError
from engine.study.design import Design
from engine.study.folder import StudyFolder
from engine.study.gathering import table_of
from engine.study.listening.making import Candidate
from engine.study.table import FACTORS, Row

_ALWAYS = ("path", "seed")
_NONE = "no sound"
"""A file's name that no session has."""
_CHOICES = ("condition", "path", "listener", *FACTORS)


def candidates(
    folder: StudyFolder,
    design: Design,
    only: Mapping[str, str],
    *,
    by_path: bool,
) -> list[Candidate]:
    """The sessions that are done, have a sound, and have the values of ``only`` by column. A
    condition is the study's own; ``by_path``: with each path. The same music is there once in it.
    Where only paths differ, these are the conditions. Raises ``MusmedError`` where there are
    none."""
    rows = [row for row in table_of(folder, design).rows if _is(row, only)]
    if not rows:
        some = f" with {', '.join(f'{k}={v}' for k, v in only.items())}" if only else ""
        raise MusmedError(f"No session{some} is done in {folder.path}; 'musmed study run' goes on.")
    by_path = by_path or len({row.condition for row in rows}) == 1
    varied = [name for name in FACTORS if len({getattr(row, name) for row in rows}) > 1]
    different = {(row.condition, row.job): row for row in reversed(rows)}  # the first of each
    rows = [row for row in rows if different[row.condition, row.job] is row]
    found = [_candidate(folder, row, varied, by_path=by_path) for row in rows]
    lacking = [one for one in found if not one.file.is_file()]
    if gone := [one.file for one in lacking if one.file.name != _NONE]:
        raise MusmedError(
            f"{gone[0]} is not there any more; remove {gone[0].parent} and run the study again."
        )
    if lacking:
        raise MusmedError(
            f"{len(lacking)} of {len(found)} sessions have no sound to be heard; set sound = "
            '"flac" in the study file and run it again.'
        )
    return found


def parse_only(texts: Sequence[str]) -> dict[str, str]:
    """'composer=embedded' and the like. Raises ``MusmedError`` for a column there is not."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in _CHOICES:
            raise MusmedError(
                f"--only is COLUMN=VALUE with a column of the table, such as composer=embedded or "
                f"path='sad to calm', not {text!r}."
            )
        found[name] = value
    return found


def _is(row: Row, only: Mapping[str, str]) -> bool:
    return all(_said(row, name) == value for name, value in only.items())


def _candidate(folder: StudyFolder, row: Row, varied: Sequence[str], *, by_path: bool) -> Candidate:
    result = folder.result(row.job)
    sound = result.sound if result is not None else ""
    names = dict.fromkeys(("condition", *_ALWAYS, *varied))
    return Candidate(
        file=folder.job(row.job) / (sound or _NONE),
        session=str(row.session),
        condition=f"{row.condition}, {row.path}" if by_path else row.condition,
        factors={name: _said(row, name) for name in names},
    )


def _said(row: Row, name: str) -> str:
    value = getattr(row, name)
    return f"{value:g}" if isinstance(value, float) else str(value)
