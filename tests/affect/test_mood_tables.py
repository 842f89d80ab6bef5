"""Mood tables: what one must have, as a part of a request and as a file."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mood_tables import CORNERS, signed, table_of

from engine.affect.circumplex import Affect
from engine.affect.mood_tables import (
    MAX_BYTES,
    read_table,
    write_new,
)
from engine.affect.moods import (
    MOODS,
    MoodTable,
    moods_of,
    nearest_moods,
    placed_moods,
)
from engine.errors import MusmedError

axis = st.floats(-1, 1)


def test_a_table_takes_the_place_of_musmeds_own() -> None:
    table = table_of(CORNERS)
    assert [mood.name for mood in moods_of(table)] == [mood.name for mood in MOODS]
    assert {mood.name for mood, _ in placed_moods(table)} == CORNERS.keys()
    assert moods_of(None) == MOODS
    own = {mood.name: mood for mood in moods_of(table)}
    assert (own["happy"].affect, own["epic"].affect) == (None, Affect(0.6, 0.6))
    assert "'clinic'" in own["epic"].source
    assert nearest_moods(Affect(0.8, 0.8), 2, table)[0].name == "epic"
    assert nearest_moods(Affect(0.8, 0.8), 1)[0].name == "fun"


@settings(deadline=None)
@given(st.builds(Affect, axis, axis))
def test_musmeds_own_places_as_a_table_are_musmeds_own_table(here: Affect) -> None:
    own = {m.name: (m.affect.valence, m.affect.arousal) for m in MOODS if m.affect is not None}
    near = [mood.name for mood in nearest_moods(here, 5, table_of(own))]
    assert near == [mood.name for mood in nearest_moods(here, 5)]


@pytest.mark.parametrize(
    ("places", "name", "words"),
    [
        (CORNERS | {"epik": (0.0, 0.0)}, "x", "'epik'"),
        (CORNERS, "", "visible"),
        (CORNERS, "x" * 65, "64"),
        (CORNERS, "a\x1b[2J", "visible"),
        (CORNERS, " x", "visible"),
        (CORNERS, "MUSMED", "musmed's own"),
        (CORNERS | {"epic": (0.6, -0.6)}, "x", "4 different places"),
        ({}, "x", "4 different places"),
        ({tag: (abs(v) + n / 9, a) for n, (tag, (v, a)) in enumerate(CORNERS.items())}, "x", "'un"),
        ({tag: (v, -abs(a) - n / 9) for n, (tag, (v, a)) in enumerate(CORNERS.items())}, "x", "hi"),
    ],
)
def test_a_table_that_no_session_can_be_composed_by_is_none(
    places: dict[str, tuple[float, float]], name: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        table_of(places, name)


def test_a_tag_stands_in_a_table_once() -> None:
    places = table_of(CORNERS).places
    with pytest.raises(ValueError, match="twice"):
        MoodTable("x", (*places, places[0]))
    data = msgspec.json.encode({"name": "x", "places": [{"name": "epic", "affect": [9, 9]}]})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(data, type=MoodTable)


def test_a_table_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    write_new(path, msgspec.json.encode(signed()))
    assert read_table(path) == signed()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signed().in_short() == table_of(
        {t.name: CORNERS[t.name] for t in MOODS if t.name in CORNERS}
    )
    with pytest.raises(MusmedError, match="already"):
        write_new(path, b"other")
    assert read_table(path) == signed()


def raw(**changes: Any) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(signed()) | changes)


def with_tag(name: str, **changes: Any) -> bytes:
    tags = msgspec.to_builtins(signed())["tags"]
    return raw(tags=tags | {name: tags["epic"] | changes})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no mood table"),
        (b"[]", "no mood table"),
        (b"[" * 5_000, "no mood table"),
        (raw()[:-40], "no mood table"),
        (raw(format=2, more=1), "later musmed"),
        (raw(format=0), "later musmed"),
        (raw(more=1), "more"),
        (raw(signed=""), "signed"),
        (raw(signed="\u202e"), "visible"),
        (raw(date="today"), "date"),
        (raw(raters=1), "raters"),
        (raw(kappa=2), "kappa"),
        (raw(tags={}), "'action' is missing"),
        (with_tag("epik"), "'epik'"),
        (with_tag("film", affect={"valence": 2, "arousal": 0}), "valence"),
        (with_tag("film", affect={"valence": -0.5, "arousal": 0.5}), "'film'"),
        (with_tag("film", affect=None), "'film'"),
        (with_tag("film", category="none"), "'film'"),
        (with_tag("film", votes={"none": 0}), "votes"),
        (raw(name="musmed"), "musmed's own"),
        (b" " * (MAX_BYTES + 1), "over 256 KiB"),
    ],
    ids=map(str, range(21)),
)
def test_what_is_no_table_is_a_sentence(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(data)
    with pytest.raises(MusmedError) as caught:
        read_table(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()
