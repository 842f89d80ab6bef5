"""Every sound of the data as codes and every caption as text states, made once.

What lacks in the cache is made by the checkpoint's own EnCodec and T5, one after the other, each
loaded only if something lacks, and let go when nothing does any more.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from engine.audio.trim import SILENCE
from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.model import codec as codecs
from engine.composers.musicgen.model.device import choose_device, is_out_of_memory, settle
from engine.composers.musicgen.model.weights import load_codec, load_text, text_states
from engine.errors import MusmedError
from engine.training.cache import Cache, CacheError, KeptSound, SoundRecord
from engine.training.digests import codec_digest, joined, text_digest
from engine.training.encoded import Codes, States, Window
from engine.training.reading.sounds import without_path
from engine.training.said import Progress, Say, Stopped, StoppedError
from engine.training.tracks import Data, Problem, Track
from engine.training.windows import SHORTEST_SECONDS, Audio, Grid, TrackReader

KEPT_EVERY = 16
"""Windows (8 min) of one sound after which what was made is kept while it goes on: no more are lost
when the program is killed."""


@dataclass(frozen=True)
class EncodedData:
    """``Encoded``, and what was found to be wrong on the way. Codes and states are read from the
    cache each time."""

    windows: tuple[Window, ...]
    problems: tuple[Problem, ...]
    cache: Cache = field(repr=False)
    places: tuple[tuple[str, int], ...] = field(repr=False)
    """Of each window its sound's key and its number there."""
    text: str = field(repr=False)
    """The text encoder's digest."""

    def codes(self, window: int) -> Codes:
        """Of the window of that number. Raises ``MusmedError`` where the cache was cleared."""
        return self.cache.window(*self.places[window])

    def states(self, caption: str) -> States:
        """Of a caption of a track that has windows. Raises ``MusmedError`` where the cache was
        cleared."""
        return self.cache.kept_states(joined(self.text, caption))


def encode(
    data: Data, checkpoint: Checkpoint, cache: Path, say: Say, stopped: Stopped
) -> EncodedData:
    """Codes of every window of ``data`` (how sounds are cut: ``windows``) and states of the
    captions of every track that has some, from the folder ``cache``, or made now and kept there.

    It runs on the GPU where there is one, else on the CPU, in float32. ``say`` is told of sounds
    that were looked for ('reading'), then of windows and captions that lack ('encoding'; how many
    there are is an estimate until the last sound was read). Raises ``StoppedError`` when it is
    stopped, and ``MusmedError`` for a cache that can't be written and where no track is left; what
    was made by then is kept.
    """
    work = _Work(data, checkpoint, Cache(cache), _Told(say, stopped))
    work.look()
    work.encode_sounds()
    work.leave_out_empty()
    work.encode_captions()
    return work.found()


class _Told:
    """What is said on the way, and whether to go on."""

    def __init__(self, say: Say, stopped: Stopped) -> None:
        self._say, self._stopped = say, stopped
        self.done = self.left = 0

    def check(self) -> None:
        if self._stopped():
            raise StoppedError("Stopped; what was encoded is kept and not encoded again.")

    def reading(self, done: int, total: int) -> None:
        self._say(Progress("reading", done, total))

    def made_one(self) -> None:
        self.done += 1
        self.left = max(0, self.left - 1)
        self.encoding()

    def encoding(self) -> None:
        self._say(Progress("encoding", self.done, self.done + self.left))


