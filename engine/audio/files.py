"""Audio files and FLAC bytes. soundfile and numpy only: the front process uses it.

24-bit samples are written and read as integers: libsndfile's float conversion scales by
2^23 - 1 on the way out and 2^23 on the way in, which is off by one step above -6 dBFS.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import numpy as np
import soundfile

from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames
from engine.errors import MusmedError
from engine.places import look_at, part_of
from engine.private import touch_private

SUFFIXES = (".flac", ".wav", ".ogg")
_FORMATS = {
    ".flac": ("FLAC", "PCM_24"),
    ".wav": ("WAV", "PCM_24"),
    ".ogg": ("OGG", "VORBIS"),
}
_PIECE_FRAMES = SAMPLE_RATE
"""Frames per write: libvorbis keeps a whole write on the stack, so long ones must be cut."""
_LITTLE_SPACE = 1 << 20
FLAC_LEVEL = 0.5
"""Of libsndfile, libFLAC's level 4: two thirds of the CPU of its usual 5, for .2 % more bytes
(docs/tried.md)."""
_STEPS_24 = np.float32(2**23)

Words = np.ndarray[Any, np.dtype[np.int32]]
"""24-bit values at the top of 32-bit words, as libsndfile takes and gives them."""


def words_of(audio: Frames) -> Words:
    """``audio`` rounded to 24-bit steps and clipped to their range (``quantise24``)."""
    steps = audio * _STEPS_24  # a power of two: exact
    np.rint(steps, out=steps)
    np.clip(steps, -_STEPS_24, _STEPS_24 - 1, out=steps)
    words: Words = steps.astype(np.int32)
    return np.left_shift(words, 8, out=words)


def _to_float(words: Words) -> Frames:
    return np.asarray((words >> 8).astype(np.float32) / _STEPS_24, np.float32)


def flac_writer(file: Path | io.RawIOBase | io.BytesIO) -> soundfile.SoundFile:
    """FLAC of 24 bits, 48 kHz stereo, for ``words_of`` what is to be kept."""
    return soundfile.SoundFile(
        file, "w", SAMPLE_RATE, CHANNELS, "PCM_24", format="FLAC", compression_level=FLAC_LEVEL
    )


def _writer(file: Path | io.RawIOBase, suffix: str) -> soundfile.SoundFile:
    kind, subtype = _FORMATS[suffix]
    if kind == "FLAC":
        return flac_writer(file)
    return soundfile.SoundFile(file, "w", SAMPLE_RATE, CHANNELS, subtype, format=kind)


def encode_flac24(audio: Frames) -> bytes:
    """(n, 2) frames, n >= 1, at 48 kHz as a FLAC stream of 24-bit samples (``quantise24``)."""
    out = io.BytesIO()
    with flac_writer(out) as file:
        file.write(words_of(audio))
    return out.getvalue()


def decode_flac(data: bytes, limit_frames: int) -> Frames:
    """The frames of a FLAC stream, shape (n, 2), n <= ``limit_frames``.

    Raises ``MusmedError`` for bytes that are no FLAC, are cut short, are longer than allowed, or
    are not stereo at 48 kHz.
    """
    broken = "The audio received is damaged (not a whole FLAC stream); compose this clip again."
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.format != "FLAC":
                raise MusmedError(broken)
            if (file.samplerate, file.channels) != (SAMPLE_RATE, CHANNELS):
                raise MusmedError(
                    f"The audio received has {file.channels} channels at {file.samplerate} Hz "
                    f"instead of {CHANNELS} at {SAMPLE_RATE}; check that both ends run the same "
                    "version of musmed."
                )
            if file.frames > limit_frames:
                raise MusmedError(
                    f"The audio received is longer than announced ({file.frames} frames, at most "
                    f"{limit_frames}); check that both ends run the same version of musmed."
                )
            frames = file.frames
            words = file.read(frames, dtype="int32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError, ValueError) as error:
        raise MusmedError(broken) from error
    if len(words) != frames:
        raise MusmedError(broken)
    return _to_float(words)


def _reason(error: BaseException) -> str:
    """The cause in a few words, without libsndfile's repetition of the file's name."""
    if isinstance(error, soundfile.LibsndfileError):
        return str(error.error_string).strip().rstrip(".").lower()
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or "the write was cut short"


def check_target(path: Path) -> None:
    """Raise ``MusmedError`` when ``path`` can't become an audio file: suffix, folder, rights."""
    try:
        folder = path.is_dir()
    except OSError as error:
        raise MusmedError(
            f"{path} can't be written ({_reason(error)}); name another place."
        ) from error
    if folder:
        raise MusmedError(f"{path} is a folder; name a file in it, such as {path / 'out.flac'}.")
    if path.suffix.lower() not in _FORMATS:
        raise MusmedError(
            f"{path.name} has no suffix that musmed writes; end it in {', '.join(SUFFIXES[:-1])} "
            f"or {SUFFIXES[-1]}."
        )
    check_folder(path)


