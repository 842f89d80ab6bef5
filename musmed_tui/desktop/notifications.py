"""Notifications by way of the terminal: which terminals take them, and in what bytes.

Pure. Three sequences are about (ECMA-48's operating system commands): 9 (iTerm2; a text), 777
(rxvt; title and text) and 99 (kitty; only shown while nobody looks at the window). What a terminal
does not know it swallows, but some know 9 as something else: none is written on mere suspicion.
Within tmux they are handed through to the terminal outside, where its option ``allow-passthrough``
lets them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from engine.printable import one_line

Kind = Literal["osc9", "osc777", "osc99"]
TITLE = "musmed"
TMUX_FORMAT = "#{allow-passthrough}|#{client_termname}|#{client_termtype}"
"""What tmux is asked: whether it hands through, and what is outside."""

_BY_PROGRAM: dict[str, Kind] = {
    "iTerm.app": "osc9",
    "WezTerm": "osc777",
    "ghostty": "osc777",
    "WarpTerminal": "osc777",
    "rio": "osc777",
}
_BY_TERM: tuple[tuple[str, Kind], ...] = (
    ("xterm-kitty", "osc99"),
    ("xterm-ghostty", "osc777"),
    ("foot", "osc777"),
    ("rxvt-unicode", "osc777"),
    ("wezterm", "osc777"),
)
_BY_TYPE: tuple[tuple[str, Kind], ...] = (
    ("kitty", "osc99"),
    ("iterm2", "osc9"),
    ("wezterm", "osc777"),
    ("ghostty", "osc777"),
    ("foot", "osc777"),
    ("vte", "osc777"),
)
"""How terminals call themselves when they are asked (XTVERSION), in small letters."""


def kind_of(environment: Mapping[str, str]) -> Kind | None:
    """What the terminal of ``environment`` takes; None for one that is not known to. Not for within
    tmux, whose environment may be of a terminal that was here before."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if term.startswith(("screen", "tmux", "linux", "dumb")):
        return None
    if environment.get("KITTY_WINDOW_ID"):
        return "osc99"
    known = next((kind for begin, kind in _BY_TERM if term.startswith(begin)), None)
    known = known or _BY_PROGRAM.get(program)
    if known is None and environment.get("LC_TERMINAL") == "iTerm2":  # over ssh, too
        known = "osc9"
    if known is None and environment.get("VTE_VERSION"):
        known = "osc777"
    return known


def kind_outside(answer: str) -> Kind | None:
    """What the terminal outside tmux takes, by tmux's ``answer`` to ``TMUX_FORMAT``; None where it
    hands nothing through."""
    allowed, term, told = (*answer.strip().split("|"), "", "", "")[:3]
    if allowed not in ("on", "all", "1", "2"):
        return None
    by_type = next((kind for begin, kind in _BY_TYPE if told.lower().startswith(begin)), None)
    return by_type or next((kind for begin, kind in _BY_TERM if term.startswith(begin)), None)


def encoded(kind: Kind, text: str, *, in_tmux: bool = False) -> str:
    """``text``, from whomever, as a notification of musmed's."""
    said = one_line(text)
    if kind == "osc9":
        sequence = f"\x1b]9;{TITLE}: {said}\x07"  # a figure in front would mean something else
    elif kind == "osc777":
        sequence = f"\x1b]777;notify;{TITLE};{said.replace(';', ',')}\x07"
    else:
        sequence = f"\x1b]99;i={TITLE}:o=unfocused;{TITLE}: {said}\x1b\\"
    if not in_tmux:
        return sequence
    doubled = sequence.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{doubled}\x1b\\"
