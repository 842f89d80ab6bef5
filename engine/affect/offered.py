"""What every front offers first: words that are always named on the plane, and whole ways."""

from __future__ import annotations

from typing import NamedTuple

ANCHORS = ("happy", "excited", "tense", "distressed", "sad", "bored", "tired", "calm")
"""Feelings all around the plane."""


class Example(NamedTuple):
    """Two feelings and how many minutes lie between them."""

    start: str
    target: str
    minutes: int

    @property
    def said(self) -> str:
        return f"{self.start} to {self.target}, {self.minutes} minutes"


EXAMPLES = (
    Example("tense", "calm", 15),
    Example("sad", "hopeful", 15),
    Example("restless", "drowsy", 20),
)
"""Each long enough to be gentle."""
