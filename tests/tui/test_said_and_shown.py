"""Keys answer, and what answers is seen: keys in fields, open lists, Ctrl-Z, saving."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from support.fake_session import FakeControl, make_app, run, settled, until
from support.promises import footer
from textual import events
from textual.css.query import NoMatches
from textual.pilot import Pilot
from textual.widgets import Input

from musmed_tui.app import Left, MusmedApp
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.help import HelpScreen
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.words import Words


async def press(pilot: Pilot[Left], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
    await settled(pilot)


SIZES = [
    (40, 12),
    (80, 24),
    pytest.param((60, 20), marks=pytest.mark.long),
    pytest.param((120, 40), marks=pytest.mark.long),
]


@pytest.mark.parametrize(
    "size", [(40, 12), pytest.param((80, 24), marks=pytest.mark.long)], ids=str
)
@pytest.mark.parametrize("typed", ["", "tense", "ten", "tennse", "xqzw"])
@pytest.mark.parametrize("steering", [False, True], ids=["check-in", "steering"])
def test_enter_and_escape_in_a_field_do_what_the_footer_says(
    steering: bool, typed: str, size: tuple[int, int]
) -> None:
    """Enter is promised where there is something to take, Esc always; no letter is."""

    async def go(pressed: str) -> None:
        app: Any = make_app(FakeControl(), playing=steering)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await press(pilot, *("s" if steering else ""), "slash", "backspace", *typed)
            field = app.screen.focused
            assert isinstance(field, Input)
            shown = footer(app)
            assert "escape" in shown
            assert all(len(key) > 1 for key in shown)
            assert ("enter" in shown) == (typed not in {"", "xqzw"})
            before = (app.screen.focused, field.value, app.screen.classes)
            await press(pilot, pressed)
            after = (app.screen.focused, field.value, app.screen.classes)
            assert (before != after) == (pressed in shown)
            if pressed == "escape" and not steering:
                assert isinstance(app.screen.focused, Circumplex)
            app.exit()

    run(go("enter"))
    run(go("escape"))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", ["strategy", "instrument", "genre", "composer"])
def test_an_open_list_lies_over_no_sentence(name: str, size: tuple[int, int]) -> None:
    async def go() -> None:
        app: Any = make_app(FakeControl())
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await press(pilot, "a")
            choice = app.screen.query_one(f"#{name}")
            app.screen.set_focus(choice)
            await press(pilot, "enter")
            assert choice.expanded
            rows = [
                "".join(part.text for part in strip)
                for strip in app.screen._compositor.render_strips()
            ]
            assert not [row for row in rows if "Small steps start" in row or "not settled" in row]
            await press(pilot, "escape")
            assert app.screen.query_one("#about").visible
            app.exit()

    run(go())


HELD = ("pause", True)


@pytest.mark.parametrize(
    ("keys", "asked", "said"),
    [
        (["i"], [HELD], ["Paused. Space goes on."]),
        (["space"], ["pause", HELD], []),
        (["question_mark"], [HELD], ["Paused. Space goes on."]),
        (["ctrl+z"], [HELD], ["Paused. Space goes on."]),
    ],
    ids=["playing", "paused", "under help", "held down"],
)
def test_ctrl_z_pauses_what_plays(
    keys: list[str], asked: list[object], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``tests/tui/test_job_control.py`` has it in a shell."""
    stood: list[bool] = []

    async def go() -> None:
        control = FakeControl()
        app: Any = make_app(control, playing=True)
        monkeypatch.setattr("musmed_tui.app.has_shell", lambda: True)
        monkeypatch.setattr("musmed_tui.app.PAUSE_SECONDS", 0.0)
        monkeypatch.setattr(
            MusmedApp, "_stand_still", lambda _: stood.append(control.runner.snapshot.paused)
        )
        async with app.run_test() as pilot:
            await settled(pilot)
            before = [key for key in keys if key != "ctrl+z"]
            await press(pilot, *before)
            for _ in range(1 + len(keys) - len(before)):
                app.post_message(events.Key("ctrl+z", None))
            await settled(pilot)
            assert stood == [True]
            assert control.runner.asked == asked
            assert [one.message for one in app._notifications] == said
            app.exit()

    run(go())


def test_ctrl_z_right_after_a_key_goes_by_what_plays_and_not_by_what_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def go() -> None:
        control = FakeControl()
        app: Any = make_app(control, playing=True)
        monkeypatch.setattr("musmed_tui.app.has_shell", lambda: True)
        monkeypatch.setattr("musmed_tui.app.PAUSE_SECONDS", 0.0)
        monkeypatch.setattr(MusmedApp, "_stand_still", lambda _: None)
        async with app.run_test() as pilot:
            await settled(pilot)
            await press(pilot, "space")
            assert app.screen.shown.paused
            app.screen.action_pause()
            await app.action_put_aside()
            await settled(pilot)
            assert control.runner.asked == ["pause", "pause", HELD]
            assert [one.message for one in app._notifications] == ["Paused. Space goes on."]
            app.exit()

    run(go())


def test_ctrl_z_without_a_shell_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> None:
        control = FakeControl()
        app: Any = make_app(control)
        monkeypatch.setattr("musmed_tui.app.has_shell", lambda: False)
        async with app.run_test() as pilot:
            await settled(pilot)
            await press(pilot, "ctrl+z")
            (said,) = app._notifications
            assert "no shell" in said.message
            app.exit()

    run(go())


def test_saving_goes_on_whatever_lies_over_the_check_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Help that was asked for in one burst with Enter came over the screen before its wish was
    heard: nothing was written, and every key of the check-out but Esc was dead for good."""
    monkeypatch.chdir(tmp_path)

    async def go() -> None:
        control = FakeControl()
        app: Any = make_app(control, playing=True)
        async with app.run_test() as pilot:
            await settled(pilot)
            await press(pilot, "q")
            await press(pilot, "w", "enter")
            screen = app.screen
            assert isinstance(screen, CheckOutScreen)
            app.push_screen(HelpScreen(screen))
            screen.post_message(screen.Save(screen, tmp_path / "a.flac", heard=True))
            await until(pilot, (tmp_path / "a.flac").exists)
            await settled(pilot)
            assert "Saved as" in str(screen.query_one("#saved", Words).content)
            app.exit()

    run(go())


def test_what_is_missing_on_a_screen_that_stands_is_a_defect() -> None:
    """And is none on one that closes."""

    @while_open
    def show(screen: CheckInScreen) -> None:
        screen.query_one("#nothing-of-that-name")

    async def go() -> None:
        app: Any = make_app(FakeControl())
        async with app.run_test() as pilot:
            await settled(pilot)
            screen = app.screen
            with pytest.raises(NoMatches):
                show(screen)
            await app.switch_screen(HelpScreen(screen))
            show(screen)
            app.exit()

    run(go())


def test_what_has_not_begun_when_it_is_put_aside_begins_paused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def go() -> None:
        control = FakeControl()
        monkeypatch.setattr("musmed_tui.app.has_shell", lambda: True)
        monkeypatch.setattr("musmed_tui.app.PAUSE_SECONDS", 0.0)
        there = threading.Event()
        begin = control._begun
        monkeypatch.setattr(control, "_begun", lambda: there.wait(60) and begin())
        app: Any = make_app(control, playing=True)
        async with app.run_test() as pilot:
            await pilot.pause()
            await pilot.press("ctrl+z")
            await pilot.pause()
            assert control.runner.asked == []
            there.set()
            await settled(pilot)
            assert control.runner.asked == [HELD]
            assert control.runner.snapshot.paused
            app.exit()

    run(go())
