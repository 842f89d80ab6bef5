"""Sound files as programs leave them that were broken off, wrote to a pipe, or joined files.

``ODD`` makes each of a sound that decodes to two stretches: what there is to be read, and the word
that has to be said of it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 44_100
Audio = NDArray[np.float64]


@cache
def tune(seconds: float, seed: int = 1, rate: int = RATE, channels: int = 2) -> Audio:
    """Struck tones, three a second, (n, channels)."""
    draw = np.random.default_rng(seed)
    line = np.zeros(round(seconds * rate))
    for at in range(0, len(line), rate // 3):
        times = np.arange(min(rate, len(line) - at)) / rate
        pitch = 220.0 * 2.0 ** (draw.integers(24) / 12)
        line[at : at + len(times)] += 0.2 * np.sin(2 * np.pi * pitch * times) * np.exp(-4.0 * times)
    return np.stack([line, 0.9 * line], 1)[:, :channels]


def written(audio: Audio, form: str, rate: int = RATE, **how: Any) -> bytes:
    """``audio`` as a file of a libsndfile format."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", rate, audio.shape[1], format=form, **how) as file:
        for at in range(0, len(audio), rate):  # libvorbis keeps a whole write on the stack
            file.write(audio[at : at + rate])
    return out.getvalue()


class Odd(NamedTuple):
    """``data``: the file. ``seconds``: how much it holds (of the tune, or of the tune and another).
    ``said``: what is said of it; '' for nothing."""

    data: bytes
    seconds: float
    said: str


LENGTH, OTHER = 12.0, 7.0
"""Seconds of the tune, and of another that is joined to it."""


@cache
def one(form: str, **how: Any) -> bytes:
    return written(tune(LENGTH), form, **how)


def joined(form: str, **how: Any) -> Odd:
    other = written(tune(OTHER, 2), form, **how)
    return Odd(one(form, **how) + other, LENGTH + OTHER, "2 recordings")


def cut(form: str, **how: object) -> Odd:
    data = one(form, **how)
    left = data[: round(len(data) * 0.6)]
    if form == "OGG":
        return Odd(left, _granules(left) / RATE, "lacks its end")
    return Odd(left, 0.6 * LENGTH, "cut short")


def _granules(data: bytes) -> int:
    """The frames up to the end of the last Ogg page that is whole."""
    at = frames = 0
    while len(head := data[at : at + 27]) == 27:
        count = head[26]
        at += 27 + count + sum(data[at + 27 : at + 27 + count])
        if at <= len(data):
            frames = struct.unpack("<q", head[6:14])[0]
    return frames


