"""How the line to the other machine stands on which a session is composed, for whoever looks."""

from __future__ import annotations

from typing import Literal

import msgspec

Standing = Literal["up", "down", "login", "left", "answers", "going"]
"""'login': it is down, and can't be made without a question; 'left': this machine has taken over;
'answers': and the other can be reached again; 'going': and the next clip will be its
(``far_line``)."""


class LineState(msgspec.Struct, frozen=True):
    """``name``: what the listener calls the other machine."""

    name: str
    standing: Standing = "up"

    @property
    def is_down(self) -> bool:
        """It is tried again."""
        return self.standing in {"down", "login"}

    @property
    def is_offered(self) -> bool:
        """Whether the listener can go back."""
        return self.standing == "answers"
