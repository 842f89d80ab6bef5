"""A fake engine and a fake player around a real conductor, in simulated seconds."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import numpy as np

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.clip_record import ClipRecord
from engine.composers.base import EMBEDDED, Marks
from engine.composers.synthesis import BUILTIN, built_in
from engine.link.deliveries import ChunkArrived, ClipEnded, EngineLost
from engine.link.protocol import PROTOCOL_VERSION, ClipFailed, ClipStarted, Failure, Hello, Opened
from engine.plan.clock import clip_start
from engine.plan.events import Event
from engine.plan.request import Request
from engine.plan.spec import ClipKey, ClipSpec
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.conductor import Conductor
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
    WatchFar,
    Withdraw,
)
from engine.session.conductor.resumption import Resumption, resumption

RECORD = ClipRecord(
    composer="fake",
    version=1,
    loudness=-23.0,
    true_peak=-3.0,
    gating="off",
    seconds=1.0,
    speed=9.0,
    levels=b"\x80" * 30,
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
    kept: list[Event] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    finished: dict[ClipKey, FinishClip] = field(default_factory=dict)
    gave_up: bool = False
    furthest_ahead: float = 0.0
    engine_works: bool = True
    stand_ins: tuple[str, ...] = ()
    refusal: str = ""
    multiplies: str = ""
    """What the wish for a precision comes to; '' for engines that know of none."""
    precisions: list[str] = field(default_factory=list)
    line: bool = True
    """The other machine can be reached."""
    asks: bool = False
    """A login there asks for a code, so that only a line that is kept counts: ``made_line``."""
    made_line: bool = False
    engines: list[tuple[float, bool]] = field(default_factory=list)
    """When each was asked for, and whether on the other machine."""
    over_kept: list[bool] = field(default_factory=list)
    """Of each, whether over a kept line alone."""
    version_here: int = 1
    """Of the composers on this machine; elsewhere they are of version 1."""
    watched: list[float] = field(default_factory=list)
    """When it began to be looked whether the other machine answers again."""
    opened: list[str] = field(default_factory=list)
    record: ClipRecord = RECORD
    keep_until: dict[ClipKey, int] = field(default_factory=dict)
    shift: float = 0.0
    unreadable: bytes | None = None
    handovers: list[HandOver] = field(default_factory=list)
    here: tuple[str, ...] = ()
    """The syntheses that an engine finds, the session's wish first; none: its composer has no
    notes."""
    sounding: str = ""
    told: list[str] = field(default_factory=list)
    """The synthesis that each composer was opened with, as it was told."""
    made: dict[ClipKey, list[tuple[int, str]]] = field(default_factory=dict)
    """From which session frame on a clip is whose sound: composer and synthesis."""
    held: dict[ClipKey, int] = field(default_factory=dict)
    renewed: list[bool] = field(default_factory=list)
    """Of each splice that was placed, whether it begins another piece."""
    answers: deque[SplicePlaced] = field(default_factory=deque)
    library: set[ClipKey] = field(init=False)
    """The clips that can be gone on from."""

    def __post_init__(self) -> None:
        self.library = {key for key, clip in self.conductor.clips.items() if clip.over}

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

    def start(self, command: StartEngine | WatchFar) -> None:
        if isinstance(command, WatchFar):
            self.watched.append(self.now)
            return
        self.alive += 1
        self.job = None
        generation = self.alive
        self.engines.append((self.now, command.far))
        self.over_kept.append(command.kept_only)
        self.later(command.delay, lambda: self.reach(command, generation))

    def reach(self, command: StartEngine, generation: int) -> None:
        if command.far and not (self.line and (self.made_line or not self.asks)):
            asked = self.line and not command.kept_only
            lost = EngineLost("The line to far is down.", "login" if asked else "down")
            self.from_engine(0.5, generation, lost)
            return
        hello = Hello(protocol=PROTOCOL_VERSION, engine="0", python="3", pid=1, composers=("fake",))
        self.from_engine(0.3, generation, hello)

    def carry_out(self, command: Command) -> None:
        match command:
            case StartEngine() | WatchFar():
                self.start(command)
            case OpenComposer():
                self.opened.append(command.name)
                self.told.append(command.synthesis)
                self.precisions.append(command.precision)
                if self.engine_works or command.name in self.stand_ins:
                    self.sounding = self.found(command)
                    multiplies = self.multiplies and (command.precision or self.multiplies)
                    opened = Opened(command.name, self.version, self.sounding, precision=multiplies)
                    self.from_engine(0.1, self.alive, opened)
                elif self.refusal:
                    self.from_engine(0.1, self.alive, Failure(self.refusal))
                else:
                    self.from_engine(0.1, self.alive, EngineLost("it died"))
            case SendCompose():
                assert self.job is None, "one clip at a time"
                assert command.source is None or command.source in self.library, "it is not kept"
                continuation = b"" if command.source is None else continuation_of(command.source)
                self.sent.append((command.spec, continuation))
                if continuation == self.unreadable:
                    refused = ClipFailed(*command.spec.key, "It is damaged.")
                    self.from_engine(0.1, self.alive, refused)
                    return
                self.job = (command.spec.key, self.alive)
                self.begin_composing(command.spec)
            case SendCancel():
                self.cancel(command.key, command.keep_until)
            case ClipStarted():
                self.got[command.key] = 0
                self.made[command.key] = []
                self.starts[command.key] = (command.start, command.frames)
            case AppendChunk():
                self.append(command)
            case HandOver() | HoldBack():
                self.pass_on(command)
            case FinishClip():
                self.finished[command.spec.key] = command
                self.library.add(command.spec.key)
            case DiscardClip():
                del self.got[command.key]
                self.finished.pop(command.key, None)
                self.library.discard(command.key)
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
        self.made[command.key] = [m for m in self.made[command.key] if m[0] < command.change.at]
        self.handovers.append(command)

    def found(self, command: OpenComposer) -> str:
        """What sounds the notes when a composer is opened so."""
        wanted = command.synthesis or next(iter(self.here), "")
        if not self.here or not command.name.startswith(EMBEDDED):
            return ""
        own = next((one for one in self.here if built_in(one)), BUILTIN)
        return wanted if wanted in self.here else own

    def append(self, command: AppendChunk) -> None:
        if not len(command.audio):
            return
        made, at = self.made[command.key], self.starts[command.key][0] + self.got[command.key]
        if not made or made[-1][1] != self.whose:
            made.append((at, self.whose))
        self.got[command.key] += len(command.audio)

    @property
    def version(self) -> int:
        return 1 if self.engines[-1][1] else self.version_here

    @property
    def whose(self) -> str:
        other = f" {self.version}" if self.version != 1 else ""
        return f"{self.opened[-1]} {self.sounding}{other}"

    def from_engine(self, seconds: float, generation: int, told: Message) -> None:
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
            record = msgspec.structs.replace(self.record, synthesis=self.sounding)
            if self.here:
                record = msgspec.structs.replace(record, composer=self.opened[-1])
            self.tell(ClipEnded(key, cut, record, continuation_of(key)))
            return
        audio = np.broadcast_to(np.float32(0), (min(SAMPLE_RATE, frames - done), 2))
        self.tell(ChunkArrived(key, audio))
        done += len(audio)
        self.later(1 / self.speed, lambda: self.next_chunk(key, generation, start, frames, done))

    def cancel(self, key: ClipKey, keep_until: int) -> None:
        if self.job is not None and self.job[0] == key:
            self.keep_until[key] = keep_until

    def place(self, command: PlaceClip) -> None:
        start, _ = self.starts[command.key]
        if command.splice:
            self.armed = None
            self.renewed.append(command.renewed)
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
        ahead = (self.horizon() - self.written) / SAMPLE_RATE
        self.tell(Progress(self.written, False, missed, ahead=ahead))

    def silence(self) -> None:
        """The listener has been waiting for ten seconds."""
        self.tell(Progress(self.written, waiting=True, silence=10.0))

    def seek(self, seconds: float) -> None:
        limit = self.horizon() if self.armed is None else min(self.armed, self.horizon())
        self.written = min(frames_of(seconds), limit)
        self.shift = self.written / SAMPLE_RATE - self.now - 1.5
        self.tell(Progress(self.written))

    def kill(self) -> None:
        self.alive += 1
        self.job = None
        self.tell(EngineLost("it died"))

    def drop(self) -> None:
        """The line to the other machine, and with it the engine there."""
        self.line = self.made_line = False
        self.alive += 1
        self.job = None
        self.tell(EngineLost("The line to far is down.", "down"))

    def mend(self) -> None:
        self.line = True

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


def continuation_of(key: ClipKey) -> bytes:
    """What a clip can be gone on from, as if packed."""
    return f"{key.index}-{key.revision}".encode()


def started(**settings_: object) -> World:
    world = World(**settings_)  # type: ignore[arg-type]
    world.do(world.conductor.start())
    return world


def composed_from(world: World) -> dict[ClipKey, bytes]:
    return {spec.key: continuation for spec, continuation in world.sent}


def interrupted(world: World, lost: frozenset[int] = frozenset()) -> Resumption:
    """What goes on of ``world``, some of whose clips are ``lost`` (their places in the list)."""
    clips = {
        key: ClipState.kept(
            clip.spec,
            start=clip.start,
            frames=clip.frames,
            cut=clip.cut,
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
    here: tuple[str, ...] = (),
) -> World:
    conductor = conductor or Conductor(REQUEST, "fake", kept=kept)
    world = World(conductor=conductor, now=kept.position, realtime=realtime, here=here)
    world.engine_works, world.stand_ins = engine_works, stand_ins
    world.written = frames_of(kept.position)
    world.kept = [*kept.events, *([kept.splice] if kept.splice else [])]
    for key, state in kept.clips.items():
        world.got[key], world.starts[key] = state.frames, (state.start, state.frames)
    for state, splice, _ in kept.placed:
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
