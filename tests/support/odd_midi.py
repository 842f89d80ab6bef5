"""Fifty odd MIDI files, made byte by byte: what programs, discs and time do to them."""

from __future__ import annotations

import itertools
import random
import struct
from collections.abc import Iterator

END = b"\x00\xff\x2f\x00"
TEMPO = b"\x00\xff\x51\x03\x07\xa1\x20"
METRE = b"\x00\xff\x58\x04\x03\x02\x18\x08"


def number(value: int) -> bytes:
    """A number of variable length."""
    made = [value & 0x7F]
    while value := value >> 7:
        made.append(0x80 | value & 0x7F)
    return bytes(reversed(made))


def head(kind: int = 1, tracks: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, kind, tracks, division)


def chunk(data: bytes, size: int | None = None, name: bytes = b"MTrk") -> bytes:
    return name + struct.pack(">I", len(data) if size is None else size) + data


def tune(channel: int = 0, count: int = 16, ticks: int = 240, low: int = 60) -> bytes:
    """``count`` notes one after another."""
    notes = (low + (7 * n) % 12 for n in range(count))
    return b"".join(
        bytes([0, 0x90 | channel, pitch, 80]) + number(ticks) + bytes([0x80 | channel, pitch, 0])
        for pitch in notes
    )


def running(count: int = 16) -> bytes:
    """Notes with one status byte for all, and velocity 0 for their ends."""
    pitches = [60 + n % 12 for n in range(count)]
    notes = (bytes([0, p, 80]) + number(240) + bytes([p, 0]) for p in pitches)
    return b"\x00\x90" + b"".join(notes)[1:]


