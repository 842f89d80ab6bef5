"""A listener's sound file as an opening: its end is used, what can't be is refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.composers.musicgen.opening import check_opening, read_opening
from engine.errors import MusmedError
from engine.meter.files import measure_file
from engine.plan.clock import OVERLAP_SECONDS


def tone(rate: int, seconds: float, channels: int = 2) -> np.ndarray:
    times = np.arange(round(rate * seconds)) / rate
    return np.repeat(0.3 * np.sin(2 * np.pi * (200 + 40 * times) * times)[:, None], channels, 1)


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [("a.flac", 44_100, 2), ("a.wav", 8_000, 1), ("a.ogg", 48_000, 2), ("a.mp3", 44_100, 2)],
)
def test_the_last_seconds_are_read(tmp_path: Path, name: str, rate: int, channels: int) -> None:
    path, sound = tmp_path / name, tone(rate, 12.0, channels)
    soundfile.write(path, sound, rate)
    check_opening(str(path))
    audio, found, remarks = read_opening(str(path))
    assert not remarks
    assert found == rate
    assert audio.dtype == np.float32
    assert audio.shape[1] == channels
    if name.endswith(("flac", "wav")):
        assert np.abs(audio - sound[-len(audio) :]).max() < 1e-3
        assert len(audio) == round(OVERLAP_SECONDS * rate)
    else:
        assert abs(len(audio) - round(OVERLAP_SECONDS * rate)) < rate // 10


def test_silence_at_the_end_is_passed_over(tmp_path: Path) -> None:
    path, sound = tmp_path / "a.wav", tone(8_000, 9.0)
    soundfile.write(path, np.concatenate((sound, np.zeros((8_000 * 20, 2)))), 8_000)
    audio, _, _ = read_opening(str(path))
    assert np.abs(audio[-800:]).max() > 0.1
    assert len(audio) == 60_000


def test_a_short_one_is_used_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(8_000, 2.0), 8_000)
    audio, _, _ = read_opening(str(path))
    assert abs(len(audio) - 16_000) < 10


def test_what_can_t_be_an_opening_is_refused_in_a_sentence(tmp_path: Path) -> None:
    text, silent, short = tmp_path / "a.txt", tmp_path / "silent.wav", tmp_path / "short.wav"
    odd, broken = tmp_path / "odd.wav", tmp_path / "broken.wav"
    text.write_text("no sound\n" * 100)
    soundfile.write(silent, np.zeros((80_000, 2)), 8_000)
    soundfile.write(short, tone(8_000, 0.5), 8_000)
    soundfile.write(odd, np.zeros((4_000, 1)), 1_000)
    soundfile.write(broken, np.full((80_000, 1), np.nan, np.float32), 8_000, subtype="FLOAT")
    for path in (text, silent, short, odd, broken, tmp_path, tmp_path / "none.flac"):
        with pytest.raises(MusmedError) as refused:
            check_opening(str(path))
        assert str(refused.value).endswith(".")
        assert "\n" not in str(refused.value)


def test_float_samples_at_another_scale_are_no_full_scale_squares(tmp_path: Path) -> None:
    """16-bit numbers written as floats are refused, as by the meter; a file that is some times too
    loud is turned down whole."""
    path, sound = tmp_path / "a.wav", tone(8_000, 9.0)
    soundfile.write(path, sound * 32_768, 8_000, subtype="FLOAT")
    with pytest.raises(MusmedError, match="no sound"):
        read_opening(str(path))
    with pytest.raises(MusmedError, match="no sound"):
        measure_file(path)
    soundfile.write(path, sound * 128, 8_000, subtype="FLOAT")
    audio, _, remarks = read_opening(str(path))
    assert np.abs(audio - sound[-len(audio) :] / np.abs(sound).max()).max() < 1e-3
    (said,) = remarks
    assert "times full scale" in said
    soundfile.write(path, sound * 4, 8_000, subtype="FLOAT")  # 1.2: a lossy coder's peaks
    audio, _, remarks = read_opening(str(path))
    assert np.array_equal(audio, np.clip(4 * sound[-len(audio) :], -1, 1).astype(np.float32))
    assert not remarks


def test_channels_that_cancel_are_an_opening_that_is_heard(tmp_path: Path) -> None:
    path, sound = tmp_path / "a.wav", tone(8_000, 9.0)
    soundfile.write(path, sound * (1, -1), 8_000, subtype="FLOAT")
    audio, _, remarks = read_opening(str(path))
    assert audio.shape[1] == 1
    assert np.abs(audio[:, 0] - sound[-len(audio) :, 0]).max() < 1e-6
    (said,) = remarks
    assert "cancel" in said


def test_the_end_is_that_of_the_last_recording(tmp_path: Path) -> None:
    """Of a chained Ogg the first stream's end was taken."""
    one, two, both = tmp_path / "one.ogg", tmp_path / "two.ogg", tmp_path / "both.ogg"
    soundfile.write(one, tone(48_000, 12.0), 48_000)
    soundfile.write(two, 0.5 * tone(48_000, 10.0)[::-1], 48_000)
    both.write_bytes(one.read_bytes() + two.read_bytes())
    audio, _, remarks = read_opening(str(both))
    assert np.array_equal(audio, read_opening(str(two)).audio)
    (said,) = remarks
    assert "2 recordings" in said
    assert check_opening(str(both)) == remarks
