"""The constants of a *frozen graph*, TensorFlow's format for a model that is only used, without
TensorFlow: a protocol buffer of nodes, of which those with a float32 tensor in them are read.

Source: tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto and tensor.proto.
No operation in it is run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import MusmedError
from engine.evaluation.judges.protobuf import dimensions, fields
from engine.evaluation.judges.tensor_bundle import FLOAT32, Tensors
from engine.places import read_small

MOST_BYTES = 16 * 1024 * 1024


def read_frozen(path: Path, what: str) -> Tensors:
    """The float32 constants by the names of their nodes; of those that TensorFlow keeps as bytes,
    which all of more than a few numbers are. ``what``: for the sentence. Raises ``MusmedError``
    for a file that is missing, damaged, over ``MOST_BYTES`` or of another kind."""
    held = read_small(path, what, MOST_BYTES)
    if len(held) > MOST_BYTES:
        raise MusmedError(f"{path} has over 16 MiB and can't be {what}.")
    try:
        found = dict(_constants(held))
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise MusmedError(f"{path} holds no whole TensorFlow graph.") from error
    if not found:
        raise MusmedError(f"{path} holds no numbers as TensorFlow keeps them.")
    return found


def _constants(graph: bytes) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """A GraphDef's nodes (1): name (1), operation (2), attributes (5) by key (1) and value (2)."""
    for node in _messages(graph, 1):
        for attribute in _messages(node, 5):
            if next(_messages(attribute, 1), b"") != b"value":
                continue
            for value in _messages(attribute, 2):
                for tensor in _messages(value, 8):
                    read = _tensor(tensor)
                    if read is not None:
                        yield next(_messages(node, 1), b"").decode(), read


def _tensor(message: bytes) -> NDArray[np.float32] | None:
    """A TensorProto's type (1), shape (2) and bytes (4); None of another type, or of one whose
    numbers lie elsewhere in it."""
    kinds = [value for number, value in fields(message) if number == 1]
    shape = tuple(dimensions(next(_messages(message, 2), b"")))
    content = next(_messages(message, 4), None)
    if kinds != [FLOAT32] or content is None:
        return None
    if len(content) != 4 * math.prod(shape):
        raise ValueError("a tensor of another size than it says")
    return np.frombuffer(content, "<f4").reshape(shape).astype(np.float32)


def _messages(message: bytes, wanted: int) -> Iterator[bytes]:
    for number, value in fields(message):
        if number == wanted and isinstance(value, bytes):
            yield value
