"""Engine state -> one frozen ``Snapshot`` for whoever draws: plain lines or the screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_not
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.moods import MoodTable
from engine.affect.path import Path
from engine.affect.phrases import SAME, called, presently
from engine.audio.units import SILENCE_DB
from engine.listener.likings import Liking
from engine.plan.events import Event, Steer
from engine.plan.expected import felt_at
from engine.plan.generation import file_name
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import Plan, Tags
from engine.plan.wanted import FREE, Faders, FaderStep
from engine.printable import one_line
from engine.record_in_short import ShownRecord
from engine.session.conductor.line_state import LineState
from engine.session.deeds import Done
from engine.session.status import ClipView, Phase, RunnerStatus, clip_at, played_tags
from engine.session.stretches import Stretch, done, sections, stretches

if TYPE_CHECKING:
    from engine.session.library.records import StoredSession


T = TypeVar("T")


class HasStatus(Protocol):
    """What a snapshot is taken of."""

    def status(self) -> RunnerStatus: ...


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a screen shows of a session at one moment. Times are session seconds."""

    session_id: str
    state: Phase
    position_s: float
    total_s: float
    path: Path
    """The whole session's."""
    affect: Affect
    """Where the path is now."""
    target: Affect
    start_word: str | None
    target_word: str | None
    """None where no word was given for ``target``, or it does not lie there any more."""
    tags: Tags
    next_tags: Tags | None
    clip: int
    """Index of the clip being heard."""
    clips: int
    """How many there are."""
    timeline: tuple[ClipView, ...]
    ahead_s: float
    """How much is composed past what is written."""
    speed: float | None
    restarts: int
    gaps: int
    volume: float
    peak: tuple[float, float]
    """dBFS of the last tenth of a second, left and right."""
    sink: str
    composer: str
    failure: str | None
    loading: float | None = None
    """The share of the composer's model that is loaded, None when nothing is being loaded."""
    far: str = ""
    """The other machine on which it composes; '' for this one."""
    lacking: str = ""
    """What the session stands for where the state is 'away'."""
    line: LineState | None = None
    """How the line to another machine stands; None where the session knows of none."""
    mood_table: MoodTable | None = None
    """Where the moods lie; None: musmed's own table."""
    course: tuple[Stretch, ...] = ()
    """What was, is and will be played, from the session's beginning to its end."""
    asked: tuple[Done, ...] = ()
    """What was asked for so far, and what was liked."""
    sections: tuple[float, ...] = ()
    """Where a section of the music begins, as far as it is composed."""
    faders: tuple[FaderStep, ...] = ()
    """How they were moved, and from when on that is heard; none where they never were."""
    felt: Faders = FREE
    """Where the feeling itself has each of them now."""
    sleep_minutes: int | None = None
    """Until the sleep timer stops it, rounded up; 0 while it fades, None where none is set."""

    @property
    def measured(self) -> tuple[Affect, ...]:
        """What the meter made of each clip heard so far: its last reading, which has heard the
        most of the clip."""
        last = [view.record.readings[-1:] for view in self.timeline if view.record]
        return tuple(r.affect for readings in last for r in readings if r.end <= self.position_s)

    @property
    def doing(self) -> str:
        """The state in words, where something is being waited for."""
        if self.loads and self.loading is not None:
            return f"loading {self.composer}, {round(100 * self.loading)} %"
        if self.state == "away":
            return self.lacking or "no sound device"
        if self.state != "starting":
            return self.state
        here = self.timeline[self.clip : self.clip + 1]
        if here and here[0].phase == "ready":  # kept, so nothing has to be composed first
            return "going on" if self.position_s >= 1.0 else "beginning"
        return self.state

    @property
    def loads(self) -> bool:
        """The music waits for the composer's model."""
        return self.loading is not None and self.state in {"starting", "composing"}

    @property
    def way(self) -> tuple[str, str]:
        """What start and target are called."""
        start = self.path.waypoints[0].affect
        return called(start, self.start_word), called(self.target, self.target_word)

    @property
    def feeling(self) -> str:
        """How the music feels now, in plain words."""
        return presently(self.path, self.position_s, self.start_word, self.target_word)

    @property
    def paused(self) -> bool:
        return self.state == "paused"

    @property
    def waiting(self) -> bool:
        return self.state == "composing"

    @property
    def ended(self) -> bool:
        return self.state in ("ended", "stopped", "failed")


