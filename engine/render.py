"""A session without a listener, to a file: the same engine, joiner and limiter as live.

``render_session`` runs a session whose sink is a file that takes audio as fast as it comes.
Given the events of a kept session it makes that session again, sample for sample.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from engine.audio.files import check_target
from engine.composers.base import resolve_composer
from engine.composers.options import USUAL, ComposerOptions
from engine.composers.speeds import Speeds
from engine.errors import MusmedError
from engine.plan.events import Event
from engine.plan.request import Request
from engine.playback.sinks.file import FileSink
from engine.session.conductor.clip_composers import ClipComposers
from engine.session.library.library import Library
from engine.session.notices import Notice
from engine.session.preparation import prepare
from engine.sidecar import check_report_path, report_path, write_report


class RenderResult(msgspec.Struct, frozen=True):
    """What was written: the audio, its sidecar JSON, session seconds, and what was said."""

    path: Path
    sidecar: Path
    seconds: float
    notices: tuple[Notice, ...]


class CancelledError(MusmedError):
    """The listener called the rendering off; nothing was left behind."""


def render_session(
    request: Request,
    output: Path,
    *,
    events: Sequence[Event] = (),
    clip_composers: ClipComposers | None = None,
    options: ComposerOptions = USUAL,
    progress: Callable[[float, float], None],
    log_file: Path,
    cancelled: Callable[[], bool] = lambda: False,
    speeds: Speeds | None = None,
) -> RenderResult:
    """Compose the whole session into ``output`` (.flac, .wav or .ogg) and its sidecar.

    ``events``: those of a kept session, in order; ``clip_composers``: who composed its clips, where
    it has had more than one composer; ``options.synthesis``: for the same sound, its own.
    ``progress(done, total)`` is called a few times a second with session seconds. The audio appears
    under its name only when it is whole. Raises ``MusmedError`` (one sentence) for an output that
    can't be written or a composer that fails.
    """
    check_target(output)
    sidecar = report_path(output)
    check_report_path(sidecar)
    part = output.with_name(f".{output.stem}.{os.getpid()}.part{output.suffix}")
    sink = FileSink(part, title=_title(request), comment=_comment(request))
    with tempfile.TemporaryDirectory(prefix="musmed-render-") as folder:
        library = Library(Path(folder))
        runner = prepare(
            request,
            library=library,
            sink=sink,
            script=events,
            clip_composers=clip_composers,
            options=options,
            log_file=log_file,
            speeds=speeds,
        )
        try:
            runner.start()
            total = runner.status().plan.total
            while not runner.wait(0.1):
                progress(min(total, runner.status().playback.heard), total)
                if cancelled():
                    raise CancelledError("Rendering was called off; nothing was written.")
            status = runner.status()
            if status.failure is not None:
                raise MusmedError(status.failure)
            runner.close()
            part.replace(output)
            progress(total, total)
            write_report(
                sidecar,
                request=request,
                plan=status.plan,
                events=status.events,
                clips=runner.finished_clips(),
                joins=runner.joins(),
            )
            return RenderResult(output, sidecar, total, tuple(runner.take_notices()))
        finally:
            runner.close()
            part.unlink(missing_ok=True)
            library.close()


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
