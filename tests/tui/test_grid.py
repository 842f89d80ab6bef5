"""One grid: a plane stands in one place and size on every screen and in every window."""

from __future__ import annotations

import random
from typing import Any

import pytest
from support.fake_session import FakeControl, make_app, run, settled, some_pasts
from textual.geometry import Offset, Region, Size

from musmed_tui.app import MusmedApp
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.grid import PANEL, PLANE, WIDE_PANEL, plane_size
from musmed_tui.screens.past import PastScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.widgets.timeline import Timeline


async def regions(app: MusmedApp, pilot: Any, sizes: list[tuple[int, int]]) -> list[Region]:
    """Where the plane stands on the screen that is shown, in each window."""
    found = []
    for size in sizes:
        await pilot.resize_terminal(*size)
        await settled(pilot)
        found.append(app.screen.query_one("#plane").region)
        panel = app.screen.query_one(".panel").region
        assert panel.x == found[-1].right
        assert panel.right == size[0]
        assert panel.width >= (WIDE_PANEL if size[0] >= 100 else PANEL)
        assert app.screen.query_one(Timeline).region.bottom == size[1] - 1
    return found


def test_the_plane_stands_in_one_place() -> None:
    """On all three screens, as ``plane_size`` says, in windows drawn by chance too."""
    dice = random.Random(17)
    sizes = [(80, 24), (100, 30), (120, 40), (160, 50), (60, 12)]
    sizes += [(dice.randint(60, 240), dice.randint(12, 80)) for _ in range(7)]

    async def go() -> list[list[Region]]:
        found = []
        app = make_app(FakeControl(), playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)
            found.append(await regions(app, pilot, sizes))
            await pilot.press("q")
            await settled(pilot)
            assert isinstance(app.screen, CheckOutScreen)
            found.append(await regions(app, pilot, sizes))
            await pilot.press("n")
            await settled(pilot)
            found.append(await regions(app, pilot, sizes))
            app.exit()
        return found

    async def check() -> None:
        wanted = [Region.from_offset(Offset(0, 1), plane_size(Size(*size))) for size in sizes]
        for found in await go():
            assert found == wanted

    run(check())


@pytest.mark.parametrize(("columns", "rows"), [(60, 12), (99, 17), (100, 18), (138, 50), (400, 90)])
def test_the_panel_has_what_the_plane_leaves(columns: int, rows: int) -> None:
    plane = plane_size(Size(columns, rows))
    assert plane.width == min(PLANE.width, columns - (WIDE_PANEL if columns >= 100 else PANEL))
    assert plane.height <= min(PLANE.height, rows - 3)


def test_the_plane_stays_while_something_is_said() -> None:
    """What is said at the end of saving lies over the timeline."""

    async def go() -> None:
        app = make_app(FakeControl(), playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("q")
            await settled(pilot)
            before = app.screen.query_one("#plane").region
            assert isinstance(app.screen, CheckOutScreen)
            app.screen.show_saved("It could not be saved.", failed=True)
            await settled(pilot)
            assert app.screen.query_one("#saved").region.height
            assert app.screen.query_one("#plane").region == before
            app.exit()

    run(go())


def test_a_session_of_the_past_stands_on_the_grid() -> None:
    async def go() -> None:
        control = FakeControl()
        control.listener.pasts = some_pasts()
        app = make_app(control)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            check_in = app.screen.query_one("#plane").content_region
            await pilot.press("p")
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            assert isinstance(app.screen, PastScreen)
            assert app.screen.query_one("#plane").content_region == check_in
            assert app.screen.query_one(Timeline).state.total > 0
            app.exit()

    run(go())