def snapshot(source: HasStatus) -> Snapshot:
    """The session as it stands now."""
    status = source.status()
    playback, plan = status.playback, status.plan
    position = min(playback.heard, plan.total)
    clip = clip_at(plan.clips, position)
    following = plan.clips[clip + 1].tags if clip + 1 < len(plan.clips) else None
    record = next((view.record for view in status.clips if view.index == clip), None)
    return Snapshot(
        session_id=status.session,
        state=status.phase,
        position_s=position,
        total_s=plan.total,
        path=plan.path,
        affect=plan.path.at(position),
        target=plan.path.waypoints[-1].affect,
        start_word=_seen(status.request.start_word),
        target_word=_seen(_target_word(status.request, plan, status.events)),
        tags=_seen_tags(played_tags(plan.clips[clip].tags, record, position)),
        next_tags=following and _seen_tags(following),
        clip=clip,
        clips=len(plan.clips),
        timeline=status.clips,
        ahead_s=status.ahead,
        speed=status.speed,
        restarts=status.restarts,
        gaps=playback.gaps,
        volume=playback.volume,
        peak=playback.peak,
        sink=one_line(playback.sink),
        composer=one_line(file_name(status.composer)),
        failure=_seen(status.failure),
        loading=status.loading,
        far=one_line(status.far),
        lacking=playback.lacking,
        line=_seen_line(status.line),
        mood_table=status.request.mood_table,
        course=_course(plan, status.clips),
        sections=_sections(plan, status.clips),
        asked=_asked(status.events, plan, status.likings),
        faders=plan.faders,
        felt=felt_at(plan, position),
        sleep_minutes=status.sleep_minutes,
    )


def composed_as(before: Snapshot, now: Snapshot) -> Snapshot:
    """``now``, but with as much composed of it as ``before``."""
    return msgspec.structs.replace(
        now,
        timeline=before.timeline,
        course=before.course,
        sections=before.sections,
        ahead_s=before.ahead_s,
        speed=before.speed,
    )


class _Latest(Generic[T]):
    """What was made last, and of what: made again only when that is another object. A snapshot is
    taken ten times a second, a plan changes when the listener acts."""

    def __init__(self) -> None:
        self._made: tuple[tuple[object, ...], T] | None = None

    def of(self, parts: Sequence[object], make: Callable[[], T]) -> T:
        made = self._made
        if made is None or len(made[0]) != len(parts) or any(map(is_not, made[0], parts)):
            made = self._made = tuple(parts), make()
        return made[1]


_COURSE = _Latest[tuple[Stretch, ...]]()
_SECTIONS = _Latest[tuple[float, ...]]()
_ASKED = _Latest[tuple[Done, ...]]()


def _records(views: Sequence[ClipView]) -> dict[int, ShownRecord]:
    return {view.index: view.record for view in views if view.record is not None}


def _sections(plan: Plan, views: Sequence[ClipView]) -> tuple[float, ...]:
    records = _records(views)
    return _SECTIONS.of(
        [plan.clips, *records.values()], lambda: tuple(sections(plan.clips, records))
    )


def _course(plan: Plan, views: Sequence[ClipView]) -> tuple[Stretch, ...]:
    records = _records(views)
    return _COURSE.of(
        [plan.clips, *records.values()], lambda: tuple(stretches(plan.clips, records))
    )


def _asked(events: Sequence[Event], plan: Plan, likings: Sequence[Liking]) -> tuple[Done, ...]:
    return _ASKED.of([plan, *events, *likings], lambda: done(events, plan, likings))


