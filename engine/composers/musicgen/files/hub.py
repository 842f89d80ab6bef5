"""Fetching models from the hub into its cache: safetensors, configs and tokenizers, nothing else.

What lands in the cache is laid out as the hub's own programs do it, and a branch points to a
snapshot only once that is whole.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.composers.musicgen.files.adapters import CONFIG as ADAPTER_CONFIG
from engine.composers.musicgen.files.adapters import WEIGHTS as ADAPTER_WEIGHTS
from engine.composers.musicgen.files.catalogue import revisions_of
from engine.composers.musicgen.files.checkpoints import (
    CONFIG,
    INDEX,
    PICKLES,
    TOKENIZERS,
    WEIGHTS,
)
from engine.composers.musicgen.files.prefixes import PREFIX
from engine.composers.musicgen.files.transfer import (
    AbsentError,
    Progress,
    RemoteFile,
    Source,
    clear_errors,
    fetch_blob,
    is_right,
    is_whole,
    library,
    partial_size,
)
from engine.errors import MusmedError
from engine.hub_cache import hub_cache, repo_folder

_SMALL_FILES = (
    CONFIG,
    "generation_config.json",
    "preprocessor_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    *TOKENIZERS,
)
_MAX_SMALL = 64 * 1024 * 1024
_MAX_FILE = 50 * 1000**3
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors", re.ASCII)
_ETAG = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Listing:
    """What will be fetched of a repository: at this commit, of this branch."""

    repo: str
    revision: str
    commit: str
    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def listing(repo: str, environment: Mapping[str, str] | None = None) -> Listing:
    """Ask the hub what there is to fetch of ``repo`` ('user/name').

    Raises ``MusmedError`` when the hub can't be reached, knows no such repository, or has no
    safetensors of it.
    """
    variables = os.environ if environment is None else environment
    if variables.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise MusmedError(f"HF_HUB_OFFLINE is set; unset it to fetch {repo}.")
    hub = library()
    first: MusmedError | None = None
    for revision in revisions_of(repo):
        try:
            with clear_errors(repo):
                info = hub.HfApi(endpoint=_endpoint(variables)).model_info(
                    repo, revision=revision, files_metadata=True
                )
        except AbsentError:
            if first is None:
                raise
            continue  # without that branch it is what main holds that has to be mended
        try:
            return Listing(repo, revision, _commit(repo, info.sha), _chosen(repo, info.siblings))
        except MusmedError as error:
            first = first or error
    assert first is not None
    raise first


def fetch(
    wanted: Listing,
    progress: Callable[[Progress], None],
    cache: Path | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    distrust: bool = False,
) -> Path:
    """Fetch what is not here yet of ``wanted``; gives the snapshot's folder. ``distrust``: what
    is here may be damaged, so it is read whole and fetched again where it is.

    An interruption (an exception out of ``progress`` included) leaves what there is of a large
    file for the next call, and nothing else. Raises ``MusmedError`` for a full disk, a hub that
    goes away, and a file that is not what the hub said.
    """
    cache = cache or hub_cache()
    folder = repo_folder(wanted.repo, cache)
    snapshot = folder / "snapshots" / wanted.commit
    variables = os.environ if environment is None else environment
    source = Source(wanted.repo, wanted.commit, _endpoint(variables))
    try:
        for made in (folder / "blobs", folder / "refs", snapshot):
            made.mkdir(parents=True, exist_ok=True)
        _check_room(folder, wanted)
        for file in sorted(wanted.files, key=lambda file: file.size):
            blob = folder / "blobs" / file.digest
            if not (is_right if distrust else is_whole)(snapshot / file.name, file):
                if distrust:
                    blob.unlink(missing_ok=True)
                with _alone(cache, wanted.repo, file):
                    fetch_blob(source, file, blob, progress)
                _link(blob, snapshot / file.name)
        _point(folder / "refs" / wanted.revision, wanted.commit)
    except OSError as error:
        raise MusmedError(
            f"The hub's cache {folder} can't be written ({error.strerror or error}); mend that, or "
            "set HF_HOME to a folder that can."
        ) from error
    finally:
        _drop_empty(folder)
    return snapshot


def remove(repo: str, cache: Path | None = None) -> int:
    """Remove ``repo`` from the hub's cache; gives the bytes that were freed, 0 where it was not.

    Raises ``MusmedError`` for a folder that can't be removed.
    """
    cache = cache or hub_cache()
    folder = repo_folder(repo, cache)
    if not folder.is_dir() or folder.is_symlink():
        return 0
    freed = size_of(folder)
    try:
        shutil.rmtree(folder)
        shutil.rmtree(cache / ".locks" / folder.name, ignore_errors=True)
    except OSError as error:
        raise MusmedError(f"{folder} can't be removed ({error.strerror or error}).") from error
    return freed


def size_of(folder: Path) -> int:
    """Bytes of the files under ``folder``; links are not followed."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def _endpoint(variables: Mapping[str, str]) -> str | None:
    return variables.get("HF_ENDPOINT") or None


