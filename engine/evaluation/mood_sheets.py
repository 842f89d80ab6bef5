"""The sheet in which a person says where the mood tags lie: written empty, read filled in.

A sheet is a table as spreadsheets save it (CSV): one row for each of the 56 tags, the answer (a
``Category``) and, where the rater likes, an exact place. musmed's own placement is not in it. What
spreadsheets do to such a file on the way is taken as it comes: semicolons or tabs, a mark at the
beginning, any line ends, rows in another order, empty rows, quotes, decimal commas, capitals.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from engine.affect.categories import MIDDLE_RADIUS, Category, fits
from engine.affect.circumplex import Affect
from engine.affect.moods import MOODS, mood
from engine.errors import MusmedError, UnknownWordError
from engine.places import open_file
from engine.printable import one_line

MAX_BYTES = 256 * 1024
MAX_ROWS = 2_000
MAX_NOTE = 500
MAX_ANSWER = 60
QUESTION = f"answer ({' / '.join(category.value for category in Category)})"
HEADER = ("tag", QUESTION, "valence (-1 to 1 or empty)", "arousal (-1 to 1 or empty)", "note")
HELP = (
    "The question for every tag: how does music feel that is tagged so?",
    "pleasant or unpleasant: how it feels. high or low: how much energy it has.",
    "Of what lies on a border take the nearer side.",
    "middle: it has a feeling, and leans to no side.",
    "none: it says nothing of a feeling (what music is for, its form, its sound).",
    "Every tag wants an answer. Answer alone, before you talk to the other raters.",
    "valence and arousal: only if you have an exact place in mind; both or neither.",
    "note: whatever you want to say. Keep the file's form: CSV in UTF-8.",
)
"""Beside the first rows, in a column of its own."""
_WANTED = ("tag", "answer")
_KNOWN = (*_WANTED, "valence", "arousal", "note")
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:[.,]\d{0,20})?|[.,]\d{1,20})")
_LEFT_OUT = {"energy", "the"}
_SHOWN = 40


class Answer(msgspec.Struct, frozen=True):
    """What one person says of one tag; ``place`` fits the category (``fits``), or is None."""

    category: Category
    place: Affect | None = None
    note: str = ""


class Sheet(msgspec.Struct, frozen=True):
    """What one person says. ``name``: the file's."""

    name: str
    answers: Mapping[str, Answer]


