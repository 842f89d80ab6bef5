"""One file from the hub to its place among the cache's blobs: checked, told of, resumable.

``huggingface_hub`` speaks to the hub. The file is written here, because the library's own download
begins a file of several gigabytes from nothing after every interruption.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from engine.composers.musicgen.files.catalogue import INSTALL
from engine.errors import MusmedError

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
_BLOCK = 1 << 20
_NO_HUB = "the embedded composer needs no weights (--composer embedded)"


class AbsentError(MusmedError):
    """The hub has no such repository, or not the branch that was asked for."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository. ``digest``: SHA-256 for large files, else git's SHA-1 of the blob;
    the hub's cache names its blobs by it."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True)
class Source:
    """Where files come from; ``endpoint``: the hub's address, None for its own."""

    repo: str
    commit: str
    endpoint: str | None = None


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` bytes of the file ``name`` are here; ``resumed`` were before."""

    name: str
    done: int
    total: int
    resumed: int


def library(module: str = "") -> Any:  # noqa: ANN401 - there with the extra only, types differ
    """``huggingface_hub`` or one of its modules. Raises ``MusmedError`` where it is missing."""
    try:
        return importlib.import_module(f"huggingface_hub{module}")
    except ImportError as error:
        raise MusmedError(
            f"Fetching needs huggingface_hub; {INSTALL} brings it and all else MusicGen needs."
        ) from error


def is_whole(path: Path, file: RemoteFile) -> bool:
    """Whether ``path`` has the size of ``file``; its content was checked when it came."""
    try:
        return path.stat().st_size == file.size
    except OSError:
        return False


def is_right(path: Path, file: RemoteFile) -> bool:
    """Whether ``path`` holds just what the hub has; it is read whole."""
    if not is_whole(path, file):
        return False
    digest = _digest(file)
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    return bool(digest.hexdigest() == file.digest)


def _partial(blob: Path) -> Path:
    return blob.with_name(blob.name + ".incomplete")


def partial_size(blob: Path) -> int:
    """Bytes of ``blob`` that an earlier, interrupted call left."""
    try:
        return _partial(blob).stat().st_size
    except OSError:
        return 0


def fetch_blob(
    source: Source, file: RemoteFile, blob: Path, progress: Callable[[Progress], None]
) -> None:
    """Bring ``file`` to ``blob``, going on from what is left of an earlier call.

    An interruption leaves what there is of a large file for the next call. Raises ``MusmedError``
    for a hub that goes away and for a file that is not what the hub said.
    """
    if is_whole(blob, file):
        return
    partial = _partial(blob)
    here = partial_size(blob)
    resumed = here if len(file.digest) == 64 and here <= file.size else 0
    kept = False
    try:
        with partial.open("r+b" if resumed else "w+b") as opened:
            writing = _Writing(
                opened,
                file,
                lambda done: progress(Progress(file.name, done, file.size, resumed)),
                resumed,
            )
            kept = len(file.digest) == 64
            _transfer(source, file, writing, resumed)
        if not writing.is_right():
            kept = False
            raise MusmedError(
                f"{file.name} of {source.repo} did not arrive as the hub has it; try again."
            )
        partial.replace(blob)
    finally:
        if not kept or not partial_size(blob):
            partial.unlink(missing_ok=True)


def _transfer(source: Source, file: RemoteFile, writing: _Writing, resumed: int) -> None:
    tools = library(".utils")
    tools.disable_progress_bars()
    tools.logging.set_verbosity_error()  # what goes wrong is said by whoever called
    url = library().hf_hub_url(
        source.repo, file.name, revision=source.commit, endpoint=source.endpoint
    )
    with clear_errors(source.repo):
        library(".file_download").http_get(
            url,
            writing,
            resume_size=resumed,
            headers=tools.build_hf_headers(library_name="musmed"),
            expected_size=file.size,
        )


class _Writing:
    """A file being fetched, as the hub's library writes to it: digested and told of as it grows."""

    def __init__(
        self, file: IO[bytes], wanted: RemoteFile, tell: Callable[[int], None], resumed: int
    ) -> None:
        self._file, self._wanted, self._tell = file, wanted, tell
        self._digest = _digest(wanted)
        self._size = 0
        file.seek(0)
        while self._size < resumed:
            self._digest.update(block := file.read(_BLOCK))
            self._size += len(block)

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)
        if self._size > self._wanted.size:
            raise OSError(f"{self._wanted.name} is longer than the hub said")
        self._tell(self._size)
        return len(data)

    def tell(self) -> int:
        return self._size

    def seek(self, to: int, *_: int) -> int:
        """Only back to the start: a hub that can't go on begins again."""
        if to != self._size:
            self._digest, self._size = _digest(self._wanted), 0
        return self._file.seek(self._size)

    def truncate(self) -> int:
        return self._file.truncate(self._size)

    def is_right(self) -> bool:
        return self._size == self._wanted.size and self._digest.hexdigest() == self._wanted.digest


def _digest(file: RemoteFile) -> Any:  # noqa: ANN401 - hashlib names no public type
    if len(file.digest) == 64:
        return hashlib.sha256()
    return hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)


@contextlib.contextmanager
def clear_errors(repo: str) -> Iterator[None]:
    """The library's errors, which differ by version, as sentences."""
    try:
        yield
    except MusmedError:
        raise
    except Exception as error:
        names = {
            f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).mro()
        }
        if "huggingface_hub.GatedRepoError" in names:
            reason = f"The hub gives {repo} only to those who accepted its terms; do that there"
        elif names & {
            f"huggingface_hub.{kind}NotFoundError" for kind in ("Repository", "Revision")
        }:
            raise AbsentError(f"The hub has no {repo}; mend the name; {_NO_HUB}.") from error
        elif isinstance(error, OSError) and error.errno in _DISK:
            raise
        elif any(name.startswith(("httpx", "requests.", "huggingface_hub.")) for name in names) or (
            isinstance(error, OSError)
        ):
            said = str(error).partition("\n")[0][:120]
            reason = f"The hub can't be reached or broke off ({said}); try again later"
        else:
            raise
        raise MusmedError(f"{reason}; {_NO_HUB}.") from error
