"""A composer sampled: clips of 30 s for each of some moods, with several seeds, as sound files.

The moods are the prompt's; instrument and genre are drawn from what goes with them, as a session's
are. Each clip is the first of a session that stays where its mood lies (a theme's in the middle),
composed by an engine process as a listener's would be, and is written with a sidecar.
"""

from __future__ import annotations

import hashlib
import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
import numpy as np

from engine import __version__
from engine.affect.circumplex import Affect
from engine.affect.moods import MOODS, mood
from engine.affect.quarters import quarter_of
from engine.audio.files import AudioWriter
from engine.audio.format import Frames, seconds_of
from engine.clip_record import ClipRecord
from engine.composers.choice import check_composer
from engine.composers.musicgen.files.adapters import adapter_files, parse_adapter
from engine.composers.options import ComposerOptions
from engine.errors import MusmedError
from engine.link.client import EngineClient
from engine.link.deliveries import ChunkArrived, ClipEnded, Delivery, EngineLost
from engine.link.protocol import ClipFailed, ClipStarted, Failure, Opened
from engine.places import open_file
from engine.plan.drift import first_players
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec, Plan
from engine.plan.words import prompt
from engine.private import open_log, write_private
from engine.sidecar import read_report, report_path, write_report

SECONDS = 30.0
MOST_SEEDS = 100
MARK = ".sampled"
"""In the folder: a digest of what composed its clips."""
LOOK_SECONDS = 0.2
MIDDLE = Affect(0.0, 0.0)


def moods_to_prompt(count: int) -> tuple[str, ...]:
    """So many of MTG-Jamendo's 56 moods and themes: first those that have a place, from each
    quarter of the plane in turn, then the themes."""
    quarters: dict[object, list[str]] = {}
    for one in MOODS:
        if one.affect is not None:
            quarters.setdefault(quarter_of(one.affect), []).append(one.name)
    in_turn = [name for row in zip_longest(*quarters.values()) for name in row if name]
    themes = [one.name for one in MOODS if one.affect is None]
    return (*in_turn, *themes)[:count]


class Sample(NamedTuple):
    """A clip to be composed."""

    name: str
    request: Request
    plan: Plan
    spec: ClipSpec


def samples(asked: Request, moods: Sequence[str], seeds: int) -> Iterator[Sample]:
    """The clips of ``moods`` with seeds 1 to ``seeds``, the same ones for every mood, by the
    composer and the generation of ``asked``. Raises ``UnknownWordError``."""
    for name in moods:
        place = mood(name).affect or MIDDLE
        for seed in range(1, seeds + 1):
            request = msgspec.structs.replace(
                asked, start=place, target=place, minutes=1.0, seed=seed, temperature=0.0
            )
            players = first_players(request, name, name)
            request = msgspec.structs.replace(
                request, instrument=players.instrument, genre=players.genre
            )
            plan = make_plan(request)
            tags = msgspec.structs.replace(plan.clips[0].tags, mood=name)
            spec = msgspec.structs.replace(plan.clips[0], tags=tags, prompt=prompt(tags))
            yield Sample(f"{name}-{seed}", request, plan, spec)


def sample_into(
    folder: Path,
    wanted: Sequence[Sample],
    options: ComposerOptions,
    log_file: Path,
    progress: Callable[[float, float | None], None],
) -> list[Path]:
    """Compose them into FLAC files of ``folder``; what is there already and is the same is kept, so
    that an interruption loses one clip at most. ``progress``: told seconds of music done and of the
    whole, often; what it raises ends it. Raises ``MusmedError``."""
    _check_folder(folder, wanted, options)
    files = [folder / f"{one.name}.flac" for one in wanted]
    missing = [
        (one, file) for one, file in zip(wanted, files, strict=True) if not _is_there(one, file)
    ]
    done, whole = SECONDS * (len(wanted) - len(missing)), SECONDS * len(wanted)
    if missing:
        composer = missing[0][0].request.composer
        check_composer(composer, missing[0][0].request.generation)
        with open_log(log_file) as log, _Engine(composer, options, log) as engine:
            for one, file in missing:
                _write(one, file, *engine.compose(one.spec, partial(progress, done, whole)))
                done += SECONDS
    progress(whole, whole)
    return files


