"""libfluidsynth through ctypes: single notes of a soundfont as tables, and nothing else.

The synth's own reverb and chorus are off; no sound device is touched. A note's samples depend on
its own fields alone, not on what was asked before it.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import functools
import weakref
from collections import OrderedDict
from pathlib import Path

import numpy as np

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.tables import Table
from engine.errors import MusmedError

_NAMES = (
    "libfluidsynth.so.3",
    "libfluidsynth.so.2",
    "libfluidsynth.3.dylib",
    "libfluidsynth-3.dll",
)
_DRUM_CHANNEL, _DRUM_BANK = 9, 128
_CHANNELS = tuple(range(9))
"""Presets whose samples are in memory at a time: one for each of these channels, and a kit."""
BEND = 6
"""Semitones that the pitch wheel reaches."""
_WHEEL = 8192
"""The pitch wheel at rest."""
_BLOCK = 64
"""Frames the synth renders at a time; whole blocks only, so that every note begins one."""
_SETTINGS: tuple[tuple[str, float], ...] = (
    ("synth.sample-rate", float(SAMPLE_RATE)),
    ("synth.gain", 1.0),
)
_SWITCHES: tuple[tuple[str, int], ...] = (
    ("synth.reverb.active", 0),
    ("synth.chorus.active", 0),
    ("synth.dynamic-sample-loading", 1),
    ("synth.lock-memory", 0),
    ("synth.threadsafe-api", 0),
    ("synth.polyphony", 64),
    ("synth.cpu-cores", 1),
)
_INTERPOLATION = 7
"""Seventh order, the best there is: notes are rendered once."""


@functools.cache
def library() -> ctypes.CDLL | None:
    """libfluidsynth 2, or None where it is not installed."""
    found = ctypes.util.find_library("fluidsynth")
    for name in dict.fromkeys([*_NAMES, found]):
        with contextlib.suppress(OSError, AttributeError):
            if name:
                return _typed(ctypes.CDLL(name))
    return None


def _typed(lib: ctypes.CDLL) -> ctypes.CDLL:
    """Types of the functions in use. Raises ``AttributeError`` where one is missing."""
    pointer, integer, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    for name, result, arguments in (
        ("fluid_version_str", text, ()),
        ("fluid_set_log_function", pointer, (integer, pointer, pointer)),
        ("new_fluid_settings", pointer, ()),
        ("delete_fluid_settings", None, (pointer,)),
        ("fluid_settings_setnum", integer, (pointer, text, ctypes.c_double)),
        ("fluid_settings_setint", integer, (pointer, text, integer)),
        ("new_fluid_synth", pointer, (pointer,)),
        ("delete_fluid_synth", None, (pointer,)),
        ("fluid_synth_sfload", integer, (pointer, text, integer)),
        ("fluid_synth_get_sfont_by_id", pointer, (pointer, integer)),
        ("fluid_sfont_get_preset", pointer, (pointer, integer, integer)),
        ("fluid_synth_program_select", integer, (pointer, *(integer,) * 4)),
        ("fluid_synth_set_interp_method", integer, (pointer, integer, integer)),
        ("fluid_synth_pitch_wheel_sens", integer, (pointer, integer, integer)),
        ("fluid_synth_pitch_bend", integer, (pointer, integer, integer)),
        ("fluid_synth_noteon", integer, (pointer, integer, integer, integer)),
        ("fluid_synth_all_sounds_off", integer, (pointer, integer)),
        (
            "fluid_synth_write_float",
            integer,
            (pointer, integer, pointer, integer, integer, pointer, integer, integer),
        ),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    for level in range(1, 5):  # all but panic: what matters comes back as a value
        lib.fluid_set_log_function(level, None, None)
    return lib


def library_version() -> str | None:
    """Such as '2.3.1'; None where the library is not installed."""
    lib = library()
    return None if lib is None else str(lib.fluid_version_str().decode("ascii", "replace"))


class Font:
    """A soundfont, loaded. Not for two threads at a time.

    Raises ``MusmedError`` without the library, or for a file that is no soundfont it can load.
    """

    def __init__(self, path: Path) -> None:
        lib = library()
        if lib is None:
            raise MusmedError("The FluidSynth library is not installed.")
        self._lib = lib
        settings = lib.new_fluid_settings()
        for name, number in _SETTINGS:
            lib.fluid_settings_setnum(settings, name.encode(), number)
        for name, switch in _SWITCHES:
            lib.fluid_settings_setint(settings, name.encode(), switch)
        self._synth = lib.new_fluid_synth(settings)
        weakref.finalize(self, _delete, lib, self._synth, settings)
        file = bytes(path)
        self._id = lib.fluid_synth_sfload(self._synth, file, 0) if self._synth else -1
        if self._id < 0:
            raise MusmedError(f"The soundfont {path} can't be loaded.")
        lib.fluid_synth_set_interp_method(self._synth, -1, _INTERPOLATION)
        self._chosen: OrderedDict[int, int] = OrderedDict()

    def has(self, programme: int, *, drums: bool = False) -> bool:
        """Whether the soundfont holds a preset."""
        font = self._lib.fluid_synth_get_sfont_by_id(self._synth, self._id)
        bank = _DRUM_BANK if drums else 0
        return bool(self._lib.fluid_sfont_get_preset(font, bank, programme))

    def note(
        self,
        programme: int,
        key: int,
        velocity: int,
        frames: int,
        bent: float = 0.0,
        *,
        drums: bool = False,
    ) -> Table:
        """One note held for ``frames``, shape (2, frames); silence for a preset that is not
        there. ``bent``: semitones that the pitch wheel moves ``key``, within ``BEND``."""
        channel = self._channel(programme, drums=drums)
        self._lib.fluid_synth_pitch_wheel_sens(self._synth, channel, BEND)
        wheel = _WHEEL + round(bent / BEND * _WHEEL)
        self._lib.fluid_synth_pitch_bend(self._synth, channel, min(2 * _WHEEL - 1, wheel))
        whole = -(-frames // _BLOCK) * _BLOCK
        # A voice's filter starts from where the voice before it in its slot left off: the same
        # note, begun and cut off before, makes what follows independent of all others.
        for _ in range(2):
            self._lib.fluid_synth_noteon(self._synth, channel, key, velocity)
            self._write(2 * _BLOCK)
            self._lib.fluid_synth_all_sounds_off(self._synth, channel)
            self._write(2 * _BLOCK)
        self._lib.fluid_synth_noteon(self._synth, channel, key, velocity)
        wave = self._write(whole)
        self._lib.fluid_synth_all_sounds_off(self._synth, channel)
        self._write(2 * _BLOCK)
        return wave[:, :frames]

    def _channel(self, programme: int, *, drums: bool) -> int:
        """The channel on which ``programme`` is chosen; the one unused for longest is taken."""
        key = programme + 1000 * drums
        if key in self._chosen:
            self._chosen.move_to_end(key)
            return self._chosen[key]
        if drums:
            channel = _DRUM_CHANNEL
            self._chosen = OrderedDict((k, c) for k, c in self._chosen.items() if c != channel)
        else:
            free = [c for c in _CHANNELS if c not in self._chosen.values()]
            oldest = next((k for k, c in self._chosen.items() if c != _DRUM_CHANNEL), key)
            channel = free[0] if free else self._chosen.pop(oldest)
        bank = _DRUM_BANK if drums else 0
        self._lib.fluid_synth_program_select(self._synth, channel, self._id, bank, programme)
        self._chosen[key] = channel
        return channel

    def _write(self, frames: int) -> Table:
        out = np.zeros((2, frames), np.float32)
        left, right = (side.ctypes.data for side in out)
        self._lib.fluid_synth_write_float(self._synth, frames, left, 0, 1, right, 0, 1)
        return out


def _delete(lib: ctypes.CDLL, synth: int | None, settings: int | None) -> None:
    if synth:
        lib.delete_fluid_synth(synth)
    if settings:
        lib.delete_fluid_settings(settings)
