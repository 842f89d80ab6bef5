"""The sidecar says what was heard, clip by clip."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.clip_record import ClipRecord
from engine.composers.base import BarRecord, Marks
from engine.errors import MusmedError
from engine.plan.events import Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import Change, ClipSpec, Players
from engine.playback.placement import JoinRecord
from engine.session.library.records import ClipRow
from engine.sidecar import check_report_path, report_path, session_report, write_report

REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4), minutes=2, seed=3)
EVENT = Steer(at=40.0, target=Affect(0.1, -0.7))
RATE = 48_000


def _record(version: int = 1) -> ClipRecord:
    return ClipRecord(
        composer="embedded",
        version=version,
        loudness=-22.5,
        true_peak=-1.2,
        gating="off",
        seconds=1.0,
        speed=30.0,
    )


def _clip(spec: ClipSpec, *, start: float | None = None) -> ClipRow:
    begin = spec.start if start is None else start
    frames = round((spec.end - begin) * RATE)
    return ClipRow(spec, round(begin * RATE), frames, False, b"", _record(), Marks())


def _join(clip: ClipRow, kind: Any = "join") -> JoinRecord:
    key = clip.spec.key
    return JoinRecord(
        index=key.index,
        revision=key.revision,
        frame=clip.start,
        kind=kind,
        law="passthrough",
        correlation=0.9995,
        lag=480,
    )


def test_every_clip_of_a_plain_session_is_told() -> None:
    plan = make_plan(REQUEST)
    clips = [_clip(spec) for spec in plan.clips]
    report = session_report(REQUEST, plan, (), clips, [_join(clip) for clip in clips[1:]])
    assert [(c.index, c.start_s, c.end_s) for c in report.clips] == [
        (spec.index, spec.start, spec.end) for spec in plan.clips
    ]
    for told, spec in zip(report.clips, plan.clips, strict=True):
        assert told.affect_start == spec.path.at(spec.start)
        assert told.affect_end == spec.path.at(spec.end)
        assert (told.path[0].time, told.path[-1].time) == (spec.start, spec.end)
        assert (told.tags, told.prompt, told.seed) == (spec.tags, spec.prompt, spec.seed)
        assert (told.composer, told.loudness, told.gating) == ("embedded", -22.5, "off")
    assert report.clips[0].join is None
    join = report.clips[1].join
    assert join is not None
    assert (join.law, join.correlation, join.lag_s) == ("passthrough", 0.9995, 0.01)
    assert report.versions.composers == {"embedded": 1}


def test_a_revised_clip_ends_at_its_splice_and_an_unheard_one_is_left_out() -> None:
    old = make_plan(REQUEST)
    plan = make_plan(REQUEST, (EVENT,))
    splice = _clip(plan.clips[plan.first_changed], start=40.5)
    revised = [splice, *(_clip(spec) for spec in plan.clips[plan.first_changed + 1 :])]
    clips = [*(_clip(spec) for spec in old.clips), *revised]
    joins = [_join(splice, "splice"), *(_join(clip) for clip in revised[1:])]
    report = session_report(REQUEST, plan, (EVENT,), clips, joins)

    told = {(c.index, c.revision): c for c in report.clips}
    source = told[splice.spec.index, 0]
    assert source.end_s == 40.5
    assert source.affect_end == old.clips[splice.spec.index].path.at(40.5)
    assert told[splice.spec.key].start_s == 40.5
    assert told[splice.spec.key].join is not None
    unheard = {spec.key for spec in old.clips if spec.start >= 40.5}
    assert unheard
    assert not unheard & told.keys()
    assert [c.start_s for c in report.clips] == sorted(c.start_s for c in report.clips)


def _barred(spec: ClipSpec, players: Sequence[tuple[float, Players]]) -> ClipRow:
    """A clip whose bars, of 2.5 s, have the players of the last of (since, who)."""
    clip = _clip(spec)
    bars = []
    for k in range(round((spec.end - spec.start) / 2.5)):
        at = spec.start + 2.5 * k
        who = [one for since, one in players if since <= at][-1]
        bars.append(
            BarRecord(
                start=at,
                time_signature="4/4",
                chords=("C",),
                instruments=("piano",),
                note_density=1.0,
                mean_pitch=60.0,
                mean_velocity=60.0,
                mean_duration=1.0,
                asked={},
                instrument=who.instrument,
                genre=who.genre,
            )
        )
    record = msgspec.structs.replace(_record(), bars=tuple(bars))
    return msgspec.structs.replace(clip, record=record)


def test_it_says_when_a_change_of_players_was_heard() -> None:
    one, two, three = (Players(tag, "folk") for tag in ("guitar", "flute", "harp"))
    changes = (
        Change(0.0, 0.0, one),
        Change(22.5, 97.5, two),
        Change(45.0, 120.0, three, until=60.0),
    )
    plan = msgspec.structs.replace(make_plan(REQUEST), changes=changes)
    clips = [_barred(spec, [(0.0, one), (40.0, two)]) for spec in plan.clips]
    told = session_report(REQUEST, plan, (), clips, ()).changes
    assert [change.heard_s for change in told] == [0.0, 40.0, None]
    assert [change.until_s for change in told] == [None, None, 60.0]
    assert [(c.not_before_s, c.not_after_s) for c in told[1:]] == [(22.5, 97.5), (45.0, 120.0)]


def test_of_a_composer_without_bars_a_change_is_heard_with_its_clip() -> None:
    plan = make_plan(REQUEST)
    first, second = plan.changes[0].players, Players("harp", "celtic")
    assert len(plan.changes) == 1
    changed = msgspec.structs.replace(
        plan,
        changes=(plan.changes[0], Change(45.0, 120.0, second)),
        clips=tuple(
            msgspec.structs.replace(
                spec,
                tags=msgspec.structs.replace(spec.tags, instrument="harp", genre="celtic"),
            )
            if spec.start >= 45.0
            else spec
            for spec in plan.clips
        ),
    )
    told = session_report(REQUEST, changed, (), [_clip(spec) for spec in changed.clips], ()).changes
    assert [(c.instrument, c.heard_s) for c in told] == [(first.instrument, 0.0), ("harp", 45.0)]


def test_the_file_is_the_report_as_json(tmp_path: Path) -> None:
    plan = make_plan(REQUEST, (EVENT,))
    path = report_path(tmp_path / "out.flac")
    assert path == tmp_path / "out.json"
    for _ in ("new", "in place of an older one"):
        check_report_path(path)
        write_report(
            path,
            request=REQUEST,
            plan=plan,
            events=(EVENT,),
            clips=[_clip(spec) for spec in plan.clips],
            joins=(),
        )
    told = json.loads(path.read_text())
    assert told["request"]["start"] == {"valence": -0.4, "arousal": 0.6}
    assert told["events"] == [
        {"type": "steer", "at": 40.0, "target": {"valence": 0.1, "arousal": -0.7}, "word": None}
    ]
    assert told["plan"]["total_s"] == 120.0
    assert told["plan"]["clips"][0] == {"index": 0, "revision": 0, "start_s": 0.0, "end_s": 30.0}
    assert told["clips"][0]["affect_start"] == {"valence": -0.4, "arousal": 0.6}
    assert told["clips"][0]["meter"] is None
    assert set(told["versions"]) == {"musmed", "python", "numpy", "composers", "synthesis"}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "x", "version": "1.0.0"}',
        "[]",
        "null",
        "no JSON",
        '{"format": 1, "sample_rate": 48000}',
        '{"format": 1, "sample_rate": 48000, "versions": {"python": "3"}}',
        "[" * 3_000,
        "\udcff",
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_file_that_nobody_named_is_left_alone(tmp_path: Path, text: str) -> None:
    path = report_path(tmp_path / "package.flac")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(MusmedError, match="is no sidecar of musmed's"):
        check_report_path(path)


def test_a_path_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "out.json").mkdir()
    for path, says in (
        (tmp_path / "out.json", "is a folder"),
        (tmp_path / "none" / "out.json", "no folder"),
    ):
        with pytest.raises(MusmedError, match=says):
            check_report_path(path)
        with pytest.raises(MusmedError, match="can't be written"):
            write_report(
                path, request=REQUEST, plan=make_plan(REQUEST), events=(), clips=(), joins=()
            )
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]
