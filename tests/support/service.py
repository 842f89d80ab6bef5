"""A service for tests: the quick engine under it, and what is asked of it."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.service.asked import SessionAsked

QUICK = [sys.executable, "-P", str(Path(__file__).parent / "quick_engine.py")]


def asked(minutes: float = 1.0, **more: object) -> SessionAsked:
    return SessionAsked(start="tense", target="calm", minutes=minutes, seed=7, **more)  # type: ignore[arg-type]
