"""Every key of the session, and what the screen says of it."""

from __future__ import annotations

import msgspec
import pytest
from support.drawn import text_of
from support.fake_session import (
    REQUEST,
    SESSION,
    FakeControl,
    FakeRunner,
    a_snapshot,
    make_app,
    run,
    settled,
    until,
)
from textual import events
from textual.command import CommandPalette

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.clip_record import ClipRecord
from engine.meter.reading import Reading
from engine.playback.sound_columns import BANDS, SoundColumn
from engine.session.conductor.line_state import LineState
from engine.session.deeds import Done
from engine.session.heard_notes import HeardScore
from engine.session.notices import Notice
from musmed_tui.app import Left, MusmedApp
from musmed_tui.drawing.digits_picture import clock_rows
from musmed_tui.drawing.levels_picture import FLOOR_DB
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.sound_picture import SAYS
from musmed_tui.drawing.timeline_picture import second_at
from musmed_tui.key_words import bindings_of, title
from musmed_tui.palette import Commands
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.help import HelpScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.screens.steering import SteerCard
from musmed_tui.screens.too_small import TooSmallScreen
from musmed_tui.session_view import expected
from musmed_tui.theming import theme_names
from musmed_tui.widgets.big_clock import BigClock
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.engine_card import EngineCard
from musmed_tui.widgets.levels import Levels
from musmed_tui.widgets.score import Score
from musmed_tui.widgets.status import VOLUME_SECONDS, Status
from musmed_tui.widgets.timeline import Timeline
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.way import Way
from musmed_tui.widgets.words import Words

SIZE = (80, 24)


def said(app: MusmedApp, kind: type[Words], name: str = "") -> str:
    return str(app.screen.query_one(f"#{name}" if name else kind, kind).content)


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (["space"], ["pause"]),
        (["space", "space"], ["pause", "pause"]),
        (["n"], ["skip"]),
        (["e"], ["ease"]),
        (["minus"], [("volume", 0.95)]),
        (["underscore", "down"], [("volume", 0.95), ("volume", 0.9)]),
        (["minus", "minus", "plus"], [("volume", 0.95), ("volume", 0.9), ("volume", 0.95)]),
        (["plus", "equals_sign", "up"], [("volume", 1.0)] * 3),
        (["comma"], [("seek", 377.0)]),
        (["less_than_sign", "left"], [("seek", 377.0)] * 2),
        (["full_stop"], [("seek", 397.0)]),
        (["greater_than_sign", "right"], [("seek", 397.0)] * 2),
        (["q"], ["stop"]),
        (["z", "z"], ["sleep", "sleep"]),
        (["enter", "escape", "slash", "x"], []),
    ],
)
def test_keys(control: FakeControl, keys: list[str], asked: list[object]) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press(*keys)
            assert control.runner.asked[: len(asked) or 1] == asked

    run(go())


def test_what_pauses_says_that_it_goes_on_again(control: FakeControl) -> None:
    """In the row of keys, also of what lies over the session."""

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            for key in ("", "question_mark"):
                await pilot.press(*([key] if key else []))
                await settled(pilot)
                for word in ("space go on", "space pause"):
                    await pilot.press("space")
                    await settled(pilot)
                    assert word in said(app, Transport)

    run(go())


def test_seeking_stays_within_the_session(control: FakeControl) -> None:
    async def go() -> None:
        control.runner.snapshot = a_snapshot(4.0)
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("comma")
            control.runner.snapshot = a_snapshot(897.0)
            await settled(pilot)
            await pilot.press("full_stop")
        assert control.runner.asked[:2] == [("seek", 0.0), ("seek", 900.0)]

    run(go())


