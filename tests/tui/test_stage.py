"""The stage: the plane, the score and the time alone, and all keys of the session."""

from __future__ import annotations

import msgspec
import pytest
from support.fake_session import FakeControl, make_app, run, settled

from musmed_tui.drawing.stage_picture import FEELING, STATE
from musmed_tui.screens.session import SessionScreen
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.score import Score
from musmed_tui.widgets.stage import StageWords
from musmed_tui.widgets.transport import Transport

SIZES = [(80, 24), (100, 30), (120, 40), (160, 50)]


def _screen(app: object) -> SessionScreen:
    screen = app.screen  # type: ignore[attr-defined]
    assert isinstance(screen, SessionScreen)
    return screen


def _roles(screen: SessionScreen) -> set[int]:
    words = screen.query_one(StageWords)
    return {cell.role for row in words.picture(*words.size) for cell in row}


@pytest.mark.parametrize("size", SIZES)
def test_nothing_but_plane_words_and_score_stand_there(
    control: FakeControl, size: tuple[int, int]
) -> None:
    async def look() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await pilot.press("f")
            await settled(pilot)
            screen = _screen(app)
            for hidden in ("#status", "#panel", "#timeline", "#transport"):
                assert not screen.query_one(hidden).display, hidden
            plane, words = screen.query_one(Circumplex), screen.query_one(StageWords)
            music = screen.query_one("#music", Score)
            areas = sum(one.outer_size.area for one in (plane, words, music))
            assert areas == size[0] * size[1]
            assert music.region.y + music.outer_size.height == size[1]
            assert FEELING in _roles(screen)

    run(look())


def test_a_calm_clock_goes_in_steps_of_five_seconds(control: FakeControl) -> None:
    shown = control.runner.snapshot
    for calm, times in ((False, ("6:27", "6:28", "6:30")), (True, ("6:25", "6:25", "6:30"))):
        words = StageWords(calm=calm)
        for second, time in zip((387.2, 388.0, 390.4), times, strict=True):
            at = msgspec.structs.replace(shown, position_s=second)
            assert words._of(at).time == time


def test_who_looks_at_the_plane_alone_has_no_score_there_either(control: FakeControl) -> None:
    async def look() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            await pilot.press("v", "v", "f")
            await settled(pilot)
            screen = _screen(app)
            assert not screen.query_one("#music", Score).display
            plane, words = screen.query_one(Circumplex), screen.query_one(StageWords)
            assert plane.outer_size.area + words.outer_size.area == 120 * 40
            await pilot.press("f", "v", "f")
            await settled(pilot)
            assert screen.query_one("#music", Score).display

    run(look())


@pytest.mark.parametrize("back", ["f", "escape"])
def test_it_goes_as_it_came(control: FakeControl, back: str) -> None:
    async def look() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            before = {one.id: one.region for one in _screen(app).query("*") if one.id}
            await pilot.press("f")
            await settled(pilot)
            assert _screen(app).staged
            await pilot.press(back)
            await settled(pilot)
            assert not _screen(app).staged
            assert {one.id: one.region for one in _screen(app).query("*") if one.id} == before
            assert _screen(app).query_one(Transport).display

    run(look())


def test_the_keys_of_the_session_work_there(control: FakeControl) -> None:
    async def look() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            await pilot.press("f", "e", "n", "l", "full_stop", "space")
            await settled(pilot)
            asked = [one[0] if isinstance(one, tuple) else one for one in control.runner.asked]
            assert asked == ["ease", "skip", "like", "seek", "pause"]
            assert STATE in _roles(_screen(app))
            await pilot.press("q")
            assert control.runner.asked[-1] == "stop"

    run(look())


def test_steering_has_its_card_there_and_leaves_the_stage_as_it_was(control: FakeControl) -> None:
    async def look() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            await pilot.press("f", "s")
            await settled(pilot)
            screen = _screen(app)
            assert screen.query_one("#steer").region.area
            assert not screen.query_one(StageWords).display
            assert screen.query_one("#panel").region.x >= screen.query_one("#plane").region.right
            await pilot.press("up", "enter")
            await settled(pilot)
            assert control.runner.asked[0][0] == "steer"  # type: ignore[index]
            assert screen.staged
            assert screen.query_one(StageWords).display

    run(look())


def test_a_session_can_begin_on_it(control: FakeControl) -> None:
    async def look() -> None:
        app = make_app(control, playing=True, staged=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            assert FEELING in _roles(_screen(app))
            assert not _screen(app).query_one(Transport).display

    run(look())
