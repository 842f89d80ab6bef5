"""Which container a file is, by its first bytes, and its layout."""

from __future__ import annotations

from collections.abc import Callable

from engine.audio.reading import flac, mpeg, ogg, riff
from engine.audio.reading.segments import Bytes, Layout, Segment

_BY_MAGIC: dict[bytes, Callable[[Bytes], Layout | None]] = {
    b"RIFF": riff.layout,
    b"RF64": riff.promised,
    b"BW64": riff.promised,
    b"FORM": riff.promised,
    b".snd": riff.promised,
    b"riff": riff.promised,
    b"OggS": ogg.layout,
    b"fLaC": flac.layout,
}


def layout_of(source: Bytes) -> Layout:
    """The layout of a file; of a container that is not known here, one segment. Raises
    ``OSError``."""
    look = _BY_MAGIC.get(source.get(0, 4), mpeg.layout)
    found = look(source)
    return found or Layout((Segment(0, source.size),))
