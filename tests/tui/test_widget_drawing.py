"""The plane, the timeline and the meter inside a Textual app: what is painted, keys, the mouse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.affect.path import plan_path
from musmed_tui.drawing import plane_picture
from musmed_tui.drawing.plane_layout import PlaneState, PlaneWord, plane_words
from musmed_tui.drawing.timeline_picture import ClipSpan, TimelineState
from musmed_tui.textual_themes import for_textual, variables
from musmed_tui.theming import load_theme
from musmed_tui.widgets.cells import CellsWidget
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.levels import Levels
from musmed_tui.widgets.timeline import CALM_SECONDS, Timeline

TOTAL = 900.0
START, TARGET = feeling("tense").affect, feeling("calm").affect
PATH = plan_path(START, TARGET, TOTAL, "iso")


def session(at: float) -> PlaneState:
    return PlaneState(
        path=tuple((point.time, point.affect) for point in PATH.waypoints),
        travelled_until=at,
        total=TOTAL,
        now=PATH.at(at),
        start=START,
        target=TARGET,
        words=plane_words(),
        start_word="tense",
        target_word="calm",
    )


class Painted:
    """What a widget asked to have painted: cells, and how often all of it."""

    def __init__(self, widget: CellsWidget, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cells = 0
        self.whole = 0
        self._refresh: Callable[..., Any] = widget.refresh
        monkeypatch.setattr(widget, "refresh", self)

    def __call__(self, *regions: Region, **options: bool) -> object:
        self.cells += sum(region.area for region in regions)
        self.whole += not regions
        return self._refresh(*regions, **options)


class Stage(App[None]):
    CSS = "Circumplex { height: 1fr; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[Message] = []
        self.keys: list[str] = []
        self.time = 0.0

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variables(load_theme("dark"))

    def compose(self) -> ComposeResult:
        yield Circumplex()
        yield Timeline()
        yield Levels(clock=lambda: self.time)

    def on_mount(self) -> None:
        for name in ("dark", "light"):
            self.register_theme(for_textual(load_theme(name)))
        self.theme = "dark"

    def on_circumplex_pointed(self, message: Circumplex.Pointed) -> None:
        self.posted.append(message)

    def on_circumplex_cursor(self, message: Circumplex.Cursor) -> None:
        self.posted.append(message)

    def on_key(self, event: Any) -> None:
        self.keys.append(event.key)

    @property
    def plane(self) -> Circumplex:
        return self.query_one(Circumplex)

    def line(self, widget: CellsWidget, y: int) -> str:
        return widget.render_line(y).text

    def text(self, widget: CellsWidget) -> str:
        return "\n".join(self.line(widget, y) for y in range(widget.size.height))


def on_stage(act: Callable[[Stage, Any], Awaitable[None]], size: tuple[int, int]) -> None:
    async def run() -> None:
        app = Stage()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(run())


SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)])


@SIZES
def test_a_moving_dot_paints_few_cells(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(app: Stage, pilot: Any) -> None:
        app.plane.show(session(180.0))
        await pilot.pause()
        painted = Painted(app.plane, monkeypatch)
        for tenth in range(1800, 7200, 10):
            app.plane.show(session(tenth / 10))
        await pilot.pause()
        assert painted.whole == 0
        travelled = app.plane.size.height  # at least a row at a time, over the plane's height
        assert travelled < painted.cells < 40 * travelled

    on_stage(act, size)


def test_what_stays_is_not_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: Stage, pilot: Any) -> None:
        clips = (ClipSpan(0.0, 30.0, "ready"),)
        app.plane.show(session(400.0))
        app.query_one(Timeline).show(TimelineState(clips, 400.0, TOTAL))
        app.query_one(Levels).show((-20.0, -20.0))
        await pilot.pause()
        painted = [Painted(widget, monkeypatch) for widget in app.query(CellsWidget)]
        for _ in range(5):
            app.plane.show(session(400.0))
            app.query_one(Timeline).show(TimelineState(clips, 400.05, TOTAL))
            app.query_one(Levels).show((-20.0, -20.0))
        await pilot.pause()
        assert [(one.cells, one.whole) for one in painted] == [(0, 0)] * 3

    on_stage(act, (80, 24))


def test_partial_painting_ends_in_the_same_picture() -> None:
    async def act(app: Stage, pilot: Any) -> None:
        whole = app.plane.outer_size.region
        for at in (0.0, 250.0, 500.0):
            app.plane.show(session(at))
            app.plane.render_lines(whole)  # fills the cache of lines
            await pilot.pause()
        partly = [strip.text for strip in app.plane.render_lines(whole)]
        app.plane.refresh()
        assert [strip.text for strip in app.plane.render_lines(whole)] == partly

    on_stage(act, (80, 24))


@SIZES
def test_resizing_and_another_theme_paint_everything(size: tuple[int, int]) -> None:
    async def act(app: Stage, pilot: Any) -> None:
        app.plane.show(session(400.0))
        await pilot.pause()
        dark = _colours(app.plane)
        app.theme = "light"
        await pilot.pause()
        light = _colours(app.plane)
        assert dark.isdisjoint(light)
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert "now" in app.text(app.plane)
        assert len(app.line(app.plane, 0)) == app.plane.size.width

    on_stage(act, size)


def _colours(widget: CellsWidget) -> set[str]:
    found = set()
    for y in range(widget.size.height):
        for segment in widget.render_line(y):
            if segment.text.strip() and segment.style and segment.style.color:
                found.add(segment.style.color.name)
    return found


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_one_colour_is_kept_for_now(theme: str) -> None:
    async def act(app: Stage, pilot: Any) -> None:
        app.theme = theme
        app.plane.show(session(400.0))
        await pilot.pause()
        now = load_theme(theme).colours.now
        texts = [
            segment.text
            for y in range(app.plane.size.height)
            for segment in app.plane.render_line(y)
            if segment.style and segment.style.color and segment.style.color.name == now
        ]
        assert sorted(texts) == ["now", "●"]

    on_stage(act, (80, 24))


def test_keys_move_the_cursor_and_stop_at_the_edge() -> None:
    async def act(app: Stage, pilot: Any) -> None:
        app.plane.show(replace(session(0.0), cursor=Affect(0.0, 0.0)))
        app.plane.focus()
        step = max(0.05, 2 / app.plane.size.height)
        for key, big, way in (
            ("l", 1, (1, 0)),
            ("right", 1, (1, 0)),
            ("k", 1, (0, 1)),
            ("up", 1, (0, 1)),
            ("h", 1, (-1, 0)),
            ("left", 1, (-1, 0)),
            ("j", 1, (0, -1)),
            ("down", 1, (0, -1)),
            ("L", 4, (1, 0)),
            ("shift+left", 4, (-1, 0)),
            ("K", 4, (0, 1)),
            ("shift+down", 4, (0, -1)),
        ):
            before = app.plane.state.cursor
            await pilot.press(key)
            after = app.plane.state.cursor
            assert before is not None
            assert after is not None
            moved = (after.valence - before.valence, after.arousal - before.arousal)
            assert moved == pytest.approx((way[0] * big * step, way[1] * big * step), abs=2e-4)
        assert [message.affect for message in app.posted if isinstance(message, Circumplex.Cursor)][
            -1
        ] == app.plane.state.cursor
        for _ in range(12):
            await pilot.press("L")
        assert app.plane.state.cursor is not None
        assert app.plane.state.cursor.valence == 1.0

    on_stage(act, (80, 24))


def test_without_a_cursor_the_keys_are_left_to_others() -> None:
    async def act(app: Stage, pilot: Any) -> None:
        app.plane.show(session(0.0))
        app.plane.focus()
        await pilot.press("h", "up")
        assert app.posted == []
        assert app.keys == ["h", "up"]

    on_stage(act, (80, 24))


def test_the_mouse_points_at_places_and_words() -> None:
    async def act(app: Stage, pilot: Any) -> None:
        app.plane.show(session(0.0))
        await pilot.pause()
        rows = app.text(app.plane).splitlines()
        y = next(i for i, row in enumerate(rows) if "excited" in row)
        x = rows[y].index("excited") + 3
        await pilot.click(Circumplex, offset=(x + 1, y))  # one column of padding
        (message,) = app.posted
        assert isinstance(message, Circumplex.Pointed)
        assert message.affect == feeling("excited").affect
        await pilot.click(Circumplex, offset=(1 + app.plane.size.width // 2, 5))
        message = app.posted[-1]
        assert isinstance(message, Circumplex.Pointed)
        assert abs(message.affect.valence) < 0.1
        assert message.affect.arousal > 0.3

    on_stage(act, (80, 24))


def test_dragging_points_on_and_letting_go_ends_it() -> None:
    async def act(app: Stage, pilot: Any) -> None:
        app.plane.show(session(0.0))
        await pilot.pause()
        await pilot.mouse_down(Circumplex, offset=(30, 8))
        await pilot.hover(Circumplex, offset=(34, 8))
        await pilot.hover(Circumplex, offset=(38, 8))
        await pilot.mouse_up(Circumplex, offset=(38, 8))
        places = [m.affect.valence for m in app.posted if isinstance(m, Circumplex.Pointed)]
        assert len(places) == 3
        assert places == sorted(places)
        await pilot.hover(Circumplex, offset=(20, 8))
        assert len(app.posted) == 3

    on_stage(act, (80, 24))


def test_words_are_shown_as_they_are() -> None:
    async def act(app: Stage, pilot: Any) -> None:
        word = PlaneWord("[red]x[/]", Affect(-0.6, 0.5), 3, "anchor")
        app.plane.show(PlaneState(words=(word,)))
        await pilot.pause()
        assert "[red]x[/]" in app.text(app.plane)

    on_stage(act, (80, 24))


@pytest.mark.parametrize("height", [1, 3])
def test_the_timeline_moves_a_cell_at_a_time(height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: Stage, pilot: Any) -> None:
        timeline = app.query_one(Timeline)
        timeline.styles.height = height
        await pilot.pause()
        clips = tuple(ClipSpan(22.5 * i, 22.5 * i + 30, "ready") for i in range(40))
        timeline.show(TimelineState(clips, 100.0, TOTAL))
        await pilot.pause()
        assert timeline.size.height == height
        assert ("1:40" in app.text(timeline)) is (height == 1)
        painted = Painted(timeline, monkeypatch)
        for tenth in range(1000, 1100):
            timeline.show(TimelineState(clips, tenth / 10, TOTAL))
        assert painted.whole == 0
        assert (9 if height == 1 else 1) <= painted.cells <= 150
        assert ("1:49" in app.text(timeline)) is (height == 1)

    on_stage(act, (80, 24))


def test_levels_sink_with_time_until_nothing_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(app: Stage, pilot: Any) -> None:
        levels = app.query_one(Levels)
        levels.show((-6.0, -6.0))
        await pilot.pause()
        loud = app.text(levels).count("━")
        assert loud > 40
        silence = (float("-inf"), float("-inf"))
        app.time += 1.0
        levels.show(silence)
        assert 0 < app.text(levels).count("━") < loud
        app.time += 5.0
        levels.show(silence)
        assert app.text(levels).count("━") == 0
        painted = Painted(levels, monkeypatch)
        app.time += 1.0
        levels.show(silence)
        assert painted.cells == painted.whole == 0

    on_stage(act, (80, 24))


def test_a_breath_and_a_glow_draw_the_plane_no_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[object] = []
    real = plane_picture.still_picture
    monkeypatch.setattr(
        plane_picture, "still_picture", lambda *given: drawn.append(given) or real(*given)
    )

    async def act(app: Stage, _pilot: Any) -> None:
        here = replace(session(400.0), breath=5)
        app.plane.show(here)
        drawn.clear()
        painted = Painted(app.plane, monkeypatch)
        for breath, glow in ((4, 0), (3, 1), (0, 3), (5, 0)):
            app.plane.show(replace(here, breath=breath, glow=glow))
        assert not drawn
        assert not painted.whole
        assert 0 < painted.cells <= 4 * 3
        app.plane.show(replace(session(440.0), breath=5))
        assert len(drawn) == 1

    on_stage(act, (100, 40))


def test_what_is_composed_ahead_is_shown_now_and_then_where_things_are_calm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ahead(clips: int, at: float = 60.0) -> TimelineState:
        spans = (
            ClipSpan(22.5 * i, 22.5 * i + 30.0, "ready" if i < clips else "planned")
            for i in range(40)
        )
        return TimelineState(tuple(spans), at, TOTAL)

    async def act(app: Stage, pilot: Any) -> None:
        calm = Timeline(calm=True, clock=lambda: app.time)
        await app.mount(calm)
        await pilot.pause()
        app.time = 100.0
        calm.show(ahead(3))
        painted = Painted(calm, monkeypatch)
        for clips in range(4, 8):
            app.time += CALM_SECONDS / 5
            calm.show(ahead(clips))
        assert painted.cells == 0
        app.time += CALM_SECONDS / 5
        calm.show(ahead(8))
        assert painted.cells
        before = painted.cells
        calm.show(ahead(8, at=120.0))
        assert painted.cells > before, "the playhead waits for nothing"
        calm.show(ahead(8, at=124.9))
        assert calm.state.position == 120.0, "but goes in steps"

    on_stage(act, (100, 40))
