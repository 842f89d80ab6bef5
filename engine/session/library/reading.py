"""How rows of the library become sessions, whatever has happened to them.

Every value of every column may be anything: a disk fails, a file is copied in part, a version with
a defect has written it. Only the request is needed for a session to be one. Whatever else can't be
read is replaced by what is safe: a clip is composed again, what is only told is left out, and where
the listener would notice, a sentence (``StoredSession.damage``) says so.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, TypeVar, get_args

import msgspec

from engine.audio.units import frames_of
from engine.clip_record import ClipRecord
from engine.composers.base import CONTINUATION_LIMIT, EMBEDDED, Marks, resolve_composer
from engine.errors import MusmedError
from engine.plan.body import Offer
from engine.plan.clock import CLIP_SECONDS, MAX_MINUTES, clip_count
from engine.plan.events import Event, Less, More, Steer
from engine.plan.planner import check_request
from engine.plan.request import MAX_SEED, Request
from engine.plan.spec import ClipSpec
from engine.plan.words import known
from engine.printable import one_line
from engine.session.library.records import ClipRow, NoticeRow, SessionRow, State, StoredSession

Kind = TypeVar("Kind")
Row = tuple[Any, ...]

ID = re.compile(r"\d{8}-\d{6}-[0-9a-z]{2}")
BROKEN = (MusmedError, msgspec.MsgspecError, ValueError, TypeError, RecursionError, OverflowError)
"""What comes of reading a value that is not what it should be."""
WORD_LIMIT = 200
NAME_LIMIT = 80
"""Characters of what a listener calls a session."""
PLACE_LIMIT = 4096
MAX_VERSION = 2**31 - 1
MAX_FIGURE = 1e6
"""No figure that is measured of a clip is larger."""
_YEARS = range(1970, 9000)
"""In which a session may have been made: every one of them has a time in every time zone."""
MAX_FRAMES = frames_of(MAX_MINUTES * 60)
SLACK = frames_of(1.0)
"""How far a composer's own clock (MusicGen's has 50 code frames in a second) may lie beside."""

log = logging.getLogger(__name__)


def session_row(row: Row) -> SessionRow:
    """(id, created, request, composer, state, position, name) of the sessions table. Raises one of
    ``BROKEN`` where id or request can't be read."""
    session, created, request, composer, state, position, name = row
    if not isinstance(session, str) or ID.fullmatch(session) is None:
        raise ValueError("its id is none")
    asked = _request(request)
    return SessionRow(
        id=session,
        created=_created(created, session),
        request=asked,
        composer=_composer(composer) or _composer(asked.composer) or EMBEDDED,
        state=state if state in get_args(State) else "interrupted",
        position=_position(position, asked.seconds) or 0.0,
        name=one_line(name, NAME_LIMIT) if isinstance(name, str) else "",
    )


def stored_session(
    row: Row,
    events: Sequence[Row],
    notes: Iterable[Row],
    clips: Iterable[Row],
    *,
    offers: Iterable[Row] = (),
) -> StoredSession:
    """Everything of one session: ``row`` as for ``session_row`` with composer_version, settings and
    materials behind; of ``events`` (position, event), of ``notes`` (seconds, text), of ``clips``
    (number, revision, spec, start, frames, cut, continuation, record, marks), of ``offers``
    (offer). Raises like ``session_row``."""
    head = session_row(row[:7])
    version, settings, materials = row[7:]
    done = read_events(events, head.request.seconds)
    found = list(read_clips(clips, head.request))
    whole = {clip.spec.key: clip for clip in found if clip is not None}
    return StoredSession(
        id=head.id,
        created=head.created,
        request=head.request,
        composer=head.composer,
        composer_version=_whole_number(version, MAX_VERSION) or 0,
        settings=_table(settings),
        events=done,
        clips=whole,
        position=head.position,
        state=head.state,
        notes=tuple(_notes(notes)),
        offers=tuple(offer for (value,) in offers if (offer := read_offer(value)) is not None),
        materials=_table(materials) or {},
        name=head.name,
        damage=(
            *_damage_of_head(row, head),
            *_damage_of_events(len(events), done),
            *_damage_of_clips(len(found) - len(whole)),
        ),
    )


