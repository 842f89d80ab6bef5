"""Any sound file that a listener names, read to its real end: one reader, one set of checks.

Memory is bounded whatever the file claims, and so is the time of whoever stops asking. What was odd
about a file is said in a sentence. soundfile and numpy only: the front uses it.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.audio.format import Frames
from engine.audio.reading.layout import layout_of
from engine.audio.reading.segments import Bytes, Segment, Window
from engine.errors import MusmedError
from engine.places import look_at

Floats = NDArray[np.float32]

LOWEST_RATE, HIGHEST_RATE = 8_000, 384_000
MOST_CHANNELS = 16
LOUDEST = 1_000.0
"""Samples beyond this (60 dB over full scale) are no audio, but 16-bit numbers written as floats,
say."""
LARGEST_BYTES = 16 * 1024**3
LONGEST_SECONDS = 12 * 3600
KINDS = "convert it to FLAC, WAV, OGG or MP3 first"
FOREIGN = frozenset(
    (".m4a", ".m4b", ".mp4", ".aac", ".wma", ".ape", ".wv", ".mka", ".webm", ".ac3")
)
"""What people have and libsndfile can't read."""
_PIECE_SECONDS = 5
_PIECE_SAMPLES = 1 << 22
"""Of all channels together, at most, in a piece."""
_SHORT = 0.25
"""Seconds by which a file may be shorter than it says without a word (padding of encoders)."""
_CANCELLED = 0.01
"""Of the channels' mean power: a mix under this has lost what the channels hold."""
_ERRORS = (soundfile.LibsndfileError, RuntimeError, OSError, ValueError, TypeError)


class Piece(NamedTuple):
    """``audio`` (n, channels), finite, at ``rate`` Hz. Both may change within a file of several
    recordings."""

    rate: int
    audio: Frames


class _SoundFile(soundfile.SoundFile):  # type: ignore[misc]
    """soundfile seeks after every read to where it is already; a decoder of MP3 begins anew there,
    and the next thousand frames are not those of the file. So this one says that it can't seek."""

    def seekable(self) -> bool:
        return False

    @property
    def can_seek(self) -> bool:
        return bool(super().seekable())


