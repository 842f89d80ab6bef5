"""The check-out: what was played, replay, saving, a new session."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from support.fake_session import REQUEST, SESSION, FakeControl, make_app, run, settled, until
from textual.pilot import Pilot
from textual.widgets import Input, ProgressBar

from engine.plan.planner import make_plan
from musmed_tui.app import Left, MusmedApp
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_out import CheckOutScreen, stretches
from musmed_tui.screens.session import SessionScreen
from musmed_tui.widgets.words import Words


def said(app: MusmedApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Words).content)


async def to_the_check_out(
    control: FakeControl, app: MusmedApp, pilot: Pilot[Left], state: str = "stopped"
) -> None:
    await settled(pilot)
    control.runner.change(state=state)
    control.runner.over = True
    await settled(pilot)
    assert isinstance(app.screen, CheckOutScreen)


def test_what_was_played_and_where_it_is_kept(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            assert said(app, "headline") == "■ stopped at 6:27 of 15:00   tense → calm"
            assert SESSION in said(app, "kept")
            assert str(control.folder) in said(app, "kept")
            listed = said(app, "clips").splitlines()
            expected = list(stretches(make_plan(REQUEST), control.runner.snapshot.position_s))
            assert len(listed) == len(expected) > 1
            assert listed[0].split()[:2] == ["0:00", expected[0][1]]
        assert "end" in control.asked

    run(go())


def test_stretches_are_what_was_heard_and_no_more() -> None:
    plan = make_plan(REQUEST)
    assert len(list(stretches(plan, 0.0))) == 1
    whole = list(stretches(plan, plan.total))
    assert all(one[1:] != other[1:] for one, other in itertools.pairwise(whole))
    assert [time for time, *_ in stretches(plan, 300.0)] == [
        time for time, *_ in whole if time < 300.0
    ]


@pytest.mark.parametrize(("key", "from_start"), [("r", True), ("c", False)])
def test_playing_it_again(control: FakeControl, key: str, from_start: bool) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press(key)
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)
        assert ("again", SESSION, from_start) in control.asked

    run(go())


def test_nothing_to_continue_after_the_whole_session(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot, "ended")
            assert said(app, "headline").startswith("■ played to its end, 15:00")
            await pilot.press("c")
            await settled(pilot)
            assert isinstance(app.screen, CheckOutScreen)

    run(go())


def test_a_failure_is_said(control: FakeControl) -> None:
    async def go() -> None:
        control.runner.change(failure="The disk is full; make room.")
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot, "failed")
            assert "ended by a failure at 6:27" in said(app, "headline")
            assert "The disk is full; make room." in said(app, "kept")

    run(go())


def test_saving(control: FakeControl, tmp_path: Path) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("w")
            file = app.screen.query_one("#file", Input)
            assert file.has_focus
            assert file.value.endswith(f"musmed-{SESSION}.flac")
            file.value = str(tmp_path / "session.flac")
            await pilot.press("enter")
            await settled(pilot)
            assert (tmp_path / "session.flac").read_bytes().startswith(b"fLaC")
            assert said(app, "saved").startswith(f"Saved as {tmp_path / 'session.flac'}")

    run(go())


def test_a_place_that_is_none_is_said_and_another_can_be_given(
    control: FakeControl, tmp_path: Path
) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            for place, words in (
                ("~nosuchuser/x.flac", "no sound file to be seen at"),
                (str(tmp_path / "session.flac"), "Saved as"),
            ):
                await pilot.press("w")
                app.screen.query_one("#file", Input).value = place
                await pilot.press("enter")
                await settled(pilot)
                assert words in said(app, "saved")

    run(go())


def test_saving_called_off(control: FakeControl, tmp_path: Path) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("w")
            app.screen.query_one("#file", Input).value = str(tmp_path / "slow.flac")
            await pilot.press("enter")
            bar = app.screen.query_one(ProgressBar)
            await until(pilot, lambda: bar.percentage == 0.5)
            assert bar.display
            assert "whole session is composed again" in said(app, "saved")
            await pilot.press("r")  # not while saving
            assert isinstance(app.screen, CheckOutScreen)
            await pilot.press("escape")
            await settled(pilot)
            assert "called off" in said(app, "saved")
            assert not (tmp_path / "slow.flac").exists()

    run(go())


def test_a_new_session_begins_with_the_check_in(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("n")
            await settled(pilot)
            assert isinstance(app.screen, CheckInScreen)
        assert "warm" in control.asked

    run(go())


def test_q_leaves_with_how_it_stood(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("q")
            await until(pilot, lambda: app.return_value is not None)
        left = app.return_value
        assert isinstance(left, Left)
        assert left.last is not None
        assert left.last.state == "stopped"

    run(go())


def test_the_volume_is_carried_into_the_next_session(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("minus", "minus")
            await to_the_check_out(control, app, pilot)
            assert control.volume == 0.9
            await pilot.press("r")
            await settled(pilot)
            await pilot.press("minus")
        assert ("volume", 0.85) in control.runner.asked

    run(go())
