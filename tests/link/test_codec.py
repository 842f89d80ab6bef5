"""FLAC gives back the very samples; Opus what it may, without a click from chunk to chunk."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames, quantise24
from engine.clip_record import Codec, Coding
from engine.errors import MusmedError
from engine.link.codec import CODECS, LEAD, TAIL, OpusEncoder, decoder_of, encoder_of

SECONDS = 12


def music(seconds: float = SECONDS) -> Frames:
    """Chords of struck strings over soft noise, another every 0.7 s: onsets and long tones at the
    chunks' edges."""
    dice = np.random.default_rng(5)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = 0.0005 * dice.standard_normal((len(time), CHANNELS))
    for begins in np.arange(0.0, seconds, 0.7):
        since = np.maximum(0.0, time - begins)
        struck = np.minimum(1.0, since / 0.02) * np.exp(-0.8 * since)
        for hertz in 110.0 * 2.0 ** (dice.integers(0, 30, 4) / 12):
            tone = 0.05 * struck * np.sin(2.0 * np.pi * hertz * since)
            sound += tone[:, None] * dice.uniform(0.4, 1.0, CHANNELS)
    return quantise24(sound.astype(np.float32))


def sent(audio: Frames, codec: Coding, chunk: int = SAMPLE_RATE) -> tuple[Frames, int]:
    """``audio`` as it comes, and its bytes."""
    encoder, decoder = encoder_of(codec), decoder_of(codec)
    pieces = [
        piece
        for start in range(0, len(audio), chunk)
        for piece in encoder.push(audio[start : start + chunk])
    ]
    pieces += encoder.finish()
    heard = [decoder.decode(piece.data, piece.frames) for piece in pieces]
    return np.concatenate(heard), sum(len(piece.data) for piece in pieces)


def level(error: Frames) -> float:
    """dB."""
    return float(10.0 * np.log10(np.mean(np.square(error, dtype=np.float64)) + 1e-20))


def test_flac_is_lossless() -> None:
    audio = music(2.5)
    heard, _ = sent(audio, "flac")
    np.testing.assert_array_equal(heard, audio)


@given(
    st.lists(
        st.tuples(st.integers(-(2**23), 2**23 - 1), st.integers(-(2**23), 2**23 - 1)),
        min_size=1,
        max_size=50,
    )
)
def test_plain_samples_are_the_very_samples(steps: list[tuple[int, int]]) -> None:
    audio = np.array(steps, np.float32) / np.float32(2**23)
    heard, size = sent(audio, "pcm")
    np.testing.assert_array_equal(heard, audio)
    assert size == 8 * len(audio)


@pytest.mark.parametrize("word", [2**23, -(2**23) - 1, 2**31 - 1, -(2**31)])
def test_plain_words_of_more_than_24_bits_and_of_another_length_are_a_sentence(word: int) -> None:
    data = np.array([0, word], "<i4").tobytes()
    for bytes_, frames in ((data, 1), (bytes(8), 2), (bytes(7), 1), (b"", 0)):
        with pytest.raises(MusmedError, match="no plain samples of 24 bits"):
            decoder_of("pcm").decode(bytes_, frames)


def test_opus_is_as_long_as_it_was_lies_where_it_lay_and_is_a_tenth_of_the_bits() -> None:
    audio = music()
    heard, size = sent(audio, "opus")
    assert heard.shape == audio.shape
    np.testing.assert_array_equal(heard, quantise24(heard))
    assert level(heard - audio) < level(audio) - 15.0
    for shift in (-1, 1):
        assert level(heard - audio) < level(heard - np.roll(audio, shift, axis=0))
    assert 64_000 < 8 * size / SECONDS < 176_000


def test_the_error_is_no_greater_at_the_edges_of_chunks_than_elsewhere() -> None:
    """A null test: what is left when the original is taken away. By its level within 10 ms of an
    edge, and by its steps from sample to sample within half a millisecond, as a click has."""
    audio = music(30.0)
    heard, _ = sent(audio, "opus")
    error = heard - audio
    edges = np.arange(SAMPLE_RATE - TAIL, len(audio) - SAMPLE_RATE, SAMPLE_RATE)
    others = np.random.default_rng(3).integers(SAMPLE_RATE, len(audio) - SAMPLE_RATE, 400)

    def levels(places: np.ndarray, reach: int, of: Frames) -> float:
        return level(np.concatenate([of[at - reach : at + reach] for at in places]))

    steps = np.diff(error, axis=0)
    assert levels(edges, 480, error) < levels(others, 480, error) + 1.5
    assert levels(edges, 24, steps) < levels(others, 24, steps) + 1.5


