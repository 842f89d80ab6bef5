"""``python -m engine``: the engine process, on stdin and stdout. With ``--apart`` a composer that
can leaves half of its work to a process of its own (a rendering with two jobs)."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from engine.composers.base import Composer


def take_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """The link's two streams. Afterwards fd 0 is empty and fd 1 is fd 2, so that neither a
    stray print of a library nor one that reads the keyboard can touch a frame."""
    incoming, outgoing = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - before anything else is imported
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb")


def open_parted(name: str) -> Composer:
    """As ``open_composer``, with half of the work apart where the composer can do that."""
    from engine.composers.base import Parted, open_composer

    composer = open_composer(name)
    if isinstance(composer, Parted):
        composer.sound_apart()
    return composer


def main() -> None:
    incoming, outgoing = take_standard_streams()
    # A Ctrl-C at the front's terminal is the front's to answer; the engine ends with its stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    from engine.composers.base import open_composer
    from engine.link.server import serve

    load = open_parted if sys.argv[1:] == ["--apart"] else open_composer
    # Not sys.exit: composing may be in the middle of a long numpy call, and nothing is to be
    # kept, so the process ends now and not when that call returns.
    os._exit(serve(incoming, outgoing, load))


if __name__ == "__main__":
    main()
