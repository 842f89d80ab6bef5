"""A session without a listener, to a file: the same engine, joiner and limiter as live.

``render_session`` runs a session whose sink is a file that takes audio as fast as it comes.
``render_kept`` makes a session of the library again as it was heard, sample for sample;
``render_heard`` writes as much of one as was heard, from its clips.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from engine.audio.files import check_target
from engine.audio.format import frames_of
from engine.clip_record import LOSSLESS
from engine.composers.base import resolve_composer
from engine.composers.options import USUAL, ComposerOptions
from engine.composers.speeds import Speeds
from engine.errors import MusmedError
from engine.heard import fade_end, heard_events, heard_offers, heard_until, stop_softly, write_heard
from engine.link.lasting import LastingEngine
from engine.link.ssh import FarEngine
from engine.places import part_of
from engine.plan.body import Offer
from engine.plan.events import Event
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.session.conductor.clip_composers import ClipComposers, composers_of
from engine.session.fingerprints import changed_materials, said_of
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.notices import Notice
from engine.session.preparation import prepare
from engine.sidecar import check_report_path, report_path, write_report


class RenderResult(msgspec.Struct, frozen=True):
    """What was written: the audio, its sidecar JSON, session seconds, and what was said."""

    path: Path
    sidecar: Path
    seconds: float
    notices: tuple[Notice, ...]


MOST_JOBS = 2
"""One sounds the notes while the other finishes what has come of them."""


def jobs_of_use() -> int:
    """As many as help here: no more than this process may use cores."""
    here = (
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    return min(MOST_JOBS, len(here))


class CancelledError(MusmedError):
    """The listener called the rendering off; nothing was left behind."""


def render_session(
    request: Request,
    output: Path,
    *,
    events: Sequence[Event] = (),
    offers: Sequence[Offer] = (),
    clip_composers: ClipComposers | None = None,
    gated: Mapping[str, bool] | None = None,
    options: ComposerOptions = USUAL,
    progress: Callable[[float, float], None],
    log_file: Path,
    cancelled: Callable[[], bool] = lambda: False,
    speeds: Speeds | None = None,
    until: float | None = None,
    far: FarEngine | None = None,
    jobs: int = 1,
    warm: LastingEngine | None = None,
) -> RenderResult:
    """Compose the whole session into ``output`` (.flac, .wav or .ogg) and its sidecar.

    ``events``: those of a kept session, in order; ``offers``: what was offered in it, for the
    sidecar; ``clip_composers``: who composed its clips, where
    it has had more than one composer; ``gated``: which of them were, as ``StoredSession.gated``;
    ``options.synthesis``: for the same sound, its own.
    ``until``: session seconds at which it is stopped, as a listener stops it, with a fade.
    ``far``: the engine on another machine that composes. ``jobs``: processes that compose at once,
    of which two are of use; the same samples with one. ``warm``: one that composes several
    renderings, one after the other; the same samples come of it.
    ``progress(done, total)`` is called a few times a second with session seconds. The audio appears
    under its name only when it is whole. Raises ``MusmedError`` (one sentence) for an output that
    can't be written or a composer that fails.
    """
    check_target(output)
    sidecar = report_path(output)
    check_report_path(sidecar)
    part = part_of(output)
    sink = FileSink(part, title=_title(request), comment=_comment(request))
    with _temporary_folder() as folder:
        library = Library(Path(folder))
        runner = prepare(
            request,
            library=library,
            sink=sink,
            script=events,
            clip_composers=clip_composers,
            gated=gated,
            options=options,
            log_file=log_file,
            speeds=speeds,
            apart=jobs > 1,
            far=far,
            warm=warm,
            passing=True,
        )
        over = threading.Event()
        try:
            total = runner.status().plan.total
            stops = until is not None and until < total
            if until is not None and stops:
                total = until
                frame, playback = frames_of(until), runner.playback
                wanted = fade_end(frame, frames_of(runner.status().plan.total))
                sink.stop_at(frame, lambda: stop_softly(playback, wanted, over))
            runner.start()
            while not (sink.done.is_set() if stops else runner.wait(0.0)):
                runner.wait(0.1)
                if runner.status().failure is not None:
                    break
                progress(min(total, runner.status().playback.heard), total)
                if cancelled():
                    raise CancelledError("Rendering was called off; nothing was written.")
            status = runner.status()
            if status.failure is not None:
                raise MusmedError(status.failure)
            if runner.playback.failure is not None:  # the file took the rest before it was seen
                raise MusmedError(str(runner.playback.failure))
            runner.close()
            sink.check()
            part.replace(output)
            progress(total, total)
            write_report(
                sidecar,
                request=request,
                plan=status.plan,
                events=status.events,
                clips=runner.finished_clips(),
                joins=runner.joins(),
                heard=until,
                offers=offers,
            )
            return RenderResult(output, sidecar, total, tuple(runner.take_notices()))
        finally:
            over.set()
            runner.close()
            part.unlink(missing_ok=True)
            library.close()


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """For the clips of a rendering. Raises ``MusmedError``."""
    try:
        return tempfile.TemporaryDirectory(prefix="musmed-render-")
    except OSError as error:
        raise MusmedError(
            f"There is no room for temporary files ({error.strerror or error}); set TMPDIR to a "
            "folder that can be written."
        ) from error


def render_kept(
    stored: StoredSession,
    output: Path,
    *,
    options: ComposerOptions = USUAL,
    resound: bool = False,
    progress: Callable[[float, float], None],
    log_file: Path,
    cancelled: Callable[[], bool] = lambda: False,
    speeds: Speeds | None = None,
    until: float | None = None,
    far: FarEngine | None = None,
    jobs: int = 1,
) -> RenderResult:
    """Compose a kept session again into ``output`` and its sidecar, as ``render_session`` does:
    its request, its events, and each clip by the composer and the synthesis that the record names.
    ``options.synthesis`` is for a session without clips, and says where its soundfont lies now;
    with ``resound`` it takes the place of the session's own, and so does ``options.denoise`` that
    is not None. What is no longer as it was
    (``said_of_changes``) is not heard the same.
    """
    if not resound:
        own = stored.sounded(options.synthesis)
        options = msgspec.structs.replace(options, synthesis=own)
    return render_session(
        request_of(stored),
        output,
        events=stored.events,
        offers=stored.offers,
        clip_composers=composers_of(stored.records, resound=resound),
        gated=stored.gated,
        options=options,
        progress=progress,
        log_file=log_file,
        cancelled=cancelled,
        speeds=speeds,
        until=until,
        far=far,
        jobs=jobs,
    )


def render_heard(
    stored: StoredSession,
    clips: Path,
    output: Path,
    *,
    options: ComposerOptions = USUAL,
    progress: Callable[[float, float], None],
    log_file: Path,
    cancelled: Callable[[], bool] = lambda: False,
    speeds: Speeds | None = None,
    composing: Callable[[], None] = lambda: None,
    far: FarEngine | None = None,
    jobs: int = 1,
) -> RenderResult:
    """What was heard of a kept session into ``output`` and its sidecar, the same samples: from the
    clips in the folder ``clips``, which takes seconds. Where some of them are gone, that much of
    the session is composed again, as ``render_kept`` does, and before that ``composing`` is
    called: only then can it be another than was heard (``said_of_changes``)."""
    until = heard_until(stored)
    if until <= 0.0:
        raise MusmedError("Nothing was heard of this session yet, so there is nothing to save.")
    check_target(output)
    sidecar = report_path(output)
    check_report_path(sidecar)
    part = part_of(output)
    request = request_of(stored)
    sink = FileSink(part, title=_title(request), comment=_comment(request))
    try:
        written = write_heard(stored, clips, sink, progress=progress, cancelled=cancelled)
        if cancelled():
            raise CancelledError("Saving was called off; nothing was written.")
        if written is not None:
            part.replace(output)
            progress(until, until)
            write_report(
                sidecar,
                request=request,
                plan=make_plan(request, heard_events(stored)),
                events=heard_events(stored),
                clips=written.clips,
                joins=written.joins,
                heard=until,
                offers=heard_offers(stored),
            )
            return RenderResult(output, sidecar, until, ())
    finally:
        part.unlink(missing_ok=True)
    composing()
    heard = msgspec.structs.replace(
        stored, events=heard_events(stored), offers=heard_offers(stored)
    )
    return render_kept(
        heard,
        output,
        options=options,
        progress=progress,
        log_file=log_file,
        cancelled=cancelled,
        speeds=speeds,
        until=until,
        far=far,
        jobs=jobs,
    )


def only_in_its_clips(stored: StoredSession) -> StoredSession | None:
    """``stored`` as if it had been heard to its end, for ``render_heard``, where another version of
    the composer made it: only from its clips can it be made again. Else None."""
    return msgspec.structs.replace(stored, state="finished") if other_versions(stored) else None


def request_of(stored: StoredSession) -> Request:
    """What a kept session is made again from: the composer is the one it was begun with, not
    whichever 'auto' would be now."""
    return msgspec.structs.replace(stored.request, composer=stored.composer)


def said_of_changes(stored: StoredSession) -> tuple[str, ...]:
    """A sentence for all that makes the session made again another than was heard: what could not
    be read of ``stored``, that another version of the composer made it, each of the listener's
    files and models that is not what it was begun with, and that it was denoised in part."""
    whole = msgspec.structs.replace(stored, clips={})  # all of it is composed again
    changes = [
        said_of(place, stored.composer) for place in changed_materials(whole, stored.composer)
    ]
    if versions := other_versions(stored):
        changes.append(f"{_said_of_versions(versions)} made this session, and it is composed again")
    gatings = {(r.composer, r.gating != "off") for r in stored.records.values() if r}
    if len(gatings) > len({name for name, _ in gatings}):
        changes.append("This session was denoised in part")
    if any(record.codec != LOSSLESS for record in stored.records.values() if record):
        changes.append("Clips of this session came from another machine as Opus, which is lossy")
    return stored.damage + tuple(
        f"{change}, so the rendering is not what was heard." for change in changes
    )


def other_versions(stored: StoredSession) -> tuple[int, ...]:
    """The versions of the embedded composer that made clips of ``stored`` and are not the one that
    is here, ascending."""
    from engine.composers.score.composer import EmbeddedComposer

    made = [record for record in stored.records.values() if record is not None]
    versions = {record.version for record in made if record.composer == EmbeddedComposer.name}
    return tuple(sorted(versions - {EmbeddedComposer.version}))


def said_of_score(stored: StoredSession) -> tuple[str, ...]:
    """A sentence where the score of ``stored`` (``write_score``) is not that of what was heard."""
    from engine.composers.score.composer import EmbeddedComposer

    versions = other_versions(stored)
    if not versions:
        return ()
    return (
        f"{_said_of_versions(versions)} made this session; its score is what version "
        f"{EmbeddedComposer.version} makes of it, so it is not that of what was heard.",
    )


def _said_of_versions(versions: Sequence[int]) -> str:
    what = f"Version {versions[0]}" if len(versions) == 1 else f"Versions {_listed(versions)}"
    return f"{what} of the embedded composer"


def _listed(versions: Sequence[int]) -> str:
    return ", ".join(map(str, versions[:-1])) + f" and {versions[-1]}"


def check_score(path: Path, request: Request) -> None:
    """Raises ``MusmedError`` when ``write_score`` can't write this session's score to ``path``."""
    from engine.composers.score.midi import check_midi_path

    composer = resolve_composer(request.composer)
    if composer != "embedded":
        raise MusmedError(
            f"--midi needs the embedded composer; {composer} makes sound without a score."
        )
    check_midi_path(path)


def write_score(path: Path, request: Request, events: Sequence[Event] = ()) -> None:
    """Write the session's score as a MIDI file; nothing is sounded. Raises ``MusmedError``."""
    from engine.composers.score.midi import write_midi

    check_score(path, request)
    write_midi(path, request, events)


def _title(request: Request) -> str:
    return f"musmed: {_name(request.start_word)} to {_name(request.target_word)}"


def _name(word: str | None) -> str:
    return word or "a chosen feeling"


def _comment(request: Request) -> str:
    """The request, so that the file says how it can be made again; of files only the names."""
    return msgspec.json.encode(request.published()).decode()
