"""The conductor under invented schedules: slow and dying engines, hasty listeners."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.clip_record import ClipRecord, HandedOver
from engine.composers.base import Marks
from engine.link.deliveries import ChunkArrived, ClipEnded, Delivery, EngineLost
from engine.link.protocol import ClipFailed, ClipStarted, Failure, Hello, Opened
from engine.plan.clock import clip_start
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec
from engine.playback.handover import HANDOVER_FADE, Handover
from engine.session.conductor.clip_composers import ComposedBy
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.conductor import AHEAD_SECONDS, Conductor
from engine.session.conductor.failures import MAX_FAILURES
from engine.session.conductor.messages import (
    AppendChunk,
    Arm,
    Command,
    DiscardClip,
    FinishClip,
    GiveUp,
    HandOver,
    HoldBack,
    KeepEvent,
    KeepEvents,
    Message,
    OpenComposer,
    PlaceClip,
    Progress,
    Say,
    SendCancel,
    SendCompose,
    SplicePlaced,
    StartEngine,
    Withdraw,
)
from engine.session.conductor.resumption import Resumption, resumption

RECORD = ClipRecord(
    composer="fake", version=1, loudness=-23.0, true_peak=-3.0, gating="off", seconds=1.0, speed=9.0
)
REQUEST = Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=4, temperature=0)
BEAT = 0.7


@dataclass
class Placed:
    key: ClipKey
    start: int
    end: int
    splice: bool


@dataclass
class World:
    """A fake engine and a fake player around a real conductor, in simulated seconds."""

    speed: float = 20.0
    delay: float = 0.05
    realtime: bool = True
    conductor: Conductor = field(default_factory=lambda: Conductor(REQUEST, "fake"))
    now: float = 0.0
    written: int = 0
    missed: bool = False
    armed: int | None = None
    alive: int = 0
    job: tuple[ClipKey, int] | None = None
    queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    serial: int = 0
    got: dict[ClipKey, int] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    starts: dict[ClipKey, tuple[int, int]] = field(default_factory=dict)
    sent: list[tuple[ClipSpec, bytes]] = field(default_factory=list)
    kept: list[object] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    finished: dict[ClipKey, FinishClip] = field(default_factory=dict)
    gave_up: bool = False
    furthest_ahead: float = 0.0
    engine_works: bool = True
    stand_ins: tuple[str, ...] = ()
    refusal: str = ""
    opened: list[str] = field(default_factory=list)
    record: ClipRecord = RECORD
    keep_until: dict[ClipKey, int] = field(default_factory=dict)
    shift: float = 0.0
    unreadable: bytes | None = None
    handovers: list[HandOver] = field(default_factory=list)
    held: dict[ClipKey, int] = field(default_factory=dict)
    answers: deque[SplicePlaced] = field(default_factory=deque)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        self.serial += 1
        heapq.heappush(self.queue, (self.now + seconds, self.serial, act))

    def tell(self, told: Message) -> None:
        self.do(self.conductor.handle(told))

    def do(self, commands: list[Command]) -> None:
        """Carry out ``commands``; what they are answered is told once all of them are done."""
        for command in list(commands):
            self.carry_out(command)
        while self.answers:
            self.tell(self.answers.popleft())

    def carry_out(self, command: Command) -> None:
        match command:
            case StartEngine():
                self.alive += 1
                self.job = None
                generation = self.alive
                hello = Hello(protocol=1, engine="0", python="3", pid=1, composers=("fake",))
                self.from_engine(command.delay + 0.3, generation, hello)
            case OpenComposer():
                self.opened.append(command.name)
                if self.engine_works or command.name in self.stand_ins:
                    self.from_engine(0.1, self.alive, Opened(command.name, 1))
                elif self.refusal:
                    self.from_engine(0.1, self.alive, Failure(self.refusal))
                else:
                    self.from_engine(0.1, self.alive, EngineLost("it died"))
            case SendCompose():
                assert self.job is None, "one clip at a time"
                self.sent.append((command.spec, command.continuation))
                if command.continuation == self.unreadable:
                    refused = ClipFailed(*command.spec.key, "It is damaged.")
                    self.from_engine(0.1, self.alive, refused)
                    return
                self.job = (command.spec.key, self.alive)
                self.begin_composing(command.spec)
            case SendCancel():
                self.cancel(command.key, command.keep_until)
            case ClipStarted():
                self.got[command.key] = 0
                self.starts[command.key] = (command.start, command.frames)
            case AppendChunk():
                self.got[command.key] += len(command.audio)
            case HandOver() | HoldBack():
                self.pass_on(command)
            case FinishClip():
                self.finished[command.spec.key] = command
            case DiscardClip():
                del self.got[command.key]
                self.finished.pop(command.key, None)
            case PlaceClip():
                self.place(command)
            case Arm():
                self.armed = command.frame
                self.missed = self.missed or (self.realtime and command.frame < self.written)
            case KeepEvent():
                self.kept.append(command.event)
            case KeepEvents():
                del self.kept[command.count :]
            case Withdraw():
                self.placed = [p for p in self.placed if p.key not in command.keys]
                last = self.placed[-1]
                last.end = sum(self.starts[last.key])
            case Say():
                self.said.append(command.text)
            case GiveUp():
                self.gave_up = True

    def pass_on(self, command: HandOver | HoldBack) -> None:
        if isinstance(command, HoldBack):
            self.held[command.key] = command.frame
            return
        start = self.starts[command.key][0]
        assert command.change.at <= start + self.got[command.key]
        self.got[command.key] = command.change.at - start
        self.handovers.append(command)

    def from_engine(self, seconds: float, generation: int, told: Delivery) -> None:
        def deliver() -> None:
            if generation == self.alive:
                self.tell(told)

        self.later(seconds, deliver)

    def begin_composing(self, spec: ClipSpec) -> None:
        self.keep_until.pop(spec.key, None)
        splice = spec.start != clip_start(spec.index)
        start = frames_of(np.ceil(spec.start / BEAT) * BEAT if splice else spec.start)
        frames = frames_of(spec.end) - start
        generation = self.alive
        self.from_engine(self.delay, generation, ClipStarted(*spec.key, start, frames, Marks()))
        first = self.delay + 1 / self.speed
        self.later(first, lambda: self.next_chunk(spec.key, generation, start, frames, 0))

    def next_chunk(self, key: ClipKey, generation: int, start: int, frames: int, done: int) -> None:
        if generation != self.alive or self.job != (key, generation):
            return
        if done >= frames or done + start >= self.keep_until.get(key, 1 << 60):
            self.job = None
            cut = done < frames
            self.tell(ClipEnded(key, cut, self.record, f"{key.index}-{key.revision}".encode()))
            return
        audio = np.broadcast_to(np.float32(0), (SAMPLE_RATE, 2))
        self.tell(ChunkArrived(key, audio))
        done += SAMPLE_RATE
        self.later(1 / self.speed, lambda: self.next_chunk(key, generation, start, frames, done))

    def cancel(self, key: ClipKey, keep_until: int) -> None:
        if self.job is not None and self.job[0] == key:
            self.keep_until[key] = keep_until

    def place(self, command: PlaceClip) -> None:
        start, _ = self.starts[command.key]
        if command.splice:
            self.armed = None
            accepted = start >= self.written
            self.answers.append(SplicePlaced(command.key, accepted))
            if not accepted:
                return
        self.put(command.key, splice=command.splice)
        if command.arm is not None:
            self.armed = command.arm

    def put(self, key: ClipKey, *, splice: bool) -> None:
        start, frames = self.starts[key]
        if splice:
            self.placed = [p for p in self.placed if p.start < start]
            for placed in self.placed:
                placed.end = min(placed.end, start)
        elif self.placed:
            assert key.index == self.placed[-1].key.index + 1
        self.placed.append(Placed(key, start, start + frames, splice))

    def horizon(self) -> int:
        frame = self.written
        for placed in self.placed:
            if placed.start <= frame or placed is self.placed[0]:
                have = placed.start + self.got.get(placed.key, 0)
                frame = max(frame, min(placed.end, have))
        return frame

    def tick(self) -> None:
        limit = self.horizon()
        if self.armed is not None and not self.realtime:
            limit = min(limit, self.armed)
        target = min(limit, frames_of(self.now + self.shift + 1.5) if self.realtime else limit)
        if self.armed is not None and target >= self.armed and self.realtime:
            self.missed, self.armed = True, None
        self.written = max(self.written, target)
        missed, self.missed = self.missed, False
        self.furthest_ahead = max(
            self.furthest_ahead,
            max((p.end for p in self.placed), default=0) / SAMPLE_RATE - self.written / SAMPLE_RATE,
        )
        self.tell(Progress(self.written, False, missed))

    def seek(self, seconds: float) -> None:
        limit = self.horizon() if self.armed is None else min(self.armed, self.horizon())
        self.written = min(frames_of(seconds), limit)
        self.shift = self.written / SAMPLE_RATE - self.now - 1.5
        self.tell(Progress(self.written))

    def kill(self) -> None:
        self.alive += 1
        self.job = None
        self.tell(EngineLost("it died"))

    def run(self, until: float, happenings: dict[float, Callable[[], None]] | None = None) -> None:
        for at, act in (happenings or {}).items():
            self.later(max(0.0, at - self.now), act)
        while self.now < until:
            next_tick = self.now + 0.1
            while self.queue and self.queue[0][0] <= next_tick:
                self.now, _, act = heapq.heappop(self.queue)
                act()
            self.now = next_tick
            self.tick()


def started(**settings_: object) -> World:
    world = World(**settings_)  # type: ignore[arg-type]
    world.do(world.conductor.start())
    return world


def composed_from(world: World) -> dict[ClipKey, bytes]:
    return {spec.key: continuation for spec, continuation in world.sent}


def test_a_session_is_composed_in_order_from_the_clip_before() -> None:
    world = started()
    world.run(300)
    plan = world.conductor.plan
    assert [spec.key for spec, _ in world.sent] == [spec.key for spec in plan.clips]
    assert [c for _, c in world.sent] == [
        b"",
        *(f"{i}-0".encode() for i in range(len(plan.clips) - 1)),
    ]
    assert world.written == frames_of(plan.total)


def test_composition_stays_within_five_minutes_ahead_and_two_clips() -> None:
    request = Request(start=Affect(0, 0.8), target=Affect(0, -0.8), minutes=30)
    world = started(conductor=Conductor(request, "fake"))
    world.run(60)
    assert AHEAD_SECONDS - 60 < world.furthest_ahead <= AHEAD_SECONDS + 0.1


@pytest.mark.parametrize("action", [Steer(0.0, Affect(0.7, 0.3), "glad"), Ease(0.0), Skip(0.0)])
def test_an_action_is_spliced_in_and_kept(action: Event) -> None:
    world = started()
    world.run(300, {50.0: lambda: world.tell(action)})
    (event,) = world.kept
    assert 52.0 <= event.at <= 54.5  # type: ignore[attr-defined]  # 1.5 s of ring and the margin
    assert world.conductor.plan == make_plan(REQUEST, [event])  # type: ignore[list-item]
    splice = next(p for p in world.placed if p.splice)
    assert splice.key == ClipKey(2, 1)
    assert splice.start >= frames_of(event.at)  # type: ignore[attr-defined]
    assert composed_from(world)[splice.key] == b"2-0"
    assert world.written == frames_of(240)


def test_of_hasty_steers_the_first_and_the_last_are_heard() -> None:
    world = started()

    def hasty() -> None:
        world.tell(Steer(0.0, Affect(0.5, 0.5)))
        world.tell(Steer(0.0, Affect(0.5, 0.0)))
        world.tell(Steer(0.0, Affect(-0.5, -0.5)))

    world.run(300, {20.0: hasty})
    first, second = world.kept
    assert first.at < second.at  # type: ignore[attr-defined]
    assert world.conductor.plan.path.waypoints[-1].affect == Affect(-0.5, -0.5)
    assert world.written == frames_of(240)


def test_a_splice_that_came_too_late_is_aimed_again() -> None:
    world = started(speed=4.0, delay=0.9)  # its first second takes longer than the margin
    world.run(400, {100.0: lambda: world.tell(Ease(0.0))})
    (event,) = world.kept
    assert event.at > 103.5  # type: ignore[attr-defined]
    assert world.written == frames_of(240)


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
    assert (record.loudness, record.true_peak) == (None, None)
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


def composed_by(index: int) -> ComposedBy:
    if index == 4:
        return ComposedBy("embedded", "fake", Handover(frames_of(100), frames_of(103)))
    return ComposedBy("fake" if index < 4 else "embedded")


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
    plan = make_plan(REQUEST, [event])  # type: ignore[list-item]
    change = Handover(frames_of(60), frames_of(63))
    composers = {ClipKey(i, 0): ComposedBy("fake") for i in range(2)}
    composers |= {ClipKey(2, 0): ComposedBy("embedded", "fake", change)}
    composers |= {spec.key: ComposedBy("embedded") for spec in plan.clips[2:]}
    world = started(
        realtime=False,
        conductor=Conductor(REQUEST, "fake", script=[event], clip_composers=composers),  # type: ignore[list-item]
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


def test_a_script_makes_the_session_again() -> None:
    live = started()
    live.run(
        300,
        {
            20.0: lambda: live.tell(Steer(0.0, Affect(0.7, 0.3), "glad")),
            21.0: lambda: live.tell(Skip(0.0)),
            66.9: lambda: live.tell(Ease(0.0)),
            220.0: lambda: live.tell(Ease(0.0)),
        },
    )
    assert len(live.kept) == 4
    again = started(
        realtime=False,
        conductor=Conductor(REQUEST, "fake", script=live.kept),  # type: ignore[arg-type]
    )
    again.run(100)
    assert again.kept == live.kept
    assert again.conductor.plan == live.conductor.plan
    assert [(p.key, p.start, p.end) for p in again.placed] == [
        (p.key, p.start, p.end) for p in live.placed
    ]
    assert again.written == frames_of(240)
    for spec, continuation in again.sent:
        assert composed_from(live)[spec.key] == continuation


def test_acting_after_going_back_takes_back_what_was_done_later() -> None:
    world = started()
    world.run(
        400,
        {
            30.0: lambda: world.tell(Skip(0.0)),
            60.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad")),
            100.0: lambda: world.tell(Ease(0.0)),
            130.0: lambda: world.seek(55.0),
            130.5: lambda: world.tell(Steer(0.0, Affect(-0.5, -0.5))),
            131.5: lambda: world.tell(Ease(0.0)),
        },
    )
    ats = [event.at for event in world.kept]  # type: ignore[attr-defined]
    assert len(ats) == 3
    assert 32 < ats[0] < 34
    assert 56 < ats[1] < 60
    assert ats[1] + 0.5 <= ats[2] < 64, "the second was not heard before the third: both stay"
    assert world.conductor.plan == make_plan(REQUEST, world.kept)  # type: ignore[arg-type]
    assert_no_hole(world, 0.0)


def test_near_the_end_nothing_changes_and_it_is_said() -> None:
    world = started()
    world.run(300, {236.0: lambda: world.tell(Skip(0.0))})
    assert world.kept == []
    assert any("about to end" in text for text in world.said)


def interrupted(world: World, lost: frozenset[int] = frozenset()) -> Resumption:
    """What goes on of ``world``, some of whose clips are ``lost`` (their places in the list)."""
    clips = {
        key: ClipState.kept(
            clip.spec,
            start=clip.start,
            frames=clip.frames,
            cut=clip.cut,
            continuation=clip.continuation,
            marks=clip.marks,
            record=clip.record,
        )
        for i, (key, clip) in enumerate(world.finished.items())
        if i not in lost
    }
    heard = max(0.0, world.written / SAMPLE_RATE - 1.5)
    return resumption(REQUEST, world.kept, clips, heard)  # type: ignore[arg-type]


def gone_on(
    kept: Resumption,
    *,
    realtime: bool = True,
    conductor: Conductor | None = None,
    engine_works: bool = True,
    stand_ins: tuple[str, ...] = (),
) -> World:
    conductor = conductor or Conductor(REQUEST, "fake", kept=kept)
    world = World(conductor=conductor, now=kept.position, realtime=realtime)
    world.engine_works, world.stand_ins = engine_works, stand_ins
    world.written = frames_of(kept.position)
    world.kept = [*kept.events, *([kept.splice] if kept.splice else [])]
    for key, state in kept.clips.items():
        world.got[key], world.starts[key] = state.frames, (state.start, state.frames)
    for state, splice in kept.placed:
        state.placed = True
        world.put(state.spec.key, splice=splice)
    world.do(world.conductor.start())
    return world


def assert_no_hole(world: World, since: float) -> None:
    """From ``since`` seconds to the session's end every frame has a clip."""
    frame = frames_of(since)
    for placed in world.placed:
        assert placed.start <= max(frame, frames_of(since))
        frame = max(frame, placed.end)
    assert frame == frames_of(240)
    assert world.written == frames_of(240)


