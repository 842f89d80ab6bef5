"""The faders: what moves them, when that is asked for, and what is said of it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.card import Card
from support.fake_session import REQUEST, FakeControl, a_snapshot, make_app, run, settled, until
from support.real_app import a_control, real_app, until_session
from textual.pilot import Pilot

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.plan.contradictions import contradictions
from engine.plan.events import Shape
from engine.plan.expected import felt_at
from engine.plan.planner import make_plan
from engine.plan.wanted import FREE, Faders, FaderStep, Features
from musmed_tui.app import Left, MusmedApp
from musmed_tui.faders import CAN_NOT, ENDS, REST_SECONDS, Hand, said_apart, typed
from musmed_tui.screens.adjusting import FaderCard
from musmed_tui.screens.session import SessionScreen
from musmed_tui.widgets.fader import Fader
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.way import Way
from musmed_tui.widgets.words import Words

SIZE = (80, 24)
FELT = Faders(rhythm=0.5, density=0.5, register=0.5, brightness=0.5)
RESTED = 1e9
"""A moment of any clock at which everything has rested."""


def about(app: MusmedApp) -> str:
    return str(app.screen.query_one("#fader-about", Words).content)


def fader(app: MusmedApp, name: str) -> Fader:
    return app.screen.query_one(f"#fader-{name}", Fader)


@pytest.fixture(autouse=True)
def nothing_rests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a session that is not real a fader rests when the test says so, however slow the machine
    is between two keys."""
    if "control" in request.fixturenames:
        monkeypatch.setattr("musmed_tui.screens.session.monotonic", lambda: 0.0)


async def rested(pilot: Pilot[Left]) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, SessionScreen)
    screen._settle(RESTED)
    await settled(pilot)


# pure


def test_what_moves_is_asked_for_once_it_rests() -> None:
    hand, half, most = Hand(), Faders(density=0.5), Faders(density=1.0)
    hand.move(half, 10.0)
    assert hand.rested(10.0 + REST_SECONDS / 2, FREE) is None
    hand.move(most, 10.0 + REST_SECONDS / 2)
    assert hand.rested(10.0 + REST_SECONDS, FREE) is None
    assert hand.stand(FREE) == most
    assert hand.rested(10.0 + 2 * REST_SECONDS, FREE) == most
    assert hand.rested(10.0 + 3 * REST_SECONDS, FREE) is None
    assert hand.waited_for(FREE) == most, "until the session has it"
    assert hand.waited_for(most) is None
    assert hand.stand(half) == half, "and then the session's count"


def test_there_and_back_asks_for_nothing() -> None:
    hand = Hand()
    hand.move(Faders(density=0.5), 0.0)
    hand.move(FREE, 0.1)
    assert hand.rested(RESTED, FREE) is None
    assert hand.take(FREE) is None
    assert hand.waited_for(FREE) is None


def test_back_while_it_is_on_its_way_is_asked_for() -> None:
    hand, most = Hand(), Faders(density=1.0)
    hand.move(most, 0.0)
    assert hand.take(FREE) == most
    hand.move(FREE, 1.0)
    assert hand.take(FREE) == FREE


@pytest.mark.parametrize(
    ("text", "stands", "wanted"),
    [
        ("fewer notes", FREE, Faders(density=0.3)),
        (" More  Notes ".replace("  ", " "), Faders(density=0.9), Faders(density=1.0)),
        ("higher, darker", FREE, Faders(register=0.7, brightness=0.3)),
        ("busier,busier", FREE, Faders(rhythm=0.9)),
        ("notes 20, height=80 %", FREE, Faders(density=0.2, register=0.8)),
        ("height as it feels", Faders(register=0.1, rhythm=0.2), Faders(rhythm=0.2)),
        ("as it feels, lower", Faders(rhythm=0.2), Faders(register=0.3)),
        ("as it feels", Faders(rhythm=0.2), FREE),
    ],
)
def test_what_is_typed(text: str, stands: Faders, wanted: Faders) -> None:
    assert typed(text, stands, FELT) == wanted


