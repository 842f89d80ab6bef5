"""The meter's readings on their way: record, library, sidecar, snapshot, plane."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.clip_record import MAX_READINGS, ClipRecord
from engine.composers.base import Marks
from engine.meter.reading import Reading
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.playback.placement import JoinRecord
from engine.session.library.library import Library
from engine.session.library.records import ClipRow
from engine.session.status import ClipView
from engine.sidecar import session_report
from musmed_tui.drawing.plane_layout import MEASURED, QUARTER, PlaneState, layout, layout_key
from musmed_tui.drawing.plane_picture import moving, picture
from musmed_tui.session_view import expected

REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4), minutes=3, seed=7)
PLAN = make_plan(REQUEST)
RATE = 48_000


def reading(end: float, valence: float = 0.25, arousal: float = -0.5) -> Reading:
    return Reading(
        start=end - 10.0,
        end=end,
        valence=valence,
        arousal=arousal,
        valence_error=0.3,
        arousal_error=0.3,
        known=True,
    )


def record(start: float) -> ClipRecord:
    return ClipRecord(
        composer="embedded",
        version=1,
        loudness=-23.0,
        true_peak=-2.0,
        gating="off",
        seconds=1.0,
        speed=30.0,
        readings=tuple(reading(start + 10.0 * k, arousal=-k / 10) for k in (1, 2, 3)),
    )


def stored(index: int) -> ClipRow:
    spec = PLAN.clips[index]
    start = round(spec.start * RATE)
    return ClipRow(spec, start, 30 * RATE, False, b"", record(spec.start), Marks())


def test_a_record_of_before_the_meter_is_still_read() -> None:
    old = msgspec.json.decode(msgspec.json.encode(record(0.0)))
    del old["readings"]
    assert msgspec.convert(old, ClipRecord).readings == ()


@pytest.mark.parametrize(
    "change",
    [
        {"readings": [msgspec.to_builtins(reading(10.0))] * (MAX_READINGS + 1)},
        {"readings": [{**msgspec.to_builtins(reading(10.0)), "valence": 1.01}]},
        {"readings": [{**msgspec.to_builtins(reading(10.0)), "arousal": "calm"}]},
        {"readings": [{**msgspec.to_builtins(reading(10.0)), "more": 1}]},
    ],
    ids=["too many", "off the plane", "no number", "unknown field"],
)
def test_a_record_of_a_strange_engine_is_refused(change: dict[str, object]) -> None:
    told = {**msgspec.to_builtins(record(0.0)), **change}
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(told), type=ClipRecord)


def test_the_library_gives_readings_back(tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    clip = stored(1)
    session = library.create(REQUEST, "embedded", 1, None, datetime(2026, 11, 21, tzinfo=UTC))
    library.save_clip(
        session, clip.spec, clip.start, clip.frames, clip.cut, b"", clip.record, clip.marks
    )
    kept = library.load(session).clips[clip.spec.key].record
    library.close()
    assert kept == clip.record


def test_the_sidecar_tells_what_was_heard() -> None:
    clips = [stored(0), stored(1)]
    told = session_report(REQUEST, PLAN, (), clips, ()).clips
    assert [r.end for r in told[0].readings] == [10.0, 20.0, 30.0]
    assert [r.end for r in told[1].readings] == [32.5, 42.5, 52.5]
    assert told[0].meter == Affect(0.25, -0.3)


def test_readings_past_a_splice_were_not_heard() -> None:
    revised = msgspec.structs.replace(stored(0).spec, revision=1, start=21.0)
    splice = JoinRecord(
        index=0,
        revision=1,
        frame=21 * RATE,
        kind="splice",
        law="fade",
        correlation=0.0,
        lag=0,
    )
    late = ClipRow(revised, 21 * RATE, 3 * RATE, False, b"", None, Marks())
    told = session_report(REQUEST, PLAN, (), [stored(0), late], [splice]).clips
    assert [r.end for r in told[0].readings] == [10.0, 20.0]
    assert told[0].meter == Affect(0.25, -0.2)
    assert (told[1].readings, told[1].meter) == ((), None)


def test_a_snapshot_knows_the_measured_path_as_far_as_it_was_heard() -> None:
    base = expected(REQUEST)
    views = tuple(
        ClipView(v.index, v.revision, v.start, v.end, "ready", record(v.start))
        for v in base.timeline
    )
    for position, count in ((29.0, 0), (30.0, 1), (60.0, 2), (99.0, 4)):
        shown = msgspec.structs.replace(base, timeline=views, position_s=position)
        assert shown.measured == (Affect(0.25, -0.3),) * count
    assert base.measured == ()


@pytest.mark.parametrize("glyphs", ["braille", "quadrant", "ascii"])
def test_measured_dots_change_their_own_cells_only(glyphs: str) -> None:
    bare = PlaneState(total=180.0)
    dotted = replace(bare, measured=(Affect(0.31, -0.52), Affect(-0.6, 0.33), Affect(1.0, -1.0)))
    assert layout_key(bare) == layout_key(dotted)
    plane = layout(bare, 60, 20, glyphs)  # type: ignore[arg-type]
    before, after = (picture(plane, moving(state, plane), 180.0, None) for state in (bare, dotted))
    changed = {
        (x, y) for y, row in enumerate(after) for x, cell in enumerate(row) if cell != before[y][x]
    }
    assert changed == {plane.frame.cell(point) for point in dotted.measured}
    assert {after[y][x].role % QUARTER for x, y in changed} == {MEASURED}
