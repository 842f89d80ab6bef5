"""Nothing is cut where a shorter word or another line has room, and nothing is out of reach, in
windows from the smallest to a large one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_session import FakeControl, make_app, run, settled
from support.promises import footer
from textual.pilot import Pilot

from musmed_tui.app import Left
from musmed_tui.widgets.engine_card import EngineCard
from musmed_tui.widgets.words import column_widths, wrapped

WINDOWS = [
    (40, 12),
    (60, 20),
    pytest.param((80, 24), marks=pytest.mark.long),
    pytest.param((120, 40), marks=pytest.mark.long),
]
SINK = "PortAudio: a device whose name is long"


def lines(app: Any) -> list[str]:
    """The window's rows."""
    strips = app.screen._compositor.render_strips()
    return ["".join(part.text for part in strip) for strip in strips]


async def press(pilot: Pilot[Left], *keys: str) -> list[str]:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
    return lines(pilot.app)


@pytest.mark.parametrize("size", WINDOWS, ids=str)
def test_words_are_whole(size: tuple[int, int]) -> None:
    async def go() -> None:
        control = FakeControl()
        first = control.runner.snapshot
        course = tuple(
            one._replace(instrument="electric guitar", genre="drum and bass")
            for one in first.course
        )
        control.runner.change(course=course, sink=SINK)
        app: Any = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            seen = [lines(app)]
            assert "tense → calm" in seen[0][0]
            seen.append(await press(pilot, "i"))
            card = app.screen.query_one(EngineCard)
            for row in str(card.content).split("\n"):
                assert any(row.strip() in line for line in seen[-1]), row
            seen.append(await press(pilot, "i", "v"))
            text = " ".join(" ".join(seen[-1]).split())
            assert "electric" in text
            await press(pilot, "pagedown")
            cards = app.screen.query_one("#cards")
            assert cards.scroll_y == cards.max_scroll_y
            seen.append(await press(pilot, "s"))
            seen.append(await press(pilot, "escape", "q"))
            assert "6:27 of 15:00" in seen[-1][0]
            assert "tense towards calm" in " ".join(seen[-1][:2])
            assert "world" in " ".join(seen[-1])
            seen.append(await press(pilot, "n"))
            for row in (row for shown in seen for row in shown):
                assert "…" not in row, row
            app.exit()

    run(go())


@pytest.mark.parametrize("size", WINDOWS[:1], ids=str)
def test_enter_is_promised_wherever_it_acts(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def go() -> None:
        app: Any = make_app(FakeControl())
        async with app.run_test(size=size) as pilot:
            await press(pilot, "a")
            for name, does in (("minutes", "next"), ("composer", "open"), ("begin", "begin")):
                app.screen.set_focus(app.screen.query_one(f"#{name}"))
                await settled(pilot)
                assert footer(app)["enter"] == does
            app.screen.set_focus(app.screen.query_one("#genre"))
            await press(pilot, "enter")
            assert (footer(app)["enter"], footer(app)["escape"]) == ("take", "close")
            await press(pilot, "down", "enter")
            assert not app.screen.query_one("#genre").expanded
            assert app.screen.query_one("#genre").value != ""
            app.exit()

    run(go())


def test_a_key_that_does_nothing_while_it_saves_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, in the smallest window; the list and the name say what Enter does."""
    monkeypatch.chdir(tmp_path)

    async def go() -> None:
        app: Any = make_app(FakeControl(), playing=True)
        async with app.run_test(size=(40, 12)) as pilot:
            await settled(pilot)
            await press(pilot, "q", "w")
            assert footer(app)["enter"] == "take"
            await press(pilot, "enter")
            assert footer(app)["enter"] == "save"
            await press(pilot, "ctrl+u")
            assert "enter" not in footer(app)
            await press(pilot, *"slow.flac")
            await pilot.press("enter")  # goes on until it is called off: not settled before
            await pilot.pause()
            assert app.screen._saving
            screen, saved = app.screen, app.screen.query_one("#saved")
            for key in "rcwn":
                saved.say("")
                await pilot.press(key)
                await pilot.pause()
                assert str(saved.content) == "Not while it saves; Esc calls it off."
                assert saved.region.height == 1
            assert app.screen is screen
            await press(pilot, "escape")
            assert "called off" in str(saved.content)
            assert footer(app).keys() >= {"r", "c", "w"}
            app.exit()

    run(go())


WORDS = st.lists(st.text("abc", min_size=1, max_size=12), min_size=1, max_size=3).map(" ".join)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=5), st.integers(12, 60))
def test_columns_cut_no_word_that_has_room(table: list[tuple[str, ...]], room: int) -> None:
    widths = column_widths(table, room)
    if table:
        assert sum(widths) <= room + 1
    words = [
        max(len(word) for cell in column for word in cell.split())
        for column in zip(*table, strict=True)
    ]
    for row in table:
        for cell, width in zip(row, widths, strict=True):
            assert all(len(line) < width for line in wrapped(cell, width - 1))
            if sum(words) + len(words) <= room + 1:
                assert " ".join(wrapped(cell, width - 1)) == cell
