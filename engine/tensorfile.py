"""What a safetensors file says it holds, read without torch and without trusting it.

The format (github.com/huggingface/safetensors, README): 8 bytes little-endian length of the
header, the header as a JSON object {name: {dtype, shape, data_offsets}}, then the data, without
holes, to the end of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec

from engine.errors import MusmedError
from engine.places import open_file

MAX_HEADER_BYTES = 32 * 1024 * 1024
"""A checkpoint of 3.3 billion parameters has a header of 0.1 MB."""
MAX_JSON_BYTES = 16 * 1024 * 1024
_BYTES = {
    "F64": 8,
    "I64": 8,
    "F32": 4,
    "I32": 4,
    "F16": 2,
    "BF16": 2,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}
FLOATS = frozenset({"F32", "F16", "BF16"})


class TensorInfo(NamedTuple):
    """``dtype`` as the format writes it ('F32', 'BF16', ...)."""

    dtype: str
    shape: tuple[int, ...]


_Size = Annotated[int, msgspec.Meta(ge=0, le=2**48)]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dtype: Annotated[str, msgspec.Meta(max_length=16)]
    shape: Annotated[tuple[_Size, ...], msgspec.Meta(max_length=8)]
    data_offsets: tuple[_Size, _Size]


def read_tensors(path: Path) -> dict[str, TensorInfo]:
    """The tensors of the safetensors file at ``path`` by name.

    Raises ``MusmedError`` for a file that is not one, is cut short, or whose header and size
    don't agree.
    """
    size, header = read_header(path)
    try:
        entries = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
        entries.pop("__metadata__", None)
        records = {name: msgspec.json.decode(raw, type=_Record) for name, raw in entries.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _broken(path) from error
    _check_layout(path, records.values(), size - 8 - len(header))
    return {name: TensorInfo(record.dtype, record.shape) for name, record in records.items()}


def read_metadata(path: Path) -> dict[str, str]:
    """What the safetensors file at ``path`` says of itself (``__metadata__``), empty where it says
    nothing. Raises ``MusmedError`` for a file that is none."""
    try:
        entries = msgspec.json.decode(read_header(path)[1], type=dict[str, msgspec.Raw])
        said = entries.get("__metadata__")
        return {} if said is None else msgspec.json.decode(said, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _broken(path) from error


def read_header(path: Path) -> tuple[int, bytes]:
    """The size of the safetensors file at ``path`` and its header's bytes. Raises ``MusmedError``
    for a file that is none."""
    try:
        with open_file(path) as file:
            size = path.stat().st_size
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(MAX_HEADER_BYTES, size - 8):
                raise _broken(path)
            return size, file.read(length)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MusmedError(f"{path} can't be read ({reason}); mend that or get it again.") from error


def _check_layout(path: Path, records: Iterable[_Record], data: int) -> None:
    """The tensors must follow one another without holes and end where the file ends."""
    at = 0
    for record in sorted(records, key=lambda record: record.data_offsets):
        start, end = record.data_offsets
        width = _BYTES.get(record.dtype)
        if width is None:
            raise MusmedError(
                f"{path} holds numbers of type {record.dtype!r}, which musmed can't use; "
                "take the float32 or float16 variant."
            )
        if start != at or end - start != width * prod(record.shape):
            raise _broken(path)
        at = end
    if at > data:
        raise MusmedError(
            f"{path} is cut short: {_megabytes(at - data)} MB of it are missing; get it again."
        )
    if at < data:
        raise _broken(path)


def _megabytes(size: int) -> str:
    return f"{max(size / 1e6, 0.001):.3g}"


def _broken(path: Path) -> MusmedError:
    return MusmedError(
        f"{path} is not a safetensors file, or its start is damaged; get it again "
        "(musmed reads no other format, because pickles can run programs)."
    )


def read_json(path: Path, limit: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """The JSON object in the file at ``path``, at most ``limit`` bytes.

    Raises ``MusmedError`` for a file that can't be read, is larger, or is no JSON object.
    """
    try:
        with open_file(path) as file:
            data = file.read(limit + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MusmedError(f"{path} can't be read ({reason}); mend that or get it again.") from error
    if len(data) > limit:
        raise MusmedError(f"{path} is over {limit // 1024} KiB, too much for what it should be.")
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MusmedError(f"{path} is not valid JSON ({error}); get it again.") from error
