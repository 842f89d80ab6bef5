"""The shipped tag statistics: what they hold, and that the script still makes them."""

from __future__ import annotations

import importlib.resources
import importlib.util
import json
import sys
from pathlib import Path

import pytest

from engine.affect.moods import MOODS
from engine.errors import UnknownWordError
from engine.plan.spec import Tags
from engine.plan.words import genre, instrument, prompt, spelled, tag_statistics

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "mtg-jamendo"
SHIPPED = importlib.resources.files("engine.plan").joinpath("data/tag_statistics.json")


def test_vocabularies() -> None:
    table = tag_statistics()
    assert len(table.instruments) == 40
    assert len(table.genres) == 87
    names = {mood.name for mood in MOODS}
    assert set(table.instrument_given_mood) == set(table.genre_given_mood) == names
    assert "1b4fa8c" in table.source
    assert "CC BY-NC-SA 4.0" in table.licence


def test_rows_are_distributions_over_the_vocabulary() -> None:
    table = tag_statistics()
    for rows, vocabulary in (
        (table.instrument_given_mood, table.instruments),
        (table.genre_given_mood, table.genres),
    ):
        for row in rows.values():
            assert set(row) <= set(vocabulary)
            assert abs(sum(row.values()) - 1) < 0.005
            assert min(row.values()) >= table.smallest


def test_what_sad_and_epic_music_is_made_with() -> None:
    table = tag_statistics()
    sad = table.instrument_given_mood["sad"]
    assert max(sad, key=lambda tag: sad[tag]) == "piano"
    assert sad["piano"] == pytest.approx(0.33, abs=0.01)
    epic = table.genre_given_mood["epic"]
    assert sorted(epic, key=lambda tag: -epic[tag])[:2] == ["soundtrack", "orchestral"]


def test_the_file_is_small() -> None:
    assert len(SHIPPED.read_bytes()) < 100_000


def test_the_script_makes_the_shipped_file(tmp_path: Path) -> None:
    if not DATA.is_dir():
        pytest.skip(f"the MTG-Jamendo tag lists are not at {DATA}")
    script = ROOT / "scripts" / "build_tag_statistics.py"
    spec = importlib.util.spec_from_file_location("build_tag_statistics", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.main([str(DATA), str(tmp_path / "made.json")])
    assert json.loads((tmp_path / "made.json").read_text()) == json.loads(SHIPPED.read_text())


def test_tags_are_found_however_they_are_spelled() -> None:
    assert instrument("Acoustic Guitar") == "acousticguitar"
    assert genre("easy-listening") == "easylistening"
    for tag in (*tag_statistics().instruments, *tag_statistics().genres):
        assert spelled(tag).isprintable()
    with pytest.raises(UnknownWordError, match="piano"):
        instrument("pianoo")
    with pytest.raises(UnknownWordError, match="jazz"):
        genre("jaz")


def test_the_prompt_names_all_four_tags() -> None:
    tags = Tags("uplifting", "glad", "acousticguitar", "newage")
    assert prompt(tags) == "An uplifting new age piece for acoustic guitar that feels glad"
