"""TensorFlow's checkpoints (*tensor bundles*) without TensorFlow: an index, which is a table as
LevelDB writes them, of protocol buffers that say where in the data file each tensor lies.

Sources: leveldb/doc/table_format.md; tensorflow/core/protobuf/tensor_bundle.proto. Nothing in them
is code, and nothing is unpickled. Of one data file and little-endian float32 only.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import MusmedError
from engine.evaluation.judges.protobuf import dimensions, fields, varint

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
FOOTER, TRAILER = 48, 5
MOST_BYTES = 512 * 1024 * 1024
FLOAT32 = 1
"""TensorFlow's DT_FLOAT."""

Tensors = dict[str, NDArray[np.float32]]


def read_bundle(index: Path, data: Path) -> Tensors:
    """The float32 tensors of a checkpoint by their names. Raises ``MusmedError`` for files that are
    missing, damaged or of another kind."""
    try:
        if max(index.stat().st_size, data.stat().st_size) > MOST_BYTES:
            raise MusmedError(f"{index.parent} has more than any checkpoint that is known here.")
        table, floats = index.read_bytes(), data.read_bytes()
        return dict(_tensors(table, floats))
    except OSError as error:
        raise MusmedError(f"{error.filename} can't be read ({error.strerror}).") from error
    except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise MusmedError(f"{index.parent} holds no whole TensorFlow checkpoint.") from error


def _tensors(table: bytes, data: bytes) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for key, entry in _entries(table):
        if not key:  # the header: how many data files, which order of bytes
            continue
        kind, shape, offset, size = _tensor_of(entry)
        if kind != FLOAT32:
            continue
        if size != 4 * math.prod(shape) or offset + size > len(data):
            raise ValueError(f"{key!r} does not lie in the data")
        values = np.frombuffer(data, "<f4", size // 4, offset)
        yield key.decode(), values.reshape(shape).astype(np.float32)


# a table


def _entries(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values in the order of the table: its footer names the index block, whose values
    name the blocks of entries."""
    if table[-8:] != MAGIC:
        raise ValueError("no table")
    footer = table[-FOOTER:]
    _, at = _handle(footer, 0)  # of the meta index, which is empty
    (offset, size), _ = _handle(footer, at)
    for _, where in _block(table, offset, size):
        handle, _ = _handle(where, 0)
        yield from _block(table, *handle)


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """A key shares its beginning with the one before it."""
    if offset + size + TRAILER > len(table) or size < 4:
        raise ValueError("a block outside the table")
    if table[offset + size] != 0:
        raise ValueError("a compressed block")
    block = table[offset : offset + size]
    (restarts,) = struct.unpack_from("<I", block, size - 4)
    end, at, key = size - 4 * (restarts + 1), 0, b""
    while at < end:
        shared, at = varint(block, at)
        own, at = varint(block, at)
        length, at = varint(block, at)
        if shared > len(key) or at + own + length > end:
            raise ValueError("an entry outside its block")
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Offset and size of a block, and where what follows begins."""
    offset, at = varint(data, at)
    size, at = varint(data, at)
    return (offset, size), at


# protocol buffers


def _tensor_of(entry: bytes) -> tuple[int, tuple[int, ...], int, int]:
    """A BundleEntryProto's dtype (1), shape (2), offset (4) and size (5)."""
    numbers: dict[int, int] = {}
    shape: tuple[int, ...] = ()
    for number, value in fields(entry):
        if isinstance(value, int):
            numbers[number] = value
        elif number == 2:
            shape = tuple(dimensions(value))
    return numbers.get(1, 0), shape, numbers.get(4, 0), numbers.get(5, 0)
