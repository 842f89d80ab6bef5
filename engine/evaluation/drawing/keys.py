"""What the signs of a plot mean, in a row of samples above it."""

from __future__ import annotations

from engine.evaluation.drawing.figures import sign
from engine.evaluation.drawing.markup import tag, text

_LINE = '<line x1="1" y1="10" x2="35" y2="10" class="{}"/>'
_SAMPLES = {
    "planned": _LINE.format("planned"),
    "measured": _LINE.format("measured")
    + '<path d="M18 10h0" stroke-width="5" class="measured-point"/>',
    "ends": '<circle cx="8" cy="10" r="5" class="planned-end start"/>'
    '<rect x="22" y="5.5" width="9" height="9" class="planned-end end"/>',
    "beyond": _LINE.format("interval") + '<circle cx="18" cy="10" r="5" class="dot filled"/>',
    "within": _LINE.format("interval") + '<circle cx="18" cy="10" r="5" class="dot"/>',
    "chance": '<rect x="4" y="2" width="28" height="16" class="chance"/>'
    '<line x1="4" y1="2" x2="4" y2="18" class="chance-edge"/>'
    '<line x1="32" y1="2" x2="32" y2="18" class="chance-edge"/>',
    "cross": sign("cross", 18.0, 10.0),
    "bar": sign("bar", 18.0, 10.0),
    "diamond": sign("diamond", 18.0, 10.0),
    "mood": '<rect x="4" y="4" width="28" height="12" class="bar-of"/>',
    "tick": '<line x1="18" y1="1" x2="18" y2="19" class="tick"/>',
}


def key(*entries: tuple[str, str]) -> str:
    """Each: a sample's name and what it means."""
    return tag("ul", *(_entry(sample, said) for sample, said in entries), class_="key")


def _entry(sample: str, said: str) -> str:
    drawn = tag("svg", _SAMPLES[sample], viewBox="0 0 36 20", aria_hidden="true")
    return tag("li", drawn, tag("span", text(said)))
