"""``musmed plan``, ``feelings``, ``instruments``, ``genres`` and ``sessions``: what can be read, as
tables or as JSON (docs/json.md)."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.listener.ratings import Felt
from engine.plan.events import Ease, Event, Steer
from engine.plan.story import story
from musmed_tui.asked import Asked
from musmed_tui.commands.learned import kept_leaning
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.felt import completed
from musmed_tui.options import build_request, drawn_seed, help_for
from musmed_tui.past_words import NOTHING_YET
from musmed_tui.paths import folders
from musmed_tui.settings import load_settings
from musmed_tui.terminal.streams import remark, say_json, tell, tell_lines
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import columns, look_at_terminal
from musmed_tui.wording import change_in_short, clock, named

if TYPE_CHECKING:
    from engine.plan.request import Request
    from engine.plan.spec import Plan
    from engine.session.library.records import SessionRow

DEFAULT_SESSIONS = 20
MAX_SESSIONS = 10_000


def show_plan(asked: Asked, *, as_json: bool) -> None:
    """Print the plan of a request. Raises ``MusmedError``."""
    import msgspec

    from engine.plan.planner import make_plan

    asked = completed(asked)
    if help_here := help_for(asked):
        remark(help_here)
    where = folders()
    request = build_request(asked, load_settings(where.settings))
    if not asked.no_preferences:
        request = kept_leaning(request, where.library)
    plan = make_plan(request)
    if as_json:
        once = {"mood_table": None, "gentle": None, "features": None, "description": None}
        alone = [msgspec.structs.replace(clip, **once) for clip in plan.clips]  # the request's
        clips = [{**msgspec.to_builtins(clip), "seed": clip.seed} for clip in alone]
        whole = {**msgspec.to_builtins(msgspec.structs.replace(plan, clips=())), "clips": clips}
        say_json({"request": msgspec.to_builtins(request), "plan": whole})
        return
    rows = []
    for clip in plan.clips:
        start = clip.path.at(clip.start)
        rows.append(
            (
                str(clip.index + 1),
                clock(clip.start),
                *_coordinates(start),
                clip.tags.emotion,
                clip.tags.mood,
                clip.tags.instrument,
                clip.tags.genre,
            )
        )
    columns = ("clip", "time", "valence", "arousal", "emotion", "mood", "instrument", "genre")
    print_table(f"Plan of {clock(plan.total)}", columns, rows)
    for note in _notes(request, plan):
        remark(note)
    if asked.seed is None:
        remark(drawn_seed(request))


def _notes(request: Request, plan: Plan) -> Sequence[str]:
    """What there is to say of a plan: that a composer can't hold what is asked of the music comes
    in place of where that pulls apart."""
    from engine.composers.choice import unheld
    from engine.plan.contradictions import contradictions

    not_held = None if request.composer == "auto" else unheld(request, request.composer)
    if not_held is None:  # 'auto' takes the one that holds it
        return plan.notes
    apart = contradictions(request, plan.path)
    return [*(note for note in plan.notes if note not in apart), not_held]


def show_feelings(*, as_json: bool) -> None:
    """Print the feeling words: by quarter of the plane for eyes, with their places for programs."""
    from engine.affect.feelings import by_quarter, forms_of

    groups = [("the middle" if q is None else q.value, found) for q, found in by_quarter().items()]
    if as_json:
        listed = [
            {
                "word": one.word,
                "affect": one.affect,
                "source": one.source,
                "quarter": quarter,
                "forms": forms_of(one),
            }
            for quarter, found in groups
            for one in found
        ]
        say_json({"feelings": listed})
        return
    if look_at_terminal(plain=False).live:
        for quarter, found in groups:
            words = ", ".join(one.word for one in found)
            tell(f"{quarter[:1].upper()}{quarter[1:]}")
            tell_lines(
                textwrap.fill(
                    words,
                    max(min(columns(sys.stdout), 100) - 2, 24),
                    initial_indent="  ",
                    subsequent_indent="  ",
                    break_on_hyphens=False,
                )
                + "\n"
            )
        tell("Other forms of them are known too. --json has those, and where each word lies.")
        return
    rows = [
        (one.word, *_coordinates(one.affect), quarter, one.source)
        for quarter, found in groups
        for one in found
    ]
    print_table("Feelings", ("feeling", "valence", "arousal", "quarter", "source"), rows)


def show_instruments(*, as_json: bool) -> None:
    """Print the instruments that can be kept."""
    from engine.plan.words import tag_statistics

    _show_tags("instrument", tag_statistics().instruments, as_json=as_json)


def show_genres(*, as_json: bool) -> None:
    """Print the genres that can be kept."""
    from engine.plan.words import tag_statistics

    _show_tags("genre", tag_statistics().genres, as_json=as_json)


def _show_tags(kind: str, tags: Iterable[str], *, as_json: bool) -> None:
    from engine.plan.words import spelled

    if as_json:
        say_json({f"{kind}s": [{kind: tag, "spelled": spelled(tag)} for tag in tags]})
        return
    print_table(f"{kind.capitalize()}s", (kind, "in words"), [(tag, spelled(tag)) for tag in tags])


def show_sessions(limit: str | None, *, as_json: bool) -> None:
    """Print the newest stored sessions. Raises ``MusmedError``."""
    from engine.session.library.room import GB, in_words, said_of_room, taken

    most = limit_of(limit)
    where = open_log()
    stored: tuple[SessionRow, ...] = ()
    events: dict[str, tuple[Event, ...]] = {}
    felt: dict[str, Felt] = {}
    if where.library.is_dir():
        with opened(where.library) as library:
            stored = library.sessions(most)
            events = library.events_of(stored)
            felt = library.listener.felt([row.id for row in stored])
    room = taken(where.library)
    most_bytes = load_settings(where.settings).settings.library_gb * GB
    if as_json:
        say_json(
            {
                "sessions": [
                    _session(row, events[row.id], felt[row.id], room.sessions.get(row.id, 0))
                    for row in stored
                ],
                "bytes": room.total,
                "limit_bytes": round(most_bytes) or None,
            }
        )
        return
    rows = []
    for row in stored:
        request = row.request
        way = named(row.name, story(request, events[row.id]))
        change = change_in_short(felt[row.id])
        begun = f"{row.created.astimezone():%Y-%m-%d %H:%M}"
        heard = f"{clock(row.position)}/{clock(request.seconds)}"
        size = in_words(room.sessions.get(row.id, 0))
        seed = str(request.seed)
        rows.append((row.id, begun, way, heard, row.state, change, size, seed, row.composer))
    columns = (
        "session",
        "begun",
        "feelings",
        "heard",
        "state",
        "change",
        "size",
        "seed",
        "composer",
    )
    spare = ("composer", "seed", "size", "change")
    print_table("Sessions", columns, rows, spare=spare, none=NOTHING_YET)
    if stored:
        remark(said_of_room(room.total, most_bytes))


def _session(row: SessionRow, events: Sequence[Event], felt: Felt, size: int) -> dict[str, object]:
    """A session for programs: times in seconds, its beginning in UTC."""
    request = row.request
    return {
        "id": row.id,
        "begun": row.created.astimezone(UTC),
        "name": row.name,
        "from": place(request.start, request.start_word),
        "to": place(request.target, request.target_word),
        "steered_to": next(
            (place(e.target, e.word) for e in reversed(events) if isinstance(e, Steer)), None
        ),
        "eased": sum(isinstance(e, Ease) for e in events),
        "heard_s": row.position,
        "total_s": request.seconds,
        "state": row.state,
        "change": dict(zip(("valence", "arousal"), felt.change, strict=True)),
        "bytes": size,
        "seed": request.seed,
        "composer": row.composer,
    }


def place(affect: Affect, word: str | None) -> dict[str, object]:
    """A place on the plane for programs."""
    return {"word": word, "valence": affect.valence, "arousal": affect.arousal}


def limit_of(text: str | None) -> int:
    """``--limit``: how many rows at most. Raises ``MusmedError``."""
    if text is None:
        return DEFAULT_SESSIONS
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_SESSIONS and len(text) < 9:
        return int(text)
    raise MusmedError(f"--limit must be a whole number from 1 to {MAX_SESSIONS}, not {text!r}.")


def _coordinates(affect: Affect) -> tuple[str, str]:
    return f"{affect.valence:+.2f}", f"{affect.arousal:+.2f}"
