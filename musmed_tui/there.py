"""What musmed on another machine says of itself: its '--json' over ssh, checked and made fit to be
shown."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeVar

import msgspec

from engine.errors import MusmedError
from engine.link.far_command import MOST_BYTES, PATIENCE_SECONDS, Printed, printed_by
from engine.link.ssh import NO_COMMAND, SSH_FAILED, FarEngine
from engine.printable import one_line, printable

MOST = 1_000
"""Things in a list."""
_BEGINS = re.compile(rb"^\{", re.MULTILINE)
_TRIES = 20
"""Lines that begin as JSON does: a login may say such, too."""


class Model(msgspec.Struct, frozen=True):
    """A model as 'musmed models --json' has it."""

    name: str
    repo: str
    bytes: Annotated[int, msgspec.Meta(ge=0)]
    decoder: str | None
    channels: int | None
    here: Literal["yes", "partly", "no", "broken"]
    note: str


class Models(msgspec.Struct, frozen=True):
    """Its whole document."""

    models: Annotated[tuple[Model, ...], msgspec.Meta(max_length=MOST)]
    licence: str = ""


Document = TypeVar("Document", bound=msgspec.Struct)


def models_there(far: FarEngine) -> Models:
    """MusicGen's models on the other machine. Raises ``MusmedError``."""
    return asked_there(far, "models --json", Models)


def asked_there(far: FarEngine, words: str, kind: type[Document]) -> Document:
    """What musmed's ``words`` print there, as a document of ``kind``. Raises ``MusmedError``."""
    printed = printed_by(far, words)
    found = document(printed.out, kind)
    if found is None:
        raise MusmedError(_why_not(far, words, printed))
    return found


def document(out: bytes, kind: type[Document]) -> Document | None:
    """The first document of ``kind`` in what was printed, whatever a login said before and after;
    None without one. Every text in it is one line of visible characters."""
    for begins in list(_BEGINS.finditer(out))[:_TRIES]:
        ends = [end.end() for end in re.finditer(rb"\}[ \t\r]*$", out[begins.start() :], re.M)]
        for end in ends[-_TRIES:][::-1]:
            data = out[begins.start() : begins.start() + end]
            try:
                plain = msgspec.json.decode(data, type=kind)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                continue
            return msgspec.convert(_cleaned(msgspec.to_builtins(plain)), kind)
    return None


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value


def _why_not(far: FarEngine, words: str, printed: Printed) -> str:
    if printed.status is None:
        limit = f"{PATIENCE_SECONDS:g} s, {MOST_BYTES // 1024} KiB"
        return f"'musmed {words}' on {far.called} did not come to an end ({limit} at most)."
    if printed.status in {SSH_FAILED, NO_COMMAND}:
        return far.why(printed.status)
    last = printed.err.strip().rpartition(b"\n")[2][-300:]
    said = f" ({printable(last).rstrip('.')})" if last else ""
    return (
        f"musmed on {far.called} gives no answer to 'musmed {words}'{said}; it may be older than "
        "this one, which 'musmed host check' says."
    )
