"""Audio -> estimates of ``Affect``, one every 10 s. Knows nothing of any plan."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames, frames_of
from engine.meter.features import features
from engine.meter.listening import (
    BLOCK_SECONDS,
    HISTORY,
    Blocks,
    BlockSpectrum,
    Floats,
    listen,
    to_mono,
)
from engine.meter.model import Estimator, shipped
from engine.meter.reading import Reading

STEP_SECONDS, CONTEXT_SECONDS = 10.0, 30.0
_STEP, _CONTEXT = int(STEP_SECONDS / BLOCK_SECONDS), int(CONTEXT_SECONDS / BLOCK_SECONDS)
_TOGETHER = 4
"""Blocks that are heard together; steps are wholes of them."""
_ENDING = int(10.0 / BLOCK_SECONDS)
"""Blocks that are kept for who goes on: clips share 7.5 s."""
_SILENCE = 1e-5
"""Root mean square (-100 dB) under which there is nothing to judge."""
_LEAST = int(5.0 / BLOCK_SECONDS)
"""Blocks of sound an estimate needs: 5 s."""


def validity() -> str:
    """What the readings are worth, in words and figures; print it beside every number."""
    model = shipped().model
    return (
        "Estimates from the sound alone, for instrumental music: typical errors "
        f"{model.valence.error:.2f} in valence and {model.arousal.error:.2f} in arousal "
        "(cross-validated on renderings of VGMIDI, on a scale where ratings spread by 0.40); "
        "singing, speech and noise lie outside what it learnt from."
    )


class Heard(NamedTuple):
    """A block of sound (``samples`` with their history), what was heard of it, and whether there
    was any sound in it."""

    samples: Floats
    spectrum: BlockSpectrum
    loud: bool


Known = Mapping[int, Heard]
"""What was heard already, by the session frame at which a block begins."""


class Meter:
    """Push audio in, get readings out. The same samples give the same readings, whatever the
    sizes of the pieces they come in. ``start``: seconds at which the audio begins.

    ``known``: the ``ending`` of a meter of sound that this one may begin with. Blocks that are the
    same samples are not heard again.
    """

    def __init__(
        self, start: float = 0.0, model: Estimator | None = None, known: Known | None = None
    ) -> None:
        self._model = model or shipped()
        self._start = start
        self._cut = Blocks()
        self._known = dict(known or {})
        self._heard: deque[tuple[BlockSpectrum, bool]] = deque(maxlen=_CONTEXT)
        """Each block, and whether there was any sound in it."""
        self._newest: deque[tuple[int, Heard]] = deque(maxlen=_ENDING)
        self._waiting: list[tuple[int, Floats]] = []
        """Blocks that are heard together with the next ones."""
        self._blocks = 0

    def push(self, audio: Frames) -> list[Reading]:
        """Take (n, 2) frames at 48 kHz; readings of the steps that are now complete. A step
        with less than 5 s of sound in its context gives none."""
        readings: list[Reading] = []
        for samples in self._cut.push(to_mono(audio)):
            at = frames_of(self._start) + self._blocks * GRID_FRAMES
            self._waiting.append((at, samples))
            self._blocks += 1
            if self._blocks % _TOGETHER == 0:
                self._hear()
            if self._blocks % _STEP == 0:
                readings += self._read(_STEP)
        return readings

    def finish(self) -> list[Reading]:
        """The reading of a last step that was cut short, if it lasted 5 s or more."""
        self._hear()
        rest = self._blocks % _STEP
        return self._read(rest) if rest >= _LEAST else []

    @property
    def ending(self) -> Known:
        """What was heard of the last 10 s, for the meter of what begins within them."""
        return dict(self._newest)

    def _hear(self) -> None:
        waiting, self._waiting = self._waiting, []
        known = {frame: self._recognised(frame, samples) for frame, samples in waiting}
        spectra = iter(listen([samples for frame, samples in waiting if known[frame] is None]))
        for frame, samples in waiting:
            heard = known[frame] or Heard(samples, next(spectra), _is_loud(samples))
            self._heard.append((heard.spectrum, heard.loud))
            self._newest.append((frame, heard))

    def _recognised(self, frame: int, samples: Floats) -> Heard | None:
        heard = self._known.pop(frame, None)
        return heard if heard and np.array_equal(heard.samples, samples) else None

    def _read(self, blocks: int) -> list[Reading]:
        if sum(loud for _, loud in self._heard) < _LEAST:
            return []
        heard = [h for h, _ in self._heard]
        vector = features(heard)
        valence, arousal = self._model.predict(vector)
        known = self._model.model
        share = min(1.0, max(0.0, (len(heard) - _STEP) / (_CONTEXT - _STEP)))
        end = self._start + self._blocks * BLOCK_SECONDS
        errors = [
            round(q.error_short + share * (q.error - q.error_short), 3)
            for q in (known.valence, known.arousal)
        ]
        return [
            Reading(
                start=end - blocks * BLOCK_SECONDS,
                end=end,
                valence=round(valence, 4),
                arousal=round(arousal, 4),
                valence_error=errors[0],
                arousal_error=errors[1],
                known=self._model.known(vector),
            )
        ]


def _is_loud(samples: Floats) -> bool:
    block = samples[HISTORY:]
    return float(np.vdot(block, block)) > len(block) * _SILENCE**2


def estimate(audio: Frames, start: float = 0.0) -> list[Reading]:
    """Readings of a whole stretch, (n, 2) frames at 48 kHz, that begins at ``start`` seconds."""
    meter = Meter(start)
    readings: list[Reading] = []
    for at in range(0, len(audio), 10 * SAMPLE_RATE):
        readings += meter.push(audio[at : at + 10 * SAMPLE_RATE])
    return readings + meter.finish()
