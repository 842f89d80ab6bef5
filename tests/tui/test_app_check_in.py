"""The check-in: two feelings by arrows, hjkl, mouse or words, and everything else by default."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from textwrap import wrap as wrapped

import msgspec
import pytest
from support.fake_session import FakeControl, make_app, run, settled, until
from support.mood_tables import CORNERS, signed
from textual import events
from textual.pilot import Pilot
from textual.widgets import Button, Input, OptionList, Select

from engine.affect.circumplex import Affect
from engine.affect.feelings import FEELINGS, feeling
from engine.affect.harm import HELP, HELP_GERMAN
from engine.affect.quarters import Quarter, quarter_of
from engine.errors import MusmedError
from engine.plan.request import Request
from musmed_tui.app import Left, MusmedApp
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_in_rest import RestOfForm
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.screens.feeling_list import FeelingListScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.settings import Loaded, Settings
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.words import Words

SIZE = (80, 24)
NOWHERE = Affect(0.0, 0.0)
HELPED = [("suicidal", HELP), ("ritzen", f"{HELP_GERMAN} {HELP}")]


def field(app: MusmedApp, name: str) -> FeelingField:
    return app.screen.query_one(f"#{name}", FeelingField)


def said(app: MusmedApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Words).content)


async def typed(pilot: Pilot[Left], text: str) -> None:
    await pilot.press(*("space" if c == " " else "full_stop" if c == "." else c for c in text))


def asked_request(control: FakeControl) -> Request:
    requests = [one for one in control.asked if isinstance(one, Request)]
    assert len(requests) == 1
    return requests[0]


def test_two_words_are_enough(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("slash")
            await typed(pilot, "ten")
            await pilot.press("enter")
            assert field(app, "start").value == "tense"
            await typed(pilot, "calm")
            await pilot.press("enter")
            assert app.focused is app.screen.query_one("#begin", Button)
            path = app.screen.query_one(Circumplex).state.path
            assert path[0][1] == feeling("tense").affect
            assert path[-1] == (900.0, feeling("calm").affect)
            await pilot.press("enter")
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)
        assert control.asked[:2] == ["library", "warm"]
        request = asked_request(control)
        assert (request.start_word, request.target_word) == ("tense", "calm")
        assert (request.minutes, request.strategy, request.composer) == (15.0, "iso", "auto")

    run(go())


@pytest.mark.parametrize(
    ("key", "way"),
    [("up", (0, 1)), ("k", (0, 1)), ("down", (0, -1)), ("j", (0, -1)), ("left", (-1, 0)),
     ("h", (-1, 0)), ("right", (1, 0)), ("l", (1, 0))],
)  # fmt: skip
def test_arrows_and_letters_move_the_cursor(
    control: FakeControl, key: str, way: tuple[int, int]
) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press(key, key)
            here = app.screen.query_one(Circumplex).state.cursor
            assert here is not None
            assert (here.valence > 0) - (here.valence < 0) == way[0]
            assert (here.arousal > 0) - (here.arousal < 0) == way[1]
            assert field(app, "start").affect == here

    run(go())


def test_arrows_alone_make_a_request(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("up", "up", "up", "enter")
            assert "would you like" in said(app, "question")
            await pilot.press("down", "down", "down", "down", "right", "right", "enter")
            assert "Ready" in said(app, "question")
            await pilot.press("enter")
            await settled(pilot)
        request = asked_request(control)
        assert request.start.arousal > 0.2
        assert request.target.valence > 0.1
        assert request.start_word is None or request.start == feeling(request.start_word).affect

    run(go())


def test_the_mouse_chooses(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            plane = app.screen.query_one(Circumplex)
            await pilot.mouse_down(plane, offset=(6, 3))
            await pilot.mouse_up(plane, offset=(6, 3))
            chosen = field(app, "start").affect
            assert chosen is not None
            assert chosen.valence < -0.2
            assert chosen.arousal > 0.2
            assert plane.state.start == chosen

    run(go())


def test_what_is_typed_right_behind_the_slash_is_in_the_field(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            for key in ("slash", *"ten"):
                app.post_message(events.Key(key, "/" if key == "slash" else key))
            await pilot.pause()
            await pilot.pause()
            assert field(app, "start").value == "ten"

    run(go())


def test_what_is_not_a_feeling_is_said(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("slash")
            await typed(pilot, "xyzzy")
            await pilot.press("enter")
            assert field(app, "start").has_focus
            assert "Not a word musmed knows" in said(app, "hint")
            assert "list" in said(app, "hint")
            await pilot.press("ctrl+u")
            await typed(pilot, "te")
            assert said(app, "hint").startswith("tense")

    run(go())


def test_a_typo_is_asked_about_and_written_right_before_it_is_taken(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("slash")
            await typed(pilot, "overwelmed")
            assert "Did you mean overwhelmed?" in said(app, "hint")
            await pilot.press("enter")
            assert field(app, "start").value == "overwhelmed"
            assert field(app, "start").has_focus
            await pilot.press("enter")
            assert field(app, "target").has_focus
            assert field(app, "start").word == "overwhelmed"

    run(go())


def test_another_word_for_a_feeling_is_understood_by_its_meaning(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("slash")
            await typed(pilot, "frazz")
            assert said(app, "hint").startswith("Near in meaning: stressed, ")
            await typed(pilot, "led")
            assert said(app, "hint").endswith("Enter writes stressed.")
            await pilot.press("enter")
            assert field(app, "start").value == "stressed"
            assert field(app, "start").has_focus
            near = said(app, "hint").removeprefix("or ").split(", ")
            assert len(near) == 3
            assert all(quarter_of(feeling(one).affect) is Quarter.UNPLEASANT_HIGH for one in near)
            await pilot.press("enter")
            assert field(app, "target").has_focus
            assert field(app, "start").word == "stressed"

    run(go())


@pytest.mark.parametrize(
    "size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.long), (50, 20)]
)
def test_both_feelings_can_be_picked_from_the_list(
    control: FakeControl, size: tuple[int, int]
) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=size) as pilot:
            await pilot.press("w")
            assert isinstance(app.screen, FeelingListScreen)
            assert len(app.screen.query(OptionList)) == 4
            await pilot.press("shift+tab", "l", "o", "enter")  # unpleasant, low energy
            assert isinstance(app.screen, CheckInScreen)
            assert quarter_of(field(app, "start").affect or NOWHERE) is Quarter.UNPLEASANT_LOW
            assert "would you like" in said(app, "question")
            await pilot.press("slash", "down")
            assert isinstance(app.screen, FeelingListScreen)
            await pilot.press("escape")
            assert field(app, "target").affect is None
            await pilot.press("down", "tab", "tab", "tab", "tab", "c", "c", "enter")
            assert isinstance(app.screen, CheckInScreen)
            assert field(app, "target").word is not None
            assert app.focused is app.screen.query_one("#begin", Button)
            await pilot.press("enter")
            await settled(pilot)
        request = asked_request(control)
        assert request.start_word is not None
        assert request.start == feeling(request.start_word).affect
        assert request.target == feeling(request.target_word or "").affect

    run(go())


def test_the_list_holds_every_feeling_of_a_quarter(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("w")
            shown = [
                str(one.get_option_at_index(i).prompt)
                for one in app.screen.query(OptionList)
                for i in range(one.option_count)
            ]
        assert sorted(shown) == sorted(one.word for one in FEELINGS if quarter_of(one.affect))

    run(go())


@pytest.mark.parametrize(
    "size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.long), (50, 20)]
)
@pytest.mark.parametrize(("typed_word", "help_here"), HELPED, ids=["English", "German"])
def test_words_of_danger_get_help_and_music_all_the_same(
    control: FakeControl, size: tuple[int, int], typed_word: str, help_here: str
) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=size) as pilot:
            await pilot.press("slash")
            await typed(pilot, typed_word)
            assert said(app, "hint") == help_here
            await pilot.press("enter")
            assert said(app, "hint") == help_here  # it stays while the other question is answered
            hint = app.screen.query_one("#hint", Words)
            assert hint.size.height >= len(wrapped(help_here, hint.size.width))
            await typed(pilot, "calm")
            await pilot.press("enter")
            assert said(app, "hint") == help_here
            await pilot.press("enter")
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)
        request = asked_request(control)
        assert (request.start_word, request.target_word) == ("low", "calm")

    run(go())


def test_wanting_to_die_is_no_place_the_music_leads_to(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            field(app, "start").put(feeling("sad").affect)
            app.screen.set_focus(field(app, "target"))
            await typed(pilot, "to die")
            await pilot.press("enter", "enter")
            await settled(pilot)
        assert asked_request(control).target_word == "calm"

    run(go())


def test_beginning_too_early_goes_to_what_is_missing(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("b")
            await pilot.pause()
            assert field(app, "start").has_focus
            await typed(pilot, "sad")
            await pilot.press("escape", "b")
            await pilot.pause()
            assert field(app, "target").has_focus
        assert control.asked == ["library", "warm"]

    run(go())


def test_the_rest_is_asked_while_it_is_made(control: FakeControl) -> None:
    """As by a key that is pressed the moment the screen stands."""

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            rest = RestOfForm(Settings(strategy="direct"), id="another")
            await app.screen.mount(rest)
            filling = asyncio.create_task(rest.fill())
            await asyncio.sleep(0)
            assert (rest.strategy, rest.piece, rest.chosen) == ("direct", None, "straight there")
            await rest.fill()
            assert rest.query_one("#seed", Input).value == ""
            assert rest.strategy == "direct"
            await filling
            assert len(rest.query("#seed")) == 1

    run(go())


def test_a_library_that_cannot_be_opened_ends_it_with_a_sentence(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise MusmedError("The library is broken.")

    monkeypatch.setattr(control, "open_library", broken)

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: app.return_value is not None)
        assert app.return_value is not None
        assert app.return_value.refused == "The library is broken."
        assert control.asked == []

    run(go())


def test_an_engine_that_cannot_be_made_ready_is_no_failure(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is printed over the screen; the session starts its own and says what is wrong."""
    failed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)

    def warm() -> None:
        control.asked.append("warm")
        raise MusmedError("The log can't be written.")

    monkeypatch.setattr(control, "warm", warm)

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            for thread in threading.enumerate():
                if thread.name == "ready":
                    thread.join()
            assert control.asked == ["library", "warm"]

    run(go())
    assert failed == []


