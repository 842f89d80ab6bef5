"""How a session was, as the screens say it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.listener.ratings import Felt, Rating
from musmed_tui.widgets.words import Part
from musmed_tui.wording import change_in_words, rating_in_words

_UNSAID = "how do you feel?  s: sliders, a note"


def felt_in_words(felt: Felt) -> Iterator[Part]:
    """Before, after and the change, or how that is said."""
    if felt.after == Rating() and not felt.note:
        yield (_UNSAID, "$now")
        return
    yield from rated_in_words(felt)
    if felt.note:
        yield ("\nwith a note", "$muted")


def rated_in_words(felt: Felt) -> Iterator[Part]:
    """Before and after in a line each, and the change where both are known."""
    yield ("before  ", "$muted")
    yield rating_in_words(felt.before)
    yield ("\nafter   ", "$muted")
    yield rating_in_words(felt.after)
    if change := change_in_words(felt):
        yield ("\nchange  ", "$muted")
        yield change
