"""``musmed host``: machines whose engines compose for this one; and ``musmed engine``, which is
what runs there."""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Iterator

from engine import __version__
from engine.composers.base import EMBEDDED
from engine.errors import MusmedError
from engine.link.client import EngineClient, default_argv
from engine.link.deliveries import Banner, Delivery, EngineLost
from engine.link.process import environment
from engine.link.protocol import Failure, Hello, Opened, Pong
from engine.link.ssh import COMMAND, names_an_engine
from engine.link.versions import OPUS_MINOR, OWN, Version
from engine.printable import one_line
from musmed_tui.hosts import add_host, far_engine, read_hosts, write_hosts
from musmed_tui.paths import folders
from musmed_tui.terminal.streams import say, say_json, tell
from musmed_tui.terminal.table import print_table

PATIENCE_SECONDS = 60.0
"""Without a word."""
CHECK_SECONDS = 900.0
"""For all of it: the largest model from a slow disk."""
_NO_HOST = "There is no host yet: musmed host add gpu user@server"
BANNERS = 5
"""Lines of a login that are shown."""


def add(
    name: str | None, address: str | None, command: str | None, codec: str | None = None
) -> None:
    """Raises ``MusmedError``."""
    if name is None or address is None:
        raise MusmedError("Give a name and an address: musmed host add gpu user@server")
    add_host(folders(), name, address, command, codec)
    if command is not None and not names_an_engine(command):
        tell(
            f"{command!r} does not end in 'engine', which is what speaks with this machine: "
            "--command '~/venv/bin/musmed engine' is usual."
        )
    tell(f"'musmed play --host {name}' composes there; 'musmed host check {name}' tries it.")


def remove(name: str | None) -> None:
    """Raises ``MusmedError``."""
    where = folders()
    hosts = read_hosts(where)
    if name not in hosts:
        raise MusmedError(f"There is no host {name!r}; 'musmed host list' names them.")
    del hosts[name]
    write_hosts(where, hosts)


def list_hosts(*, as_json: bool) -> None:
    """Raises ``MusmedError``."""
    hosts = read_hosts(folders())
    if as_json:
        say_json({"hosts": [{"name": n, "address": h.address, "command": h.command,
                             "codec": h.codec} for n, h in sorted(hosts.items())]})  # fmt: skip
        return
    rows = [
        (name, host.address, host.codec, "" if host.command == COMMAND else host.command)
        for name, host in sorted(hosts.items())
    ]
    print_table("Hosts", ("name", "address", "codec", "command"), rows, none=_NO_HOST)


def check(name: str | None, composer: str | None) -> int:
    """Try the line, the engine and ``composer`` there; gives the exit code. Raises
    ``MusmedError`` where there is no line."""
    if name is None:
        raise MusmedError("Name a host: 'musmed host list' names them; an address will do.")
    engine = far_engine(folders(), name)
    told: queue.Queue[Delivery] = queue.Queue()
    began = time.monotonic()
    client = EngineClient(told.put, far=engine)
    try:
        client.open(EMBEDDED if composer is None else composer)
        for sentence, well in _heard(client, told, began):
            say(sentence)
            if not well:
                return 1
    finally:
        client.close()
    return 0


def _heard(
    client: EngineClient, told: queue.Queue[Delivery], began: float
) -> Iterator[tuple[str, bool]]:
    """What the engine says until its composer is open, each with whether all is well so far."""
    asked, banners = began, 0
    while True:
        try:
            delivery = told.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            yield f"The engine has said nothing for {PATIENCE_SECONDS:g} s.", False
            return
        now = time.monotonic()
        if now - began > CHECK_SECONDS:
            yield f"The composer is not ready after {CHECK_SECONDS / 60:g} minutes.", False
            return
        match delivery:
            case Banner(text):
                banners += 1
                if banners <= BANNERS:
                    yield f"It says: {one_line(text)}", True
            case Hello():
                yield _greeting(delivery, now - began), True
                if client.version < OWN:
                    yield _older(client.version), True
            case Opened():
                yield f"{delivery.composer} is ready after {now - began:.1f} s.", True
                asked = now
                client.ping(1)
            case Pong():
                if delivery.number == 1:
                    yield f"An answer takes {(now - asked) * 1000:.0f} ms.", True
                    return
            case Failure() | EngineLost():
                yield delivery.reason, False
                return
            case _:
                pass


def _greeting(hello: Hello, seconds: float) -> str:
    other = "" if hello.engine == __version__ else f" (here {__version__})"
    return (
        f"musmed {hello.engine}{other} on Python {hello.python} answers after {seconds:.1f} s; it "
        f"knows {', '.join(hello.composers)}."
    )


def _older(version: Version) -> str:
    lacks = " It knows no Opus." if version.minor < OPUS_MINOR else ""
    return f"Its link is {version}, older than the {OWN} here; both understand it.{lacks}"


def run_engine() -> None:
    """Become the engine, on the standard streams. Does not return."""
    if sys.stdin.isatty() or sys.stdout.isatty():
        raise MusmedError(
            "'musmed engine' speaks with another musmed, not with people; 'musmed play' plays."
        )
    argv = default_argv()
    os.execve(argv[0], argv, environment())
