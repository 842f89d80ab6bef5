"""Which of MusicGen's checkpoints and adapters are on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.composers.musicgen.files.catalogue import (
    entry_of,
    repo_of,
)
from engine.composers.musicgen.files.checkpoints import (
    MODEL_TYPES,
    IncompleteError,
    find,
    snapshots,
)
from engine.composers.musicgen.files.shelf import added
from engine.errors import MusmedError
from engine.hub_cache import cached_repos, repo_folder
from engine.places import look_at


def others() -> Iterator[tuple[str, str]]:
    """The hub repositories in the cache that are a MusicGen or a LoRA adapter, with which of them
    they are, the catalogue's left out."""
    from engine.composers.musicgen.files.adapters import is_adapter
    from engine.tensorfile import read_json

    for repo in cached_repos():
        if entry_of(repo) is not None:
            continue
        try:
            folder = next(snapshots(repo), None)
            if folder is None:
                continue
            if is_adapter(folder):
                base = base_of(folder)
                if "musicgen" in base.lower():
                    yield repo, f"adapter for {base[:60]}"
            elif read_json(folder / "config.json").get("model_type") in MODEL_TYPES:
                yield repo, "another checkpoint"
        except MusmedError:
            continue  # some other program's


def base_of(folder: Path) -> str:
    """What the adapter in ``folder`` says it was trained on, '' where it says nothing. Raises
    ``MusmedError``."""
    from engine.composers.musicgen.files.adapters import CONFIG
    from engine.tensorfile import read_json

    return str(read_json(folder / CONFIG).get("base_model_name_or_path") or "")


def state_of_added(name: str) -> str:
    """Of an adapter that was added: 'yes' or 'broken'."""
    try:
        here(name)
    except MusmedError:
        return "broken"
    return "yes"


def state_of(repo: str) -> str:
    """'yes', 'partly', 'no', or 'broken'."""
    folder = repo_folder(repo)
    try:
        if look_at(folder, "model") != "folder":
            return "no"
        if next(snapshots(repo), None) is None:
            return "partly"
        here(repo)
    except IncompleteError:
        return "partly"
    except MusmedError:
        return "broken"
    return "yes"


def here(name: str) -> Path:
    """The folder of the checkpoint, or of the added or cached adapter, called ``name``.

    Raises ``MusmedError`` for one that is not here or broken.
    """
    from engine.composers.musicgen.files.adapters import check_adapter, is_adapter

    repo = repo_of(name)
    folder = added(name) or (next(snapshots(repo), None) if repo else None)
    if folder is not None and is_adapter(folder):
        check_adapter(name, folder)
        return folder
    return find(name).folder
