"""``musmed history ID``: one session, its path as planned and as measured, and how it felt.

Where the meter is bent to the listener, what it reads stands there as bent, too, with how far off
one rating of theirs may be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.listener.history import Past
from engine.listener.personal_meter import PersonalMeter, in_short
from engine.listener.ratings import Rating
from engine.listener.report import done, felt
from engine.plan.events import Dwell
from engine.plan.spec import ClipSpec
from engine.plan.story import story
from engine.plan.words import spelled
from musmed_tui.commands.lists import place
from musmed_tui.commands.meter import fits, meter_of, sentences
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.past_words import heard_clips, place_in_short, planned
from musmed_tui.terminal.streams import remark, say, say_json
from musmed_tui.terminal.table import print_table
from musmed_tui.wording import clock, named

FOR_YOU = ("for you", "give or take")
COLUMNS = ("clip", "time", "planned", "measured", *FOR_YOU, "mood", "instrument", "genre", "liked")


def is_id(word: str) -> bool:
    """Whether it is written as a session's id."""
    from engine.session.library.reading import ID

    return ID.fullmatch(word) is not None


def show_one(session: str, *, as_json: bool) -> None:
    """Print all that is kept of one session. Raises ``MusmedError``, also where there is none."""
    where = open_log()
    if not where.library.is_dir():
        raise MusmedError(f"There is no session {session}; 'musmed sessions' lists them.")
    from engine.session.library.past import past_session

    with opened(where.library) as library:
        past, readings = past_session(library, session)
        meter = meter_of(library)
    clips = heard_clips(past, readings)
    if as_json:
        told = [_told(meter, clip, seen) for clip, seen in clips]
        say_json({**document(past), "clips": told, "meter": fits(meter)})
        return
    _show_head(past)
    shown = [name for name in COLUMNS if meter.used or name not in FOR_YOU]
    rows = [_row(past, meter, clip, seen) for clip, seen in clips]
    print_table(
        "What was heard",
        shown,
        [[row[name] for name in shown] for row in rows],
        spare=("genre", "instrument", "mood"),
    )
    if any(seen is not None for _, seen in clips):
        for sentence in sentences(meter):
            remark(sentence)


def _show_head(past: Past) -> None:
    request = past.request
    before, after, change = felt(past)
    say(f"{past.id}, {past.begun.astimezone():%Y-%m-%d %H:%M}, seed {request.seed}")
    say(named(past.name, story(request, past.events)))
    say(f"Heard {clock(past.heard)} of {clock(request.seconds)}: {done(past)}.")
    say(f"Before {before}, after {after}, change {change} (valence, arousal; 0 to 100).")
    if past.felt.note:
        say(f"Note: {past.felt.note}")


def _row(
    past: Past, meter: PersonalMeter, clip: ClipSpec, measured: Affect | None
) -> dict[str, str]:
    """By the names of ``COLUMNS``."""
    value, error = ("", "") if measured is None else in_short(meter.bent(measured))
    return {
        "clip": str(clip.index + 1),
        "time": clock(clip.start),
        "planned": place_in_short(planned(clip)),
        "measured": "" if measured is None else place_in_short(measured),
        "for you": value,
        "give or take": error,
        "mood": clip.tags.mood,
        "instrument": spelled(clip.tags.instrument),
        "genre": spelled(clip.tags.genre),
        "liked": ", ".join(_likings(past, clip)),
    }


def _told(meter: PersonalMeter, clip: ClipSpec, measured: Affect | None) -> dict[str, object]:
    valence, arousal = (None, None) if measured is None else meter.bent(measured)
    return {
        "clip": clip.index,
        "revision": clip.revision,
        "start_s": clip.start,
        "planned": planned(clip),
        "measured": measured,
        "for_you": {"valence": valence, "arousal": arousal},
        "mood": clip.tags.mood,
        "instrument": clip.tags.instrument,
        "genre": clip.tags.genre,
    }


def _likings(past: Past, clip: ClipSpec) -> Iterator[str]:
    for one in past.likings:
        if one.clip == clip.index:
            yield f"{'liked' if one.liked else 'disliked'} at {clock(one.at)}"


def document(past: Past) -> dict[str, object]:
    """A session of the past for programs."""
    request, felt = past.request, past.felt
    valence, arousal = felt.change
    return {
        "id": past.id,
        "begun": past.begun.astimezone(UTC),
        "name": past.name,
        "from": place(request.start, request.start_word),
        "to": place(request.target, request.target_word),
        "heard_s": past.heard,
        "total_s": request.seconds,
        "state": past.state,
        "before": _rated(felt.before),
        "after": _rated(felt.after),
        "change": {"valence": valence, "arousal": arousal},
        "note": felt.note,
        "features": request.features,
        "described_bars": len(request.description.bars) if request.description else 0,
        "likings": past.likings,
        "dwells": [
            {"at": one.at, "seconds": one.seconds, "why": one.why}
            for one in past.events
            if isinstance(one, Dwell)
        ],
        "offers": past.offers,
    }


def _rated(rating: Rating) -> dict[str, int | None] | None:
    return None if rating.is_none else {"valence": rating.valence, "arousal": rating.arousal}
