"""``--signal``: what the listener wears, as it was asked for on the command line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import MusmedError
from engine.places import place_of

if TYPE_CHECKING:
    from engine.session.signal_reader import SignalReader

STANDARD_INPUT = "-"


class Worn(NamedTuple):
    """``signal``: a place, or '-'; None for nobody's body. ``no_keys``: none are taken."""

    signal: str | None = None
    no_keys: bool = False

    @contextlib.contextmanager
    def reading(self, *, plain: bool, as_json: bool) -> Iterator[SignalReader | None]:
        """What tells of the body, read from now on; closed whatever happens. Raises
        ``MusmedError`` where it can't be read, or what was asked for does not go together."""
        if self.no_keys and not (plain or as_json):
            raise MusmedError("--no-keys goes with --plain; the screen is worked by its keys.")
        if self.signal is None:
            yield None
            return
        from engine.session.signal_reader import open_signal, standard_input

        if self.signal != STANDARD_INPUT:
            reader = open_signal(place_of(self.signal, "signal"))
        elif as_json or self.no_keys:
            reader = standard_input()
        else:
            raise MusmedError(
                "--signal - reads standard input, where keys come from; give --plain --no-keys "
                "with it, or name a socket, a pipe or a file."
            )
        try:
            yield reader
        finally:
            reader.close()