# what is said


def _damage_of_head(row: Row, head: SessionRow) -> Iterator[str]:
    if _composer(row[3]) is None:
        yield f"Who composed this session can't be read; the {head.composer} composer goes on."
    if _position(row[5], head.request.seconds) is None:
        yield "Where this session was left can't be read; it begins at its start."


def _damage_of_events(rows: int, done: tuple[Event, ...]) -> Iterator[str]:
    if len(done) < rows:
        what = f"after {_clock(done[-1].at)}" if done else "in this session"
        yield f"What you changed {what} can't be read; the music is as it was before that."


def _damage_of_clips(count: int) -> Iterator[str]:
    if count:
        what = "1 clip" if count == 1 else f"{count} clips"
        yield f"{what} of this session can't be read; what is missing is composed again."


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


# values, each replaced by None where it is not what it should be


def _decoded(value: object, kind: type[Kind]) -> Kind:
    if not isinstance(value, str | bytes):
        raise TypeError(f"{type(value).__name__} in place of text")
    return msgspec.json.decode(value, type=kind)


def _request(value: object) -> Request:
    request = _decoded(value, Request)
    check_request(request)
    if not 0 <= request.seed <= MAX_SEED:
        raise ValueError("its seed is out of range")
    resolve_composer(request.composer)
    return msgspec.structs.replace(
        request, start_word=_word(request.start_word), target_word=_word(request.target_word)
    )


def _word(word: str | None) -> str | None:
    return None if word is None or len(word) > WORD_LIMIT else word


