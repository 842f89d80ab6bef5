"""A study's table: what is written reads back, to the last bit; CSV and Parquet are the same."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MusmedError
from engine.study.table import CONDITION, Row, Table, csv_text, parse_csv, read_table, write_table

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NAMES = ("meter_way", "loudness")
KINDS = {"int": st.integers(0, 2**63 - 1), "float": FLOATS, "str": TEXT}
ROWS = st.builds(
    lambda figures, **said: Row(**said, figures=dict(zip(NAMES, figures, strict=True))),
    st.tuples(*(st.none() | FLOATS for _ in NAMES)),
    **{name: KINDS[Row.__annotations__[name]] for name in CONDITION},
)
TABLES = st.lists(ROWS, max_size=3).map(lambda rows: Table(NAMES, tuple(rows)))


@given(TABLES)
def test_what_is_written_reads_back_to_the_last_bit(table: Table) -> None:
    assert parse_csv(csv_text(table)) == table


@given(TABLES)
def test_every_column_is_found_by_its_name(table: Table) -> None:
    for name in table.columns:
        assert len(table.column(name)) == len(table.rows)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", 'session,"job', "session\n1\n"])
def test_what_is_no_table_is_a_sentence(text: str, tmp_path: Path) -> None:
    place = tmp_path / "figures.csv"
    place.write_text(text)
    with pytest.raises(MusmedError, match="no table of figures"):
        read_table(place)
    with pytest.raises(MusmedError, match="can't be read"):
        read_table(tmp_path / "nothing.csv")


def one_row() -> Table:
    texts = dict.fromkeys(CONDITION, "")
    numbers = {name: 1 for name in CONDITION if Row.__annotations__[name] == "int"}
    floats = {name: 0.1 for name in CONDITION if Row.__annotations__[name] == "float"}
    said = texts | numbers | floats
    return Table(NAMES, (Row(**said, figures={"meter_way": 0.1, "loudness": None}),))  # type: ignore[arg-type]


def test_parquet_holds_the_same_as_the_csv(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = one_row()
    files, lacking = write_table(tmp_path, table)
    assert [file.name for file in files] == ["figures.csv", "figures.parquet"]
    assert lacking == ""
    read = parquet.read_table(files[1])
    assert tuple(read.column_names) == table.columns
    assert read.to_pylist() == [dict(zip(table.columns, row, strict=True)) for row in _rows(table)]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)


def _rows(table: Table) -> list[tuple[object, ...]]:
    return list(zip(*(table.column(name) for name in table.columns), strict=True))


def test_without_pyarrow_a_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    (tmp_path / "figures.parquet").write_bytes(b"of before")
    files, lacking = write_table(tmp_path, one_row())
    assert [file.name for file in files] == ["figures.csv"]
    assert not (tmp_path / "figures.parquet").exists()
    assert "pip install 'musmed[study]'" in lacking
