"""Other machines by name: a small file beside the settings, and the engine on one of them."""

from __future__ import annotations

import re
import sys

import msgspec

from engine.clip_record import LOSSLESS, Codec
from engine.composers.synthesis import BUILTIN, Synthesis
from engine.errors import MusmedError, UnknownWordError
from engine.link.codec import CODECS
from engine.link.ssh import COMMAND, FarEngine, Host, checked, connect, control_folder
from engine.places import part_of, read_small
from engine.printable import one_line
from engine.private import make_private_folder, write_private
from engine.toml_text import parse_toml
from musmed_tui.paths import Folders
from musmed_tui.terminal.streams import remark

MAX_BYTES, MOST = 64 * 1024, 100
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


def read_hosts(where: Folders) -> dict[str, Host]:
    """The hosts by their names; none where there is no file. Raises ``MusmedError`` for one that
    can't be read."""
    if not where.hosts.exists():
        return {}
    data = read_small(where.hosts, f"The hosts {where.hosts}", MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise MusmedError(f"The hosts {where.hosts} have more than {MAX_BYTES // 1024} KiB.")
    try:
        found = msgspec.convert(parse_toml(data), dict[str, Host])
        return {_named(name): checked(host) for name, host in found.items()}
    except (ValueError, MusmedError) as error:
        reason = str(error).rstrip(".")
        raise MusmedError(
            f"The hosts {where.hosts} can't be used ({reason}); mend the file or remove it."
        ) from error


def write_hosts(where: Folders, hosts: dict[str, Host]) -> None:
    """In place of what is there. Raises ``MusmedError``."""
    lines = []
    for name, host in sorted(hosts.items()):
        lines.append(f"[{_quoted(name)}]\naddress = {_quoted(host.address)}\n")
        if host.command != COMMAND:
            lines.append(f"command = {_quoted(host.command)}\n")
        if host.codec != LOSSLESS:
            lines.append(f"codec = {_quoted(host.codec)}\n")
    part = part_of(where.hosts)
    try:
        make_private_folder(where.config)
        write_private(part, "".join(lines).encode())
        part.replace(where.hosts)
    except OSError as error:
        raise MusmedError(
            f"The hosts {where.hosts} can't be written ({error.strerror}); make its folder "
            "writable or free some space."
        ) from error


def add_host(
    where: Folders, name: str, address: str, command: str | None, codec: str | None = None
) -> None:
    """Keep a host under ``name``, in place of one of that name. Raises ``MusmedError``."""
    hosts = read_hosts(where)
    hosts[_named(name)] = checked(Host(address, command or COMMAND, codec_of(codec)))
    if len(hosts) > MOST:
        raise MusmedError(f"There are {MOST} hosts already; 'musmed host rm NAME' removes one.")
    write_hosts(where, hosts)


def host_of(where: Folders, word: str) -> Host:
    """The host that is called so, or else whose address it is. Raises ``MusmedError``."""
    known = read_hosts(where).get(word)
    return known if known is not None else checked(Host(word))


def codec_of(word: str | None) -> Codec:
    """A codec by its name; FLAC where none was given. Raises ``MusmedError``."""
    known: Codec | None = next((one for one in CODECS if one == (word or LOSSLESS).lower()), None)
    if known is None:
        raise UnknownWordError(
            "codec", word or "", CODECS, "flac is lossless, opus for thin lines."
        )
    return known


def check_codec(host: str | None, codec: str | None) -> None:
    """Raises ``MusmedError`` for a codec without a line, or one that there is not."""
    if host is None and codec is not None:
        raise MusmedError("--codec is about the line to another machine: give --host, too.")
    codec_of(codec)


def far_if_any(where: Folders, host: str | None, codec: str | None) -> FarEngine | None:
    """``far_engine`` where a host is named; a codec alone is refused. Raises ``MusmedError``."""
    check_codec(host, codec)
    return None if host is None else far_engine(where, host, codec)


def far_engine(where: Folders, word: str, codec: str | None = None) -> FarEngine:
    """The engine on a host, its line made: ssh may ask for a password or a code, if there is a
    terminal. ``codec``: in place of the host's own. Raises ``MusmedError``."""
    host = host_of(where, word)
    if codec is not None:
        host = msgspec.structs.replace(host, codec=codec_of(codec))
    folder = control_folder()
    asks = sys.stdin.isatty()
    if asks:
        remark(f"Making a line to {host.address} ...")
    connect(host, folder, asks=asks)
    return FarEngine(host, folder, one_line(word, 64))


def sounded_there(wish: Synthesis) -> Synthesis:
    """How another machine is to sound notes: a soundfont that lies here does not lie there, so
    'auto' is the built-in synthesis, and FluidSynth takes one from that machine's usual places."""
    return Synthesis(BUILTIN if wish.wanted == "auto" else wish.wanted)


def _named(name: str) -> str:
    if not _NAME.fullmatch(name) or name.startswith("-"):
        raise MusmedError(
            "A host's name has 1 to 40 letters, digits, dots, dashes and underscores."
        )
    return name


def _quoted(text: str) -> str:
    """A TOML string."""
    return msgspec.json.encode(text).decode()
