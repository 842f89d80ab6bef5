"""A kept session that goes on otherwise than it was made: what is said, and when."""

from __future__ import annotations

import msgspec
import pytest
from support.world import RECORD, REQUEST, World, gone_on, interrupted, started

from engine.affect.circumplex import Affect
from engine.clip_record import ClipRecord
from engine.composers.base import EMBEDDED
from engine.composers.synthesis import BUILTIN
from engine.plan.events import Steer
from engine.plan.spec import ClipKey
from engine.session.conductor.clip_composers import composers_of
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.conductor import Conductor
from engine.session.conductor.resumption import Resumption, resumption

OTHER = "fluidsynth 2.3.1 fedcba9876543210 Other.sf2"


def kept(version: int = 1, synthesis: str = BUILTIN, composer: str = EMBEDDED) -> Resumption:
    """What is left of a session that broke off after a minute."""
    world = started(conductor=Conductor(REQUEST, EMBEDDED), speed=3.0, here=(BUILTIN,))
    world.run(61.0)
    left = interrupted(world)
    for clip in left.clips.values():
        assert clip.record is not None
        clip.record = msgspec.structs.replace(
            clip.record, version=version, synthesis=synthesis, composer=composer
        )
    return left


def goes_on(
    left: Resumption,
    sounds: str = BUILTIN,
    composer: str = EMBEDDED,
    deed: Steer | None = None,
) -> World:
    """To the end, by a composer of version 1 that ``sounds`` so, whatever was asked for."""
    records: dict[ClipKey, ClipRecord | None] = {
        key: clip.record
        and msgspec.structs.replace(
            RECORD,
            composer=clip.record.composer,
            version=clip.record.version,
            synthesis=clip.record.synthesis,
        )
        for key, clip in left.clips.items()
    }
    newest = records[max(records)]
    conductor = Conductor(
        REQUEST,
        composer,
        kept=left,
        clip_composers=composers_of(records),
        synthesis=newest.synthesis if newest else "",
    )
    world = gone_on(left, conductor=conductor, here=(sounds,))
    world.found = lambda _command: sounds  # type: ignore[method-assign]
    world.run(400.0, {2.0: lambda: world.tell(deed)} if deed else {})
    assert world.finished[max(world.finished)].spec.index == 10
    return world


def since(left: Resumption) -> str:
    start = left.first * 22.5
    return f"from {int(start // 60)}:{int(start % 60):02d} on"


def test_nothing_is_said_where_all_is_as_it_was() -> None:
    assert goes_on(kept()).said == []


@pytest.mark.parametrize("version", [2, 7])
def test_another_version_is_said_once(version: int) -> None:
    left = kept(version)
    assert goes_on(left).said == [
        f"Version {version} of the embedded composer made what comes before; {since(left)} version "
        "1 composes, and begins a piece of its own."
    ]


def test_other_sounds_are_said_once() -> None:
    left = kept(synthesis=OTHER)
    assert goes_on(left).said == [
        f"What comes before was sounded by the soundfont Other.sf2; {since(left)} it is the "
        "built-in synthesis."
    ]
    left = kept()
    assert goes_on(left, sounds="builtin 0123456789abcdef").said == [
        f"What comes before was sounded by the built-in synthesis of an earlier version; "
        f"{since(left)} it is that of this one."
    ]


@pytest.mark.parametrize(("version", "anew"), [(1, False), (2, True)])
def test_a_splice_that_begins_another_piece_takes_its_time(version: int, anew: bool) -> None:
    """Heard so now, and when what is kept of it is heard again."""
    left = kept(version)
    world = goes_on(left, deed=Steer(left.position, Affect(0.5, 0.5)))
    assert world.renewed == [anew]
    made = {
        key: ClipState.kept(
            clip.spec,
            start=clip.start,
            frames=clip.frames,
            cut=clip.cut,
            marks=clip.marks,
            record=clip.record,
        )
        for key, clip in world.finished.items()
    }
    again = resumption(REQUEST, world.kept, left.clips | made, left.position)
    assert [one.renewed for one in again.placed if one.splice] == [anew]


def test_a_take_over_is_no_renewal() -> None:
    assert goes_on(kept(3, "", "fake")).said == []


def test_a_session_that_goes_on_twice_goes_on_as_it_was() -> None:
    """Of two versions, and of two syntheses: only what comes right before counts."""
    left = kept()
    for key, clip in left.clips.items():
        if key.index < 1 and clip.record is not None:
            clip.record = msgspec.structs.replace(clip.record, version=9, synthesis=OTHER)
    assert goes_on(left).said == []
