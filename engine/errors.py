"""Errors a listener can mend. The one leaf that every room may import."""

from __future__ import annotations

from collections.abc import Iterable


class MusmedError(Exception):
    """Something the listener can mend.

    ``str(error)`` is one sentence that says what is wrong and what to do about it; the command
    line prints it and exits with code 2, the screen shows it as a notice. Never a traceback.
    """


class UnknownWordError(MusmedError):
    """A word that is not in a vocabulary: the sentence names the nearest words that are."""

    def __init__(self, kind: str, word: str, known: Iterable[str], hint: str) -> None:
        import difflib

        self.suggestions = difflib.get_close_matches(word.lower(), list(known), n=3, cutoff=0.5)
        near = f"; did you mean {' or '.join(self.suggestions)}?" if self.suggestions else "."
        super().__init__(f"There is no {kind} called {word!r}{near} {hint}")
