"""A head on CLAP embeddings that tells moods: logistic regressions, and the file they are in.

One for each mood, with one L2 penalty for all of them. Convex: there is one minimum, whatever one
begins with. numpy and scipy; the file is a safetensors file.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import MusmedError
from engine.places import look_at, part_of
from engine.printable import is_visible
from engine.tensorfile import read_tensors

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

FORMAT = "musmed clap-tagger 1"
MAX_BYTES = 16 * 1024 * 1024
MOST_STEPS = 300
_SMALLEST = 1e-6
"""Of an embedding's deviation."""


class HeadRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a head's file says of it. ``clap``: the version of the CLAP that it listens by.
    ``precision``, ``chance``: macro PR-AUC on the split's test tracks, and by chance. ``tracks``:
    it learnt from."""

    format: str
    clap: str
    tags: tuple[str, ...]
    l2: float
    tracks: int
    precision: float
    chance: float


class Weights(NamedTuple):
    """``weight`` (tags, dimensions), ``bias`` (tags,), on embeddings less ``mean`` over ``scale``
    (dimensions,)."""

    weight: Floats
    bias: Floats
    mean: Floats
    scale: Floats

    def activations(self, embeddings: Floats) -> Floats:
        """(n, tags) in [0, 1] of (n, dimensions)."""
        told = (embeddings - self.mean) / self.scale @ self.weight.T + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(told, -500.0, 500.0))))


class Head(NamedTuple):
    """``probe`` (dimensions,): what its CLAP makes of a known sound, by which another is told.
    ``version``: of the file."""

    record: HeadRecord
    weights: Weights
    probe: Floats
    version: str = ""


def fit(
    embeddings: Floats,
    truth: Truth,
    counts: Floats,
    l2: float,
    *,
    still: Callable[[], None] = lambda: None,
    begin: Weights | None = None,
) -> Weights:
    """Of (n, dimensions) embeddings, (n, tags) what applies and (n,) how much each row counts. The
    minimum of the mean cross entropy plus ``l2`` / 2 times the squares of the weights; the biases
    are free. A tag that applies to none or to all has no weights, only how often it applies.
    ``still`` is called at each step, and what it raises ends it; ``begin``: where the search
    begins."""
    from scipy.optimize import minimize

    counts = counts / counts.sum()
    mean = counts @ embeddings
    scale = np.sqrt(counts @ np.square(embeddings - mean))
    scale = np.where(scale > _SMALLEST, scale, 1.0)
    even = (embeddings - mean) / scale
    often = (counts @ truth * len(truth) + 0.5) / (len(truth) + 1.0)
    bias = np.log(often / (1.0 - often))
    weight = np.zeros((truth.shape[1], embeddings.shape[1]))
    told = truth.any(axis=0) & ~truth.all(axis=0)
    if not told.any():
        return Weights(weight, bias, mean, scale)
    first = np.concatenate([weight[told], bias[told, None]], axis=1)
    if begin is not None:
        first = np.concatenate([begin.weight[told], begin.bias[told, None]], axis=1)
    wanted = truth[:, told]

    def loss(flat: Floats) -> tuple[float, Floats]:
        still()
        now = flat.reshape(first.shape)
        logits = even @ now[:, :-1].T + now[:, -1]
        entropy = np.logaddexp(0.0, logits) - wanted * logits
        away = counts[:, None] * (1.0 / (1.0 + np.exp(-np.clip(logits, -500.0, 500.0))) - wanted)
        slope = np.concatenate([away.T @ even + l2 * now[:, :-1], away.sum(axis=0)[:, None]], 1)
        penalty = 0.5 * l2 * float(np.square(now[:, :-1]).sum())
        return float(counts @ entropy.sum(axis=1)) + penalty, slope.ravel()

    options = {"maxiter": MOST_STEPS, "ftol": 1e-10, "gtol": 1e-7}
    found = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options=options)
    best = found.x.reshape(first.shape)
    weight[told], bias[told] = best[:, :-1], best[:, -1]
    return Weights(weight, bias, mean, scale)


def write_head(head: Head, path: Path) -> None:
    """Whole or not at all; the same head makes the same bytes. Raises ``MusmedError``."""
    from safetensors.numpy import save_file

    tensors = {name: one.astype(np.float32) for name, one in _tensors(head).items()}
    said = {"musmed": msgspec.json.encode(head.record).decode()}
    part = part_of(path)
    try:
        save_file(tensors, part, said)
        part.replace(path)
    except OSError as error:
        raise MusmedError(f"{path} can't be written ({error.strerror}).") from error
    finally:
        part.unlink(missing_ok=True)


def read_head(path: Path) -> Head:
    """Raises ``MusmedError`` for what is no head, or is damaged."""
    if look_at(path, "head of clap-tagger") != "file":
        raise MusmedError(f"There is no file {path}; 'musmed evaluate fit-tagger' makes a head.")
    if path.stat().st_size > MAX_BYTES:
        raise MusmedError(f"{path} is too large for a head of clap-tagger.")
    read_tensors(path)
    another = f"{path} is no head of clap-tagger; 'musmed evaluate fit-tagger' makes one."
    try:
        record, held = _held(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MusmedError(another) from error
    weights = Weights(*(held.get(name, np.zeros(0)) for name in Weights._fields))
    probe = held.get("probe", np.zeros(0))
    tags, dimensions = len(record.tags), len(probe)
    shapes = [one.shape for one in weights]
    right = [(tags, dimensions), (tags,), (dimensions,), (dimensions,)]
    finite = all(np.isfinite(one).all() for one in (*weights, probe))
    if shapes != right or not tags or not dimensions or not finite or (weights.scale <= 0.0).any():
        raise MusmedError(another)
    version = f"{zlib.crc32(path.read_bytes()):08x}"
    return Head(record, weights, probe, version)


def _held(path: Path) -> tuple[HeadRecord, dict[str, Any]]:
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load_file

    try:
        with safe_open(path, framework="numpy") as file:
            said = (file.metadata() or {}).get("musmed", "")
        held = {name: one.astype(np.float64) for name, one in load_file(path).items()}
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    record = msgspec.json.decode(said, type=HeadRecord)
    if record.format != FORMAT or not all(map(is_visible, (record.clap, *record.tags))):
        raise ValueError("another format")
    return record, held


def _tensors(head: Head) -> dict[str, Floats]:
    return {**head.weights._asdict(), "probe": head.probe}
