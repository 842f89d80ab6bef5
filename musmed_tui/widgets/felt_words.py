"""How a session was, as the screens say it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.listener.ratings import Felt, Rating, written
from musmed_tui.widgets.words import Part
from musmed_tui.wording import change_in_short

_UNSAID = "how do you feel?  s: sliders, a note"


def felt_in_words(felt: Felt) -> Iterator[Part]:
    """Before, after and the change, or how that is said."""
    if felt.after == Rating() and not felt.note:
        yield (_UNSAID, "$now")
        return
    yield ("before ", "$muted")
    yield written(felt.before)
    yield ("  after ", "$muted")
    yield written(felt.after)
    if change := change_in_short(felt):
        yield ("  change ", "$muted")
        yield change
    if felt.note:
        yield ("\nwith a note", "$muted")
