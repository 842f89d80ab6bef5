"""FLAC chunks and audio files: whole or not at all, and one sentence when not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.files import (
    AudioWriter,
    check_target,
    decode_flac,
    encode_flac24,
)
from engine.audio.format import SAMPLE_RATE, Frames, quantise24
from engine.errors import MusmedError

TAGS = {"title": "Från spänd till lugn", "artist": "musmed", "comment": "seed 7"}


def music(frames: int = 30_000, seed: int = 1) -> Frames:
    rng = np.random.default_rng(seed)
    return quantise24(rng.uniform(-1.0, 1.0, (frames, 2)).astype(np.float32))


@settings(max_examples=20, deadline=None)
@given(frames=st.integers(1, 5_000), seed=st.integers(0, 1000))
def test_flac_is_the_identity_on_24_bit_values(frames: int, seed: int) -> None:
    audio = music(frames, seed)
    assert np.array_equal(decode_flac(encode_flac24(audio), frames), audio)


def test_full_scale_survives() -> None:
    audio = quantise24(np.array([[1.0, -1.0], [0.999, -2.0]], np.float32))
    assert np.array_equal(decode_flac(encode_flac24(audio), 2), audio)


def broken() -> dict[str, bytes]:
    whole = encode_flac24(music())
    return {
        "empty": b"",
        "noise": bytes(range(256)) * 40,
        "head only": whole[:60],
        "cut": whole[: len(whole) // 2],
        "last byte missing": whole[:-1],
        "hole": whole[:9_000] + bytes(3_000) + whole[12_000:],
    }


@pytest.mark.parametrize("name", list(broken()))
def test_broken_flac_is_one_sentence(name: str) -> None:
    with pytest.raises(MusmedError, match="damaged"):
        decode_flac(broken()[name], 1 << 20)


def test_more_frames_than_announced_are_refused() -> None:
    with pytest.raises(MusmedError, match="longer than announced"):
        decode_flac(encode_flac24(music(1_001)), 1_000)


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (SAMPLE_RATE, 1)])
def test_another_format_is_refused(rate: int, channels: int, tmp_path: Path) -> None:
    path = tmp_path / "other.flac"
    soundfile.write(path, np.zeros((100, channels)), rate)
    with pytest.raises(MusmedError, match="instead of 2 at 48000"):
        decode_flac(path.read_bytes(), 100)


def test_a_wav_is_no_flac_chunk(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, music(100), SAMPLE_RATE)
    with pytest.raises(MusmedError, match="damaged"):
        decode_flac(path.read_bytes(), 100)


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".ogg", ".FLAC"])
def test_a_file_is_whole_and_tagged_and_leaves_nothing_beside_it(
    suffix: str, tmp_path: Path
) -> None:
    time = np.arange(200_000)[:, None] / SAMPLE_RATE
    audio = (0.3 * np.sin(2 * np.pi * np.array([220.0, 277.2]) * time)).astype(np.float32)
    path = tmp_path / f"out{suffix}"
    with AudioWriter(path, **TAGS) as writer:
        writer.write(audio[:7])
        writer.write(audio[7:])
        assert not path.exists()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    back, _ = soundfile.read(path, dtype="float32")
    assert back.shape == audio.shape
    if suffix == ".ogg":
        assert np.corrcoef(back[:, 0], audio[:, 0])[0, 1] > 0.999
    else:
        assert np.array_equal(back, quantise24(audio))
    with soundfile.SoundFile(path) as file:
        assert {key: getattr(file, key) for key in TAGS} == TAGS


def test_an_exception_leaves_the_old_file_and_no_new_one(tmp_path: Path) -> None:
    path = tmp_path / "out.flac"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with AudioWriter(path, **TAGS) as writer:
            writer.write(music(100))
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.flac"]


def test_closing_twice_and_discarding_after_closing_keep_the_file(tmp_path: Path) -> None:
    writer = AudioWriter(tmp_path / "out.wav", **TAGS)
    writer.write(music(100))
    writer.close()
    writer.close()
    writer.discard()
    assert soundfile.info(tmp_path / "out.wav").frames == 100


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out.mp3", "no suffix that musmed writes"),
        ("out", "no suffix that musmed writes"),
        ("missing/out.flac", "There is no folder"),
        (".", "is a folder"),
    ],
)
def test_bad_targets_are_one_sentence(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match=words) as caught:
        AudioWriter(tmp_path / name, **TAGS)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_name_may_be_as_long_as_a_file_s_may(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 250 + ".flac")
    with AudioWriter(path, **TAGS) as writer:
        writer.write(music(100))
    assert soundfile.info(path).frames == 100
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_too_long_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match="can't be written"):
        AudioWriter(tmp_path / ("x" * 300 + ".flac"), **TAGS)


def test_an_unwritable_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the answer of ``os.access``: root may write anywhere, so rights alone don't show it."""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(MusmedError, match="can't be written to"):
        check_target(tmp_path / "out.flac")


FILL = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from engine.audio.files import AudioWriter
from engine.errors import MusmedError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
noise = np.random.default_rng(0).uniform(-1, 1, (48_000, 2)).astype(np.float32)
try:
    with AudioWriter(Path(sys.argv[1]), title="", artist="", comment="") as writer:
        for _ in range(4):
            writer.write(noise)
except MusmedError as error:
    print(error)
"""


@pytest.mark.parametrize("suffix", [".flac", ".wav", ".ogg"])
def test_a_disk_that_takes_no_more_is_noticed_and_nothing_is_left(
    suffix: str, tmp_path: Path
) -> None:
    """The kernel refuses to let the file grow over 40 kB, as a full disk would."""
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path / f"out{suffix}")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert "can't be written" in done.stdout
    assert done.stdout.count("\n") == 1
    assert not list(tmp_path.iterdir())