@pytest.mark.parametrize("text", ["louder", "notes", "notes 101", "notes -1", "pitch 3", "20"])
def test_what_is_typed_wrong_is_a_sentence(text: str) -> None:
    with pytest.raises(MusmedError, match="moves nothing; say steadier, busier, fewer notes"):
        typed(text, FREE, FELT)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_faders_or_a_printable_sentence(text: str) -> None:
    with contextlib.suppress(MusmedError):
        assert isinstance(typed(text, FREE, FELT), Faders)
        return
    with pytest.raises(MusmedError) as told:
        typed(text, FREE, FELT)
    assert str(told.value).isprintable()


def test_where_the_feeling_has_them_lies_between_their_ends() -> None:
    least, most = (
        felt_at(make_plan(msgspec.structs.replace(REQUEST, start=here, target=here)), 0.0)
        for here in (Affect(-1.0, -1.0), Affect(1.0, 1.0))
    )
    for name in ENDS:
        assert 0.0 <= getattr(least, name) < getattr(most, name) <= 1.0


def test_what_pulls_apart_is_said_and_what_did_before_is_not() -> None:
    path = make_plan(REQUEST).path
    most = Faders(density=1.0, brightness=1.0)
    assert said_apart(REQUEST, path, 0.0, FREE) == ()
    assert said_apart(REQUEST, path, 0.0, felt_at(make_plan(REQUEST), 0.0)) == ()
    said = said_apart(REQUEST, path, 800.0, most)
    assert "A calm feeling and brightness 100 % pull apart: the fader holds." in said
    wild = msgspec.structs.replace(REQUEST, features=Features(energy=1.0))
    assert contradictions(wild, path)
    assert set(said_apart(wild, path, 0.0, Faders(density=0.0))).isdisjoint(
        contradictions(wild, path)
    )


# on the screen


