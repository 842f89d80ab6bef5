"""Whether a clip is what was asked for: every message of it against its spec, before anything of it
is placed, heard or kept. This is the only place that judges that; order and sizes on the wire are
``inbox``'s and ``framing``'s.

Each check raises ``ClipRefusedError``. Such a clip has failed: it is asked for again, and who fails
too often is taken over from (``session.conductor.failures``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames, frames_of, seconds_of
from engine.clip_record import LOSSLESS, Coding, codec_of
from engine.composers.base import Continuation
from engine.errors import MusmedError
from engine.link.protocol import ClipDone, ClipStarted
from engine.plan.clock import clip_start
from engine.plan.spec import ClipSpec

CODE_FRAMES = frames_of(0.1)
"""How far off the spec a clip may begin: MusicGen's begin with a code frame, 1/50 s."""
BEAT_FRAMES = frames_of(2.0)
"""And a splice, which begins with the first beat at or after its spec's start: the slowest beat is
1.07 s (56 BPM)."""
MARGIN_SECONDS = 2.0
"""How far outside a clip what is said of its moments may lie."""
MOST_CONSTANT = 0.02
"""Of full scale, in the mean of a second or more of sound. Finishing leaves next to nothing under
30 Hz (0.0001 in a rendering). Nobody hears what stands still, but a loudspeaker is held out by it;
rise guard and limiter go by what is heard and by peaks, and let it pass."""
FURTHEST = 1e8
"""No second, speed or loudness is further from 0: a speed is at most a clip in a microsecond."""


class ClipRefusedError(MusmedError):
    """A clip is not what was asked for; the sentence says in what."""

    def __init__(self, spec: ClipSpec, what: str) -> None:
        super().__init__(f"Clip {spec.index + 1} is not what was asked for: {what}.")


@dataclass(slots=True)
class Asked:
    """A clip as it was asked for."""

    spec: ClipSpec
    composer: str = ""
    """Who is to compose it, '' where that is not known."""
    version: int = 0
    codec: Coding = LOSSLESS
    """Of its chunks."""
    keep_until: int | None = None
    """Session frame up to which it is wanted, once it was cancelled."""
    summed: NDArray[np.float64] = field(default_factory=lambda: np.zeros(CHANNELS))
    """Of each channel, the samples that came since its mean was last looked at; ``counted``: how
    many."""
    counted: int = 0


def check_start(asked: Asked, told: ClipStarted) -> None:
    """Where it begins, how long it is, where its bars and phrases are."""
    spec = asked.spec
    wanted, end = frames_of(spec.start), frames_of(spec.end)
    late = BEAT_FRAMES if spec.start != clip_start(spec.index) else CODE_FRAMES
    if not wanted <= told.start <= wanted + late:
        off = (told.start - wanted) / SAMPLE_RATE
        raise ClipRefusedError(spec, f"it begins {off:+.2f} s from where it should")
    if told.frames != end - told.start:
        lasts, should = told.frames / SAMPLE_RATE, (end - told.start) / SAMPLE_RATE
        raise ClipRefusedError(spec, f"it lasts {lasts:.2f} s instead of {should:.2f} s")
    _check_times(asked, "bars", told.marks.bars, told.start, end)
    _check_times(asked, "phrases", told.marks.phrases, told.start, end)


def check_chunk(asked: Asked, audio: Frames) -> None:
    """``audio``: (n, 2), the clip's next; every sample a number, and no constant in them."""
    if not np.isfinite(audio).all():
        raise ClipRefusedError(asked.spec, "some of its samples are no numbers")
    asked.summed += np.ones(len(audio), np.float32) @ audio
    asked.counted += len(audio)
    if asked.counted >= SAMPLE_RATE:
        constant = float(np.abs(asked.summed).max()) / asked.counted
        asked.summed[:], asked.counted = 0.0, 0
        if constant > MOST_CONSTANT:
            raise ClipRefusedError(asked.spec, f"its sound has a constant part of {constant:.2f}")


def check_end(asked: Asked, told: ClipDone, continuation: bytes, start: int, reach: int) -> None:
    """Its end and its record, when it has come from session frame ``start`` to ``reach``. That it
    is whole where it is not cut, the inbox knows."""
    spec, record = asked.spec, told.record
    if told.cut and (asked.keep_until is None or reach < _kept(asked)):
        raise ClipRefusedError(spec, f"it ends after {(reach - start) / SAMPLE_RATE:.2f} s")
    odd = _odd_figure(msgspec.to_builtins(record))
    if odd:
        raise ClipRefusedError(spec, f"its record has a figure that is no number ({odd})")
    if record.speed <= 0.0 or record.seconds < 0.0 or record.handovers or record.earlier:
        raise ClipRefusedError(spec, "its record says what can't be")
    if asked.composer and (record.composer, record.version) != (asked.composer, asked.version):
        raise ClipRefusedError(spec, f"it is by {record.composer!r}, version {record.version}")
    if record.codec != codec_of(asked.codec):
        raise ClipRefusedError(spec, f"it says that it came as {record.codec}")
    end = frames_of(spec.end)  # of a clip that is cut more was composed than came
    _check_times(asked, "readings", [r.start for r in record.readings], start, end)
    _check_times(asked, "readings", [r.end for r in record.readings], start, end)
    _check_times(asked, "bars", [bar.start for bar in record.bars], start, end)
    _check_continuation(asked, told, continuation)


def _kept(asked: Asked) -> int:
    return min(asked.keep_until or 0, frames_of(asked.spec.end))


def _check_continuation(asked: Asked, told: ClipDone, continuation: bytes) -> None:
    try:
        unpacked = Continuation.unpack(continuation)
    except MusmedError as error:
        raise ClipRefusedError(asked.spec, "nothing can go on from it") from error
    record = told.record
    if (unpacked.composer, unpacked.version) != (record.composer, record.version):
        raise ClipRefusedError(asked.spec, "what goes on from it is another composer's")


def _check_times(asked: Asked, what: str, times: Sequence[float], start: int, end: int) -> None:
    """Session seconds, ascending, in the clip or nearly so."""
    first, last = seconds_of(start) - MARGIN_SECONDS, seconds_of(end) + MARGIN_SECONDS
    inside = all(first <= time <= last for time in times)  # false for what is no number
    if not inside or any(b < a for a, b in pairwise(times)):
        raise ClipRefusedError(asked.spec, f"its {what} are not where it is")


def _odd_figure(value: object, name: str = "") -> str:
    """The name of the first figure in ``value`` that is no finite number, or no such figure can be,
    else ''."""
    if isinstance(value, float):
        return "" if math.isfinite(value) and abs(value) <= FURTHEST else name
    if isinstance(value, dict):
        found = (_odd_figure(inner, str(key)) for key, inner in value.items())
    elif isinstance(value, list | tuple):
        found = (_odd_figure(inner, name) for inner in value)
    else:
        return ""
    return next((odd for odd in found if odd), "")
