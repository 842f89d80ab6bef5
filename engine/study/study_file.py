"""What a study file says (docs/study.md): its tables as types, and what is wrong in words."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from engine.affect.path import Strategy
from engine.errors import MusmedError
from engine.places import read_small
from engine.plan.clock import MAX_MINUTES, MIN_MINUTES
from engine.plan.generation import (
    GUIDANCE_RANGE,
    MOST_ADAPTERS,
    SAMPLING_RANGE,
    TOP_K_RANGE,
    Decoder,
    Precision,
)
from engine.plan.wanted import Features
from engine.printable import one_line
from engine.study.listening.questions import MOST_MOMENTS, Questions
from engine.toml_text import parse_toml

MAX_BYTES = 256 * 1024
MOST_LEVELS = 100
"""Of a factor, and listed conditions."""
MOST_PAIRS = 2_000
MOST_GRID = 25
"""Values on an axis of a grid."""
MOST_SEEDS = 10_000
_REASON = 300

Minutes = Annotated[float, Meta(ge=MIN_MINUTES, le=MAX_MINUTES)]
Feeling = Annotated[str, Meta(min_length=1, max_length=60)]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_. +-]{0,59}\Z")]
Word = Annotated[str, Meta(min_length=1, max_length=4096)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Place = Annotated[float, Meta(ge=-1.0, le=1.0)]
Adapters = Annotated[tuple[Word, ...], Meta(max_length=MOST_ADAPTERS)]
Guidance = Annotated[float, Meta(ge=GUIDANCE_RANGE[0], le=GUIDANCE_RANGE[1])]
TopK = Annotated[int, Meta(ge=TOP_K_RANGE[0], le=TOP_K_RANGE[1])]
Sampling = Annotated[float, Meta(ge=SAMPLING_RANGE[0], le=SAMPLING_RANGE[1])]
Sound = Literal["flac", "wav", "none"]
_Few = Meta(min_length=1, max_length=MOST_LEVELS)
_Axis = Annotated[tuple[Place, ...], Meta(min_length=1, max_length=MOST_GRID)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How sessions are made; None where it is not said."""

    strategy: Strategy | None = None
    composer: Word | None = None
    adapters: Adapters | None = None
    temperature: Share | None = None
    instrument: Word | None = None
    genre: Word | None = None
    """'any' for what musmed chooses, as for an instrument."""
    gentle: Word | None = None
    """As ``engine.plan.gentle.parse_gentle`` reads it."""
    features: Features | None = None
    guidance: Guidance | None = None
    top_k: TopK | None = None
    sampling_temperature: Sampling | None = None
    decoder: Decoder | None = None
    precision: Precision | None = None


class Condition(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the conditions that are listed."""

    name: Name


class Factors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is crossed: each a list of levels; () where it is no factor."""

    strategy: Annotated[tuple[Strategy, ...], _Few] | None = None
    composer: Annotated[tuple[Word, ...], _Few] | None = None
    adapters: Annotated[tuple[Adapters, ...], _Few] | None = None
    temperature: Annotated[tuple[Share, ...], _Few] | None = None
    instrument: Annotated[tuple[Word, ...], _Few] | None = None
    genre: Annotated[tuple[Word, ...], _Few] | None = None
    gentle: Annotated[tuple[Word, ...], _Few] | None = None
    features: Annotated[tuple[Features, ...], _Few] | None = None
    guidance: Annotated[tuple[Guidance, ...], _Few] | None = None
    top_k: Annotated[tuple[TopK, ...], _Few] | None = None
    sampling_temperature: Annotated[tuple[Sampling, ...], _Few] | None = None
    decoder: Annotated[tuple[Decoder, ...], _Few] | None = None
    precision: Annotated[tuple[Precision, ...], _Few] | None = None


class Grid(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"start": "from", "target": "to"},
):
    """Points of the plane. Each is a start and a target of every other, but where ``start`` or
    ``target`` is said: then each is the other end of a path with that."""

    valence: _Axis
    arousal: _Axis
    start: Feeling | None = None
    target: Feeling | None = None


