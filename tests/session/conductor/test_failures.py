"""Composers that fail: started anew, taken over from, given up."""

from __future__ import annotations

import heapq

from support.world import (
    REQUEST,
    assert_no_hole,
    gone_on,
    interrupted,
    started,
)

from engine.affect.circumplex import Affect
from engine.audio.format import frames_of
from engine.clip_record import ClipRecord, HandedOver, Stage
from engine.plan.events import Ease
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey
from engine.playback.handover import HANDOVER_FADE, Handover
from engine.session.conductor.clip_composers import ComposedBy
from engine.session.conductor.conductor import AHEAD_SECONDS, Conductor
from engine.session.conductor.failures import MAX_FAILURES
from engine.session.conductor.messages import (
    HandOver,
    Progress,
    Say,
)
from engine.session.conductor.resumption import resumption


def test_a_dead_engine_is_replaced_and_goes_on_from_the_stored_continuation() -> None:
    world = started(speed=3.0)
    world.run(400, {30.0: world.kill})
    assert world.conductor.restarts == 1
    assert any("new one is being started" in text for text in world.said)
    assert any("back" in text for text in world.said)
    repeated = [spec.key for spec, _ in world.sent]
    assert len(repeated) == len(world.conductor.plan.clips) + 1
    assert world.written == frames_of(240)
    for key, (_start, frames) in world.starts.items():
        assert world.got[key] >= frames, "a repeated clip's audio is kept once, and whole"


def test_a_continuation_that_is_refused_twice_is_done_without() -> None:
    world = started(unreadable=b"3-0")
    world.run(400)
    key = ClipKey(4, 0)
    assert [c for spec, c in world.sent if spec.key == key] == [b"3-0", b"3-0", b""]
    assert sum("without what came before" in text for text in world.said) == 1
    assert not world.gave_up
    assert world.written == frames_of(240)


def test_an_engine_that_never_works_is_given_up() -> None:
    world = started(engine_works=False, conductor=Conductor(REQUEST, "embedded"))
    world.run(60)
    assert world.gave_up
    assert world.conductor.restarts == MAX_FAILURES + 1


def test_after_two_failed_restarts_the_embedded_composer_takes_over() -> None:
    world = started(engine_works=False, stand_ins=("embedded",))
    world.run(60)
    assert world.opened == ["fake", "fake", "fake", "embedded"]
    assert sum("embedded composer takes over from fake (it died)" in t for t in world.said) == 1
    assert not any("back" in text for text in world.said)
    assert world.conductor.composer == "embedded"
    assert world.finished


def test_a_composer_that_refuses_to_open_is_replaced_at_once() -> None:
    world = started(engine_works=False, stand_ins=("embedded",), refusal="It does not fit.")
    world.run(60)
    assert world.opened == ["fake", "embedded"]
    assert any("(It does not fit)" in text for text in world.said)


def test_an_export_ends_where_its_composer_can_t_be_opened() -> None:
    world = started(
        engine_works=False,
        stand_ins=("embedded",),
        refusal="It does not fit.",
        conductor=Conductor(REQUEST, "fake", stand_in=False),
    )
    world.run(60)
    assert world.gave_up
    assert world.opened == ["fake"]


def test_ten_seconds_of_silence_are_enough() -> None:
    world = started(speed=3.0)
    world.run(5)
    written = world.written
    world.tell(Progress(written, waiting=True, silence=9.9))
    assert world.conductor.composer == "fake"
    world.tell(Progress(written, waiting=True, silence=10.0))
    world.run(300)
    assert world.opened == ["fake", "embedded"]
    assert any("takes over from fake (no music for 10 s)" in text for text in world.said)
    assert world.written == frames_of(240)
    for key, (_start, frames) in world.starts.items():
        assert world.got[key] >= frames


def test_a_clip_that_is_heard_is_handed_over_as_late_as_it_can_be() -> None:
    world = started(speed=3.0)
    world.run(5)
    (key, reach), written = next(iter(world.got.items())), world.written
    world.tell(Progress(written + 1, waiting=True, silence=10.0))
    world.speed = 30.0
    world.run(300)
    (handed,) = world.handovers
    assert (handed.key, handed.change) == (key, Handover(reach - HANDOVER_FADE, reach))
    record = world.finished[key].record
    assert record.handover == HandedOver("fake", handed.change.at, handed.change.until)
    assert (record.loudness, record.true_peak, record.levels) == (None, None, b"")
    assert world.got[key] == world.starts[key][1]
    assert all(clip.record.handover is None for k, clip in world.finished.items() if k != key)


def test_a_clip_of_which_nothing_can_be_heard_yet_is_composed_anew() -> None:
    """It has begun, but not all of it is here that its join needs."""
    world = started(speed=1.5)
    world.run(24.0)
    last = max(world.got)
    assert last.index == 1
    assert world.starts[last][0] < world.written
    assert 0 < world.got[last] < frames_of(7.5)
    world.tell(Progress(world.written, waiting=True, silence=10.0))
    assert last not in world.got
    world.run(300)
    assert world.handovers == []
    again = [spec.key for spec, _ in world.sent]
    assert [key for key in again if again.count(key) > 1] == [last, last]
    assert world.written == frames_of(240)


FAKE, OTHER = ComposedBy((Stage("fake"),)), ComposedBy((Stage("embedded"),))
HANDED_OVER = ComposedBy((Stage("fake"), Stage("embedded")))


def composed_by(index: int) -> ComposedBy:
    if index == 4:
        return HANDED_OVER._replace(changes=(Handover(frames_of(100), frames_of(103)),))
    return FAKE if index < 4 else OTHER