def test_resuming_goes_on_at_the_first_clip_that_is_missing() -> None:
    world = started(speed=4.0)
    world.run(61.0)
    kept = interrupted(world)
    assert kept.position == pytest.approx(world.written / SAMPLE_RATE - 1.5)
    assert kept.first == len(world.finished)
    assert kept.placed[0].clip.spec.index == 0
    assert not kept.lost
    again = gone_on(kept)
    again.run(300)
    assert [spec.index for spec, _ in again.sent] == list(range(kept.first, 11))
    assert_no_hole(again, kept.position)


def test_a_steer_whose_clip_was_not_whole_is_done_anew() -> None:
    """Killed right after a steer: the old music goes on and the steer is heard after all."""
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad"))})
    del world.finished[ClipKey(2, 1)]
    kept = interrupted(world)
    assert kept.events == ()
    assert kept.again == tuple(world.kept)
    again = gone_on(kept)
    again.run(300)
    (event,) = again.kept
    assert kept.position + 1 <= event.at <= kept.position + 5  # type: ignore[attr-defined]
    assert event.target == Affect(0.7, 0.3)  # type: ignore[attr-defined]
    assert_no_hole(again, kept.position)


@pytest.mark.parametrize("realtime", [True, False])
def test_a_steer_whose_clip_was_not_whole_is_replayed_in_its_place(realtime: bool) -> None:
    """Stopped right after a steer and played again from the start: steered where it was."""
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad"))})
    start = world.finished.pop(ClipKey(2, 1)).start
    kept = interrupted(world)._replace(position=0.0)
    states = {key: state for key, state in kept.clips.items() if key.revision == 0}
    kept = resumption(REQUEST, world.kept, states, 0.0)  # type: ignore[arg-type]
    assert (kept.events, kept.again) == ((), ())
    assert [kept.splice] == world.kept
    again = gone_on(kept, realtime=realtime)
    again.run(300)
    assert again.kept == world.kept == list(again.conductor.events)
    splice = next(placed for placed in again.placed if placed.splice)
    assert (splice.key, splice.start) == (ClipKey(2, 1), start)
    assert again.sent[0] == (again.conductor.plan.clips[2], b"2-0")
    assert_no_hole(again, 0.0)


