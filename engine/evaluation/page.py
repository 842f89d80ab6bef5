"""An evaluation as one HTML file: it needs no script, no font and no request to be read.

The same evaluation makes the same bytes; who opens it sees light or dark as their screen is, and
paper is thought of (``drawing/style.py``).
"""

from __future__ import annotations

import base64
import hashlib

from engine.evaluation.drawing.markup import tag, text
from engine.evaluation.drawing.sections import SECTIONS
from engine.evaluation.drawing.style import STYLE
from engine.evaluation.drawing.summary import in_short
from engine.evaluation.results import Evaluation


def page(found: Evaluation, title: str, made: str) -> str:
    """HTML5, to be written as UTF-8. ``made``: when and with what, in words; it stands below the
    ``title``."""
    sections = [(ident, name, make(found)) for ident, name, make in SECTIONS]
    there = [(ident, name, made_of) for ident, name, made_of in sections if made_of]
    links = (tag("li", tag("a", text(name), href=f"#{ident}")) for ident, name, _ in there)
    header = tag("header", tag("h1", text(title)), tag("p", text(made), class_="made"))
    contents = tag("nav", tag("ul", *links), aria_label="Contents") if there else ""
    main = tag("main", in_short(found), contents, *("\n" + section for *_, section in there))
    return document(title, header, main)


def document(title: str, header: str, main: str) -> str:
    """A whole page of the one style; ``header`` and ``main`` are elements."""
    body = f"<body>\n{header}\n{main}\n</body>"
    return f'<!DOCTYPE html>\n<html lang="en">\n{_head(title)}\n{body}\n</html>\n'


def _head(title: str) -> str:
    """Whoever opens it asks nobody for anything: the policy allows this very style and no more."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", text(title)),
        tag("style", STYLE),
    )
