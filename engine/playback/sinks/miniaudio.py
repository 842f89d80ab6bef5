"""miniaudio: its wheel carries its own backends, so it plays where PortAudio is missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from typing import Protocol

import numpy as np

from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames
from engine.playback.sinks.base import Fill, SinkUnavailableError

PERIODS = 3
"""miniaudio's default number of periods in a device's buffer."""
LONGEST_PERIOD = 0.17
"""Seconds. With a period of a third of a second a PulseAudio null sink asked for the first one and
for nothing more (miniaudio 1.71); a longer buffer has more periods instead."""
LARGEST_PERIOD = SAMPLE_RATE


class MiniaudioDevice(Protocol):
    """What is used of ``miniaudio.PlaybackDevice``, which carries no types."""

    running: bool
    backend: str
    callback_generator: object
    stop_callback: Callable[[], None] | None

    def start(self, source: Generator[Frames, int, None]) -> None: ...
    def close(self) -> None: ...


class MiniaudioSink:
    """``device``: the name of a playback device as miniaudio lists it, None for the default."""

    name = "miniaudio"
    realtime = True
    own_clock = True

    def __init__(self, device: str | None = None, latency: float = 0.5) -> None:
        self._device_name = device
        self._wanted = latency
        self._device: MiniaudioDevice | None = None
        self._backend = ""
        try:
            import miniaudio
        except (ImportError, OSError) as error:
            raise SinkUnavailableError(
                "The miniaudio package is missing; 'pip install miniaudio' installs it."
            ) from error
        self._api = miniaudio

    @property
    def latency(self) -> float:
        return self._wanted

    @property
    def active(self) -> bool:
        device = self._device
        return device is not None and bool(device.running) and device.callback_generator is not None

    def describe(self) -> str:
        how = f" ({self._backend})" if self._backend else ""
        return f"miniaudio{how}: {self._device_name or 'default device'}"

    def probe(self) -> None:
        """Open the device and let it go. Raises ``SinkUnavailableError``."""
        self._let_go(self._open())

    def start(self, fill: Fill) -> None:
        device = self._open()
        device.stop_callback = lambda: None  # only with one does it note that it has been stopped
        source = self._source(fill)
        next(source)
        try:
            device.start(source)
        except self._api.MiniaudioError as error:
            self._let_go(device)
            raise self._unavailable(error) from error
        self._device = device
        self._backend = str(device.backend)

    def close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            self._let_go(device)

    def _open(self) -> MiniaudioDevice:
        api = self._api
        real = [backend for backend in api.Backend if backend.name not in ("NULL", "CUSTOM")]
        periods = max(PERIODS, math.ceil(self._wanted / LONGEST_PERIOD))
        device: MiniaudioDevice | None = None
        try:
            device_id = self._find(real)
            device = api.PlaybackDevice.__new__(api.PlaybackDevice)
            # In two steps, so that one that fails can be let go of.
            device.__init__(  # type: ignore[misc]
                output_format=api.SampleFormat.FLOAT32,
                nchannels=CHANNELS,
                sample_rate=SAMPLE_RATE,
                buffersize_msec=round(self._wanted * 1000 / periods),
                callback_periods=periods,
                device_id=device_id,
                backends=real,
                app_name="musmed",
            )
        except api.MiniaudioError as error:
            if device is not None:
                self._let_go(device)
            raise self._unavailable(error) from error
        return device

    def _let_go(self, device: MiniaudioDevice) -> None:
        """And of its connection to the sound server, which the package keeps: one takes 64."""
        device.close()
        context = getattr(device, "_context", None)
        if context is not None:
            self._api.lib.ma_context_uninit(context)

    def _find(self, backends: Sequence[object]) -> object:
        if self._device_name is None:
            return None
        for device in self._api.Devices(backends).get_playbacks():
            if device["name"] == self._device_name:
                found: object = device["id"]
                return found
        raise self._unavailable("there is no device of that name")

    def _source(self, fill: Fill) -> Generator[Frames, int, None]:
        buffer = np.zeros((LARGEST_PERIOD, CHANNELS), np.float32)
        wanted = yield buffer[:0]
        while True:
            out = buffer[: min(wanted, LARGEST_PERIOD)]
            fill(out)
            wanted = yield out

    def _unavailable(self, error: object) -> SinkUnavailableError:
        what = f"the sound device {self._device_name!r}" if self._device_name else "a sound device"
        return SinkUnavailableError(
            f"miniaudio can't open {what} ({error}); connect one, start a sound server, "
            "or use --sink null."
        )
