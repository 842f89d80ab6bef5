"""TOML that others wrote, read within limits: a leaf that every room may import."""

from __future__ import annotations

import tomllib
from typing import Any

MOST_DOTS = 200
"""In a line that is no remark. A key of n parts takes the parser n * n steps, 12 s for what 64 KiB
hold; nothing that is read here has three."""


def dotted_line(text: str) -> int:
    """The first line with more than ``MOST_DOTS``, counted from 1; 0 where there is none."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > MOST_DOTS and not line.lstrip().startswith("#"):
            return number
    return 0


def parse_toml(data: bytes) -> dict[str, Any]:
    """UTF-8, with or without a byte order mark. Raises ``ValueError`` with what is wrong."""
    text = data.decode("utf-8-sig")
    if line := dotted_line(text):
        raise ValueError(f"line {line} has far too many dots")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise ValueError("it has far too many lists or tables within each other") from error
    except ValueError as error:  # Python reads no whole number of over 4300 digits
        raise ValueError("it has a number that is far too long") from error
