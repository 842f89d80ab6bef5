"""Whatever has been pressed, clicked and resized: the keys that are promised do what is promised.

Random walks, each by its own seed, over every screen. After every step the focus is in nothing
that is hidden, and the footer's keys are those that act. From wherever a walk ends Esc leads back
to where one key pauses, one eases and one stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.fake_session import make_app, run, some_pasts, until
from support.waiting import HANG_SECONDS
from support.walking import WalkControl, begun, press, quiet, resize, saving, shown
from textual import events
from textual.command import CommandPalette
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets._select import SelectOverlay

from engine.affect.feelings import feeling
from engine.plan.events import Ease
from engine.plan.request import Request
from musmed_tui.app import Left, MusmedApp
from musmed_tui.paths import folders
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.screens.help import HelpScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.screens.too_small import TooSmallScreen
from musmed_tui.session_control import Options, SessionControl
from musmed_tui.session_view import expected
from musmed_tui.settings import Loaded, Settings
from musmed_tui.theme_shelf import ThemeShelf
from musmed_tui.widgets.choice import DeedList
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Words

WALKS = 24
STEPS = 20
BIG, USUAL, NARROW, SMALL = (120, 40), (80, 24), (50, 20), (38, 11)
SIZES = (BIG, USUAL, USUAL, NARROW, NARROW, (80, 14), (44, 12), SMALL)
KEYS = (
    *("s", "s", "s", "escape", "escape", "escape", "enter", "enter", "slash", "slash", "tab"),
    *("shift+tab", "up", "down", "left", "question_mark", "colon", "ctrl+p", "t", "i", "v", "m"),
    *("p", "p", "x", "y", "minus", "g", "l", "a", "d", "e", "space", "n", "r", "c", "w", "b"),
    *("z", "k", "q", "backspace", "pagedown"),
)
KINDS = {"key": 60, "burst": 14, "size": 12, "click": 8, "away": 3, "saved": 3, "over": 2}
"""What may happen, and how often it does."""
Step = tuple[Any, ...]

ACTIONS = {"space": "pause", "e": "ease", "q": "stop", "question_mark": "app.help"}
"""The keys of a session that are a promise, and what they do."""


def walk(dice: random.Random) -> Iterator[Step]:
    """``STEPS`` things that may happen; most of them keys, some in bursts."""
    for _ in range(STEPS):
        kind = dice.choices(
            ("key", "burst", "size", "click", "away", "saved", "over"), (60, 14, 12, 8, 3, 3, 2)
        )
        match kind[0]:
            case "key":
                yield ("keys", dice.choice(KEYS))
            case "burst":
                yield ("keys", *(dice.choice(KEYS) for _ in range(dice.randint(2, 5))))
            case "size":
                yield ("size", dice.choice(SIZES))
            case "click":
                yield ("click", dice.random(), dice.random())
            case other:
                yield (other,)


async def click(pilot: Pilot[Left], x: int, y: int) -> None:
    for kind in (events.MouseMove, events.MouseDown, events.MouseUp):
        button = 0 if kind is events.MouseMove else 1
        event = kind(None, x, y, 0, 0, button, shift=False, meta=False, ctrl=False)
        pilot.app.post_message(event)
    await quiet(pilot)


async def take(pilot: Pilot[Left], step: Step, control: WalkControl) -> None:
    app = pilot.app
    match step:
        case ("keys", *keys):
            await press(pilot, *keys)
        case ("size", size):
            await resize(pilot, size)
        case ("click", x, y):
            await click(pilot, int(x * app.size.width), int(y * app.size.height))
        case ("away",):
            app.post_message(events.AppBlur())
            await quiet(pilot)
            app.post_message(events.AppFocus())
            await quiet(pilot)
        case ("saved",):
            control.go_on.set()
            await until(pilot, lambda: not saving(app))
            control.go_on.clear()
        case ("over",):
            control.runner.stop()
    if app.return_value is None:
        app._tick()  # type: ignore[attr-defined]
        await quiet(pilot)


# what holds after every step


def fault(app: Any) -> str | None:
    """What does not hold now, in words; None when all does."""
    screen: Screen[Any] = app.screen
    for one in app.screen_stack:
        focused = one.focused
        if focused is not None and not (shown(focused) if one is screen else is_displayed(focused)):
            return f"{one}: the focus is in {focused}, which is hidden"
    if isinstance(screen, SessionScreen | CheckInScreen | CheckOutScreen):
        typing = isinstance(screen.focused, Input | SelectOverlay)
        active = screen.active_bindings
        promised = {key for key, _, _ in screen.query_one(Transport)._keys()}
        if isinstance(screen, SessionScreen):
            for key, action in ACTIONS.items() if screen._begun is not None else ():
                acts = key in active and active[key].binding.action == action
                if acts == typing:
                    return (
                        f"{key} {'acts' if acts else 'is dead'}, with the focus in {screen.focused}"
                    )
                if (key in promised) == typing:
                    return f"the footer is wrong about {key}, with the focus in {screen.focused}"
        if typing and (letters := {key for key in promised if key in PRINTED or len(key) == 1}):
            return f"the footer promises {letters} while they are typed"
        if typing and "escape" not in promised:
            return "nothing says how to leave the field"
    return None


SETTLED = 200
"""How often an app that has nothing left to do is looked at before a fault is one."""
PRINTED = {"space", "slash", "question_mark", "colon", "plus", "minus", "full_stop", "comma"}


def is_displayed(widget: Widget) -> bool:
    return all(node.display for node in widget.ancestors_with_self if isinstance(node, Widget))


async def check(pilot: Pilot[Left], done: list[Step]) -> None:
    """What is wrong right after a key may be right once the app has come to rest; what is wrong
    when it has is a fault."""
    app = pilot.app
    for _ in range(SETTLED):
        if app.return_value is not None or (found := fault(app)) is None:
            return
        await quiet(pilot)
        await asyncio.sleep(0.005)
    raise AssertionError(f"{found}; after {done}")


async def back_to_the_session(pilot: Pilot[Left]) -> bool:
    """Out of every overlay and field by Esc alone; False when no session plays."""
    app = pilot.app
    await resize(pilot, USUAL)
    await until(pilot, lambda: not isinstance(app.screen, TooSmallScreen))
    for _ in range(6):  # a list, the palette over help, a field
        await press(pilot, "escape")
    if app.return_value is not None:
        return False
    assert not isinstance(app.screen, HelpScreen | CommandPalette | TooSmallScreen)
    assert not isinstance(app.screen.focused, Input | SelectOverlay | FeelingField)
    return isinstance(app.screen, SessionScreen)


PLACES = {
    (SessionScreen, type(None)),
    (SessionScreen, Circumplex),
    (CheckInScreen, Circumplex),
    (CheckOutScreen, DeedList),
    (HelpScreen, VerticalScroll),
    (TooSmallScreen, type(None)),
}
"""Screens and what has the focus there: every six walks come by all of these."""


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(6, WALKS, 6))]
)
def test_keys_do_what_is_promised(
    first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen: set[tuple[type, type]] = set()

    async def go(seed: int) -> None:
        dice = random.Random(seed)
        control = WalkControl()
        control.listener.pasts = some_pasts()
        done: list[Step] = []
        app = make_app(control, playing=seed % 3 > 0)
        async with app.run_test(size=dice.choice((BIG, USUAL, NARROW))) as pilot:
            await until(pilot, lambda: seed % 3 == 0 or begun(app))
            for step in walk(dice):
                done.append(step)
                await take(pilot, step, control)
                seen.add((type(app.screen), type(app.focused)))
                await check(pilot, done)
                if app.return_value is not None:
                    return
            if await back_to_the_session(pilot):
                await until(pilot, lambda: begun(app))
                await check(pilot, done)
                before = len(control.runner.asked)
                await press(pilot, "space", "e", "e", "q")
                asked = control.runner.asked[before:]
                assert asked[:4] == ["pause", "ease", "ease", "stop"], done
            control.go_on.set()
            await quiet(pilot)
            app.exit()

    for seed in range(first, first + 6):
        run(go(seed))
    assert seen >= PLACES


@pytest.mark.parametrize("left", ["escape", "enter"])
@pytest.mark.parametrize(
    "between", [("keys", "question_mark"), ("keys", "colon"), ("size", SMALL), ("away",)], ids=str
)
def test_keys_after_a_steer(left: str, between: Step) -> None:
    async def go() -> None:
        control = WalkControl()
        app = make_app(control, playing=True)
        async with app.run_test(size=USUAL) as pilot:
            await until(pilot, lambda: begun(app))
            for step in (("keys", "s"), ("keys", left), between):
                await take(pilot, step, control)
                await check(pilot, [step])
            assert await back_to_the_session(pilot)
            before = len(control.runner.asked)
            await press(pilot, "space", "e", "q")
            assert control.runner.asked[before:][:3] == ["pause", "ease", "stop"]
            await quiet(pilot)

    run(go())


def test_keys_before_there_is_a_session() -> None:
    """Only stopping is offered, and is done as soon as it can be."""
    goes_on = threading.Event()

    class Slow(WalkControl):
        def _begun(self) -> Any:
            goes_on.wait(HANG_SECONDS)
            return super()._begun()

    async def go() -> None:
        control = Slow()
        app = make_app(control, playing=True)
        async with app.run_test(size=USUAL) as pilot:
            await until(pilot, lambda: isinstance(app.screen, SessionScreen))
            await quiet(pilot)
            await press(pilot, "space", "e", "s", "escape")
            promised = {key for key, _, _ in app.screen.query_one(Transport)._keys()}
            assert promised & ACTIONS.keys() == {"q", "question_mark"}
            await press(pilot, "q")
            assert control.runner.asked == []
            goes_on.set()
            await until(pilot, lambda: "stop" in control.runner.asked)
            await until(pilot, lambda: isinstance(app.screen, CheckOutScreen))
            await quiet(pilot)

    try:
        run(go())
    finally:
        goes_on.set()


@contextlib.asynccontextmanager
async def a_real_session(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> AsyncIterator[tuple[Pilot[Left], Any, SessionControl]]:
    """The app with the session itself behind the screen, on a sink that is no device."""
    monkeypatch.chdir(folder)
    where = folders({"MUSMED_HOME": str(folder)})
    request = Request(
        start=feeling("tense").affect,
        target=feeling("calm").affect,
        minutes=10,
        seed=seed,
        composer="embedded",
    )
    control = SessionControl(where, Loaded(Settings(), {}), Options(sink="null", volume=1.0))
    session = (lambda: control.begin(request), expected(request))
    app = MusmedApp(control, ThemeShelf(), session=session, driver_class=None)
    try:
        async with app.run_test(size=USUAL) as pilot:
            await until(pilot, lambda: begun(app))
            yield pilot, app.screen._begun.runner, control  # type: ignore[attr-defined]
            app.exit()
    finally:
        control.close()


async def pauses_eases_and_stops(pilot: Pilot[Left], runner: Any) -> None:
    """A session that plays, by the keys."""
    await press(pilot, "space")
    await until(pilot, lambda: runner.status().playback.paused)
    before = eases(runner)
    await press(pilot, "space", "e")
    await until(pilot, lambda: not runner.status().playback.paused)
    await until(pilot, lambda: eases(runner) > before)
    await press(pilot, "q")
    await until(pilot, lambda: isinstance(pilot.app.screen, CheckOutScreen))
    assert runner.wait(0.0)


@pytest.mark.usefixtures("quick_engine")
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))]
)
def test_keys_reach_a_real_session(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        dice = random.Random(1000 + seed)
        done: list[Step] = []
        async with a_real_session(tmp_path, monkeypatch, seed) as (pilot, runner, control):
            for step in walk(dice):
                if {"q", "c", "r", "n"} & set(step) or step[0] in ("saved", "over"):
                    continue
                done.append(step)
                await take(pilot, step, control)  # type: ignore[arg-type]
                await check(pilot, done)
            assert await back_to_the_session(pilot)
            if runner.status().playback.paused:
                await press(pilot, "space")
                await until(pilot, lambda: not runner.status().playback.paused)
            await pauses_eases_and_stops(pilot, runner)

    run(go())


@pytest.mark.usefixtures("quick_engine")
def test_keys_reach_a_session_whose_engine_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right after, and once more when there is a new one."""

    async def go() -> None:
        async with a_real_session(tmp_path, monkeypatch, 0) as (pilot, runner, _):
            await hit(pilot, runner, psutil.Process.kill)
            await until(pilot, lambda: eases(runner) == 1)
            await check(pilot, [("keys", "space", "space", "e", "s", "escape")])
            assert runner.status().restarts == 1
            await pauses_eases_and_stops(pilot, runner)
            await until(pilot, lambda: not engines())

    run(go())


