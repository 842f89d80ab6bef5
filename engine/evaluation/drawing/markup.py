"""HTML in pieces: what others wrote is escaped here and nowhere else, numbers are written here.

A page made of these needs no request and no script; what is not known is a dash.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

from engine.printable import one_line, visible

UNKNOWN = "\N{EN DASH}"
VOID = frozenset({"meta", "br"})


def text(said: str) -> str:
    """Text of any origin as HTML on one line: without markup, and without a character that is not
    seen (``engine.printable``)."""
    return html.escape(one_line(said))


def tag(name: str, /, *content: str, **attributes: str | float | None) -> str:
    """An element; ``content`` is HTML. An attribute's value is escaped, one of None left out; its
    name's ``_`` is a hyphen, and none at its end (``class_``)."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>" if name in VOID else f"<{name}{said}>{''.join(content)}</{name}>"


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    words: int = 1,
    verdict: bool = False,
) -> str:
    """Cells are text. The first of each row is its head, and the first ``words`` columns are words,
    with a ``verdict`` the last one too, the others numbers. It can be moved sideways where the
    window is narrow."""
    kinds = [at < words or (verdict and at == len(columns) - 1) for at in range(len(columns))]
    head = tag("tr", *(_head(name, kind) for name, kind in zip(columns, kinds, strict=True)))
    body = "\n".join(_row(row, kinds) for row in rows)
    made = tag("table", tag("caption", text(caption)), tag("thead", head), tag("tbody", body))
    return tag("div", made, class_="table", role="region", tabindex=0, aria_label=caption) + "\n"


def _head(name: str, is_word: bool) -> str:
    return tag("th", text(name), scope="col", class_="word" if is_word else None)


def _row(cells: Sequence[str], kinds: Sequence[bool]) -> str:
    first = tag("th", text(cells[0]), scope="row")
    rest = (
        tag("td", text(cell), class_="word" if is_word else None)
        for cell, is_word in zip(cells[1:], kinds[1:], strict=True)
    )
    return tag("tr", first, *rest)


def known(value: float | None) -> float | None:
    """None for what is no number."""
    return None if value is None or not math.isfinite(value) else value


def number(value: float | None, digits: int = 2) -> str:
    """With ``digits`` after the point; of what would be 0 the first two that are not. A minus that
    is one."""
    if (value := known(value)) is None:
        return UNKNOWN
    if abs(value) >= 1e6:
        said = f"{value:.3g}"
    else:
        said = f"{value:.{digits}f}"
        if value and not any(c in "123456789" for c in said):
            said = f"{value:.1e}" if abs(value) < 1e-4 else f"{value:.2g}"
    return said.replace("-", "\N{MINUS SIGN}")


def span(low: float | None, high: float | None, digits: int = 2) -> str:
    if known(low) is None or known(high) is None:
        return UNKNOWN
    return f"{number(low, digits)} to {number(high, digits)}"


def counted(n: int, what: str) -> str:
    """'1 session', '3 sessions'."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def listed(parts: Sequence[str]) -> str:
    """'a, b and c'."""
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)


def _value(value: str | float) -> str:
    return visible(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
