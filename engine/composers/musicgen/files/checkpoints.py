"""Finding a checkpoint on this machine and looking it over before anything is loaded. No torch.

A checkpoint is a folder as the hub has it (config.json, safetensors, tokenizer files): given by
its path, or by a hub name and found in the hub's cache, which other programs share. Nothing here
touches the network.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import hub_cache
from engine.composers.musicgen.files.catalogue import (
    CATALOGUE,
    entry_of,
    licence_of,
    repo_of,
    revisions_of,
)
from engine.errors import MusmedError, UnknownWordError
from engine.places import is_there, look_at, names_in, place_of
from engine.tensorfile import FLOATS, TensorInfo, read_json, read_tensors

MAX_CONFIG_BYTES = 1024 * 1024
MAX_SHARDS = 64
WEIGHTS, INDEX, CONFIG = "model.safetensors", "model.safetensors.index.json", "config.json"
TOKENIZERS = ("tokenizer.json", "spiece.model")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
MODEL_TYPES = ("musicgen", "musicgen_melody")
EMBEDDING = "decoder.model.decoder.embed_tokens.0.weight"
HEAD = "decoder.lm_heads.0.weight"
_LAYER = re.compile(r"decoder\.model\.decoder\.layers\.(\d{1,4})\.")
_SHARD = re.compile(r"[\w-][\w.-]{0,127}\.safetensors", re.ASCII)
_OTHERWISE = "or take --composer embedded, which needs no weights"
_NO_PICKLES = "musmed reads safetensors only, because pickles can run programs"


class IncompleteError(MusmedError):
    """A checkpoint of which something is missing; fetching goes on with it."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was looked over. ``name``: its hub or folder name; ``config``: its
    config.json; ``weights``: its safetensors files; ``tensors``: what they say they hold."""

    name: str
    folder: Path
    config: dict[str, Any]
    weights: tuple[Path, ...]
    licence: str
    tensors: dict[str, TensorInfo] = field(repr=False, default_factory=dict)

    @property
    def layers(self) -> int:
        """Layers of the decoder, as the weights have them."""
        found = (_LAYER.match(name) for name in self.tensors)
        return len({layer[1] for layer in found if layer is not None})

    @property
    def hidden(self) -> int:
        """The decoder's width."""
        return self.tensors[EMBEDDING].shape[1]

    @property
    def channels(self) -> int:
        return 2 if self.config["decoder"].get("audio_channels") == 2 else 1


def snapshots(repo: str, cache: Path | None = None) -> Iterator[Path]:
    """The snapshots of ``repo`` in the cache that its branches point to, in the order to look."""
    return hub_cache.snapshots(repo, cache, revisions_of(repo))


def is_local(name: str) -> bool:
    """Whether ``name`` means a path and not a hub repository."""
    windows = os.sep != "/" and os.sep in name
    return name.startswith((".", "/", "~")) or windows or is_there(name)


def find(name_or_path: str) -> Checkpoint:
    """The checkpoint called ``name_or_path``: a name of the catalogue, a hub repository
    ('user/name') that is in the cache, or a folder.

    Raises ``MusmedError`` for one that is not here, with the command that fetches it, and for one
    that is broken, incomplete, pickled or no MusicGen.
    """
    entry = entry_of(name_or_path)
    if entry is None and is_local(name_or_path):
        return _local(name_or_path)
    repo = repo_of(name_or_path)
    if repo is None:
        raise UnknownWordError(
            "checkpoint",
            name_or_path,
            CATALOGUE,
            "Give one of 'musmed models list', a hub repository (user/name) or a folder.",
        )
    short = entry.name if entry else repo
    first: MusmedError | None = None
    for folder in snapshots(repo):
        try:
            return look_over(folder, short, repo)
        except MusmedError as error:
            first = first or error
    if first is not None:
        raise first
    size = f", {entry.size / 1e9:.1f} GB" if entry else ""
    raise MusmedError(
        f"The checkpoint {short} is not on this machine; 'musmed models get {short}' fetches it"
        f"{size}, {_OTHERWISE}."
    )


def _local(name: str) -> Checkpoint:
    folder = place_of(name, "checkpoint")
    found = look_at(folder, "checkpoint")
    if found == "file":
        raise MusmedError(
            f"{folder} is a file; give the folder that holds config.json and model.safetensors."
        )
    if found != "folder":
        raise MusmedError(
            f"There is no folder {folder}; give the folder of a checkpoint, {_OTHERWISE}."
        )
    return look_over(folder, folder.name, None)