def patched(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    made = bytearray(data)
    for at, what in changes:
        made[at : at + len(what)] = what
    return bytes(made)


def wav(riff: int | None, size: int | None, *, keep: float = 1.0, said: str) -> Odd:
    """A WAV that gives other sizes than it has."""
    data = one("WAV")
    at = data.index(b"data") + 4
    if riff is not None:
        data = patched(data, (4, struct.pack("<I", riff)))
    if size is not None:
        data = patched(data, (at, struct.pack("<I", size)))
    return Odd(data[: round(len(data) * keep)], keep * LENGTH, said)


def flac(total: int, *, keep: float = 1.0, said: str) -> Odd:
    """A FLAC whose header tells another length."""
    data = one("FLAC")
    data = patched(data, (21, bytes([data[21] & 0xF0])), (22, struct.pack(">I", total)))
    return Odd(data[: round(len(data) * keep)], keep * LENGTH, said)


def mp3(frames: int | None, *, said: str, keep: float = 1.0) -> Odd:
    """A VBR MP3 whose Xing header tells of another number of frames; None: without one."""
    data = one("MP3", bitrate_mode="VARIABLE")
    at = data.index(b"Xing")
    if frames is None:
        data = data[data.index(b"\xff\xfb", at) :]
    else:
        data = patched(data, (at + 8, struct.pack(">I", frames)))
    return Odd(data[: round(len(data) * keep)], keep * LENGTH, said)


def with_a_picture() -> Odd:
    """Joined MP3s, the second with a large ID3v2 tag in front."""
    first, second = (one("MP3", bitrate_mode=mode) for mode in ("VARIABLE", "CONSTANT"))
    size = 200_000
    length = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    tag = b"ID3\x04\0\0" + length + b"\xff\xfb\x90\0" * (size // 4)
    return Odd(first + tag + second, 2 * LENGTH, "2 recordings")


def three_forms() -> Odd:
    """Recordings of other rates and channels in one MP3."""
    other = written(tune(OTHER, 2, 22_050, 1), "MP3", 22_050)
    return Odd(one("MP3") + other + one("MP3"), 2 * LENGTH + OTHER, "3 recordings")


ODD: dict[str, Callable[[], Odd]] = {
    "whole WAV": lambda: Odd(one("WAV"), LENGTH, ""),
    "whole WAV of floats": lambda: Odd(one("WAV", subtype="FLOAT"), LENGTH, ""),
    "whole FLAC": lambda: Odd(one("FLAC"), LENGTH, ""),
    "whole Ogg": lambda: Odd(one("OGG"), LENGTH, ""),
    "whole MP3": lambda: Odd(one("MP3"), LENGTH, ""),
    "whole MP3 with tags": lambda: Odd(
        b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + one("MP3") + b"TAG" + bytes(125), LENGTH, ""
    ),
    "whole AIFF": lambda: Odd(one("AIFF"), LENGTH, ""),
    "joined WAV": lambda: joined("WAV"),
    "joined FLAC": lambda: joined("FLAC"),
    "chained Ogg": lambda: joined("OGG"),
    "joined MP3": lambda: joined("MP3"),
    "joined VBR MP3": lambda: joined("MP3", bitrate_mode="VARIABLE"),
    "joined MP3 with a picture": with_a_picture,
    "joined MP3 of other forms": three_forms,
    "cut WAV": lambda: cut("WAV"),
    "cut FLAC": lambda: cut("FLAC"),
    "cut Ogg": lambda: cut("OGG"),
    "cut MP3": lambda: cut("MP3"),
    "cut VBR MP3": lambda: cut("MP3", bitrate_mode="VARIABLE"),
    "cut AIFF": lambda: cut("AIFF"),
    "cut AU": lambda: cut("AU"),
    "cut W64": lambda: cut("W64"),
    "cut RF64": lambda: cut("RF64"),
    "MP3 of too few frames": lambda: mp3(100, said="more than it says"),
    "MP3 of too many frames": lambda: mp3(5_000, said="cut short"),
    "MP3 of no frames": lambda: mp3(0, said="more than it says"),
    "VBR MP3 without a header": lambda: mp3(None, said=""),
    "WAV of size 0": lambda: wav(0, 0, said="how long it is"),
    "WAV of no data": lambda: wav(None, 0, said="how long it is"),
    "WAV from a pipe": lambda: wav(0xFFFFFFFF, 0xFFFFFFFF, said="how long it is"),
    "WAV from another pipe": lambda: wav(0x7FFFF024, 0x7FFFF000, said="how long it is"),
    "cut WAV from a pipe": lambda: wav(0xFFFFFFFF, 0xFFFFFFFF, keep=0.6, said="how long it is"),
    "WAV of an earlier size": lambda: wav(100_036, 100_000, said="more than it says"),
    "WAV with a large tag behind": lambda: Odd(
        one("WAV") + b"id3 " + struct.pack("<I", 20_000) + bytes(range(250)) * 80, LENGTH, ""
    ),
    "FLAC of unknown length": lambda: flac(0, said="how long it is"),
    "cut FLAC of unknown length": lambda: flac(0, keep=0.6, said="how long it is"),
    "FLAC of less": lambda: flac(round(3 * RATE), said="more than it says"),
    "FLAC of more": lambda: flac(round(90 * RATE), said="cut short"),
}
