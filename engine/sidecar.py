"""The sidecar of a rendering: what was asked, planned, composed and joined, as JSON."""

from __future__ import annotations

import contextlib
import itertools
import math
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from engine import __version__
from engine.affect.circumplex import Affect
from engine.affect.moods import OWN_TABLE
from engine.affect.path import Waypoint
from engine.audio.files import check_folder
from engine.audio.format import SAMPLE_RATE, frames_of, seconds_of
from engine.clip_record import ClipRecord, HandedOver
from engine.composers.base import BarRecords
from engine.errors import MusmedError
from engine.meter.reading import Reading
from engine.places import look_at, open_file, part_of
from engine.plan.body import Offer
from engine.plan.events import Event
from engine.plan.generation import file_name
from engine.plan.request import Request
from engine.plan.spec import Change, ClipSpec, LevelPoint, Plan, Tags
from engine.playback.placement import JoinRecord
from engine.printable import one_line
from engine.private import write_private

FORMAT = 1
"""Changes when a field changes its meaning or goes away; new fields leave it."""
MAX_BYTES = 256 * 1024 * 1024
"""No sidecar has so many: an hour's has some 3 MB."""


class FinishedClip(Protocol):
    """A composed clip: ``start`` and ``frames`` in session frames (48 kHz)."""

    @property
    def spec(self) -> ClipSpec: ...
    @property
    def start(self) -> int: ...
    @property
    def frames(self) -> int: ...
    @property
    def record(self) -> ClipRecord | None: ...


class Versions(msgspec.Struct, frozen=True):
    """What the session was made with; ``composers``: the version of each that made a clip, the
    newest of several; ``synthesis``: what sounded their notes, FluidSynth with its version, the
    soundfont's fingerprint and its file's name."""

    musmed: str
    python: str
    numpy: str
    composers: dict[str, int]
    synthesis: tuple[str, ...] = ()


class PlannedClip(msgspec.Struct, frozen=True):
    index: int
    revision: int
    start_s: float
    end_s: float


class PlanReport(msgspec.Struct, frozen=True):
    """The plan after the last event, in session seconds; ``speed`` in affect units per 30 s."""

    total_s: float
    speed: float
    notes: tuple[str, ...]
    path: tuple[Waypoint, ...]
    levels: tuple[LevelPoint, ...]
    clips: tuple[PlannedClip, ...]


class ChangeReport(msgspec.Struct, frozen=True):
    """A change of players as it was planned, not before ``not_before_s`` and if possible by
    ``not_after_s``, and from when on it was heard (session seconds; null: it was not). ``until_s``:
    an event took it back then, if it had not been made."""

    instrument: str
    genre: str
    not_before_s: float
    not_after_s: float
    heard_s: float | None
    until_s: float | None = None


class JoinReport(msgspec.Struct, frozen=True):
    """How a clip took over from the one before; ``at_s`` session seconds, ``lag_s`` by how
    much it was moved later to fit."""

    kind: str
    law: str
    correlation: float
    at_s: float
    lag_s: float


class HandoverReport(msgspec.Struct, frozen=True):
    """``composer`` made the clip up to ``until_s`` session seconds, ``synthesis`` sounded its
    notes (null where there are none), ``precision`` is what its model multiplied in, and they were
    taken over from, from ``at_s`` on; the same moment where silence lay between."""

    composer: str
    at_s: float
    until_s: float
    synthesis: str | None = None
    precision: str | None = None


class ClipReport(msgspec.Struct, frozen=True):
    """A clip as it was heard: [``start_s``, ``end_s``] session seconds, its overlap with the
    next one included. ``loudness`` LUFS, ``true_peak`` dBTP. ``readings``: what the
    meter estimates from the audio, every 10 s of what was heard; ``meter``: the last of them, which
    has heard the most; null where none was long enough. ``synthesis``: what sounded its notes, but
    of the instruments ``built_in``, of which a soundfont lacked some or all; null where there are
    no notes. ``composer_version``: of ``composer``; clips of a kept session may be of several.
    ``handover``: of a clip of two composers, or of two syntheses, of which ``composer``
    and ``synthesis`` made the end; its level and peak are null. ``earlier_handovers``: those before
    that one in the same clip."""

    index: int
    revision: int
    start_s: float
    end_s: float
    affect_start: Affect
    affect_end: Affect
    path: tuple[Waypoint, ...]
    tags: Tags
    prompt: str
    seed: int
    composer: str | None
    loudness: float | None
    true_peak: float | None
    gating: str | None
    bars: BarRecords
    join: JoinReport | None
    meter: Affect | None
    readings: tuple[Reading, ...] = ()
    synthesis: str | None = None
    built_in: tuple[str, ...] = ()
    handover: HandoverReport | None = None
    earlier_handovers: tuple[HandoverReport, ...] = ()
    composer_version: int | None = None
    precision: str | None = None
    """What the model multiplied in: 'float32', 'float16', 'bfloat16' or 'int8'; null where there is
    no model, or that is not known."""
    codec: str | None = None
    """How the clip's sound came from the engine: 'flac', or lossy 'opus'."""


