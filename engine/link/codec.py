"""How a clip's chunks cross the link: as FLAC of 24 bits, as plain samples between two processes of
one machine, or lossy, as Opus, for thin lines. Pure; numpy and soundfile alone.

Plain samples ('pcm') are 24-bit steps in little-endian words of 32 bits, left and right by turns.

Opus remembers: a stream that begins or ends in the midst of music is wrong for some milliseconds
there, and two streams laid end to end click. So each chunk's stream begins ``LEAD`` before the
chunk and goes on for ``TAIL`` behind it, and where one chunk follows another the one's tail fades
into the other's beginning over ``FADE``. The last chunk has no tail of music; it is mirrored there.
Every chunk can be decoded when it is here, and the error of the coding is no greater at the edges
than elsewhere (``tests/link/test_codec.py``).

What a chunk of Opus is on the line, integers big endian: lead and tail in frames (2 and 2 bytes),
then an Ogg Opus stream of 48 kHz stereo.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import soundfile

from engine.audio.files import decode_flac, encode_flac24
from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames, frames_of, quantise24
from engine.clip_record import Codec, Coding
from engine.errors import MusmedError

CODECS: tuple[Codec, ...] = ("flac", "opus")

LEAD = frames_of(0.010)
"""Of the chunk before, at a stream's beginning: until the decoder has settled."""
FADE = frames_of(0.005)
TAIL = FADE + frames_of(0.005)
"""Behind a chunk: what is faded, and the end of the stream, which libsndfile gets wrong."""
_BITS = 128_000
"""A second, of both channels, on average."""
_LEAST, _MOST = 6_000, 256_000
"""Bits a second of a channel, at libsndfile's compression levels 1 and 0."""
_LEVEL = (_MOST - _BITS / CHANNELS) / (_MOST - _LEAST)
_HEADER = struct.Struct(">HH")
_BROKEN = "The audio received is damaged (not a whole Opus stream); compose this clip again."
_NOT_PLAIN = "The audio received is damaged (no plain samples of 24 bits); compose this clip again."
_WORDS = np.dtype("<i4")
_STEPS = np.float32(2**23)
_STEP = np.float32(2**-23)


class Piece(NamedTuple):
    """A chunk as it crosses: ``frames`` of sound in ``data``."""

    frames: int
    data: bytes


class Encoder(Protocol):
    """Takes a clip's sound in order, gives its chunks."""

    def push(self, audio: Frames) -> Iterator[Piece]:
        """``audio``: (n, 2) at 48 kHz, the clip's next. What is ready of it and before."""
        ...

    def finish(self) -> Iterator[Piece]:
        """The rest: nothing follows."""
        ...


class Decoder(Protocol):
    """Takes a clip's chunks in order, gives its sound."""

    def decode(self, data: bytes, frames: int) -> Frames:
        """(``frames``, 2) with 24-bit values. Raises ``MusmedError`` for bytes that are none."""
        ...


def encoder_of(coding: Coding) -> Encoder:
    match coding:
        case "opus":
            return OpusEncoder()
        case "flac":
            return FlacEncoder()
        case "pcm":
            return PlainEncoder()


def decoder_of(coding: Coding) -> Decoder:
    match coding:
        case "opus":
            return OpusDecoder()
        case "flac":
            return FlacDecoder()
        case "pcm":
            return PlainDecoder()


class PlainEncoder:
    """The samples, each in a word: what costs next to nothing on both sides of a pipe."""

    def push(self, audio: Frames) -> Iterator[Piece]:
        steps = audio * _STEPS
        np.rint(steps, out=steps)
        yield Piece(len(audio), steps.astype(_WORDS).tobytes())

    def finish(self) -> Iterator[Piece]:
        return iter(())


class PlainDecoder:
    """The very samples, without a state."""

    def decode(self, data: bytes, frames: int) -> Frames:
        if not data or len(data) != frames * CHANNELS * _WORDS.itemsize:
            raise MusmedError(_NOT_PLAIN)
        words = np.frombuffer(data, _WORDS)
        if words.min() < -_STEPS or words.max() >= _STEPS:
            raise MusmedError(_NOT_PLAIN)
        audio = words.astype(np.float32)
        audio *= _STEP  # a power of two: exact
        return audio.reshape(frames, CHANNELS)


