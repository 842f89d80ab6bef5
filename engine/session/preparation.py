"""A session made ready to run: everything it is made of, each part whole when it is made."""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.allocation import give_back_large_blocks
from engine.composers.base import Continuation
from engine.composers.choice import check_composer, choose_composer, unheld
from engine.composers.options import USUAL, ComposerOptions
from engine.composers.speeds import SessionSpeeds, Speeds
from engine.errors import MusmedError
from engine.link.lasting import LastingEngine
from engine.link.ssh import FarEngine
from engine.link.warm import WarmEngine
from engine.plan.contradictions import contradictions
from engine.plan.events import Event, Shape
from engine.plan.request import Request
from engine.plan.spec import Plan
from engine.plan.wanted import FREE, Faders
from engine.playback.clips import ClipStore
from engine.playback.sinks.base import Sink
from engine.playback.sinks.listen import ListenSink
from engine.session.body_watch import BodyWatch, Source
from engine.session.conductor.clip_composers import ClipComposers
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.conductor import Conductor
from engine.session.conductor.resumption import Resumption, resumption
from engine.session.engine_supervisor import EngineSupervisor
from engine.session.executor import Executor
from engine.session.fingerprints import materials_of
from engine.session.first_composer import FirstComposer
from engine.session.kept_clips import KeptClips
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.lifecycle import Lifecycle
from engine.session.notices import Notices
from engine.session.runner import Inbox, Parts, SessionRunner

log = logging.getLogger(__name__)


def prepare(
    request: Request,
    *,
    library: Library,
    sink: Sink | ListenSink,
    log_file: Path,
    options: ComposerOptions = USUAL,
    resume: StoredSession | None = None,
    script: Sequence[Event] = (),
    clip_composers: ClipComposers | None = None,
    gated: Mapping[str, bool] | None = None,
    settings: Mapping[str, str] | None = None,
    volume: float = 1.0,
    engine_argv: Sequence[str] | None = None,
    apart: bool = False,
    far: FarEngine | None = None,
    warm: WarmEngine | LastingEngine | None = None,
    speeds: Speeds | None = None,
    signal: Source | None = None,
    passing: bool = False,
) -> SessionRunner:
    """A session to be started: new, or to go on.

    ``resume``: go on with a kept session (its own request counts); a finished one stays finished
    unless it is changed. ``script``: events with their times, and ``clip_composers``, the composers
    of its clips, to make a session again, ``gated`` as it was (``StoredSession.gated``); the sink
    must then not be ``realtime``. ``log_file`` takes what the engine process prints. ``options``:
    how composers are opened; a kept session goes on with the synthesis it has, and gated as it was
    unless they say otherwise. ``settings`` are kept with a new session. ``volume`` in [0, 1],
    linear gain. ``far``: the engine on another machine that composes; whether the composer can play
    there is for it to say. ``apart``: the engine works in two processes. ``warm``: an engine that
    is already up, used first. ``speeds``: where measured speeds (of ``far``, if another machine
    composes) are looked up and kept; without it 'auto' is the embedded composer. ``signal``: of the
    listener's body; the session closes it at its end. ``passing``: its clips are heard once and not
    kept; nobody seeks.

    Raises ``MusmedError`` for a composer that can't play here; of a new session nothing is kept
    then.
    """
    give_back_large_blocks()
    if script and sink.realtime:
        raise ValueError("a scripted session needs a sink that waits")
    if resume is not None:
        request = resume.request
    generation = request.generation
    wish = request.composer
    chosen = (
        resume.composer
        if resume
        else choose_composer(
            wish, generation, speeds, here=far is None, holding=request.asks_composer
        )
    )
    composer = FirstComposer(chosen, resume=resume, known=clip_composers, denoise=options.denoise)
    if far is None:
        composer.check(generation)
    session_speeds = SessionSpeeds(speeds, generation, composer.precision)
    inbox: Inbox = queue.Queue()
    opened_with = _options(options, request, resume)
    engine = EngineSupervisor(
        lambda number, told: inbox.put((number, told)),
        options=opened_with,
        gated=resume.gated if resume else gated,
        log_file=log_file,
        argv=engine_argv,
        apart=apart,
        far=far,
        warm=warm,
    )
    session = resume.id if resume else _created(library, request, chosen, settings)
    try:
        store = ClipStore(library.clip_folder(session), passing=passing)
    except MusmedError:
        if resume is None:
            with contextlib.suppress(MusmedError):
                library.delete(session)
        raise
    kept, damaged = taken_up(store, resume) if resume else (None, ())
    conductor = Conductor(
        request,
        composer.now,
        script=script,
        kept=kept,
        speed=session_speeds.of(composer.now),
        stand_in=sink.realtime,
        clip_composers=composer.clip_composers,
        synthesis=composer.synthesis or opened_with.synthesis.settled,
        precision=composer.precision,
        far="" if far is None else far.called,
        passing=passing,
    )
    kept_clips = KeptClips(library, session, request)
    executor = Executor(
        library, session, store, kept_clips, sink, total=conductor.plan.total, kept=kept
    )
    playback = executor.playback
    playback.set_volume(volume)
    notices = Notices(library, session, lambda: playback.state().heard)
    for sentence in (*library.take_remarks(), *(resume.damage if resume else ()), *damaged):
        notices.tell(sentence)
    if resume is None or not resume.clips:  # one that waited for its turn begins now
        for sentence in _of_wishes(request, chosen, conductor.plan):
            notices.say(sentence)
    replay = resume is not None and resume.state == "finished"
    return SessionRunner(
        Parts(
            session=session,
            library=library,
            inbox=inbox,
            conductor=conductor,
            engine=engine,
            executor=executor,
            kept=kept,
            composer=composer,
            speeds=session_speeds,
            notices=notices,
            lifecycle=Lifecycle(
                realtime=sink.realtime, replay=replay, begins=kept.position if kept else 0.0
            ),
            body=None if signal is None else BodyWatch(signal, library, notices),
        )
    )


