"""The link as it was at an earlier minor: what such a musmed reads, and one that is such."""

from __future__ import annotations

import functools
import operator
from typing import Any, get_args, get_origin

import msgspec

from engine.link import framing, protocol, versions
from engine.link.framing import Frame, FrameReader, FrameWriter


def older(kind: Any, minor: int) -> Any:
    """A message kind, or a union of them, without what came later than ``minor``."""
    known = [one for one in get_args(kind) or (kind,) if versions.SINCE.get(one, 0) <= minor]
    return functools.reduce(operator.or_, (_as_of(one, minor) for one in known))


def _as_of(kind: Any, minor: int) -> Any:
    if get_origin(kind) is not None or not issubclass(kind, msgspec.Struct):
        return kind
    later, config = versions.ADDED.get(kind, {}), kind.__struct_config__
    fields: list[Any] = []
    for field in msgspec.structs.fields(kind):
        if later.get(field.name, 0) > minor:
            continue
        inner = _as_of(field.type, minor) if isinstance(field.type, type) else field.type
        optional = field.default is not msgspec.NODEFAULT
        fields.append((field.name, inner, field.default) if optional else (field.name, inner))
    return msgspec.defstruct(
        kind.__name__,
        fields,
        tag_field=config.tag_field,
        tag=config.tag,
        forbid_unknown_fields=True,
        kw_only=True,
    )


def speak_as(version: str) -> None:
    """From here on this process is an engine of ``version``, '5.0' or so: it greets so, reads
    nothing that came later, and says nothing that did."""
    framing.PREAMBLE = versions.GREETING + f"{version}\n".encode()
    minor = int(version.partition(".")[2] or 0)
    if minor >= versions.OWN.minor:
        return
    read, send = FrameReader.read, FrameWriter.send
    strict: Any = msgspec.msgpack.Decoder(older(protocol.ToEngine, minor))

    def strictly(self: Any) -> Frame[Any] | None:
        frame = read(self)
        if frame is not None:
            strict.decode(self._header)
        return frame

    def taken(self: Any, header: bytes) -> Any:
        self._header = header
        return self._decoder.decode(header)

    def as_ever(self: Any, message: msgspec.Struct, payload: bytes = b"") -> None:
        self.minor = minor
        send(self, message, payload)

    FrameReader.read = strictly  # type: ignore[method-assign]
    FrameReader._decode = taken  # type: ignore[method-assign]
    FrameWriter.send = as_ever  # type: ignore[method-assign]
