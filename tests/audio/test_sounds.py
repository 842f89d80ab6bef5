"""Sound files that listeners name: read to their real end, with a sentence for what is odd."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.odd_sounds import LENGTH, ODD, OTHER, RATE, one, tune, written

from engine.audio.format import Frames
from engine.audio.reading import sounds
from engine.audio.reading.sounds import SoundReader, mixed
from engine.errors import MusmedError

LOSSY = 0.15
"""Seconds that a lossy coder may add or lose at an end, or a cut in the midst of a block."""


def read(path: Path) -> tuple[Frames, tuple[str, ...], float | None]:
    with SoundReader(path) as reader:
        pieces = list(reader.pieces())
        assert all(len(piece.audio) <= 5 * piece.rate for piece in pieces)
        audio = [piece.audio.mean(axis=1) for piece in pieces if piece.rate == RATE]
        seconds = sum(len(piece.audio) / piece.rate for piece in pieces)
        assert reader.seconds == pytest.approx(seconds, abs=LOSSY)
        return np.concatenate(audio), reader.remarks, seconds


@pytest.mark.parametrize("name", ODD)
def test_a_file_is_read_to_its_real_end(tmp_path: Path, name: str) -> None:
    odd = ODD[name]()
    path = tmp_path / "a.sound"
    path.write_bytes(odd.data)
    audio, remarks, seconds = read(path)
    coded = any(form in name for form in ("MP3", "Ogg", "cut FLAC"))
    assert seconds == pytest.approx(odd.seconds, abs=0.5 if coded else 1e-3)
    # It is the tune, from its beginning to the end that there is, and then the other one.
    wanted = np.concatenate([tune(LENGTH), tune(OTHER, 2)]).mean(axis=1)
    for start in (0.0, min(LENGTH, odd.seconds) - 2.0, odd.seconds - 2.0):
        if "other forms" in name or "picture" in name:
            continue  # of another rate, or the tune once more
        piece = wanted[round(start * RATE) :][:RATE]
        assert follows(audio, piece, start), (name, start)
    assert (len(remarks) == 1) == bool(odd.said), remarks
    assert not odd.said or odd.said in remarks[0]
    assert all(remark.startswith(str(path)) and remark.endswith(".") for remark in remarks)


def follows(audio: Frames, piece: np.ndarray, start: float) -> bool:
    """Whether ``piece`` sounds in ``audio`` at ``start``, give or take what coders shift."""
    first = max(0, round((start - LOSSY) * RATE))
    around = audio[first : first + len(piece) + round(2 * LOSSY * RATE)]
    size = 2 * len(around)
    matched = np.fft.irfft(np.fft.rfft(around, size) * np.conj(np.fft.rfft(piece, size)), size)
    power = np.sqrt(np.sum(around**2) * np.sum(piece**2))
    return bool(matched.max() > 0.75 * power)


@pytest.mark.parametrize("name", ODD)
def test_the_tail_is_the_end_of_the_whole(tmp_path: Path, name: str) -> None:
    """By a seek or by reading all: the same frames."""
    path = tmp_path / "a.sound"
    path.write_bytes(ODD[name]().data)
    with SoundReader(path) as reader:
        rate, tail = reader.tail(3.0)
    with SoundReader(path) as reader:
        last = list(reader.pieces())
    assert rate == last[-1].rate
    whole = np.concatenate([piece.audio for piece in last if piece.rate == rate])
    assert len(tail) == 3 * rate
    close = 1e-6 if "MP3" not in name and "Ogg" not in name else 0.02  # lossy coders warm up
    assert np.abs(tail - whole[-len(tail) :])[rate // 2 :].max() < close


def test_a_tail_reaches_back_over_several_recordings(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    parts = [tune(1.0, seed) for seed in range(5)]
    path.write_bytes(b"".join(written(part, "WAV") for part in parts))
    with SoundReader(path) as reader:
        _, tail = reader.tail(3.5)
    assert np.abs(tail - np.concatenate(parts)[-len(tail) :]).max() < 1e-4
    assert len(tail) == round(3.5 * RATE)


def test_chunks_behind_the_samples_are_no_sound(tmp_path: Path) -> None:
    """A WAV with lists, tags or padding behind its data is a whole one."""
    data = one("WAV")
    chunk = b"LIST\x0c\0\0\0INFOISFT\0\0\0\0"
    inside = data[:4] + (len(data) - 8 + len(chunk)).to_bytes(4, "little") + data[8:] + chunk
    for made in (inside, data + chunk, data + b"TAG" + bytes(125), data + bytes(9_000)):
        path = tmp_path / "a.wav"
        path.write_bytes(made)
        audio, remarks, seconds = read(path)
        assert seconds == LENGTH
        assert not remarks
        assert len(audio) == LENGTH * RATE


def test_an_empty_file_is_empty_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((0, 2)), RATE)
    with SoundReader(path) as reader:
        assert reader.seconds == 0
        assert not list(reader.pieces())
        assert len(reader.tail(3.0).audio) == 0


@pytest.mark.parametrize(
    ("audio", "rate", "words"),
    [
        (np.full((1_000, 1), np.nan), 48_000, "no sound"),
        (np.full((1_000, 1), np.inf), 48_000, "no sound"),
        (np.full((1_000, 1), 32_767.0), 48_000, "no sound"),
        (np.zeros((1_000, 1)), 4_000, "4000 samples a second"),
        (np.zeros((1_000, 1)), 400_000, "400000 samples a second"),
        (np.zeros((1_000, 17)), 48_000, "17 channels"),
    ],
)
def test_what_is_no_sound_is_refused_by_whoever_asks(
    tmp_path: Path, audio: Frames, rate: int, words: str
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, audio, rate, subtype="FLOAT")
    for asking in (lambda reader: list(reader.pieces()), lambda reader: reader.tail(1.0)):
        with pytest.raises(MusmedError, match=words) as refused, SoundReader(path) as reader:
            asking(reader)
        assert str(refused.value).endswith(".")


def test_a_file_that_is_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounds, "LONGEST_SECONDS", 10)
    path = tmp_path / "a.flac"
    path.write_bytes(one("FLAC"))
    with SoundReader(path) as reader, pytest.raises(MusmedError, match="hours"):
        list(reader.pieces())
    monkeypatch.setattr(sounds, "LARGEST_BYTES", 1_000)
    with pytest.raises(MusmedError, match="16 GiB"):
        SoundReader(path)


def test_a_disk_that_fails_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """libsndfile reads through callbacks, out of which nothing may be raised."""
    path = tmp_path / "a.wav"
    path.write_bytes(ODD["joined WAV"]().data)
    reader = SoundReader(path)

    class Failing:
        def seek(self, *_: int) -> int:
            raise OSError(5, "Input/output error")

        def close(self) -> None:
            pass

    reader._file.close()
    monkeypatch.setattr(reader, "_file", Failing())
    with pytest.raises(MusmedError, match="can't be read"):
        list(reader.pieces())


def test_channels_that_cancel_are_heard() -> None:
    """Whatever the number of channels: a mix that lost what they hold is none."""
    one_, other = tune(1.0)[:, 0], tune(1.0, 5)[:, 0]
    opposed = np.stack([one_, -one_], 1).astype(np.float32)
    assert np.array_equal(mixed(opposed)[0], opposed[:, 0])
    three = np.stack([one_, other, -(one_ + other)], 1).astype(np.float32)
    mono, cancel = mixed(three)
    assert cancel
    assert np.array_equal(mono, three[:, 2])
    for plain in ((one_,), (one_, one_), (one_, other), (one_, -0.5 * one_), (0 * one_, 0 * one_)):
        audio = np.stack(plain, 1).astype(np.float32)
        mono, cancel = mixed(audio)
        assert not cancel
        assert np.array_equal(mono, audio.mean(axis=1, dtype=np.float32))


def test_names_are_told_apart() -> None:
    assert all(ODD[a]().data != ODD[b]().data for a, b in itertools.combinations(list(ODD)[-6:], 2))


@pytest.mark.parametrize("kind", ["m4a", "wma", "aac", "mp4"])
def test_kinds_that_people_have_are_told_how_to_be_converted(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"my song.{kind}"
    path.write_bytes(b"\0\0\0\x20ftypM4A " + bytes(5_000))
    with pytest.raises(MusmedError) as refused, SoundReader(path) as reader:
        list(reader.pieces())
    assert f"(ffmpeg -i 'my song.{kind}' 'my song.flac' does that)" in str(refused.value)
