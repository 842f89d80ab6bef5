"""The music as notes: a page of the score that plays, with a mark that moves over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import RenderResult
from textual.style import Style as VisualStyle

from engine.session.heard_notes import HeardScore
from musmed_tui.drawing import score_picture, sound_picture
from musmed_tui.drawing.raster import Glyphs, Row
from musmed_tui.widgets.cells import CellsWidget

if TYPE_CHECKING:
    from engine.playback.sound_columns import SoundColumn

_PARTS = {
    score_picture.MARK: "score--mark",
    score_picture.BARLINE: "score--barline",
    score_picture.CHORD: "score--chord",
    score_picture.SAID: "score--said",
    score_picture.SOUND: "score--sound",
}


class Score(CellsWidget):
    """Shows a ``HeardScore`` about where the session is; parts by colour, the lead as 'now'. Of
    music that has no notes the sound is shown."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *_PARTS.values(),
        *(f"score--{part}" for part in score_picture.PARTS),
    }
    DEFAULT_CSS = """
    Score {
        .score--mark { color: $now; text-style: bold; }
        .score--barline { color: $muted 40%; }
        .score--chord { color: $text; }
        .score--said { color: $muted; }
        .score--sound { color: $path-end; }
        .score--lead { color: $now; text-style: bold; }
        .score--counter { color: $text; }
        .score--bass { color: $path-end; }
        .score--figure { color: $path-start; }
        .score--colour { color: $warning; }
        .score--pad { color: $muted; }
        .score--drums { color: $muted; }
    }
    """

    def __init__(
        self,
        *,
        glyphs: Glyphs = "braille",
        name: str | None = None,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.glyphs = glyphs
        self.score = HeardScore()
        self.sound: Sequence[SoundColumn] = ()
        self.position = 0.0
        self._key: object = None

    def show(self, score: HeardScore, position: float, sound: Sequence[SoundColumn] = ()) -> None:
        """Show ``score`` at ``position`` session seconds, or ``sound`` where there are no notes;
        painted when the mark has moved by a cell, or the page or what is known of it is another."""
        width = max(1, self.size.width)
        page = score_picture.page_at(position, width)
        seen = () if score.notes or score.bars else sound
        key = (id(score), page, math.floor(page.column(position, width)), self.size, bool(seen))
        if key != self._key:
            self._key, self.score, self.position, self.sound = key, score, position, seen
            self.paint()

    def picture(self, width: int, height: int) -> list[Row]:
        if self.sound:
            return sound_picture.sound_rows(self.sound, self.position, width, height, self.glyphs)
        return score_picture.score_rows(self.score, self.position, width, height, self.glyphs)

    def role_style(self, role: int) -> VisualStyle:
        name = _PARTS.get(role) or f"score--{score_picture.part_of(role)}"
        return self.get_visual_style(name)

    def render(self) -> RenderResult:
        return ""
