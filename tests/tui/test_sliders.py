"""How the listener feels, on two sliders: before a session it proposes where the path begins, after
it is kept with a note; each may be left out, by key and by mouse."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.card import Card
from support.fake_session import SESSION, FakeControl, make_app, run, settled, until
from support.real_app import a_control, real_app
from textual.pilot import Pilot
from textual.widgets import Input

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.listener.ratings import Felt, Rating
from engine.plan.request import Request
from musmed_tui.app import Left, MusmedApp
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.screens.sliders import SlidersScreen
from musmed_tui.widgets.slider import Slider
from musmed_tui.widgets.words import Words

SIZE = (80, 24)
SMALL = (40, 12)


def slider(app: MusmedApp, name: str) -> Slider:
    return app.screen.query_one(f"#{name}", Slider)


def start(app: MusmedApp) -> FeelingField:
    return app.screen.query_one("#start", FeelingField)


def said(app: MusmedApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Words).content)


async def typed(pilot: Pilot[Left], text: str) -> None:
    await pilot.press(*("space" if c == " " else c for c in text))


def request_of(control: FakeControl) -> Request:
    (request,) = (one for one in control.asked if isinstance(one, Request))
    return request


LOW, HIGH = ("home", "enter"), ("end", "enter")


@pytest.mark.parametrize("size", [SIZE, SMALL], ids=str)
def test_two_sliders_say_where_the_path_begins(control: FakeControl, size: tuple[int, int]) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=size) as pilot:
            await pilot.press("s")
            assert isinstance(app.screen, SlidersScreen)
            assert not app.screen.query("#note")
            await pilot.press("left", "left", "enter", "shift+right", "enter")
            assert isinstance(app.screen, CheckInScreen)
            assert start(app).affect == Affect(-0.08, 0.2)
            assert "would you like" in said(app, "question")
            assert said(app, "ways") == "sliders: pleasant 46, awake 60"
            await pilot.press("slash")
            await typed(pilot, "calm")
            await pilot.press("enter", "enter")
            await settled(pilot)
        request = request_of(control)
        assert (request.start, request.target_word) == (Affect(-0.08, 0.2), "calm")
        assert control.before == Rating(46, 60)

    run(go())


def test_the_first_question_offers_the_ways_and_forces_none(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            assert "s for sliders" in said(app, "ways")
            await pilot.press("slash")
            await typed(pilot, "tense")
            await pilot.press("enter", *"calm", "enter", "enter")
            await settled(pilot)
        assert control.before is None

    run(go())


@pytest.mark.parametrize(
    ("keys", "rating"),
    [
        (("enter", "home", "enter"), Rating(None, 0)),
        (("minus", *HIGH), Rating(None, 100)),
        (("right", "minus", *HIGH), Rating(None, 100)),
        ((*LOW, "minus"), Rating(0, None)),
        (("right", "left", "tab", "L", "H", "l", "enter"), Rating(50, 52)),
        (("end", "right", "up", "down", "enter", "enter"), Rating(100, None)),
    ],
    ids=str,
)
def test_each_can_be_left_out(control: FakeControl, keys: tuple[str, ...], rating: Rating) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("s", *keys)
            assert isinstance(app.screen, CheckInScreen)
            assert (start(app).affect is None) == (rating.affect is None)
            start(app).put(feeling("sad").affect)
            app.screen.query_one("#target", FeelingField).put(feeling("glad").affect)
            await pilot.press("escape", "b")
            await settled(pilot)
        assert control.before == rating

    run(go())


def test_leaving_both_out_or_going_back_says_nothing(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("s", "minus", "minus")
            assert start(app).affect is None
            assert "s for sliders" in said(app, "ways")
            await pilot.press("s", "end", "escape")
            assert start(app).affect is None
            await pilot.press("slash", *"sad", "enter", *"glad", "enter", "enter")
            await settled(pilot)
        assert control.before is None

    run(go())


def test_a_word_that_was_said_stays_and_the_sliders_are_kept_beside_it(
    control: FakeControl,
) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("slash", *"tense", "enter", "escape")
            await pilot.press("s", *LOW, *HIGH)
            assert start(app).word == "tense"
            assert "beside" in said(app, "ways")
            await pilot.press("slash", *"calm", "enter", "enter")
            await settled(pilot)
        assert request_of(control).start_word == "tense"
        assert control.before == Rating(0, 100)

    run(go())


def test_what_the_sliders_proposed_follows_them(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("s", *LOW, *HIGH)
            assert start(app).affect == Affect(-1.0, 1.0)
            await pilot.press("s")
            assert (slider(app, "valence").value, slider(app, "arousal").value) == (0, 100)
            await pilot.press(*HIGH, "enter")
            assert start(app).affect == Affect(1.0, 1.0)

    run(go())


def test_the_mouse_moves_them(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("s")
            last = slider(app, "valence").size.width - 1
            await pilot.click("#valence", offset=(last, 0))
            await pilot.mouse_down("#arousal", offset=(last // 2, 0))
            await pilot.hover("#arousal", offset=(0, 0))
            await pilot.mouse_up("#arousal", offset=(0, 0))
            assert (slider(app, "valence").value, slider(app, "arousal").value) == (100, 0)
            assert slider(app, "arousal").has_focus
            await pilot.hover("#arousal", offset=(last, 0))
            assert slider(app, "arousal").value == 0

    run(go())


def test_a_slider_proposes_nothing_before_it_is_touched(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("s")
            seen = str(slider(app, "valence").render())
            assert "●" not in seen
            assert "nothing said" in seen
            await pilot.press("right")
            seen = str(slider(app, "valence").render())
            line, ends = seen.split("\n")
            assert len(line) == len(ends)
            assert abs(line.index("●") / (len(line) - 1) - 0.52) < 0.02
            assert not any(character.isdigit() for character in seen)

    run(go())


async def checked_out(pilot: Pilot[Left]) -> None:
    await settled(pilot)
    await pilot.press("q")
    await settled(pilot)
    assert isinstance(pilot.app.screen, CheckOutScreen)


@pytest.mark.parametrize("size", [SIZE, SMALL], ids=str)
def test_after_a_session_two_sliders_and_a_note_are_kept(
    control: FakeControl, size: tuple[int, int]
) -> None:
    control.listener.kept[SESSION] = Felt(before=Rating(30, 70))

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await checked_out(pilot)
            assert "s: sliders" in said(app, "felt")
            await pilot.press("s", *LOW, "minus")
            note = app.screen.query_one("#note", Input)
            assert note.has_focus
            assert note.region.bottom < size[1]
            await typed(pilot, "slept well")
            await pilot.press("escape")
            assert slider(app, "arousal").has_focus
            await pilot.press("enter")
            assert note.value == "slept well"
            await pilot.press("enter")
            await settled(pilot)
            assert isinstance(app.screen, CheckOutScreen)
            told = " ".join(said(app, "felt").split())
            assert told == (
                "before pleasant 30, awake 70 after pleasant 0 change pleasant -30 with a note"
            )
        felt = control.listener.kept[SESSION]
        assert (felt.after, felt.note) == (Rating(0, None), "slept well")

    run(go())


def test_a_note_of_several_lines_stays_as_it_is_unless_it_is_changed(
    control: FakeControl,
) -> None:
    control.listener.kept[SESSION] = Felt(after=Rating(1, 2), note="one\ntwo")

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await checked_out(pilot)
            await pilot.press("s", *HIGH, *HIGH, "enter")
            await settled(pilot)
            assert control.listener.kept[SESSION] == Felt(after=Rating(100, 100), note="one\ntwo")
            await pilot.press("s", "enter", "enter", "end", "x", "enter")
            await settled(pilot)
        assert control.listener.kept[SESSION].note == "one twox"

    run(go())


def test_what_can_not_be_kept_is_said(control: FakeControl) -> None:
    control.listener.refusal = "The disk is full; make room."

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await checked_out(pilot)
            await pilot.press("s", *HIGH, *HIGH, "enter")
            await settled(pilot)
            assert "It was not kept. The disk is full; make room." in said(app, "felt")
            await pilot.press("s", "escape")
            assert isinstance(app.screen, CheckOutScreen)

    run(go())


@pytest.mark.usefixtures("quick_engine")
def test_before_and_after_are_in_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = a_control(tmp_path / "home", monkeypatch, Card(rate=8.0))
    kept: list[Felt] = []

    async def go() -> None:
        async with real_app(control, check_in=True) as pilot:
            app = pilot.app
            await settled(pilot)
            await pilot.press("s", *LOW, *HIGH, "slash", *"calm", "enter", "enter")
            await until(pilot, lambda: getattr(app.screen, "has_begun", False))
            await pilot.press("q")
            await until(pilot, lambda: isinstance(app.screen, CheckOutScreen))
            await until(pilot, lambda: not app.workers)
            await pilot.press("s", *HIGH, *LOW, *"better", "enter")
            await until(pilot, lambda: "change" in said(app, "felt"))  # type: ignore[arg-type]
            (row,) = control.library.sessions()
            assert row.request.start == Affect(-1.0, 1.0)
            kept.append(control.listener.felt(row.id))

    try:
        run(go())
    finally:
        control.close()
    (felt,) = kept
    assert felt.before_at is not None
    assert felt.after_at is not None
    plain = msgspec.structs.replace(felt, before_at=None, after_at=None)
    assert plain == Felt(Rating(0, 100), Rating(100, 0), "better")
