"""The table of a study: one row a session, with its condition and every figure (docs/study.md).

Written as CSV, and as Parquet where pyarrow is. Both hold the same: an empty field of the CSV is
null there, a number is written so that it reads back to the last bit.
"""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from engine.errors import MusmedError
from engine.places import open_file, part_of
from engine.private import write_private

CSV, PARQUET, SPEEDS = TABLES = ("figures.csv", "figures.parquet", "speeds.csv")
"""Written anew each time that what is done is gathered."""
MOST_BYTES = 512 * 1024 * 1024
_NEEDED = "Parquet needs pyarrow: pip install 'musmed[study]'; the CSV has the same."


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A session that is done. Text is '' and a number None where there is nothing to say."""

    session: int
    """Its number in the study, from 1."""
    job: str
    """The folder of its sound, sidecar and result under ``jobs``; sessions that are the same music
    have one in common."""
    condition: str
    """What tells it from others but path and seed: the name of a listed condition and the levels
    of what is crossed."""
    path: str
    """'sad to calm'."""
    listener: str
    start_word: str
    target_word: str
    start_valence: float
    start_arousal: float
    target_valence: float
    target_arousal: float
    minutes: float
    seed: int
    strategy: str
    composer: str
    adapters: str
    """With blanks between them."""
    temperature: float
    instrument: str
    genre: str
    gentle: str
    features: str
    guidance: float
    top_k: int
    sampling_temperature: float
    decoder: str
    precision: str
    composer_version: int
    musmed: str
    sound_digest: str
    """BLAKE2b of the sound file, 16 bytes in hex."""
    figures: dict[str, float | None]


_HINTS = get_type_hints(Row)
CONDITION = tuple(name for name in Row.__struct_fields__ if name != "figures")
"""The columns before the figures."""
FACTORS = CONDITION[CONDITION.index("minutes") : CONDITION.index("composer_version")]
"""Of these, what a study can vary beside its paths."""


class Table(msgspec.Struct, frozen=True):
    """``figures``: the columns of figures, in their order; every row has each of them."""

    figures: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return CONDITION + self.figures

    def column(self, name: str) -> list[Any]:
        """The values of a column, by rows. Raises ``KeyError``."""
        if name in CONDITION:
            return [getattr(row, name) for row in self.rows]
        return [row.figures[name] for row in self.rows]


def csv_text(table: Table) -> str:
    """As CSV: RFC 4180 with line ends of one character."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.rows:
        writer.writerow([_field(value) for value in _values(row, table.figures)])
    return out.getvalue()


def _values(row: Row, figures: Sequence[str]) -> Iterable[Any]:
    yield from (getattr(row, name) for name in CONDITION)
    yield from (row.figures[name] for name in figures)


def _field(value: float | str | None) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def parse_csv(text: str) -> Table:
    """What ``csv_text`` made. Raises ``ValueError`` for anything else."""
    lines = csv.reader(io.StringIO(text), strict=True)
    try:
        columns = tuple(next(lines, ()))
        if columns[: len(CONDITION)] != CONDITION or len(set(columns)) < len(columns):
            raise ValueError("its columns are not those of a study's figures")
        figures = columns[len(CONDITION) :]
        return Table(figures, tuple(_row(line, figures) for line in lines))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _row(line: Sequence[str], figures: Sequence[str]) -> Row:
    known = len(CONDITION)
    if len(line) != known + len(figures):
        raise ValueError("a line has more or fewer fields than there are columns")
    said: dict[str, Any] = {
        name: _HINTS[name](text) for name, text in zip(CONDITION, line, strict=False)
    }
    found = zip(figures, line[known:], strict=True)
    return Row(**said, figures={name: _number(text) for name, text in found})


def _number(text: str) -> float | None:
    if not text:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no figure")
    return value


def read_table(path: Path) -> Table:
    """The table in a CSV of ``musmed study``. Raises ``MusmedError``."""
    try:
        with open_file(path) as file:
            data = file.read(MOST_BYTES)
        return parse_csv(data.decode("utf-8"))
    except OSError as error:
        raise MusmedError(
            f"{path} can't be read ({error.strerror}); 'musmed study figures FOLDER' writes it."
        ) from error
    except ValueError as error:
        raise MusmedError(f"{path} is no table of figures of a study: {error}.") from error


def write_table(folder: Path, table: Table) -> tuple[tuple[Path, ...], str]:
    """Write both files into ``folder``; which were written, and a sentence where there is no
    Parquet. Each appears under its name only when it is whole. Raises ``MusmedError``."""
    written = [_put(folder / CSV, csv_text(table).encode())]
    if importlib.util.find_spec("pyarrow") is None:
        with contextlib.suppress(OSError):
            (folder / PARQUET).unlink(missing_ok=True)  # of before: it would say something else
        return tuple(written), _NEEDED
    written.append(_put(folder / PARQUET, _parquet(table)))
    return tuple(written), ""


def _put(path: Path, data: bytes) -> Path:
    part = part_of(path)
    try:
        write_private(part, data)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise MusmedError(
            f"{path} can't be written ({error.strerror}); free some space, then 'musmed study "
            "figures' writes it again."
        ) from error
    return path


def _parquet(table: Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet

    kinds = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    fields = [pa.field(name, kinds[_HINTS[name]], nullable=False) for name in CONDITION]
    fields += [pa.field(name, pa.float64()) for name in table.figures]
    columns = [pa.array(table.column(one.name), one.type) for one in fields]
    out = io.BytesIO()
    pa.parquet.write_table(pa.table(columns, schema=pa.schema(fields)), out)
    return out.getvalue()