def check_folder(path: Path) -> None:
    """Raise ``MusmedError`` when no file can be made in the folder of ``path``."""
    if look_at(path.parent, "folder") != "folder":
        raise MusmedError(f"There is no folder {path.parent}; make it first or name another.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise MusmedError(f"The folder {path.parent} can't be written to; choose another one.")
    if look_at(path, "file") == "other":
        raise MusmedError(f"{path} is a pipe or a device, which this would replace; name a file.")


class SoundStream:
    """48 kHz stereo as .flac (24-bit) or .ogg into ``file``, as it comes; the beginning says of no
    length. Any error is the file's or ``soundfile.LibsndfileError``."""

    def __init__(self, file: io.RawIOBase, suffix: str) -> None:
        self._format = _FORMATS[suffix][0]
        self._file = _writer(file, suffix)

    def write(self, audio: Frames) -> None:
        """Append (n, 2) frames."""
        self._file.write(audio if self._format == "OGG" else words_of(audio))

    def close(self) -> None:
        """May be called twice."""
        self._file.close()


class AudioWriter:
    """Writes 48 kHz stereo to .flac, .wav (both 24-bit) or .ogg, by suffix, as it comes.

    It writes under a temporary name in the same folder; ``close`` gives the file its name, so
    that a file of that name is always whole. ``discard`` (or leaving a ``with`` by an exception)
    removes the temporary. Every failure is a ``MusmedError``, after which nothing is left behind.
    """

    def __init__(self, path: Path, *, title: str, artist: str, comment: str) -> None:
        check_target(path)
        self.path = path
        self.frames = 0
        self._begun = False
        self._format = _FORMATS[path.suffix.lower()][0]
        self._temporary = part_of(path)
        try:
            touch_private(self._temporary)
            self._file = _writer(self._temporary, path.suffix.lower())
            self._file.title, self._file.artist, self._file.comment = title, artist, comment
        except (soundfile.LibsndfileError, OSError) as error:
            self._fail(error)

    def write(self, audio: Frames) -> None:
        """Append (n, 2) frames. Raises ``MusmedError`` (disk full, device gone)."""
        self._begun = True
        try:
            for start in range(0, len(audio), _PIECE_FRAMES):
                piece = audio[start : start + _PIECE_FRAMES]
                self._file.write(piece if self._format == "OGG" else words_of(piece))
                self.frames += len(piece)
        except (soundfile.LibsndfileError, OSError, AssertionError) as error:
            self._fail(error)

    def close(self) -> None:
        """Finish the file and give it its name. Raises ``MusmedError``; may be called twice."""
        if self._file.closed:
            return
        try:
            self._file.close()
            self._verify()
            self._temporary.replace(self.path)
        except (soundfile.LibsndfileError, OSError) as error:
            self._fail(error)

    def discard(self) -> None:
        """Give the file up: nothing is left of it."""
        with contextlib.suppress(soundfile.LibsndfileError, OSError, AttributeError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def _verify(self) -> None:
        """libsndfile can lose its last write without a word: read the end of the file again."""
        if not self.frames:
            return
        with soundfile.SoundFile(self._temporary) as file:
            if file.frames != self.frames:
                raise OSError(errno.EIO, "the file came out short")
            file.seek(max(0, self.frames - 1))
            if len(file.read(1, dtype="int32")) != 1:
                raise OSError(errno.EIO, "the file came out short")

    def _fail(self, error: BaseException) -> NoReturn:
        """Remove the temporary and say what went wrong in one sentence."""
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        with contextlib.suppress(OSError):
            full = full or shutil.disk_usage(self.path.parent).free < _LITTLE_SPACE
        self.discard()
        if full:
            raise MusmedError(
                f"The disk is full, so {self.path} can't be written; free some space and try again."
            ) from error
        # libsndfile does not say why a write failed; mostly it is room.
        room = "free some space or " if self._begun else ""
        raise MusmedError(
            f"{self.path} can't be written ({_reason(error)}); {room}name another place."
        ) from error
