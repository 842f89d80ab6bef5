"""Runs ``musmed`` as a process of its own for each command line, imported once for all.

Standard input has a line of JSON for each run (``Run``), standard output a line with the exit
status for each. Between its import and its end a run is what ``python -m musmed_tui`` is: the same
``main``, with its own environment, streams and limits.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import resource
import sys
from typing import NoReturn

import msgspec

import musmed_tui.cli

# What commands import when they run.
for name in (
    "commands.screen",
    "commands.models",
    "commands.play",
    "commands.lists",
    "options",
):
    importlib.import_module(f"musmed_tui.{name}")
importlib.import_module("engine.render")
# And what typer imports when it is first asked: a command that there is not is refused before
# anything is done.
with contextlib.suppress(Exception):
    musmed_tui.cli.app(["nothing"], prog_name="musmed", standalone_mode=False)


class Run(msgspec.Struct):
    """``stdout`` and ``stderr``: files to be written. ``file_size``: no file may grow past it."""

    arguments: list[str]
    environment: dict[str, str]
    stdout: str
    stderr: str
    file_size: int | None = None


def become(run: Run) -> NoReturn:
    for number, path in ((1, run.stdout), (2, run.stderr)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.environ.clear()
    os.environ.update(run.environment)
    if run.file_size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (run.file_size, run.file_size))
    sys.argv = ["musmed", *run.arguments]
    musmed_tui.cli.main()
    raise SystemExit(0)


def serve() -> None:
    gc.freeze()
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for line in incoming:
        run = msgspec.json.decode(line, type=Run)
        pid = os.fork()
        if pid == 0:
            os.close(outgoing)
            become(run)
        _, status = os.waitpid(pid, 0)
        os.write(outgoing, b"%d\n" % os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    serve()
