"""The thread that composes: one clip at a time, from ``ClipSpec`` to finished FLAC chunks."""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from engine.allocation import give_back_free
from engine.clip_record import LOSSLESS, ClipRecord, Coding, codec_of
from engine.composers.base import (
    Composer,
    Continuation,
    Loadable,
    Rehearsing,
    Scored,
    Sounded,
    Sounding,
)
from engine.errors import MusmedError
from engine.link.clip_making import begin, record_of
from engine.link.crossing import Crossing, Stopwatch
from engine.link.framing import LinkError
from engine.link.outbox import Outbox
from engine.link.protocol import (
    PART_BYTES,
    ClipDone,
    ClipFailed,
    ClipStarted,
    Failure,
    Loading,
    Open,
    Opened,
    sentence,
)
from engine.plan.spec import ClipKey, ClipSpec

if TYPE_CHECKING:
    from engine.finished import Ending
    from engine.meter.meter import Known
    from engine.meter.reading import Reading

JOBS = 64
"""How many clips may be queued: an hour's session has 160, the conductor asks for a dozen."""


class Job:
    """A clip to compose. ``keep_until`` is None until it is cancelled."""

    def __init__(
        self,
        spec: ClipSpec,
        continuation: bytes,
        codec: Coding = LOSSLESS,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self.spec = spec
        self.codec: Coding = codec
        self.part_bytes = part_bytes
        """Of its sound, in one part at most."""
        self.continuation = continuation
        self.keep_until: int | None = None
        self.reached = -1
        """Session frame up to which finished audio exists."""

    def cancelled(self) -> bool:
        return self.keep_until is not None and self.reached >= self.keep_until


class ComposeWorker:
    """Works through ``Open`` and ``Compose`` in the order they came; answers to the outbox."""

    def __init__(self, outbox: Outbox, load: Callable[[str], Composer]) -> None:
        self._outbox = outbox
        self._load = load
        self._changed = threading.Condition()
        self._queue: deque[Open | Job] = deque()
        self._current: Job | None = None
        self._closed = False
        self._composer: Composer | None = None
        self._opened: tuple[Open, Opened] | None = None
        self._denoise: bool | None = None
        self._finished: Ending | None = None
        self._metered: Known = {}
        """Both of the last clip's end, which the next one shares."""
        self._rehearsal: Iterator[None] = iter(())
        self._thread = threading.Thread(target=self._run, name="compose", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, item: Open | Job) -> None:
        """Queue something. Raises ``LinkError`` when 64 things are queued."""
        with self._changed:
            if len(self._queue) >= JOBS:
                raise LinkError(f"The other side asked for more than {JOBS} clips at once.")
            self._queue.append(item)
            self._changed.notify()

    def cancel(self, key: ClipKey, keep_until: int) -> None:
        """``Cancel`` of the protocol."""
        with self._changed:
            job = self._under_way()
            composing = job is not None and job.spec.key == key
            if job is not None and composing:
                job.keep_until = keep_until
            self._queue = deque(
                i for i in self._queue if i is job or not (isinstance(i, Job) and i.spec.key == key)
            )
            self._outbox.cut(key, keep_until, composing=composing)

    def _under_way(self) -> Job | None:
        """The clip that is being composed, or would be if the thread had looked already: whoever
        asked for a single clip knows no difference and waits for its end."""
        if self._current is None and self._queue and isinstance(self._queue[0], Job):
            return self._queue[0]
        return self._current

    def close(self) -> None:
        """Stop as soon as the composer returns from what it is doing."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            if self._current is not None:
                self._current.keep_until = -1
            self._changed.notify()

    def _run(self) -> None:
        _warm_up()
        while (item := self._next()) is not None:
            if isinstance(item, Open):
                self._open(item)
            else:
                self._compose(item)

    def _next(self) -> Open | Job | None:
        self._rehearse()
        if not self._queue:
            give_back_free()  # what a clip took on the way is a tenth of an engine
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._queue)
            if self._closed:
                return None
            item = self._queue.popleft()
            self._current = item if isinstance(item, Job) else None
            return item

    def _rehearse(self) -> None:
        """While nothing is asked for."""
        try:
            while not self._queue and not self._closed:
                if next(self._rehearsal, self) is self:
                    return
        except Exception:  # should it matter, the first clip will say so
            traceback.print_exc()

    def _open(self, message: Open) -> None:
        adapters = message.options.generation.adapters  # another may lie there by now
        if self._opened is not None and self._opened[0] == message and not adapters:
            self._outbox.answer(self._opened[1])  # a session takes over an engine that is warm
            return
        try:
            composer = self._again(message.composer) or self._load(message.composer)
            notice = ""
            if isinstance(composer, Loadable):
                options, loaded = message.options, _Loaded(self._outbox, message.composer)
                notice = composer.load(options.generation, loaded, options.precision)
            if isinstance(composer, Sounding):
                notice = composer.sound_with(message.options.synthesis)
        except Exception as error:
            self._outbox.answer(Failure(reason(error, f"Composer {message.composer!r} failed")))
        else:
            self._composer, self._denoise = composer, message.options.denoise
            sounds = composer.traits.synthesis
            opened = Opened(
                composer.name,
                composer.version,
                sounds,
                sentence(notice),
                composer.traits.precision,
            )
            self._opened = message, opened
            self._outbox.answer(opened)
            self._rehearsal = composer.rehearse() if isinstance(composer, Rehearsing) else iter(())

    def _again(self, name: str) -> Composer | None:
        """The composer that is open, if it is this one and has a model that may serve again; any
        other goes first, for its memory."""
        composer, opened = self._composer, self._opened
        self._composer = self._opened = None
        same = opened is not None and opened[0].composer == name
        return composer if same and isinstance(composer, Loadable) else None

    def _compose(self, job: Job) -> None:
        index, revision = job.spec.key
        try:
            record, continuation, cut = self._clip(job)
        except Exception as error:
            failed = ClipFailed(index, revision, reason(error, "The composer failed"))
            with self._changed:
                self._current = None
                self._outbox.fail(failed)
        else:
            with self._changed:
                self._current = None
                self._outbox.done(ClipDone(index, revision, cut, record), continuation)

    def _clip(self, job: Job) -> tuple[ClipRecord, bytes, bool]:
        from engine.audio.format import seconds_of
        from engine.meter.meter import Meter

        if (composer := self._composer) is None:
            raise MusmedError("No composer is open; open one before asking for clips.")
        clock = Stopwatch()
        with clock:
            composition, finisher = begin(composer, job, self._denoise, self._finished)
        start, key = composition.start_frame, job.spec.key
        self._outbox.begin(
            ClipStarted(key.index, key.revision, start, finisher.frames, composition.marks)
        )
        at = start
        crossing = Crossing(self._outbox, job, start)
        meter = Meter(seconds_of(start), known=self._metered)
        readings: list[Reading] = []
        chunks = finisher.chunks()
        while (chunk := clock.next(chunks)) is not None:
            crossing.send(chunk, clock)
            at += len(chunk)
            job.reached = at
            with clock:
                readings += meter.push(chunk)
            if job.cancelled():
                break
        crossing.finish(clock)
        with clock:
            readings += meter.finish()
            self._metered = meter.ending
            state = composition.state()
        record = record_of(composer, finisher, at - start, clock.seconds, readings)
        built_in = composition.built_in() if isinstance(composition, Sounded) else ()
        notes = composition.notes() if isinstance(composition, Scored) else None
        record = msgspec.structs.replace(
            record,
            bars=composition.bars(),
            built_in=built_in,
            notes=notes,
            codec=codec_of(job.codec),
        )
        name, version, finishing = composer.name, composer.version, finisher.checkpoints()
        self._finished = finisher.ending(finishing)
        continuation = Continuation(
            composer=name, version=version, state=state, finishing=finishing
        )
        return record, continuation.pack(), at - start < finisher.frames


class _Loaded:
    """Tells the front how far loading is, in steps of a hundredth at least."""

    def __init__(self, outbox: Outbox, composer: str) -> None:
        self._outbox, self._composer = outbox, composer
        self._told = -1

    def __call__(self, share: float) -> None:
        percent = int(100 * min(1.0, max(0.0, share)))
        if percent > self._told:
            self._told = percent
            self._outbox.answer(Loading(self._composer, percent / 100))


def _warm_up() -> None:
    """A second of imports while nobody waits for audio yet. Should they fail, the first clip
    will say so."""
    try:
        from engine.finishing import warm_up
        from engine.meter.model import shipped

        warm_up()
        shipped()
    except Exception:
        traceback.print_exc()


def reason(error: Exception, what: str) -> str:
    """A sentence for the listener; a defect's traceback goes to stderr, the log."""
    if isinstance(error, MusmedError):
        return sentence(str(error))
    traceback.print_exception(error, file=sys.stderr)
    return sentence(f"{what}: {error or type(error).__name__} (the log has the details).")
