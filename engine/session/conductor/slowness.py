"""What a listener is told of a composer that is slower than what is played."""

from __future__ import annotations

import math

from engine.composers.base import EMBEDDED


def is_slow(speed: float | None) -> bool:
    """``speed``: seconds of music composed in a second, None where it is not known."""
    return speed is not None and speed < 1.0


def sentence(composer: str, speed: float, left: float) -> str:
    """``left``: seconds of the session still to be played. Music of ``left`` seconds takes
    left / speed to compose, so playing may begin left / speed - left from now."""
    minutes = math.ceil(left * (1.0 / max(speed, 1e-3) - 1.0) / 60.0)
    return (
        f"{composer} composes {speed:.2f} s of music in a second here: pause for {minutes} min and "
        f"the rest plays without a stop, or start anew with --composer {EMBEDDED}."
    )
