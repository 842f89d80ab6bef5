"""Which sink: a word of the command line, or what is there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from engine.errors import UnknownWordError
from engine.link.meeting import is_name
from engine.places import expanded
from engine.playback.sinks.base import Sink, SinkUnavailableError
from engine.playback.sinks.file import FileSink
from engine.playback.sinks.listen import ListenSink
from engine.playback.sinks.miniaudio import MiniaudioSink
from engine.playback.sinks.null import NullSink
from engine.playback.sinks.sounddevice import SoundDeviceSink

KNOWN = ("auto", "sounddevice", "miniaudio", "file", "listen", "null")
HOW_TO_GET_SOUND = (
    "No sound device was found, so this session runs without sound. To hear it, connect a sound "
    "card or start a sound server, and install PortAudio: apt install libportaudio2 "
    "libasound2-plugins. Or write it to a file: --sink file:session.flac"
)


def open_sink(spec: str, *, latency: float) -> tuple[Sink | ListenSink, str | None]:
    """A place for sound: ``open_device``, or 'listen', which is ears elsewhere ('listen:' and a
    name: those alone that ask for it)."""
    kind, colon, called = spec.partition(":")
    if kind == "listen" and is_name(called) == bool(colon):
        return ListenSink(called), None
    return open_device(spec, latency=latency)


def open_device(spec: str, *, latency: float) -> tuple[Sink, str | None]:
    """A sink for ``spec`` and, when 'auto' found no sound, a sentence on how to get it.

    'auto', 'null', 'file:PATH', 'sounddevice[:DEVICE]', 'miniaudio[:DEVICE]'. ``latency`` in
    seconds. Devices are opened once to see whether they can be. Raises ``SinkUnavailableError``
    for a named sink that can't be opened, ``UnknownWordError`` for any other word.
    """
    kind, _, argument = spec.partition(":")
    if kind not in KNOWN or kind == "listen" or (argument and kind in ("auto", "null")):
        raise UnknownWordError(
            "sink", spec, KNOWN, "Choose auto, sounddevice, miniaudio, listen, null or file:PATH."
        )
    if kind == "auto":
        return _find(latency)
    if kind == "null":
        return NullSink(), None
    if kind == "file":
        if not argument:
            raise SinkUnavailableError("The sink 'file' needs a path: --sink file:session.flac")
        return FileSink(expanded(argument, "sound file")), None
    with quiet_stderr():
        return _device(kind, argument or None, latency), None


def _find(latency: float) -> tuple[Sink, str | None]:
    for kind in ("sounddevice", "miniaudio"):
        with contextlib.suppress(SinkUnavailableError), quiet_stderr():
            return _device(kind, None, latency), None
    return NullSink(), HOW_TO_GET_SOUND


def _device(kind: str, device: str | None, latency: float) -> Sink:
    """Opened once and closed again: many devices are listed that can't be opened."""
    sink: SoundDeviceSink | MiniaudioSink
    if kind == "sounddevice":
        sink = SoundDeviceSink(device, latency)
    else:
        sink = MiniaudioSink(device, latency)
    sink.probe()
    return sink


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Nothing is printed to file descriptor 2 meanwhile: ALSA does so from C while devices are
    tried, and it would be painted over the screen."""
    saved = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nothing)
