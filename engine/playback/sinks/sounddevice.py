"""PortAudio by way of the sounddevice package."""

from __future__ import annotations

from typing import Protocol

from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames
from engine.playback.sinks.base import Fill, SinkUnavailableError


class PortAudioStream(Protocol):
    """What is used of ``sounddevice.OutputStream``, which carries no types."""

    latency: float
    active: bool

    def start(self) -> None: ...
    def close(self, ignore_errors: bool = True) -> None: ...


class SoundDeviceSink:
    """``device``: a PortAudio device name (or part of one), None for the default.

    ``latency`` in seconds: asked of PortAudio as a number, since its word 'high' means 35 ms
    through ALSA. ``realtime`` False is for devices without a clock of their own, such as ALSA's
    file plugin. The constructor imports PortAudio and raises ``SinkUnavailableError`` without it.
    """

    name = "sounddevice"

    def __init__(
        self, device: str | None = None, latency: float = 0.5, realtime: bool = True
    ) -> None:
        self.realtime = self.own_clock = realtime
        self._device = device
        self._wanted = latency
        self._stream: PortAudioStream | None = None
        self._fill: Fill | None = None
        try:
            import sounddevice
        except OSError as error:
            raise SinkUnavailableError(
                "PortAudio is missing; 'apt install libportaudio2' installs it."
            ) from error
        self._api = sounddevice

    @property
    def latency(self) -> float:
        return self._wanted if self._stream is None else float(self._stream.latency)

    @property
    def active(self) -> bool:
        return self._stream is not None and bool(self._stream.active)

    def describe(self) -> str:
        return f"PortAudio: {self._device or 'default device'}"

    def probe(self) -> None:
        """Open the device and let it go. Raises ``SinkUnavailableError``."""
        self._open().close()

    def start(self, fill: Fill) -> None:
        if self._fill is not None:
            self._look_again()
        self._fill = fill
        stream = self._open()
        try:
            stream.start()
        except self._api.PortAudioError as error:
            stream.close()
            raise self._unavailable(error) from error
        self._stream = stream

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.close(ignore_errors=True)
            except self._api.PortAudioError:
                return

    def _open(self) -> PortAudioStream:
        try:
            stream: PortAudioStream = self._api.OutputStream(
                samplerate=SAMPLE_RATE,
                channels=CHANNELS,
                dtype="float32",
                device=self._device,
                latency=self._wanted,
                callback=self._callback,
            )
        except (self._api.PortAudioError, ValueError) as error:
            raise self._unavailable(error) from error
        return stream

    def _callback(self, out: Frames, _frames: int, _time: object, _status: object) -> None:
        if self._fill is not None:
            self._fill(out)

    def _look_again(self) -> None:
        """After a device has gone: PortAudio lists devices only once, when it is initialised."""
        self.close()
        try:
            self._api._terminate()
            self._api._initialize()
        except self._api.PortAudioError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> SinkUnavailableError:
        what = f"the sound device {self._device!r}" if self._device else "a sound device"
        return SinkUnavailableError(
            f"PortAudio can't open {what} ({error}); connect one, start a sound server "
            "(with apt install libasound2-plugins for PulseAudio), or use --sink null."
        )
