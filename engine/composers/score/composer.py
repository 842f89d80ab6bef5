"""The embedded composer: a score as one function of session time, clips as windows on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

from engine.affect.circumplex import Affect
from engine.audio.format import CHANNELS, GRID_FRAMES, SAMPLE_RATE, Frames, frames_of, seconds_of
from engine.composers.base import BarRecords, Marks, Traits
from engine.composers.clip_notes import BEFORE, ClipNotes, PlayedNote, Voice, packed
from engine.composers.score.apart import Apart, ApartRenderer
from engine.composers.score.parts.bar_record import bar_record
from engine.composers.score.parts.touch import Note
from engine.composers.score.remembered import Remembered
from engine.composers.score.sound.chosen import Replaced
from engine.composers.score.sound.renderer import LOOKBACK_SECONDS, Renderer
from engine.composers.score.sound.reverb import Hall
from engine.composers.score.sound.soundfont import choose
from engine.composers.score.writing.course import Course, course_of
from engine.composers.score.writing.earlier import earlier_score
from engine.composers.score.writing.form import Bar, first_state, next_bar
from engine.composers.score.writing.state import ScoreState, pack_state, unpack_state
from engine.composers.synthesis import BUILTIN, Synthesis
from engine.plan.clock import clip_start
from engine.plan.request import Request
from engine.plan.spec import ClipSpec

AFTER_SECONDS = 1.5
"""How far a clip can be heard past its end, for finishing to look ahead; within
``FUTURE_SECONDS``, so that it is what the next clip begins with."""
_REHEARSED = Request(
    start=Affect(-0.4, 0.4),
    target=Affect(0.4, -0.4),
    start_word="tense",
    target_word="calm",
    minutes=5.0,
    seed=1,
)
_REHEARSED_BLOCKS = 4


class EmbeddedComposer:
    """Composes and sounds music many times faster than it plays: with numpy alone, or with the
    tables of a soundfont."""

    name = "embedded"
    version = 4
    traits = Traits(
        sample_rate=SAMPLE_RATE, channels=CHANNELS, denoise=False, trim=False, synthesis=BUILTIN
    )

    def __init__(self) -> None:
        self._apart: Apart | None = None
        self.sound_with(Synthesis())

    def sound_apart(self) -> None:
        """``Parted`` of the protocol."""
        self._apart = self._apart or Apart()

    def close(self) -> None:
        """End the process that sounds the notes, if there is one; it ends with this one, too."""
        if self._apart is not None:
            self._apart.close()

    def sound_with(self, wish: Synthesis) -> str:
        """``Sounding`` of the protocol."""
        chosen = choose(wish)
        self._wish = wish
        self._instruments = chosen.instruments
        self._renderer = Renderer(instruments=chosen.instruments)
        self._remembered = Remembered()
        self._replaced: Replaced | None = chosen.replaced
        self.traits = msgspec.structs.replace(self.traits, synthesis=chosen.identity)
        return chosen.notice

    def rehearse(self) -> Iterator[None]:
        """``Rehearsing``: the hall, and the beginning of some music that nobody hears, which has
        read and transformed what many a music is made of."""
        from engine.plan.planner import make_plan

        if self._apart is not None:  # what is kept, the other process keeps
            return
        Hall().answer()
        yield
        clip = make_plan(_REHEARSED).clips[0]
        yield
        renderer, score = Renderer(instruments=self._instruments), _score_before(clip, None)
        composition = ScoreComposition(
            renderer, clip, score, lambda: False, remembered=Remembered()
        )
        yield
        for _ in islice(composition.chunks(), _REHEARSED_BLOCKS):
            yield

    def compose(
        self, spec: ClipSpec, state: bytes | None, cancelled: Callable[[], bool]
    ) -> ScoreComposition:
        """Begin one clip. Without a state, or with one of another version of this composer, a score
        of its own begins with the clip, in the key that the other was in. Raises ``MusmedError``
        for bytes that are no state."""
        score = _score_before(spec, state)
        renderer: Renderer | ApartRenderer = self._renderer
        if self._apart is not None:
            renderer = self._apart.asked(spec, state, self._wish)
        return ScoreComposition(
            renderer,
            spec,
            score,
            cancelled,
            remembered=self._remembered,
            replaced=self._replaced,
        )


def _score_before(spec: ClipSpec, state: bytes | None) -> ScoreState:
    begins = frames_of(spec.start)
    if state is None:
        return first_state(course_of(spec), begins)
    earlier = earlier_score(state)
    if earlier is None:
        return unpack_state(state)
    return first_state(course_of(spec), begins, earlier.tonic_at(begins))


class ScoreComposition:
    """One clip: the bars from its state to its end, arranged and rendered as they are asked for."""

    def __init__(
        self,
        renderer: Renderer | ApartRenderer,
        spec: ClipSpec,
        score: ScoreState,
        cancelled: Callable[[], bool],
        *,
        remembered: Remembered,
        replaced: Replaced | None = None,
    ) -> None:
        self._renderer, self._spec, self._cancelled = renderer, spec, cancelled
        self._replaced, self._remembered = replaced, remembered
        self._bars, self._kept = bars_of(spec, score, remembered.next_bar)
        self.start_frame = first_frame(spec, self._bars)
        self.render_from = self.start_frame // GRID_FRAMES * GRID_FRAMES
        self.marks = self._marks()
        self._feed = _Feed(self._bars, spec, remembered)

    def state(self) -> bytes:
        """The score state at a bar early enough to render this clip again from."""
        return pack_state(self._kept)

    def bars(self) -> BarRecords:
        """The bars that begin in the clip, as far as they were arranged."""
        inside = range(self.start_frame, frames_of(self._spec.end))
        return tuple(bar_record(b, notes) for b, notes in self._feed.played if b.start in inside)

    def notes(self) -> ClipNotes:
        """``Scored`` of the protocol."""
        inside = range(self.start_frame, frames_of(self._spec.end))
        starts = [bar.start for bar, _ in self._feed.played if bar.start in inside]
        return packed(
            PlayedNote(
                seconds_of(note.onset - self.start_frame),
                seconds_of(note.gate),
                note.pitch,
                Voice(note.part, note.instrument),
                starts.index(bar.start) if bar.start in inside else BEFORE,
            )
            for bar, notes in self._feed.played
            for note in notes
            if note.onset in inside
        )

    def built_in(self) -> tuple[str, ...]:
        """``Sounded`` of the protocol."""
        replaced = self._replaced
        if replaced is None:
            return ()
        inside = range(self.start_frame, frames_of(self._spec.end))
        notes = (note for _, notes in self._feed.played for note in notes if note.onset in inside)
        own = {note.instrument for note in notes if replaced.has(note.instrument, note.pitch)}
        return tuple(sorted(own))

    def chunks(self) -> Iterator[Frames]:
        """Half-second blocks from ``render_from`` to 1.5 s past ``spec.end``, or to the session's
        end (the last block cut there)."""
        end = _last_frame(self._spec)
        first = self.render_from // GRID_FRAMES
        last = -(-end // GRID_FRAMES)
        self._feed = feed = _Feed(self._bars, self._spec, self._remembered)
        blocks = self._renderer.blocks(feed.until, first, last, self._spec.gentle)
        for block, audio in enumerate(blocks, first):
            if self._cancelled():
                return
            yield audio[: end - block * GRID_FRAMES]

    def _marks(self) -> Marks:
        start, end = self.start_frame, frames_of(self._spec.end)
        inside = [bar for bar in self._bars if start <= bar.start < end]
        return Marks(
            bars=tuple(seconds_of(bar.start) for bar in inside),
            phrases=tuple(seconds_of(bar.start) for bar in inside if bar.opens_phrase),
        )


class _Feed:
    """Hands the notes of a list of bars to the renderer, in time order."""

    def __init__(self, bars: list[Bar], spec: ClipSpec, remembered: Remembered) -> None:
        self._remembered = remembered
        self._bars, self._path = iter(bars), course_of(spec).path
        self._waiting: list[Note] = []
        self.played: list[tuple[Bar, list[Note]]] = []
        self._next = next(self._bars, None)

    def until(self, frame: int) -> list[Note]:
        while self._next is not None and self._next.start < frame:
            notes = self._remembered.notes_of(self._next, self._path)
            self.played.append((self._next, notes))
            self._waiting += notes
            self._next = next(self._bars, None)
        self._waiting.sort()
        ready = [note for note in self._waiting if note.onset < frame]
        self._waiting = self._waiting[len(ready) :]
        return ready


def bars_of(
    spec: ClipSpec,
    score: ScoreState,
    following: Callable[[ScoreState, Course], tuple[Bar, ScoreState]] = next_bar,
) -> tuple[list[Bar], ScoreState]:
    """The bars that a clip needs, each ``following`` a state, and the last state that lies early
    enough before it."""
    early = frames_of(spec.start - LOOKBACK_SECONDS)
    end = _last_frame(spec)
    kept, course = score, course_of(spec)
    bars: list[Bar] = []
    while score.frame < end and not score.done:
        if score.frame <= early:
            kept, bars = score, []
        bar, score = following(score, course)
        bars.append(bar)
    return bars, kept


def first_frame(spec: ClipSpec, bars: Iterable[Bar]) -> int:
    """The clip's start, or for a splice the first beat at or after it, as a session frame."""
    wanted = frames_of(spec.start)
    if wanted == frames_of(clip_start(spec.index)):
        return wanted
    beats = (bar.start + k * bar.beat for bar in bars for k in range(bar.metre.slots // 4))
    return next((beat for beat in beats if beat >= wanted), wanted)


def _last_frame(spec: ClipSpec) -> int:
    """The session frame to which a clip can be heard."""
    return frames_of(min(spec.end + AFTER_SECONDS, spec.total))