class _Work:
    """One call of ``encode``."""

    def __init__(self, data: Data, checkpoint: Checkpoint, cache: Cache, told: _Told) -> None:
        self._data, self._checkpoint, self._cache, self._told = data, checkpoint, cache, told
        self._grid = _grid(checkpoint)
        self._codec = joined(codec_digest(checkpoint), self._grid.rule)
        self._text = text_digest(checkpoint)
        self._keys: dict[int, str] = {}
        """Of each track that is used, by its number, its sound's key."""
        self._sounds: dict[str, _Whole] = {}
        self._lacking: dict[str, int] = {}
        """Windows, about, of sounds that are not whole in the cache."""
        self._problems: list[tuple[int, Problem]] = []

    def look(self) -> None:
        """What is there already, and about how much is not."""
        total = len(self._data.tracks)
        self._cache.sweep(time.time())
        with self._cache.known_files() as known:
            for number, track in enumerate(self._data.tracks):
                self._told.check()
                self._told.reading(number, total)
                with self._leaving_out(number):
                    key = joined(self._codec, known.digest(track.sound, self._told.check))
                    if key not in self._sounds and key not in self._lacking:
                        self._look_for(key, track)
                    self._keys[number] = key
        self._told.reading(total, total)
        self._told.left = sum(self._lacking.values()) + len(self._captions())

    def encode_sounds(self) -> None:
        """What lacks."""
        if self._lacking:
            self._by_codec()
            _tidy()

    def encode_captions(self) -> None:
        """What lacks, of the tracks that are used."""
        if lacking := self._captions():
            self._by_text_encoder(lacking)
            _tidy()

    def _by_codec(self) -> None:
        """Nobody has the codec any more after this."""
        device = _device()
        if device.type == "mps":  # which has convolutions of at most 65536 samples
            device = torch.device("cpu")
        with self._fitting("codec"):
            codec = load_codec(self._checkpoint, device)

            def heard(audio: Audio) -> Codes:
                codes = codecs.encode(codec, audio, self._checkpoint.channels)
                return codes.numpy().astype(np.int16)

            for number, key in list(self._keys.items()):
                if key not in self._sounds:
                    self._encode_sound(number, key, heard)

    def _by_text_encoder(self, lacking: Sequence[str]) -> None:
        """Nobody has the text encoder any more after this."""
        self._told.left = len(lacking)
        with self._fitting("text encoder"):
            model = load_text(self._checkpoint, _device())
            for caption in lacking:
                self._told.check()
                states = text_states(*model, caption).float().cpu().numpy()
                self._cache.keep_states(joined(self._text, caption), states)
                self._told.made_one()

    def leave_out_empty(self) -> None:
        """Tracks without a window; what is odd about the others is said. Raises ``MusmedError``
        where none has one."""
        for number, key in sorted(self._keys.items()):
            record = self._sounds[key].record
            if not record.starts:
                self._leave_out(number, _why_empty(self._data.tracks[number].sound, record))
                continue
            for odd in record.odd:
                sentence = f"{self._data.tracks[number].sound} {odd}"
                self._say(number, sentence, left_out=False)
        if not self._keys:
            raise self._nothing()

    def found(self) -> EncodedData:
        """Everything, once nothing lacks."""
        windows, places = [], []
        for number, key in sorted(self._keys.items()):
            record, frames = self._sounds[key]
            for place, (start, count) in enumerate(zip(record.starts, frames, strict=True)):
                windows.append(Window(number, start, count))
                places.append((key, place))
        said = [problem for _, problem in sorted(self._problems, key=lambda found: found[0])]
        new = tuple(problem for problem in said if problem not in self._data.problems)
        return EncodedData(tuple(windows), new, self._cache, tuple(places), self._text)

    def _look_for(self, key: str, track: Track) -> None:
        if (kept := self._cache.sound(key)) is not None:
            self._sounds[key] = _whole(kept)
            return
        begun = self._cache.begun(key)
        with self._opened(track) as reader:
            self._lacking[key] = max(1, (reader.expected or 1) - (len(begun.codes) if begun else 0))

    def _encode_sound(self, number: int, key: str, heard: Callable[[Audio], Codes]) -> None:
        """Goes on where it was stopped before, unless another training has made it meanwhile."""
        others = self._told.left - self._lacking[key]
        kept = self._cache.sound(key)
        if kept is None:
            with self._leaving_out(number), self._opened(self._data.tracks[number]) as reader:
                kept = self._grown(reader, _Growing(self._cache, key), heard)
        if kept is not None:
            self._sounds[key] = _whole(kept)
        self._told.left = max(0, others)

    def _grown(
        self, reader: TrackReader, sound: _Growing, heard: Callable[[Audio], Codes]
    ) -> KeptSound:
        try:
            for place, piece in enumerate(reader.pieces()):
                if place >= sound.count:
                    self._told.check()
                    sound.add(piece.start, heard(piece.audio))
                    self._told.made_one()
        except StoppedError:
            sound.keep()
            raise
        return sound.keep_whole(reader.silent, reader.odd)

    def _captions(self) -> list[str]:
        """Those that lack, of the tracks that are used."""
        tracks = (self._data.tracks[number] for number in sorted(self._keys))
        captions = dict.fromkeys(caption for track in tracks for caption in track.captions)
        return [
            caption
            for caption in captions
            if self._cache.states(joined(self._text, caption)) is None
        ]

    def _opened(self, track: Track) -> TrackReader:
        return TrackReader(track.sound, self._grid, self._checkpoint.channels, self._told.check)

    @contextmanager
    def _leaving_out(self, number: int) -> Iterator[None]:
        """What goes wrong in here is that track's fault, but for the cache."""
        try:
            yield
        except (StoppedError, CacheError):
            raise
        except MusmedError as error:
            self._leave_out(number, str(error))

    def _leave_out(self, number: int, sentence: str) -> None:
        self._keys.pop(number, None)
        self._say(number, sentence, left_out=True)

    def _say(self, number: int, sentence: str, *, left_out: bool) -> None:
        track = self._data.tracks[number]
        problem = Problem(track.name, without_path(sentence, track.sound), left_out)
        self._problems.append((number, problem))

    def _nothing(self) -> MusmedError:
        lost = [
            f"{problem.name}: {problem.sentence}"
            for _, problem in self._problems
            if problem.left_out
        ]
        first = lost[0].rstrip(".") if lost else "there is no track in it"
        more = f", and so it is with {len(lost) - 1} more" if len(lost) > 1 else ""
        return MusmedError(
            f"Nothing in {self._data.folder} can be trained with ({first}{more}); mend that, or "
            "name another folder."
        )

    @contextmanager
    def _fitting(self, part: str) -> Iterator[None]:
        try:
            yield
        except MusmedError:
            raise
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise MusmedError(
                f"The {part} of {self._checkpoint.name} does not fit into memory; close what else "
                "uses it, and begin again: what was encoded is kept."
            ) from error


