"""``musmed study report``: what a study came to, as a page, as lines, or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import __version__
from engine.errors import MusmedError
from engine.places import expanded, place_of
from engine.private import write_new
from musmed_tui.terminal.streams import remark, say_json, tell
from musmed_tui.terminal.table import print_table

if TYPE_CHECKING:
    from engine.study.listening.joined import Joined
    from engine.study.reported import Levels, Summary


def report_study(
    folder: str | None, output: str | None, *, listening: str | None, key: str | None, as_json: bool
) -> None:
    """Sum up the study in ``folder``, with the answers to the list in ``listening``. Raises
    ``MusmedError``."""
    from engine.study.folder import StudyFolder
    from engine.study.reported import summed_up

    if not folder:
        raise MusmedError("The folder is missing; name the one that 'musmed study run -o' made.")
    if listening is None and key is not None:
        raise MusmedError("--key goes with --list LIST, whose key it is.")
    place = StudyFolder(expanded(folder, "study").absolute())
    design = place.design()
    answers = None if listening is None else _answers(listening, key)
    found = summed_up(place, design, answers)
    if output is not None:
        _write(found, output)
    elif as_json:
        say_json(found)
    else:
        _print(found)


def _answers(listening: str, key: str | None) -> list[Joined]:
    from engine.study.listening.answers import read_all
    from engine.study.listening.joined import joined
    from engine.study.listening.key import key_path, read_key
    from engine.study.listening.sheet import read_list

    place = place_of(listening, "listening list")
    sheet = read_list(place)
    known = read_key(place_of(key, "key") if key else key_path(place), sheet.ident)
    return joined(read_all(place, sheet), known)


def _write(found: Summary, output: str) -> None:
    from engine.study.report_page import page

    path = place_of(output, "report")
    if path.suffix.lower() != ".html":
        raise MusmedError(f"A study's report is an .html file, not {path.name!r}.")
    try:
        write_new(path, page(found, f"musmed {__version__}, seed {found.seed}").encode())
    except FileExistsError as error:
        raise MusmedError(f"{path} is there already; name a new file.") from error
    except OSError as error:
        raise MusmedError(f"{path} can't be written ({error.strerror}).") from error
    tell(f"Wrote {path}; any browser shows it, and nothing is fetched.")


def _print(found: Summary) -> None:
    from engine.evaluation.drawing.markup import number, span
    from engine.study.report_page import counts_in_words
    from engine.study.report_words import name_of

    tell(f"{found.title}: {counts_in_words(found.counts)}")
    for reason, count in found.counts.reasons:
        remark(f"{count} failed: {reason}")
    for judged in found.judged:
        rows = [
            (
                name_of(row.figure),
                who.condition,
                number(row.mean),
                span(row.low, row.high),
                str(row.n),
                number(row.constant),
                number(row.another_path),
            )
            for who in judged.conditions
            for row in who.rows
        ]
        columns = ("figure", "condition", "mean", "95 %", "n", "stays", "other paths")
        print_table(f"Path following by {judged.judge.name}", columns, sorted(rows))
    listened = found.listened.levels if found.listened else ()
    for name, levels in (
        ("Listeners", listened),
        ("Levels", found.levels),
        ("Speeds", found.speeds),
    ):
        _print_levels(name, levels)
    tell("-o FILE.html has plots, chance and comparisons.")


def _print_levels(name: str, found: tuple[Levels, ...]) -> None:
    from engine.evaluation.drawing.markup import number, span
    from engine.study.report_words import name_of

    rows = [
        (
            name_of(one.figure),
            level.condition,
            number(level.mean),
            span(level.low, level.high),
            str(level.n),
        )
        for one in found
        for level in one.levels
    ]
    if rows:
        print_table(name, ("figure", "condition", "mean", "95 %", "n"), rows)