def _created(value: object, session: str) -> datetime:
    """When a session was made, of its id where nothing else says so."""
    with contextlib.suppress(*BROKEN):
        moment = datetime.fromisoformat(str(value))
        if moment.year in _YEARS:
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    with contextlib.suppress(ValueError):
        moment = datetime.strptime(session[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
        if moment.year in _YEARS:
            return moment
    return datetime(1970, 1, 1, tzinfo=UTC)


def _composer(value: object) -> str | None:
    with contextlib.suppress(*BROKEN):
        if isinstance(value, str) and len(value) <= PLACE_LIMIT:
            return resolve_composer(value)
    return None


def _position(value: object, total: float) -> float | None:
    """Session seconds, in a session of ``total``."""
    number = _figure(value, total + 1.0)
    return None if number is None or number < 0.0 else min(number, total)


def _figure(value: object, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -most <= value <= most else None


def _whole_number(value: object, most: int) -> int | None:
    right = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
    return value if right else None  # type: ignore[return-value]


def _table(value: object) -> dict[str, str] | None:
    if value is None or value == "":
        return None
    with contextlib.suppress(*BROKEN):
        return _decoded(value, dict[str, str])
    return None


# rows


def read_events(rows: Sequence[Row], total: float) -> tuple[Event, ...]:
    """Those up to the first that can't be: each is what it is because of those before."""
    done: list[Event] = []
    since = 0.0
    for number, (position, value) in enumerate(rows):
        try:
            event: Event = _decoded(value, Event)  # type: ignore[arg-type]  # a union
        except BROKEN as error:
            log.warning("event %d can't be read: %s", number, error)
            break
        if position != number or not (since <= event.at < total):
            log.warning("event %d is not in its place", number)
            break
        since = event.at
        if isinstance(event, Steer):
            event = msgspec.structs.replace(event, word=_word(event.word))
        if isinstance(event, More | Less) and not known(event.players):
            log.warning("event %d is about players that nobody knows", number)
            break
        done.append(event)
    return tuple(done)


def read_offer(value: object) -> Offer | None:
    """None where it can't be read."""
    with contextlib.suppress(*BROKEN):
        return _decoded(value, Offer)
    return None


def _notes(rows: Iterable[Row]) -> Iterator[NoticeRow]:
    for seconds, text in rows:
        at = _figure(seconds, MAX_FIGURE)
        if at is not None and isinstance(text, str):
            yield NoticeRow(at, text)


def read_clips(rows: Iterable[Row], request: Request) -> Iterator[ClipRow | None]:
    """Of a session of ``request``. None for one that is to be composed again."""
    for row in rows:
        try:
            yield _clip(row, request)
        except BROKEN as error:
            log.warning("clip %.20r, %.20r will be composed again: %.200s", row[0], row[1], error)
            yield None


def _clip(row: Row, request: Request) -> ClipRow:
    """Raises one of ``BROKEN`` for a clip that can't be played or gone on from. What was only
    measured of it, or marked, may be missing."""
    number, revision, spec_text, start, frames, cut, continuation, record, marks = row
    spec = _decoded(spec_text, ClipSpec)
    if spec.key != (number, revision) or not 0 <= spec.index < clip_count(request.seconds):
        raise ValueError("its place in the session is not its own")
    _check_spec(spec, request.seconds)
    first, count = _whole_number(start, MAX_FRAMES), _whole_number(frames, MAX_FRAMES)
    if first is None or not count or first + count > frames_of(request.seconds) + SLACK:
        raise ValueError("its frames are not in the session")
    if not frames_of(spec.start) - SLACK <= first < frames_of(spec.end):
        raise ValueError("it does not begin where it should")
    if cut not in (0, 1) or not isinstance(continuation, bytes):
        raise TypeError("it can't be gone on from")
    if len(continuation) > CONTINUATION_LIMIT:
        raise ValueError("its continuation is too large")
    return ClipRow(
        spec=msgspec.structs.replace(spec, description=request.description),
        start=first,
        frames=count,
        cut=bool(cut),
        continuation=continuation,
        record=_record(record, first, first + count),
        marks=_marks(marks, request.seconds),
    )


def _check_spec(spec: ClipSpec, total: float) -> None:
    """Raises ``ValueError`` for one that no plan of a session of ``total`` seconds has."""
    if not (0.0 <= spec.start < spec.end <= total + 1e-6 and spec.duration <= 2 * CLIP_SECONDS):
        raise ValueError("it does not lie in the session")
    times = [point.time for point in spec.path.waypoints]
    if not times or any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError("its path is none")
    if spec.revision < 0 or not spec.seeds or abs(spec.total - total) > 1e-6:
        raise ValueError("it is of no plan")


def _record(value: object, start: int, end: int) -> ClipRecord | None:
    """Of a clip from session frame ``start`` to ``end``."""
    if value is None:
        return None
    with contextlib.suppress(*BROKEN):
        record: ClipRecord | None = _decoded(value, ClipRecord | None)  # type: ignore[arg-type]
        if record is None:
            return None
        if not all(abs(figure) <= MAX_FIGURE for figure in _figures(record)):
            raise ValueError("a figure of it is out of range")
        for stage in record.stages:
            resolve_composer(stage.composer)
            if len(stage.composer) > PLACE_LIMIT:
                raise ValueError("a composer's name is too long")
        if record.earlier and record.handover is None:
            raise ValueError("the last of its hand-overs is missing")
        for change in record.handovers:
            if not start <= change.at <= change.until <= end:
                raise ValueError("it is handed over outside of itself")
        return record
    log.warning("what was measured of a clip can't be read")
    return None


def _figures(record: ClipRecord) -> Iterator[float]:
    yield from (record.version, record.seconds, record.speed)
    yield from (figure for figure in (record.loudness, record.true_peak) if figure is not None)
    for reading in record.readings:
        yield from (reading.start, reading.end)
    for bar in record.bars:
        yield from (bar.start, bar.note_density, *bar.asked.values())
        means = (bar.mean_pitch, bar.mean_velocity, bar.mean_duration)
        yield from (mean for mean in means if mean is not None)


def _marks(value: object, total: float) -> Marks:
    """None where they can't be read: a late clip then enters at its beginning."""
    with contextlib.suppress(*BROKEN):
        marks = _decoded(value, Marks)
        for times in (marks.bars, marks.phrases):
            if any(later < earlier for earlier, later in pairwise((0.0, *times, total + 60.0))):
                raise ValueError("they do not ascend within the session")
        return marks
    return Marks()