class Enrolled(NamedTuple):
    """The id of a session that waits, and who composes it."""

    session: str
    composer: str


def enrol(
    request: Request,
    *,
    library: Library,
    faders: Faders | None = None,
    speeds: Speeds | None = None,
) -> Enrolled:
    """A new session that nobody plays yet, for ``prepare`` to ``resume`` when its turn comes, with
    the ``faders`` so from its beginning. Raises ``MusmedError``, for a composer that can't play
    here too, and keeps nothing then."""
    moved = faders is not None and faders != FREE
    chosen = choose_composer(
        request.composer, request.generation, speeds, holding=request.asks_composer or moved
    )
    check_composer(chosen, request.generation)
    session = _created(library, request, chosen, None)
    if faders is not None and moved:
        library.add_event(session, Shape(0.0, faders))
    library.leave(session, "interrupted", 0.0)
    return Enrolled(session, chosen)


def _of_wishes(request: Request, composer: str, plan: Plan) -> tuple[str, ...]:
    """What there is to say of what is asked of the music itself."""
    not_held = unheld(request, composer)
    if not_held is not None:
        return (not_held,)
    return contradictions(request, plan.path, plan.faders)


def _options(
    wish: ComposerOptions, request: Request, resume: StoredSession | None
) -> ComposerOptions:
    synthesis = resume.sounded(wish.synthesis) if resume else wish.synthesis
    return msgspec.structs.replace(wish, synthesis=synthesis, generation=request.generation)


def _created(
    library: Library, request: Request, composer: str, settings: Mapping[str, str] | None
) -> str:
    materials = materials_of(request, composer)
    now = datetime.now(UTC)
    return library.create(request, composer, 0, settings or {}, now, materials=materials)


def taken_up(store: ClipStore, session: StoredSession) -> tuple[Resumption, tuple[str, ...]]:
    """Look at what is kept of a session: damaged clips are composed again. With a sentence, if it
    comes to that."""
    clips = {}
    for key, row in session.clips.items():
        try:
            Continuation.unpack(row.continuation)
            store.adopt(key, row.start, row.frames)
        except MusmedError as error:
            log.warning("clip %s will be composed again: %s", key, error)
        else:
            clips[key] = ClipState.kept(
                row.spec,
                start=row.start,
                frames=row.frames,
                cut=row.cut,
                marks=row.marks,
                record=row.record,
            )
    lost = len(session.clips) - len(clips)
    what = "1 clip's sound" if lost == 1 else f"the sound of {lost} clips"
    said = f"{what[0].upper()}{what[1:]} is missing or damaged; what is needed is composed again."
    return (
        resumption(session.request, session.events, clips, session.position),
        (said,) if lost else (),
    )
