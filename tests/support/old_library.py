"""A library of an older schema, from the SQL that its code left."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def old_library(sql: Path, folder: Path) -> Path:
    """Made new in ``folder``; gives its folder."""
    made = folder / "library"
    made.mkdir()
    database = sqlite3.connect(made / "library.sqlite")
    database.executescript(sql.read_text("utf-8"))
    database.close()
    return made
