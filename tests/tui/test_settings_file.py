"""What is written of the settings: one key, and nothing else becomes another."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engine.errors import MusmedError
from musmed_tui.setting_words import WORDS
from musmed_tui.settings import Settings, load_settings
from musmed_tui.settings_file import SettingsKeeper

MINE = """# mine
theme = "light"   # by day

volume = 0.5
# the end
"""


def keeper(path: Path, environment: dict[str, str] | None = None) -> SettingsKeeper:
    env = environment or {}
    return SettingsKeeper(path, load_settings(path, env), env)


def test_comments_and_order_stay(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(MINE)
    path.chmod(0o644)
    kept = keeper(path)
    kept.write("theme", "dusk")
    assert path.read_text() == MINE.replace("light", "dusk")
    kept.write("minutes", "20")
    assert "minutes = 20\n" in path.read_text()
    assert path.read_text().startswith(MINE.replace("light", "dusk"))
    assert load_settings(path, {}).settings.minutes == 20.0
    kept.write("theme", "")
    assert "theme" not in path.read_text()
    assert "# the end" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["settings.toml"]


def test_a_switch_is_written_as_one(tmp_path: Path) -> None:
    kept = keeper(tmp_path / "settings.toml")
    assert kept.shown("calm") == "false"
    kept.write("calm", "true")
    assert (tmp_path / "settings.toml").read_text() == "calm = true\n"
    assert kept.shown("calm") == "true"
    assert kept.shown("minutes") == "15"


def test_a_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    kept = keeper(path)
    kept.write("adapters", "./calm=0.7, ./strings")
    assert kept.loaded.settings.adapters == ("./calm=0.7", "./strings")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert kept.origin("adapters") == f"from {path}, line 1"
    assert kept.origin("volume") == "as musmed has it"


@pytest.mark.parametrize("broken", ["theme = [", "volum = 1", "volume = 9", "a\x00", "\xff"])
def test_a_damaged_file_is_not_written_over(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "settings.toml"
    kept = keeper(path)
    path.write_bytes(broken.encode("latin-1"))
    with pytest.raises(MusmedError, match=r"settings\.toml"):
        kept.write("theme", "dusk")
    assert path.read_bytes() == broken.encode("latin-1")


def test_a_value_that_can_not_be_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(MINE)
    kept = keeper(path)
    for key, text, words in (
        ("minutes", "90", "from 1 to 60"),
        ("volume", "loud", "a number from 0 to 1"),
        ("top_k", "2.5", "a whole number"),
        ("strategy", "up", "iso or direct"),
        ("instrument", "pianoo", "did you mean piano"),
        ("genre", "nonsense", "no genre called"),
        ("composer", "nobody", "no composer called"),
        ("mood_table", str(tmp_path / "none"), "none"),
        ("soundfont", str(tmp_path / "none.sf2"), "There is no file"),
    ):
        with pytest.raises(MusmedError, match=words):
            kept.write(key, text)
    assert path.read_text() == MINE


def test_what_the_environment_sets_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    kept = keeper(path, {"MUSMED_THEME": "mono"})
    assert kept.origin("theme") == "from the environment (MUSMED_THEME)"
    with pytest.raises(MusmedError, match="MUSMED_THEME in the environment"):
        kept.write("theme", "dusk")
    assert not path.exists()


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dots").mkdir()
    (tmp_path / "dots" / "mine.toml").write_text(MINE)
    path = tmp_path / "settings.toml"
    path.symlink_to(tmp_path / "dots" / "mine.toml")
    keeper(path).write("theme", "dusk")
    assert path.is_symlink()
    assert "dusk" in (tmp_path / "dots" / "mine.toml").read_text()


def test_every_setting_has_words() -> None:
    assert set(WORDS) == set(Settings.__struct_fields__)
