"""MusicGen as a composer: the codes of a session are one line, clips are windows on it.

The model always works on a window of at most 30 s, what it was trained on: the last 7.5 s of the
line as its prompt, and up to 22.5 s more. torch is imported when the model is loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.audio.format import GRID_FRAMES, Frames
from engine.audio.trim import SILENCE
from engine.composers.base import BarRecords, Marks, Traits
from engine.composers.musicgen.continuation import CodeLine, Codes
from engine.composers.musicgen.files.marks import FileMarks, marks_of_asked
from engine.composers.musicgen.loaded_model import Studio, open_studio, tensor
from engine.errors import MusmedError
from engine.plan.clock import CLIP_SECONDS, OVERLAP_SECONDS, clip_start
from engine.plan.generation import Generation
from engine.plan.spec import ClipSpec

if TYPE_CHECKING:
    from engine.composers.musicgen.model.codec import CodecStream

FUTURE_SECONDS = 2.0
"""How far past a clip's end the line goes: what finishing hears ahead (1.5 s) and the codec's
look-ahead. The next clip goes on from there, so nothing of it is composed twice."""
KEPT_SECONDS = OVERLAP_SECONDS
"""How much of the line before a clip its state keeps: a prompt for a revision at its start, and
more than the codec remembers."""
SILENT_SECONDS = 10.0
"""A session's first silence is passed over for so long at most, in whole code frames."""


class MusicGenComposer:
    """Composes with the MusicGen checkpoint called ``name``."""

    version = 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.traits = Traits(sample_rate=32_000, channels=1, denoise=True, trim=False)
        self._studio: Studio | None = None
        self._adapters: tuple[FileMarks, ...] = ()
        """The files that were merged: another adapter may go by the name by now."""

    def load(
        self, generation: Generation, progress: Callable[[float], None], precision: str = ""
    ) -> str:
        """``Loadable`` of the protocol."""
        progress(0.0)
        studio, self._studio = self._studio, None
        if studio is not None:
            studio.end_clip()  # one that failed in the midst of it has left it at work
        merged, self._adapters = self._adapters, marks_of_asked(generation.adapters)
        notice = None
        if studio is not None and _same_model(studio.generation, generation):
            notice = studio.said_where(generation, precision)
        if studio is not None and notice is not None and merged == self._adapters:
            studio.generation = generation
            with studio.fitting():
                studio.warm()
        else:
            studio = None  # its memory first
            studio = open_studio(self.name, generation, progress, precision)
            notice = studio.notice
        self._studio = studio
        self.traits = msgspec.structs.replace(
            self.traits,
            sample_rate=studio.model.sample_rate,
            channels=studio.model.channels,
            precision=studio.precision,
        )
        return notice

    def compose(
        self, spec: ClipSpec, state: bytes | None, cancelled: Callable[[], bool]
    ) -> MusicGenComposition:
        """Begin one clip. Raises ``MusmedError`` for a state it cannot read or an opening that
        is gone."""
        if self._studio is None:
            raise MusmedError(f"{self.name} has not been loaded; open it first.")
        return MusicGenComposition(self._studio, spec, state, cancelled)


def _same_model(a: Generation, b: Generation) -> bool:
    return (a.decoder, a.adapters) == (b.decoder, b.adapters)