class FlacEncoder:
    """Each chunk by itself, as it came."""

    def push(self, audio: Frames) -> Iterator[Piece]:
        yield Piece(len(audio), encode_flac24(audio))

    def finish(self) -> Iterator[Piece]:
        return iter(())


class FlacDecoder:
    """The very samples, without a state."""

    def decode(self, data: bytes, frames: int) -> Frames:
        return decode_flac(data, frames)


class OpusEncoder:
    """Holds back the last ``TAIL`` frames, which the chunk before needs."""

    def __init__(self) -> None:
        self._before = np.zeros((0, CHANNELS), np.float32)
        """The last ``LEAD`` frames that were sent."""
        self._held = np.zeros((0, CHANNELS), np.float32)

    def push(self, audio: Frames) -> Iterator[Piece]:
        known = np.concatenate((self._held, audio))
        ready = len(known) - TAIL
        if ready <= 0:
            self._held = known
            return
        self._held = known[ready:]
        yield self._piece(known[:ready], self._held)

    def finish(self) -> Iterator[Piece]:
        last, self._held = self._held, self._held[:0]
        if len(last):
            yield self._piece(last, _mirrored(np.concatenate((self._before, last))))

    def _piece(self, sound: Frames, tail: Frames) -> Piece:
        stream = _encoded(np.concatenate((self._before, sound, tail)))
        data = _HEADER.pack(len(self._before), len(tail)) + stream
        self._before = np.concatenate((self._before, sound))[-LEAD:]
        return Piece(len(sound), data)


class OpusDecoder:
    """Keeps the tail of the last chunk, which the next one fades in over."""

    def __init__(self) -> None:
        self._tail = np.zeros((0, CHANNELS), np.float32)

    def decode(self, data: bytes, frames: int) -> Frames:
        if len(data) < _HEADER.size:
            raise MusmedError(_BROKEN)
        lead, tail = _HEADER.unpack_from(data)
        if lead > LEAD or tail > TAIL:
            raise MusmedError(_BROKEN)
        whole = _decoded(data[_HEADER.size :], lead + frames + tail)
        sound, behind = whole[lead : lead + frames], whole[lead + frames :]
        fade = min(FADE, len(self._tail), frames)
        if fade:
            gains = _rising(fade)
            sound[:fade] = gains * sound[:fade] + (np.float32(1.0) - gains) * self._tail[:fade]
        self._tail = behind
        return quantise24(sound)


def _rising(frames: int) -> Frames:
    """A raised cosine from 0 to 1, (n, 1): both sounds are the same music, so their gains add up
    to 1."""
    turn = np.pi * (np.arange(frames, dtype=np.float32) + np.float32(0.5)) / np.float32(frames)
    return np.asarray((np.float32(0.5) - np.float32(0.5) * np.cos(turn))[:, None], np.float32)


def _mirrored(sound: Frames) -> Frames:
    """What might follow ``sound``, up to ``TAIL`` frames: it is turned about its last one, so that
    neither it nor its slope jumps."""
    back = sound[-TAIL - 1 : -1][::-1] if len(sound) > 1 else sound[:0]
    return np.asarray(2.0 * sound[-1] - back, np.float32)


def _encoded(audio: Frames) -> bytes:
    out = io.BytesIO()
    with soundfile.SoundFile(
        out, "w", SAMPLE_RATE, CHANNELS, "OPUS", format="OGG", compression_level=_LEVEL
    ) as file:
        file.write(audio)
    return out.getvalue()


def _decoded(data: bytes, frames: int) -> Frames:
    """Exactly ``frames``, or ``MusmedError``."""
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            kind = (file.format, file.subtype, file.samplerate, file.channels, file.frames)
            if kind != ("OGG", "OPUS", SAMPLE_RATE, CHANNELS, frames):
                raise MusmedError(_BROKEN)
            audio = file.read(frames, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError, ValueError) as error:
        raise MusmedError(_BROKEN) from error
    if len(audio) != frames:
        raise MusmedError(_BROKEN)
    return np.asarray(audio, np.float32)
