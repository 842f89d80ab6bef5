"""Make the pictures of the screens in docs/pictures: ``python scripts/pictures.py``.

They are taken of the real app playing the fixed session of the tests, as SVG and, where CairoSVG
is installed, as PNG. Few fonts have the braille the plane is drawn with, so its dots are drawn as
circles.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.fake_session import FakeControl, make_app, some_pasts  # noqa: E402

FONT = "DejaVu Sans Mono"
SETTLE = 0.4
"""Seconds after which the screen stands still."""
BRAILLE = range(0x2800, 0x2900)
DOTS = {0: (0, 0), 1: (0, 1), 2: (0, 2), 3: (1, 0), 4: (1, 1), 5: (1, 2), 6: (0, 3), 7: (1, 3)}
"""A braille character's bits: each dot's column and row in the cell."""
ASCENT = 18.5
"""From a line's baseline up to the top of its cells, in the SVG's units."""
RADIUS = 1.6
CHOSEN = ("slash", *"tense", "enter", *"calm", "enter")


class Picture(NamedTuple):
    """A screen, reached with ``keys`` from a playing session or from the check-in."""

    name: str
    playing: bool
    keys: tuple[str, ...]
    size: tuple[int, int] = (120, 40)
    theme: str = "dark"

    @property
    def file(self) -> str:
        columns, rows = self.size
        return f"{self.name}-{columns}x{rows}-{self.theme}"


CHECK_IN = Picture("check-in", False, CHOSEN)
SESSION = Picture("session", True, ())
PICTURES = (
    CHECK_IN,
    SESSION,
    Picture("steering", True, ("s", *["up"] * 8)),
    Picture("engine", True, ("i",)),
    Picture("stage", True, ("f",), theme="dusk"),
    Picture("settings", False, ("o", "down"), (80, 24)),
    Picture("check-out", True, ("q",)),
    Picture("sliders", False, ("s", *["right"] * 9, "tab", *["left"] * 6), (80, 24)),
    Picture("history", False, ("p", "down")),
    Picture("past", False, ("p", "enter")),
    Picture("help", True, ("question_mark",)),
    *(
        picture._replace(size=size, theme=theme)
        for picture in (CHECK_IN, SESSION)
        for size, theme in (((80, 24), "dark"), ((120, 40), "light"))
    ),
)


async def taken(picture: Picture) -> str:
    """The picture as SVG."""
    control = FakeControl(picture.theme)
    control.listener.pasts = some_pasts(12)
    app = make_app(control, playing=picture.playing)
    async with app.run_test(size=picture.size) as pilot:
        await pilot.pause(SETTLE)
        for key in picture.keys:
            await pilot.press(key)
        await pilot.pause(SETTLE)
        return app.export_screenshot(title="musmed")


def own_font(svg: str) -> str:
    """Without the web font the SVG asks for, so that nothing is loaded to show it."""
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", FONT)


def braille_as_circles(svg: str) -> str:
    """The SVG with a circle for each dot of its braille characters."""
    return re.sub(r"<text((?:\s[^>]*)?)>([^<]*)</text>", _with_circles, svg)


def _with_circles(match: re.Match[str]) -> str:
    attributes, text = match.group(1), html.unescape(match.group(2))
    if not any(ord(character) in BRAILLE for character in text):
        return match.group(0)
    left, baseline = (_number(attributes, name) for name in ("x", "y"))
    width = _number(attributes, "textLength") / len(text)
    colour = re.search(r'class="([^"]+)"', attributes)
    assert colour is not None
    dots, rest = [], ""
    for i, character in enumerate(text):
        if ord(character) not in BRAILLE:
            rest += character
            continue
        rest += "\xa0"
        for bit, (column, row) in DOTS.items():
            if (ord(character) - BRAILLE.start) >> bit & 1:
                x = left + i * width + (column + 0.5) * width / 2
                y = baseline - ASCENT + (row + 0.5) * width / 2
                dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}"/>')
    kept = html.escape(rest).replace("\xa0", "&#160;")
    words = "" if rest.strip("\xa0") == "" else f"<text{attributes}>{kept}</text>"
    return f'{words}<g class="{colour.group(1)}">{"".join(dots)}</g>'


def _number(attributes: str, name: str) -> float:
    found = re.search(rf'\b{name}="([\d.]+)"', attributes)
    assert found is not None
    return float(found.group(1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "pictures")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        svg = braille_as_circles(own_font(asyncio.run(taken(picture))))
        file = folder / f"{picture.file}.svg"
        drawn = file.exists() and file.with_suffix(".png").exists()
        if drawn and file.read_text(encoding="utf-8") == svg:
            continue  # other fonts would make another PNG of the same picture
        file.write_text(svg, encoding="utf-8")
        sizes = [f"{len(svg) / 1000:.0f} KB"]
        try:
            import cairosvg
        except ImportError:
            print("PNG needs CairoSVG: pip install cairosvg", file=sys.stderr)
        else:
            png = cairosvg.svg2png(bytestring=svg.encode(), output_width=10 * picture.size[0])
            file.with_suffix(".png").write_bytes(png)
            sizes.append(f"PNG {len(png) / 1000:.0f} KB")
        print(picture.file, *sizes)


if __name__ == "__main__":
    main()