class MusicGenComposition:
    """One clip: the line of codes from what is known of it to the clip's end, and its audio."""

    def __init__(
        self, studio: Studio, spec: ClipSpec, state: bytes | None, cancelled: Callable[[], bool]
    ) -> None:
        self.marks = Marks()
        self._studio, self._spec, self._cancelled = studio, spec, cancelled
        self._start = studio.code_frames(spec.start)
        self.start_frame = self._start * studio.hop
        self._last = spec.end >= spec.total
        future = 0.0 if self._last else FUTURE_SECONDS
        self._target = studio.code_frames(spec.end + future)
        self._line, self._fresh = self._known(state)
        self.render_from = self._first_rendered()
        self._codes: Iterator[Codes] = iter(())

    def bars(self) -> BarRecords:
        """MusicGen knows no bars."""
        return ()

    def state(self) -> bytes:
        """The line from a prompt's length before the clip to the end that was aimed at, or as far
        as it was composed when it was cancelled."""
        if not self._cancelled():
            with self._studio.fitting():
                for codes in self._codes:
                    self._line.append(codes)
        self._studio.end_clip()
        first = self._start - self._studio.code_frames(KEPT_SECONDS)
        kept = self._line.cut(first, self._target)
        return kept.pack(self._spec.index, self._studio.vocabulary)

    def chunks(self) -> Iterator[Frames]:
        """Audio at the model's rate from ``render_from`` on, to ``FUTURE_SECONDS`` past the clip's
        end or to the session's end."""
        with self._studio.fitting():
            self._codes = self._begin()
            first = self.render_from // self._studio.hop
            stream = self._studio.stream(self._line.cut(self._line.first, first).codes)
            audio = self._audio(stream, self._line.cut(first, self._line.end).codes)
            second = self._studio.model.sample_rate
            for piece in self._without_silence(audio) if self._fresh else audio:
                for start in range(0, len(piece), second):
                    yield piece[start : start + second]

    def _known(self, state: bytes | None) -> tuple[CodeLine, bool]:
        """What there is of the line before anything is composed, and whether nothing is."""
        studio = self._studio
        afresh = CodeLine.empty(self._start, studio.model.codebooks)
        if state is None:
            opening = studio.opening() if self._start == 0 else None
            return (afresh, True) if opening is None else (opening, False)
        line, clip = CodeLine.unpack(state, studio.model.codebooks, studio.vocabulary)
        if not line.first <= self._start <= line.end:
            return afresh, True
        following = clip < self._spec.index and self._spec.start == clip_start(self._spec.index)
        known = studio.code_frames(OVERLAP_SECONDS + FUTURE_SECONDS) if following else 0
        first = self._start - studio.code_frames(KEPT_SECONDS)
        return line.cut(first, self._start + known), False

    def _first_rendered(self) -> int:
        """On the half-second grid, a half second early, so that the resampler has heard what came
        before the clip; as far as there is something to hear."""
        early = (self.start_frame // GRID_FRAMES - 1) * GRID_FRAMES
        if early >= self._line.first * self._studio.hop:
            return early
        return self.start_frame

    def _audio(self, stream: CodecStream, known: Codes) -> Iterator[Frames]:
        yield from _pieces(stream, known, self._studio.rate // 2)  # short enough to stop between
        for codes in self._codes:
            self._line.append(codes)
            yield stream.push(tensor(codes))
        if self._last and not self._cancelled():
            yield stream.flush()  # before that the next clip's codes would be missing from it

    def _begin(self) -> Iterator[Codes]:
        """The code frames that follow the line, as they come; whoever takes them puts them at its
        end. They are composed ahead from now on, while what is known sounds."""
        return self._windows(self._ahead(), self._line.end)

    def _windows(self, codes: Iterator[Codes], begin: int) -> Iterator[Codes]:
        """``codes``, which begin at frame ``begin``, and at a session's beginning further windows:
        where the next one lies is known only once the one before has sounded."""
        yield from codes
        while begin < self._line.end < self._target and not self._cancelled():
            begin = self._line.end
            yield from self._ahead()

    def _ahead(self) -> Iterator[Codes]:
        known = self._line.cut(self._line.first, self._line.end)
        return self._studio.ahead(partial(self._composed, known))

    def _composed(self, line: CodeLine, closed: Callable[[], bool]) -> Iterator[Codes]:
        """Further code frames, laid at ``line``'s end, up to the target; of a line that may still
        move those of one window."""

        def cancelled() -> bool:
            return closed() or self._cancelled()

        while line.end < self._target and not cancelled():
            begin = line.end
            for codes in self._window(line, cancelled):
                line.append(codes)
                yield codes
            if self._fresh or line.end == begin:
                return

    def _window(self, line: CodeLine, cancelled: Callable[[], bool]) -> Iterator[Codes]:
        """The code frames that a window of the model has room for behind its prompt."""
        studio, generation = self._studio, self._studio.generation
        prompt = line.last(studio.code_frames(OVERLAP_SECONDS))
        known, begin = prompt.shape[1], line.end
        count = min(studio.code_frames(CLIP_SECONDS), known + self._target - begin)
        text = studio.conditioner.along(self._spec, begin - known, count, studio.rate, cancelled)
        if text is None:
            return
        for codes in studio.decoder.frames(
            text,
            tensor(prompt) if known else None,
            count,
            seed=_seed(self._spec, begin),
            guidance=generation.guidance,
            top_k=generation.top_k,
            temperature=generation.temperature,
            cancelled=cancelled,
        ):
            yield codes.numpy()

    def _without_silence(self, audio: Iterator[Frames]) -> Iterator[Frames]:
        """``audio`` from the code frame before its first sound on; the line is moved so that the
        session begins there."""
        samples = self._studio.model.sample_rate // self._studio.rate
        left = self._studio.code_frames(SILENT_SECONDS)
        held: Frames | None = None
        for piece in audio:
            if left <= 0:
                yield piece
                continue
            held = piece if held is None else np.concatenate((held, piece))
            loud = np.flatnonzero(np.abs(held).max(axis=1, initial=0.0) > SILENCE)
            silent = (int(loud[0]) if len(loud) else len(held)) // samples
            drop = min(max(0, silent - 1), left)
            self._line.first -= drop
            held, left = held[drop * samples :], 0 if len(loud) else left - drop
            if left <= 0:
                yield held
        if held is not None and left > 0:
            yield held


def _pieces(stream: CodecStream, codes: Codes, length: int) -> Iterator[Frames]:
    for first in range(0, codes.shape[1], length):
        yield stream.push(tensor(codes[:, first : first + length]))


def _seed(spec: ClipSpec, begin: int) -> int:
    """For what is drawn from code frame ``begin`` on: 63 bits, another for every window."""
    digest = hashlib.blake2b(f"{spec.seed}:{begin}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