class SessionReport(msgspec.Struct, frozen=True):
    """The whole sidecar."""

    format: int
    sample_rate: int
    request: Request
    events: tuple[Event, ...]
    versions: Versions
    plan: PlanReport
    clips: tuple[ClipReport, ...]
    changes: tuple[ChangeReport, ...] = ()
    """Who played: the players of the beginning first."""
    heard_s: float | None = None
    """How much of the session the file holds; null: all of it. A fade of 0.4 s follows."""
    mood_table: str = OWN_TABLE
    """The name of the table that its moods were chosen by; the table itself is the request's."""
    offers: tuple[Offer, ...] = ()
    """Eases that were offered because of the body; what was done is among the events."""


def session_report(
    request: Request,
    plan: Plan,
    events: Sequence[Event],
    clips: Iterable[FinishedClip],
    joins: Sequence[JoinRecord],
    *,
    heard: float | None = None,
    offers: Sequence[Offer] = (),
) -> SessionReport:
    """``plan`` is the one after the last of ``events``. Clips that a splice replaced before
    they began to sound are left out, those it replaced later end there."""
    composed = sorted(clips, key=lambda clip: (clip.start, clip.spec.key))
    by_key = {(join.index, join.revision): join for join in joins}
    reports = []
    limit = frames_of(plan.total if heard is None else heard)
    for clip in composed:
        end = min(_heard_until(clip, joins), limit)
        if end > clip.start:
            reports.append(_clip_report(clip, end, by_key.get(clip.spec.key)))
    return SessionReport(
        format=FORMAT,
        sample_rate=SAMPLE_RATE,
        request=request.published(),
        events=tuple(events),
        versions=_versions(composed),
        plan=_plan_report(plan),
        clips=tuple(reports),
        changes=_changes(plan.changes, reports),
        heard_s=heard,
        mood_table=request.mood_table.name if request.mood_table else OWN_TABLE,
        offers=tuple(offers),
    )


def report_path(output: Path) -> Path:
    """Where the sidecar of the audio file ``output`` goes: out.flac -> out.json."""
    return output.with_suffix(".json")


def check_report_path(path: Path) -> None:
    """Raise ``MusmedError`` when a sidecar can't be written to ``path``, or would take the place of
    a file that is none: nobody has named it."""
    if look_at(path, "sidecar") == "folder":
        raise MusmedError(f"{path} is a folder, and the sidecar goes there; choose another name.")
    check_folder(path)
    if look_at(path, "sidecar") == "file" and not _is_report(path):
        raise MusmedError(
            f"{path} is there already and is no sidecar of musmed's, which would go there; choose "
            "another name for the sound file."
        )


class _Maker(msgspec.Struct):
    musmed: str


class _Known(msgspec.Struct):
    """What every sidecar of any version begins with, or is made of."""

    format: int
    sample_rate: int
    versions: _Maker


