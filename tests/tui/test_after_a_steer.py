"""What a session is called once it was steered and eased: on the screen, at its end, in the list of
sessions, and from the first look when it goes on or is heard again. Real sessions throughout."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.card import Card
from support.fake_session import run, until
from support.real_app import TENSE_TO_CALM, a_control, real_app, until_session
from textual.pilot import Pilot

from engine.affect.circumplex import Affect
from engine.affect.feelings import LANDMARKS, feeling
from engine.affect.phrases import phrase
from engine.plan.events import Ease, Shape, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.story import story
from engine.plan.wanted import Faders
from engine.session.conductor.splice import said_of
from musmed_tui.app import Left
from musmed_tui.commands.lists import show_sessions
from musmed_tui.commands.screen import kept_session
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.session_control import SessionControl
from musmed_tui.widgets.status import Status
from musmed_tui.widgets.words import Words

pytestmark = pytest.mark.usefixtures("quick_engine")


@pytest.fixture
def card() -> Card:
    return Card(rate=8.0)


@pytest.fixture
def control(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, card: Card
) -> Iterator[SessionControl]:
    made = a_control(tmp_path / "home", monkeypatch, card)
    yield made
    made.close()


def said(pilot: Pilot[Left], name: str) -> str:
    return str(pilot.app.screen.query_one(f"#{name}", Words).content)


def colour(pilot: Pilot[Left]) -> set[str]:
    content: Any = pilot.app.screen.query_one("#said", Words).content
    return {str(span.style) for span in content.spans}


async def playing(pilot: Pilot[Left], card: Card, at: float) -> Any:
    """The runner, once the session is heard from ``at`` seconds on. Its time stands still then, so
    that it does not run away on a machine that is slow to press keys."""
    app = pilot.app
    await until(pilot, lambda: getattr(app.screen, "_begun", None) is not None)
    screen: Any = app.screen
    card.waits_for = screen._begun.runner
    await until_session(pilot, lambda: screen.shown.position_s > at)
    card.rate = 0.0
    return screen._begun.runner


async def steered(pilot: Pilot[Left], word: str, count: int) -> None:
    await pilot.press("s", "slash", "ctrl+u", *word, "enter")
    screen: Any = pilot.app.screen
    await until_session(pilot, lambda: len(screen._begun.runner.status().events) == count)
    await until(pilot, lambda: f"→ {word}" in said(pilot, "status"))


async def stopped(pilot: Pilot[Left], card: Card) -> None:
    """Once what the steer has changed is whole, and so is kept."""
    screen: Any = pilot.app.screen
    await until_session(pilot, lambda: screen._begun.runner.status().ahead > 35.0)
    card.waits_for, card.rate = None, 1.0
    await pilot.press("q")
    await until(pilot, lambda: isinstance(pilot.app.screen, CheckOutScreen))
    await until(pilot, lambda: pilot.app.screen.query("#headline"))  # a screen is there before it
    await until(pilot, lambda: said(pilot, "headline"))


def test_header_end_and_list_say_the_target_as_it_is(
    control: SessionControl,
    card: Card,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))

    async def go() -> None:
        async with real_app(control) as pilot:
            runner = await playing(pilot, card, 0.0)
            assert "tense → calm" in said(pilot, "status")
            await steered(pilot, "glad", 1)
            assert "Towards glad from " in said(pilot, "said")
            assert colour(pilot) == {"$now"}
            await pilot.press("e")
            await until_session(pilot, lambda: len(runner.status().events) == 2)
            await until(pilot, lambda: "Calmer from " in said(pilot, "said"))
            assert colour(pilot) == {"$now"}
            target = runner.status().plan.path.waypoints[-1].affect
            assert target.distance(feeling("glad").affect) > 0.2
            await until(pilot, lambda: f"→ {phrase(target)}" in said(pilot, "status"))
            await stopped(pilot, card)
            assert said(pilot, "headline").endswith(f", tense towards a feeling {phrase(target)}.")
        show_sessions(None, as_json=False)
        assert "tense to calm, steered to glad, eased" in capsys.readouterr().out
        show_sessions(None, as_json=True)
        (kept,) = json.loads(capsys.readouterr().out)["sessions"]
        assert (kept["to"]["word"], kept["steered_to"]["word"]) == ("calm", "glad")
        assert kept["eased"] == 1

    run(go())


@pytest.mark.long
@pytest.mark.parametrize("key", ["c", "r"])
def test_what_is_heard_again_is_right_from_the_first_look(
    control: SessionControl, card: Card, key: str
) -> None:
    """Times, target and state of every picture of the session screen, the first one included."""
    seen: list[tuple[str, float, str]] = []

    async def go() -> None:
        async with real_app(control) as pilot:
            await playing(pilot, card, 20.0)
            await steered(pilot, "glad", 1)
            await stopped(pilot, card)
            last: Any = pilot.app._last  # type: ignore[attr-defined]
            with watched(seen):
                await pilot.press(key)
                await until(pilot, lambda: isinstance(pilot.app.screen, SessionScreen))
                await until_session(pilot, lambda: any("▸ playing" in one[0] for one in seen))
            first = seen[0][1]
            assert abs(first - (0.0 if key == "r" else last.position_s)) < 0.5  # the stop took some
            check(seen, first)

    run(go())


def test_what_goes_on_is_right_from_the_first_look(control: SessionControl, card: Card) -> None:
    """As ``musmed resume`` opens it."""
    seen: list[tuple[str, float, str]] = []

    async def go() -> None:
        async with real_app(control) as pilot:
            await playing(pilot, card, 20.0)
            await steered(pilot, "glad", 1)
            await stopped(pilot, card)
            session = pilot.app._last.session_id  # type: ignore[attr-defined]
        stored = control.library.load(session)
        with watched(seen):
            async with real_app(control, kept_session(lambda one: one.load(session))) as pilot:
                await until(pilot, lambda: seen)
                await until(pilot, lambda: getattr(pilot.app.screen, "_begun", None) is not None)
                await until_session(pilot, lambda: any("▸ playing" in one[0] for one in seen))
        assert abs(seen[0][1] - stored.position) < 0.05
        check(seen, stored.position)

    run(go())


def check(seen: list[tuple[str, float, str]], first: float) -> None:
    state = "going on" if first >= 1.0 else "beginning"
    for status, position, mood in seen:
        assert "tense → glad" in status
        assert status.lstrip().startswith((f"○ {state} ", "▸ playing ")), status
        assert position >= first - 0.1  # the block that holds it
        assert mood


@contextlib.contextmanager
def watched(seen: list[tuple[str, float, str]]) -> Iterator[None]:
    """Every picture of a session that is drawn meanwhile: its status line, the time on the time
    line, the position, the mood that is said to play."""
    show = SessionScreen._show

    def noted(screen: Any, snapshot: Any) -> None:
        show(screen, snapshot)
        status = str(screen.query_one(Status).content)
        if status:
            seen.append((status, snapshot.position_s, snapshot.tags.mood))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SessionScreen, "_show", noted)
        yield


# the words alone


@given(valence=st.floats(-1, 1), arousal=st.floats(-1, 1))
def test_a_place_is_called_by_a_word_only_where_the_word_lies(
    valence: float, arousal: float
) -> None:
    affect = Affect(valence, arousal)
    said = phrase(affect)
    words = {one.word: one for one in LANDMARKS}
    if said in words:
        assert affect.distance(words[said].affect) <= 0.03
    else:
        how, _, word = said.partition(" ")
        assert how in ("near", "beyond")
        nearest = min(affect.distance(one.affect) for one in LANDMARKS)
        assert affect.distance(words[word].affect) == nearest > 0.03


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (Steer(60.0, feeling("glad").affect, "glad"), "Towards glad from 1:02 on."),
        (Steer(60.0, Affect(0.46, -1.0)), "Towards a feeling beyond calm from 1:02 on."),
        (Steer(60.0, Affect(0.7, 0.3)), "Towards a feeling near delighted from 1:02 on."),
        (Ease(60.0), "Calmer from 1:02 on."),
        (Skip(60.0), "This stretch is being composed anew from 1:02 on."),
    ],
)
def test_what_was_asked_for_is_told_in_words_of_feeling(event: Any, sentence: str) -> None:
    assert said_of(event, 62.0, make_plan(TENSE_TO_CALM, (event,))) == sentence


GLAD, NEAR = Steer(10.0, feeling("glad").affect, "glad"), Steer(20.0, Affect(0.7, 0.3))


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((), "tense to calm"),
        ((Skip(5.0),), "tense to calm"),
        ((Ease(5.0),), "tense to calm, eased"),
        ((GLAD,), "tense to calm, steered to glad"),
        ((Ease(5.0), GLAD), "tense to calm, steered to glad"),
        ((GLAD, Ease(11.0), Skip(12.0), Ease(13.0)), "tense to calm, steered to glad, eased twice"),
        ((GLAD, *3 * (Ease(11.0),)), "tense to calm, steered to glad, eased 3 times"),
        ((Shape(5.0, Faders(density=0.2)),), "tense to calm, adjusted"),
        (
            (Shape(5.0, Faders()), GLAD, Ease(11.0)),
            "tense to calm, steered to glad, eased, adjusted",
        ),
        ((GLAD, NEAR), "tense to calm, steered to a feeling near delighted"),
    ],
)
def test_a_session_in_words(events: tuple[Any, ...], said: str) -> None:
    assert story(TENSE_TO_CALM, events) == said