class _Whole(NamedTuple):
    """A sound that is whole in the cache; ``frames``: of each of its windows."""

    record: SoundRecord
    frames: tuple[int, ...]


def _whole(kept: KeptSound) -> _Whole:
    return _Whole(kept.record, tuple(codes.shape[1] for codes in kept.codes))


class _Growing:
    """A sound that is being encoded, from what is kept of it on."""

    def __init__(self, cache: Cache, key: str) -> None:
        self._cache, self._key = cache, key
        begun = cache.begun(key)
        self._starts = list(begun.record.starts) if begun else []
        self._codes = list(begun.codes) if begun else []
        self._kept = self.count

    @property
    def count(self) -> int:
        return len(self._codes)

    def add(self, start: float, codes: Codes) -> None:
        self._starts.append(start)
        self._codes.append(codes)
        if self.count - self._kept >= KEPT_EVERY:
            self.keep()

    def keep(self) -> None:
        if self.count > self._kept:
            self._cache.keep_begun(self._key, self._as_is())
            self._kept = self.count

    def keep_whole(self, silent: bool, odd: tuple[str, ...]) -> KeptSound:
        sound = self._as_is(silent, odd)
        self._cache.keep_sound(self._key, sound)
        return sound

    def _as_is(self, silent: bool = False, odd: tuple[str, ...] = ()) -> KeptSound:
        return KeptSound(SoundRecord(tuple(self._starts), silent, odd), tuple(self._codes))


def _grid(checkpoint: Checkpoint) -> Grid:
    """The codec's. Raises ``MusmedError`` for a config that says nothing of it."""
    config = checkpoint.config["audio_encoder"]
    rate, ratios = config.get("sampling_rate"), config.get("upsampling_ratios")
    numbers = [rate, *ratios] if isinstance(ratios, list) else []
    if not numbers or not all(isinstance(one, int) and one > 0 for one in numbers):
        raise MusmedError(
            f"The config.json in {checkpoint.folder} does not say how its codec counts time; get "
            "the checkpoint again."
        )
    return Grid(rate, math.prod(ratios))


def _why_empty(sound: Path, record: SoundRecord) -> str:
    if record.silent:
        level = 20.0 * math.log10(SILENCE)
        return f"{sound} is silent: nothing in it is louder than {level:.0f} dBFS; get it again."
    return f"{sound} holds no {SHORTEST_SECONDS:g} s of music without a silence; give a longer one."


def _device() -> torch.device:
    device, _ = choose_device()
    settle(device)
    return device


def _tidy() -> None:
    """A model that nobody has any more leaves memory, the GPU's too."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
