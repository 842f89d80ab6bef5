"""A participant plays their list on the screen: asked, heard, left, gone on with, and blind."""

from __future__ import annotations

import asyncio
import functools
import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from support.card import Card
from support.fake_session import until
from support.listening_list import CODES, CONDITIONS, a_list, ticking

from engine.study.listening import answers
from engine.study.listening.sheet import ListeningList
from engine.study.listening.sitting import Done, Sitting
from musmed_tui.listening_app import ListeningApp
from musmed_tui.plain.listening import PlainListening
from musmed_tui.screens.listening import ConsentScreen, HearingScreen
from musmed_tui.screens.sliders import SlidersScreen
from musmed_tui.terminal.terminal import Signals
from musmed_tui.theme_shelf import ThemeShelf
from musmed_tui.widgets.big_clock import BigClock
from musmed_tui.widgets.slider import Slider

FAST = 20.0


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @functools.wraps(test)
    def run(**given: Any) -> None:
        asyncio.run(test(**given))

    return run


def _app(folder: Path, sheet: ListeningList, rate: float = FAST) -> ListeningApp:
    sitting = Sitting(folder, sheet, "P001", ticking())
    return ListeningApp(
        sitting,
        sheet.asked,
        folder,
        lambda: Card(rate),
        ThemeShelf(),
        theme="dark",
        driver_class=None,
    )


def _shows(app: ListeningApp, kind: type) -> Callable[[], bool]:
    return lambda: isinstance(app.screen, kind) and app.screen.is_mounted


def _asks(app: ListeningApp, question: str) -> Callable[[], bool]:
    def asked() -> bool:
        screen = app.screen
        asks = isinstance(screen, SlidersScreen) and screen._question.startswith(question)
        return asks and isinstance(screen.focused, Slider)

    return asked


@in_loop
async def test_a_whole_sitting_with_keys(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder, moments=(1.0,), note=True)
    app = _app(folder, sheet)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, _shows(app, ConsentScreen))
        await pilot.press("y")
        for number in (1, 2, 3):
            await until(pilot, _asks(app, f"Before session {number} of 3"))
            await pilot.press("right", "enter", "left", "enter")
            await until(pilot, _asks(app, "How do you feel now? The music goes on"))
            await pilot.press("right", "enter", "minus")
            await until(pilot, _asks(app, f"After session {number} of 3"))
            await pilot.press("enter", "enter", "L", "enter", "o", "k", "enter")
        await until(pilot, lambda: app.done)
    given = answers.read(folder, "P001")
    assert _kinds(folder) == ["consent", *["before", "begun", "moment", "ended", "after"] * 3]
    assert [one.code for one in given if one.what == "before"] == list(CODES)
    before, after = given[1], given[5]
    assert (before.rating.valence, before.rating.arousal) == (52, 48)
    assert (given[3].asked_at, given[3].rating.valence, given[3].rating.arousal) == (1.0, 52, None)
    assert (after.rating.valence, after.liking, after.note) == (None, 60, "ok")


@in_loop
async def test_who_stops_goes_on_from_there(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder, consent="", ratings=False)
    app = _app(folder, sheet, rate=1.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, _shows(app, HearingScreen))
        playing = app._playing
        assert playing is not None
        await until(pilot, lambda: playing.heard > 0.3)
        await pilot.press("space")
        await until(pilot, lambda: app.is_paused)
        await pilot.press("space", "-", "q")
    assert app.failure is None
    assert not app.done
    stopped = answers.read(folder, "P001")[-1]
    assert stopped.what == "stopped"
    again = Sitting(folder, sheet, "P001", ticking()).step
    assert stopped.seconds is not None
    assert stopped.seconds > 0.3
    assert getattr(again, "start", None) == stopped.seconds


@in_loop
async def test_who_does_not_agree_is_asked_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    app = _app(folder, a_list(folder))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, _shows(app, ConsentScreen))
        await pilot.press("n")
    assert not (folder / answers.FOLDER).exists()


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (160, 50)])
@in_loop
async def test_nothing_on_the_screen_tells_the_condition(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    """Sessions of three conditions look the same."""
    folder = tmp_path / "list"
    sheet = a_list(folder, consent="", ratings=False, liking=False, note=True)
    app, seen = _app(folder, sheet, rate=0.0), []
    async with app.run_test(size=size) as pilot:
        for place in (1, 2, 3):
            await until(pilot, _shows(app, HearingScreen))
            await until(pilot, lambda: app.screen.query_one(BigClock)._time[1] > 0.0)
            await pilot.pause()
            shown = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
            assert f"Session {place} of 3" in shown
            seen.append(shown.replace(f"Session {place}", "Session"))
            assert not any(word in shown for word in (*CONDITIONS, *CODES))
            assert app._playing is not None
            app._playing.speaker.stop()
            app._playing.close()
            app._sitting.ended(3.0)
            app._playing = None
            app.pop_screen()
            app._sitting.after(app._sitting.step and _nothing())
            app._go_on()
    assert len(set(seen)) == 1
    assert isinstance(app._sitting.step, Done)


def _nothing() -> Any:
    from engine.listener.ratings import Rating

    return Rating()


def _kinds(folder: Path) -> list[str]:
    return [one.what for one in answers.read(folder, "P001")]


def test_the_same_as_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As lines, with what is typed wrong asked again."""
    folder = tmp_path / "list"
    sheet = a_list(folder, note=True)
    sitting = Sitting(folder, sheet, "P002", ticking())
    one = "oops\n30,70\n60,-\n101\n80\nfine\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n" + one * 3))
    lines = PlainListening(sitting, sheet.asked, folder, lambda: Card(FAST), volume=0.5)
    with Signals() as signals:
        assert lines.run(signals)
    given = answers.read(folder, "P002")
    assert [one.what for one in given] == ["consent", *["before", "begun", "ended", "after"] * 3]
    assert (given[1].rating.valence, given[1].rating.arousal) == (30, 70)
    assert (given[4].rating.valence, given[4].liking, given[4].note) == (60, 80, "fine")
