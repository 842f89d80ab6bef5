"""The demo: what it does and when, whose hands are on the keys, and what is left of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from support.commands import musmed
from support.fake_session import FakeControl, run, settled, until
from textual.pilot import Pilot
from textual.widgets import Input

from engine.affect.feelings import spellings
from musmed_tui.app import Left
from musmed_tui.commands.demo import demo_settings
from musmed_tui.demo import END, MINUTES, SCRIPT, DemoRun, Place, Step
from musmed_tui.demo_app import IDLE_SECONDS, DemoApp, DemoLine
from musmed_tui.demo_home import PREFIX, demo_home
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.settings import Loaded, Settings
from musmed_tui.theme_shelf import ThemeShelf

PLACES: tuple[Place, ...] = ("check_in", "session", "check_out")
TRICKS = ("slash", "b", "s", "e", "D", "f")


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _all(demo: DemoRun, place: Place, until_s: float) -> list[Step]:
    found = []
    while (step := demo.next(place, until_s)) is not None:
        found.append(step)
    return found


# the script


def test_every_trick_is_in_it_within_ninety_seconds() -> None:
    keys = [step.key for step in SCRIPT]
    assert set(TRICKS) <= set(keys)
    last = [max(step.at for step in SCRIPT if step.place == place) for place in PLACES]
    assert last[0] + 1.0 + 60.0 * MINUTES + END <= 91.0
    assert last[1] < 60.0 * MINUTES - 5.0


def test_its_steps_are_in_order_and_one_at_a_time() -> None:
    for place in PLACES:
        times = [step.at for step in SCRIPT if step.place == place]
        assert times == sorted(times)
        assert len(set(times)) == len(times)


def test_what_is_typed_are_feelings() -> None:
    words, typed = spellings(), ""
    for step in SCRIPT:
        if step.key == "enter":
            assert typed in words
        typed = typed + step.key if step.key and len(step.key) == 1 and typed is not None else ""
        if step.key in ("slash", "enter", "backspace", None):
            typed = ""


def test_what_is_said_is_short() -> None:
    assert all(len(step.said) < 60 for step in SCRIPT if step.said)


def test_each_step_is_given_once_and_when_it_is_due() -> None:
    demo = DemoRun()
    assert demo.next("check_in", 0.0) is None
    assert demo.next("check_in", 0.6) == SCRIPT[0]
    assert demo.next("check_in", 0.6) is None
    assert [*_all(demo, "check_in", 99.0)] == [s for s in SCRIPT[1:] if s.place == "check_in"]
    assert _all(demo, "session", 99.0) == [s for s in SCRIPT if s.place == "session"]


def test_what_a_place_that_is_behind_had_left_is_left_out() -> None:
    demo = DemoRun()
    first = demo.next("session", 0.1)
    assert first is not None
    assert first.place == "session"
    assert not demo.is_over("check_out", 99.0)
    _all(demo, "check_out", 99.0)
    assert demo.is_over("check_out", END)
    assert not demo.is_over("check_out", END - 0.1)


# the hands


def _app(control: FakeControl, clock: _Clock, *, loops: bool = False) -> DemoApp:
    return DemoApp(
        control,
        ThemeShelf(),
        loops=loops,
        clock=clock,
        driver_class=None,
    )


async def _through(pilot: Pilot[Left], clock: _Clock, seconds: float) -> None:
    for _ in range(round(seconds / 0.2)):
        clock.now += 0.2
        app = pilot.app
        assert isinstance(app, DemoApp)
        app._tick()
        await pilot.pause()


async def _begun(pilot: Pilot[Left], clock: _Clock, control: FakeControl) -> None:
    """Until it plays, at its beginning."""
    control.runner.change(position_s=0.0)
    await settled(pilot)
    await _through(pilot, clock, 12.0)
    await until(pilot, lambda: isinstance(pilot.app.screen, SessionScreen))
    await settled(pilot)


def _said(app: DemoApp) -> str:
    return str(app.screen.query_one(DemoLine).render()).partition("   q ends")[0]


def test_it_fills_in_the_check_in_and_begins_by_itself(control: FakeControl) -> None:
    async def look() -> None:
        clock = _Clock()
        app = _app(control, clock)
        async with app.run_test(size=(120, 40)) as pilot:
            await _begun(pilot, clock, control)
            (request,) = [one for one in control.asked if not isinstance(one, str)]
            assert request.start_word == "tense"  # type: ignore[attr-defined]
            assert request.target_word == "cheerful"  # type: ignore[attr-defined]

    run(look())


def test_it_steers_eases_and_goes_on_the_stage(control: FakeControl) -> None:
    async def look() -> None:
        clock = _Clock()
        app = _app(control, clock)
        async with app.run_test(size=(120, 40)) as pilot:
            await _begun(pilot, clock, control)
            screen = app.screen
            assert isinstance(screen, SessionScreen)
            staged = False
            for second in range(72):
                control.runner.change(position_s=float(second))
                await _through(pilot, clock, 0.8)
                staged |= screen.staged
            asked = [one[0] if isinstance(one, tuple) else one for one in control.runner.asked]
            assert asked == ["steer", "ease", "less"]
            assert control.runner.asked[0][2] == "calm"  # type: ignore[index]
            assert staged
            assert not screen.staged
            assert _said(app) == "At its end it settles"

    run(look())


@pytest.mark.parametrize("key", ["q", "escape", "ctrl+c"])
def test_a_key_ends_it(control: FakeControl, key: str) -> None:
    async def look() -> None:
        clock = _Clock()
        app = _app(control, clock, loops=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await _through(pilot, clock, 1.0)
            await pilot.press(key)
            await until(pilot, lambda: app.return_value is not None)

    run(look())


def test_in_a_hall_it_begins_again_when_nobody_touches_it_any_more(control: FakeControl) -> None:
    async def look() -> None:
        clock = _Clock()
        app = _app(control, clock, loops=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await _begun(pilot, clock, control)
            await pilot.press("space")
            clock.now += IDLE_SECONDS - 1.0
            await pilot.press("space")
            clock.now += IDLE_SECONDS - 1.0
            await _through(pilot, clock, 0.2)
            assert isinstance(app.screen, SessionScreen), "somebody was there"
            clock.now += 1.0
            await _through(pilot, clock, 0.2)
            await until(pilot, lambda: isinstance(app.screen, CheckInScreen))
            await until(pilot, lambda: "end" in control.asked)
            await _through(pilot, clock, 6.0)
            assert app.screen.query_one("#start", Input).value, "its own hands type again"

    run(look())


def test_another_key_takes_over_and_does_what_it_does(control: FakeControl) -> None:
    async def look() -> None:
        clock = _Clock()
        app = _app(control, clock)
        async with app.run_test(size=(120, 40)) as pilot:
            await _begun(pilot, clock, control)
            await pilot.press("space")
            assert control.runner.asked == ["pause"]
            await _through(pilot, clock, 1.0)
            assert "yours" in _said(app)
            control.runner.change(position_s=60.0)
            await _through(pilot, clock, 10.0)
            assert control.runner.asked == ["pause"]
            assert not app.screen.query_one(DemoLine).display
            await pilot.press("q")
            await until(pilot, lambda: control.runner.asked[-1] == "stop")
            assert app.return_value is None

    run(look())


@pytest.mark.parametrize("loops", [False, True])
def test_at_its_end_it_ends_or_begins_again(control: FakeControl, loops: bool) -> None:
    async def look() -> None:
        clock = _Clock()
        app = _app(control, clock, loops=loops)
        async with app.run_test(size=(120, 40)) as pilot:
            await _begun(pilot, clock, control)
            control.runner.change(position_s=72.0, state="ended")
            control.runner.over = True
            await until(pilot, lambda: isinstance(app.screen, CheckOutScreen), app._tick)
            assert not app.screen.query_one("#kept").display, "nothing is kept"
            await _through(pilot, clock, 2.0)
            assert _said(app).startswith("How it was")
            for _ in range(80):
                if app.return_value is not None or isinstance(app.screen, CheckInScreen):
                    break
                await _through(pilot, clock, 0.2)
            await until(
                pilot,
                lambda: (
                    isinstance(app.screen, CheckInScreen) if loops else app.return_value is not None
                ),
            )

    run(look())


# what it leaves


def test_looks_loudness_and_who_is_told_of_it_are_the_listeners() -> None:
    theirs = Settings(
        theme="dawn", glyphs="quadrant", volume=0.4, minutes=40, instrument="piano",
        calm=True, desktop="off", notify="off",
    )  # fmt: skip
    found = demo_settings(Loaded(theirs, {}), "dawn").settings
    assert (found.calm, found.desktop, found.notify) == (True, "off", "off")
    assert (found.theme, found.glyphs, found.volume) == ("dawn", "quadrant", 0.4)
    assert (found.minutes, found.instrument, found.composer) == (MINUTES, None, "embedded")


def test_without_a_terminal_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    assert musmed(monkeypatch, "demo") == 2
    assert "play --plain" in capsys.readouterr().err
    assert not (tmp_path / "home").exists()


def test_what_a_killed_demo_left_goes_with_the_next_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    others = tmp_path / "others"
    (others / "sessions").mkdir(parents=True)
    (tmp_path / f"{PREFIX}link").symlink_to(others)
    killed, young = tmp_path / f"{PREFIX}killed", tmp_path / f"{PREFIX}young"
    for folder in (killed, young):
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "said").write_text("tense")
    with demo_home() as running:
        (running / "data").mkdir()
        for folder in (killed, running, others):
            os.utime(folder, (0, 0))
        with demo_home() as home:
            assert home.stat().st_mode & 0o777 == 0o700
            assert running.is_dir()
            assert young.is_dir()
            assert (others / "sessions").is_dir()
            assert not killed.exists()
    assert not running.exists()
    assert not home.exists()
