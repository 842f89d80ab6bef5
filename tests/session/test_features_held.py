"""Features that are asked for, in a session of the real engine."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.affect.circumplex import Affect
from engine.audio.loudness import integrated_lufs
from engine.plan.request import Request
from engine.plan.wanted import Features
from engine.render import render_session
from engine.sidecar import read_report, report_path


def test_the_engine_holds_the_features(tmp_path: Path) -> None:
    features = Features(key="D", mode="minor", tempo=66.0, loudness=-31.0)
    request = Request(
        start=Affect(0.1, 0.6), target=Affect(0.5, -0.5), minutes=1, seed=5, features=features
    )
    output = tmp_path / "held.flac"
    render_session(request, output, progress=lambda _done, _total: None, log_file=tmp_path / "log")
    loudness = integrated_lufs(soundfile.read(output, dtype="float32")[0])
    assert loudness is not None
    assert loudness == pytest.approx(-31.0, abs=1.0)
    bars = [bar for clip in read_report(report_path(output)).clips for bar in clip.bars]
    assert {bar.key for bar in bars} == {"D minor"}
    tempos = [
        240.0 * Fraction(bar.time_signature) / (later.start - bar.start)
        for bar, later in pairwise(bars[:8])
        if later.start > bar.start
    ]
    assert np.median(tempos) == pytest.approx(66.0, rel=0.02)
