"""Sounds that tell nothing but their music: no name, no tag, no time and no size gives one away.

A FLAC file keeps what it was asked for in its comments, a folder when and in which order files were
made, and their sizes tell a dense music from a thin one. What is written here has the bare stream
information (RFC 9639, section 8.2) and padding to one size for all, and one time for all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import soundfile

from engine.audio.files import AudioWriter
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.errors import MusmedError
from engine.private import FILE, write_private
from engine.study.listening.cutting import pieces
from engine.study.listening.sheet import NAME, ORDERS, SUFFIX

WHEN = 946_684_800.0
"""When each file of a list was made: 2000-01-01, so that none is older than another."""
_MAGIC, _STREAMINFO, _PADDING, _LAST = b"fLaC", 0, 1, 0x80
_MOST_PADDING = (1 << 24) - 1
_HEAD = 4
_EVERY_LISTS = (NAME, ORDERS)


def write_blinded(source: Path, target: Path, frames: int, gain_db: float, *, cut: bool) -> None:
    """The first ``frames`` of ``source`` (48 kHz, stereo) at another level as the FLAC file
    ``target``; where the list's sounds are ``cut`` it fades out. Raises ``MusmedError``."""
    gain = 10.0 ** (gain_db / 20.0)
    with AudioWriter(target, title="-", artist="-", comment="-") as writer:  # all go below
        try:
            with soundfile.SoundFile(source) as file:
                for audio in pieces(file, frames, cut=cut):
                    writer.write((audio * gain).astype(np.float32))
        except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
            raise MusmedError(f"{source} can't be read; make that session again.") from error
        if writer.frames != frames:
            raise MusmedError(f"{source} ends early; make that session again.")
    data = target.read_bytes()
    write_private(target, b"".join(bare(data, 0)))


def align(files: Sequence[Path]) -> None:
    """Give all of them (FLAC files of ``write_blinded``) the size of the largest and one time."""
    most = max(path.stat().st_size for path in files)
    for path in files:
        data = path.read_bytes()
        write_private(path, b"".join(bare(data, most - len(data) + _HEAD)))
        stamp(path)


def stamp(path: Path) -> None:
    path.chmod(FILE)
    os.utime(path, (WHEN, WHEN))


def bare(data: bytes, padding: int) -> Iterator[bytes]:
    """A FLAC stream with no block before its frames but the stream information, and ``padding``
    bytes in all (0, or 4 at least). Raises ``ValueError`` for what is no FLAC."""
    info, frames = _split(data)
    blocks = list(_padded(padding))
    yield _MAGIC
    yield bytes([_STREAMINFO | (0 if blocks else _LAST)]) + len(info).to_bytes(3, "big") + info
    for at, size in enumerate(blocks):
        kind = _PADDING | (_LAST if at == len(blocks) - 1 else 0)
        yield bytes([kind]) + size.to_bytes(3, "big") + bytes(size)
    yield frames


def told_by(folder: Path, words: Iterable[str]) -> list[str]:
    """What in ``folder`` tells one sound from another before it is heard, in sentences: names,
    tags, sizes, times, rights, and any of the ``words`` in what is no sound. [] is as it should
    be. Not searched are the bytes of the music, for any short word stands somewhere in them, and
    what every list has: the names and heads of its tables, and what is asked of listeners."""
    found = []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sounds = [path for path in files if path.suffix == SUFFIX]
    for path in sounds:
        kinds = [kind for kind, _, _ in _blocks(path.read_bytes())]
        if any(kind not in (_STREAMINFO, _PADDING) for kind in kinds):
            found.append(f"{path.name} has tags.")
    stats = [path.stat() for path in sounds]
    for what, values in (
        ("sizes", {one.st_size for one in stats}),
        ("times", {one.st_mtime for one in stats}),
        ("rights", {one.st_mode for one in stats}),
    ):
        if len(values) > 1:
            found.append(f"The sounds have {len(values)} different {what}.")
    for path in files:
        said = "" if path.name in _EVERY_LISTS else path.stem.lower()
        if path.suffix != SUFFIX:
            said += _texts(path).lower()
        found += [f"{path.name} says {word!r}." for word in words if word.lower() in said]
    return found


def _texts(path: Path) -> str:
    """All text in a file but what every list has; of JSON what it says."""
    data = path.read_bytes()
    if path.name == ORDERS:
        data = data.partition(b"\n")[2]
    try:
        said = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return data.decode("utf-8", "replace")
    if isinstance(said, dict):
        said.pop("asked", None)
    return "\n".join(_strings(said))


def _strings(said: object) -> Iterator[str]:
    match said:
        case str():
            yield said
        case dict():
            for one in said.values():
                yield from _strings(one)
        case list():
            for one in said:
                yield from _strings(one)


def common_length(lengths: Sequence[int], asked: float | None) -> int:
    """How many frames of each sound the list has: ``asked`` seconds, or those of the shortest.
    ``lengths`` in frames. Raises ``MusmedError`` where that is less than 90 % of the longest and
    nobody asked for it: who hears them would know the long ones by their length."""
    least, most = min(lengths), max(lengths)
    if asked is not None:
        if not SAMPLE_RATE <= frames_of(asked) <= least:
            raise MusmedError(
                f"--seconds is from 1 to {least / SAMPLE_RATE:.0f}, which the shortest sound has."
            )
        return frames_of(asked)
    if least < 0.9 * most:
        raise MusmedError(
            f"The sounds have {least / SAMPLE_RATE:.0f} to {most / SAMPLE_RATE:.0f} seconds, which"
            " tells them apart; choose some with --only, or cut all of them with --seconds."
        )
    return least


def _padded(padding: int) -> Iterator[int]:
    """Sizes of blocks that take ``padding`` bytes with their heads."""
    while padding:
        size = min(padding - _HEAD, _MOST_PADDING)
        left = padding - _HEAD - size
        if 0 < left < _HEAD:  # too little for a head: the next one gets more
            size -= _HEAD
            left += _HEAD
        yield size
        padding = left


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The stream information, and the frames."""
    blocks = list(_blocks(data))
    info = next(content for kind, content, _ in blocks if kind == _STREAMINFO)
    return info, data[blocks[-1][2] :]


def _blocks(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Each block before the frames: its kind, what it holds, and where it ends."""
    if not data.startswith(_MAGIC):
        raise ValueError("no FLAC stream")
    at, last = len(_MAGIC), False
    while not last:
        if at + _HEAD > len(data):
            raise ValueError("a FLAC stream that is cut short")
        last, kind = bool(data[at] & _LAST), data[at] & 0x7F
        size = int.from_bytes(data[at + 1 : at + _HEAD], "big")
        end = at + _HEAD + size
        yield kind, data[at + _HEAD : end], end
        at = end
