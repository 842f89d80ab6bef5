"""Large letters of blocks, to be read across a room. Pure, no Textual.

A letter is five dots high; a dot is ``scale`` columns wide and half as many rows high, so that it
is about square. In ASCII a dot is a whole row at least.
"""

from __future__ import annotations

import unicodedata

from musmed_tui.drawing.raster import BLANK, Cell, Glyphs, Row

DOTS = 5
LARGEST = 4
LETTER = 1
_HALVES = (" ", "▀", "▄", "█")
_LETTERS = {
    "a": ".#. #.# ### #.# #.#",
    "b": "##. #.# ##. #.# ##.",
    "c": ".## #.. #.. #.. .##",
    "d": "##. #.# #.# #.# ##.",
    "e": "### #.. ##. #.. ###",
    "f": "### #.. ##. #.. #..",
    "g": ".### #... #.## #..# .###",
    "h": "#.# #.# ### #.# #.#",
    "i": "# # # # #",
    "j": "..# ..# ..# #.# .#.",
    "k": "#.# #.# ##. #.# #.#",
    "l": "#.. #.. #.. #.. ###",
    "m": "#...# ##.## #.#.# #...# #...#",
    "n": "#..# ##.# #.## #..# #..#",
    "o": "### #.# #.# #.# ###",
    "p": "### #.# ### #.. #..",
    "q": "###. #.#. #.#. ###. ..##",
    "r": "##. #.# ##. #.# #.#",
    "s": ".## #.. .#. ..# ##.",
    "t": "### .#. .#. .#. .#.",
    "u": "#.# #.# #.# #.# ###",
    "v": "#.# #.# #.# #.# .#.",
    "w": "#...# #...# #.#.# ##.## #...#",
    "x": "#.# #.# .#. #.# #.#",
    "y": "#.# #.# .#. .#. .#.",
    "z": "### ..# .#. #.. ###",
    "-": ".. .. ## .. ..",
    "'": "# # . . .",
    ",": ". . . # #",
    ".": ". . . . #",
    "→": "...#. ....# ##### ....# ...#.",
    "‖": "#.# #.# #.# #.# #.#",
    "○": "### #.# #.# #.# ###",
    "■": ".... #### #### #### ####",
    "×": "... #.# .#. #.# ...",
    "!": "# # # . #",
    "=": "... ### ... ### ...",
    "~": "..... .#... #.#.# ...#. .....",
    ">": "#.. .#. ..# .#. #..",
    " ": ". . . . .",
}


def block_width(text: str, scale: int) -> int | None:
    """How many columns ``text`` takes, None where there is a sign that can't be drawn."""
    dots = _dots(text)
    return None if dots is None else len(dots[0]) * scale


def block_height(scale: int, glyphs: Glyphs) -> int:
    """How many rows letters take."""
    return DOTS * -(-scale // 2) if glyphs == "ascii" else -(-DOTS * scale // 2)


def block_rows(text: str, scale: int, glyphs: Glyphs) -> list[Row]:
    """``text``, all of which can be drawn, in ``block_height`` rows, capitals and small letters
    alike; accents are left out."""
    dots = _dots(text)
    assert dots is not None, text
    wide = ["".join(dot * scale for dot in line) for line in dots]
    if glyphs == "ascii":
        tall = [line for line in wide for _ in range(-(-scale // 2))]
        return [[Cell("#", LETTER) if dot == "#" else BLANK for dot in line] for line in tall]
    halves = [line for line in wide for _ in range(scale)]
    if len(halves) % 2:
        halves.append("." * len(wide[0]))
    return [
        [_half(above, below) for above, below in zip(*halves[row : row + 2], strict=True)]
        for row in range(0, len(halves), 2)
    ]


def _half(above: str, below: str) -> Cell:
    lit = (above == "#") + 2 * (below == "#")
    return Cell(_HALVES[lit], LETTER) if lit else BLANK


def _dots(text: str) -> list[str] | None:
    """Five lines of dots, with one between letters."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = [_LETTERS.get(sign) for sign in plain if not unicodedata.combining(sign)]
    found = [letter.split(" ") for letter in letters if letter is not None]
    if not found or len(found) < len(letters):
        return None
    return [".".join(letter[line] for letter in found) for line in range(DOTS)]