def test_everything_else_reaches_the_request(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)  # the rest is made once the screen stands
            field(app, "start").put(feeling("sad").affect)
            field(app, "target").put(Affect(0.4, 0.1))
            for name, value in (("minutes", "5"), ("seed", "42")):
                app.screen.query_one(f"#{name}", Input).value = value
            for name, choice in (
                ("strategy", "direct"),
                ("instrument", "acousticguitar"),
                ("genre", "ambient"),
                ("change", "0.6"),
                ("composer", "embedded"),
            ):
                app.screen.query_one(f"#{name}", Select).value = choice
            await pilot.pause()
            assert "at once" in said(app, "about")
            await pilot.press("b")
            await settled(pilot)
        assert asked_request(control) == Request(
            start=feeling("sad").affect,
            target=Affect(0.4, 0.1),
            start_word="sad",
            minutes=5.0,
            strategy="direct",
            instrument="acousticguitar",
            genre="ambient",
            temperature=0.6,
            seed=42,
            composer="embedded",
        )

    run(go())


def test_what_the_settings_pin_can_be_left_to_the_mood(control: FakeControl) -> None:
    control.loaded = Loaded(Settings(instrument="piano", genre="ambient"), {})

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            field(app, "start").put(feeling("sad").affect)
            field(app, "target").put(feeling("glad").affect)
            app.screen.query_one("#instrument", Select).value = ""
            await pilot.press("b")
            await settled(pilot)
        request = asked_request(control)
        assert (request.instrument, request.genre) == (None, "ambient")

    run(go())


