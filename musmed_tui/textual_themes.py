"""Themes as Textual takes them, and what of the terminal's own colours it can't do itself."""

from __future__ import annotations

import os
from functools import lru_cache

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme as TextualTheme

from musmed_tui.theming import DIM, Theme

_DIM_AS = "bright_black"
"""Textual's style sheets know no dim colour: quiet text goes through them as this one."""
_DIM_NUMBER = 8
_LACKING = dict.fromkeys(
    ("ansi-background", "ansi-foreground", "surface-active", "foreground-disabled"), "ansi_default"
)
"""What Textual's style sheets name and it gives to no theme of the terminal's colours."""


def for_textual(theme: Theme) -> TextualTheme:
    """``theme`` as Textual takes it; the roles Textual has no name for are ``variables(theme)``."""
    named = variables(theme)
    return TextualTheme(
        name=theme.name,
        dark=theme.dark,
        primary=named["now"],
        secondary=named["path-end"],
        accent=named["now"],
        warning=_css(theme.colours.warning),
        error=_css(theme.colours.error),
        success=named["now"],
        foreground=_css(theme.colours.text),
        background=_css(theme.colours.background),
        surface=_css(theme.colours.surface),
        panel=_css(theme.colours.surface),
        text_alpha=1.0,
        variables=named | _LACKING if theme.ansi else named,
        ansi=theme.ansi,
    )


def variables(theme: Theme) -> dict[str, str]:
    """The names that musmed's style sheets use besides Textual's own."""
    colours = theme.colours
    background, surface = _css(colours.background), _css(colours.surface)
    text, muted, now = _css(colours.text), _css(colours.muted), _css(colours.now)
    return {
        "now": now,
        "muted": muted,
        "path-start": _css(colours.path_start),
        "path-end": _css(colours.path_end),
        "text-muted": muted,
        "footer-background": background,
        "footer-foreground": muted,
        "footer-description-foreground": muted,
        "footer-key-foreground": text,
        "footer-key-background": background,
        "footer-description-background": background,
        "footer-item-background": background,
        "border": now,
        "border-blurred": muted,
        "block-cursor-background": now,
        "block-cursor-foreground": background,
        "block-cursor-text-style": "none",
        "input-cursor-background": text,
        "input-cursor-foreground": background,
        "input-selection-background": f"{now} 35%",
        "scrollbar": surface,
        "scrollbar-hover": muted,
        "scrollbar-active": now,
        "scrollbar-background": background,
        "scrollbar-corner-color": background,
        "scrollbar-background-hover": background,
        "scrollbar-background-active": background,
    }


def _css(colour: str) -> str:
    if colour.startswith("#"):
        return colour
    return f"ansi_{_DIM_AS if colour == DIM else colour}"


class OwnColours(LineFilter):
    """In a theme of the terminal's own colours: text on a colour is that colour the wrong way
    round, since nobody knows what the terminal's own background is, and quiet text is dim. On a
    Linux console, whose dim is a grey too dark to read, it is as any other."""

    def __init__(self, *, dims: bool | None = None) -> None:
        super().__init__()
        self._dims = os.environ.get("TERM") != "linux" if dims is None else dims

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        del background
        return [
            segment
            if segment.style is None
            else Segment(segment.text, _owned(segment.style, self._dims), segment.control)
            for segment in segments
        ]


_OWN = RichColor.default()


@lru_cache(1024)
def _owned(style: Style, dims: bool) -> Style:
    ground, colour = style.bgcolor, style.color
    if ground is not None and not ground.is_default:
        if ground.number == _DIM_NUMBER:
            return style + Style(color=_OWN, bgcolor=_OWN, reverse=True)
        if colour is None or colour.is_default:
            return style + Style(color=ground, bgcolor=_OWN, reverse=True)
        return style
    if colour is not None and colour.number == _DIM_NUMBER:
        return style + Style(color=_OWN, dim=dims or None)
    return style
