"""A picture as inline SVG, and what it is drawn of.

Sizes are in units of the view box, in which 12 is the size of small text; a picture is as wide as
what it stands in (``drawing/style.py`` has the classes). Nothing is told by colour alone.
"""

from __future__ import annotations

from engine.evaluation.drawing.markup import tag, text

WIDTH = 460.0


LETTER = 8.2
"""How wide a letter of a label is reckoned."""


def svg(
    ident: str,
    size: tuple[float, float],
    title: str,
    said: str,
    *content: str,
    class_: str = "",
    alone: bool = False,
) -> str:
    """``title`` and ``said`` are read instead of the picture; ``ident`` is the page's only one.
    ``alone``: it is a file of its own, and as large as its view box unless it is told otherwise."""
    return tag(
        "svg",
        tag("title", text(title), id=f"{ident}-t"),
        tag("desc", text(said), id=f"{ident}-d"),
        *content,
        viewBox=f"0 0 {size[0]:g} {size[1]:g}",
        role="img",
        aria_labelledby=f"{ident}-t {ident}-d",
        class_=class_ or None,
        xmlns="http://www.w3.org/2000/svg" if alone else None,
        width=size[0] if alone else None,
        height=size[1] if alone else None,
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def rect(x: float, y: float, width: float, height: float, class_: str) -> str:
    return tag("rect", x=x, y=y, width=max(0.0, width), height=height, class_=class_)


def label(x: float, y: float, said: str, anchor: str = "start", class_: str | None = None) -> str:
    return tag("text", text(said), x=x, y=y, text_anchor=anchor, class_=class_)


def cut(said: str, width: float) -> str:
    """As much of it as there is room for."""
    most = int(width / LETTER)
    return said if len(said) <= most else f"{said[: most - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"
