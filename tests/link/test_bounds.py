"""Every field that comes over the link has a limit: a text, a count, a number, on both sides."""

from __future__ import annotations

import io
import math
import types
import typing
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.link.ears import FromEars, ToEars
from engine.link.framing import FrameReader, LinkError, encode_frame
from engine.link.protocol import (
    SENTENCE_LETTERS,
    Failure,
    Hello,
    Marks,
    Open,
    Opened,
    ToEngine,
    ToFront,
    sentence,
)
from engine.link.spec_check import MOST_LETTERS, MOST_POINTS, SpecRefusedError, check_spec, checked
from engine.plan.clock import MAX_MINUTES, MIN_MINUTES
from engine.plan.described import MAX_BARS, DescribedBar, Description
from engine.plan.events import Ease, Skip, Steer
from engine.plan.packed import packed
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec, LevelPoint, SeedStep, Tags
from engine.plan.wanted import FREE, FaderStep, Features

SPEC = make_plan(Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2)).clips[1]
CHECKED = {ClipSpec: "spec_check looks at it", Marks: "its times are looked at by clip_check"}


def fields(kind: object, where: str) -> Iterator[tuple[str, object, frozenset[str]]]:
    """Each text, number and list within ``kind``, with the limits that its type says."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        inner, *metas = typing.get_args(kind)
        said = {
            name
            for meta in metas
            if isinstance(meta, msgspec.Meta)
            for name in ("ge", "le", "max_length")
            if getattr(meta, name) is not None or (name == "max_length" and meta.pattern)
        }
        for name, found, limits in fields(inner, where):
            yield name, found, limits | said if name == where else limits
    elif origin in (types.UnionType, typing.Union):
        for one in typing.get_args(kind):
            yield from fields(one, where)
    elif origin in (tuple, dict):
        yield where, origin, frozenset()
        for one in typing.get_args(kind):
            if one is not Ellipsis:
                yield from fields(one, f"{where}[]")
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind not in CHECKED:
            for name, inner in typing.get_type_hints(kind, include_extras=True).items():
                yield from fields(inner, f"{kind.__name__}.{name}")
    elif kind in (str, int, float, bytes):
        yield where, kind, frozenset()


@pytest.mark.parametrize(
    ("union", "most"),
    [(ToEngine, 10), (ToFront, 10), (FromEars, 6), (ToEars, 6)],
    ids=("to the engine", "to the front", "from ears", "to ears"),
)
def test_every_text_list_and_whole_number_of_a_message_has_a_limit(
    union: object, most: int
) -> None:
    """Of other numbers ``clip_check`` and ``spec_check`` say which are none. ``most``: so many
    fields are found at least."""
    needed = {str: {"max_length"}, tuple: {"max_length"}, dict: {"max_length"}, int: {"ge", "le"}}
    found = list(fields(union, "message"))
    assert len(found) > most
    lacking = [name for name, kind, limits in found if not needed.get(kind, set()) <= limits]  # type: ignore[call-overload]
    assert lacking == []


LONG = "x" * 5_000


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (ToEngine, Open(LONG)),
        (ToFront, Opened("embedded", 2**40)),
        (ToFront, Opened("embedded", 1, notice=LONG)),
        (ToFront, Failure(LONG)),
        (ToFront, Hello(5, LONG, "3", 1, ())),
        (ToFront, Hello(5, "1", "3", 1, ("x",) * 100)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_is_over_a_limit_ends_the_connection(kind: object, message: msgspec.Struct) -> None:
    frame = encode_frame(msgspec.msgpack.encode(message), b"")
    reader: FrameReader[object] = FrameReader(io.BytesIO(frame), kind)
    with pytest.raises(LinkError, match="unreadable message"):
        reader.read()


def test_an_engine_says_no_more_than_it_may() -> None:
    assert sentence("a reason.") == "a reason."
    assert len(sentence("x" * 100_000)) == SENTENCE_LETTERS


affects = st.builds(Affect, st.floats(-1, 1), st.floats(-1, 1))
deeds = st.lists(
    st.tuples(st.floats(0.0, 1.0), st.sampled_from(["steer", "ease", "skip"]), affects), max_size=8
)


@settings(max_examples=20)
@given(affects, affects, st.floats(MIN_MINUTES, 10.0), deeds, st.integers(0, 2**63 - 1))
def test_every_clip_of_every_session_is_taken(
    start: Affect, target: Affect, minutes: float, done: list[Any], seed: int
) -> None:
    request = Request(start=start, target=target, minutes=minutes, seed=seed)
    latest = request.seconds - 10.0
    made = {
        "steer": lambda at, to: Steer(at, to, "calm"),
        "ease": lambda at, _: Ease(at),
        "skip": lambda at, _: Skip(at),
    }
    events = [
        made[name](share * latest, to) for share, name, to in sorted(done, key=lambda d: d[0])
    ]
    for spec in make_plan(request, events).clips:
        check_spec(spec)


def test_so_is_every_clip_of_the_longest_session() -> None:
    request = Request(start=Affect(-1.0, 1.0), target=Affect(1.0, -1.0), minutes=MAX_MINUTES)
    for spec in make_plan(request).clips:
        check_spec(spec)


def changed(**what: object) -> ClipSpec:
    return msgspec.structs.replace(SPEC, **what)


HERE = Affect(0.0, 0.0)


@pytest.mark.parametrize(
    "spec",
    [
        changed(index=-1),
        changed(index=2**62),
        changed(revision=-1),
        changed(start=math.nan),
        changed(start=-1.0),
        changed(end=math.inf),
        changed(end=SPEC.start),
        changed(end=SPEC.start + 60.0),
        changed(end=1e300, total=1e300),
        changed(total=SPEC.end - 1.0),
        changed(start=1e8, end=1e8 + 30.0, total=2e8),
        changed(path=Path(())),
        changed(path=Path((Waypoint(5.0, HERE), Waypoint(1.0, HERE)))),
        changed(path=Path((Waypoint(math.nan, HERE),))),
        changed(path=Path((Waypoint(0.0, HERE),) * (MOST_POINTS + 1))),
        changed(levels=()),
        changed(levels=(LevelPoint(0.0, math.inf),)),
        changed(levels=(LevelPoint(9.0, -20.0), LevelPoint(1.0, -20.0))),
        changed(seeds=()),
        changed(seeds=(SeedStep(-1e300, 1),)),
        changed(seeds=(SeedStep(1.0, 1), SeedStep(0.0, 1))),
        changed(faders=(FaderStep(1.0, FREE), FaderStep(0.0, FREE))),
        changed(faders=(FaderStep(math.nan, FREE),)),
        changed(faders=(FaderStep(0.0, FREE),) * (MOST_POINTS + 1)),
        changed(features=Features(tempo=math.nan)),
        changed(prompt="x" * (MOST_LETTERS + 1)),
        changed(tags=Tags("x" * (MOST_LETTERS + 1), "", "", "")),
    ],
)
def test_a_clip_that_no_session_has_is_refused(spec: ClipSpec) -> None:
    check_spec(SPEC)
    with pytest.raises(SpecRefusedError, match="asked for a clip that can't be"):
        check_spec(spec)


DESCRIBED = Description(bars=(DescribedBar(mean_pitch=60.0), DescribedBar()))


def test_a_description_that_comes_beside_a_clip_is_the_one_that_was_asked_for() -> None:
    assert checked(SPEC, b"") is SPEC
    assert checked(SPEC, packed(DESCRIBED)) == changed(description=DESCRIBED)


@pytest.mark.parametrize(
    "described",
    [
        b"x",
        packed(DESCRIBED)[:-1],
        packed(DESCRIBED) + b"x",
        zlib.compress(b"x"),
        zlib.compress(bytes(64 << 20)),
        zlib.compress(msgspec.json.encode({"bars": []})),
        zlib.compress(msgspec.json.encode({"bars": [{}] * (MAX_BARS + 1)})),
        zlib.compress(b'{"bars": [{"mean_pitch": NaN}]}'),
        zlib.compress(msgspec.json.encode({"bars": [{"chords": ["x" * 40]}]})),
    ],
)
def test_a_description_that_is_none_is_refused(described: bytes) -> None:
    with pytest.raises(SpecRefusedError, match="its description is none"):
        checked(SPEC, described)
