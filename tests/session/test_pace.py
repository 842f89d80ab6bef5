"""When a session looks at how playback stands."""

from __future__ import annotations

import numpy as np
import pytest

from engine.link.deliveries import ChunkArrived
from engine.link.protocol import Pong
from engine.plan.spec import ClipKey
from engine.session.pace import TICK_SECONDS, Pace

CHUNK = ChunkArrived(ClipKey(0, 0), np.zeros((1, 2), np.float32))


def test_sound_brings_no_look_before_its_time() -> None:
    now = 100.0
    pace = Pace(lambda: now)
    looks = 0
    for step in range(100):  # of ten milliseconds
        now = 100.0 + step / 100
        pace.came(CHUNK)
        looks += pace.is_due()
    assert looks == round(1 / TICK_SECONDS)


def test_whatever_else_has_come_is_looked_at_once() -> None:
    pace = Pace(lambda: 100.0)
    assert pace.is_due()
    assert not pace.is_due()
    assert pace.left() == pytest.approx(TICK_SECONDS)
    pace.came(Pong(1))
    assert pace.left() == 0.0
    assert pace.is_due()
    pace.hurry()
    assert pace.is_due()
