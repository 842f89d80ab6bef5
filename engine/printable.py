"""Text that others wrote, made fit for a terminal, a log and a record: the one place that does it.

An engine's reasons, a login banner, stored words, names of files and models and what the hub
answers may hold anything: sequences that move the cursor, change the window's title or answer in
the listener's stead, signs that turn the order of what is read, or nothing that is seen at all. A
leaf that every room may import; the standard library alone.
"""

from __future__ import annotations

import functools
import re
import unicodedata

MOST = 2_000
"""Characters of a sentence; the library keeps no more of a note."""
MOST_MARKS = 4
"""Combining marks on one letter: no script writes more (Unicode's stream-safe format, UAX 15, has
30, which run over the lines above and below)."""
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""Letters and marks that are printable by their category and yet show nothing (Unicode's property
Default_Ignorable_Code_Point)."""
_PLAIN = re.compile(r"[ -~\xa1-\xac\xae-\xff\u2026\u2190-\u23ff\u2460-\u28ff]*")
"""What needs no second look: Latin letters, arrows, and what the screen draws with."""
_SPACES = re.compile(r"\s+")
_ENDS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]")
"""What ends a line, or moves to another column."""


def one_line(text: str, most: int = MOST) -> str:
    """``text`` on one line of at most ``most`` (>= 8) characters, each of which is seen.

    Spaces stay, as many as there are: they may be a file's name. A line end or a tab becomes one
    space with those around it, another kind of space a plain one. Whatever is not printable (C0
    and C1 controls, signs that turn the direction, of no width, private, unassigned, halves of
    surrogate pairs) is written as Python writes it, '\\x1b'. A letter keeps four combining marks.
    What is on one line already comes back as it is.
    """
    flat = visible(_SPACES.sub(_spaces, text[: 4 * most].strip()))
    return flat if len(flat) <= most else f"{flat[: most - 3].rstrip()}..."


@functools.lru_cache(1024)
def visible(text: str) -> str:
    """``text`` with each character seen, as in ``one_line``, its spaces as they are; a line end is
    written as an escape, too."""
    if _PLAIN.fullmatch(text):
        return text
    return with_few_marks("".join(_seen(c) for c in text))


def _spaces(run: re.Match[str]) -> str:
    return " " if _ENDS.search(run[0]) else " " * len(run[0])


def visible_lines(text: str) -> str:
    """``visible``, but line ends stay."""
    return "\n".join(visible(line) for line in text.split("\n"))


def printable(data: bytes) -> str:
    """A line of bytes, such as a login banner's, by the rules of ``one_line``."""
    return one_line(data.decode("utf-8", "replace"))


def with_few_marks(text: str) -> str:
    """``text`` without the combining marks that a letter has too many of."""
    if _PLAIN.fullmatch(text):
        return text
    marks, kept = 0, []
    for character in text:
        marks = marks + 1 if _is_mark(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def is_visible(text: str) -> bool:
    """Whether each character of ``text`` is seen."""
    return text.isprintable() and (text.isascii() or _UNSEEN.isdisjoint(text))


def plain_json(data: bytes) -> str:
    """JSON that a terminal can show: what ``one_line`` would write otherwise is escaped as JSON
    escapes it, so that a reader gets the same text. ``data``: JSON in UTF-8, as msgspec writes
    it; its own line ends and indents stay."""
    text = data.decode()
    if text.isascii() and "\x7f" not in text:  # msgspec escapes the C0 controls itself
        return text
    marks, kept = 0, []
    for character in text:
        marks = marks + 1 if _is_mark(character) else 0
        stays = character == "\n" or (is_visible(character) and marks <= MOST_MARKS)
        kept.append(character if stays else _escaped(character))
    return "".join(kept)


def _seen(character: str) -> str:
    if is_visible(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\{_width(code)}"


def _width(code: int) -> str:
    return f"u{code:04x}" if code < 0x10000 else f"U{code:08x}"


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _is_mark(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) in ("Mn", "Me")