class SoundReader:
    """Opens ``path``, a listener's ``what``, and reads it once, forwards.

    Raises ``MusmedError``, at the start and while reading: missing, no sound, a form that is not
    taken, samples that are none.

    ``remarks``: what was odd, in sentences; whole once everything was read. ``seconds``: how long
    it should be, None where that can't be told before.
    """

    def __init__(self, path: Path, what: str = "sound file") -> None:
        self._path, self._what = path, what
        self._check_place()
        with contextlib.ExitStack() as unwinding:
            try:
                self._file = unwinding.enter_context(path.open("rb"))
                source = Bytes(self._file)
                self._check_size(source.size)
                layout = layout_of(source)
            except OSError as error:
                raise self._unreadable(error) from error
            self._segments = layout.segments
            self._whole = Segment(0, source.size)
            self._odd = dict.fromkeys(layout.remarks)
            if (count := len(self._segments)) > 1:
                self._odd[f"is made of {count} recordings, one after the other"] = None
            self.seconds = self._expected()
            unwinding.pop_all()

    @property
    def remarks(self) -> tuple[str, ...]:
        return tuple(
            f"{self._path} {odd}; all that can be read of it is taken." for odd in self._odd
        )

    def pieces(self) -> Iterator[Piece]:
        """The file from its beginning to its end, about 5 s at a time."""
        seconds = 0.0
        for segment in self._segments:
            for piece in self._pieces(segment):
                seconds += len(piece.audio) / piece.rate
                if seconds > LONGEST_SECONDS:
                    raise MusmedError(
                        f"{self._path} is over {LONGEST_SECONDS // 3600} hours long; cut what is "
                        "wanted out of it first."
                    )
                yield piece

    def tail(self, seconds: float) -> Piece:
        """The last ``seconds`` of the file, less where it is shorter. Of several recordings, as
        many of the last as have one form."""
        rate = wanted = 0
        made: list[Frames] = []
        for segment in reversed(self._segments):
            found = self._tail(segment, seconds if not rate else wanted / rate)
            if not rate:
                rate, wanted = found.rate, round(seconds * found.rate)
            elif (found.rate, found.audio.shape[1]) != (rate, made[0].shape[1]):
                break
            made.insert(0, found.audio)
            wanted -= len(found.audio)
            if wanted <= 0:
                break
        return Piece(rate, np.concatenate(made))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_place(self) -> None:
        found = look_at(self._path, self._what)
        if found == "folder":
            raise MusmedError(f"{self._path} is a folder; name a sound file.")
        if found == "nothing":
            raise MusmedError(f"There is no file {self._path}; check the name.")
        if found == "other":
            raise MusmedError(f"{self._path} is no regular file; name a sound file.")

    def _check_size(self, size: int) -> None:
        if size > LARGEST_BYTES:
            raise MusmedError(f"{self._path} is over 16 GiB; cut what is wanted out of it first.")

    def _expected(self) -> float | None:
        """Seconds in all, as far as headers and counts tell."""
        total = 0.0
        for segment in self._segments:
            with self._opened(segment) as file:
                frames = _told(file, segment)
                if frames is None:
                    return None
                total += frames / file.samplerate
        return total

    def _pieces(self, segment: Segment) -> Iterator[Piece]:
        with self._opened(segment) as file:
            told, got = _told(file, segment), 0
            for audio in self._read(file):
                got += len(audio)
                yield Piece(file.samplerate, self._checked(audio))
            if told is not None and got < told - _SHORT * file.samplerate:
                self._odd["is damaged"] = None

    def _tail(self, segment: Segment, seconds: float) -> Piece:
        """By a seek where that is sure to lead where it should, else by reading all."""
        with self._opened(segment) as file:
            rate, wanted = file.samplerate, round(seconds * file.samplerate)
            frames = _told(file, segment)
            if frames is not None and not segment.head and file.can_seek:
                with contextlib.suppress(*_ERRORS):
                    first = max(0, file.frames - wanted)
                    file.seek(first)
                    audio = np.concatenate([*self._read(file), _none(file)])
                    if len(audio) == file.frames - first:
                        return Piece(rate, self._checked(audio))
        kept = _none(None)
        for piece in self._pieces(segment):
            kept = np.concatenate([kept, piece.audio])[-wanted:] if len(kept) else piece.audio
        return Piece(rate, kept[-wanted:])

    def _read(self, file: _SoundFile) -> Iterator[Frames]:
        """What can be decoded from here on. A decoder that fails (at a cut end, for one) has often
        given some frames before it did; they are told from the rest by being numbers."""
        size = max(1, min(_PIECE_SECONDS * file.samplerate, _PIECE_SAMPLES // file.channels))
        while True:
            buffer = np.full((size, file.channels), np.nan, np.float32)
            try:
                audio = file.read(out=buffer)
            except soundfile.LibsndfileError:
                unset = np.flatnonzero(np.isnan(buffer).all(axis=1))
                if len(audio := buffer[: unset[0] if len(unset) else size]):
                    yield audio
                return
            except _ERRORS as error:
                raise self._unreadable(error) from error
            if not len(audio):
                return
            yield audio

    @contextlib.contextmanager
    def _opened(self, segment: Segment) -> Iterator[_SoundFile]:
        plain = segment._replace(frames=None) == self._whole
        window = None if plain else Window(self._file, segment)
        try:
            file = _SoundFile(self._path if window is None else window)
        except _ERRORS as error:
            raise self._unreadable(error) from error
        with file:
            self._check_form(file.samplerate, file.channels)
            yield file
        if window is not None and window.error is not None:
            raise self._unreadable(window.error) from window.error

    def _check_form(self, rate: int, channels: int) -> None:
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise MusmedError(
                f"{self._path} has {rate} samples a second; convert it to 48000 first."
            )
        if not 1 <= channels <= MOST_CHANNELS:
            raise MusmedError(f"{self._path} has {channels} channels; convert it to stereo first.")

    def _checked(self, audio: Frames) -> Frames:
        if not bool(np.all(np.abs(audio) <= LOUDEST)):  # NaN fails this too
            raise MusmedError(f"{self._path} holds samples that are no sound; make it again.")
        return audio

    def _unreadable(self, error: BaseException) -> MusmedError:
        reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or error
        reason = str(reason).strip().rstrip(".").lower() or "its data are damaged"
        kind = self._path.suffix.lower()
        if kind in FOREIGN:
            names = (self._path.name, self._path.with_suffix(".flac").name)
            command = f"ffmpeg -i {' '.join(map(shlex.quote, names))}"
            return MusmedError(
                f"{self._path} is a {kind} file, which musmed does not read; "
                f"convert it first ({command} does that)."
            )
        return MusmedError(f"{self._path} can't be read as sound ({reason}); {KINDS}.")


def _told(file: _SoundFile, segment: Segment) -> int | None:
    """How many frames there should be; None for what can't be believed."""
    frames = int(file.frames) if segment.frames is None else segment.frames
    return frames if 0 <= frames <= LONGEST_SECONDS * file.samplerate else None


def _none(file: _SoundFile | None) -> Frames:
    return np.zeros((0, file.channels if file else 1), np.float32)


def mixed(audio: Frames) -> tuple[Floats, bool]:
    """(n, channels) -> (n,): the mean of the channels; where they cancel each other (one of them
    has the wrong polarity), the loudest one. And whether they do."""
    count = audio.shape[1]
    channels = [audio[:, c] for c in range(count)]  # numpy is slow along an axis of two
    mono: Floats = np.asarray(sum(channels[1:], start=channels[0]) / np.float32(count), np.float32)
    if count == 1 or not len(audio):
        return mono, False
    powers = np.array([np.mean(np.square(one, dtype=np.float64)) for one in channels])
    power = float(np.mean(np.square(mono, dtype=np.float64)))
    if power >= _CANCELLED * float(powers.mean()):
        return mono, False
    return np.ascontiguousarray(audio[:, int(powers.argmax())], np.float32), True
