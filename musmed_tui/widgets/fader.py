"""A fader: a slider that the music follows while it plays, or that follows the feeling."""

from __future__ import annotations

from itertools import groupby

from textual.style import Style

from musmed_tui.drawing.raster import Glyphs
from musmed_tui.widgets.slider import Slider, column

_FREE = "as it feels"
_HELD = "held"


class Fader(Slider):
    """Shows where the music is held (a handle), or that it follows the feeling (None), and where
    the feeling itself would have it (a mark, which moves with the path)."""

    DEFAULT_CSS = """
    Fader {
        .slider--mark { color: $path-end; }
    }
    """
    COMPONENT_CLASSES = {"slider--mark"}  # noqa: RUF012

    def __init__(
        self,
        low: str,
        high: str,
        *,
        glyphs: Glyphs = "braille",
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(low, high, glyphs=glyphs, id=id)
        self._felt = 50
        self._free, self._mark = ("O", "|") if glyphs == "ascii" else ("○", "┊")

    @property
    def begins(self) -> int:
        return self._felt

    @property
    def state(self) -> str:
        return _FREE if self.value is None else _HELD

    def feel(self, felt: int) -> None:
        """Put the mark at ``felt`` of 100."""
        width = max(1, self.content_size.width)
        before, self._felt = self._felt, felt
        if column(before, width) != column(felt, width):
            self.refresh()

    def cells(self, width: int) -> list[tuple[str, Style]]:
        mark = column(self._felt, width)
        line, sign = self._style("line"), self._style("mark")
        found = [(self._line, line)] * width
        found[mark] = (self._free if self.value is None else self._mark, sign)
        if self.value is not None:
            found[column(self.value, width)] = (self._handle, self._style("handle"))
        # In runs: a terminal is told a style once for each part.
        return [(sign * len(list(run)), style) for (sign, style), run in groupby(found)]
