"""How a running session stands, as one frozen value for whoever looks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.audio.units import SAMPLE_RATE
from engine.errors import MusmedError
from engine.listener.likings import Liking
from engine.plan.clock import STRIDE_SECONDS
from engine.plan.events import Event
from engine.plan.request import Request
from engine.plan.spec import ClipSpec, Plan, Tags
from engine.record_in_short import ShownRecord
from engine.session.conductor.line_state import LineState

if TYPE_CHECKING:  # the screen opens before there is a conductor
    from engine.playback.playback import PlaybackState
    from engine.session.conductor.conductor import Conductor

log = logging.getLogger(__name__)

Phase = Literal["starting", "playing", "paused", "away", "composing", "ended", "stopped", "failed"]
"""'away': the sound device is, or the ears elsewhere; the session stands until it is back."""
ClipStanding = Literal["planned", "composing", "ready"]


class ClipView(msgspec.Struct, frozen=True):
    """One clip for the screens: its newest revision; ``record`` once it is finished."""

    index: int
    revision: int
    start: float
    end: float
    phase: ClipStanding
    record: ShownRecord | None


class RunnerStatus(msgspec.Struct, frozen=True):
    """How the session stands, readable from any thread."""

    session: str
    request: Request
    plan: Plan
    events: tuple[Event, ...]
    phase: Phase
    playback: PlaybackState
    clips: tuple[ClipView, ...]
    composer: str
    ahead: float
    """Seconds composed past the write cursor without a gap."""
    speed: float | None
    """Audio seconds per wall second of the last finished clip, None before the first."""
    restarts: int
    """Engines started beyond the first."""
    failure: str | None = None
    """Why nothing more is composed; what is composed is played on, and then the phase is
    'failed'."""
    loading: float | None = None
    """How much of the composer's model is loaded, 0 to 1; None when nothing is being loaded."""
    far: str = ""
    """The other machine on which it composes; '' for this one."""
    line: LineState | None = None
    """How the line to another machine stands; None where the session knows of none."""
    likings: tuple[Liking, ...] = ()
    """What was liked, and what was not, as it is kept."""
    sleep_minutes: int | None = None
    """Until the sleep timer stops it, rounded up; 0 while it fades, None where none is set."""


def status_of(
    session: str,
    conductor: Conductor,
    playback: PlaybackState,
    *,
    horizon: int,
    phase: Phase,
    failure: str | None,
    loading: float | None = None,
    likings: tuple[Liking, ...] = (),
    sleep_minutes: int | None = None,
) -> RunnerStatus:
    """``horizon``: session frame up to which audio is there without a gap."""
    speeds = [s.record.speed for s in conductor.clips.values() if s.record]
    return RunnerStatus(
        session=session,
        request=conductor.request,
        plan=conductor.plan,
        events=conductor.events,
        phase=phase,
        playback=playback,
        clips=tuple(_view(conductor, index) for index in range(len(conductor.plan.clips))),
        composer=conductor.composer,
        ahead=max(0.0, (horizon - playback.written) / SAMPLE_RATE),
        speed=speeds[-1] if speeds else None,
        restarts=conductor.restarts,
        failure=failure,
        loading=loading,
        far=conductor.far,
        line=conductor.line,
        likings=likings,
        sleep_minutes=sleep_minutes,
    )


def _view(conductor: Conductor, index: int) -> ClipView:
    spec = conductor.plan.clips[index]
    state = conductor.clips.get(spec.key)
    phase: ClipStanding = "planned"
    if state is not None:
        phase = "ready" if state.whole else "composing"
    record = state.record if state else None
    return ClipView(spec.index, spec.revision, spec.start, spec.end, phase, record)


def clip_at(clips: Sequence[ClipSpec], position: float) -> int:
    """The clip whose own stretch (its 22.5 s up to the next clip's start) holds ``position``."""
    return min(int(position // STRIDE_SECONDS), len(clips) - 1)


def played_tags(tags: Tags, record: ShownRecord | None, position: float) -> Tags:
    """A clip's tags with those whose players play at ``position``, once the clip's bars are known:
    a planned change of players is heard when the music's form has a place for it."""
    bars = () if record is None else record.bars
    playing = [bar for bar in bars if bar.start <= position and bar.instrument]
    bar = playing[-1] if playing else next((bar for bar in bars if bar.instrument), None)
    if bar is None:
        return tags
    return msgspec.structs.replace(tags, instrument=bar.instrument, genre=bar.genre)


def sentence_of(error: Exception) -> str:
    """What the listener is told of ``error``; a defect's traceback goes to the log."""
    if isinstance(error, MusmedError):
        return str(error)
    log.error("the session's thread failed", exc_info=error)
    return "musmed made a mistake and composes no more; the log file says where."