@pytest.mark.usefixtures("quick_engine", "held_engines")
def test_keys_are_answered_though_the_engine_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before that is noticed; nothing can be composed meanwhile, and who eases is told so."""

    async def go() -> None:
        async with a_real_session(tmp_path, monkeypatch, 0) as (pilot, runner, _):
            await hit(pilot, runner, psutil.Process.suspend)
            await until(pilot, lambda: not runner.status().playback.paused)
            said = pilot.app.screen.query_one("#said", Words)
            await until(pilot, lambda: "Calmer as soon as it is composed." in str(said.content))
            await check(pilot, [("keys", "space", "space", "e", "s", "escape")])
            await press(pilot, "q")
            await until(pilot, lambda: isinstance(pilot.app.screen, CheckOutScreen))
            await until(pilot, lambda: not engines())

    run(go())


async def hit(pilot: Pilot[Left], runner: Any, blow: Callable[[psutil.Process], None]) -> None:
    """The engine of a session that is heard; the keys then pause it, let it go on, and ease it."""
    await until(pilot, lambda: runner.status().playback.heard > 0)
    (engine,) = engines()
    blow(engine)
    await press(pilot, "space")
    await until(pilot, lambda: runner.status().playback.paused)
    await press(pilot, "space", "e", "s", "escape")


def engines() -> list[psutil.Process]:
    """Those of this test, as it is their parent."""
    return [
        one
        for one in psutil.Process().children()
        if one.status() != psutil.STATUS_ZOMBIE and "quick_engine" in " ".join(one.cmdline())
    ]


def eases(runner: Any) -> int:
    return sum(isinstance(event, Ease) for event in runner.status().events)
