"""Mood tables as files: where several people see the mood tags, and who signed that off.

A table is JSON and says of each of the 56 tags what was decided, by how many votes, and where its
place comes from. A session is composed by what ``SignedTable.in_short`` gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engine import private
from engine.affect.categories import Category, fits
from engine.affect.circumplex import Affect
from engine.affect.moods import MAX_NAME, MOODS, MoodTable, PlacedMood, check_name
from engine.errors import MusmedError
from engine.places import look_at, read_small
from engine.printable import one_line

FORMAT = 1
MAX_BYTES = 256 * 1024
Source = Literal["raters", "settling", "norms", "centre"]
"""Where a place comes from: the mean of what raters gave, the sheet that settled the tag, musmed's
own table, the middle of the category."""
_Text = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]


class SignedTag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was decided of one tag. ``affect`` and ``source``: None of a theme. ``votes``: how many
    raters gave each answer; ``settled``: none had a majority."""

    category: Category
    affect: Affect | None
    source: Source | None
    votes: dict[str, Annotated[int, Meta(ge=1)]]
    settled: bool = False


class SignedTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole table. ``signed``: who answers for it; ``date``: the day (ISO 8601) they did;
    ``kappa``: Fleiss' kappa of the raters, before anything was settled."""

    format: int
    name: _Text
    signed: _Text
    date: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    raters: Annotated[int, Meta(ge=2)]
    kappa: Annotated[float, Meta(ge=-1.0, le=1.0)] | None
    tags: dict[str, SignedTag]

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError("it is of a later musmed")
        check_name(self.signed)
        known = {mood.name for mood in MOODS}
        for strange in sorted(self.tags.keys() - known):
            raise ValueError(f"there is no tag called {one_line(strange, 40)!r}")
        for lacking in sorted(known - self.tags.keys()):
            raise ValueError(f"the tag {lacking!r} is missing")
        for name, tag in self.tags.items():
            if (tag.affect is None) != (tag.category is Category.NONE) or (
                tag.affect is not None and not fits(tag.category, tag.affect)
            ):
                raise ValueError(f"the place of {name!r} is not in {tag.category.value!r}")
        self.in_short()

    def in_short(self) -> MoodTable:
        """What a session needs of it. Raises ``ValueError`` as ``MoodTable`` does."""
        placed = ((mood.name, self.tags[mood.name].affect) for mood in MOODS)
        places = tuple(PlacedMood(name, affect) for name, affect in placed if affect is not None)
        return MoodTable(self.name, places)


class _Known(msgspec.Struct):
    """What a table of any version has."""

    format: int
    signed: str


def read_table(path: Path) -> SignedTable:
    """The table at ``path``. Raises ``MusmedError`` for what can't be read or is none."""
    data = read_small(path, f"The mood table {path}", MAX_BYTES)
    try:
        if len(data) <= MAX_BYTES:
            return _decoded(data)
        reason = f"it is over {MAX_BYTES // 1024} KiB"
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        reason = one_line(str(error), 120)
    raise MusmedError(f"{path} is no mood table ({reason}); 'musmed moods agree -o' writes one.")


def _decoded(data: bytes) -> SignedTable:
    if msgspec.json.decode(data, type=_Known).format > FORMAT:
        raise ValueError("it is of a later musmed")
    return msgspec.json.decode(data, type=SignedTable)


def check_table_path(path: Path) -> None:
    """Raises ``MusmedError`` where a new table can't be written: nobody's table is replaced."""
    match look_at(path, "mood table"):
        case "folder":
            raise MusmedError(
                f"{path} is a folder; name a file in it, such as {path / 'moods.json'}."
            )
        case "file" | "other":
            raise MusmedError(
                f"{path} is there already and is not written over; name another file or move it."
            )
        case "nothing":
            pass
    if look_at(path.parent, "folder") != "folder":
        raise MusmedError(f"There is no folder {path.parent}; make it first or name another.")


def write_new(path: Path, data: bytes) -> None:
    """A new file, its owner's alone; nothing stays of one that could not be written whole. Raises
    ``MusmedError``, for one that is there too."""
    check_table_path(path)
    try:
        private.write_new(path, data)
    except OSError as error:
        raise MusmedError(
            f"{path} can't be written ({error.strerror or error}); free some space or name another "
            "place."
        ) from error