def _seen(text: str | None) -> str | None:
    """What is stored or was said by an engine, fit to be shown."""
    return None if text is None else one_line(text)


def _seen_line(line: LineState | None) -> LineState | None:
    return line and LineState(one_line(line.name), line.standing)


def _seen_tags(tags: Tags) -> Tags:
    """The emotion may be the listener's own word, from the library; who plays is what an engine
    said."""
    return msgspec.structs.replace(
        tags,
        emotion=one_line(tags.emotion),
        instrument=one_line(tags.instrument),
        genre=one_line(tags.genre),
    )


def _target_word(request: Request, plan: Plan, events: Sequence[Event]) -> str | None:
    """The word for where the path ends: the request's, or that of the last steer. None where that
    was given as coordinates, or the target has been eased away from what the word says."""
    given, word = request.target, request.target_word
    for event in events:
        if isinstance(event, Steer):
            given, word = event.target, event.word
    return word if plan.path.waypoints[-1].affect.distance(given) <= SAME else None


def expected(request: Request, volume: float = 1.0) -> Snapshot:
    """What a session of ``request`` looks like before it has begun."""
    plan = make_plan(request)
    views = (ClipView(c.index, c.revision, c.start, c.end, "planned", None) for c in plan.clips)
    return _before(
        request, plan, tuple(views), session="", composer=request.composer, volume=volume
    )


def expected_of(stored: StoredSession, volume: float = 1.0) -> Snapshot:
    """What a kept session looks like before it goes on."""
    plan = make_plan(stored.request, stored.events)
    views = tuple(
        ClipView(
            spec.index,
            spec.revision,
            spec.start,
            spec.end,
            "ready" if spec.key in stored.clips else "planned",
            stored.clips[spec.key].record if spec.key in stored.clips else None,
        )
        for spec in plan.clips
    )
    begun = _before(
        stored.request,
        plan,
        views,
        events=stored.events,
        session=stored.id,
        composer=stored.newest_composer,
        volume=volume,
    )
    return placed_at(begun, plan, min(plan.total, max(0.0, stored.position)))


def placed_at(shown: Snapshot, plan: Plan, position: float) -> Snapshot:
    """``shown``, a session of ``plan``, about to be heard from ``position`` session seconds on."""
    clip = clip_at(plan.clips, position)
    return msgspec.structs.replace(
        shown,
        state="starting",
        position_s=position,
        affect=plan.path.at(position),
        felt=felt_at(plan, position),
        tags=_seen_tags(plan.clips[clip].tags),
        next_tags=_seen_tags(plan.clips[clip + 1].tags) if clip + 1 < len(plan.clips) else None,
        clip=clip,
        ahead_s=0.0,
        peak=(SILENCE_DB, SILENCE_DB),
        failure=None,
        loading=None,
    )


def _before(
    request: Request,
    plan: Plan,
    views: tuple[ClipView, ...],
    *,
    events: Sequence[Event] = (),
    session: str,
    composer: str,
    volume: float,
) -> Snapshot:
    """At its beginning, with nothing begun."""
    return Snapshot(
        session_id=session,
        state="starting",
        position_s=0.0,
        total_s=plan.total,
        path=plan.path,
        affect=plan.path.at(0.0),
        target=plan.path.waypoints[-1].affect,
        start_word=_seen(request.start_word),
        target_word=_seen(_target_word(request, plan, events)),
        tags=_seen_tags(plan.clips[0].tags),
        next_tags=_seen_tags(plan.clips[1].tags) if len(plan.clips) > 1 else None,
        clip=0,
        clips=len(plan.clips),
        timeline=views,
        ahead_s=0.0,
        speed=None,
        restarts=0,
        gaps=0,
        volume=volume,
        peak=(SILENCE_DB, SILENCE_DB),
        sink="",
        composer=one_line(file_name(composer)),
        failure=None,
        mood_table=request.mood_table,
        course=_course(plan, views),
        sections=_sections(plan, views),
        asked=done(events, plan),
        faders=plan.faders,
        felt=felt_at(plan, 0.0),
    )
