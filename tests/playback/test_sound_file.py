"""A sound file is played as it is, from where it is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.waiting import wait_for

from engine.audio.files import AudioWriter
from engine.audio.format import SAMPLE_RATE, quantise24
from engine.errors import MusmedError
from engine.playback.sinks.file import FileSink
from engine.playback.sound_file import RETURN_SECONDS, SoundFilePlayback


def _noise(path: Path, seconds: float) -> Path:
    audio = np.random.default_rng(1).normal(size=(round(seconds * SAMPLE_RATE), 2)) * 0.1
    with AudioWriter(path, title="-", artist="-", comment="-") as file:
        file.write(quantise24(audio.astype(np.float32)))
    return path


@pytest.mark.parametrize("start", [0.0, 2.0])
def test_what_is_heard_is_the_file_from_there_on(tmp_path: Path, start: float) -> None:
    source = _noise(tmp_path / "a.flac", 5.0)
    sink = FileSink(tmp_path / "b.flac")
    playing = SoundFilePlayback(source, sink, start)
    assert (playing.seconds, playing.heard) == (5.0, start)
    playing.start()
    wait_for(sink.done.is_set, moves=lambda: playing.heard)
    assert playing.heard == 5.0
    playing.close()
    was, now = soundfile.read(source)[0], soundfile.read(tmp_path / "b.flac")[0]
    was = was[round(start * SAMPLE_RATE) :]
    assert len(was) == len(now)
    faded = round(RETURN_SECONDS * SAMPLE_RATE) if start else 0
    assert np.array_equal(was[faded:], now[faded:])
    assert not start or abs(now[0]).max() < 1e-4


def test_what_is_no_sound_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.flac").write_bytes(b"nonsense")
    with pytest.raises(MusmedError, match="can't be played"):
        SoundFilePlayback(tmp_path / "a.flac", FileSink(tmp_path / "b.flac"))
