"""The check-in's two questions: in whatever order keys come, an answer is replaced only while its
own question is asked, and both are asked in their order."""

from __future__ import annotations

import itertools
import random

import pytest
from support.fake_session import FakeControl, make_app, run, settled
from textual.pilot import Pilot
from textual.widgets import Button

from engine.affect.feelings import feeling
from engine.plan.request import Request
from musmed_tui.app import Left, MusmedApp
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.screens.questions import Asking, Place, Question, first_open
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.words import Words

PLACES: tuple[Place, ...] = ("plane", "start", "target", "elsewhere")
ANSWERED = tuple(itertools.product((False, True), repeat=2))


# the machine alone


@pytest.mark.parametrize("answered", ANSWERED)
def test_the_first_question_without_an_answer(answered: tuple[bool, bool]) -> None:
    expected = {
        (False, False): Question.START,
        (False, True): Question.START,
        (True, False): Question.TARGET,
        (True, True): Question.READY,
    }
    assert first_open(answered) is expected[answered]


@pytest.mark.parametrize("question", Question)
@pytest.mark.parametrize("before", PLACES)
@pytest.mark.parametrize("after", PLACES)
@pytest.mark.parametrize("answered", ANSWERED)
def test_where_the_focus_goes_decides_what_is_asked(
    question: Question, before: Place, after: Place, answered: tuple[bool, bool]
) -> None:
    asking = Asking(question, before).went(after, answered)
    if after == before:
        assert asking == Asking(question, before)
        return
    named = {"start": Question.START, "target": Question.TARGET}
    assert asking == Asking(named.get(after, first_open(answered)), after)


@pytest.mark.parametrize("asking", [Asking(q, p) for q in Question for p in PLACES])
@pytest.mark.parametrize("answered", ANSWERED)
def test_an_answer_that_is_taken(asking: Asking, answered: tuple[bool, bool]) -> None:
    assert asking.taken(answered) == Asking(first_open(answered), asking.place)
    assert asking.typed_in is not Question.READY


# the same on the screen

TENSE, CALM = (*"tense", "enter"), (*"calm", "enter")
BOTH = ("slash", *TENSE, *CALM)


def field(app: MusmedApp, name: str) -> FeelingField:
    return app.screen.query_one(f"#{name}", FeelingField)


def words(app: MusmedApp) -> tuple[str | None, str | None]:
    return field(app, "start").word, field(app, "target").word


def asked(app: MusmedApp) -> str:
    return str(app.screen.query_one("#question", Words).content)


WAYS = (
    BOTH,
    ("tab", "tab", "escape", "slash", *TENSE, *CALM),
    ("tab", "tab", *CALM, *TENSE),
    ("tab", "tab", *"calm", "escape", "slash", *TENSE),
    ("tab", "tab", "tab", "escape", "slash", *TENSE, *CALM),
    ("shift+tab", "escape", "slash", *TENSE, *CALM),
    ("b", *TENSE, *CALM),
    ("tab", *TENSE, "escape", "slash", *CALM),
    (*BOTH, "escape", "up"),
    (*BOTH, "escape", "up", "enter"),
    (*BOTH, "escape", "left", "left", "enter", "down", "enter"),
    (*BOTH, "escape", "slash", "escape", "up", "enter"),
    ("slash", *TENSE, *"calm", "escape", "up", "enter"),
    (*BOTH, "tab", "escape", "up", "up", "enter"),
    (*BOTH, "slash", "enter"),
    (*BOTH, "tab", "tab", "tab", "escape", "down", "enter"),
)
ALWAYS = 8
"""So many of the ways are tried in every run."""


@pytest.mark.parametrize(
    "keys",
    [*WAYS[:ALWAYS], *(pytest.param(way, marks=pytest.mark.long) for way in WAYS[ALWAYS:])],
    ids=" ".join,
)
def test_tense_stays_the_start_and_calm_the_target(
    control: FakeControl, keys: tuple[str, ...]
) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press(*keys)
            await pilot.pause()
            assert words(app) == ("tense", "calm")
            assert asked(app) == "Ready when you are."
            await pilot.press("escape", "b")
            await settled(pilot)
        (request,) = (one for one in control.asked if isinstance(one, Request))
        assert (request.start, request.target) == (feeling("tense").affect, feeling("calm").affect)

    run(go())


def test_the_mouse_replaces_nothing_that_is_chosen(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press(*BOTH)
            await pilot.click(Circumplex, offset=(6, 3))
            assert words(app) == ("tense", "calm")

    run(go())


@pytest.mark.parametrize(("name", "kept"), [("start", "target"), ("target", "start")])
def test_an_emptied_field_is_asked_again(control: FakeControl, name: str, kept: str) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press(*BOTH)
            app.screen.set_focus(field(app, name))
            await pilot.pause()
            await pilot.press("backspace", "escape", "up", "up")
            before = field(app, kept).affect
            assert (
                asked(app)
                == {
                    "start": "How do you feel now?",
                    "target": "How would you like to feel?",
                }[name]
            )
            chosen = field(app, name).affect
            assert chosen == app.screen.query_one(Circumplex).state.cursor
            await pilot.press("enter")
            assert isinstance(app.focused, Button)
            assert (field(app, name).affect, field(app, kept).affect) == (chosen, before)

    run(go())


KEYS = (
    *("up", "down", "left", "right", "enter", "enter", "escape", "escape", "tab", "shift+tab"),
    *("slash", "slash", "m", *"sadglad", "backspace", "ctrl+u", "t", "question_mark"),
)


async def press(pilot: Pilot[Left], key: str) -> None:
    await pilot.press(key)
    await pilot.pause()


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 6))]
)
def test_whatever_is_pressed_only_what_is_asked_is_answered(
    control: FakeControl, seed: int
) -> None:
    """Random keys: an answer changes only while its question stands on the screen; the second
    question is asked on the plane only when the first one has its answer."""
    questions = {"How do you feel now?": "start", "How would you like to feel?": "target"}

    async def go() -> None:
        dice = random.Random(seed)
        app = make_app(control)
        async with app.run_test(size=(80, 24)) as pilot:
            changed = 0
            for _ in range(70):
                if type(app.screen).__name__ != "CheckInScreen":
                    await press(pilot, "escape")
                    continue
                if isinstance(app.focused, Button):  # it would begin
                    await press(pilot, "escape")
                    continue
                key, question = dice.choice(KEYS), questions.get(asked(app))
                before = {name: field(app, name).affect for name in ("start", "target")}
                on_plane = isinstance(app.focused, Circumplex)
                assert not (on_plane and question == "target" and before["start"] is None)
                screen = app.screen
                await press(pilot, key)
                if app.screen is not screen:
                    continue
                for name, affect in before.items():
                    if field(app, name).affect != affect:
                        changed += 1
                        assert name == question, (key, name, question)
            assert changed > 3

    run(go())
