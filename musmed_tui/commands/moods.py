"""``musmed moods``: the tags and where they lie, and how several people come to a table of their
own (docs/affect.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import MusmedError
from engine.places import expanded
from engine.printable import visible
from musmed_tui.options import signed_table_of
from musmed_tui.paths import folders
from musmed_tui.settings import load_settings
from musmed_tui.terminal.streams import remark, say_json, tell, write_out
from musmed_tui.terminal.table import print_table

if TYPE_CHECKING:
    from engine.affect.mood_tables import SignedTable
    from engine.evaluation.mood_agreement import MoodAgreement
    from engine.evaluation.mood_sheets import Sheet

MOST_SHEETS = 100


def show_moods(*, as_json: bool) -> None:
    """Print the mood/theme tags as the table in force has them; a theme has no place on the plane.
    Raises ``MusmedError``."""
    from engine.affect.moods import OWN_TABLE, moods_of

    loaded = load_settings(folders().settings)
    table = signed_table_of(loaded)
    moods = moods_of(None if table is None else table.in_short())
    if as_json:
        say_json({"moods": moods, "table": OWN_TABLE if table is None else table.name})
        return
    rows = []
    for mood in moods:
        place = mood.affect
        spot = (f"{place.valence:+.2f}", f"{place.arousal:+.2f}") if place else ("", "")
        rows.append((mood.name, *spot, mood.source))
    print_table("Moods", ("mood", "valence", "arousal", "source"), rows)
    if table is not None:
        remark(f"{said_of(table)} It is set in {loaded.origins['mood_table']}.")


def said_of(table: SignedTable) -> str:
    """What is said of a table that is in force."""
    kappa = "" if table.kappa is None else f" (kappa {table.kappa:.2f})"
    return (
        f"The mood table is {table.name!r}, by {table.raters} raters{kappa}, signed off by "
        f"{table.signed} on {table.date}."
    )


def export_sheet(file: str | None) -> None:
    """Write an empty sheet to the new ``file``, or to standard output. Raises ``MusmedError``."""
    from engine.affect.mood_tables import write_new
    from engine.evaluation.mood_sheets import empty_sheet

    sheet = empty_sheet()
    if file is None or file == "-":
        write_out(sheet)
        return
    path = expanded(file, "sheet")
    write_new(path, sheet.encode())
    tell(
        f"Wrote {visible(str(path))}; each rater fills in a copy of it, then 'musmed moods agree'."
    )


def agree(
    sheets: Sequence[str],
    seed: int,
    *,
    output: str | None,
    name: str | None,
    signed: str | None,
    settle: str | None,
    as_json: bool,
) -> None:
    """Print how far the ``sheets`` agree, and write the table to the new file ``output``, called
    ``name`` and ``signed`` off, the sheet ``settle`` deciding what has no majority. Raises
    ``MusmedError``."""
    from engine.evaluation.mood_agreement import agreed
    from engine.evaluation.mood_sheets import read_sheet

    if output is None and (name or signed or settle):
        raise MusmedError("--name, --signed and --settle are for a table; say where with -o TABLE.")
    filled = [read_sheet(path) for path in _paths(sheets)]
    ties = None if settle is None else read_sheet(expanded(settle, "sheet"), whole=False)
    found = agreed(filled, seed)
    path = None
    if output is not None:
        path = expanded(output, "mood table")
        _write(path, filled, ties, _head(found, name, signed))
    if as_json:
        say_json({"agreement": found, "table": None if path is None else str(path)})
        return
    _print(found)
    if path is not None:
        tell(f"Wrote {visible(str(path))}; mood_table in your settings puts it in force.")


def _paths(sheets: Sequence[str]) -> list[Path]:
    if not sheets:
        raise MusmedError("The sheets are missing; say musmed moods agree SHEET SHEET...")
    if len(sheets) > MOST_SHEETS:
        raise MusmedError(f"{len(sheets)} sheets are too many; name at most {MOST_SHEETS}.")
    paths = [expanded(sheet, "sheet") for sheet in sheets]
    for number, path in enumerate(paths):
        if any(_same(path, other) for other in paths[:number]):
            raise MusmedError(f"{path} is named twice; name every rater's sheet once.")
    return paths


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return one == other  # reading it will say what is wrong


class _Head(NamedTuple):
    """What a table says of itself."""

    name: str
    signed: str
    kappa: float | None


def _head(found: MoodAgreement, name: str | None, signed: str | None) -> _Head:
    if name is None or signed is None:
        lacks = "--name" if name is None else "--signed"
        raise MusmedError(f"A table wants a name and who signs it off; {lacks} is missing.")
    return _Head(name, signed, found.kappa)


def _write(path: Path, sheets: Sequence[Sheet], ties: Sheet | None, head: _Head) -> None:
    """The table, whole or not at all."""
    import msgspec

    from engine.affect.mood_tables import FORMAT, SignedTable, check_table_path, write_new
    from engine.evaluation.mood_settling import overruled, settled, sharing

    check_table_path(path)
    tags = settled(sheets, ties)
    try:
        table = SignedTable(
            format=FORMAT,
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            raters=len(sheets),
            tags=tags,
            **head._asdict(),
        )
    except ValueError as error:
        raise MusmedError(f"No table is written: {error}.") from error
    write_new(path, msgspec.json.format(msgspec.json.encode(table), indent=2) + b"\n")
    if ties is not None and (others := overruled(sheets, ties)):
        remark(f"The majority stands against {ties.name} on {', '.join(others)}.")
    if crowd := sharing(tags):
        remark(
            f"{len(crowd)} moods share a place with one before them, so no clip is called so "
            f"({', '.join(crowd)}); valence and arousal in the sheets tell them apart."
        )


# what is printed


def _print(found: MoodAgreement) -> None:
    rows = [
        ("these sheets", _number(found.kappa), _range(found.low, found.high)),
        ("by chance", _number(found.chance), _range(found.chance_low, found.chance_high)),
        ("the paper's three", f"{found.paper_kappa:.4f}", ""),
    ]
    title = f"Fleiss' kappa of {len(found.raters)} raters over {found.tags} tags"
    print_table(title, ("of", "kappa", "95 %"), rows)
    print_table(
        "By category",
        ("category", "share", "again", "kappa"),
        [
            (row.category.value, f"{row.share:.2f}", _number(row.again), _number(row.kappa))
            for row in found.categories
        ],
    )
    if found.disagreements:
        print_table(
            "Divided, the most first",
            ("tag", "agreement", "votes"),
            [
                (
                    one.tag,
                    f"{one.agreement:.2f}",
                    ", ".join(f"{len(vote.raters)} {vote.category.value}" for vote in one.votes),
                )
                for one in found.disagreements
            ],
        )
    if found.differences:
        print_table(
            "Elsewhere than in musmed's own table",
            ("tag", "majority", "musmed"),
            [(one.tag, one.majority.value, one.musmed.value) for one in found.differences],
        )
    remark(
        "again: how often another rater gives the answer too, where one has given it. The paper's "
        "three (arXiv 2411.09080) answered another question, with other categories."
    )
    if found.undecided:
        remark(f"Without a majority: {', '.join(found.undecided)}.")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None else f"{_number(low)} to {_number(high)}"
