"""What is measured of a session that was rendered: the figures of its row (docs/study.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE
from engine.errors import MusmedError
from engine.evaluation.following import LEAST_WINDOWS, course_of
from engine.evaluation.judges.base import Judge, record_of
from engine.evaluation.path_following import Figures, figures
from engine.evaluation.results import CourseRecord
from engine.places import open_file
from engine.sidecar import SessionReport
from engine.study.figures import COMFORT, LOUDNESS, JudgedCourse, of_judge
from engine.study.study_file import Evaluate

SECOND = SAMPLE_RATE // BLOCK_FRAMES
"""Blocks in a second."""
SHORT_TERM, MOMENTARY = 3 * SECOND, 4
"""Blocks in the windows of EBU Tech 3341."""
READ_BLOCKS = 10 * SECOND
"""Blocks that are read at a time."""
ENDS = 5 * SECOND
"""Blocks at a session's ends, where it begins from silence and fades."""
QUIETEST = -70.0
"""LUFS: momentary loudness under this is silence."""
SILENCE = 10 ** (-60 / 20)
"""Of full scale: what no sample of a silence goes beyond."""


class Measured(NamedTuple):
    """``remarks``: in sentences, what was odd."""

    figures: dict[str, float | None]
    courses: tuple[JudgedCourse, ...]
    remarks: tuple[str, ...]


def measure(
    sound: Path,
    report: SessionReport,
    evaluate: Evaluate,
    judges: dict[str, Judge],
    look: Callable[[], None],
) -> Measured:
    """``judges``: opened, by their words. ``look`` is called often; what it raises ends it. Raises
    ``MusmedError`` for a sound that can't be heard."""
    found: dict[str, float | None] = {}
    courses: list[JudgedCourse] = []
    remarks: list[str] = []
    for word in evaluate.judges:
        judge = judges[word]
        judged = judge.judge(sound, lambda _done, _total: look())
        remarks += (remark.replace(str(sound), "The sound") for remark in judged.remarks)
        values: list[float | None] = [None] * len(Figures._fields)
        try:
            course = course_of("session", report, judged, scaled=judge.scaled)
        except MusmedError:
            remarks.append(
                f"{judge.name} heard fewer than {LEAST_WINDOWS} windows, too few to follow a path."
            )
        else:
            values = list(figures(course))
            record = CourseRecord(
                "",
                tuple(course.first + course.step * n for n in range(len(course.planned))),
                tuple((float(v), float(a)) for v, a in course.planned),
                tuple((_known(v), _known(a)) for v, a in course.measured),
            )
            courses.append(JudgedCourse(record_of(judge), judge.scaled, record))
        for axis in ("valence", "arousal"):
            heard = [value for w in judged.windows if (value := getattr(w, axis)) is not None]
            values.append(float(np.mean(heard)) if heard else None)
        found |= zip(of_judge(word), values, strict=True)
    if evaluate.loudness or evaluate.comfort:
        levels = _levels(sound, look)
        wanted = LOUDNESS * evaluate.loudness + COMFORT * evaluate.comfort
        found |= {name: levels[name] for name in wanted}
    return Measured(found, tuple(courses), tuple(dict.fromkeys(remarks)))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _levels(sound: Path, look: Callable[[], None]) -> dict[str, float | None]:
    """Loudness and comfort of a whole file, by libebur128."""
    import pyebur128 as meter

    mode = meter.MeasurementMode
    state = meter.R128State(
        CHANNELS, SAMPLE_RATE, mode.MODE_I | mode.MODE_LRA | mode.MODE_TRUE_PEAK
    )
    energies: list[float] = []
    longest = silent = 0
    for block in _blocks(sound):
        state.add_frames(block.reshape(-1), len(block))
        energies.append(10.0 ** (meter.get_loudness_window(state, 100) / 10.0))
        silent = silent + len(block) if float(np.max(np.abs(block))) <= SILENCE else 0
        longest = max(longest, silent)
        look()
    peak = max(meter.get_true_peak(state, channel) for channel in range(CHANNELS))
    return {
        "loudness": _finite(meter.get_loudness_global(state)),
        "loudness_range": _finite(meter.get_loudness_range(state)),
        "true_peak": _finite(20.0 * float(np.log10(peak)) if peak > 0.0 else -np.inf),
        "rise": _rise(energies, SHORT_TERM),
        "momentary_rise": _rise(energies, MOMENTARY),
        "silence": longest / SAMPLE_RATE,
    }


def _blocks(sound: Path) -> Iterator[np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    import soundfile

    try:
        with soundfile.SoundFile(sound) as file:
            # Much at a time: after each read soundfile seeks, which takes longer than a block.
            while len(much := file.read(READ_BLOCKS * BLOCK_FRAMES, "float32", always_2d=True)):
                for start in range(0, len(much), BLOCK_FRAMES):
                    yield much[start : start + BLOCK_FRAMES]
    except (soundfile.LibsndfileError, OSError) as error:
        raise MusmedError(f"{sound.name} can't be read again ({error}); render it anew.") from error


def _rise(energies: Sequence[float], window: int) -> float | None:
    """The largest rise within a second, in LU, of means over ``window`` blocks that end outside the
    first and the last ``ENDS``; None of a sound that is too short."""
    means = np.convolve(energies, np.ones(window), "valid") / window
    levels = 10.0 * np.log10(np.maximum(means, 10.0 ** (QUIETEST / 10.0)))
    levels = levels[max(0, ENDS - window + 1) : len(levels) - ENDS]
    if len(levels) <= SECOND:
        return None
    return float(max(np.max(levels[by:] - levels[:-by]) for by in range(1, SECOND + 1)))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def digest_of(sound: Path) -> str:
    """BLAKE2b of a file, 16 bytes in hex. Raises ``OSError``."""
    with open_file(sound) as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
    return digest.hexdigest()
