"""The clips of a session: growing in memory, whole on disk as FLAC.

One thread writes (the session's), one reads (the feeder's). While a clip grows its audio is in
a preallocated array and goes to a file of its own (``NNNN-R.flac.PID-N.part``) at the same time;
once whole that is renamed to ``NNNN-R.flac`` and read from there. A whole clip is kept decoded
while it is being played, from its first block to its last, and at most two are: one that is
composed ahead waits in its file.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames
from engine.errors import MusmedError
from engine.plan.spec import ClipKey
from engine.playback.handover import HEAD, Handover, Outgoing, faded_end
from engine.private import make_private_folder, open_private

DECODED_LIMIT = 2
LONG_STRETCH = 4 * BLOCK_FRAMES
MAX_FRAMES = 3_600 * SAMPLE_RATE
PART = re.compile(r"\d{4}-\d+\.flac(\.\d+-\d+)?\.part")
"""The name of a clip's file while it grows; those of older versions had no process in it."""
_OURS = re.compile(rf"\d{{4}}-\d+\.flac|{PART.pattern}")
_numbers = itertools.count(1)


class DamagedClipError(MusmedError):
    """A clip's file is missing, damaged or cut short; ``key`` is the clip's."""

    def __init__(self, key: ClipKey, path: Path, what: str) -> None:
        super().__init__(f"The clip {path} {what}; resume the session to have it composed again.")
        self.key = key


class ClipAudio(Protocol):
    """A clip that may still be growing."""

    key: ClipKey
    start: int
    """Session frame of its first frame."""
    frames: int
    """How many it will have (a finished one: has)."""
    whole: bool
    """Nothing more will come."""

    def available(self) -> int:
        """Frames readable from the head now."""
        ...

    def read(self, offset: int, count: int) -> Frames:
        """Frames ``offset`` to ``offset + count``, fewer where the clip has no more (yet)."""
        ...