def test_a_lost_steer_whose_place_is_passed_is_done_anew() -> None:
    """Its engine comes up too late: the steer is heard a little later, and stored so."""
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad"))})
    del world.finished[ClipKey(2, 1)]
    states = interrupted(world).clips
    kept = resumption(REQUEST, world.kept, states, world.kept[0].at - 1.0)  # type: ignore[arg-type,attr-defined]
    again = gone_on(kept)
    again.run(300)
    (event,) = again.kept
    assert event.at > world.kept[0].at  # type: ignore[attr-defined]
    assert list(again.conductor.events) == [event]
    assert_no_hole(again, kept.position)


def test_a_listener_may_steer_before_a_lost_steer_is_heard_again() -> None:
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Steer(0.0, Affect(0.7, 0.3), "glad"))})
    del world.finished[ClipKey(2, 1)]
    kept = resumption(REQUEST, world.kept, interrupted(world).clips, 0.0)  # type: ignore[arg-type]
    again = gone_on(kept)
    again.run(300, {3.0: lambda: again.tell(Ease(0.0))})
    (event,) = again.kept
    assert 4.0 <= event.at <= 7.0  # type: ignore[attr-defined]
    assert_no_hole(again, 0.0)


def test_resuming_before_a_splice_is_heard_keeps_both_sides_of_it() -> None:
    world = started()
    world.run(54.0, {50.0: lambda: world.tell(Ease(0.0))})
    kept = interrupted(world)._replace(position=47.0)
    kept = resumption(REQUEST, kept.events, kept.clips, 47.0)
    keys = [(piece.clip.spec.key, piece.splice) for piece in kept.placed]
    assert keys[:4] == [
        (ClipKey(0, 0), False),
        (ClipKey(1, 0), False),
        (ClipKey(2, 0), False),
        (ClipKey(2, 1), True),
    ]
    again = gone_on(kept)
    again.run(300)
    assert_no_hole(again, 47.0)


