"""Gentle ears in a request: how caps are said, that they are kept with it, and that without any
nothing is written that was not written before."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.plan.drift import PERCUSSION
from engine.plan.gentle import ALL, NAMES, RANGES, Gentle, parse_gentle, written
from engine.plan.planner import RequestError, make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec

ASKED = Request(start=Affect(-0.5, 0.6), target=Affect(0.6, 0.7), minutes=10, temperature=1.0)
WHOLE = ("register", "leaps")


def values(name: str) -> st.SearchStrategy[float | None]:
    low, high = RANGES[name]
    among = st.integers(int(low), int(high)) if name in WHOLE else st.floats(low, high)
    return st.none() | among


caps = st.builds(
    Gentle,
    **{name: values(name) for name in RANGES},
    percussion=st.sampled_from([None, "off"]),
)


@given(caps)
def test_what_is_written_is_read(gentle: Gentle) -> None:
    free = gentle == Gentle()
    assert parse_gentle(written(None if free else gentle), "it") == (None if free else gentle)


def test_all_none_and_some() -> None:
    assert parse_gentle("all", "it") == ALL
    assert parse_gentle("none", "it") is None
    assert parse_gentle("leaps=6, held", "it") == Gentle(leaps=6, held=ALL.held)
    freed = parse_gentle("all,percussion=free", "it")
    assert freed == msgspec.structs.replace(ALL, percussion=None)
    assert parse_gentle("held=free", "it") is None
    assert set(RANGES) | {"percussion"} == set(NAMES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is none, all, or some of register"),
        ("all,none", "is none, all"),
        ("quiet", "is none, all"),
        ("leaps=five", "leaps must be a whole number from 6 to 12"),
        ("leaps=6.5", "a whole number"),
        ("leaps=5", "from 6 to 12, not '5'"),
        ("held=nan", "held must be a number from 1 to 8"),
        ("brightness=1e9", "brightness must be a number from 1500 to 12000"),
        ("percussion=soft", "percussion is off or free"),
    ],
)
def test_what_is_no_cap_is_said(text: str, said: str) -> None:
    with pytest.raises(MusmedError, match=said) as refused:
        parse_gentle(text, "--gentle")
    assert str(refused.value).startswith("--gentle")


def test_the_caps_are_every_clips_and_go_where_the_request_goes() -> None:
    asked = msgspec.structs.replace(ASKED, gentle=ALL)
    assert msgspec.json.decode(msgspec.json.encode(asked), type=Request) == asked
    for clip in make_plan(asked).clips:
        assert clip.gentle == ALL
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(clip), type=ClipSpec) == clip


def test_what_was_kept_before_there_were_caps_is_read() -> None:
    old = msgspec.to_builtins(ASKED)
    del old["gentle"]
    assert msgspec.convert(old, Request) == ASKED
    assert all(b"gentle" not in msgspec.msgpack.encode(clip) for clip in make_plan(ASKED).clips)


def test_nobody_drums_where_percussion_is_off() -> None:
    """Of 40 plans some have drums; with the cap none has, and nothing else that is capped changes
    who plays."""
    free, capped = set(), set()
    for seed in range(40):
        asked = msgspec.structs.replace(ASKED, seed=seed)
        own, spared, bright = (
            make_plan(msgspec.structs.replace(asked, gentle=gentle))
            for gentle in (None, Gentle(percussion="off"), Gentle(brightness=3000.0))
        )
        free |= {clip.tags.instrument for clip in own.clips}
        capped |= {clip.tags.instrument for clip in spared.clips}
        assert [clip.tags for clip in bright.clips] == [clip.tags for clip in own.clips]
    assert free & PERCUSSION
    assert not capped & PERCUSSION


def test_drums_are_not_pinned_where_they_are_off() -> None:
    asked = msgspec.structs.replace(ASKED, instrument="Drum machine", gentle=ALL)
    with pytest.raises(RequestError, match="drum machine is percussion"):
        make_plan(asked)
    make_plan(msgspec.structs.replace(asked, gentle=Gentle(leaps=6)))