def look_over(folder: Path, name: str, repo: str | None) -> Checkpoint:
    """Check the checkpoint in ``folder``: its config, every header, its tokenizer.

    Raises ``MusmedError`` saying what is wrong with it.
    """
    config = _config(folder)
    weights, index = _weights(folder, name, repo)
    tensors: dict[str, TensorInfo] = {}
    for file in weights:
        tensors |= read_tensors(file)
    absent = next((key for key in index if key not in tensors), None)
    if absent is not None:
        raise MusmedError(
            f"{folder / INDEX} lists {absent!r}, which none of its files holds; get it again."
        )
    _check_decoder(folder, config, tensors)
    if not any(_is_file(folder / tokenizer) for tokenizer in TOKENIZERS):
        raise _incomplete(folder, name, repo, " or ".join(TOKENIZERS))
    return Checkpoint(name, folder, config, weights, licence_of(repo), tensors)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not _is_file(path):
        raise MusmedError(
            f"{folder} is no checkpoint: it has no config.json; give the folder that has one."
        )
    config = read_json(path, MAX_CONFIG_BYTES)
    kind = config.get("model_type")
    if kind not in MODEL_TYPES:
        raise MusmedError(
            f"{folder} holds a model of type {str(kind)[:40]!r}, not MusicGen; "
            "'musmed models list' names those musmed can use."
        )
    parts = ("decoder", "text_encoder", "audio_encoder")
    lacking = [part for part in parts if not isinstance(config.get(part), dict)]
    if lacking:
        raise MusmedError(f"{path} says nothing of the {' and '.join(lacking)}; get it again.")
    return config


def _weights(folder: Path, name: str, repo: str | None) -> tuple[tuple[Path, ...], dict[str, str]]:
    """The safetensors files, and what the index says lies in which (empty for a single file)."""
    if _is_file(folder / WEIGHTS):
        return (folder / WEIGHTS,), {}
    if not _is_file(folder / INDEX):
        pickles = [file.name for file in names_in(folder) if file.suffix in PICKLES]
        if pickles:
            raise MusmedError(
                f"{folder} has its weights as pickles only ({pickles[0]}): {_NO_PICKLES}; "
                f"'musmed models get {name}' fetches safetensors, {_OTHERWISE}."
            )
        raise _incomplete(folder, name, repo, WEIGHTS)
    index = read_index(folder / INDEX)
    files = sorted(set(index.values()))
    absent = next((file for file in files if not _is_file(folder / file)), None)
    if absent is not None:
        raise _incomplete(folder, name, repo, absent)
    return tuple(folder / file for file in files), index


def _is_file(path: Path) -> bool:
    return look_at(path, "checkpoint") == "file"


def read_index(path: Path) -> dict[str, str]:
    """Tensor name -> file name, of the index at ``path``.

    Raises ``MusmedError`` for one that is broken or names anything but safetensors files beside it.
    """
    table = read_json(path).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise MusmedError(f"{path} lists no weights; get it again.")
    for file in table.values():
        if not isinstance(file, str) or not _SHARD.fullmatch(file):
            raise MusmedError(
                f"{path} names {str(file)[:60]!r}, which is no safetensors file beside it; "
                "don't use that checkpoint."
            )
    if len(set(table.values())) > MAX_SHARDS:
        raise MusmedError(f"{path} names over {MAX_SHARDS} files; don't use that checkpoint.")
    return table


def _check_decoder(folder: Path, config: dict[str, Any], tensors: dict[str, TensorInfo]) -> None:
    """The weights must be those of the decoder that the config describes."""
    embedding, head = tensors.get(EMBEDDING), tensors.get(HEAD)
    if embedding is None or head is None or len(embedding.shape) != 2 or len(head.shape) != 2:
        raise MusmedError(f"The weights in {folder} are not MusicGen's; get them again.")
    entries, hidden = embedding.shape
    said = config["decoder"]
    fits = (
        head.shape == (entries - 1, hidden)
        and said.get("hidden_size", hidden) == hidden
        and said.get("vocab_size", entries - 1) == entries - 1
        and {embedding.dtype, head.dtype} <= FLOATS
    )
    if not fits:
        raise MusmedError(
            f"The weights in {folder} do not fit its config.json; get them again together."
        )


def _incomplete(folder: Path, name: str, repo: str | None, absent: str) -> IncompleteError:
    if repo is None:
        return IncompleteError(
            f"The checkpoint in {folder} is incomplete: {absent} is missing; copy it there, "
            f"{_OTHERWISE}."
        )
    return IncompleteError(
        f"The checkpoint {name} is only partly here ({absent} is missing); "
        f"'musmed models get {name}' fetches the rest, {_OTHERWISE}."
    )