def test_a_session_made_again_has_the_composers_it_had() -> None:
    composers = {spec.key: composed_by(spec.index) for spec in make_plan(REQUEST).clips}
    conductor = Conductor(REQUEST, "fake", clip_composers=composers, stand_in=False)
    world = started(realtime=False, conductor=conductor)
    world.run(100)
    assert world.opened == ["fake", "embedded"]
    assert [spec.index for spec, _ in world.sent] == [0, 1, 2, 3, 4, 4, *range(5, 11)]
    assert world.sent[4][1] == world.sent[5][1] == b"3-0"
    assert world.held == {ClipKey(4, 0): frames_of(100)}
    change = Handover(frames_of(100), frames_of(103))
    assert world.handovers == [HandOver(ClipKey(4, 0), change)]
    record = world.finished[ClipKey(4, 0)].record
    assert record.handover == HandedOver("fake", change.at, change.until)
    assert not world.said
    assert world.written == frames_of(240)


def test_a_splice_before_a_hand_over_is_composed_from_what_the_second_composer_left() -> None:
    """The listener acted, the composer died, the clip was made whole by the other: only then the
    action was heard, long before the clip's other sound."""
    live = started()
    live.run(300, {47.0: lambda: live.tell(Ease(0.0))})
    (event,) = live.kept
    plan = make_plan(REQUEST, [event])
    change = Handover(frames_of(60), frames_of(63))
    composers = {ClipKey(i, 0): FAKE for i in range(2)}
    composers |= {ClipKey(2, 0): HANDED_OVER._replace(changes=(change,))}
    composers |= {spec.key: OTHER for spec in plan.clips[2:]}
    world = started(
        realtime=False,
        conductor=Conductor(REQUEST, "fake", script=[event], clip_composers=composers),
    )
    world.run(100)
    keys = [spec.key for spec, _ in world.sent]
    assert keys[:5] == [(0, 0), (1, 0), (2, 0), (2, 0), (2, 1)]
    assert world.opened == ["fake", "embedded"]
    assert world.sent[4][1] == b"2-0"
    assert not world.finished[ClipKey(2, 0)].cut
    assert world.written == frames_of(240)


def test_where_the_first_composer_is_gone_the_embedded_one_composes_what_was_its() -> None:
    """A session goes on after a take-over, and a clip from before it has been lost."""
    composers = {spec.key: composed_by(spec.index) for spec in make_plan(REQUEST).clips}
    world = started()
    world.run(61.0)
    kept = resumption(
        REQUEST,
        (),
        {k: s for k, s in interrupted(world).clips.items() if k.index != 2},
        30.0,
    )
    conductor = Conductor(REQUEST, "embedded", kept=kept, clip_composers=composers)
    again = gone_on(kept, conductor=conductor, engine_works=False, stand_ins=("embedded",))
    again.refusal = "It is not on this machine."
    again.run(300)
    assert again.opened[:3] == ["embedded", "fake", "embedded"]
    assert any("takes over from fake (It is not on this machine)" in text for text in again.said)
    assert again.handovers == []
    assert_no_hole(again, kept.position)


def test_what_to_expect_of_a_slow_composer_is_said_once_and_it_may_run_ahead() -> None:
    request = Request(start=Affect(0, 0.8), target=Affect(0, -0.8), minutes=30)
    slow = ClipRecord(
        composer="fake",
        version=1,
        loudness=None,
        true_peak=-3.0,
        gating="off",
        seconds=1,
        speed=0.5,
    )
    world = started(conductor=Conductor(request, "fake"), record=slow)
    world.run(200)
    assert [text for text in world.said if "0.50 s of music" in text] == [world.said[0]]
    assert "pause for 30 min" in world.said[0]
    assert world.furthest_ahead > AHEAD_SECONDS + 100
    known = Conductor(request, "fake", speed=0.25)
    said = [command for command in known.start() if isinstance(command, Say)]
    assert "pause for 90 min" in said[0].text
    assert not [c for c in Conductor(request, "embedded", speed=0.25).start() if isinstance(c, Say)]


def test_the_embedded_composer_that_is_silent_is_started_anew() -> None:
    """Nobody can take over from it; whoever still brings something, however slowly, is left."""
    world = started(conductor=Conductor(REQUEST, "embedded"), speed=3.0)
    world.run(5)
    engines = world.alive

    def wait_until(silence: float) -> None:
        world.tell(Progress(world.written, waiting=True, silence=silence))

    wait_until(9.9)
    heapq.heappop(world.queue)[2]()  # a chunk comes
    wait_until(10.0)
    wait_until(18.0)
    assert world.alive == engines
    world.job = None  # from here on nothing comes
    wait_until(19.8)
    wait_until(20.0)
    assert world.alive == engines + 1
    assert any("no music for 20 s" in text for text in world.said)
    wait_until(50.0)
    assert world.alive == engines + 1, "how long it may load is the watchdog's affair"
    while world.job is None:
        heapq.heappop(world.queue)[2]()
    world.job = None
    wait_until(59.9)
    assert world.alive == engines + 1, "the new one has its own time"
    wait_until(60.1)
    assert world.alive == engines + 2
    world.run(300)
    assert world.written == frames_of(240)
    assert not world.gave_up


def test_after_a_take_over_the_embedded_composer_has_its_own_time() -> None:
    world = started(speed=3.0)
    world.run(5)
    for silence in (10.0, 10.1, 19.9):
        world.tell(Progress(world.written, waiting=True, silence=silence))
    assert world.opened == ["fake"]
    assert world.conductor.restarts == 1
    assert world.conductor.composer == "embedded"


def test_an_export_waits_for_its_composer_however_long() -> None:
    world = started(conductor=Conductor(REQUEST, "embedded", stand_in=False))
    world.run(5)
    engines = world.alive
    world.tell(Progress(world.written, waiting=True, silence=100.0))
    assert world.alive == engines
