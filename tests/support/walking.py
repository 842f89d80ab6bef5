"""Keys as a terminal sends them, over sessions that save for as long as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.fake_session import FakeControl, FakeRunner
from textual import events
from textual.command import CommandPalette
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widget import Widget

from engine.errors import MusmedError
from engine.listener.ratings import Rating
from engine.plan.request import Request
from musmed_tui.app import Left
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.session import SessionScreen


class WalkControl(FakeControl):
    """Saves until it is called off or let go on, and writes nothing."""

    runner: Any

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def save(
        self,
        runner: object,
        output: Path,
        progress: Callable[[float, float], None],
        cancelled: Callable[[], bool],
        *,
        heard: bool = False,
    ) -> tuple[str, ...]:
        progress(450.0, 900.0)
        while not cancelled():
            if self.go_on.wait(0.005):
                break
        raise MusmedError("Nothing was written.")

    def again(self, session: str, *, from_start: bool) -> Any:
        self.runner = FakeRunner(self.runner.snapshot)
        self.runner.change(state="playing")
        return self._begun()


class SteadyRunner(FakeRunner):
    """Notes that it was to stop, and plays on."""

    def stop(self) -> None:
        self.asked.append("stop")


class PromiseControl(WalkControl):
    """Keeps what was asked of it, how often the app was to be left, and a session to begin with."""

    def __init__(self) -> None:
        super().__init__()
        self.quits = 0
        self.first = self.runner.snapshot
        self.runner = SteadyRunner(self.first)

    def begin(
        self, request: Request, *, before: Rating | None = None, signal: object = None
    ) -> Any:
        self.runner = SteadyRunner(self.first)
        return super().begin(request, before=before, signal=signal)

    def again(self, session: str, *, from_start: bool) -> Any:
        self.asked.append(("again", from_start))
        return super().again(session, from_start=from_start)


async def quiet(pilot: Pilot[Left]) -> None:
    """Until every message that is under way has been taken, and what followed from it."""
    for _ in range(4):
        if pilot.app.return_value is not None:
            return
        await pilot._wait_for_screen()


async def press(pilot: Pilot[Left], *keys: str) -> None:
    """Keys as the terminal sends them, one behind the other."""
    driver = pilot.app._driver
    assert driver is not None
    for key in keys:
        character = {"space": " ", "slash": "/", "question_mark": "?", "colon": ":"}.get(
            key, key if len(key) == 1 else None
        )
        driver.send_message(events.Key(key, character))
    await quiet(pilot)


async def resize(pilot: Pilot[Left], size: tuple[int, int]) -> None:
    driver, new = pilot.app._driver, Size(*size)
    assert isinstance(driver, HeadlessDriver)
    driver._size = new
    pilot.app.post_message(events.Resize(new, new))
    await quiet(pilot)


def saving(app: Any) -> bool:
    return any(isinstance(one, CheckOutScreen) and one._saving for one in app.screen_stack)


def begun(app: Any) -> bool:
    return isinstance(app.screen, SessionScreen) and app.screen._begun is not None


def shown(widget: Widget) -> bool:
    """Whether it is displayed with all that it is in, and has room, maybe after scrolling.
    Textual's palette shows its input in a container that is hidden and has no size."""
    chain = [node for node in widget.ancestors_with_self if isinstance(node, Widget)]
    if isinstance(widget.screen, CommandPalette):
        return widget.visible and widget.size.area > 0
    return all(node.display and node.visible and node.size.area for node in chain)
