"""``musmed render``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from engine.composers.options import ComposerOptions
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.places import expanded
from engine.plan.events import Event
from engine.plan.request import Request
from engine.printable import visible
from engine.session.notices import Notice
from musmed_tui.asked import Asked
from musmed_tui.commands.learned import kept_leaning
from musmed_tui.commands.sessions import opened
from musmed_tui.exits import INTERRUPTED
from musmed_tui.felt import completed
from musmed_tui.hosts import check_codec, far_if_any, sounded_there
from musmed_tui.logs import start_logging, stderr_to
from musmed_tui.options import build_request, drawn_seed, help_for
from musmed_tui.paths import Folders, folders
from musmed_tui.settings import Loaded, load_settings
from musmed_tui.terminal.streams import remark, say_json, tell, unminded
from musmed_tui.terminal.terminal import Signals, look_at_terminal
from musmed_tui.wording import clock

if TYPE_CHECKING:
    from engine.link.ssh import FarEngine
    from engine.render import RenderResult
    from engine.session.library.records import StoredSession

Progress = Callable[[float, float], None]


def render_to(
    asked: Asked,
    output: str | None,
    *,
    midi: str | None,
    session: str | None,
    heard: bool = False,
    denoise: bool | None,
    synthesis: str | None,
    jobs: str | None = None,
    as_json: bool = False,
    host: str | None = None,
    codec: str | None = None,
) -> int:
    """Render a session into ``output``, its score into ``midi``, or both; gives the exit code.
    ``session``: a kept one, as it was played, in place of what is ``asked``; ``as_json``: nothing
    is said but one JSON document at the end (docs/json.md); ``host``: the other machine that
    composes a new session; ``jobs``: how many processes compose here. Raises ``MusmedError``."""
    other = denoise is not None or synthesis is not None
    _refuse(output, midi, session, heard=heard, other=other, host=host)
    check_codec(host, codec)
    where = folders()
    loaded = load_settings(where.settings)
    wish = loaded.settings.sounded(synthesis)
    if session is None:
        asked = completed(asked)
    if help_here := help_for(asked):
        remark(help_here)
    if session is None:
        request = build_request(asked, loaded)
        if not asked.no_preferences:
            request = kept_leaning(request, where.library)
        made = _Made(request, (), wish, jobs=_jobs(jobs, host))
    else:
        made = _kept(where, session, asked, wish, _jobs(jobs, host), other=synthesis is not None)
        as_it_was = made.only_in_its_clips() if denoise is None and not heard else None
        if as_it_was is not None:
            made = made._replace(stored=as_it_was)
        if heard or as_it_was is not None:
            made = made._replace(clips=where.library / "sessions" / session)
    score = expanded(midi, "score") if midi else None
    if score is not None:
        if made.request.composer == "auto":  # the one that has a score
            embedded = msgspec.structs.replace(made.request, composer="embedded")
            made = made._replace(request=embedded)
        from engine.render import check_score

        check_score(score, made.request)
    done: _Done | None = None
    of_score: tuple[str, ...] = ()
    if output:
        sound = expanded(output, "sound file")
        far = far_if_any(where, host, codec)
        if far is not None:
            made = made._replace(far=far, wish=sounded_there(wish))
        done = _render_sound(made, sound, loaded, where, denoise=denoise, quiet=as_json)
        if done.result is None:
            return done.code
    if score is not None:
        from engine.render import said_of_score, write_score

        write_score(score, made.request, made.events)
        of_score = said_of_score(made.stored) if made.stored else _pulls_apart(made, done)
    if as_json:
        say_json(_document(made, session, score, done, of_score))
        return 0
    for sentence in of_score:
        tell(sentence)
    if score is not None:
        tell(f"Wrote {visible(str(score))}.")
    if asked.seed is None and session is None:
        tell(drawn_seed(made.request))
    return 0


def _refuse(
    output: str | None,
    midi: str | None,
    session: str | None,
    *,
    heard: bool,
    other: bool,
    host: str | None,
) -> None:
    """Raise ``MusmedError`` for options that don't go together; ``other``: another sound than the
    session's own is asked for."""
    if host is not None and (session is not None or not output):
        raise MusmedError("--host composes the sound of a new session: give -o, not --session.")
    if heard and (session is None or not output or midi or other):
        raise MusmedError(
            "--heard writes the sound of a kept session as it was heard: give --session and -o, "
            "and leave out --midi, --denoise and --synthesis."
        )
    if not output and not midi:
        raise MusmedError("-o is missing: name the .flac, .wav or .ogg file to write.")


def _jobs(text: str | None, host: str | None) -> int:
    """How many processes compose. Raises ``MusmedError``."""
    from engine.render import MOST_JOBS, jobs_of_use

    if text is None:
        return jobs_of_use() if host is None else 1
    if host is not None:
        raise MusmedError("--jobs is for this machine; leave it out with --host.")
    if text not in {str(number) for number in range(1, MOST_JOBS + 1)}:
        raise MusmedError(f"--jobs must be 1 or {MOST_JOBS}, not {text!r}.")
    return int(text)


def _pulls_apart(made: _Made, done: _Done | None) -> tuple[str, ...]:
    """What pulls apart in a new session, where its sound has not said it yet."""
    from engine.plan.contradictions import contradictions
    from engine.plan.planner import make_plan

    return () if done else contradictions(made.request, make_plan(made.request).path)


class _Done(NamedTuple):
    """How a rendering went: its ``result``, None and an exit ``code`` where it was called off, and
    what is to be ``said`` of changes since the session was heard."""

    result: RenderResult | None
    code: int = 0
    said: tuple[str, ...] = ()


