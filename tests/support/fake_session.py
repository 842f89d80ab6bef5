"""The app over sessions that only note what is asked of them, and fixed pictures of one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from support.waiting import Stall
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.composers.base import BarRecord
from engine.errors import MusmedError
from engine.listener.history import Past
from engine.listener.likings import Liking
from engine.listener.preferences import Counted, Evidence, Learned, learned
from engine.listener.ratings import Felt, Rating
from engine.plan.events import Event, Shape
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.wanted import Faders
from engine.playback.playback import PlaybackState
from engine.playback.sound_columns import SoundColumn
from engine.session.heard_notes import HeardNote, HeardScore
from engine.session.notices import Notice
from engine.session.status import RunnerStatus
from engine.session.stretches import done
from musmed_tui.app import Left, MusmedApp
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.keymap import Read
from musmed_tui.listener_control import OnePast
from musmed_tui.past_words import heard_clips
from musmed_tui.session_control import Begun
from musmed_tui.session_view import Snapshot, expected
from musmed_tui.settings import Loaded, Settings
from musmed_tui.theme_shelf import ThemeShelf

SESSION = "20261121-101500-k3"
REQUEST = Request(
    start=feeling("tense").affect,
    target=feeling("calm").affect,
    start_word="tense",
    target_word="calm",
    seed=7,
)


def a_snapshot(position: float = 387.0, **changes: object) -> Snapshot:
    """A session in the middle of its way, composed to 60 s ahead."""
    base = expected(REQUEST)
    plan = make_plan(REQUEST)
    clip = min(int(position // 22.5), len(plan.clips) - 1)
    timeline = tuple(
        msgspec.structs.replace(
            view,
            phase="ready"
            if view.end < position + 60.0
            else "composing"
            if view.start < position + 60.0
            else "planned",
        )
        for view in base.timeline
    )
    following = plan.clips[clip + 1].tags if clip + 1 < len(plan.clips) else None
    fixed = {
        "session_id": SESSION,
        "state": "playing",
        "position_s": position,
        "affect": plan.path.at(position),
        "tags": plan.clips[clip].tags,
        "next_tags": following,
        "clip": clip,
        "timeline": timeline,
        "ahead_s": 60.0,
        "speed": 24.6,
        "peak": (-14.0, -17.0),
        "sink": "PortAudio: default",
        "composer": "embedded",
    }
    return msgspec.structs.replace(base, **{**fixed, **changes})


def a_score() -> HeardScore:
    """A made-up one: a melody over chords and a bass, bar by bar, to the session's end."""
    notes, bars = [], []
    for number in range(450):
        start, chord = 2.0 * number, ((57, 60, 64), (53, 57, 60), (55, 59, 62))[number % 3]
        bars.append(
            BarRecord(
                start=start,
                time_signature="4/4",
                chords=(("Am", "F", "G")[number % 3],),
                instruments=("piano",),
                note_density=2.0,
                mean_pitch=60.0,
                mean_velocity=64.0,
                mean_duration=1.0,
                key="A minor",
                section=1 + number // 16,
                asked={"tempo": 120.0},
            )
        )
        notes.append(HeardNote(start, 1.9, chord[0] - 24, "bass", "double bass"))
        notes += [HeardNote(start, 1.8, pitch, "pad", "strings") for pitch in chord]
        for beat in range(4):
            pitch = 72 + (number * 5 + beat * 3) % 12
            notes.append(HeardNote(start + beat / 2, 0.45, pitch, "lead", "piano"))
            notes.append(HeardNote(start + beat / 2, 0.1, 42, "drums", "brushes"))
    return HeardScore(tuple(sorted(notes)), tuple(bars))


SCORE = a_score()


def some_pasts(count: int = 3) -> list[Past]:
    """Sessions of other days, the newest first: the first was stopped and is named, the others were
    heard to their end."""
    ways = (("tense", "calm"), ("sad", "glad"), ("tired", "happy"))
    found = []
    for number in range(count):
        begun = datetime(2026, 11, 20, 19, 5, tzinfo=UTC) - timedelta(days=number)
        start, target = (feeling(word) for word in ways[number % 3])
        liking = Liking(
            clip=2,
            revision=0,
            at=50.0,
            mood="calm",
            instrument="piano",
            genre="ambient",
            liked=number % 2 == 0,
        )
        found.append(
            Past(
                id=f"{begun:%Y%m%d-%H%M%S}-aa",
                name="evening" if number == 0 else "",
                begun=begun,
                request=Request(
                    start=start.affect,
                    target=target.affect,
                    start_word=start.word,
                    target_word=target.word,
                    minutes=6,
                    seed=7,
                ),
                events=(),
                composer="embedded",
                state="stopped" if number == 0 else "finished",
                heard=120.0 if number == 0 else 360.0,
                felt=Felt(Rating(30, 70), Rating(60, 40), f"note {number}"),
                likings=(liking,),
            )
        )
    return found


