"""Whatever a captions file holds, it is read or refused in a sentence, and chooses among the
folder's own sounds."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.data_to_train import quiet, sound

from engine.errors import MusmedError
from engine.training.reading.data import look_over
from engine.training.reading.names import Names
from engine.training.reading.told import LONGEST_CAPTION, MOST_CAPTIONS, told_by
from engine.training.tracks import Data

ANY = st.text(max_size=30)
COLUMN = st.sampled_from(
    ["file", "caption", "mood", "genre", "instrument", "emotion", "valence", "arousal", "split"]
)
NAME = st.one_of(
    st.sampled_from(["a.wav", "b", "../secret.wav", "/secret.wav", "./b.wav", "x/../../secret"]),
    ANY,
)
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY, NAME),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(ANY, inner, max_size=3)),
    max_leaves=6,
)
SOME = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sound(tmp_path / "secret.wav")
    for name in ("a.wav", "b.wav"):
        sound(tmp_path / "data" / name)
    return tmp_path / "data"


def read(folder: Path, name: str, held: bytes) -> Data | None:
    """The data where its table can be read."""
    (folder / name).write_bytes(held)
    try:
        data = look_over(folder, quiet)
    except MusmedError:
        return None
    assert {track.sound.parent for track in data.tracks} <= {folder}
    for track in data.tracks:
        assert 1 <= len(track.captions) <= MOST_CAPTIONS
        assert all(0 < len(one) <= LONGEST_CAPTION for one in track.captions)
        assert all(one.isprintable() for one in track.captions)
    return data


@SOME
@given(st.binary(max_size=300))
def test_any_bytes_in_any_table(folder: Path, held: bytes) -> None:
    for name in ("captions.csv", "captions.tsv", "captions.jsonl"):
        read(folder, name, held)
        (folder / name).unlink()


@SOME
@given(st.binary(max_size=200))
def test_any_bytes_beside_a_sound(folder: Path, held: bytes) -> None:
    data = read(folder, "a.txt", held)
    assert data is not None
    assert all(track.name == "a.wav" for track in data.tracks)


@SOME
@given(
    st.lists(COLUMN, max_size=6), st.lists(st.lists(st.one_of(NAME, ANY), max_size=7), max_size=4)
)
def test_any_table(folder: Path, columns: list[str], rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([["file", *columns], *rows])
    read(folder, "captions.csv", text.getvalue().encode("utf-8", "surrogatepass"))


@SOME
@given(
    st.lists(st.dictionaries(COLUMN, st.one_of(NAME, VALUE), max_size=6), min_size=1, max_size=4)
)
def test_any_lines(folder: Path, rows: list[dict[str, Any]]) -> None:
    read(folder, "captions.jsonl", "\n".join(map(json.dumps, rows)).encode())


@given(st.dictionaries(COLUMN, VALUE, max_size=8))
def test_any_fields_are_told(fields: dict[str, Any]) -> None:
    told = told_by(fields)
    assert all(one.isprintable() for one in told.captions)


@given(ANY, st.sampled_from(["", "deep"]))
def test_a_name_is_one_of_the_folders_or_none(text: str, beside: str) -> None:
    known = ("a.wav", "deep/b.wav")
    assert Names(known).meant(text, beside) in (None, *known)
    assert Names(known).meant("b.wav", "deep") == "deep/b.wav"