def _document(
    made: _Made,
    session: str | None,
    score: Path | None,
    done: _Done | None,
    of_score: tuple[str, ...],
) -> dict[str, object]:
    """What was written, for programs."""
    result = done.result if done else None
    alone = tuple(Notice(0.0, said) for said in of_score if made.stored is None)
    return {
        "output": str(result.path) if result else None,
        "sidecar": str(result.sidecar) if result else None,
        "midi": str(score) if score else None,
        "seconds": result.seconds if result else made.request.seconds,
        "seed": made.request.seed,
        "session": session,
        "notices": result.notices if result else alone,
        "changed": (*(done.said if done else ()), *(of_score if made.stored else ())),
    }


class _Made(NamedTuple):
    """What is made into a file: of ``stored``, the session that it was, sounded by the listener's
    wish where that is ``other`` than its own."""

    request: Request
    events: tuple[Event, ...]
    wish: Synthesis
    stored: StoredSession | None = None
    other: bool = False
    clips: Path | None = None
    """Where its clips lie, if it is to be written from them as far as it was heard."""
    far: FarEngine | None = None
    """On which other machine it is composed; None for this one."""
    jobs: int = 1
    """How many processes compose it."""

    def only_in_its_clips(self) -> StoredSession | None:
        """As the function of ``engine.render``; None for another sound than its own."""
        from engine.render import only_in_its_clips

        return None if self.stored is None or self.other else only_in_its_clips(self.stored)


def _kept(
    where: Folders, session: str, asked: Asked, wish: Synthesis, jobs: int, *, other: bool
) -> _Made:
    """A session of the library, as it was played."""
    if asked != Asked():
        raise MusmedError(
            "--session makes a kept session again; leave out --from, --to and theirs."
        )
    from engine.render import request_of

    if not where.library.is_dir():
        raise MusmedError(f"There is no session {session}; 'musmed sessions' lists them.")
    with opened(where.library) as library:
        stored = library.load(session)
    return _Made(request_of(stored), stored.events, wish, stored, other, jobs=jobs)


def _render_sound(
    made: _Made, path: Path, loaded: Loaded, where: Folders, *, denoise: bool | None, quiet: bool
) -> _Done:
    """The sound file and its sidecar."""
    start_logging(where, loaded.settings.log_level)
    said: list[str] = []

    def say_changes() -> None:
        """Before it is composed; what is written from its clips is what was heard."""
        from engine.render import said_of_changes

        if made.stored is not None:
            said.extend(said_of_changes(made.stored))
        if not quiet:
            for sentence in said:
                tell(sentence)

    if made.clips is None:
        say_changes()
    shown = _no_progress() if quiet else _progress()
    with Signals() as signals, stderr_to(where.engine_log), shown as progress:
        result = _render(
            made,
            path,
            denoise=denoise,
            progress=progress,
            where=where,
            signals=signals,
            composing=say_changes,
        )
    if result is None:
        (remark if quiet else tell)("Stopped; nothing was written.")
        return _Done(None, 128 + signals.stop if signals.stop else INTERRUPTED)
    if not quiet:
        for notice in result.notices:
            tell(f"{clock(notice.seconds)} {notice.text}")
        written, sidecar = visible(str(result.path)), visible(str(result.sidecar))
        tell(f"Wrote {written} ({clock(result.seconds)}) and {sidecar}.")
    return _Done(result, said=tuple(said))


def _render(
    made: _Made,
    path: Path,
    *,
    denoise: bool | None,
    progress: Progress,
    where: Folders,
    signals: Signals,
    composing: Callable[[], None],
) -> RenderResult | None:
    """The call into the engine; None when a signal called it off. ``composing``: called where what
    was heard has to be composed again."""
    from engine.composers.speeds import Speeds
    from engine.render import CancelledError, render_heard, render_kept, render_session

    def cancelled() -> bool:
        return signals.stop is not None

    options = ComposerOptions(denoise=denoise, synthesis=made.wish)
    speeds = Speeds(where.state, None if made.far is None else made.far.device)
    log_file = where.engine_log
    try:
        if made.stored is not None and made.clips is not None:
            return render_heard(
                made.stored,
                made.clips,
                path,
                options=options,
                progress=progress,
                log_file=log_file,
                cancelled=cancelled,
                speeds=speeds,
                composing=composing,
                jobs=made.jobs,
            )
        if made.stored is not None:
            return render_kept(
                made.stored,
                path,
                options=options,
                resound=made.other,
                progress=progress,
                log_file=log_file,
                cancelled=cancelled,
                speeds=speeds,
                jobs=made.jobs,
            )
        return render_session(
            made.request,
            path,
            options=options,
            progress=progress,
            log_file=log_file,
            cancelled=cancelled,
            speeds=speeds,
            far=made.far,
            jobs=made.jobs,
        )
    except CancelledError:
        return None


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a live terminal, else a line for every tenth."""
    terminal = look_at_terminal(plain=False)
    if not terminal.live:
        yield _percent_lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("Composing"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[at]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=unminded()), transient=True) as bar:
        task = bar.add_task("", total=None, at="")

        def advance(done: float, total: float) -> None:
            bar.update(task, completed=done, total=total, at=f"{clock(done)}/{clock(total)}")

        yield advance


@contextmanager
def _no_progress() -> Iterator[Progress]:
    yield lambda _done, _total: None


def _percent_lines() -> Progress:
    said = -1

    def advance(done: float, total: float) -> None:
        nonlocal said
        tenth = int(10 * done / total) if total > 0 else 0
        if tenth > said:
            said = tenth
            tell(f"{tenth * 10} % composed")

    return advance
