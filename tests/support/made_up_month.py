"""A month of sessions that nobody has heard: made up, for the tests and pictures of reports.

    python tests/support/made_up_month.py FOLDER      then: MUSMED_HOME=FOLDER musmed report ...

Everything in it is drawn from one seed; its notes say that they are made up.
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.affect.feelings import feeling
from engine.clip_record import ClipRecord
from engine.composers.base import Marks
from engine.listener.likings import Liking
from engine.listener.ratings import Rating
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.session.library.library import Library

WAYS = (("tense", "calm"), ("sad", "glad"), ("tired", "cheerful"), ("angry", "serene"))
BEGUN = datetime(2026, 11, 2, 19, 0, tzinfo=UTC)
SESSIONS = 14


def made_up_month(library: Library, seed: int = 8) -> tuple[str, ...]:
    """Fill ``library``; the sessions' ids, the oldest first."""
    dice = random.Random(seed)
    return tuple(_session(library, number, dice) for number in range(SESSIONS))


def _session(library: Library, number: int, dice: random.Random) -> str:
    begun = BEGUN + timedelta(days=2 * number, minutes=dice.randrange(90))
    start, target = (feeling(word) for word in dice.choice(WAYS))
    request = Request(
        start=start.affect,
        target=target.affect,
        start_word=start.word,
        target_word=target.word,
        minutes=dice.choice((6.0, 10.0)),
        strategy=dice.choice(("iso", "iso", "direct")),
        seed=dice.randrange(10**6),
    )
    session = library.create(request, "embedded", 27, None, begun)
    heard = request.seconds if dice.random() < 0.7 else float(dice.randrange(130, 340))
    events: list[Event] = []
    for at in sorted(dice.sample(range(20, int(heard) - 40, 20), dice.randrange(4))):
        steer = Steer(at=float(at), target=feeling("glad").affect, word="glad")
        events.append(dice.choice((steer, Ease(at=float(at)), Skip(at=float(at)))))
    for event in events:
        library.add_event(session, event)
    _clips(library, session, request, events, heard, dice)
    library.set_position(session, heard)
    _ratings(library, session, begun, dice)
    library.set_state(session, "finished" if heard == request.seconds else "stopped")
    return session


def _clips(  # noqa: PLR0917
    library: Library,
    session: str,
    request: Request,
    events: list[Event],
    heard: float,
    dice: random.Random,
) -> None:
    for spec in make_plan(request, events).clips:
        if spec.start > heard:
            break
        record = ClipRecord(
            composer="embedded",
            version=27,
            loudness=round(dice.uniform(-26.0, -20.0), 1),
            true_peak=-1.5,
            gating="off",
            seconds=1.0,
            speed=25.0,
        )
        start, frames = round(spec.start * 48_000), round(spec.duration * 48_000)
        library.save_clip(session, spec, start, frames, False, b"made up", record, Marks())
        if dice.random() < 0.15 and spec.start + 4.0 < heard:
            liking = Liking(
                clip=spec.index,
                revision=spec.revision,
                at=spec.start + 4.0,
                mood=spec.tags.mood,
                instrument=spec.tags.instrument,
                genre=spec.tags.genre,
                liked=dice.random() < 0.8,
            )
            library.listener.add_liking(session, liking, BEGUN)


def _ratings(library: Library, session: str, begun: datetime, dice: random.Random) -> None:
    before = Rating(dice.randrange(15, 60), dice.randrange(40, 95))
    if dice.random() < 0.85:
        library.listener.rate(session, "before", before, begun)
    after = Rating(
        min(100, (before.valence or 0) + dice.randrange(-5, 30)),
        None if dice.random() < 0.2 else max(0, (before.arousal or 0) - dice.randrange(-5, 35)),
    )
    note = f"Made up: note {dice.randrange(100, 999)}." if dice.random() < 0.5 else ""
    if dice.random() < 0.85:
        library.listener.rate(session, "after", after, begun, note=note)


if __name__ == "__main__":
    filled = Library(Path(sys.argv[1]) / "data" / "library")
    made_up_month(filled)
    filled.close()