times = st.floats(min_value=0.0, max_value=239.0)
actions = st.sampled_from([Steer(0.0, Affect(0.2, -0.3)), Ease(0.0), Skip(0.0)])


@example(deeds=[(0.0, Steer(0.0, Affect(0.2, -0.3)))], deaths=[4.75], silences=[21.0], speed=2.0)
@settings(max_examples=25, deadline=None)
@given(
    deeds=st.lists(st.tuples(times, actions), max_size=6),
    deaths=st.lists(times, max_size=4),
    silences=st.lists(times, max_size=1),
    speed=st.sampled_from([2.0, 8.0, 30.0]),
)
def test_whatever_happens_the_whole_session_is_heard(
    deeds: list[tuple[float, Event]],
    deaths: list[float],
    silences: list[float],
    speed: float,
) -> None:
    world = started(speed=speed)
    for at in silences:
        world.later(at, lambda: world.tell(Progress(world.written, waiting=True, silence=10.0)))
    for at, action in deeds:
        world.later(at, lambda action=action: world.tell(action))
    for at in deaths:
        world.later(at, world.kill)
    world.run(330)
    plan = world.conductor.plan
    assert world.written == frames_of(plan.total)
    assert list(world.conductor.events) == world.kept
    ats = [event.at for event in world.kept]  # type: ignore[attr-defined]
    assert ats == sorted(ats)
    newest = {placed.key for placed in world.placed}
    assert {spec.key for spec in plan.clips} <= newest | set(world.starts)


