"""A small SoundFont 2 (specification 2.04) with chosen presets, each a tone of one sample."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

_RATE, _FRAMES = 22_050, 4_410
_KEYS, _SAMPLE_MODES, _SAMPLE, _INSTRUMENT = 43, 54, 53, 41


def tiny_soundfont(
    presets: Iterable[tuple[int, int]], *, keys: tuple[int, int] = (0, 127)
) -> bytes:
    """``presets``: (bank, programme); drums are bank 128. Of other ``keys`` they are silent."""
    presets = sorted(presets)
    tone = 0.5 * np.sin(2 * np.pi * 441.0 * np.arange(_FRAMES) / _RATE)
    samples = (tone * 32_767).astype("<i2").tobytes() + bytes(2 * 46)
    info = _chunk(b"ifil", struct.pack("<HH", 2, 1))
    info += _chunk(b"isng", b"EMU8000\0") + _chunk(b"INAM", b"tiny\0\0")
    heads = b"".join(
        struct.pack("<20sHHHIII", b"p", programme, bank, k, 0, 0, 0)
        for k, (bank, programme) in enumerate(presets)
    )
    heads += struct.pack("<20sHHHIII", b"EOP", 0, 0, len(presets), 0, 0, 0)
    count = len(presets) + 1
    bags = b"".join(struct.pack("<HH", k, 0) for k in range(count))
    generators = b"".join(struct.pack("<Hh", _INSTRUMENT, 0) for _ in presets) + bytes(4)
    zone = struct.pack("<HBB", _KEYS, *keys)
    zone += struct.pack("<HhHh", _SAMPLE_MODES, 1, _SAMPLE, 0) + bytes(4)
    sample = struct.pack("<20sIIIIIBbHH", b"s", 0, _FRAMES, 0, _FRAMES - 100, _RATE, 69, 0, 0, 1)
    data = b"".join(
        [
            _chunk(b"phdr", heads),
            _chunk(b"pbag", bags),
            _chunk(b"pmod", bytes(10)),
            _chunk(b"pgen", generators),
            _chunk(b"inst", struct.pack("<20sH", b"i", 0) + struct.pack("<20sH", b"EOI", 1)),
            _chunk(b"ibag", struct.pack("<HHHH", 0, 0, 3, 0)),
            _chunk(b"imod", bytes(10)),
            _chunk(b"igen", zone),
            _chunk(b"shdr", sample + struct.pack("<20sIIIIIBbHH", b"EOS", *[0] * 9)),
        ]
    )
    lists = ((b"INFO", info), (b"sdta", _chunk(b"smpl", samples)), (b"pdta", data))
    body = b"sfbk" + b"".join(_chunk(b"LIST", name + part) for name, part in lists)
    return _chunk(b"RIFF", body)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack("<4sI", name, len(data)) + data + bytes(len(data) % 2)
