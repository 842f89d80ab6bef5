"""Digests of checkpoints and adapters: whether they are still what they were. No torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from engine.composers.musicgen.files.checkpoints import CONFIG, Checkpoint
from engine.places import open_file
from engine.tensorfile import read_header

_SAMPLES, _FEWEST, _SAMPLE_BYTES = 64, 4, 4096
"""Places in a checkpoint's weights that are read, shared by its files, and the bytes at each."""


def checkpoint_digest(checkpoint: Checkpoint) -> str:
    """The sha256 (hex) of config.json and, of every file of the weights, of header, size and
    samples: gigabytes are not read for it, so other weights of the same shape show unless they
    differ in very few places. Raises ``OSError`` and ``MusmedError``."""
    digest = hashlib.sha256((checkpoint.folder / CONFIG).read_bytes())
    samples = max(_FEWEST, _SAMPLES // len(checkpoint.weights))
    for path in checkpoint.weights:
        size, header = read_header(path)
        digest.update(b"%s %d " % (path.name.encode(), size))
        digest.update(header)
        with open_file(path) as file:
            for number in range(samples):
                file.seek(max(0, size - _SAMPLE_BYTES) * number // (samples - 1))
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def digest_together(paths: Sequence[Path]) -> str:
    """The sha256 of a file that is alone, of several that of theirs. Raises ``OSError``."""
    digests = [file_digest(path) for path in paths]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Its sha256 (hex). Raises ``OSError``."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