def empty_sheet() -> str:
    """A sheet to be filled in, as CSV with commas."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow((*HEADER, "help"))
    for number, tag in enumerate(MOODS):
        rows.writerow((tag.name, "", "", "", "", HELP[number] if number < len(HELP) else ""))
    return text.getvalue()


def read_sheet(path: Path, *, whole: bool = True) -> Sheet:
    """The filled-in sheet at ``path``. ``whole``: every tag wants an answer; otherwise what has
    none is left out.

    Raises ``MusmedError`` naming file and row: for what can't be read or is no such sheet, a tag
    that is missing, unknown or there twice, an answer that is none or does not fit its place.
    """
    rows = _rows(path, _text(path))
    header = next(rows, (1, []))[1]
    columns = _columns(path, header)
    answers: dict[str, Answer] = {}
    places: dict[str, int] = {}
    empty: list[tuple[int, str]] = []
    for number, row in rows:
        where = f"{path}, row {number}"
        if any(cell.strip() for cell in row[len(header) :]):
            raise MusmedError(
                f"{where} has more cells than there are columns; put what has a separator in it "
                "between quotes."
            )
        cells = {n: row[at].strip() if at < len(row) else "" for n, at in columns.items()}
        tag = _tag(where, cells["tag"])
        if tag in places:
            raise MusmedError(
                f"{where}: {tag!r} has a row already, row {places[tag]}; remove one of them."
            )
        places[tag] = number
        answer = _answer(where, tag, cells)
        if answer is None:
            empty.append((number, tag))
        else:
            answers[tag] = answer
    if whole:
        _check_whole(path, places, empty)
    return Sheet(path.name, answers)


def _check_whole(path: Path, places: Mapping[str, int], empty: Sequence[tuple[int, str]]) -> None:
    if empty:
        number, tag = empty[0]
        more = f", and {len(empty) - 1} more" if len(empty) > 1 else ""
        raise MusmedError(
            f"{path}, row {number}: {tag!r} has no answer{more}; every tag wants one "
            f"({_categories()})."
        )
    missing = [one.name for one in MOODS if one.name not in places]
    if missing:
        raise MusmedError(
            f"{path} has no row for {_list(missing)}; 'musmed moods export' writes a whole sheet."
        )


# the file


def _text(path: Path) -> str:
    try:
        with open_file(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise MusmedError(f"The sheet {path} can't be read ({error.strerror}).") from error
    if len(data) > MAX_BYTES:
        raise MusmedError(
            f"{path} is over {MAX_BYTES // 1024} KiB, which no sheet of moods is; name the sheet."
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise MusmedError(
            f"{path} is not UTF-8 text at line {line}; save the sheet as 'CSV UTF-8' and name that."
        ) from error
    if "\0" in text:
        raise MusmedError(f"{path} is no CSV; save the sheet as 'CSV UTF-8' and name that.")
    return text


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that have something in them, numbered as a spreadsheet numbers them. Raises
    ``MusmedError`` for what is no CSV."""
    head, _, rest = text.lstrip().partition("\n")
    if re.fullmatch(r"sep=.\r?", head, re.IGNORECASE):  # how some programs name their separator
        text, head = rest, rest.lstrip().partition("\n")[0]
    separator = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, row in enumerate(rows, 1):
            if number > MAX_ROWS:
                raise MusmedError(f"{path} has over {MAX_ROWS} rows; name the sheet of moods.")
            if any(cell.strip() for cell in row):
                yield number, row
    except csv.Error as error:
        raise MusmedError(
            f"{path} is no CSV at line {rows.line_num} ({error}); save the sheet as 'CSV UTF-8' "
            "and name that."
        ) from error


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Where the columns are, by the first word of what stands above them."""
    found: dict[str, int] = {}
    for at, cell in enumerate(header):
        words = re.findall(r"[a-z]+", cell.casefold())
        name = words[0] if words else ""
        if name in found:
            raise MusmedError(f"{path} has two columns called {name!r}; remove one of them.")
        if name in _KNOWN:
            found[name] = at
    for name in _WANTED:
        if name not in found:
            raise MusmedError(
                f"{path} is no sheet of moods: it has no column {name!r}; 'musmed moods export' "
                "writes one."
            )
    return found


# the cells


def _tag(where: str, text: str) -> str:
    if not text:
        raise MusmedError(f"{where} has no tag; write it, or empty the row.")
    try:
        return mood(" ".join(text.split())[:_SHOWN]).name
    except UnknownWordError as error:
        raise MusmedError(f"{where}: {error}") from error


def _answer(where: str, tag: str, cells: Mapping[str, str]) -> Answer | None:
    """None where there is neither an answer nor a place."""
    place = _place(where, tag, cells)
    category = _category(where, tag, cells["answer"])
    note = one_line(cells.get("note", ""), MAX_NOTE)
    if category is None:
        if place is not None:
            raise MusmedError(
                f"{where}: {tag!r} has a place and no answer; answer too ({_categories()})."
            )
        return None
    if place is not None and not fits(category, place):
        spot = f"valence {place.valence:g}, arousal {place.arousal:g}"
        within = f", which reaches {MIDDLE_RADIUS:g} far" if category is Category.MIDDLE else ""
        raise MusmedError(
            f"{where}: {tag!r} is called {category.value!r}{within}, and {spot} does not lie "
            "there; change one of them."
        )
    return Answer(category, place, note)


def _category(where: str, tag: str, text: str) -> Category | None:
    if not text:
        return None
    words = sorted(set(re.findall(r"[a-z]+", text.casefold())) - _LEFT_OUT)
    for category in Category:
        if words == sorted(category.value.split()) and len(text) <= MAX_ANSWER:
            return category
    raise MusmedError(
        f"{where}: {_shown(text)} is no answer for {tag!r}; choose one of {_categories()}."
    )


def _place(where: str, tag: str, cells: Mapping[str, str]) -> Affect | None:
    texts = [cells.get(axis, "") for axis in ("valence", "arousal")]
    if not any(texts):
        return None
    if not all(texts):
        lacks = "arousal" if texts[0] else "valence"
        raise MusmedError(
            f"{where}: {tag!r} has no {lacks}; a place has both, or leave both empty."
        )
    valence, arousal = (
        _number(where, axis, text) for axis, text in zip(("valence", "arousal"), texts, strict=True)
    )
    return Affect(valence, arousal)


def _number(where: str, axis: str, text: str) -> float:
    plain = text.replace("\N{MINUS SIGN}", "-")
    if _NUMBER.fullmatch(plain) and plain.isascii():
        number = float(plain.replace(",", "."))
        if -1.0 <= number <= 1.0:
            return number
    raise MusmedError(f"{where}: {axis} must be a number from -1 to 1, not {_shown(text)}.")


def _categories() -> str:
    return ", ".join(category.value for category in Category)


def _list(names: Sequence[str], most: int = 5) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")
