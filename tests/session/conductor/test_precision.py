"""What a model multiplies in is settled once, told to later engines, recorded and made again."""

from __future__ import annotations

import msgspec
import pytest
from support.world import RECORD, REQUEST, World

from engine.clip_record import ClipRecord, HandedOver, Stage
from engine.composers.base import EMBEDDED
from engine.composers.precision import USUAL
from engine.plan.generation import Generation
from engine.plan.spec import ClipKey
from engine.session.conductor.clip_composers import composers_of
from engine.session.conductor.conductor import Conductor

FIRST, SECOND, THIRD = ClipKey(0, 0), ClipKey(1, 0), ClipKey(2, 0)


def playing(conductor: Conductor, multiplies: str = "int8", speed: float = 20.0) -> World:
    world = World(conductor=conductor, multiplies=multiplies, speed=speed, stand_ins=(EMBEDDED,))
    world.do(conductor.start())
    return world


def test_what_the_first_engine_said_is_told_to_the_next() -> None:
    world = playing(Conductor(REQUEST, "fake"))

    def otherwise() -> None:
        world.multiplies = "bfloat16"  # what 'auto' would be by now
        world.kill()

    world.run(30.0, {8.0: world.kill, 16.0: otherwise})
    assert world.precisions == ["", "int8", "int8"]


def test_clips_are_made_again_in_what_they_were_composed_in() -> None:
    """A session that went on on another machine; one clip is of before that was recorded."""
    records: dict[ClipKey, ClipRecord | None] = {
        FIRST: RECORD,
        SECOND: msgspec.structs.replace(RECORD, precision="float16"),
        THIRD: msgspec.structs.replace(RECORD, precision="int8"),
    }
    known = composers_of(records)
    assert known[FIRST].stages == (Stage("fake", "", USUAL),)
    conductor = Conductor(REQUEST, "fake", clip_composers=known, precision=USUAL)
    world = playing(conductor)
    world.run(250.0)
    assert world.precisions == [USUAL, "float16", "int8"]
    assert not world.said


def test_a_handover_keeps_what_came_before_it() -> None:
    world = playing(Conductor(REQUEST, "fake"), speed=1.5)

    def dies() -> None:
        world.engine_works = False
        world.kill()

    world.run(60.0, {12.0: dies})
    handed = [clip.record for clip in world.finished.values() if clip.record.handover]
    assert {record.stages[0] for record in handed} == {Stage("fake", "", "int8")}
    again = composers_of({FIRST: record_handed_over()})
    assert again[FIRST].stages == (Stage("fake", "", "int8"), Stage(EMBEDDED))
    assert composers_of({FIRST: record_handed_over()}, resound=True)[FIRST].stages[0] == (
        "fake",
        "",
        "int8",
    )


def record_handed_over() -> ClipRecord:
    return msgspec.structs.replace(
        RECORD, composer=EMBEDDED, handover=HandedOver("fake", 0, 0, precision="int8")
    )


@pytest.mark.parametrize(
    ("wish", "so_far", "says"),
    [("auto", "", False), ("auto", USUAL, False), ("int8", "", True), ("auto", "int8", True)],
)
def test_an_older_engine_elsewhere_is_told_where_it_matters(
    wish: str, so_far: str, says: bool
) -> None:
    generation = msgspec.convert({"precision": wish}, Generation)
    request = msgspec.structs.replace(REQUEST, generation=generation)
    world = playing(Conductor(request, "fake", far="lab", precision=so_far), multiplies="")
    world.run(20.0)
    told = [text for text in world.said if text.startswith("musmed on lab is older")]
    assert len(told) == says
