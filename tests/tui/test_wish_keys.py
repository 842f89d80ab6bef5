"""The keys for what plays stand in the bottom line; and L and D on the real screen, where what is
heard is wished for, answered, and kept."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.card import Card
from support.fake_session import FakeControl, make_app, run, settled, until
from support.promises import footer
from support.real_app import TENSE_TO_CALM, a_control, real_app, until_session

from engine.plan.events import Less, More
from musmed_tui.commands.screen import new_session
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.feeling_field import FeelingField


@pytest.mark.parametrize(
    ("size", "wishes"), [((80, 24), ()), ((120, 40), ("L", "D"))], ids=["80x24", "120x40"]
)
def test_the_bottom_line_names_the_keys_for_what_plays(
    control: FakeControl, size: tuple[int, int], wishes: tuple[str, ...]
) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            keys = footer(app)
            assert {"space", "e", "q", "question_mark", "l", "d", "plus", *wishes} <= set(keys)
            assert keys["l"] == "like"

    run(go())


def test_the_check_ins_bottom_line_leads_to_what_was_heard(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            assert {"p", "question_mark"} <= set(footer(app))
            assert "b" not in footer(app)
            await pilot.press("b")
            await settled(pilot)
            assert isinstance(app.screen.focused, FeelingField)
            await pilot.press(*"tense", "enter", *"calm", "enter")
            await settled(pilot)
            assert footer(app)["b"] == "begin"

    run(go())


LONG = msgspec.structs.replace(TENSE_TO_CALM, minutes=5.0)
"""Two minutes before the end nobody takes over."""


@pytest.mark.usefixtures("quick_engine")
@pytest.mark.parametrize(
    ("key", "kind", "words"), [("L", More, "stay a while"), ("D", Less, "take over")]
)
def test_a_wish_is_answered_on_the_screen_and_kept(
    key: str, kind: type, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = a_control(tmp_path / "home", monkeypatch, Card(rate=8.0))

    async def go() -> None:
        async with real_app(control, new_session(LONG), size=(120, 40)) as pilot:
            app: Any = pilot.app
            await until(pilot, lambda: getattr(app.screen, "has_begun", False))
            screen = app.screen
            await until_session(pilot, lambda: screen._begun.look().position_s > 1.0)
            await pilot.press(key)
            strips = app.screen._compositor.render_strips
            await until_session(
                pilot, lambda: any(words in "".join(p.text for p in strip) for strip in strips())
            )
            await pilot.press("q")
            await until(pilot, lambda: isinstance(app.screen, CheckOutScreen))
            await until(pilot, lambda: not app.workers)

    with contextlib.closing(control):
        run(go())
        (row,) = control.library.sessions()
        (event,) = control.library.load(row.id).events
        assert isinstance(event, kind)
        assert event.players.instrument
