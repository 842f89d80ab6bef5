"""Nothing is shown before it is whole: every frame that is drawn, between any two screens, has its
screen's first line, its keys and what they stand under, laid out for the window as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.fake_session import (
    FakeControl,
    make_app,
    run,
    settled,
    some_pasts,
    some_preferences,
)

from musmed_tui.app import MusmedApp
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.transport import Transport

Frame = tuple[str, tuple[str, ...]]
"""The screen that was drawn, and its rows as they were."""

WAYS: dict[str, tuple[bool, tuple[tuple[str, ...], ...]]] = {
    "check-in to session": (False, (("slash", *"tense", "enter", *"calm", "enter"), ("b",))),
    "session to check-out": (True, (("q",),)),
    "check-out to replay": (True, (("q",), ("r",))),
    "check-out to going on": (True, (("q",), ("c",))),
    "check-out to check-in": (True, (("q",), ("n",))),
    "help and back": (True, (("question_mark",), ("escape",))),
    "help of the check-in": (False, (("question_mark",), ("escape",))),
    "list and back": (False, (("w",), ("escape",))),
    "sliders and back": (False, (("s",), ("enter",), ("enter",))),
    "history and back": (
        False,
        (("p",), ("enter",), ("escape",), ("l",), ("escape",), ("escape",)),
    ),
    "a name for one": (False, (("p",), ("n",), ("escape",), ("x",), ("escape",), ("slash",))),
    "played from the history": (False, (("p",), ("c",))),
    "said after it": (True, (("q",), ("s",), ("escape",))),
    "steering": (True, (("s",), ("slash",), ("escape",))),
    "saving": (True, (("q",), ("w",), ("enter",), ("escape",))),
}


def recorded(app: MusmedApp, frames: list[Frame], monkeypatch: pytest.MonkeyPatch) -> None:
    """Note what is drawn, when it is drawn."""
    display = app._display

    def note(screen: Any, drawn: Any) -> None:
        if drawn is not None and screen is app.screen:
            strips = screen._compositor.render_strips()
            rows = tuple("".join(part.text for part in strip).rstrip() for strip in strips)
            frames.append((type(screen).__name__, rows))
        display(screen, drawn)

    monkeypatch.setattr(app, "_display", note)


def lacking(frame: Frame) -> str | None:
    """What a frame lacks, in words."""
    _, rows = frame
    if sum(bool(row.strip(" ╭╮╰╯│─")) for row in rows) < 4:
        return "it is empty"
    if not rows[0].strip() and not rows[1].strip():
        return "it has no first line"
    return None if rows[-1].strip() else "it has no keys"


@pytest.mark.parametrize(
    "size",
    [
        (80, 24),
        (40, 12),
        pytest.param((120, 40), marks=pytest.mark.long),
        pytest.param((60, 20), marks=pytest.mark.long),
    ],
    ids=str,
)
@pytest.mark.parametrize("way", WAYS)
def test_no_frame_is_empty(
    way: str, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    playing, steps = WAYS[way]
    frames: list[Frame] = []

    async def go() -> None:
        control = FakeControl()
        control.listener.pasts = some_pasts()
        control.listener.preferences = some_preferences()
        app = make_app(control, playing=playing)
        recorded(app, frames, monkeypatch)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            for keys in steps:
                await pilot.press(*keys)
                await settled(pilot)
            app.exit()

    run(go())
    assert len(frames) > len(steps)
    for number, frame in enumerate(frames):
        shown = "\n".join(frame[1])
        assert lacking(frame) is None, f"{lacking(frame)}: {number} ({frame[0]})\n{shown}"


@pytest.mark.parametrize("playing", [False, True], ids=["check-in", "session"])
def test_the_first_frame_is_laid_out_for_its_window(
    playing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is drawn as the same screen is drawn once everything has come to rest."""
    frames: list[Frame] = []

    async def go() -> None:
        app = make_app(FakeControl(), playing=playing)
        recorded(app, frames, monkeypatch)
        async with app.run_test(size=(40, 12)) as pilot:
            await settled(pilot)
            width = app.screen.query_one(Circumplex).size.width
            assert width > 30
            if not playing:
                assert isinstance(app.screen.focused, Circumplex)
                await pilot.resize_terminal(120, 40)
                await settled(pilot)
                await pilot.resize_terminal(40, 12)
                await settled(pilot)
                assert isinstance(app.screen.focused, Circumplex)
            assert app.screen.query_one(Transport).size.width
            app.exit()

    run(go())
    of_window = [rows for _, rows in frames if len(rows) == 12]
    below_headline = {row for rows in of_window for row in rows[1:3]}
    assert all(len(row) <= 40 for row in below_headline)


def test_the_plane_stays_in_every_frame_between_screens(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the check-in to the session, the check-out and back: no frame is without it, and in
    none is it elsewhere."""
    frames: list[Frame] = []

    async def go() -> None:
        control = FakeControl()
        app = make_app(control)
        recorded(app, frames, monkeypatch)
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            keys = (("slash", *"tense", "enter", *"calm", "enter"), ("b",), ("q",), ("n",))
            for pressed in keys:
                await pilot.press(*pressed)
                await settled(pilot)
            app.exit()

    run(go())
    assert {name for name, _ in frames} >= {"CheckInScreen", "SessionScreen", "CheckOutScreen"}
    places = {
        (y, row.index("pleasant"), row.index("unpleasant"))
        for _, rows in frames
        for y, row in enumerate(rows)
        if "unpleasant" in row
    }
    assert len(places) == 1
    for name, rows in frames:
        assert any("unpleasant" in row for row in rows), f"{name}\n" + "\n".join(rows)
