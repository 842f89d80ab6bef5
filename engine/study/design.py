"""A study laid out: which sessions there are, under which conditions, and the jobs they need.

Every condition meets every path, length and seed. A *job* is all that determines a session's sound
and figures; sessions that need the same have one job.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.feelings import parse_affect
from engine.affect.harm import help_for
from engine.composers.base import EMBEDDED, has_model, resolve_composer
from engine.errors import MusmedError
from engine.places import expanded
from engine.plan.generation import Generation
from engine.plan.gentle import parse_gentle, written
from engine.plan.planner import check_request
from engine.plan.request import Request
from engine.plan.wanted import Features
from engine.study.jobs import Job, job_of
from engine.study.listeners import read_listeners
from engine.study.listening.questions import Questions, check
from engine.study.study_file import Condition, Factors, Grid, Settings, StudyFile

MOST_SESSIONS = 20_000
ANY = "any"
"""An instrument or genre that musmed chooses."""


class Session(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One session of a study. ``number`` from 1; ``condition``, ``path`` and ``listener`` as in
    its row of the table; ``job``: the digest of what makes it."""

    number: int
    condition: str
    path: str
    listener: str
    job: str


class Design(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A study laid out. ``jobs`` in the order in which sessions first need them; ``remarks``: what
    whoever asked for it should know."""

    title: str
    sessions: tuple[Session, ...]
    jobs: tuple[Job, ...]
    remarks: tuple[str, ...] = ()
    answers: Questions = Questions()
    """What listeners are asked."""

    @property
    def seconds(self) -> float:
        """Of music that is to be composed."""
        return sum(job.request.seconds for job in self.jobs)


class _Way(NamedTuple):
    """A path, said by ``where`` in the file."""

    name: str
    listener: str
    start: Affect
    target: Affect
    start_word: str | None
    target_word: str | None


def lay_out(study: StudyFile, folder: Path) -> Design:
    """The sessions of ``study``, whose file lies in ``folder``: what it names is looked for there.
    Raises ``MusmedError`` for what can be no session, naming its place in the file."""
    lengths = study.minutes if isinstance(study.minutes, tuple) else (study.minutes,)
    seeds = study.seeds if isinstance(study.seeds, tuple) else tuple(range(1, study.seeds + 1))
    if study.answers != Questions():
        check(study.answers, 60.0 * min(lengths))
    levels = _levels(study.factors)
    count = math.prod(map(len, levels.values())) * max(1, len(study.condition))
    count *= len(lengths) * len(seeds)
    _check_count(count * _least_ways(study))
    ways, remarks = _ways(study, folder)
    _check_count(count * len(ways))
    conditions = list(_conditions(study, levels, folder))
    sessions: list[Session] = []
    jobs: dict[str, Job] = {}
    materials: dict[tuple[str, Generation], dict[str, str]] = {}
    for (name, made), minutes, way, seed in itertools.product(conditions, lengths, ways, seeds):
        request = msgspec.structs.replace(
            made,
            start=way.start,
            target=way.target,
            start_word=way.start_word,
            target_word=way.target_word,
            minutes=minutes,
            seed=seed,
        )
        job = job_of(request, study.sound, study.evaluate, materials)
        jobs.setdefault(job.digest, job)
        sessions.append(
            Session(
                number=len(sessions) + 1,
                condition=name,
                path=way.name,
                listener=way.listener,
                job=job.digest,
            )
        )
    return Design(
        title=study.title,
        sessions=tuple(sessions),
        jobs=tuple(jobs.values()),
        remarks=tuple(remarks),
        answers=study.answers,
    )


def _check_count(count: int) -> None:
    """Before anything is laid out: crossing makes millions in a line."""
    if count > MOST_SESSIONS:
        raise MusmedError(
            f"The study has {count} sessions, and {MOST_SESSIONS} are the most; make it several."
        )


# conditions


def _conditions(
    study: StudyFile, levels: dict[str, tuple[Any, ...]], folder: Path
) -> Iterator[tuple[str, Request]]:
    """Each with its name and a request that still lacks its path, length and seed."""
    listed: tuple[Condition | None, ...] = study.condition or (None,)
    names = [one.name for one in study.condition]
    for name in names:
        if names.count(name) > 1:
            raise MusmedError(f"There are two conditions called {name!r}; give each its own name.")
    for one in listed:
        for name in levels:
            if one is not None and getattr(one, name) is not None:
                raise MusmedError(
                    f"{name} stands among the factors and in the condition {one.name!r}; leave it "
                    "out in one of them."
                )
    for one, crossed in itertools.product(listed, itertools.product(*levels.values())):
        level = dict(zip(levels, crossed, strict=True))
        parts = [] if one is None else [one.name]
        parts += [
            f"{name}={_written(value)}" for name, value in level.items() if len(levels[name]) > 1
        ]
        label = " ".join(parts) or "all"
        settings = _over(study.settings, one, level)
        try:
            yield label, _request(settings, folder)
        except MusmedError as error:
            raise MusmedError(f"Condition {label!r}: {error}") from error


def _levels(factors: Factors) -> dict[str, tuple[Any, ...]]:
    """Of each factor that there is, in the order of ``Factors``. Raises ``MusmedError`` for two
    that are the same."""
    found = {}
    for name in factors.__struct_fields__:
        values = getattr(factors, name)
        if values is None:
            continue
        if len({_written(value) for value in values}) < len(values):
            raise MusmedError(f"factors.{name} has the same level twice; leave one out.")
        found[name] = values
    return found


def _over(settings: Settings, condition: Condition | None, level: dict[str, Any]) -> Settings:
    """What is said for all, over it the condition, over that the levels."""
    said: dict[str, Any] = {}
    for one in (settings, condition):
        if one is not None:
            values = {name: getattr(one, name) for name in Settings.__struct_fields__}
            said |= {name: value for name, value in values.items() if value is not None}
    return Settings(**said | level)


def _request(said: Settings, folder: Path) -> Request:
    """Without its path. Raises ``MusmedError`` for what can't be composed."""
    middle = Affect(0.0, 0.0)
    usual = Request(start=middle, target=middle)
    composer = _composer(said.composer or EMBEDDED, folder)
    features = None if said.features == Features() else said.features
    request = msgspec.structs.replace(
        usual,
        strategy=said.strategy or usual.strategy,
        composer=composer,
        temperature=usual.temperature if said.temperature is None else said.temperature,
        instrument=_tag(said.instrument),
        genre=_tag(said.genre),
        gentle=None if said.gentle is None else parse_gentle(said.gentle, "gentle"),
        features=features,
        generation=_generation(said, composer, folder),
    )
    check_request(request)
    return request


def _composer(name: str, folder: Path) -> str:
    if name == "auto":
        raise MusmedError("'auto' is another composer on another machine; name one.")
    place = expanded(name, "checkpoint")
    if name.startswith((".", "~", "/")):
        return str((folder / place).resolve())
    return resolve_composer(name)


def _tag(said: str | None) -> str | None:
    return None if said in (None, ANY) else said


def _generation(said: Settings, composer: str, folder: Path) -> Generation:
    if said.adapters and not has_model(composer):
        raise MusmedError(
            f"an adapter is for MusicGen, and {composer} composes; name one of 'musmed composers'."
        )
    usual = Generation()
    return Generation(
        guidance=usual.guidance if said.guidance is None else said.guidance,
        top_k=usual.top_k if said.top_k is None else said.top_k,
        temperature=(
            usual.temperature if said.sampling_temperature is None else said.sampling_temperature
        ),
        decoder=said.decoder or usual.decoder,
        precision=said.precision or usual.precision,
        adapters=tuple(_adapter(text, folder) for text in said.adapters or ()),
    )


def _adapter(text: str, folder: Path) -> str:
    """Its place as one that holds wherever the session is made, its scale behind it."""
    from engine.composers.musicgen.files.adapters import parse_adapter

    wish = parse_adapter(text)
    place = wish.source
    if place.startswith((".", "~", "/")):
        place = str((folder / expanded(place, "adapter")).resolve())
    return place if wish.scale == 1.0 else f"{place}={wish.scale!r}"


def _written(value: object) -> str:
    """A level, as it stands in a condition's name."""
    match value:
        case Features():
            return features_text(value)
        case tuple():
            return "+".join(map(str, value)) or "none"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def features_text(features: Features | None) -> str:
    """'tempo=70,mode=minor'; 'none' where nothing is asked."""
    if features is None:
        return "none"
    said = {name: getattr(features, name) for name in features.__struct_fields__}
    parts = [
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in said.items()
        if value is not None
    ]
    return ",".join(parts) or "none"


def gentle_text(request: Request) -> str:
    """The caps as ``parse_gentle`` reads them, 'none' for none."""
    return written(request.gentle)


# paths


def _ways(study: StudyFile, folder: Path) -> tuple[list[_Way], list[str]]:
    paths = study.paths
    remarks: list[str] = []
    words = [word for pair in paths.pairs for word in pair]
    ways = [
        _way(start, target, f"paths.pairs[{number}]")
        for number, (start, target) in enumerate(paths.pairs, 1)
    ]
    if paths.grid is not None:
        ways += _across(paths.grid)
    if paths.listeners is not None:
        file = folder / expanded(paths.listeners, "listeners' file")
        read = read_listeners(file)
        words += [word for one in read.listeners for word in (one.start, one.target)]
        ways += [
            _way(one.start, one.target, f"{file.name}, line {one.line}", one.name)
            for one in read.listeners
        ]
        if read.left:
            remarks.append(f"Nothing is taken from these columns of {file.name}: {_listed(read)}.")
    if not ways:
        raise MusmedError("paths has no path; give it pairs, a grid or listeners.")
    way, times = Counter(ways).most_common(1)[0]
    if times > 1:
        raise MusmedError(f"The path {way.name} is there twice; leave one out.")
    return ways, remarks + _help(words)


def _help(words: Iterable[str]) -> list[str]:
    """Where help is, as ``musmed play`` says it, if one of the ``words`` speaks of harm."""
    help_here = help_for(*dict.fromkeys(words))
    return [] if help_here is None else [help_here]


def _listed(read: Any) -> str:  # noqa: ANN401
    return ", ".join(read.left)


def _way(start: str, target: str, where: str, listener: str = "") -> _Way:
    try:
        begin, begin_word = parse_affect(start)
        end, end_word = parse_affect(target, wanted=True)
    except MusmedError as error:
        raise MusmedError(" ".join((f"{where}: {error}", *_help((start, target))))) from error
    name = f"{begin_word or _place(begin)} to {end_word or _place(end)}"
    return _Way(name, listener, begin, end, begin_word, end_word)


def _place(affect: Affect) -> str:
    return f"{affect.valence:g},{affect.arousal:g}"


def _least_ways(study: StudyFile) -> int:
    """How many paths there are but those of listeners, whose file is not read yet."""
    grid, count = study.paths.grid, len(study.paths.pairs)
    if grid is not None:
        points = len(grid.valence) * len(grid.arousal)
        ends = (grid.start is not None) + (grid.target is not None)
        count += points * (ends or points - 1)
    return max(1, count)


def _across(grid: Grid) -> list[_Way]:
    points = [f"{v!r},{a!r}" for v in grid.valence for a in grid.arousal]
    where = "paths.grid"
    if grid.start is None and grid.target is None:
        return [_way(*ends, where) for ends in itertools.permutations(points, 2)]
    ways = []
    if grid.start is not None:
        ways += [_way(grid.start, point, where) for point in points]
    if grid.target is not None:
        ways += [_way(point, grid.target, where) for point in points]
    return ways
