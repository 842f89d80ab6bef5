"""Sessions of the past as commands and screens say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from engine.affect.circumplex import Affect
from engine.listener.history import Past
from engine.listener.weeks import Week
from engine.plan.spec import ClipKey, ClipSpec
from engine.plan.story import story
from musmed_tui.wording import length

HEARING = (
    "Adults' ears are held safe at 80 dB(A) for 40 hours a week, sensitive ones at 75 (ITU-T "
    "H.870); musmed can't hear how loud it is at yours."
)
NOTHING_YET = "Nothing was played yet; 'musmed' begins a session."


def searched(past: Past) -> str:
    """What is searched for words, in one case."""
    way = story(past.request, past.events)
    day = f"{past.begun.astimezone():%Y-%m-%d}"
    return "\n".join((past.id, day, past.name, way, past.felt.note)).casefold()


def liked_in_short(past: Past) -> str:
    """How much was liked and disliked."""
    liked = sum(liking.liked for liking in past.likings)
    return f"+{liked} -{len(past.likings) - liked}" if past.likings else ""


def this_week(weeks: Sequence[Week]) -> str:
    """How much was heard in the week of today."""
    day = datetime.now(UTC).astimezone().date()
    minutes = sum(week.minutes for week in weeks if 0 <= (day - week.monday).days < 7)
    return f"Heard this week: {length(round(minutes))}."


def heard_clips(
    past: Past, readings: Mapping[ClipKey, Affect]
) -> tuple[tuple[ClipSpec, Affect | None], ...]:
    """The clips as they were planned, as far as the session was heard, each with what the meter
    made of it, if it did; with those that were heard until something else was asked for."""
    from engine.plan.planner import heard_clips as clips_of

    clips = clips_of(past.request, past.events, past.heard) if past.heard > 0.0 else ()
    return tuple((clip, readings.get(clip.key)) for clip in clips)


def planned(clip: ClipSpec) -> Affect:
    """Where the path is in the middle of the clip."""
    return clip.path.at(clip.start + clip.duration / 2)


def place_in_short(affect: Affect) -> str:
    """Valence and arousal, -1 to 1."""
    return f"{affect.valence:+.2f},{affect.arousal:+.2f}"
