"""Every key that the line of keys promises does what it says, at every place there is.

Each place is a screen, what has the focus there, and how the session stands. One app goes through
all of a screen's places and presses their keys one after the other.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.fake_session import a_snapshot, make_app, run, some_pasts, some_preferences, until
from support.promises import Moment, Promise, kept, moment, pressed, promises
from support.walking import PromiseControl, SteadyRunner, begun, press, quiet, saving, shown
from textual.pilot import Pilot
from textual.widgets import Input

from musmed_tui.app import Left
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.session import SessionScreen

ALWAYS = {
    SessionScreen: {"question_mark", "space", "e", "q"},
    CheckInScreen: {"question_mark", "q"},
    CheckOutScreen: {"question_mark", "q"},
}
"""What is promised on a screen wherever no letters are typed and no list is open."""

SESSION: dict[str, tuple[str, ...]] = {
    "playing": (),
    "card": ("i",),
    "words": ("v",),
    "card and words": ("i", "v"),
    "moods": ("m",),
    "steering": ("s",),
    "steering after a card": ("i", "s"),
    "steering elsewhere": ("s", "up"),
    "adjusting": ("a",),
    "adjusted": ("a", "down", "left"),
    "adjusting after a card": ("i", "a", "up", "right"),
    "typing": ("s", "slash"),
    "typed": ("s", "slash", "backspace", *"glad"),
    "typed half": ("s", "slash", "backspace", *"gla"),
    "typed nonsense": ("s", "slash", "backspace", *"xqzw"),
    "help": ("question_mark",),
    "help while steering": ("s", "question_mark"),
    "after help": ("s", "escape", "question_mark", "escape"),
}
STATES = {
    "playing": {},
    "paused": {"state": "paused"},
    "starting": {"state": "starting", "position_s": 0.0},
    "loading": {"state": "starting", "position_s": 0.0, "loading": 0.4},
    "no engine": {"state": "composing", "restarts": 2, "speed": None, "ahead_s": 0.0},
    "no device": {"state": "away"},
    "near the end": {"position_s": 899.0},
}
"""How a session may stand while the keys are promised."""

CHECK_IN: dict[str, tuple[str, ...]] = {
    "plane": (),
    "first": ("slash",),
    "first typed": ("slash", *"tense"),
    "first nonsense": ("slash", *"xqzw"),
    "second": ("slash", *"tense", "enter"),
    "minutes": ("tab", "tab", "tab"),
    "button": ("tab",) * 4,
    "more row": ("tab",) * 5,
    "more row, opened": ("a", "shift+tab"),
    "way": ("a",),
    "way open": ("a", "enter"),
    "players open": ("a", "tab", "enter"),
    "piece": ("a", *("tab",) * 4),
    "composer": ("a", *("tab",) * 5),
    "example": ("2",),
    "list": ("w",),
    "sliders": ("s",),
    "second slider": ("s", "right", "enter"),
    "list after help": ("question_mark", "escape", "w"),
    "both chosen": ("slash", *"tense", "enter", *"calm", "enter"),
    "plane, both chosen": ("slash", *"tense", "enter", *"calm", "enter", "escape"),
    "help": ("question_mark",),
}
HISTORY: dict[str, tuple[str, ...]] = {
    "list": ("p",),
    "heard to its end": ("p", "down"),
    "search": ("p", "slash", *"no"),
    "opened": ("p", "enter"),
    "name": ("p", "n"),
    "deleting": ("p", "x"),
    "likes": ("p", "l"),
    "weeks": ("p", "w"),
}
"""From the check-in on."""
CHECK_OUT: dict[str, tuple[str, ...]] = {
    "played": (),
    "what to save": ("w",),
    "its name": ("w", "enter"),
    "no name": ("w", "enter", "ctrl+u"),
    "sliders": ("s",),
    "note": ("s", "enter", "enter", *"so"),
    "saving": ("w", "enter", "enter"),
    "help while saving": ("w", "enter", "enter", "question_mark"),
    "called off": ("w", "enter", "enter", "escape"),
    "help": ("question_mark",),
}


async def come_to(pilot: Pilot[Left], control: PromiseControl, screen: type) -> None:
    """To ``screen`` anew, with nothing over it and nothing chosen."""
    app: Any = pilot.app
    if saving(app):
        control.go_on.set()
        await until(pilot, lambda: not saving(app))
        control.go_on.clear()
    control.runner = SteadyRunner(control.first)
    control.listener.pasts = some_pasts()
    control.listener.preferences = some_preferences()
    if screen is CheckInScreen:
        app._show_instead(app._check_in())
    elif screen is SessionScreen:
        app._play(control._begun, control.first)
        await until(pilot, lambda: begun(app))
    else:
        last = msgspec.structs.replace(control.first, state="stopped")
        app._last = last
        app._show_instead(CheckOutScreen(last, control._begun(), control.folder))
    await ticked(pilot)


async def ticked(pilot: Pilot[Left]) -> None:
    app: Any = pilot.app
    if app.return_value is None:
        app._tick()
    await quiet(pilot)


Known = set[tuple[str, str]]
"""Keys that were seen to do what is promised, with their actions."""


async def try_all(
    pilot: Pilot[Left], control: PromiseControl, screen: type, keys: tuple[str, ...], known: Known
) -> None:
    """Press every key that is promised where ``keys`` lead. What changes the place leads away from
    it, and is gone back from by coming anew; such keys are left out when they are ``known``, but
    for Enter and Escape, which mean something else at every place."""
    app: Any = pilot.app
    pressed: set[str] = set()
    while True:
        await come_to(pilot, control, screen)
        if keys:
            await press(pilot, *keys)
            await ticked(pilot)
            await pilot.pause()  # until all of it is laid out
        place = standing(moment(app, control))
        while standing(moment(app, control)) == place:
            offered = promises(app)
            here = f"{keys}, with the focus in {app.focused}"
            letters = isinstance(app.focused, Input) or moment(app, control).expanded
            if isinstance(app.screen, screen) and not letters:
                lacking = ALWAYS[screen] - {one.key for one in offered}
                assert not lacking, f"{lacking} is not promised at {here}"
            left = [one for one in offered if one.key not in pressed]
            stays = [one for one in left if (one.key, one.action) not in known]
            again = [one for one in left if one.key in STAYS or one.key in ("enter", "escape")]
            if not (stays or again):
                return
            promise = min(stays or again, key=lambda one: one.key not in STAYS)
            pressed.add(promise.key)
            await keeps(pilot, control, promise, here)
            known.add((promise.key, promise.action))
            if promise.key == "question_mark":
                await press(pilot, "escape")


STAYS = {"space", "e", "q", "question_mark", "plus", "full_stop", "n"}
"""Keys of a session that leave the place as it is, help with its own way back."""


def standing(now: Moment) -> tuple[object, ...]:
    """What tells one place from another."""
    return now.screen, now.focused, now.classes, now.value, now.expanded


async def keeps(pilot: Pilot[Left], control: PromiseControl, promise: Promise, here: str) -> None:
    """Press the key of ``promise`` and see that it does what is said."""
    app: Any = pilot.app
    before = moment(app, control)
    await press(pilot, pressed(promise))
    for _ in range(PATIENCE):
        done, focused = kept(promise, before, moment(app, control)), app.screen.focused
        if done and (focused is None or shown(focused)):
            return
        await ticked(pilot)
    assert done, f"{promise} does not do it at {here}"
    raise AssertionError(f"the focus is in {focused}, which is hidden, after {promise} at {here}")


PATIENCE = 200
"""How often an app that has nothing left to do is looked at before a promise is broken."""


async def tried(
    screen: type,
    places: dict[str, tuple[str, ...]],
    size: tuple[int, int],
    states: dict[str, dict[str, Any]],
) -> None:
    control = PromiseControl()
    app: Any = make_app(control, playing=screen is SessionScreen)

    def leave(_number: object) -> None:
        control.quits += 1

    app._leave = leave
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: screen is not SessionScreen or begun(app))
        known: Known = set()
        for state in states.values():
            control.first = a_snapshot(**state)
            for keys in places.values():
                await try_all(pilot, control, screen, keys, known)
        control.go_on.set()
        await quiet(pilot)
        app.exit()


USUAL, BIG, SMALL = (50, 20), (120, 40), (40, 12)
AT_LENGTH = {
    *("card and words", "steering after a card", "typed half", "help while steering"),
    *("first typed", "second", "way", "players open", "piece", "composer", "list after help"),
    *("both chosen", "no name"),
}
"""Places much like another one, left out of the usual run."""
SCREENS: dict[str, tuple[type, dict[str, tuple[str, ...]], dict[str, dict[str, Any]]]] = {
    "session": (SessionScreen, SESSION, {"playing": {}}),
    "states": (SessionScreen, {"": (), "steering": ("s",)}, STATES),
    "check-in": (CheckInScreen, CHECK_IN, {"playing": {}}),
    "history": (CheckInScreen, HISTORY, {"playing": {}}),
    "check-out": (CheckOutScreen, CHECK_OUT, {"playing": {}}),
}


@pytest.mark.parametrize(
    "size",
    [USUAL, *(pytest.param(size, marks=pytest.mark.long) for size in (SMALL, BIG))],
    ids=str,
)
@pytest.mark.parametrize("name", SCREENS)
def test_every_key_does_what_is_promised(
    name: str, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    screen, places, states = SCREENS[name]
    if size == USUAL:
        places = {place: keys for place, keys in places.items() if place not in AT_LENGTH}
    run(tried(screen, places, size, states))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["session", "check-in", "check-out"])
def test_every_key_wherever_keys_lead(
    name: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dice = random.Random(seed)
    screen, places, _ = SCREENS[name]
    known = sorted({key for keys in places.values() for key in keys})
    somewhere = {f"{n}": tuple(dice.choices(known, k=dice.randint(1, 8))) for n in range(6)}
    state = dice.choice(list(STATES))
    run(tried(screen, somewhere, dice.choice((USUAL, BIG, SMALL)), {state: STATES[state]}))


@pytest.mark.long
@pytest.mark.parametrize("name", ["session"])
@pytest.mark.parametrize("state", STATES)
def test_every_key_in_every_state(
    name: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    screen, places, _ = SCREENS[name]
    run(tried(screen, places, BIG, {state: STATES[state]}))
