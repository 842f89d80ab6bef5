"""The tables beside this module, without ``importlib.resources``: that takes longer to import than
they take to read."""

from __future__ import annotations

from pathlib import Path


def read_data(name: str) -> bytes:
    """The table called ``name``, JSON."""
    return (Path(__file__).parent / "data" / f"{name}.json").read_bytes()