def some_preferences() -> tuple[Learned, ...]:
    """What is learned of the likes of ``some_pasts``."""
    likings = [liking for past in some_pasts() for liking in past.likings]
    return learned(Evidence(tuple(map(Counted, likings))))


class FakeRunner:
    """Notes what it is asked; shows whatever snapshot it is given."""

    def __init__(self, snapshot: Snapshot, request: Request = REQUEST) -> None:
        self.request = request
        self.snapshot = snapshot
        self.asked: list[object] = []
        self.notices: list[Notice] = []
        self.events: tuple[Event, ...] = ()
        self.over = False
        self.replay = False
        self.looks = 0

    def look(self) -> Snapshot:
        self.looks += 1
        return self.snapshot

    def change(self, **changes: object) -> None:
        self.snapshot = msgspec.structs.replace(self.snapshot, **changes)

    def steer(self, target: Affect, word: str | None = None) -> None:
        self.asked.append(("steer", target, word))

    def ease(self) -> None:
        self.asked.append("ease")

    def skip(self) -> None:
        self.asked.append("skip")

    def shape(self, faders: Faders) -> None:
        self.asked.append(("shape", faders))
        at = self.snapshot.position_s + 3.0
        self.events = (*self.events, Shape(at, faders))
        plan = make_plan(self.request, self.events)
        self.change(faders=plan.faders, asked=done(self.events, plan))

    def like(self, liked: bool) -> None:
        self.asked.append("like" if liked else "dislike")

    def wish(self, more: bool) -> None:
        self.asked.append("more" if more else "less")

    def go_back(self) -> None:
        self.asked.append("go_back")

    def pause(self, wanted: bool) -> None:
        self.asked.append(("pause", wanted))
        if wanted != self.snapshot.paused:
            self.change(state="paused" if wanted else "playing")

    def pause_or_resume(self) -> None:
        self.asked.append("pause")
        self.change(state="playing" if self.snapshot.paused else "paused")

    @property
    def volume(self) -> float:
        return self.snapshot.volume

    def set_sleep(self, minutes: float | None) -> None:
        self.asked.append(("sleep", minutes))

    def step_sleep(self) -> None:
        self.asked.append("sleep")
        self.change(sleep_minutes=None if self.snapshot.sleep_minutes else 10)

    def set_volume(self, volume: float) -> None:
        self.asked.append(("volume", volume))
        self.change(volume=volume)

    def seek(self, seconds: float) -> float:
        self.asked.append(("seek", seconds))
        return seconds

    def stop(self) -> None:
        self.asked.append("stop")
        self.change(state="stopped")
        self.over = True

    def close(self) -> None:
        self.asked.append("close")

    def status(self) -> RunnerStatus:
        return RunnerStatus(
            session=self.snapshot.session_id,
            request=self.request,
            plan=make_plan(self.request, self.events),
            events=self.events,
            phase=self.snapshot.state,
            playback=PlaybackState(
                heard=self.snapshot.position_s,
                written=0,
                paused=False,
                ended=False,
                waiting=False,
                gaps=0,
                volume=1.0,
                peak=(-120.0, -120.0),
                sink="null",
            ),
            clips=self.snapshot.timeline,
            composer="embedded",
            ahead=0.0,
            speed=None,
            restarts=0,
        )

    def score(self) -> HeardScore:
        return SCORE

    def sound(self) -> tuple[SoundColumn, ...]:
        return ()

    def take_notices(self) -> list[Notice]:
        taken, self.notices = self.notices, []
        return taken

    def wait(self, timeout: float | None = None) -> bool:
        return self.over


class FakeListener:
    """Keeps how sessions felt, and the ``pasts`` it is given, the newest first; ``refusal`` is the
    sentence it refuses with."""

    def __init__(self) -> None:
        self.kept: dict[str, Felt] = {}
        self.pasts: list[Past] = []
        self.preferences: tuple[Learned, ...] = ()
        self.refusal: str | None = None
        self.asked: list[tuple[object, ...]] = []

    def page(self, count: int, before: str | None = None) -> tuple[Past, ...]:
        self.asked.append(("page", count, before))
        self._refuse()
        older = [one for one in self.pasts if before is None or one.id < before]
        return tuple(older[:count])

    def past(self, session: str) -> OnePast:
        self._refuse()
        (past,) = (one for one in self.pasts if one.id == session)
        return OnePast(past, heard_clips(past, {}))

    def rename(self, session: str, name: str) -> None:
        self._become(session, name=name)

    def delete(self, session: str) -> None:
        self._refuse()
        self.pasts = [one for one in self.pasts if one.id != session]

    def learned(self) -> tuple[Learned, ...]:
        self._refuse()
        return self.preferences

    def forget(self, one: Learned) -> None:
        self._refuse()
        self.preferences = tuple(other for other in self.preferences if other != one)

    def forget_all(self) -> None:
        self._refuse()
        self.preferences = ()

    def _become(self, session: str, **changes: object) -> None:
        self._refuse()
        self.pasts = [
            msgspec.structs.replace(one, **changes) if one.id == session else one
            for one in self.pasts
        ]

    def _refuse(self) -> None:
        if self.refusal:
            raise MusmedError(self.refusal)

    def felt(self, session: str) -> Felt:
        return self.kept.get(session, Felt())

    def rate(self, session: str, after: Rating, note: str | None) -> Felt:
        self._refuse()
        before = self.felt(session)
        told = before.note if note is None else note
        self.kept[session] = msgspec.structs.replace(before, after=after, note=told)
        self._become(session, felt=self.kept[session])
        return self.kept[session]