def test_faders_are_moved_while_it_plays(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("a", "down", "home", *("right",) * 5)
            await settled(pilot)
            assert fader(app, "density").value == 10
            assert control.runner.asked == [], "not while it moves"
            assert "on its way" in about(app)
            await rested(pilot)
            assert control.runner.asked == [("shape", Faders(density=0.1))]
            assert about(app).startswith("… heard from 6:30 on")
            assert "pull apart" in about(app)
            control.runner.change(position_s=400.0)
            await settled(pilot)
            assert about(app).startswith("▸ heard since 6:30")
            assert "notes 10 % pull apart" in about(app).replace("\n", " ")
            await pilot.press("x", "enter")
            await settled(pilot)
            assert control.runner.asked[-1] == ("shape", FREE), "closing waits for nothing"
            assert not app.screen.has_class("-adjusting")
            assert app.focused is None
            control.runner.change(position_s=500.0)
            await pilot.press("a")
            await settled(pilot)
            assert about(app).startswith("The music follows the feeling.")

    run(go())


def test_what_is_drawn_meanwhile_takes_nothing_back(control: FakeControl) -> None:
    """A look at the session may come between the key and what it says."""

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("a", "home")
            await settled(pilot)
            screen = app.screen
            assert isinstance(screen, SessionScreen)
            for _ in range(3):
                fader(app, "rhythm").action_move(10)
                screen._show(screen.shown)
            assert fader(app, "rhythm").value == 30
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            assert control.runner.asked == [("shape", Faders(rhythm=0.3))]

    run(go())


@pytest.mark.parametrize("key", ["enter", "escape", "a"])
def test_put_away_with_nothing_moved_asks_for_nothing(control: FakeControl, key: str) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("a", "down", "up", key)
            await settled(pilot)
            assert not app.screen.has_class("-adjusting")
            assert control.runner.asked == []

    run(go())


def test_the_keys_that_calm_act_while_faders_are_out(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("a", "space", "e", "minus", "l", "q")
            asked = [one for one in control.runner.asked if one != "close"]
            assert asked[:3] == ["pause", "ease", ("volume", 0.95)]
            assert "stop" in asked
            assert "like" not in asked

    run(go())


def test_each_follows_the_feeling_until_it_is_moved(control: FakeControl) -> None:
    control.runner.change(felt=FELT)

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("a")
            await settled(pilot)
            seen = str(fader(app, "register").render())
            line, ends = seen.split("\n")
            assert abs(line.index("○") / (len(line) - 1) - 0.5) < 0.03
            assert "as it feels" in ends
            assert "x as it feels" not in str(app.screen.query_one(Transport).content)
            await pilot.press("shift+right")
            await settled(pilot)
            line, ends = str(fader(app, "rhythm").render()).split("\n")
            assert abs(line.index("●") / (len(line) - 1) - 0.6) < 0.03
            assert abs(line.index("┊") / (len(line) - 1) - 0.5) < 0.03
            assert "held" in ends
            assert "x as it feels" in str(app.screen.query_one(Transport).content)
            control.runner.change(felt=Faders(rhythm=0.0, density=0.0, register=0.0, brightness=0))
            await settled(pilot)
            assert str(fader(app, "rhythm").render()).startswith("┊"), "the mark moves with it"

    run(go())


def test_what_is_held_already_is_shown_and_stays(control: FakeControl) -> None:
    control.runner.change(faders=(FaderStep(100.0, Faders(register=0.8)),))

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("a")
            await settled(pilot)
            assert app.screen.query_one(FaderCard).faders == Faders(register=0.8)
            assert "heard since 1:40" in about(app)
            await pilot.press("down", "end")
            await rested(pilot)
            assert control.runner.asked == [("shape", Faders(density=1.0, register=0.8))]

    run(go())


def test_steering_puts_them_away_and_asks_for_what_was_moved(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("a", "end", "s")
            await settled(pilot)
            assert control.runner.asked == [("shape", Faders(rhythm=1.0))]
            assert not app.screen.has_class("-adjusting")
            assert app.screen.has_class("-steering")

    run(go())


def test_a_composer_that_has_no_faders_says_so(control: FakeControl) -> None:
    control.runner.snapshot = a_snapshot(composer="musicgen-small")

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("a")
            await settled(pilot)
            assert not app.screen.has_class("-adjusting")
            assert str(app.screen.query_one("#said", Words).content) == CAN_NOT

    run(go())


@pytest.mark.parametrize("size", [(40, 12), (50, 20), (80, 16), SIZE, (120, 40)], ids=str)
@pytest.mark.parametrize("staged", [False, True])
def test_all_four_are_seen_in_every_window(
    control: FakeControl, size: tuple[int, int], *, staged: bool
) -> None:
    async def go() -> None:
        app = make_app(control, playing=True, staged=staged)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await pilot.press("a", "right")
            await settled(pilot)
            panel = app.screen.query_one("#cards").region
            for name in ENDS:
                shown = fader(app, name).region
                assert shown.height == 2
                assert panel.contains_region(shown)

    run(go())


def test_what_was_done_is_on_the_way(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            await pilot.press("a", "home", "enter")
            await settled(pilot)
            way = app.screen.query_one(Way)
            seen = "\n".join("".join(cell[0] for cell in row) for row in way.picture(44, 20))
            assert "6:30  ↕ steadier rhythm" in seen

    run(go())


def test_a_real_session_has_what_the_faders_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = a_control(tmp_path / "home", monkeypatch, Card())

    async def go() -> None:
        async with real_app(control) as pilot:
            app = pilot.app
            assert isinstance(app, MusmedApp)
            await until(pilot, lambda: getattr(app.screen, "has_begun", False))
            await until_session(pilot, lambda: app.screen._shown.position_s > 0.0)  # type: ignore[attr-defined]
            await pilot.press("a", "down", "home", "enter")
            await until_session(pilot, lambda: app.screen._shown.faders)  # type: ignore[attr-defined]
            (step,) = app.screen._shown.faders  # type: ignore[attr-defined]
            assert step.faders == Faders(density=0.0)
            (row,) = control.library.sessions()
            await until_session(pilot, lambda: control.library.load(row.id).events)
            assert control.library.load(row.id).events == (Shape(step.time, step.faders),)

    try:
        run(go())
    finally:
        control.close()
