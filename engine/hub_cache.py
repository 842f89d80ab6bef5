"""The hub's cache on this machine, which other programs share: found and read, nothing fetched.

A leaf that every room may import; no torch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.places import look_at, names_in, open_file, place_of

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPO_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


def is_repo_name(text: str) -> bool:
    """Whether ``text`` has the form of a hub repository, 'user/name'."""
    return _REPO_NAME.fullmatch(text) is not None and ".." not in text and "--" not in text


def hub_cache(environment: Mapping[str, str] | None = None) -> Path:
    """The folder in which the hub's programs keep what they fetched (``HF_HUB_CACHE``, else
    ``HF_HOME``/hub, else in the user's cache folder)."""
    variables = os.environ if environment is None else environment
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if variables.get(name):
            return place_of(variables[name], f"folder for {name}")
    home = variables.get("HF_HOME")
    if home:
        return place_of(home, "folder for HF_HOME") / "hub"
    cache = variables.get("XDG_CACHE_HOME") or "~/.cache"
    return place_of(cache, "folder for the hub's cache") / "huggingface" / "hub"


def repo_folder(repo: str, cache: Path | None = None) -> Path:
    """Where the hub's cache keeps ``repo`` ('user/name')."""
    return (cache or hub_cache()) / f"models--{repo.replace('/', '--')}"


def snapshots(
    repo: str, cache: Path | None = None, revisions: Sequence[str] = ("main",)
) -> Iterator[Path]:
    """The snapshots of ``repo`` in the cache that its branches point to, in the order of
    ``revisions``."""
    folder = repo_folder(repo, cache)
    for revision in revisions:
        try:
            with open_file(folder / "refs" / revision) as file:
                commit = file.read(64).decode("ascii", "replace").strip()
        except OSError:
            continue
        snapshot = folder / "snapshots" / commit
        if _COMMIT.fullmatch(commit) and look_at(snapshot, "snapshot") == "folder":
            yield snapshot


def cached_repos(cache: Path | None = None) -> Iterator[str]:
    """The model repositories in the hub's cache, by name."""
    folder = cache or hub_cache()
    if look_at(folder, "folder for the hub's cache") != "folder":
        return
    for path in names_in(folder):
        if not path.match("models--*--*"):
            continue
        repo = path.name.removeprefix("models--").replace("--", "/", 1)
        if is_repo_name(repo):
            yield repo
