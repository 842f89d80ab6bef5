"""The settings file and the environment over it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MusmedError
from musmed_tui.settings import RANGES, Settings, load_settings, parse_number

ROOT = Path(__file__).parents[2]


def load(tmp_path: Path, text: str, **variables: str) -> Settings:
    path = tmp_path / "settings.toml"
    path.write_text(text, "utf-8")
    return load_settings(path, variables).settings


def test_no_file_is_the_defaults(tmp_path: Path) -> None:
    loaded = load_settings(tmp_path / "settings.toml", {})
    assert loaded.settings == Settings()
    assert loaded.origins == {}


def test_file_then_environment(tmp_path: Path) -> None:
    text = 'minutes = 20\ninstrument = "piano"\n# a remark\n"volume" = 0.5\n'
    path = tmp_path / "settings.toml"
    path.write_text(text)
    loaded = load_settings(path, {"MUSMED_VOLUME": "0.25", "MUSMED_SINK": "null", "HOME": "/"})
    assert loaded.settings == Settings(minutes=20, instrument="piano", volume=0.25, sink="null")
    assert loaded.origins == {
        "minutes": f"{path}, line 1",
        "instrument": f"{path}, line 2",
        "volume": "MUSMED_VOLUME",
        "sink": "MUSMED_SINK",
    }


def test_a_byte_order_mark_is_no_key(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeffminutes = 20") == Settings(minutes=20)


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, "minutes = 20", MUSMED_MINUTES="") == Settings(minutes=20)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 1", ("line 1", "'a'", "known are minutes")),
        ("\n\nlatancy = 1", ("line 3", "'latancy'", "did you mean latency?")),
        ("minutes = 0.9", ("line 1", "1 to 60", "0.9")),
        ("minutes = nan", ("1 to 60", "nan")),
        ("volume = inf", ("0 to 1",)),
        ("volume = true", ("0 to 1", "True")),
        ('volume = "0.5"', ("0 to 1", "'0.5'")),
        ("minutes = [1]", ("1 to 60",)),
        ("minutes = 1979-05-27", ("1 to 60",)),
        ("glyphs = 'emoji'", ("auto or braille or quadrant or ascii", "'emoji'")),
        ("strategy = 'zig'", ("iso or direct", "'zig'")),
        ("log_level = 3", ("debug or info", "3")),
        ("sink = 3", ("sink", "word in quotes")),
        ("theme = ''", ("theme", "word in quotes")),
        ("composer = '" + "x" * 201 + "'", ("composer", "word in quotes")),
        ("volume = 0.5\nvolume = 0.6", ("TOML", "line 2")),
        ("volume 0.5", ("TOML", "line 1")),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(MusmedError) as caught:
        load(tmp_path, text)
    sentence = str(caught.value)
    assert str(tmp_path / "settings.toml") in sentence
    for word in words:
        assert word in sentence
    assert "\n" not in sentence


def test_a_bad_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match=r"MUSMED_LATENCY: latency .* 0\.05 to 5, not 'soon'"):
        load(tmp_path, "", MUSMED_LATENCY="soon")


def test_a_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match="over 64 KiB"):
        load(tmp_path, "#" * 70_000)


@given(st.text(max_size=30) | st.floats() | st.integers() | st.booleans() | st.none())
def test_a_number_is_in_range_or_refused(value: object) -> None:
    for key, (low, high) in RANGES.items():
        with contextlib.suppress(MusmedError):
            assert low <= parse_number(key, value, key) <= high


def test_the_defaults_are_settings_themselves(tmp_path: Path) -> None:
    text = Settings().as_text()
    variables = {f"MUSMED_{key.upper()}": value for key, value in text.items()}
    assert load(tmp_path, "", **variables) == Settings()


def test_the_page_lists_every_setting_and_its_default() -> None:
    page = (ROOT / "docs/settings.md").read_text()
    defaults = Settings()
    for key in Settings.__struct_fields__:
        value = getattr(defaults, key)
        shown = (
            "not set" if value in (None, ()) else f'`"{value}"`' if isinstance(value, str) else None
        )
        if isinstance(value, bool):
            shown = f"`{str(value).lower()}`"
        row = next(line for line in page.splitlines() if line.startswith(f"| `{key}` |"))
        if shown is not None:
            assert row.split("|")[2].strip() == shown
        else:
            assert float(row.split("|")[2].strip().strip("`")) == value


def test_adapters_are_a_list_or_a_text_with_commas(tmp_path: Path) -> None:
    text = 'adapters = ["someone/calm=0.7", "./mine"]'
    assert load(tmp_path, text).adapters == ("someone/calm=0.7", "./mine")
    assert load(tmp_path, text, MUSMED_ADAPTERS="a, b=1").adapters == ("a", "b=1")
    assert load(tmp_path, text).as_text()["adapters"] == "someone/calm=0.7,./mine"
    with pytest.raises(MusmedError, match="MUSMED_ADAPTERS"):
        load(tmp_path, text, MUSMED_ADAPTERS="a,,b")


def test_calm_is_a_switch(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("calm = true\n")
    assert load_settings(file, {}).settings.calm
    assert not load_settings(file, {"MUSMED_CALM": "False"}).settings.calm
    for text, variables in (
        ("calm = 1\n", {}),
        ("calm = 'true '\n", {}),
        ("", {"MUSMED_CALM": "1"}),
    ):
        file.write_text(text)
        with pytest.raises(MusmedError, match="calm must be true or false"):
            load_settings(file, variables)
