"""The circumplex: the plane of feelings with the session's path on it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.style import Style as VisualStyle

from engine.affect.circumplex import Affect
from musmed_tui.drawing import plane_layout, plane_picture
from musmed_tui.drawing.motion import BREATHS
from musmed_tui.drawing.plane_layout import (
    Layout,
    PlaneState,
    PlaneWord,
    layout,
    layout_key,
    pointed,
)
from musmed_tui.drawing.plane_picture import Moving, moving
from musmed_tui.drawing.raster import Glyphs, Row, Side
from musmed_tui.widgets.cells import CellsWidget, blended

__all__ = ["Circumplex", "PlaneState", "PlaneWord"]

STEP = 0.05
"""How far a key moves the cursor, in affect units; at least one row."""
BIG_STEPS = 4
GLOW_SHARE = 0.07
"""How far a step of the glow brings what is behind the dot towards the colour of now."""
FAINTEST, BRIGHTEST = 0.15, 0.6
"""How far the dot fades into its ground at the end of a breath out, and how far it comes towards
the colour of text at the end of a breath in."""
GREY = 8
"""A colour whose parts differ by no more, of 255, is a grey."""
AHEAD = 0.3
"""How far the path ahead is faded."""

_PARTS = {
    plane_layout.AXIS: "circumplex--line",
    plane_layout.CIRCLE: "circumplex--line",
    plane_layout.PREVIEW: "circumplex--preview",
    plane_layout.MEASURED: "circumplex--measured",
    plane_layout.MOOD: "circumplex--mood",
    plane_layout.AXIS_WORD: "circumplex--axis-word",
    plane_layout.NAME: "circumplex--name",
    plane_layout.ANCHOR: "circumplex--anchor",
    plane_layout.START: "circumplex--start",
    plane_layout.TARGET: "circumplex--target",
    plane_layout.CURSOR: "circumplex--cursor",
    plane_layout.NOW: "circumplex--now",
}


def _moves() -> list[BindingType]:
    ways = {"left": ("h", -1, 0), "down": ("j", 0, -1), "up": ("k", 0, 1), "right": ("l", 1, 0)}
    return [
        Binding(
            keys,
            f"move({x * size}, {y * size})",
            f"move the cursor {'far ' if far else ''}{way}",
            show=False,
            id=f"plane.{far}{way}",
        )
        for way, (letter, x, y) in ways.items()
        for keys, size, far in (
            (f"{way},{letter}", 1, ""),
            (f"shift+{way},{letter.upper()}", BIG_STEPS, "far_"),
        )
    ]


class Circumplex(CellsWidget, can_focus=True):
    """Shows a ``PlaneState``.

    A click or a drag posts ``Pointed``; with the focus and a cursor, arrows and hjkl move the
    cursor (with shift in big steps) and post ``Cursor``.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "circumplex--path-start",
        "circumplex--path-end",
        *_PARTS.values(),
        *(f"circumplex--quarter-{quarter}" for quarter in range(1, 5)),
    }
    DEFAULT_CSS = """
    Circumplex {
        height: 1fr;
        .circumplex--line { color: $muted 45%; }
        .circumplex--axis-word { color: $muted; text-style: italic; }
        .circumplex--mood { color: $muted; }
        .circumplex--name { color: $muted; }
        .circumplex--anchor { color: $foreground; }
        .circumplex--path-start { color: $path-start; }
        .circumplex--path-end { color: $path-end; }
        .circumplex--quarter-1 { background: $path-start 6%; }
        .circumplex--quarter-2 { background: $warning 6%; }
        .circumplex--quarter-3 { background: $now 6%; }
        .circumplex--quarter-4 { background: $path-end 6%; }
        .circumplex--preview { color: $path-end; }
        .circumplex--measured { color: $now; }
        .circumplex--start { color: $path-start; }
        .circumplex--target { color: $path-end; text-style: bold; }
        .circumplex--cursor { color: $foreground; text-style: bold; }
        .circumplex--now { color: $now; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = _moves()

    class Pointed(Message):
        """The mouse points at ``affect``."""

        def __init__(self, affect: Affect) -> None:
            super().__init__()
            self.affect = affect

    class Cursor(Message):
        """The cursor was moved to ``affect`` with keys."""

        def __init__(self, affect: Affect) -> None:
            super().__init__()
            self.affect = affect

    def __init__(
        self,
        state: PlaneState | None = None,
        *,
        glyphs: Glyphs = "braille",
        name: str | None = None,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.glyphs = glyphs
        self.state = state or PlaneState()
        self._key: object = None
        self._layout: Layout | None = None
        self._moving: Moving | None = None
        self._now_side: Side | None = None
        self._still: tuple[Moving, list[Row]] | None = None
        """The picture but for the dot's breath and glow, and of what."""
        self._pointing: tuple[int, int] | None = None

    def show(self, state: PlaneState) -> None:
        """Show ``state``; cells that stay as they are are not painted again."""
        self.state = state
        if not self.is_mounted or not self.size:
            return
        known = self._layout
        if self._stale(*self.size) or known is None or moving(state, known) != self._moving:
            self.paint()

    def picture(self, width: int, height: int) -> list[Row]:
        if self._stale(width, height) or self._layout is None:
            self._key = (layout_key(self.state), width, height, self.glyphs)
            self._layout = layout(self.state, width, height, self.glyphs)
            self._now_side = self._still = None
        plane, parts = self._layout, moving(self.state, self._layout)
        self._moving, still = parts, replace(parts, breath=None, glow=0)
        if self._still is None or self._still[0] != still:
            now = plane_picture.now_label(plane, parts, self._now_side)
            self._now_side = now.side if now else None
            rows = plane_picture.still_picture(plane, parts, self.state.total, now)
            self._still = still, rows
        return plane_picture.moved(self._still[1], plane, parts)

    def _stale(self, width: int, height: int) -> bool:
        return self._key != (layout_key(self.state), width, height, self.glyphs)

    def role_style(self, role: int) -> VisualStyle:
        glow, role = divmod(role, plane_layout.GLOW)
        quarter, part = divmod(role, plane_layout.QUARTER)
        style = self._part_style(part) if part else self.visual_style
        ground = style.background
        if not self._shaded or ground is None:
            return style
        tint = self.get_visual_style(f"circumplex--quarter-{quarter}") if quarter else style
        if tint.background is not None and not self._grey:
            ground = tint.background
        now = self.get_visual_style("circumplex--now").foreground
        if glow and now is not None:
            ground = ground.blend(now, GLOW_SHARE * glow)
        return style + VisualStyle(background=ground)

    def _part_style(self, part: int) -> VisualStyle:
        if part in _PARTS:
            return self.get_visual_style(_PARTS[part])
        now = self.get_visual_style("circumplex--now")
        if part >= plane_layout.BREATH:
            return self._breathing(now, (part - plane_layout.BREATH) / (BREATHS - 1))
        start = self.get_visual_style("circumplex--path-start")
        end = self.get_visual_style("circumplex--path-end")
        if part >= plane_layout.TRAIL:
            third, step = divmod(part - plane_layout.TRAIL, plane_layout.STEPS)
            coloured = blended(start, end, step / (plane_layout.STEPS - 1))
            return blended(coloured, now, (third + 1) / (plane_layout.TRAILS + 1))
        travelled = part >= plane_layout.TRAVELLED
        step = part - (plane_layout.TRAVELLED if travelled else plane_layout.PLANNED)
        coloured = blended(start, end, step / (plane_layout.STEPS - 1))
        return coloured if travelled else _paler(coloured, AHEAD)

    def _breathing(self, now: VisualStyle, share: float) -> VisualStyle:
        """The dot, from the end of a breath out (``share`` 0) to that of a breath in (1)."""
        bright = self.get_visual_style("circumplex--cursor").foreground
        faint = _paler(now, FAINTEST).foreground
        if not self._shaded or bright is None or faint is None or now.foreground is None:
            return now
        return now + VisualStyle(
            foreground=faint.blend(now.foreground.blend(bright, BRIGHTEST), share)
        )

    @property
    def _shaded(self) -> bool:
        """Whether the terminal has colours between those of the theme."""
        ground = self.visual_style.background
        coarse = self.app.console.color_system in ("standard", "windows", "256")
        return not (coarse and not self.app.is_headless) and (ground is None or ground.ansi is None)

    @property
    def _grey(self) -> bool:
        """Whether the theme has no colours."""
        names = ("circumplex--path-start", "circumplex--path-end", "circumplex--now")
        colours = [self.get_visual_style(name).foreground for name in names]
        return all(max(one.rgb) - min(one.rgb) <= GREY for one in colours if one is not None)

    def render(self) -> RenderResult:
        return ""

    # the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self._point(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._pointing is not None:
            self._point(event)

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        self.release_mouse()
        self._pointing = None

    def _point(self, event: events.MouseEvent) -> None:
        offset = event.get_content_offset_capture(self)
        at = (offset.x, offset.y)
        if self._layout is not None and at != self._pointing:
            self._pointing = at
            self.post_message(self.Pointed(pointed(self._layout, *at)))

    # the keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a cursor the keys are left to whoever else wants them."""
        if action == "move":
            return self.state.cursor is not None
        return super().check_action(action, parameters)

    def action_move(self, x: int, y: int) -> None:
        """Move the cursor ``x`` steps to the pleasant and ``y`` to the lively side."""
        here = self.state.cursor
        if here is None or self._layout is None:
            return
        step = max(STEP, 2 / self._layout.frame.height)
        there = Affect(_inside(here.valence + x * step), _inside(here.arousal + y * step))
        self.show(replace(self.state, cursor=there))
        self.post_message(self.Cursor(there))


def _paler(style: VisualStyle, share: float) -> VisualStyle:
    """``style`` with ``share`` of the way to what is behind it; the sixteen colours of a terminal
    have nothing between them."""
    colour, ground = style.foreground, style.background
    if colour is None or ground is None or colour.ansi is not None or ground.ansi is not None:
        return style
    return style + VisualStyle(foreground=ground.blend(colour, 1.0 - share, alpha=1.0))


def _inside(value: float) -> float:
    return min(1.0, max(-1.0, round(value, 4)))