class StoredClip:
    """One clip of a ``ClipStore``."""

    def __init__(self, store: ClipStore, key: ClipKey, start: int, frames: int) -> None:
        self.key = key
        self.start = start
        self.frames = frames
        self.whole = False
        self.played = False
        """It was read block by block while it grew."""
        self._store = store
        self._count = 0
        self._limit: int | None = None
        self._outgoing: Outgoing | None = None
        self.part: Path | None = None
        """The file that it grows in."""
        self._growing: Frames | None = None
        self._writer: soundfile.SoundFile | None = None

    def available(self) -> int:
        return self._count if self._limit is None else min(self._count, self._limit)

    def read(self, offset: int, count: int) -> Frames:
        growing = self._growing
        count = max(0, min(count, self.available() - offset))
        if growing is None:
            return self._store.read(self.key, offset, count)
        self.played = self.played or count <= LONG_STRETCH
        return growing[offset : offset + count]

    # the writer's side, used by the store

    def open(self, writer: soundfile.SoundFile) -> None:
        self._growing = np.zeros((self.frames, CHANNELS), np.float32)
        self._writer = writer

    def append(self, audio: Frames) -> None:
        if self._growing is None or self._writer is None:
            raise ValueError(f"clip {self.key} is not growing")
        end = self._count + len(audio)
        if end > self.frames:
            raise ValueError(f"clip {self.key} is longer than the {self.frames} frames promised")
        if self._outgoing is not None:
            audio = self._outgoing.joined(self._count, audio)
        self._write(audio)
        self._growing[self._count : end] = audio
        self._count = end  # last: the reader goes by it

    def hold_back(self, offset: int | None) -> None:
        """Nothing from frame ``offset`` on is read; None: everything may be."""
        self._limit = offset

    def hand_over(self, at: int, until: int, writer: Callable[[], soundfile.SoundFile]) -> None:
        """From frame ``at`` on what is appended takes over from what is here, which has gone at
        frame ``until``. ``writer`` begins the file anew. Nothing may be read meanwhile."""
        if self._growing is None or self._writer is None:
            raise ValueError(f"clip {self.key} is not growing")
        self._outgoing = Outgoing(at, self._growing[at : min(until, self._count)].copy())
        if at == until:
            self._end_in_silence(at)
        self._count = at
        self._writer.close()
        self._writer = writer()
        self._write(self._growing[:at])

    def _end_in_silence(self, at: int) -> None:
        """As it was heard: the last block that was whole faded away, and nothing after it."""
        assert self._growing is not None
        end = (self.start + min(at, self._count)) // BLOCK_FRAMES * BLOCK_FRAMES - self.start
        begin = max(0, end - BLOCK_FRAMES)
        self._growing[begin : max(0, end)] = faded_end(self._growing[begin : max(0, end)])
        self._growing[max(0, end) : at] = 0.0

    def _write(self, audio: Frames) -> None:
        assert self._writer is not None
        steps = np.rint(audio.astype(np.float64) * 2**23)
        self._writer.write(np.clip(steps, -(2**23), 2**23 - 1).astype(np.int32) << 8)

    def close(self) -> Frames:
        """Close the file. Returns the audio; the clip still reads from memory."""
        if self._growing is None or self._writer is None:
            raise ValueError(f"clip {self.key} is not growing")
        self._writer.close()
        self._writer = None
        return self._growing[: self._count]

    def drop_file(self) -> None:
        """Let go of the file and what it takes of the disk; what is here is read from memory."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(soundfile.LibsndfileError, AssertionError):
                writer.close()
        if self.part is not None:
            with contextlib.suppress(OSError):
                self.part.unlink(missing_ok=True)

    def end_here(self) -> None:
        """What is here is all that comes."""
        self.frames = self.available()
        self.whole = True

    def settle(self, frames: int) -> None:
        """From here on the clip is read through the store."""
        self._count = frames
        self._limit = self._outgoing = None
        self.frames = frames
        self.whole = True
        self._growing = None


class ClipStore:
    """The clips of one session in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clips: dict[ClipKey, StoredClip] = {}
        self._decoded: OrderedDict[ClipKey, Frames] = OrderedDict()
        self._lock = threading.Lock()
        try:
            make_private_folder(folder)
        except OSError as error:
            raise MusmedError(
                f"The folder {folder} for this session's clips can't be made ({error.strerror}); "
                "make it writable or choose another data folder."
            ) from error

    def path(self, key: ClipKey) -> Path:
        """Where the whole clip lies."""
        return self._folder / f"{key.index:04d}-{key.revision}.flac"

    def begin(self, key: ClipKey, start: int, frames: int) -> None:
        """A clip of ``frames`` frames at session frame ``start`` begins to arrive."""
        if not 0 < frames <= MAX_FRAMES:
            raise ValueError(f"a clip of {frames} frames")
        clip = StoredClip(self, key, start, frames)
        with self._disk_errors(key):
            clip.part = self._new_part(key)
            try:
                clip.open(self._writer(clip.part))
            except BaseException:
                clip.drop_file()
                raise
        self._clips[key] = clip

    def append(self, key: ClipKey, audio: Frames) -> None:
        """The clip's next frames, with 24-bit values. Raises ``MusmedError`` on a full disk."""
        with self._disk_errors(key):
            self._clips[key].append(audio)

    def hold_back(self, key: ClipKey, frame: int) -> None:
        """Of a growing clip nothing from session ``frame`` on is read until it is handed over."""
        clip = self._clips[key]
        clip.hold_back(frame - clip.start)

    def hand_over(self, key: ClipKey, change: Handover, held_back: int | None = None) -> None:
        """What is appended to a growing clip from here on is another composer's and begins at
        ``change.at``; nothing from session frame ``held_back`` on is read yet. Nothing may be read
        meanwhile. Raises ``MusmedError`` on a full disk."""
        clip = self._clips[key]
        at, until = change.at - clip.start, change.until - clip.start
        with self._disk_errors(key):
            clip.hand_over(at, until, lambda: self._writer(clip.part))
        clip.hold_back(None if held_back is None else held_back - clip.start)

    def finish(self, key: ClipKey, *, cut: bool = False) -> Path:
        """The clip is whole, or ``cut``: it ends where it has got to. Returns its file.

        Raises ``ValueError`` when a clip that was not cut is shorter than it was said to be.
        """
        clip = self._clips[key]
        clip.hold_back(None)
        if not cut and clip.available() != clip.frames:
            raise ValueError(f"clip {key} has {clip.available()} of {clip.frames} frames")
        with self._disk_errors(key):
            audio = clip.close()
            if clip.part is None or not self._holds(key, clip.part, len(audio)):
                raise OSError(errno.EIO, "the file came out short")
            self._make_way(self.path(key))
            clip.part.rename(self.path(key))
        if clip.played:
            self._keep(key, audio)
        clip.settle(len(audio))
        return self.path(key)

    def discard(self, key: ClipKey) -> None:
        """Forget a clip that failed and delete what there is of it."""
        clip = self._clips.pop(key, None)
        with self._lock:
            self._decoded.pop(key, None)
        if clip is not None and not clip.whole:
            clip.drop_file()
        with contextlib.suppress(OSError):  # a folder lies there, which ``finish`` moves away
            self.path(key).unlink(missing_ok=True)

    def keep_no_more(self) -> None:
        """Nothing more is written: what clips that grow have of the disk is free again, and what is
        here of them is still read. They end there, unless that is less than a join needs. Nothing
        may be read meanwhile."""
        for clip in list(self._clips.values()):
            if not clip.whole:
                clip.drop_file()
                if clip.available() >= HEAD:
                    clip.end_here()

    def adopt(self, key: ClipKey, start: int, frames: int) -> None:
        """Take up a whole clip of ``frames`` frames that is already on disk. Raises
        ``DamagedClipError``."""
        clip = StoredClip(self, key, start, 0)
        path = self.path(key)
        if (found := self._length(key, path)) != frames:
            raise DamagedClipError(key, path, f"has {found} frames in place of {frames}")
        clip.settle(frames)
        self._clips[key] = clip

    def tidy(self, keys: Collection[ClipKey]) -> None:
        """Delete what lies in the folder and is none of the clips ``keys``: what was written when a
        process was killed, or the disk was full. The session has to be held."""
        wanted = {self.path(key).name for key in keys}
        for path in self._folder.iterdir():
            if path.name not in wanted and _OURS.fullmatch(path.name) and path.is_file():
                with contextlib.suppress(OSError):
                    path.unlink()

    def get(self, key: ClipKey) -> ClipAudio:
        """Raises ``KeyError`` for a clip never begun or adopted."""
        return self._clips[key]

    def close(self) -> None:
        """Close and delete what is still growing; whole clips stay, in their files alone: a process
        that plays session after session holds no sound of those that are over."""
        for key, clip in list(self._clips.items()):
            if not clip.whole:
                self.discard(key)
        with self._lock:
            self._decoded.clear()

    def read(self, key: ClipKey, offset: int, count: int) -> Frames:
        """A stretch of a whole clip, within its length. Block by block it is decoded whole and kept
        until the last one is read; a long stretch (a join being measured) is read straight from its
        file. Raises ``DamagedClipError``."""
        long = count > LONG_STRETCH
        with self._lock:
            audio = self._decoded.get(key)
        if audio is None:
            if long:
                return self._load(key, offset, count)
            audio = self._load(key)
        if not long:
            self._keep(key, audio, over=offset + count >= len(audio))
        return audio[offset : offset + count]

    def _load(self, key: ClipKey, offset: int = 0, count: int | None = None) -> Frames:
        """Read a clip's file, from frame ``offset`` on."""
        path = self.path(key)
        with self._opened(key, path) as file:
            expected = file.frames - offset if count is None else count
            file.seek(offset)
            audio: Frames = file.read(expected, dtype="float32", always_2d=True)
        if len(audio) != expected:
            raise DamagedClipError(key, path, "is cut short")
        return audio

    def _length(self, key: ClipKey, path: Path) -> int:
        """Frames of a clip's file, its last one read to see that it is there."""
        with self._opened(key, path) as file:
            frames: int = file.frames
            file.seek(max(0, frames - 1))
            last = len(file.read(1, dtype="float32"))
        if last != 1:
            raise DamagedClipError(key, path, "is cut short")
        return frames

    def _holds(self, key: ClipKey, part: Path, frames: int) -> bool:
        """Whether all of a clip's frames have reached its file."""
        try:
            return self._length(key, part) == frames
        except DamagedClipError:
            return False

    @contextlib.contextmanager
    def _opened(self, key: ClipKey, path: Path) -> Iterator[soundfile.SoundFile]:
        try:
            with soundfile.SoundFile(path) as file:
                if (file.samplerate, file.channels) != (SAMPLE_RATE, CHANNELS):
                    raise DamagedClipError(key, path, "is not 48 kHz stereo")
                if not 0 < file.frames <= MAX_FRAMES:
                    raise DamagedClipError(key, path, "is damaged")
                yield file
        except (soundfile.LibsndfileError, OSError) as error:
            raise DamagedClipError(key, path, f"can't be read ({_cause(error)})") from error

    def _keep(self, key: ClipKey, audio: Frames, *, over: bool = False) -> None:
        with self._lock:
            if over:
                self._decoded.pop(key, None)
                return
            self._decoded[key] = audio
            self._decoded.move_to_end(key)
            while len(self._decoded) > DECODED_LIMIT:
                self._decoded.popitem(last=False)

    def _writer(self, part: Path | None) -> soundfile.SoundFile:
        assert part is not None
        return soundfile.SoundFile(part, "w", SAMPLE_RATE, CHANNELS, "PCM_24", format="FLAC")

    def _new_part(self, key: ClipKey) -> Path:
        """A file that was not there before."""
        while True:
            name = f"{self.path(key).name}.{os.getpid()}-{next(_numbers)}.part"
            with contextlib.suppress(FileExistsError):
                open_private(self._folder / name, "xb").close()
                return self._folder / name

    def _make_way(self, path: Path) -> None:
        """A folder in the place of a clip gets another name."""
        if path.is_dir():
            numbered = (path.with_name(f"{path.name}.damaged-{n}") for n in itertools.count(1))
            path.rename(next(place for place in numbered if not os.path.lexists(place)))

    @contextlib.contextmanager
    def _disk_errors(self, key: ClipKey) -> Iterator[None]:
        try:
            yield
        except (soundfile.LibsndfileError, OSError, AssertionError) as error:
            raise MusmedError(
                f"Clip {key.index + 1} can't be written to {self._folder} ({_cause(error)}); "
                "free some space there."
            ) from error


def _cause(error: BaseException) -> str:
    """A few words; libsndfile says 'System error.' for whatever the disk would not do."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    said = str(getattr(error, "error_string", "")).strip().rstrip(".").lower()
    if said in ("", "system error"):
        return "the disk takes or gives no more"
    return "it is cut short" if said.startswith("internal") else said
