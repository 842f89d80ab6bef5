"""A process of its own: files on standard input, their loudness and true peak on standard output
(``levels.py`` starts it and has the types)."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from pyebur128 import MeasurementMode, R128State, get_loudness_global, get_true_peak

from engine.study.listening.cutting import pieces
from engine.study.listening.levels import Asked, Measured

_SILENT_DBTP = -200.0


def measured(path: Path, frames: int) -> Measured:
    """The first ``frames`` of it, cut (0: all)."""
    try:
        with soundfile.SoundFile(path) as file:
            wanted = min(frames, file.frames) if frames else file.frames
            mode = MeasurementMode.MODE_I | MeasurementMode.MODE_TRUE_PEAK
            state = R128State(file.channels, file.samplerate, mode)
            heard = 0
            for audio in pieces(file, wanted, cut=bool(frames)):
                flat = np.ascontiguousarray(audio, np.float32).reshape(-1)
                state.add_frames(flat, len(audio))
                heard += len(audio)
            if heard < wanted:
                return Measured(failure="it ends early")
            peak = max(get_true_peak(state, channel) for channel in range(file.channels))
            lufs = float(get_loudness_global(state))
            return Measured(
                frames=file.frames,
                rate=file.samplerate,
                channels=file.channels,
                lufs=lufs if math.isfinite(lufs) else None,
                true_peak=20.0 * math.log10(peak) if peak > 0.0 else _SILENT_DBTP,
            )
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        return Measured(failure=str(error).partition("\n")[0][:200] or "it can't be read")


def main() -> None:
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    found = [measured(Path(one), asked.frames) for one in asked.files]
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
