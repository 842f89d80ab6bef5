"""Lines that stay on a stream, and on a live terminal one line redrawn below them."""

from __future__ import annotations

import sys
import textwrap
from typing import TextIO

from engine.printable import visible
from musmed_tui.terminal.streams import silence
from musmed_tui.terminal.terminal import Terminal, columns
from musmed_tui.wording import ASCII, UNICODE


class Output:
    """Lines that stay, and on a live terminal one line that is redrawn below them.

    Once the terminal is gone, or whoever read the lines, everything is dropped in silence: the
    music does not depend on it.
    """

    def __init__(self, stream: TextIO, terminal: Terminal, accent: str | None = None) -> None:
        self._stream = stream
        self._live = terminal.live
        self._accent = accent if terminal.colour else None
        self._colour = terminal.colour
        self._drawn = ""
        self.glyphs = UNICODE if terminal.unicode else ASCII
        self.gone = False

    @property
    def live(self) -> bool:
        return self._live

    @property
    def width(self) -> int:
        """Columns to use: one less than there are, so that no terminal wraps the line."""
        return max(1, columns(self._stream) - 1)

    def line(self, text: str) -> None:
        """A line that stays; on a live terminal broken between words where it is too long. Whoever
        wrote ``text``, each of its characters is seen (``engine.printable``)."""
        drawn, text = self._drawn, visible(text)
        if self._live:
            text = textwrap.fill(text, self.width, break_long_words=False, break_on_hyphens=False)
        self._write(("\r\x1b[K" if drawn else "") + text + "\n" + drawn)

    def redraw(self, head: str, rest: str = "") -> None:
        """The live line; written only when it changed."""
        painted = self._paint(visible(head)) + visible(rest)
        if self._live and painted != self._drawn:
            self._drawn = painted
            self._write("\r" + painted + "\x1b[K")

    def clear(self) -> None:
        """Take the live line away."""
        if self._drawn:
            self._drawn = ""
            self._write("\r\x1b[K")

    def echo(self, text: str) -> None:
        """Typed text, where there is no live line to show it on."""
        if not self._live:
            self._write(text)

    def _paint(self, text: str) -> str:
        if self._accent is None or not text:
            return text
        from rich.color import Color, ColorSystem

        system = {
            "standard": ColorSystem.STANDARD,
            "256": ColorSystem.EIGHT_BIT,
            "truecolor": ColorSystem.TRUECOLOR,
        }.get(self._colour or "")
        if system is None:
            return text
        codes = Color.parse(self._accent).downgrade(system).get_ansi_codes()
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m"

    def _write(self, text: str) -> None:
        if self.gone:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self.gone = True
            if self._stream is sys.stdout:
                silence(1)
