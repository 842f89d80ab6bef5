"""Keys that come all at once, as a slow line sends them, act in the order in which they were
pressed."""

from __future__ import annotations

import pytest
from support.fake_session import FakeControl, make_app, run, settled
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from engine.affect.feelings import feeling
from musmed_tui.app import Left
from musmed_tui.screens.feeling_field import FeelingField

NAMED = {"<": "backspace", "^": "home", "#": "enter", "x": "delete"}


def burst(pilot: Pilot[Left], keys: str) -> None:
    """All of ``keys`` before any of them has done anything."""
    for key in keys:
        name = NAMED.get(key, key)
        pilot.app.post_message(events.Key(name, None if name != key else key))


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("abcdefgh<<<<wqyz", "abcdwqyz"),
        ("abc^de", "deabc"),
        ("abc^xxde", "dec"),
        ("a<b<c<d", "d"),
    ],
)
@pytest.mark.parametrize("where", ["start", "seed"])
def test_what_is_typed_in_a_burst_is_what_stands_there(
    control: FakeControl, keys: str, value: str, where: str
) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            if where == "seed":
                await pilot.press("a")  # the field is behind 'more'
                await settled(pilot)
            line = app.screen.query_one(f"#{where}", Input)
            line.focus()
            await settled(pilot)
            burst(pilot, keys)
            await settled(pilot)
            assert line.value == value

    run(go())


def test_enter_takes_what_was_typed_before_it(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("slash")
            await settled(pilot)
            burst(pilot, "calms<#")
            await settled(pilot)
            field = app.screen.query_one("#start", FeelingField)
            assert (field.value, field.affect) == ("calm", feeling("calm").affect)
            assert app.focused is app.screen.query_one("#target")

    run(go())
