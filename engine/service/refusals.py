"""Why the service does not do what it was asked for."""

from __future__ import annotations

from engine.errors import MusmedError


class BusyError(MusmedError):
    """No more is taken now; ``after``: seconds after which to ask again."""

    def __init__(self, sentence: str, after: int) -> None:
        super().__init__(sentence)
        self.after = after


class FullError(MusmedError):
    """The disk has no room for a session more."""


class UnknownSessionError(MusmedError):
    """There is no such session here."""

    def __init__(self) -> None:
        super().__init__("There is no such session; GET /sessions lists those that there are.")


class SlowError(MusmedError):
    """A body that did not come."""

    def __init__(self) -> None:
        super().__init__("The body did not come; send it again.")


class BrokenOffError(MusmedError):
    """An answer that has begun can't be sent to its end."""

    def __init__(self) -> None:
        super().__init__("The service ends before all of the sound is there.")


class NotPlayingError(MusmedError):
    """What was asked for needs a session that is running."""


class GoneError(MusmedError):
    """What was asked for is kept no more."""