class Paths(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where to where; all that are said, together."""

    pairs: Annotated[tuple[tuple[Feeling, Feeling], ...], Meta(max_length=MOST_PAIRS)] = ()
    grid: Grid | None = None
    listeners: Word | None = None
    """A CSV beside the study file (``engine.study.listeners``)."""


class Evaluate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured of a session that is done."""

    judges: Annotated[tuple[Word, ...], Meta(max_length=8)] = ("meter",)
    """As ``musmed evaluate --judge``; not CLAP, which compares many sounds."""
    loudness: bool = True
    comfort: bool = True


class StudyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    title: Annotated[str, Meta(min_length=1, max_length=120)]
    paths: Paths
    minutes: Annotated[tuple[Minutes, ...], _Few] | Minutes = 2.0
    seeds: (
        Annotated[tuple[Seed, ...], Meta(min_length=1, max_length=MOST_SEEDS)]
        | Annotated[int, Meta(ge=1, le=MOST_SEEDS)]
    ) = 1
    """How many, from 1 on, or which."""
    sound: Sound = "flac"
    """What is kept of the sound; none: only its figures."""
    settings: Settings = Settings()
    factors: Factors = Factors()
    condition: Annotated[tuple[Condition, ...], Meta(max_length=MOST_LEVELS)] = ()
    evaluate: Evaluate = Evaluate()
    answers: Questions = Questions()


_ALLOWED = {
    "title": "a text of 1 to 120 characters",
    "minutes": f"a number from {MIN_MINUTES:g} to {MAX_MINUTES:g}, or a list of such",
    "seeds": f"how many (1 to {MOST_SEEDS}), or a list of whole numbers from 0 on",
    "sound": "flac, wav or none",
    "pairs": "a list of [FROM, TO], each a feeling or 'valence,arousal'",
    "valence": f"a list of up to {MOST_GRID} numbers from -1 to 1",
    "arousal": f"a list of up to {MOST_GRID} numbers from -1 to 1",
    "from": "a feeling or 'valence,arousal'",
    "to": "a feeling or 'valence,arousal'",
    "listeners": "the name of a CSV file, in quotes",
    "strategy": "iso or direct",
    "composer": "a composer of 'musmed composers', in quotes",
    "adapters": f"a list of up to {MOST_ADAPTERS} places in quotes",
    "temperature": "a number from 0 to 1",
    "instrument": "a tag of 'musmed instruments' or any",
    "genre": "a tag of 'musmed genres' or any",
    "gentle": "none, all, or caps as --gentle takes them",
    "features": "a table such as {tempo = 70, mode = 'minor'} (docs/description.md)",
    "guidance": f"a number from {GUIDANCE_RANGE[0]:g} to {GUIDANCE_RANGE[1]:g}",
    "top_k": f"a whole number from {TOP_K_RANGE[0]} to {TOP_K_RANGE[1]}",
    "sampling_temperature": f"a number from {SAMPLING_RANGE[0]:g} to {SAMPLING_RANGE[1]:g}",
    "decoder": "ours, reference or audiocraft",
    "precision": "auto, float32, bfloat16 or int8",
    "name": "1 to 60 letters, digits, blanks and _.+-",
    "judges": "a list of up to 8 judges in quotes, as 'musmed evaluate --judge' takes them",
    "loudness": "true or false",
    "comfort": "true or false",
    "participants": "how many listeners there will be, 1 to 999",
    "consent": "a text of up to 8000 characters, '' for none",
    "ratings": "true or false",
    "moments": f"a list of up to {MOST_MOMENTS} times in seconds, such as [30, 60, 90]",
    "liking": "true or false",
    "note": "true or false",
    "pseudonyms": "given or typed",
}
"""What may stand in a field, for the sentence that says it is wrong."""
_AT = re.compile(r" - at `\$\.?(.*)`\Z")
_UNKNOWN = re.compile(r"unknown field `(.*)`")
_MISSING = re.compile(r"missing required field `(.*)`")


def read_study(path: Path) -> StudyFile:
    """The study file at ``path``. Raises ``MusmedError`` that names what is wrong and its place."""
    data = read_small(path, f"The study file {path}", MAX_BYTES)
    try:
        return parse_study(data)
    except ValueError as error:
        raise MusmedError(f"{path.name}: {error}.") from error


def parse_study(data: bytes) -> StudyFile:
    """The study in a file's bytes. Raises ``ValueError`` with what is wrong, without an end."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is over {MAX_BYTES // 1024} KiB")
    try:
        said = parse_toml(data)
    except UnicodeDecodeError as error:
        raise ValueError("it is no UTF-8 text") from error
    except ValueError as error:
        raise ValueError(one_line(str(error), _REASON)) from error
    try:
        return msgspec.convert(said, StudyFile)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(_in_words(str(error))) from error


def _in_words(reason: str) -> str:
    """What msgspec says, with the place as it stands in the file and what is allowed there."""
    at = _AT.search(reason)
    where = at[1] if at else ""
    said = _AT.sub("", reason)
    if unknown := _UNKNOWN.search(said):
        return _said_of_unknown(where, unknown[1])
    if missing := _MISSING.search(said):
        return one_line(f"{_dotted(where, missing[1])} is missing: {_may_be(missing[1])}", _REASON)
    field = re.sub(r"\[\d+\]", "", where).rpartition(".")[2] or "the file"
    if re.fullmatch(r"factors\.\w+", where) and field in _ALLOWED:
        return f"{where} is wrong: it may be a list of 1 to {MOST_LEVELS}, each {_ALLOWED[field]}"
    named = re.sub(r"\[(\d+)\]", lambda found: f"[{int(found[1]) + 1}]", where) or "the file"
    return one_line(f"{named} is wrong: {_may_be(field, said)}", _REASON)


def _may_be(field: str, otherwise: str = "a table") -> str:
    allowed = _ALLOWED.get(field)
    return otherwise.replace("`", "'") if allowed is None else f"it may be {allowed}"


def _said_of_unknown(where: str, field: str) -> str:
    known = _fields(where)
    near = difflib.get_close_matches(field, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return one_line(f"there is no {_dotted(where, field)}; {hint}", _REASON).rstrip("?")


def _dotted(where: str, field: str) -> str:
    table = re.sub(r"\[(\d+)\]", lambda found: f"[{int(found[1]) + 1}]", where)
    return f"{table}.{field}" if table else field


def _fields(where: str) -> tuple[str, ...]:
    """Of the table at ``where``, as they stand in the file."""
    tables: dict[str, Any] = {
        "": StudyFile,
        "paths": Paths,
        "paths.grid": Grid,
        "settings": Settings,
        "factors": Factors,
        "condition": Condition,
        "evaluate": Evaluate,
        "answers": Questions,
    }
    table = tables.get(re.sub(r"\[\d+\]|\[\.\.\.\]", "", where), Features)
    return tuple(one.encode_name for one in msgspec.structs.fields(table))
