"""Every screen as it looks at four sizes in one theme, and a session in each of the others.

A change that is wanted is looked at, then kept: ``pytest tests/tui/test_app_snapshots.py
--snapshot-update``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.fake_session import FakeControl, make_app, settled, some_pasts, some_preferences, until
from textual.pilot import Pilot
from textual.widgets import Input, ProgressBar

from musmed_tui.app import Left
from musmed_tui.theming import theme_names

pytestmark = pytest.mark.usefixtures("utc")


async def pressed(pilot: Pilot[Left], *keys: str) -> None:
    await settled(pilot)
    for key in keys:  # each may lead to another screen
        await pilot.press(key)
        await settled(pilot)


SIZES = [(80, 24), (100, 30), (120, 40), (160, 50)]
CHOSEN = ("slash", *"tense", "enter", *"calm", "enter")
SCREENS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "check-in": (False, ()),
    "check-in-chosen": (False, CHOSEN),
    "check-in-more": (False, (*CHOSEN, "a")),
    "check-in-offers": (False, ("slash", *"frazzled")),
    "check-in-list": (False, ("w", "down")),
    "check-in-sliders": (False, ("s", "right", "tab")),
    "session": (True, ()),
    "session-music": (True, ("v",)),
    "session-paused": (True, ("space",)),
    "session-steering": (True, ("s", "up", "up", "up")),
    "session-adjusting": (True, ("a", "down", *("shift+left",) * 3, "enter", "a", "down")),
    "session-engine": (True, ("i",)),
    "session-moods": (True, ("m",)),
    "session-sleep": (True, ("z",)),
    "stage": (True, ("f",)),
    "stage-paused": (True, ("f", "space")),
    "check-out": (True, ("q",)),
    "check-out-grounding": (True, ("e", "q")),
    "check-out-sliders": (True, ("q", "s", "right", "tab")),
    "help": (True, ("question_mark",)),
    "palette": (True, ("colon", *"vol")),
    "settings": (False, ("o", "down")),
    "history": (False, ("p", "down")),
    "past": (False, ("p", "enter")),
    "weeks": (False, ("p", "w")),
    "likes": (False, ("p", "l", "down")),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
def test_screens(snap_compare: Any, name: str, size: tuple[int, int]) -> None:
    playing, keys = SCREENS[name]

    async def prepare(pilot: Pilot[Left]) -> None:
        await pressed(pilot, *keys)

    assert snap_compare(
        make_app(listening(), playing=playing), terminal_size=size, run_before=prepare
    )


@pytest.mark.parametrize("theme", sorted({*theme_names()} - {"dark"}))
def test_the_other_themes(snap_compare: Any, theme: str) -> None:
    app = make_app(listening(theme), playing=True)
    assert snap_compare(app, terminal_size=(120, 40), run_before=settled)


def listening(theme: str = "dark") -> FakeControl:
    """Somebody who has heard something before."""
    control = FakeControl(theme)
    control.listener.pasts = some_pasts(20)
    control.listener.preferences = some_preferences()
    return control


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_choosing_what_is_saved(
    snap_compare: Any, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pathlib.Path.cwd", lambda: Path("/home/listener"))

    async def prepare(pilot: Pilot[Left]) -> None:
        await pressed(pilot, "q", "w", "down")

    assert snap_compare(make_app(listening(), playing=True), terminal_size=size, run_before=prepare)


def test_saving(snap_compare: Any) -> None:
    async def prepare(pilot: Pilot[Left]) -> None:
        await pressed(pilot, "q")
        await pilot.press("w", "down", "down", "enter")
        pilot.app.screen.query_one("#file", Input).value = "/home/listener/slow.flac"
        await pilot.press("enter")
        bar = pilot.app.screen.query_one(ProgressBar)
        await until(pilot, lambda: bar.percentage == 0.5)
        await pilot.pause()

    assert snap_compare(
        make_app(FakeControl(), playing=True), terminal_size=(80, 24), run_before=prepare
    )


@pytest.mark.parametrize("size", [(44, 12), *SIZES], ids=str)
def test_first_run(snap_compare: Any, size: tuple[int, int]) -> None:
    async def prepare(pilot: Pilot[Left]) -> None:
        await settled(pilot)

    app = make_app(FakeControl(), welcomed=lambda: None)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("size", [(50, 20), (80, 14), (44, 12)], ids=str)
@pytest.mark.parametrize(
    "name",
    ["check-in", "session", "session-music", "session-steering", "stage", "check-out", "history"],
)
def test_small_windows(snap_compare: Any, name: str, size: tuple[int, int]) -> None:
    playing, keys = SCREENS[name]

    async def prepare(pilot: Pilot[Left]) -> None:
        await pressed(pilot, *keys)

    app = make_app(listening(), playing=playing)
    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_too_small(snap_compare: Any) -> None:
    async def prepare(pilot: Pilot[Left]) -> None:
        await settled(pilot)

    assert snap_compare(
        make_app(FakeControl(), playing=True), terminal_size=(36, 10), run_before=prepare
    )
