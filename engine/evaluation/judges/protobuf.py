"""Protocol buffers without their schema: the fields of a message, and a TensorFlow shape.

Source: protobuf.dev, *Encoding*. Nothing is more than numbers and bytes; what does not fit raises
``ValueError`` or ``IndexError``, which whoever reads a file makes a sentence of.
"""

from __future__ import annotations

from collections.abc import Iterator


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where what follows begins."""
    value = 0
    for shift in range(0, 64, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number too long")


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and contents of a message's fields; those of fixed size are left out."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        match tag & 7:
            case 0:
                value, at = varint(message, at)
                yield tag >> 3, value
            case 2:
                length, at = varint(message, at)
                if at + length > len(message):
                    raise ValueError("a field outside its message")
                yield tag >> 3, message[at : at + length]
                at += length
            case 1 | 5 as fixed:
                at += 8 if fixed == 1 else 4
            case _:
                raise ValueError("a field of an unknown kind")


def dimensions(shape: bytes) -> Iterator[int]:
    """A TensorShapeProto's sizes: its fields 2, each a message whose field 1 is the size."""
    for number, dimension in fields(shape):
        if number == 2 and isinstance(dimension, bytes):
            sizes = [value for n, value in fields(dimension) if n == 1 and isinstance(value, int)]
            yield sizes[0] if sizes else 0
