"""Where Music2Emo's files are, and MERT's: a folder, or the hub's cache. Nothing is fetched."""

from __future__ import annotations

from pathlib import Path

from engine.errors import MusmedError
from engine.hub_cache import is_repo_name, snapshots
from engine.places import look_at

REPO, MERT_REPO = "amaai-lab/music2emo", "m-a-p/MERT-v1-95M"
HEAD, CHORDS = "saved_models/J_all", "inference/data/btc_model_large_voca"
"""In the hub's layout, without their suffix: the checkpoint that the original's script takes, and
its chord recogniser's."""
_SUFFIXES = (".safetensors", ".ckpt", ".pt", ".bin")
_LICENCE = "CC-BY-NC-4.0: for research and private use"


def folder_of(place: Path | None) -> Path:
    """Of Music2Emo's files: ``place``, or where the cache has that repository or, for None, the
    published one. Raises ``MusmedError`` where there is none."""
    if place is not None and look_at(place, "folder") == "folder":
        return place
    if place is not None and not is_repo_name(str(place)):
        raise MusmedError(
            f"There is no folder {place}; give the one with the files of {REPO}, "
            "--judge music2emo=FOLDER."
        )
    repo = REPO if place is None else str(place)
    return _cached(repo) or _refuse(
        f"{repo} is not on this machine; 'hf download {repo}' fetches it, or give the folder of "
        "its files, --judge music2emo=FOLDER."
    )


def mert_folder(folder: Path) -> Path:
    """Of MERT's files: in Music2Emo's ``folder``, under its own name, or in the cache. Raises
    ``MusmedError`` where there is none."""
    beside = folder / MERT_REPO.partition("/")[2]
    if look_at(beside, "folder") == "folder":
        return beside
    return _cached(MERT_REPO) or _refuse(
        f"Music2Emo hears by MERT ({MERT_REPO}, {_LICENCE}), which is not on this machine; "
        f"'hf download {MERT_REPO}' fetches it, or lay its files into {beside}."
    )


def weights_of(folder: Path, name: str, whose: str) -> Path:
    """The file of weights ``name``, the newest of whatever suffix: what was converted is newer than
    what it was made of. Raises ``MusmedError`` where there is none."""
    paths = [folder / f"{name}{suffix}" for suffix in _SUFFIXES]
    there = [path for path in paths if look_at(path, "file") == "file"]
    if not there:
        raise MusmedError(f"{folder} has no weights of {whose} ({name}.*); get its files again.")
    return max(there, key=lambda path: path.stat().st_mtime_ns)


def weights_in(folder: Path, whose: str) -> Path:
    """The weights of a model by itself, under either of the names that the hub gives them."""
    alone = folder / "model.safetensors"
    if look_at(alone, "file") == "file":
        return alone
    return weights_of(folder, "pytorch_model", whose)


def _cached(repo: str) -> Path | None:
    return next(snapshots(repo), None)


def _refuse(sentence: str) -> Path:
    raise MusmedError(sentence)