def test_chunks_by_themselves_would_click() -> None:
    """What lead, tail and fade are for: without them the same test fails by far."""
    audio = music(6.0)
    heard = []
    for start in range(0, len(audio), SAMPLE_RATE):
        alone = io.BytesIO()
        soundfile.write(
            alone, audio[start : start + SAMPLE_RATE], SAMPLE_RATE, "OPUS", format="OGG"
        )
        alone.seek(0)
        heard.append(soundfile.read(alone, dtype="float32")[0])
    steps = np.diff(np.concatenate(heard) - audio, axis=0)
    edges = np.arange(SAMPLE_RATE, len(audio) - SAMPLE_RATE, SAMPLE_RATE)
    near = np.concatenate([steps[at - 24 : at + 24] for at in edges])
    assert level(near) > level(steps) + 6.0


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 3 * TAIL), min_size=1, max_size=8),
    st.sampled_from(CODECS),
)
def test_whatever_the_chunks_are_all_of_it_comes_once(chunks: list[int], codec: Codec) -> None:
    audio = music(1.0)[: sum(chunks)]
    encoder, decoder = encoder_of(codec), decoder_of(codec)
    pieces, at = [], 0
    for frames in chunks:
        pieces += encoder.push(audio[at : at + frames])
        at += frames
    pieces += encoder.finish()
    assert not list(encoder.finish())
    assert sum(piece.frames for piece in pieces) == len(audio)
    heard = np.concatenate([decoder.decode(piece.data, piece.frames) for piece in pieces])
    assert heard.shape == audio.shape
    assert np.abs(heard).max() < 1.0


def test_the_same_sound_is_heard_as_the_same() -> None:
    """A clip that is composed again after an engine's death goes on from what is here of it."""
    audio = music(2.0)
    (one,), (other,) = OpusEncoder().push(audio), OpusEncoder().push(audio)
    assert one.frames == other.frames
    heard = [decoder_of("opus").decode(piece.data, piece.frames) for piece in (one, other)]
    np.testing.assert_array_equal(*heard)


def damaged() -> list[bytes]:
    (piece,) = OpusEncoder().push(music(1.0))
    data = piece.data
    flac = io.BytesIO()
    soundfile.write(flac, music(0.1), SAMPLE_RATE, format="FLAC")
    mono = io.BytesIO()
    soundfile.write(mono, music(0.1)[:, 0], SAMPLE_RATE, "OPUS", format="OGG")
    return [
        b"",
        data[:3],
        data[:200],
        data[: len(data) // 2],
        b"\xff\xff\xff\xff" + data[4:],
        bytes(4) + flac.getvalue(),
        bytes(4) + mono.getvalue(),
        data[:4] + b"OggS" * 100,
    ]


@pytest.mark.parametrize("number", range(8))
def test_what_is_no_opus_is_a_sentence(number: int) -> None:
    with pytest.raises(MusmedError, match="not a whole Opus stream"):
        decoder_of("opus").decode(damaged()[number], SAMPLE_RATE - TAIL)


def test_a_chunk_of_another_length_is_refused() -> None:
    (piece,) = OpusEncoder().push(music(1.0))
    for frames in (piece.frames - 1, piece.frames + 1, 1, SAMPLE_RATE + LEAD):
        with pytest.raises(MusmedError, match="not a whole Opus stream"):
            decoder_of("opus").decode(piece.data, frames)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_chunk_with_wrong_bytes_is_sound_or_a_sentence(data: st.DataObject) -> None:
    chunk = bytearray(CHUNK)
    for _ in range(data.draw(st.integers(1, 4))):
        chunk[data.draw(st.integers(0, len(chunk) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        heard = decoder_of("opus").decode(bytes(chunk), CHUNK_FRAMES)
    except MusmedError:
        return
    assert heard.shape == (CHUNK_FRAMES, CHANNELS)


((CHUNK_FRAMES, CHUNK),) = OpusEncoder().push(music(0.2))
