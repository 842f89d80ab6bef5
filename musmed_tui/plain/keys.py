"""Keys: bytes of a terminal -> key names -> what they ask for. Pure, no terminal."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from enum import Enum, auto
from typing import Literal

import msgspec

from musmed_tui.faders import PHRASES
from musmed_tui.wording import MAX_TYPED, suggest

HELP = (
    "  space  pause, go on      s  steer to a feeling    e  ease (calmer from here)",
    "  n  compose this anew     + -  volume              , .  back, on 10 s",
    "  a  adjust how it plays: fewer notes, higher, darker, or as it feels",
    "  l  you like what plays   d  you don't; both are kept, nothing changes now",
    "  L  more of it, now       D  less of it, now",
    "  z  sleep timer: in 10, 20, 30 or 60 minutes it fades and stops; or off",
    "  b  once another machine answers again: compose there",
    "  q  stop; it is kept      ?  this list",
)


class Act(Enum):
    """What a key asks for. ``ASK``, ``EDIT`` and ``CANCEL`` are about the line that is typed on: it
    was opened, it changed, it was closed with nothing asked."""

    PAUSE = auto()
    EASE = auto()
    SKIP = auto()
    LIKE = auto()
    DISLIKE = auto()
    MORE = auto()
    LESS = auto()
    GO_BACK = auto()
    SLEEP = auto()
    LOUDER = auto()
    SOFTER = auto()
    BACK = auto()
    FORWARD = auto()
    QUIT = auto()
    HELP = auto()
    ASK = auto()
    EDIT = auto()
    CANCEL = auto()


class SteerText(msgspec.Struct, frozen=True):
    """Steer to what was typed."""

    text: str


class FadersText(msgspec.Struct, frozen=True):
    """Move the faders as was typed."""

    text: str


Asked = Literal["feeling", "faders"]
"""What is being typed."""
ASKING: dict[str, Asked] = {"s": "feeling", "a": "faders"}
"""Keys that ask for it."""

KEYS = {
    " ": Act.PAUSE,
    "e": Act.EASE,
    "n": Act.SKIP,
    "l": Act.LIKE,
    "d": Act.DISLIKE,
    "L": Act.MORE,
    "D": Act.LESS,
    "b": Act.GO_BACK,
    "z": Act.SLEEP,
    "+": Act.LOUDER,
    "=": Act.LOUDER,
    "up": Act.LOUDER,
    "-": Act.SOFTER,
    "_": Act.SOFTER,
    "down": Act.SOFTER,
    ",": Act.BACK,
    "<": Act.BACK,
    "left": Act.BACK,
    ".": Act.FORWARD,
    ">": Act.FORWARD,
    "right": Act.FORWARD,
    "q": Act.QUIT,
    "?": Act.HELP,
    "h": Act.HELP,
}

_NAMED = {"\r": "enter", "\n": "enter", "\t": "tab", "\x7f": "backspace", "\b": "backspace"}
_NAMED |= {"\x15": "clear"}
_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left"}


class KeyDecoder:
    """Bytes from a terminal to key names, whatever pieces they come in.

    Printable characters are their own names; arrows are 'up', 'down', 'left', 'right'; other
    escape sequences (escape and '[' or 'O', and on to their end) are swallowed whole. An escape
    before anything else is the key, however soon that follows. Call ``flush`` when nothing has
    followed for a while: an escape that stands alone is then 'escape'.
    """

    def __init__(self) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("ignore")
        self._sequence = ""

    def feed(self, data: bytes) -> list[str]:
        """The keys that are complete with ``data``."""
        keys: list[str] = []
        for character in self._utf8.decode(data):
            keys += self._take(character)
        return keys

    def flush(self) -> list[str]:
        """The escape key, if one was waiting to see what follows it."""
        lone = self._sequence == "\x1b"
        self._sequence = ""
        return ["escape"] if lone else []

    def _take(self, character: str) -> list[str]:
        if self._sequence:
            return self._continue(character)
        if character == "\x1b":
            self._sequence = character
            return []
        if character in _NAMED:
            return [_NAMED[character]]
        return [character] if character.isprintable() else []

    def _continue(self, character: str) -> list[str]:
        """One more character of an escape sequence (ECMA-48: CSI ends at '@' to '~'; what can't be
        in one breaks it off)."""
        opened = self._sequence
        if opened == "\x1b":
            if character in "[O":
                self._sequence = opened + character
                return []
            self._sequence = ""
            return ["escape", *self._take(character)]
        if not " " <= character <= "~":
            self._sequence = ""
            return self._take(character)
        if "@" <= character <= "~":
            self._sequence = ""
            return [_ARROWS[character]] if character in _ARROWS and len(opened) == 2 else []
        self._sequence = opened + character if len(opened) < 32 else ""
        return []


class Keyboard:
    """What keys mean: transport keys, and letters while a feeling is being asked for, or how the
    music is to be."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self.typed: str | None = None
        """What has been typed so far; None when nothing is being asked for."""
        self.asked: Asked = "feeling"

    @property
    def suggestions(self) -> tuple[str, ...]:
        """Up to four that begin with what has been typed, or that it is a typo of; of faders with
        what stands behind the last comma."""
        if self.asked == "faders":
            return suggest((self.typed or "").rpartition(",")[2], PHRASES)
        return suggest(self.typed or "", self._words)

    def press(self, key: str) -> Act | SteerText | FadersText | None:
        """What ``key`` asks for; None when nothing."""
        if self.typed is not None:
            return self._type(key, self.typed)
        if key in ASKING:
            self.typed, self.asked = "", ASKING[key]
            return Act.ASK
        return KEYS.get(key)

    def _type(self, key: str, typed: str) -> Act | SteerText | FadersText | None:
        if key == "enter" and typed.strip():
            self.typed = None
            kind = FadersText if self.asked == "faders" else SteerText
            return kind(typed.strip())
        if key in {"enter", "escape"}:
            self.typed = None
            return Act.CANCEL
        if key == "backspace":
            self.typed = typed[:-1]
        elif key == "clear":
            self.typed = ""
        elif key == "tab":
            self.typed = self._completed(typed)
        elif len(key) == 1 and len(typed) < MAX_TYPED:
            self.typed = typed + key
        return Act.EDIT if self.typed != typed else None

    def _completed(self, typed: str) -> str:
        near = self.suggestions
        if not near or self.asked == "feeling":
            return near[0] if near else typed
        before, comma, _ = typed.rpartition(",")
        return f"{before}{comma}{' ' if comma else ''}{near[0]}"
