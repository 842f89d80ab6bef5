"""The preference card: what was learned, in the words of the command; one forgotten, or all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.card import Card
from support.fake_session import FakeControl, make_app, run, settled, some_pasts, some_preferences
from support.made_up_month import made_up_month
from support.promises import footer
from support.real_app import a_control, real_app
from textual.pilot import Pilot
from textual.widgets import OptionList

from engine.session.library.library import Library
from musmed_tui.app import Left, MusmedApp
from musmed_tui.preference_words import NOTHING, sentence
from musmed_tui.screens.asking import ConfirmScreen
from musmed_tui.screens.history import HistoryScreen
from musmed_tui.screens.preferences import PreferencesScreen
from musmed_tui.widgets.words import Words


@pytest.fixture
def control() -> FakeControl:
    made = FakeControl()
    made.listener.pasts = some_pasts()
    made.listener.preferences = some_preferences()
    return made


def shown(app: MusmedApp) -> list[str]:
    options = app.screen.query_one("#learned", OptionList)
    found = (str(options.get_option_at_index(i).prompt) for i in range(options.option_count))
    return [one.replace("%", " %") for one in found]


def said(app: MusmedApp) -> str:
    return str(app.screen.query_one("#preferences-said", Words).content)


async def opened(pilot: Pilot[Left]) -> None:
    await settled(pilot)
    for key in ("p", "l"):
        await pilot.press(key)
        await settled(pilot)
    assert isinstance(pilot.app.screen, PreferencesScreen)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (120, 40)], ids=str)
def test_what_was_learned_and_from_what(control: FakeControl, size: tuple[int, int]) -> None:
    async def go() -> None:
        app: Any = make_app(control)
        async with app.run_test(size=size) as pilot:
            await opened(pilot)
            assert shown(app) == [sentence(one) for one in control.listener.preferences]
            assert shown(app)[0].startswith("ambient more often when calm: liked twice and disli")
            strips = app.screen._compositor.render_strips()
            text = " ".join("".join(part.text for strip in strips for part in strip).split())
            assert "last" in text or "liked" in text
            assert footer(app)["f"] == "forget this one"
            await pilot.press("escape")
            assert isinstance(app.screen, HistoryScreen)

    run(go())


def test_one_is_forgotten_and_the_mark_stays_there(control: FakeControl) -> None:
    first, second = control.listener.preferences

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            await opened(pilot)
            await pilot.press("down", "f")
            await settled(pilot)
            assert control.listener.preferences == (first,)
            assert shown(app) == [sentence(first)]
            assert "counts no more" in said(app)
            assert app.screen.query_one(OptionList).highlighted == 0
            await pilot.press("f")
            await settled(pilot)
            assert said(app) == NOTHING
            assert "f" not in footer(app)
            await pilot.press("f", "a")
            assert isinstance(app.screen, PreferencesScreen)

    assert second != first
    run(go())


def test_forgetting_all_asks(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            await opened(pilot)
            await pilot.press("a")
            assert isinstance(app.screen, ConfirmScreen)
            await pilot.press("n")
            await settled(pilot)
            assert len(control.listener.preferences) == 2
            await pilot.press("a", "y")
            await settled(pilot)
            assert control.listener.preferences == ()
            assert said(app) == NOTHING

    run(go())


def test_what_can_not_be_forgotten_is_said_and_stays(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            await opened(pilot)
            control.listener.refusal = "The disk is full; make room."
            await pilot.press("f")
            await settled(pilot)
            assert said(app) == "The disk is full; make room."
            assert len(shown(app)) == 2

    run(go())


@pytest.mark.usefixtures("quick_engine")
def test_what_is_forgotten_counts_no_more_in_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "home" / "data" / "library")
    made_up_month(library)
    library.close()
    control = a_control(tmp_path / "home", monkeypatch, Card())
    before = control.listener.learned()

    async def go() -> None:
        async with real_app(control, check_in=True) as pilot:
            app: Any = pilot.app
            await opened(pilot)
            assert shown(app) == [sentence(one) for one in before]
            await pilot.press("f")
            await settled(pilot)
            left = control.listener.learned()
            assert {one.key for one in left} == {one.key for one in before[1:]}
            await pilot.press("a", "y")
            await settled(pilot)
            assert control.listener.learned() == ()
            assert control.library.listener.more_liked() == {}

    try:
        run(go())
    finally:
        control.close()