def _check_folder(folder: Path, wanted: Sequence[Sample], options: ComposerOptions) -> None:
    """Raises ``MusmedError`` where ``folder`` has the clips of another composer, adapter or
    synthesis: sidecars have the names of these alone."""
    request = wanted[0].request
    told = [request.composer, repr(request.generation), repr(options.synthesis)]
    mark = folder / MARK
    try:
        told += _adapter_digests(request)
        digest = hashlib.blake2b("\n".join(told).encode(), digest_size=16).hexdigest()
        if mark.is_file():
            if mark.read_text("ascii", "replace").strip() != digest:
                raise MusmedError(
                    f"{folder} has the clips of another model, adapter or synthesis; name another "
                    "folder for --samples."
                )
        else:
            write_private(mark, f"{digest}\n".encode())
    except OSError as error:
        raise MusmedError(
            f"The folder {folder} can't be used ({error.strerror}); name another one."
        ) from error


def _adapter_digests(request: Request) -> Iterator[str]:
    """Of each adapter's files: another may lie at its place, or go by its name, by now. Raises
    ``MusmedError`` or ``OSError`` for one that can't be read."""
    for adapter in request.generation.adapters:
        for path in adapter_files(parse_adapter(adapter).source):
            with open_file(path) as file:
                yield hashlib.file_digest(file, "blake2b").hexdigest()


@dataclass(frozen=True)
class _Composed:
    """As a sidecar wants it."""

    spec: ClipSpec
    start: int
    frames: int
    record: ClipRecord | None


def _write(one: Sample, file: Path, audio: Frames, record: ClipRecord) -> None:
    title = f"musmed: a clip for {one.spec.tags.mood}"
    with AudioWriter(file, title=title, artist="musmed", comment=one.spec.prompt) as writer:
        writer.write(audio)
    write_report(
        report_path(file),
        request=one.request,
        plan=one.plan,
        events=(),
        clips=(_Composed(one.spec, 0, len(audio), record),),
        joins=(),
        heard=seconds_of(len(audio)),
    )


def _is_there(one: Sample, file: Path) -> bool:
    if not (file.is_file() and report_path(file).is_file()):
        return False
    try:
        report = read_report(report_path(file))
    except MusmedError:
        return False
    same = report.request == one.request.published() and report.versions.musmed == __version__
    return same and [clip.prompt for clip in report.clips] == [one.spec.prompt]


class _Engine:
    """An engine process that composes clips one by one."""

    def __init__(self, composer: str, options: ComposerOptions, log: IO[bytes]) -> None:
        self._heard: queue.Queue[Delivery] = queue.Queue()
        self._client = EngineClient(self._heard.put, log=log)
        self._client.open(composer, options)
        self._opened = False

    def __enter__(self) -> _Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def compose(self, spec: ClipSpec, look: Callable[[], None]) -> tuple[Frames, ClipRecord]:
        """``look`` is called often meanwhile. Raises ``MusmedError``."""
        while not self._opened:
            self._opened = isinstance(self._next(look), Opened)
        self._client.compose(spec, b"")
        chunks: list[Frames] = []
        while True:
            match self._next(look):
                case ChunkArrived(audio=audio):
                    chunks.append(audio)
                case ClipEnded(record=record):
                    return np.concatenate(chunks), record
                case _:
                    pass

    def _next(self, look: Callable[[], None]) -> Delivery:
        while True:
            look()
            try:
                told = self._heard.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            match told:
                case EngineLost(reason=reason) | Failure(reason=reason):
                    raise MusmedError(reason)
                case ClipFailed(reason=reason):
                    raise MusmedError(reason)
                case ClipStarted():
                    continue
                case _:
                    return told
