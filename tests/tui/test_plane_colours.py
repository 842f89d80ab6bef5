"""What is behind the plane's cells is faint: all that means something can be told from it, in every
theme, at every step of a breath and of the glow."""

from __future__ import annotations

import msgspec
import pytest
from support.fake_session import FakeControl, make_app, run, settled
from textual.style import Style

from musmed_tui.drawing import plane_layout as plane
from musmed_tui.drawing.motion import BREATHS, GLOWS
from musmed_tui.theming import MIN_CONTRAST, contrast, theme_names
from musmed_tui.widgets.circumplex import Circumplex

SIGN_CONTRAST = 3.0
"""WCAG 2.2, success criterion 1.4.11: signs against their ground."""
QUARTERS = [quarter * plane.QUARTER for quarter in range(5)]
GLOWING = [step * plane.GLOW for step in range(len(GLOWS) + 1)]
WORDS = (plane.AXIS_WORD, plane.NAME, plane.ANCHOR, plane.START, plane.TARGET, plane.CURSOR)
AHEAD = range(plane.PLANNED, plane.PLANNED + plane.STEPS)
BEHIND = (
    *range(plane.TRAVELLED, plane.TRAVELLED + plane.STEPS),
    *range(plane.TRAIL, plane.TRAIL + plane.STEPS * plane.TRAILS),
)
BREATHING = range(plane.BREATH, plane.BREATH + BREATHS)


def told(style: Style) -> float:
    """How well what has this style can be told from what is behind it; as the terminal's own
    colours are nobody's, those are as good as any."""
    colour, ground = style.foreground, style.background
    assert colour is not None
    assert ground is not None
    if colour.ansi is not None or ground.ansi is not None:
        return 21.0
    return contrast(colour.hex6, ground.hex6)


@pytest.mark.parametrize("theme", theme_names())
def test_everything_can_be_told_from_its_ground(theme: str) -> None:
    async def go() -> None:
        app = make_app(FakeControl(), playing=True)
        async with app.run_test(size=(60, 20)) as pilot:
            app.theme = theme
            await settled(pilot)
            shown = app.screen.query_one(Circumplex)
            for ground in QUARTERS:
                for role in WORDS:
                    assert told(shown.role_style(role + ground)) >= MIN_CONTRAST, (role, ground)
                for role in AHEAD:
                    assert told(shown.role_style(role + ground)) >= SIGN_CONTRAST, (role, ground)
                for role in (*BEHIND, *BREATHING):
                    for glow in GLOWING:
                        style = shown.role_style(role + ground + glow)
                        assert round(told(style), 1) >= SIGN_CONTRAST, (role, ground, glow)
            app.exit()

    run(go())


@pytest.mark.parametrize(
    ("theme", "tinted"), [("dark", True), ("mono", False), ("terminal", False)]
)
def test_quarters_are_tinted_where_there_are_colours(theme: str, tinted: bool) -> None:
    async def go() -> None:
        app = make_app(FakeControl(), playing=True)
        async with app.run_test(size=(60, 20)) as pilot:
            app.theme = theme
            await settled(pilot)
            shown = app.screen.query_one(Circumplex)
            grounds = {shown.role_style(quarter).background for quarter in QUARTERS}
            assert len(grounds) == (5 if tinted else 1)
            app.exit()

    run(go())


def test_the_dot_breathes_in_the_session_and_not_when_calm() -> None:
    async def go(calm: bool) -> set[int | None]:
        control = FakeControl()
        control.loaded = msgspec.structs.replace(
            control.loaded, settings=msgspec.structs.replace(control.loaded.settings, calm=calm)
        )
        app, steps = make_app(control, playing=True), set()
        async with app.run_test(size=(60, 20)) as pilot:
            await settled(pilot)
            for step in range(20):
                control.runner.change(position_s=387.0 + step / 2)
                app._tick()
                steps.add(app.screen.query_one(Circumplex).state.breath)
            control.runner.change(state="paused")
            app._tick()
            assert app.screen.query_one(Circumplex).state.breath is None
            app.exit()
        return steps

    async def both() -> None:
        assert await go(calm=True) == {None}
        assert await go(calm=False) == set(range(BREATHS))

    run(both())