def _is_report(path: Path) -> bool:
    """Whether the file is a sidecar, or empty. One that can't be read is none."""
    try:
        with open_file(path) as file:
            data = file.read(MAX_BYTES + 1)
        if data:
            msgspec.json.decode(data, type=_Known)
    except (OSError, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return False
    return True


def read_report(path: Path) -> SessionReport:
    """A sidecar that musmed wrote. Raises ``MusmedError``: missing, no sidecar, or of a later
    musmed."""
    if look_at(path, "sidecar") == "nothing":
        raise MusmedError(f"There is no sidecar {path}; musmed render writes it beside the sound.")
    try:
        with open_file(path) as file:
            data = file.read(MAX_BYTES + 1)
        known = msgspec.json.decode(data, type=_Known)
        if known.format > FORMAT:
            maker = one_line(known.versions.musmed)
            raise MusmedError(f"{path} is of musmed {maker}, a later one; evaluate it with that.")
        report = msgspec.json.decode(data, type=SessionReport)
        _check_times(report)
    except (ValueError, RecursionError) as error:
        raise MusmedError(f"{path} is no sidecar of musmed's; render the session again.") from error
    except OSError as error:
        raise MusmedError(f"{path} can't be read ({error.strerror}); check its rights.") from error
    return report


def _check_times(report: SessionReport) -> None:
    """Raises ``ValueError`` unless the path goes on in time and the session has a length."""
    times = [point.time for point in report.plan.path]
    lengths = [report.plan.total_s, *([] if report.heard_s is None else [report.heard_s])]
    if not times or not all(map(math.isfinite, (*times, *lengths))):
        raise ValueError("a path without times")
    if any(a > b for a, b in itertools.pairwise(times)) or min(lengths) <= 0.0:
        raise ValueError("a path that goes back in time")


def write_report(
    path: Path,
    *,
    request: Request,
    plan: Plan,
    events: Sequence[Event],
    clips: Iterable[FinishedClip],
    joins: Sequence[JoinRecord],
    heard: float | None = None,
    offers: Sequence[Offer] = (),
) -> None:
    """Write the sidecar; it appears under its name only when it is whole. Raises
    ``MusmedError`` when it can't be written."""
    report = session_report(request, plan, events, clips, joins, heard=heard, offers=offers)
    data = msgspec.json.format(msgspec.json.encode(report), indent=2)
    temporary = part_of(path)
    try:
        write_private(temporary, data + b"\n")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise MusmedError(
            f"The sidecar {path} can't be written ({error.strerror}); free some space or choose "
            "another folder."
        ) from error


def _heard_until(clip: FinishedClip, joins: Sequence[JoinRecord]) -> int:
    """Session frame at which the clip stops sounding: its end, or the first splice that takes
    the place of it or of a clip before it."""
    index, revision = clip.spec.key
    splices = [
        join.frame
        for join in joins
        if join.kind == "splice" and join.index <= index and join.revision > revision
    ]
    return min([clip.start + clip.frames, *splices])


def _clip_report(clip: FinishedClip, end: int, join: JoinRecord | None) -> ClipReport:
    spec, record = clip.spec, clip.record
    start_s, end_s = seconds_of(clip.start), seconds_of(end)
    readings = tuple(r for r in record.readings if r.end <= end_s) if record else ()
    return ClipReport(
        index=spec.index,
        revision=spec.revision,
        start_s=start_s,
        end_s=end_s,
        affect_start=spec.path.at(start_s),
        affect_end=spec.path.at(end_s),
        path=spec.path.segment(start_s, end_s).waypoints,
        tags=spec.tags,
        prompt=spec.prompt,
        seed=spec.seed,
        composer=file_name(record.composer) if record else None,
        loudness=record.loudness if record else None,
        true_peak=record.true_peak if record else None,
        gating=record.gating if record else None,
        bars=record.bars if record else (),
        join=_join_report(join) if join else None,
        meter=readings[-1].affect if readings else None,
        readings=readings,
        synthesis=(record.synthesis or None) if record else None,
        built_in=record.built_in if record else (),
        handover=_handover_report(record.handover) if record and record.handover else None,
        earlier_handovers=tuple(_handover_report(e) for e in record.earlier) if record else (),
        composer_version=record.version if record else None,
        precision=(record.precision or None) if record else None,
        codec=record.codec if record else None,
    )


def _changes(planned: Sequence[Change], clips: Sequence[ClipReport]) -> tuple[ChangeReport, ...]:
    """The planned changes, and when the players of each were first heard."""
    played = sorted(
        (start, players) for clip in clips for start, players in _played(clip) if start < clip.end_s
    )
    made = []
    # A change that was not made before the next was due is not made at all.
    due = [*(change.not_before for change in planned[1:]), math.inf]
    for change, following in zip(planned, due, strict=False):
        who = (change.players.instrument, change.players.genre)
        since, until = change.not_before, following
        if change.until is not None:
            until = min(until, change.until)
        heard = (at for at, players in played if players == who and since <= at < until)
        made.append(
            ChangeReport(*who, since, change.not_after, next(heard, None), until_s=change.until)
        )
    return tuple(made)


def _played(clip: ClipReport) -> list[tuple[float, tuple[str, str]]]:
    """From when on in a clip whose tags play: bar by bar, or by clips where no bars are known."""
    bars = [(bar.start, (bar.instrument, bar.genre)) for bar in clip.bars if bar.instrument]
    return bars or [(clip.start_s, (clip.tags.instrument, clip.tags.genre))]


def _handover_report(change: HandedOver) -> HandoverReport:
    return HandoverReport(
        composer=file_name(change.composer),
        at_s=seconds_of(change.at),
        until_s=seconds_of(change.until),
        synthesis=change.synthesis or None,
        precision=change.precision or None,
    )


def _join_report(join: JoinRecord) -> JoinReport:
    return JoinReport(
        kind=join.kind,
        law=join.law,
        correlation=join.correlation,
        at_s=seconds_of(join.frame),
        lag_s=seconds_of(join.lag),
    )


def _plan_report(plan: Plan) -> PlanReport:
    return PlanReport(
        total_s=plan.total,
        speed=plan.speed,
        notes=plan.notes,
        path=plan.path.waypoints,
        levels=plan.levels,
        clips=tuple(PlannedClip(s.index, s.revision, s.start, s.end) for s in plan.clips),
    )


def _versions(clips: Iterable[FinishedClip]) -> Versions:
    records = [clip.record for clip in clips if clip.record is not None]
    composers: dict[str, int] = {}
    for record in records:
        name = file_name(record.composer)
        composers[name] = max(record.version, composers.get(name, 0))
    sounded = (stage.synthesis for record in records for stage in record.stages)
    return Versions(
        musmed=__version__,
        python=platform.python_version(),
        numpy=np.__version__,
        composers=composers,
        synthesis=tuple(dict.fromkeys(name for name in sounded if name)),
    )
