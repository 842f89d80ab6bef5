"""The stage's words: time, feeling and way in letters that are read across a room."""

from __future__ import annotations

from typing import ClassVar

from textual.app import RenderResult
from textual.style import Style as VisualStyle

from musmed_tui.drawing import stage_picture
from musmed_tui.drawing.raster import BLANK, Glyphs, Row
from musmed_tui.drawing.stage_picture import StageState, stage_rows
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.cells import CellsWidget
from musmed_tui.wording import ASCII, UNICODE, clock

SAID_SECONDS = 12.0
"""Session seconds for which what was said stays on the stage."""
CALM_CLOCK_SECONDS = 5.0
"""How far a ``calm`` clock goes at a time: its digits are rows of a hundred bytes and more."""
_PARTS = {
    stage_picture.TIME: "stage--time",
    stage_picture.FEELING: "stage--feeling",
    stage_picture.WAY: "stage--way",
    stage_picture.STATE: "stage--state",
    stage_picture.SAID: "stage--said",
}


class StageWords(CellsWidget):
    """Shows how a session stands; ``say`` answers what was done. ``calm``: the clock goes in steps
    of ``CALM_CLOCK_SECONDS``."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(_PARTS.values())
    DEFAULT_CSS = """
    StageWords {
        .stage--time { color: $foreground; text-style: bold; }
        .stage--feeling { color: $now; text-style: bold; }
        .stage--way { color: $muted; text-style: bold; }
        .stage--state { color: $warning; text-style: bold; }
        .stage--said { color: $muted; }
    }
    """

    def __init__(
        self,
        *,
        glyphs: Glyphs = "braille",
        calm: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.glyphs = glyphs
        self._step = CALM_CLOCK_SECONDS if calm else 1.0
        self._state: StageState | None = None
        self._said: tuple[str, float] = ("", 0.0)

    def say(self, text: str, at: float) -> None:
        """``text`` stands there from ``at`` session seconds on, for a while."""
        self._said = (text, at)

    def show(self, snapshot: Snapshot) -> None:
        state = self._of(snapshot)
        if state != self._state:
            self._state = state
            self.paint()

    def _of(self, snapshot: Snapshot) -> StageState:
        marks = ASCII if self.glyphs == "ascii" else UNICODE
        said, since = self._said
        fresh = abs(snapshot.position_s - since) < SAID_SECONDS
        plays = snapshot.state == "playing"
        return StageState(
            time=clock(snapshot.position_s // self._step * self._step),
            feeling=tuple(snapshot.feeling.replace(", ", ",\n").split("\n")),
            way=snapshot.way,
            arrow=marks.arrow,
            state=() if plays else (getattr(marks, snapshot.state), snapshot.doing),
            said=said if fresh else "",
        )

    def picture(self, width: int, height: int) -> list[Row]:
        if self._state is None:
            return [[BLANK] * width for _ in range(height)]
        return stage_rows(self._state, width, height, self.glyphs)

    def role_style(self, role: int) -> VisualStyle:
        return self.get_visual_style(_PARTS[role])

    def render(self) -> RenderResult:
        return ""
