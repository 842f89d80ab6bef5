"""``musmed doctor`` and ``musmed keys`` over files of the listener's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from musmed_tui.commands.keys import show_keys
from musmed_tui.doctor.home import settings


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config folder, with a bad theme and a bad key in it."""
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path))
    monkeypatch.delenv("MUSMED_THEME", raising=False)
    folder = tmp_path / "config"
    (folder / "themes").mkdir(parents=True)
    (folder / "themes" / "sea.yaml").write_text("name: sea\n")
    (folder / "keys.toml").write_text('"session.pause" = "p"\n"session.eaze" = "k"\n')
    return folder


def test_what_is_wrong_in_them_is_found(config: Path) -> None:
    _, found = settings()
    problems = [
        one.text
        for one in found
        if one.level == "note" and "config" in one.text and "settings.toml" not in one.text
    ]
    assert len(problems) == 2
    assert str(config / "themes" / "sea.yaml") in problems[0]
    assert "did you mean session.ease?" in problems[1]


def test_the_keys_are_listed_as_they_are(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_keys()
    said = capsys.readouterr()
    rows = dict(line.split("\t")[:2] for line in said.out.splitlines())
    assert rows["session.pause"] == "p"
    assert rows["session.ease"] == "e"
    assert "app.quit_anywhere" not in rows
    assert "session.eaze" in said.err
