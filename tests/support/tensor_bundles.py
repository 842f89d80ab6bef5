"""TensorFlow checkpoints as tests write them: an index of one block, one data file; and frozen
graphs."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """Each key shares with the one before it what they begin with; one restart, no compression."""
    out, before = b"", b""
    for key, value in entries:
        shared = next(
            (i for i, (a, b) in enumerate(zip(before, key, strict=False)) if a != b),
            min(len(before), len(key)),
        )
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        before = key
    return out + struct.pack("<II", 0, 1)


def write_bundle(index: Path, data: Path, tensors: Mapping[str, np.ndarray]) -> None:
    floats, entries = b"", [(b"", field(1, 1))]
    for name in sorted(tensors):
        values = np.asarray(tensors[name], "<f4")
        shape = b"".join(field(2, field(1, size)) for size in values.shape)
        place = field(4, len(floats)) + field(5, values.nbytes)
        entries.append((name.encode(), field(1, 1) + field(2, shape) + place))
        floats += values.tobytes()
    body = block(entries)
    where = varint(0) + varint(len(body))
    table = body + bytes(5)
    last = block([(b"z", where)])
    at = len(table)
    table += last + bytes(5)
    footer = varint(0) + varint(0) + varint(at) + varint(len(last))
    index.write_bytes(table + footer.ljust(40, b"\0") + MAGIC)
    data.write_bytes(floats)


def write_frozen(path: Path, constants: Mapping[str, np.ndarray]) -> None:
    """Each a node of type Const, between nodes that hold no numbers."""
    graph = b""
    for name, values in constants.items():
        shape = b"".join(field(2, field(1, size)) for size in values.shape)
        tensor = field(1, 1) + field(2, shape) + field(4, np.asarray(values, "<f4").tobytes())
        kind = field(5, field(1, b"dtype") + field(2, field(6, 1)))
        value = field(5, field(1, b"value") + field(2, field(8, tensor)))
        graph += field(1, field(1, name.encode()) + field(2, b"Const") + kind + value)
        graph += field(1, field(1, b"of " + name.encode()) + field(2, b"MatMul"))
    path.write_bytes(graph)
