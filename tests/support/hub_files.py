"""Checkpoints as the hub has them, of zeros and a few kB, and where its programs keep them."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.hub_cache import repo_folder

COMMIT = "a" * 40
REPO = "facebook/musicgen-small"
CODES, HIDDEN = 8, 4
SHAPES = {
    "decoder.model.decoder.embed_tokens.0.weight": (CODES + 1, HIDDEN),
    "decoder.lm_heads.0.weight": (CODES, HIDDEN),
    "decoder.model.decoder.layers.0.fc1.weight": (2 * HIDDEN, HIDDEN),
}
CONFIG = {
    "model_type": "musicgen",
    "decoder": {"hidden_size": HIDDEN, "vocab_size": CODES},
    "text_encoder": {"model_type": "t5", "d_model": 6},
    "audio_encoder": {"model_type": "encodec"},
}


def tensors_file(shapes: Mapping[str, tuple[int, ...]], dtype: str = "F32", **said: str) -> bytes:
    """A safetensors file of zeros; ``said``: what it says of itself."""
    width = {"F32": 4, "F16": 2, "F8_E4M3": 1}[dtype]
    header: dict[str, Any] = {"__metadata__": said} if said else {}
    at = 0
    for name, shape in shapes.items():
        size = width
        for side in shape:
            size *= side
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + bytes(at)


def checkpoint_files() -> dict[str, bytes]:
    """A checkpoint as the hub has it, with what musmed must not take."""
    return {
        "config.json": json.dumps(CONFIG).encode(),
        "generation_config.json": b"{}",
        "tokenizer.json": b"{} ",
        "tokenizer_config.json": b"{}  ",
        "model.safetensors": tensors_file(SHAPES),
        "pytorch_model.bin": b"a pickle",
        "README.md": b"words",
        "nested/model.safetensors": b"elsewhere",
    }


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def put_in_cache(cache: Path, repo: str, files: dict[str, bytes], revision: str = "main") -> Path:
    """Write ``files`` as the hub's programs keep them."""
    folder = repo_folder(repo, cache)
    snapshot = folder / "snapshots" / COMMIT
    for name, data in files.items():
        blob = folder / "blobs" / hashlib.sha256(data).hexdigest()
        write(blob.parent, {blob.name: data})
        pointer = snapshot / name
        pointer.parent.mkdir(parents=True, exist_ok=True)
        pointer.symlink_to(os.path.relpath(blob, pointer.parent))
    write(folder / "refs", {revision: COMMIT.encode()})
    return snapshot
