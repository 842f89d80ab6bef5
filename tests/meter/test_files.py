"""Sound files measured: all of them, one channel of several, as far as it is said, and stopped."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from support.odd_sounds import ODD, one, tune

from engine.audio.format import SAMPLE_RATE
from engine.audio.reading.sounds import Piece, SoundReader
from engine.meter import files
from engine.meter.files import measure_file
from engine.meter.resampler import Resampler
from musmed_tui.commands import measure as command

RATE = 16_000


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    soundfile.write(path, tune(36.0, 3, RATE), RATE, subtype="FLOAT")
    return path


@pytest.mark.parametrize(
    "name", ["chained Ogg", "joined MP3", "FLAC of unknown length", "WAV of size 0", "cut MP3"]
)
def test_all_of_an_odd_file_is_measured_and_said(tmp_path: Path, name: str) -> None:
    odd, path = ODD[name](), tmp_path / "a.sound"
    path.write_bytes(odd.data)
    measured = measure_file(path)
    # A last step under 5 s gives no reading.
    assert odd.seconds - 5.6 <= measured.readings[-1].end <= odd.seconds + 0.5
    (said,) = measured.remarks
    assert odd.said in said


def test_the_polarity_of_a_channel_changes_nothing(sound: Path, tmp_path: Path) -> None:
    """Two channels that cancel were silence."""
    audio, _ = soundfile.read(sound, dtype="float32")
    one_, opposed = tmp_path / "one.wav", tmp_path / "opposed.wav"
    soundfile.write(one_, audio[:, 0], RATE, subtype="FLOAT")
    soundfile.write(opposed, np.stack([audio[:, 0], -audio[:, 0]], 1), RATE, subtype="FLOAT")
    measured = measure_file(opposed)
    assert measured.readings == measure_file(one_).readings
    assert len(measured.readings) == 4
    (said,) = measured.remarks
    assert "cancel" in said


def test_a_rate_that_changes_in_a_file_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(ODD["joined MP3 of other forms"]().data)
    assert measure_file(path).readings[-1].end == 30.0, "of 31 s; a last second gives no reading"


def test_only_so_much_is_measured(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure_file(sound).readings
    monkeypatch.setattr(files, "LONGEST_MEASURED", 20)
    measured = measure_file(sound)
    assert measured.readings == whole[:2]
    (said,) = measured.remarks
    assert "only the first" in said


def test_how_far_it_is_is_told(sound: Path) -> None:
    told: list[tuple[float, float | None]] = []
    measure_file(sound, lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == [5.0 * k for k in range(1, 8)] + [36.0]
    assert {total for _, total in told} == {36.0}


@given(st.integers(8_000, 384_000))
@settings(max_examples=25)
def test_no_rate_takes_much_memory_or_changes_the_pitch(rate: int) -> None:
    """44,099 Hz took forty times as long as 44,100."""
    resampler = Resampler(rate)
    assert resampler._weights.size <= 1 << 21
    wave = np.sin(2 * np.pi * 997.0 * np.arange(rate) / rate).astype(np.float32)
    made = np.concatenate([resampler.push(wave), resampler.finish()])
    assert len(made) == SAMPLE_RATE
    ideal = np.sin(2 * np.pi * 997.0 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
    assert np.max(np.abs(made - ideal)[3000:-3000]) < 3e-4


# the command

Printed = pytest.CaptureFixture[str]


def test_remarks_are_said_beside_the_readings(tmp_path: Path, capsys: Printed) -> None:
    path = tmp_path / "a.ogg"
    path.write_bytes(ODD["chained Ogg"]().data)
    assert command.measure(str(path), as_json=False, now=lambda: 0.0) == 0
    printed = capsys.readouterr()
    assert "0:10-0:19" in printed.out
    assert "2 recordings" in printed.err
    assert command.measure(str(path), as_json=True, now=lambda: 0.0) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["remarks"] == [printed.err.splitlines()[0]]
    assert len(told["readings"]) == 2


def test_a_long_file_says_how_far_it_is_and_ever_more_seldom(sound: Path, capsys: Printed) -> None:
    ticks = iter(range(1_000))
    assert command.measure(str(sound), as_json=True, now=lambda: next(ticks) * 1.0) == 0
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "Measured 0:10 of 0:36; Ctrl-C stops.",
        "Measured 0:20 of 0:36; Ctrl-C stops.",
        "Measured 0:36 of 0:36; Ctrl-C stops.",
    ]
    assert command.measure(str(sound), as_json=True, now=lambda: 0.0) == 0
    assert not capsys.readouterr().err, "a short one says nothing"


def test_what_a_decoder_grumbles_is_not_heard(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """libmpg123 writes to descriptor 2 itself; what musmed says still gets there."""
    data = bytearray(one("MP3"))
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    path = tmp_path / "a.mp3"
    path.write_bytes(data)
    ticks = iter(range(1_000))
    assert command.measure(str(path), as_json=True, now=lambda: next(ticks) * 1.0) == 0
    said = capfd.readouterr().err.splitlines()
    assert all(line.startswith(("Measured ", str(path))) for line in said), said
    assert said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it(
    tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """Of a file that libsndfile reads through callbacks, too, where no exception gets through."""
    path = tmp_path / "a.flac"
    path.write_bytes(one("FLAC") * 2)
    whole = SoundReader.pieces
    read: list[Piece] = []

    def pieces(reader: SoundReader) -> Iterator[Piece]:
        for piece in whole(reader):
            os.kill(os.getpid(), number)
            read.append(piece)
            yield piece

    monkeypatch.setattr(SoundReader, "pieces", pieces)
    code = command.measure(str(path), as_json=False, now=lambda: 0.0)
    assert code == 128 + number
    assert len(read) == 1
    printed = capsys.readouterr()
    assert not printed.out
    assert printed.err == "Stopped; nothing is measured.\n"
