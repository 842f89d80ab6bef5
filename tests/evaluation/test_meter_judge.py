"""Which spans musmed's own meter judges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.evaluation.judges.meter import MeterJudge

RATE = 22_050


@pytest.mark.parametrize(
    ("seconds", "spans"),
    [
        (20, [(0.0, 20.0)]),
        (30, [(0.0, 30.0)]),
        (50, [(0.0, 30.0), (10.0, 40.0), (20.0, 50.0)]),
    ],
)
def test_full_windows_and_of_shorter_sounds_what_there_is(
    tmp_path: Path, seconds: int, spans: list[tuple[float, float]]
) -> None:
    time = np.arange(seconds * RATE) / RATE
    soundfile.write(tmp_path / "a.wav", 0.3 * np.sin(2 * np.pi * 220 * time), RATE)
    judged = MeterJudge().judge(tmp_path / "a.wav", lambda *_: None)
    assert [(window.start, window.end) for window in judged.windows] == spans
