"""A command of musmed's on another machine, over the line that its engine uses: what it prints,
bounded in bytes and in time. What came is the caller's to clean."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import IO, NamedTuple, cast

from engine.errors import MusmedError
from engine.link.overheard import Overheard
from engine.link.process import kill
from engine.link.ssh import FarEngine, engine_argv, musmed_command, with_command

MOST_BYTES = 1024 * 1024
PATIENCE_SECONDS = 150.0
"""'musmed doctor' starts an engine and asks torch, which takes a minute on a busy machine."""


class Printed(NamedTuple):
    """``status`` is None where it did not end in time or printed too much."""

    status: int | None
    out: bytes
    err: bytes


def printed_by(far: FarEngine, words: str) -> Printed:
    """Run musmed's ``words`` there. Raises ``MusmedError`` where ssh can't be started, or it is
    not known what to run."""
    command = musmed_command(far.host.command, words)
    argv = engine_argv(with_command(far.host, command), far.folder)
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
            start_new_session=True,
        )
    except OSError as error:
        raise MusmedError(
            f"ssh can't be started ({error.strerror}); install OpenSSH's client."
        ) from error
    errors = Overheard(cast("IO[bytes]", process.stderr), None)
    late = threading.Event()

    def give_up() -> None:
        late.set()
        kill(process)

    patience = threading.Timer(PATIENCE_SECONDS, give_up)
    patience.start()
    try:
        with cast("IO[bytes]", process.stdout) as stream:
            out = stream.read(MOST_BYTES + 1)
        if len(out) > MOST_BYTES:
            give_up()
        status = process.wait()
    finally:
        patience.cancel()
        kill(process)
    return Printed(None if late.is_set() else status, out[:MOST_BYTES], errors.last(1.0))
