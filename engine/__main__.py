"""``python -m engine``: the engine process, on stdin and stdout. With ``--apart`` a composer that
can leaves half of its work to a process of its own (a rendering with two jobs)."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from engine.composers.base import Composer, Parted


def take_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """The link's two streams. Afterwards fd 0 is empty and fd 1 is fd 2, so that neither a
    stray print of a library nor one that reads the keyboard can touch a frame."""
    incoming, outgoing = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - before anything else is imported
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb")


class _Opening:
    """Opens composers; ``apart``: with half of the work in a process of its own, where they can."""

    def __init__(self, *, apart: bool) -> None:
        self._apart = apart
        self._parted: list[Parted] = []

    def __call__(self, name: str) -> Composer:
        from engine.composers.base import Parted, open_composer

        composer = open_composer(name)
        if self._apart and isinstance(composer, Parted):
            composer.sound_apart()
            self._parted.append(composer)
        return composer

    def close(self) -> None:
        """End those processes, and take note of what they have spent: it counts as the engine's."""
        for composer in self._parted:
            composer.close()


def main() -> None:
    incoming, outgoing = take_standard_streams()
    # A Ctrl-C at the front's terminal is the front's to answer; the engine ends with its stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    from engine.link.server import serve

    opening = _Opening(apart=sys.argv[1:] == ["--apart"])
    status = serve(incoming, outgoing, opening)
    opening.close()
    # Not sys.exit: composing may be in the middle of a long numpy call, and nothing is to be
    # kept, so the process ends now and not when that call returns.
    os._exit(status)


if __name__ == "__main__":
    main()