def whole(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    return head(kind, len(tracks), division) + b"".join(chunk(track) for track in tracks)


PLAIN = whole(TEMPO + METRE + tune() + END)


def odd_files() -> dict[str, bytes]:
    """By what is odd: all of them are bytes that somebody may name as a MIDI file."""
    return dict(itertools.chain(_kinds(), _times(), _notes(), _broken(), _metas(), _drawn()))


def _kinds() -> Iterator[tuple[str, bytes]]:
    yield "plain", PLAIN
    yield "type 0", whole(TEMPO + tune() + tune(3) + tune(9) + END, kind=0)
    yield "type 2", whole(tune() + END, METRE + tune(1, low=48) + END, kind=2)
    yield "type 7", whole(tune() + END, kind=7)
    yield "type 0 with three tracks", whole(tune() + END, tune(1) + END, tune(2) + END, kind=0)
    yield "no tempo", whole(tune() + END)
    yield "running status", whole(TEMPO + running() + END)
    yield "200 tracks", whole(*(tune(n % 16, low=36 + n % 48) + END for n in range(200)))
    yield "200 tracks on one channel", whole(*(tune(low=36 + n % 48) + END for n in range(200)))
    yield (
        "RIFF",
        b"RIFF"
        + struct.pack("<I", len(PLAIN) + 12)
        + b"RMIDdata"
        + struct.pack("<I", len(PLAIN))
        + PLAIN,
    )
    yield (
        "a long header",
        b"MThd" + struct.pack(">IHHH", 8, 1, 1, 480) + b"\0\0" + chunk(tune() + END),
    )
    yield "an unknown chunk", head() + chunk(b"junk" * 9, name=b"XFIH") + chunk(tune() + END)
    yield "drums alone", whole(tune(9, low=35) + END)
    yield "no note", whole(TEMPO + END)
    yield "an empty track", whole(b"")


def _times() -> Iterator[tuple[str, bytes]]:
    yield "SMPTE 25", whole(tune(ticks=20) + END, division=0xE728)
    yield "SMPTE 30 drop", whole(TEMPO + tune(ticks=20) + END, division=0xE350)
    yield "division 0", whole(tune() + END, division=0)
    yield "division 1", whole(tune(ticks=1) + END, division=1)
    yield "division 32767", whole(tune(ticks=30_000) + END, division=32_767)
    yield "tempo 0", whole(b"\x00\xff\x51\x03\x00\x00\x00" + tune() + END)
    yield "tempo 1", whole(b"\x00\xff\x51\x03\x00\x00\x01" + tune() + END)
    yield "slowest tempo", whole(b"\x00\xff\x51\x03\xff\xff\xff" + tune() + END)
    yield "tempo of one byte", whole(b"\x00\xff\x51\x01\x07" + tune() + END)
    yield (
        "a tempo a note",
        whole(
            b"".join(
                TEMPO[:4] + struct.pack(">I", 400_000 + 9 * n)[1:] + tune(count=1)
                for n in range(99)
            )
            + END
        ),
    )
    yield "a silence of years", whole(b"\xff\xff\xff\x7f\x90\x3c\x40" + tune() + END, division=1)
    yield (
        "metre changes",
        whole(
            b"".join(
                b"\x00\xff\x58\x04" + bytes([n, d, 24, 8]) + tune(count=5)
                for n, d in ((3, 2), (7, 3), (5, 2), (6, 3), (4, 2))
            )
            + END
        ),
    )
    yield "metre 0/4", whole(b"\x00\xff\x58\x04\x00\x02\x18\x08" + tune() + END)
    yield "metre 1/2^200", whole(b"\x00\xff\x58\x04\x01\xc8\x18\x08" + tune() + END)
    yield "metre 1/32", whole(b"\x00\xff\x58\x04\x01\x05\x18\x08" + tune(count=600) + END)
    yield "ten thousand metres", whole(METRE * 10_000 + tune() + END)


def _notes() -> Iterator[tuple[str, bytes]]:
    yield (
        "notes without ends",
        whole(b"".join(bytes([60, 0x90, 40 + n, 80]) for n in range(40)) + END),
    )
    yield (
        "ends without notes",
        whole(b"".join(bytes([60, 0x80, 40 + n, 80]) for n in range(40)) + tune() + END),
    )
    yield "notes of no length", whole(bytes([0, 0x90, 60, 80, 0, 0x80, 60, 0]) * 40 + END)
    yield "the same note over and over", whole(bytes([10, 0x90, 60, 80]) * 400 + END)
    yield "one long note", whole(b"\x00\x90\x3c\x50\x8f\xff\x7f\x80\x3c\x00" + END)
    yield "all at once", whole(bytes([0, 0x90, 60, 80]) * 128 + b"\x60\x80\x3c\x00" + END)
    yield "velocity 1", whole(b"".join(bytes([0, 0x90, 60, 1, 96, 0x80, 60, 0]) for _ in range(9)))


def _broken() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b""
    yield "a header alone", head()
    yield "half a header", head()[:9]
    yield "cut off", PLAIN[: len(PLAIN) // 2]
    yield "cut in a number", PLAIN[:-5] + b"\xff"
    yield "a track that is shorter than it says", head() + chunk(tune() + END, 10**6)
    yield "a track that says 4 GiB", head() + chunk(tune() + END, 2**32 - 1)
    yield "fewer tracks than it says", head(tracks=9) + chunk(tune() + END)
    yield "data without a status", whole(b"\x00\x40\x40" * 9)
    yield "a number that never ends", whole(tune() + b"\xff" * 9)
    yield "no end of track", whole(tune())
    yield "zeros behind", PLAIN + bytes(999)
    yield "text", b"MThd is no MIDI file, and this is a letter."


def _metas() -> Iterator[tuple[str, bytes]]:
    yield "messages for a cable", whole(b"\x00\xf8\x00\xf1\x01\x00\xf6" + tune() + END)
    yield "system exclusive", whole(b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7" + tune() + END)
    yield "a text that runs on", whole(b"\x00\xff\x01\x8f\xff\xff\x7fhello" + tune() + END)
    yield "odd text", whole(b"\x00\xff\x03\x06\x1b[31m\xff" + tune() + END)
    yield "a key of nine sharps", whole(b"\x00\xff\x59\x02\x09\x05" + tune() + END)
    yield (
        "every programme",
        whole(b"".join(bytes([0, 0xC0, n]) + tune(count=1) for n in range(128)) + END),
    )
    yield "sung", whole(b"\x00\xff\x05\x02la" + tune() + b"\x00\xff\x05\x02la" + tune() + END)


def _drawn() -> Iterator[tuple[str, bytes]]:
    draw = random.Random(18)
    for n in range(4):
        yield f"noise {n}", head() + chunk(draw.randbytes(4000))
    for n in range(4):
        changed = bytearray(whole(TEMPO + METRE + tune(count=60) + END, tune(1, 60) + END))
        for _ in range(12):
            changed[draw.randrange(14, len(changed))] = draw.randrange(256)
        yield f"changed {n}", bytes(changed)
