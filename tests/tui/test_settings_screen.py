"""The settings screen, by its keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.card import Card
from support.fake_session import FakeControl, make_app, run
from support.real_app import a_control, real_app
from textual.widgets import Input, OptionList

from musmed_tui.screens.settings import SettingsScreen
from musmed_tui.settings import load_settings
from musmed_tui.widgets.words import Words

SIZE = (80, 24)


@pytest.fixture
def here(control: FakeControl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeControl:
    """Settings in a file of the test."""
    monkeypatch.delenv("MUSMED_THEME", raising=False)
    control.settings_file = tmp_path / "settings.toml"
    control.settings_file.write_text("# mine\nvolume = 0.5\n")
    control.loaded = load_settings(control.settings_file, {})
    return control


def said(app: object) -> str:
    return str(app.screen.query_one("#settings-said", Words).render())  # type: ignore[attr-defined]


def mark(app: object, key: str) -> None:
    listed = app.screen.query_one(OptionList)  # type: ignore[attr-defined]
    listed.highlighted = listed.get_option_index(key)


@pytest.mark.parametrize("key", ["o", "f2"])
def test_it_opens_and_closes(here: FakeControl, key: str) -> None:
    async def go() -> None:
        app = make_app(here, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            before = app.screen
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, SettingsScreen)
            await pilot.press(key)
            await pilot.pause()
            assert app.screen is before

    run(go())


def test_what_is_changed_is_written_and_holds(here: FakeControl) -> None:
    async def go() -> None:
        app = make_app(here, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("o")
            await pilot.pause()
            mark(app, "volume")
            await pilot.pause()
            await pilot.press("right")
            await pilot.pause()
            assert here.settings_file.read_text() == "# mine\nvolume = 0.55\n"
            assert here.volume == 0.55
            assert ("volume", 0.55) in here.runner.asked or here.runner.volume == 0.55
            mark(app, "theme")
            await pilot.pause()
            await pilot.press("right")
            await pilot.pause()
            assert f'theme = "{app.theme}"' in here.settings_file.read_text()
            assert app.theme != "dark"
            await pilot.press("x")
            await pilot.pause()
            assert "theme" not in here.settings_file.read_text()
            mark(app, "strategy")
            await pilot.pause()
            await pilot.press("enter")
            await pilot.pause()
            assert here.loaded.settings.strategy == "direct"
            assert "next session" in said(app)

    run(go())


def test_a_number_is_checked_as_it_is_typed(here: FakeControl) -> None:
    async def go() -> None:
        app = make_app(here)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("f2")
            await pilot.pause()
            mark(app, "minutes")
            await pilot.pause()
            await pilot.press("enter")
            await pilot.pause()
            assert isinstance(app.focused, Input)
            await pilot.press("0")
            await pilot.pause()
            assert "from 1 to 60" in said(app)
            await pilot.press("enter")
            await pilot.pause()
            assert "minutes" not in here.settings_file.read_text()
            await pilot.press("backspace", "backspace", "backspace", *"25", "enter")
            await pilot.pause()
            assert "minutes = 25" in here.settings_file.read_text()
            assert here.loaded.settings.minutes == 25.0
            assert not isinstance(app.focused, Input)

    run(go())


@pytest.mark.parametrize("begun", [False, True])
def test_the_check_in_beneath_has_them(here: FakeControl, *, begun: bool) -> None:
    """Unless somebody has begun to fill it in: then it stays, and that is said."""

    async def go() -> None:
        app = make_app(here)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            if begun:
                await pilot.press("slash", *"tense", "enter", "escape")
                await pilot.pause()
            await pilot.press("f2")
            await pilot.pause()
            await pilot.press("right", "escape")
            await pilot.pause()
            await pilot.pause()
            assert app.screen.query_one("#minutes", Input).value == ("15" if begun else "16")
            assert bool(app._notifications) == begun

    run(go())


def test_what_the_environment_sets_says_so(
    here: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSMED_VOLUME", "0.7")
    here.loaded = load_settings(here.settings_file)

    async def go() -> None:
        app = make_app(here)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("f2")
            await pilot.pause()
            mark(app, "volume")
            await pilot.pause()
            assert "can't be changed here" in said(app)
            await pilot.press("right")
            await pilot.pause()
            assert here.settings_file.read_text() == "# mine\nvolume = 0.5\n"

    run(go())


def test_a_real_session_control_has_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MUSMED_CALM", raising=False)

    async def go() -> None:
        control = a_control(tmp_path, monkeypatch, Card(rate=8.0))
        try:
            async with real_app(control, check_in=True) as pilot:
                await pilot.press("f2")
                await pilot.pause()
                mark(pilot.app, "calm")
                await pilot.pause()
                await pilot.press("right")
                await pilot.pause()
                assert (tmp_path / "config" / "settings.toml").read_text() == "calm = true\n"
                assert control.loaded.settings.calm
        finally:
            control.close()

    run(go())