class FakeControl:
    """Begins ``FakeRunner``s; ``refusal`` is the sentence it refuses to begin with."""

    folder = Path("/home/listener/.local/share/musmed/library")
    settings_file = Path("/home/listener/.config/musmed/settings.toml")

    def __init__(self, theme: str = "dark") -> None:
        self.loaded = Loaded(Settings(theme=theme), {})
        self.volume = 1.0
        self.quit_asked = threading.Event()
        self.runner = FakeRunner(a_snapshot())
        self.asked: list[object] = []
        self.listener = FakeListener()
        self.before: Rating | None = None
        self.refusal: str | None = None
        self.notice: str | None = None

    def open_library(self) -> None:
        self.asked.append("library")

    def warm(self) -> None:
        self.asked.append("warm")

    def leaning(self, request: Request) -> Request:
        return request

    def begin(
        self, request: Request, *, before: Rating | None = None, signal: object = None
    ) -> Begun:
        self.asked.append(request)
        self.before = before
        return self._begun()

    def first_look(self, session: str, *, from_start: bool) -> Snapshot:
        return a_snapshot(0.0 if from_start else 60.0, session_id=session)

    def again(self, session: str, *, from_start: bool) -> Begun:
        self.asked.append(("again", session, from_start))
        self.runner = FakeRunner(a_snapshot(0.0, volume=self.volume))
        return self._begun()

    def _begun(self) -> Begun:
        if self.refusal:
            raise MusmedError(self.refusal)
        return Begun(self.runner, self.runner.look, self.notice)

    def end(self) -> None:
        self.asked.append("end")
        self.runner.stop()

    def save(
        self,
        runner: object,
        output: Path,
        progress: Callable[[float, float], None],
        cancelled: Callable[[], bool],
        *,
        heard: bool = False,
    ) -> tuple[str, ...]:
        self.asked.append(("save", output, heard))
        progress(450.0, 900.0)
        while output.name == "slow.flac" and not cancelled():
            time.sleep(0.01)
        if cancelled():
            raise MusmedError("Rendering was called off; nothing was written.")
        output.write_bytes(b"fLaC" * 1000)
        return ()


def make_app(
    control: FakeControl,
    *,
    playing: bool = False,
    glyphs: Glyphs = "braille",
    welcomed: Callable[[], None] | None = None,
    shelf: ThemeShelf | None = None,
    keymap: Read | None = None,
    staged: bool = False,
) -> MusmedApp:
    """The app on the check-in, or straight in the control's session; where ``welcomed`` is given,
    with the first-run card over it."""
    session = (control._begun, control.runner.snapshot) if playing else None
    return MusmedApp(
        control,  # type: ignore[arg-type]
        shelf or ThemeShelf(),
        session=session,
        glyphs=glyphs,
        welcomed=welcomed,
        keymap=keymap,
        staged=staged,
        driver_class=None,
    )


async def settled(pilot: Pilot[Left]) -> None:
    """Until what was begun is done and shown: threads are waited for and ticks are made, so that
    nothing depends on how fast this machine is."""
    app = pilot.app
    assert isinstance(app, MusmedApp)
    for _ in range(3):
        if app.return_value is not None:
            return
        with contextlib.suppress(WorkerCancelled):
            await app.workers.wait_for_complete()
        if app.return_value is None:
            app._tick()
            await pilot.pause()


async def until(
    pilot: Pilot[Left], seen: Callable[[], object], moves: Callable[[], object] = lambda: None
) -> None:
    """Until ``seen``; the app, or what ``moves``, has to answer within what is a stall on any
    machine."""
    stall = Stall(
        "what the app was asked for", lambda: (pilot.app.screen, len(pilot.app.workers), moves())
    )
    while not seen():
        stall.look(seen)
        await pilot.pause(0.03)


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine to its end."""
    asyncio.run(coroutine)
