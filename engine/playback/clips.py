"""The clips of a session: growing in memory, whole on disk as FLAC.

One thread writes (the session's), one reads (the feeder's). While a clip grows its audio is in
a preallocated array and goes to a file of its own (``NNNN-R.flac.PID-N.part``) at the same time;
once whole that is renamed to ``NNNN-R.flac`` and read from there. A whole clip is kept decoded
while it is being played, from its first block to its last, and at most two are: one that is
composed ahead waits in its file. Clips that are only passed through, in a rendering, have no files.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from pathlib import Path

import soundfile

from engine.audio.files import flac_writer
from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames
from engine.errors import MusmedError
from engine.plan.spec import ClipKey
from engine.playback.handover import HEAD, Handover
from engine.playback.stored_clip import LONG_STRETCH, ClipAudio, StoredClip
from engine.private import make_private_folder, open_private

DECODED_LIMIT = 2
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


class ClipStore:
    """The clips of one session in one folder. ``passing``: they are heard once, from the beginning
    to the end: no file is written, and a whole clip stays in memory until it was passed
    (``let_go``)."""

    def __init__(self, folder: Path, *, passing: bool = False) -> None:
        self._folder = folder
        self._passing = passing
        self._clips: dict[ClipKey, StoredClip] = {}
        self._decoded: OrderedDict[ClipKey, Frames] = OrderedDict()
        self._held: dict[ClipKey, Frames] = {}
        """Whole ones that are passed through and have not been yet."""
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
        clip = StoredClip(self.read, key, start, frames)
        with self._disk_errors(key):
            clip.part = None if self._passing else self._new_part(key)
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
            if clip.part is not None:
                self._put_in_place(key, clip.part, len(audio))
        if self._passing:
            self._held[key] = audio
        elif clip.played:
            self._keep(key, audio)
        clip.settle(len(audio))
        return self.path(key)

    def _put_in_place(self, key: ClipKey, part: Path, frames: int) -> None:
        if not self._holds(key, part, frames):
            raise OSError(errno.EIO, "the file came out short")
        self._make_way(self.path(key))
        part.rename(self.path(key))

    def let_go(self, frame: int) -> None:
        """Of clips that are passed through: those that end before session ``frame`` are not read
        any more."""
        for key in list(self._held):
            if self._clips[key].start + self._clips[key].frames < frame:
                del self._held[key]

    def discard(self, key: ClipKey) -> None:
        """Forget a clip that failed and delete what there is of it."""
        clip = self._clips.pop(key, None)
        self._held.pop(key, None)
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
        clip = StoredClip(self.read, key, start, 0)
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
        self._held.clear()
        with self._lock:
            self._decoded.clear()

    def read(self, key: ClipKey, offset: int, count: int) -> Frames:
        """A stretch of a whole clip, within its length. Block by block it is decoded whole and kept
        until the last one is read; a long stretch (a join being measured) is read straight from its
        file. Raises ``DamagedClipError``."""
        held = self._held.get(key)
        if held is not None:
            return held[offset : offset + count]
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

    @staticmethod
    def _writer(part: Path | None) -> soundfile.SoundFile | None:
        return None if part is None else flac_writer(part)

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