@settings(max_examples=40, deadline=None)
@given(
    deeds=st.lists(st.tuples(times, actions), max_size=5),
    stop=times,
    lost=st.frozensets(st.integers(0, 14), max_size=3),
)
def test_whatever_is_kept_the_session_is_heard_to_its_end(
    deeds: list[tuple[float, Event]], stop: float, lost: frozenset[int]
) -> None:
    world = started()
    for at, action in deeds:
        world.later(at, lambda action=action: world.tell(action))
    world.run(stop)
    kept = interrupted(world, lost)
    held = kept.splice is not None
    assert len(kept.events) + held + len(kept.again) == len(world.kept)
    again = gone_on(kept)
    again.run(400)
    assert again.written == frames_of(240)
    assert kept.position >= max(0.0, world.written / SAMPLE_RATE - 1.5)
    if not lost:
        assert_no_hole(again, kept.position)


@settings(max_examples=40, deadline=None)
@given(
    deeds=st.lists(st.tuples(times, st.one_of(actions, times)), min_size=2, max_size=9),
    deaths=st.lists(times, max_size=2),
    speed=st.sampled_from([4.0, 20.0]),
)
def test_going_back_and_forth_between_deeds(
    deeds: list[tuple[float, Event | float]], deaths: list[float], speed: float
) -> None:
    world = started(speed=speed)
    for at, deed in deeds:
        if isinstance(deed, float):
            world.later(at, lambda to=deed: world.seek(to))
        else:
            world.later(at, lambda action=deed: world.tell(action))
    for at in deaths:
        world.later(at, world.kill)
    world.run(600)
    assert list(world.conductor.events) == world.kept
    assert world.conductor.plan == make_plan(REQUEST, world.kept)  # type: ignore[arg-type]
    assert_no_hole(world, 0.0)
    for spec in world.conductor.plan.clips:
        assert [s for s, _ in world.sent if s.key == spec.key][-1] == spec
