"""What the check-in offers beside its three questions: the last session, examples, and the rest of
the form behind 'more'."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from support.card import Card
from support.fake_session import FakeControl, make_app, run, settled, some_pasts
from support.promises import footer
from support.real_app import a_control
from textual.widgets import Input, Select

from engine.affect.feelings import feeling
from engine.affect.offered import EXAMPLES
from engine.affect.path import gentle_seconds
from engine.plan.request import Request
from musmed_tui.app import MusmedApp
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_in_offers import last_time
from musmed_tui.screens.history import HistoryScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.settings import Loaded, Settings
from musmed_tui.widgets.key_words import KeyWords
from musmed_tui.widgets.words import Words

SIZE = (80, 24)


def said(app: MusmedApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Words).content)


def shown(app: MusmedApp) -> list[str]:
    strips = app.screen._compositor.render_strips()
    return ["".join(part.text for part in strip) for strip in strips]


def test_only_three_rows_ask_until_more_is_opened(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            fields = [one.id for one in app.screen.query("Input, Select") if one.region.area]
            assert fields == ["start", "target", "minutes"]
            await pilot.press("a")
            await settled(pilot)
            fields = [one.id for one in app.screen.query("Input, Select") if one.region.area]
            assert fields == [
                *("start", "target", "minutes"),
                *("strategy", "instrument", "genre", "change", "seed", "composer"),
            ]
            assert app.focused is app.screen.query_one("#strategy")
            app.screen.query_one("#strategy", Select).value = "direct"
            app.screen.query_one("#seed", Input).value = "42"
            await pilot.press("a")
            await settled(pilot)
            assert app.focused is app.screen.query_one("#more")
            assert any("more: straight there, piece 42" in row for row in shown(app))
            await pilot.press("enter")
            await settled(pilot)
            assert app.screen.has_class("-more")

    run(go())


@pytest.mark.parametrize(
    ("number", "word"),
    [(0.0, "never"), (0.1, "hardly"), (0.3, "now and then"), (0.45, "as you set it")],
)
def test_a_number_of_the_settings_is_kept_whatever_it_is(
    control: FakeControl, number: float, word: str
) -> None:
    control.loaded = Loaded(Settings(temperature=number), {})

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("1", "a")
            await settled(pilot)
            assert any("players change" in row and word in row for row in shown(app))
            await pilot.press("escape", "b")
            await settled(pilot)
        (request,) = (one for one in control.asked if isinstance(one, Request))
        assert request.temperature == number

    run(go())


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_fills_the_form_and_begins_nothing(control: FakeControl, number: int) -> None:
    one = EXAMPLES[number]
    start, target = feeling(one.start), feeling(one.target)
    assert gentle_seconds(start.affect.distance(target.affect)) <= 60 * one.minutes

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            assert one.said in str(app.screen.query_one("#examples", Words).content)
            await pilot.press(str(number + 1))
            await settled(pilot)
            assert isinstance(app.screen, CheckInScreen)
            assert said(app, "question") == "Ready when you are."
            assert app.focused is app.screen.query_one("#begin")
            await pilot.press("enter")
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)
        (request,) = (asked for asked in control.asked if isinstance(asked, Request))
        assert (request.start_word, request.target_word) == (one.start, one.target)
        assert request.minutes == one.minutes

    run(go())


def test_a_click_on_an_example_is_its_key(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.click(app.screen.query_one("#examples", KeyWords), offset=(3, 1))
            await settled(pilot)
            assert app.screen.query_one("#start", Input).value == EXAMPLES[1].start

    run(go())


@pytest.mark.parametrize(("key", "from_start"), [("c", False), ("r", True)])
def test_the_last_session_is_one_key_away(control: FakeControl, key: str, from_start: bool) -> None:
    control.listener.pasts = some_pasts()

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            assert said(app, "last") == (
                "last time: evening: tense to calm, 6 minutes, stopped at 2:00"
            )
            assert "c continue   r again   p all" in said(app, "last-keys")
            await pilot.press(key)
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)
        assert ("again", control.listener.pasts[0].id, from_start) in control.asked

    run(go())


def test_what_was_heard_to_its_end_is_not_gone_on_with(control: FakeControl) -> None:
    control.listener.pasts = some_pasts()[1:]

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            assert said(app, "last").endswith("sad to glad, 6 minutes, heard to its end")
            assert "continue" not in said(app, "last-keys")
            assert "c" not in footer(app)
            await pilot.press("c")
            await settled(pilot)
            assert isinstance(app.screen, CheckInScreen)
            await pilot.press("p", "x", "y")
            await settled(pilot)
            assert isinstance(app.screen, HistoryScreen)
            await pilot.press("escape")
            await settled(pilot)
            assert "tired to happy" in said(app, "last")

    run(go())


@pytest.mark.parametrize("refusal", [None, "The session library is damaged."])
def test_without_a_last_session_nothing_is_said_of_it(
    control: FakeControl, refusal: str | None
) -> None:
    control.listener.refusal = refusal

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            assert not any("last time" in row for row in shown(app))
            assert not app.screen.query_one("#last-keys").region.area
            await pilot.press("c", "r")
            await settled(pilot)
            assert isinstance(app.screen, CheckInScreen)
            assert not app._notifications

    run(go())


def test_a_name_can_not_paint_over_the_screen() -> None:
    past = msgspec.structs.replace(some_pasts()[0], name="a\x1b[31mb\nc")
    assert "\x1b" not in last_time(past)
    assert "\n" not in last_time(past)


def test_the_real_library_says_what_was_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = a_control(tmp_path / "home", monkeypatch, Card(rate=8.0))
    start, target = feeling("anxious"), feeling("calm")
    request = Request(
        start=start.affect, target=target.affect, start_word="anxious", target_word="calm", seed=1
    )
    with contextlib.closing(control):
        session = control.library.create(request, "embedded", 1, None, datetime.now(UTC))
        control.library.set_position(session, 387.0)
        control.library.set_state(session, "stopped")
        (past,) = control.listener.page(1)
        assert last_time(past) == "last time: anxious to calm, 15 minutes, stopped at 6:27"
