"""What was learned of the listener's likes, as commands and screens say it."""

from __future__ import annotations

from datetime import UTC, datetime

from engine.listener.preferences import Learned, in_words

NOTHING = (
    "Nothing was learned yet: while a session plays, l says that you like what sounds, d that you "
    "don't."
)
FORGOTTEN = "Forgotten. What was liked stays in the history of its session, and counts no more."


def sentence(one: Learned) -> str:
    """What was learned, from what, and what it does to the share of the tag in its mood."""
    shares = f"{_percent(one.share)} -> {_percent(one.leaned)}"
    return f"{in_words(one, day_of(one.last))} ({shares})."


def day_of(moment: datetime | None) -> str:
    """'12 Nov', with the year where it is another than this one; '' for None."""
    if moment is None:
        return ""
    here = moment.astimezone()
    year = "" if here.year == datetime.now(UTC).astimezone().year else f" {here.year}"
    return f"{here.day} {here:%b}{year}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1f} %"
