"""What was encoded, kept for every later training: codes of sounds, states of captions. No torch.

A file is named by a digest of all it depends on, so nothing in here is ever out of date, and it is
written beside and renamed: two trainings may share a cache, where the second of two that make the
same takes the first one's place with the same. Each file holds a digest of itself; what is damaged
counts as not there.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import MusmedError
from engine.places import open_file, part_of
from engine.private import make_private_folder, open_private
from engine.training.encoded import Codes, States
from engine.training.known_files import KnownFiles

MOST_BYTES = 1 << 28
"""Of one file: a sound of the greatest length takes 35 MB in eight codebooks."""
_ABANDONED = 24 * 3600.0
_SAID = "musmed"
"""The entry of a file's metadata: its digest, a space, its record."""


class CacheError(MusmedError):
    """The cache can't be written, or was cleared meanwhile."""


class SoundRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a sound beside its codes. ``starts``: of each window, in seconds of the
    track; ``silent``: nothing in it is loud; ``odd``: the reader's remarks, without the file's name
    before them."""

    starts: tuple[float, ...]
    silent: bool = False
    odd: tuple[str, ...] = ()


class KeptSound(msgspec.Struct, frozen=True):
    """``codes``: of each window."""

    record: SoundRecord
    codes: tuple[Codes, ...]


class Cache:
    """The cache in ``folder``, which is made when something is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sweep(self, now: float) -> None:
        """Remove what was being written here a day and more before ``now`` (seconds since 1970),
        by programs that were killed."""
        for path in self.folder.glob("*/.*.part*"):
            with suppress(OSError):
                if now - path.lstat().st_mtime > _ABANDONED:
                    path.unlink()

    @contextmanager
    def known_files(self) -> Iterator[KnownFiles]:
        """Digests of files, by which sounds are told from each other; kept however it ends."""
        known = KnownFiles(self.folder / "files.json")
        try:
            yield known
        finally:
            try:
                known.keep()
            except OSError as error:
                raise self._unwritable(error) from error

    def sound(self, key: str) -> KeptSound | None:
        """A sound that was encoded to its end; None of what is not there or is damaged."""
        return self._kept(self._sound(key))

    def begun(self, key: str) -> KeptSound | None:
        """The windows that are made of a sound that is not whole; None likewise."""
        return self._kept(self._begun(key))

    def keep_sound(self, key: str, sound: KeptSound) -> None:
        """Raises ``CacheError``, after which what was begun is still there."""
        self._keep(self._sound(key), sound)
        with suppress(OSError):
            self._begun(key).unlink(missing_ok=True)

    def keep_begun(self, key: str, sound: KeptSound) -> None:
        """What is whole of it by another's work meanwhile stays so. Raises ``CacheError``, after
        which what was begun before is still there."""
        self._keep(self._begun(key), sound)

    def window(self, key: str, number: int) -> Codes:
        """The codes of one window of a sound that was looked for before. Raises ``CacheError``
        where they are gone since then."""
        codes = self._one(self._sound(key), _name(number))
        if codes is None or codes.dtype != np.int16 or codes.ndim != 2:
            raise self._gone(self._sound(key))
        return codes

    def states(self, key: str) -> States | None:
        """Of a caption; None of what is not there or is damaged."""
        found = self._read(self._text(key))
        states = None if found is None else found[0].get("states")
        if states is None or states.dtype != np.float32 or states.ndim != 2:
            return None
        return states

    def kept_states(self, key: str) -> States:
        """Of a caption that was looked for before. Raises ``CacheError``."""
        states = self.states(key)
        if states is None:
            raise self._gone(self._text(key))
        return states

    def keep_states(self, key: str, states: States) -> None:
        """Raises ``CacheError``."""
        self._write(self._text(key), {"states": states}, "")

    def _kept(self, path: Path) -> KeptSound | None:
        found = self._read(path)
        if found is None:
            return None
        tensors, text = found
        try:
            record = msgspec.json.decode(text, type=SoundRecord)
            codes = tuple(tensors[_name(number)] for number in range(len(record.starts)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
            return None
        right = all(one.dtype == np.int16 and one.ndim == 2 and one.shape[1] for one in codes)
        return KeptSound(record, codes) if right else None

    def _keep(self, path: Path, sound: KeptSound) -> None:
        tensors = {_name(number): codes for number, codes in enumerate(sound.codes)}
        self._write(path, tensors, msgspec.json.encode(sound.record).decode())

    def _sound(self, key: str) -> Path:
        return self.folder / "sounds" / f"{key}.safetensors"

    def _begun(self, key: str) -> Path:
        return self.folder / "begun" / f"{key}.safetensors"

    def _text(self, key: str) -> Path:
        return self.folder / "captions" / f"{key}.safetensors"

    def _read(self, path: Path) -> tuple[dict[str, NDArray[Any]], str] | None:
        """All tensors of a file and its record, if it is as it was written."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            with open_file(path) as file:
                data = file.read(MOST_BYTES + 1)
            if len(data) > MOST_BYTES:
                return None
            tensors = load(data)
            length = int.from_bytes(data[:8], "little")
            said = msgspec.json.decode(data[8 : 8 + length])["__metadata__"][_SAID]
            digest, _, record = said.partition(" ")
            right = digest == _digest(tensors, record)
        except (OSError, SafetensorError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            return None  # a header that says other things
        return (tensors, record) if right else None

    def _one(self, path: Path, name: str) -> NDArray[Any] | None:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy") as file:
                found: NDArray[Any] = file.get_tensor(name)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None
        return found

    def _write(self, path: Path, tensors: Mapping[str, NDArray[Any]], record: str) -> None:
        from safetensors.numpy import save

        solid = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
        # One entry, for safetensors writes several in an order of its own each time.
        data = save(solid, {_SAID: f"{_digest(solid, record)} {record}"})
        part = part_of(path)
        try:
            make_private_folder(path.parent)
            with open_private(part, "wb") as file:
                file.write(data)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> CacheError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return CacheError(
                f"The disk is full, so no more can be kept in {self.folder}; free some space and "
                "begin again: what is kept is not encoded twice."
            )
        return CacheError(
            f"The folder {self.folder} for what is encoded can't be written "
            f"({error.strerror or error}); mend that, or name another."
        )

    def _gone(self, path: Path) -> CacheError:
        return CacheError(
            f"{path} is gone or was damaged since the training began; go on with --resume, which "
            "makes it anew."
        )


def _name(window: int) -> str:
    return f"{window:05d}"


def _digest(tensors: Mapping[str, NDArray[Any]], record: str) -> str:
    made = hashlib.sha256(record.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        made.update(f"{name} {tensor.dtype.str} {tensor.shape}".encode())
        made.update(tensor.tobytes())
    return made.hexdigest()
