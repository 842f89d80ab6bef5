"""``python -m engine``: the engine process, on stdin and stdout."""

from __future__ import annotations

import os
import signal
from typing import BinaryIO


def take_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """The link's two streams. Afterwards fd 0 is empty and fd 1 is fd 2, so that neither a
    stray print of a library nor one that reads the keyboard can touch a frame."""
    incoming, outgoing = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - before anything else is imported
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb")


def main() -> None:
    incoming, outgoing = take_standard_streams()
    # A Ctrl-C at the front's terminal is the front's to answer; the engine ends with its stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    from engine.link.server import serve

    # Not sys.exit: composing may be in the middle of a long numpy call, and nothing is to be
    # kept, so the process ends now and not when that call returns.
    os._exit(serve(incoming, outgoing))


if __name__ == "__main__":
    main()