def test_a_bad_number_is_said_and_nothing_begins(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            field(app, "start").put(feeling("sad").affect)
            field(app, "target").put(feeling("glad").affect)
            app.screen.query_one("#minutes", Input).value = "500"
            await pilot.press("b")
            await pilot.pause()
            assert "from 1 to 60" in said(app, "hint")
            assert said(app, "question") == "Only the minutes are left."
            assert app.focused is app.screen.query_one("#minutes", Input)
            await pilot.press(*"12")  # over what stood there
            await pilot.pause()
            assert said(app, "question") == "Ready when you are."
        assert control.asked == ["library", "warm"]


def test_no_cursor_stands_where_there_is_nothing_left_to_choose(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            assert "/ for a word" in said(app, "ways")
            plane = app.screen.query_one(Circumplex)
            assert plane.state.cursor is not None
            await pilot.press("1")
            await settled(pilot)
            assert plane.state.cursor is None
            await pilot.press("escape")
            await settled(pilot)
            assert plane.state.cursor is not None

    run(go())


def test_a_fast_path_is_said_with_the_minutes_that_would_be_gentle(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            field(app, "start").put(feeling("tense").affect)
            field(app, "target").put(feeling("calm").affect)
            app.screen.query_one("#minutes", Input).value = "3"
            await pilot.pause()
            assert "would be gentle" in said(app, "hint")

    run(go())


def test_m_shows_every_mood(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            plane = app.screen.query_one(Circumplex)
            assert not plane.state.every_mood
            await pilot.press("m")
            assert plane.state.every_mood
            await pilot.press("m")
            assert not plane.state.every_mood

    run(go())


def test_what_can_not_begin_comes_back_with_the_reason(control: FakeControl) -> None:
    async def go() -> None:
        control.refusal = "The sound device is in use."
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            field(app, "start").put(feeling("sad").affect)
            field(app, "target").put(feeling("glad").affect)
            await pilot.press("b")
            await settled(pilot)
            assert isinstance(app.screen, CheckInScreen)
            assert any("device is in use" in one.message for one in app._notifications)

    run(go())


def test_q_quits_and_is_a_letter_where_words_are_typed(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("slash", "q")
            assert field(app, "start").value == "q"
            await pilot.press("escape", "q")
            await settled(pilot)
        assert app.return_value == Left(None, None)

    run(go())


async def begun(pilot: Pilot[Left]) -> None:
    await pilot.press("slash")
    await typed(pilot, "tense")
    await pilot.press("enter")
    await typed(pilot, "calm")
    await pilot.press("enter", "enter")
    await settled(pilot)


def test_a_mood_table_is_on_the_plane_and_in_the_request(
    control: FakeControl, tmp_path: Path
) -> None:
    file = tmp_path / "t.json"
    file.write_bytes(msgspec.json.encode(signed()))
    control.loaded = Loaded(Settings(mood_table=str(file)), {})

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            words = app.screen.query_one(Circumplex).state.words
            moods = {one.word: one.affect for one in words if one.kind == "mood"}
            assert moods == {tag: Affect(*at) for tag, at in CORNERS.items()}
            await begun(pilot)
        table = asked_request(control).mood_table
        assert table is not None
        assert table.name == "clinic"

    run(go())


def test_a_mood_table_that_is_none_is_said_where_the_session_should_begin(
    control: FakeControl, tmp_path: Path
) -> None:
    control.loaded = Loaded(
        Settings(mood_table=str(tmp_path / "no.json")), {"mood_table": "MUSMED_MOOD_TABLE"}
    )

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await begun(pilot)
            assert isinstance(app.screen, CheckInScreen)
            assert any("MUSMED_MOOD_TABLE" in one.message for one in app._notifications)
        assert not [one for one in control.asked if isinstance(one, Request)]

    run(go())