def _commit(repo: str, sha: object) -> str:
    if isinstance(sha, str) and re.fullmatch(r"[0-9a-f]{40}", sha):
        return sha
    raise MusmedError(f"The hub's answer about {repo} makes no sense; try again later.")


def _chosen(repo: str, siblings: Iterable[Any] | None) -> tuple[RemoteFile, ...]:
    """The files to fetch: the weights in one form, and what is needed to read them."""
    offered = {str(sibling.rfilename): sibling for sibling in siblings or ()}
    if ADAPTER_CONFIG in offered:
        names, weights = [ADAPTER_CONFIG], [ADAPTER_WEIGHTS]
        names += [PREFIX] if PREFIX in offered else []
    else:
        names = [name for name in _SMALL_FILES if name in offered]
        weights = [WEIGHTS]
        if WEIGHTS not in offered and INDEX in offered:
            weights = [INDEX, *sorted(filter(_SHARD.fullmatch, offered))]
    if not all(name in offered for name in weights):
        pickles = [name for name in sorted(offered) if name.endswith(PICKLES)]
        reason = (
            f"has its weights as pickles only ({pickles[0]}), and pickles can run programs"
            if pickles
            else "holds no safetensors"
        )
        raise MusmedError(f"{repo} {reason}; take another model: 'musmed models list'.")
    return tuple(_remote(repo, name, offered[name]) for name in (*names, *weights))


def _remote(repo: str, name: str, sibling: Any) -> RemoteFile:  # noqa: ANN401 - the hub's
    large = getattr(sibling, "lfs", None)
    digest = getattr(large, "sha256", None) or getattr(sibling, "blob_id", None)
    size = getattr(sibling, "size", None)
    limit = _MAX_FILE if name.endswith(".safetensors") else _MAX_SMALL
    if not isinstance(digest, str) or not _ETAG.fullmatch(digest) or not isinstance(size, int):
        raise MusmedError(f"The hub's answer about {repo} makes no sense; try again later.")
    if not 0 < size <= limit:
        raise MusmedError(
            f"{repo} has a {name} of {size} bytes, which can't be right; not fetched."
        )
    return RemoteFile(name, size, digest)


def _check_room(folder: Path, wanted: Listing) -> None:
    needed = sum(
        file.size - partial_size(folder / "blobs" / file.digest)
        for file in wanted.files
        if not (folder / "blobs" / file.digest).exists()
    )
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise MusmedError(
            f"{wanted.repo} needs {needed / 1e9:.1f} GB more and {folder} has {free / 1e9:.1f} GB "
            "free; make room, or set HF_HOME to a folder on a larger disk."
        )


@contextlib.contextmanager
def _alone(cache: Path, repo: str, file: RemoteFile) -> Iterator[None]:
    """Hold the lock the hub's own programs hold while they write the same blob."""
    import filelock

    folder = cache / ".locks" / repo_folder(repo, cache).name
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / f"{file.digest}.lock"
    try:
        with filelock.FileLock(lock, timeout=0):
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    except filelock.Timeout as error:
        raise MusmedError(f"Another program is fetching {repo} already; wait for it.") from error


def _link(blob: Path, pointer: Path) -> None:
    """Let ``pointer`` in the snapshot be ``blob``; where there are no links it is moved there."""
    pointer.unlink(missing_ok=True)
    try:
        pointer.symlink_to(Path(os.path.relpath(blob, pointer.parent)))
    except (OSError, NotImplementedError):
        blob.replace(pointer)


def _point(ref: Path, commit: str) -> None:
    ref.parent.mkdir(parents=True, exist_ok=True)
    new = ref.with_name(ref.name + ".new")
    new.write_text(commit, "ascii")
    new.replace(ref)


def _drop_empty(folder: Path) -> None:
    """Remove the folders under and up to ``folder`` that hold nothing."""
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()