def test_steer_shows_the_new_path_and_enter_takes_it(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            plane = app.screen.query_one(Circumplex)
            assert plane.state.preview == ()
            await pilot.press("s")
            assert plane.state.cursor == feeling("calm").affect
            await pilot.press("up", "k", "right", "l")
            cursor = plane.state.cursor
            assert cursor is not None
            assert cursor != feeling("calm").affect
            assert plane.state.preview[-1] == cursor
            assert plane.state.target == feeling("calm").affect
            assert control.runner.asked == []
            await pilot.press("enter")
            await settled(pilot)
            assert control.runner.asked == [("steer", cursor, None)]
            assert plane.state.cursor is None
            assert plane.state.preview == ()
            assert app.focused is None

    run(go())


def test_escape_leaves_the_path_as_it_is(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("s", "up", "escape")
            await settled(pilot)
            assert app.screen.query_one(Circumplex).state.cursor is None
            assert control.runner.asked == []
            await pilot.press("up")
            assert control.runner.asked == [("volume", 1.0)]

    run(go())


def test_steer_to_a_typed_word(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("s", "slash", *"gla")
            await pilot.press("enter")
            await settled(pilot)
        assert control.runner.asked[0] == ("steer", feeling("glad").affect, "glad")

    run(go())


def test_what_is_typed_right_behind_the_slash_is_in_the_field(control: FakeControl) -> None:
    """The keys of a fast hand, or of a machine that is busy, lie in one queue."""

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("s")
            await settled(pilot)
            for key in ("slash", *"gla"):
                app.post_message(events.Key(key, "/" if key == "slash" else key))
            await settled(pilot)
            assert app.screen.query_one(SteerCard).field.value == "gla"

    run(go())


def test_a_click_on_the_plane_begins_to_steer(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            plane = app.screen.query_one(Circumplex)
            await pilot.mouse_down(plane, offset=(8, 4))
            await pilot.mouse_up(plane, offset=(8, 4))
            await settled(pilot)
            assert plane.state.cursor is not None
            assert plane.state.cursor.valence < 0
            assert plane.has_focus
            assert control.runner.asked == []

    run(go())


def test_too_late_to_steer_is_said(control: FakeControl) -> None:
    async def go() -> None:
        control.runner.snapshot = a_snapshot(899.0)
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("s")
            await settled(pilot)
            assert "Too near the end" in said(app, Words, "steer-about")
            assert app.screen.query_one(Circumplex).state.preview == ()

    run(go())


def test_i_shows_the_engine_card(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            assert not app.screen.query_one(EngineCard).display
            await pilot.press("i")
            await settled(pilot)
            assert app.screen.query_one(EngineCard).display
            card = said(app, EngineCard)
            for figure in ("60   s", "24.6 × real time", "embedded", "PortAudio: default"):
                assert figure in card
            control.runner.change(far="lab")
            await settled(pilot)
            assert "embedded on lab" in said(app, EngineCard)
            await pilot.press("i")
            await pilot.pause()
            assert not app.screen.query_one(EngineCard).display

    run(go())


def test_a_line_that_is_down_is_said_with_what_is_here_and_the_way_back_is_a_key(
    control: FakeControl,
) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(100, 30)) as pilot:
            await settled(pilot)
            await pilot.press("i", "b")
            assert control.runner.asked == [], "there is nothing to go back to"
            control.runner.change(line=LineState("lab", "down"), ahead_s=270.0)
            await settled(pilot)
            assert "no line to lab: 4:30 here" in said(app, Status)
            card = " ".join(said(app, EngineCard).split())
            assert "The line to lab is down; 4:30 of music is here and plays on." in card
            control.runner.change(ahead_s=200.0)
            await settled(pilot)
            assert "3:20" in said(app, Status)
            control.runner.change(line=LineState("lab", "login"))
            await settled(pilot)
            assert "'musmed host check lab'" in " ".join(said(app, EngineCard).split())
            control.runner.change(line=LineState("lab", "answers"))
            await settled(pilot)
            assert "lab answers: b" in said(app, Status)
            await pilot.press("b")
            assert control.runner.asked == ["go_back"]

    run(go())


def test_the_meter_shows_with_the_engine_card_only(control: FakeControl) -> None:
    reading = Reading(
        start=20.0,
        end=30.0,
        valence=0.25,
        arousal=-0.5,
        valence_error=0.3,
        arousal_error=0.3,
        known=True,
    )
    record = ClipRecord(
        composer="embedded",
        version=1,
        loudness=None,
        true_peak=-2.0,
        gating="off",
        seconds=1.0,
        speed=30.0,
        readings=(reading,),
    )
    first, *rest = a_snapshot().timeline
    timeline = (msgspec.structs.replace(first, record=record), *rest)
    control.runner = FakeRunner(a_snapshot(timeline=timeline))

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            plane = app.screen.query_one(Circumplex)
            assert plane.state.measured == ()
            await pilot.press("i")
            await settled(pilot)
            assert plane.state.measured == (Affect(0.25, -0.5),)
            assert "+0.2 -0.5 (an estimate)" in said(app, EngineCard)
            await pilot.press("i")
            await settled(pilot)
            assert plane.state.measured == ()

    run(go())


def test_m_shows_every_mood(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("m")
            assert app.screen.query_one(Circumplex).state.every_mood

    run(go())


@pytest.mark.parametrize(
    ("state", "at", "composed", "words"),
    [
        ("starting", 0.0, False, "○ composing the first seconds"),
        ("starting", 0.0, True, "○ beginning"),
        ("starting", 387.0, True, "○ going on"),
        ("starting", 387.0, False, "○ composing "),
        ("playing", 387.0, True, "▸ playing"),
        ("paused", 387.0, True, "‖ paused"),
        ("composing", 387.0, True, "… composing"),
    ],
)
def test_states_in_words(
    control: FakeControl, state: str, at: float, composed: bool, words: str
) -> None:
    async def go() -> None:
        snapshot = a_snapshot(at, state=state)
        if not composed:
            snapshot = a_snapshot(at, state=state, timeline=expected(REQUEST).timeline)
        control.runner.snapshot = snapshot
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            line = said(app, Status)
            assert line.lstrip().startswith(words)
            assert "tense → calm" in line
            assert "%" not in line

    run(go())


def test_a_model_that_is_being_loaded(control: FakeControl) -> None:
    async def go() -> None:
        control.runner.change(state="starting", composer="musicgen-small", loading=0.4)
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            assert said(app, Status).startswith(" ○ loading musicgen-small, 40 %")

    run(go())


def test_the_way_has_now_among_its_rows_and_what_was_asked_for(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            way = app.screen.query_one(Way)
            for position in (0.0, 387.0, 700.0, 900.0):
                control.runner.snapshot = a_snapshot(position)
                await settled(pilot)
                here = [row for row in text_of(way._rows).splitlines() if row.startswith("▸")]
                assert len(here) == 1
                assert control.runner.snapshot.tags.mood in here[0]
            assert "the end" in text_of(way._rows)
            control.runner.change(asked=(Done(899.0, "steer", "steered to glad"),))
            await settled(pilot)
            assert "14:59  ◆ steered to glad" in text_of(way._rows)

    run(go())


@pytest.mark.parametrize(("size", "large"), [((80, 24), False), ((100, 30), True)])
def test_the_time_stands_in_large_digits_or_in_the_first_row(
    control: FakeControl, size: tuple[int, int], large: bool
) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            clock = app.screen.query_one(BigClock)
            assert bool(clock.region.area) is large
            assert ("6:27 of 15:00, 8:33 left" in said(app, Status)) is not large
            if large:
                assert text_of(clock._rows) == text_of(
                    clock_rows(387.0, 900.0, *clock.size, "braille")
                )
                control.runner.snapshot = a_snapshot(388.0)
                await settled(pilot)
                assert "8:32 left" in text_of(clock._rows)

    run(go())


@pytest.mark.parametrize("size", [(120, 40), (50, 20)])
def test_a_click_on_the_timeline_seeks_there(control: FakeControl, size: tuple[int, int]) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            timeline = app.screen.query_one(Timeline)
            x = timeline.size.width // 2
            expected = second_at(timeline.state, x, *timeline.size)
            await pilot.click(timeline, offset=(x, timeline.size.height // 2))
            await settled(pilot)
            assert control.runner.asked[:1] == [("seek", expected)]

    run(go())


def test_of_music_without_notes_the_sound_is_seen(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = tuple(SoundColumn(number, bytes([9] * BANDS)) for number in range(1800, 1936))
    monkeypatch.setattr(FakeRunner, "sound", lambda _: columns)

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            strip = app.screen.query_one("#strip", Score)
            assert SAYS not in text_of(strip._rows)
            monkeypatch.setattr(FakeRunner, "score", lambda _: HeardScore())
            control.runner.snapshot = a_snapshot(388.0)
            await settled(pilot)
            assert SAYS in text_of(strip._rows)
            assert "▒" in text_of(strip._rows)

    run(go())


def test_how_it_feels_now_in_plain_words(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            for position, words in ((0.0, "tense"), (387.0, "less tense"), (899.0, "calm")):
                control.runner.snapshot = a_snapshot(position)
                await settled(pilot)
                assert said(app, Words, "feeling") == words

    run(go())


def test_the_volume_is_seen_for_a_while_when_it_has_changed(control: FakeControl) -> None:
    async def go() -> None:
        now = 100.0
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            status = app.screen.query_one(Status)
            status._now = lambda: now
            await settled(pilot)
            assert "%" not in said(app, Status)
            await pilot.press("minus")
            await settled(pilot)
            assert said(app, Status).endswith("95 %")
            now += VOLUME_SECONDS - 0.1
            await settled(pilot)
            assert said(app, Status).endswith("95 %")
            now += 0.2
            await settled(pilot)
            assert "%" not in said(app, Status)

    run(go())


def test_the_engine_s_figures_stand_on_one_edge(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("i")
            await settled(pilot)
            rows = said(app, EngineCard).splitlines()
            edges = set()
            for row in rows[1:5]:
                figure = row[12:20]
                edges.add(len(figure.rstrip().partition(".")[0]))
            assert len(edges) == 1

    run(go())


def test_what_happens_is_said_in_words(control: FakeControl) -> None:
    async def go() -> None:
        control.notice = "No sound device was found."
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            assert said(app, Words, "said") == "No sound device was found."
            control.runner.notices.append(Notice(388.0, "The composer stopped; a new one starts."))
            await settled(pilot)
            assert said(app, Words, "said") == "6:28  The composer stopped; a new one starts."
            control.runner.change(state="away")
            await settled(pilot)
            assert "! no sound device" in said(app, Status)

    run(go())


def test_a_standing_session_is_not_painted_again(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        control.runner.change(state="paused", peak=(-120.0, -120.0))
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            painted: list[object] = []
            monkeypatch.setattr(SessionScreen, "_show", lambda _, one: painted.append(one))
            before = control.runner.looks
            await settled(pilot)
            assert control.runner.looks > before
            assert painted == []

    run(go())


def test_help_and_back(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("question_mark")
            await pilot.pause()
            assert isinstance(app.screen, HelpScreen)
            keys = said(app, Words, "keys")
            for phrase in (
                "Pause, and go on",
                "Calmer from here",
                "Move the target",
                "Compose this",
            ):
                assert phrase in keys
            await pilot.press("escape")
            assert isinstance(app.screen, SessionScreen)

    run(go())


def test_the_palette_has_every_action(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            rows = {row.does: row.key for row in Commands(app.screen).rows()}
            assert {"Pause, and go on", "Theme: dark", "Theme: light", "Help"} <= rows.keys()
            assert {title(one) for one, _ in bindings_of(app.screen)} <= rows.keys()
            assert (rows["Pause, and go on"], rows["Settings"]) == ("space", "o")
            assert len(rows) >= 15
            await pilot.press("colon", *"calmer")
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            await pilot.press("enter")
            await until(pilot, lambda: "ease" in control.runner.asked)

    run(go())


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
def test_either_key_opens_the_palette(control: FakeControl, key: str) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press(key)
            await pilot.pause()
            assert CommandPalette.is_open(app)

    run(go())


def test_themes_switch_live(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            assert set(app.available_themes) == set(theme_names())
            met, grounds = [], set()
            for _ in theme_names():
                await pilot.press("t")
                await pilot.pause()
                met.append(app.theme)
                grounds.add(app.screen.styles.background)
            assert sorted(met) == sorted(theme_names())
            assert met[-1] == "dark"
            assert len(grounds) == len(met)

    run(go())


def test_too_small_says_so_and_still_pauses(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.resize_terminal(39, 11)
            await settled(pilot)
            assert isinstance(app.screen, TooSmallScreen)
            assert "39 x 11 is too small" in said(app, Words, "message")
            await pilot.press("space")
            assert control.runner.asked == ["pause"]
            await pilot.resize_terminal(40, 12)
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)

    run(go())


@pytest.mark.parametrize("playing", [True, False])
def test_a_window_that_was_too_small_from_the_first(control: FakeControl, *, playing: bool) -> None:
    async def go() -> None:
        app = make_app(control, playing=playing)
        async with app.run_test(size=(39, 11)) as pilot:
            await settled(pilot)
            for size in ((20, 5), SIZE, (39, 11), SIZE):
                await pilot.resize_terminal(*size)
                await settled(pilot)
                assert isinstance(app.screen, TooSmallScreen) is (size != SIZE)

    run(go())


def test_a_narrow_window_shows_plane_or_words(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(50, 20)) as pilot:
            await settled(pilot)
            plane, words = app.screen.query_one(Circumplex), app.screen.query_one(Way)
            assert plane.region.area > 0
            assert words.region.area == 0
            await pilot.press("v")
            await settled(pilot)
            assert plane.region.area == 0
            assert words.region.area > 0
            await pilot.press("v", "s")
            await settled(pilot)
            assert plane.region.area > 0
            assert app.screen.query_one("#steer-word").region.area > 0

    run(go())


def test_stopping_goes_to_the_check_out(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("q")
            await settled(pilot)
            assert isinstance(app.screen, CheckOutScreen)

    run(go())


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
@pytest.mark.parametrize("opened", [[], ["s"], ["s", "slash"], ["question_mark"], ["colon"]])
def test_quitting_from_anywhere_ends_the_session(
    control: FakeControl, key: str, opened: list[str]
) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press(*opened)
            await pilot.press(key)
            await until(pilot, lambda: app.return_value is not None)
        assert "stop" in control.runner.asked
        left = app.return_value
        assert isinstance(left, Left)
        assert left.last is not None
        assert left.last.session_id == SESSION

    run(go())


def test_a_session_that_can_not_begin_ends_the_app_with_the_reason(control: FakeControl) -> None:
    async def go() -> None:
        control.refusal = "The sink 'x' is not there."
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: app.return_value is not None)
        assert app.return_value == Left(None, None, "The sink 'x' is not there.")

    run(go())


def test_the_meter_sinks_when_the_music_stands(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            meter = app.screen.query_one(Levels)
            assert meter.shown == (-14.0, -17.0)
            control.runner.change(state="paused", peak=(-120.0, -120.0))
            await until(pilot, lambda: meter.shown == (FLOOR_DB, FLOOR_DB))

    run(go())


@pytest.mark.parametrize("glyphs", ["braille", "quadrant", "ascii"])
def test_glyph_sets(control: FakeControl, glyphs: Glyphs) -> None:
    async def go() -> None:
        app = make_app(control, playing=True, glyphs=glyphs)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            for kind in (Circumplex, Levels, Timeline):
                widget = app.screen.query_one(kind)
                assert widget.glyphs == glyphs
                drawn = text_of(widget.picture(*widget.size))
                assert drawn.isascii() == (glyphs == "ascii")
            assert said(app, Status).isascii() == (glyphs == "ascii")
            await pilot.press("question_mark")
            await settled(pilot)
            assert said(app, Words, "plane-signs").isascii() == (glyphs == "ascii")

    run(go())


def test_resizing_draws_the_session_anew(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            for size in ((200, 60), (50, 20), (80, 14), (120, 40)):
                await settled(pilot)
                await pilot.resize_terminal(*size)
                await settled(pilot)
                assert app.screen.query_one(Status).region.right <= size[0]
                assert app.screen.query_one(Circumplex).region.area > 0

    run(go())


def test_while_it_is_paused_what_is_composed_sends_nothing(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            await pilot.press("space")
            await settled(pilot)
            timeline = app.screen.query_one(Timeline)
            shown = timeline.state
            here = control.runner.snapshot
            ready = tuple(msgspec.structs.replace(c, phase="ready") for c in here.timeline)
            assert ready != here.timeline
            control.runner.change(timeline=ready, ahead_s=here.ahead_s + 60.0)
            await settled(pilot)
            assert timeline.state is shown
            await pilot.press("i")
            await settled(pilot)
            control.runner.change(ahead_s=here.ahead_s + 80.0)
            await settled(pilot)
            assert timeline.state is not shown, "the engine's figures are looked at"
            shown = timeline.state
            await pilot.press("i")
            control.runner.change(timeline=here.timeline, ahead_s=here.ahead_s + 90.0)
            await settled(pilot)
            await pilot.press("space")
            await settled(pilot)
            assert [c.phase for c in timeline.state.clips] == [c.phase for c in here.timeline]

    run(go())
