"""Measure the comfort of whole sessions: ``python tests/bench/comfort.py`` prints a table.

Ten sessions of 15 minutes across the circle are rendered as ``musmed render`` does, and the FLAC
is measured with libebur128 (and pyloudnorm for integrated loudness): meters that share nothing
with the ones that set the levels. ``--sessions 2 --minutes 5`` is a shorter look; ``--sounds
FOLDER`` takes what lies there and measures its momentary rise alone. Exit code 1 when a law is
broken.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyebur128
import pyloudnorm
import soundfile

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)

from engine.affect.feelings import parse_affect  # noqa: E402
from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames, frames_of  # noqa: E402
from engine.errors import MusmedError  # noqa: E402
from engine.plan.request import Request  # noqa: E402
from engine.plan.spec import Tags  # noqa: E402
from engine.playback.placement import JoinRecord  # noqa: E402
from engine.playback.sinks.file import FileSink  # noqa: E402
from engine.session.kept_clips import FinishedClip  # noqa: E402
from engine.session.library.library import Library  # noqa: E402
from engine.session.preparation import prepare  # noqa: E402
from tests.bench.machine import processor  # noqa: E402

TEMPERATURE = 0.5
SESSIONS: tuple[tuple[str, str, str | None, str | None, int], ...] = (
    ("tense", "calm", None, None, 1),
    ("sad", "happy", None, None, 2),
    ("angry", "serene", "piano", None, 3),
    ("tired", "excited", None, "electronic", 4),
    ("excited", "sleepy", None, None, 5),
    ("afraid", "relaxed", "guitar", "folk", 6),
    ("depressed", "content", "flute", None, 7),
    ("bored", "glad", None, "rock", 8),
    ("calm", "calm", "harp", "ambient", 9),
    ("astonished", "droopy", "strings", "orchestral", 10),
)
"""Start, target, pinned instrument, pinned genre, seed."""

SESSION_LUFS, SESSION_LU = -23.0, 1.0
CLIP_LU = 4.0
RISE_LU = 2.05
"""The law's 2 LU per second, and what two meters may differ by."""
MOMENTARY_LU = 5.0
"""A rise of the momentary loudness (400 ms) within a second."""
QUIETEST = -70.0
"""LUFS: momentary loudness under this is silence."""
PEAK_DBTP = -1.0
SILENCE_SECONDS = 1.5
SILENCE = 10 ** (-60 / 20)
LEVEL_DB = 0.5
CORRELATION = 0.999
ENDS_SECONDS = 5.0
NEAR = frames_of(0.05)


class Measured(msgspec.Struct, frozen=True):
    """What a session was like. Loudness in LUFS, ``rise`` (3 s) and ``momentary`` (400 ms) in LU
    per second, ``peak`` in dBTP, ``silence`` in seconds, ``clips`` the quietest and the loudest
    clip, ``step`` the largest sample step near a join over the largest in its two clips, ``level``
    the largest level error of a join in dB, ``correlation`` the smallest of a join without
    drift."""

    name: str
    loudness: float
    second_meter: float
    rise: float
    momentary: float
    peak: float
    silence: float
    clips: tuple[float, float]
    step: float
    level: float
    correlation: float
    drifts: int

    def broken(self) -> list[str]:
        """The laws that this session breaks."""
        low, high = self.clips
        laws = {
            "loudness": abs(self.loudness - SESSION_LUFS) <= SESSION_LU,
            "second meter": abs(self.second_meter - SESSION_LUFS) <= SESSION_LU,
            "rise": self.rise <= RISE_LU,
            "momentary rise": self.momentary <= MOMENTARY_LU,
            "peak": self.peak <= PEAK_DBTP,
            "silence": self.silence <= SILENCE_SECONDS,
            "clips": low >= SESSION_LUFS - CLIP_LU and high <= SESSION_LUFS + CLIP_LU,
            "step": self.step <= 1.0,
            "level": self.level <= LEVEL_DB,
            "correlation": self.correlation >= CORRELATION,
        }
        return [law for law, kept in laws.items() if not kept]


def request(which: int, minutes: float) -> Request:
    start, target, instrument, genre, seed = SESSIONS[which]
    return Request(
        start=parse_affect(start)[0],
        target=parse_affect(target)[0],
        start_word=start,
        target_word=target,
        minutes=minutes,
        instrument=instrument,
        genre=genre,
        temperature=TEMPERATURE,
        seed=seed,
        composer="embedded",
    )


def name_of(which: int) -> str:
    start, target, instrument, genre, _ = SESSIONS[which]
    pinned = " ".join(word for word in (instrument, genre) if word)
    return f"{start} to {target}" + (f", {pinned}" if pinned else "")


def measure(which: int, minutes: float) -> Measured:
    """Render a session and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        library = Library(place / "library")
        sink = FileSink(place / "session.flac")
        runner = prepare(
            request(which, minutes), library=library, sink=sink, log_file=place / "log"
        )
        runner.start()
        runner.wait()
        failure = runner.status().failure
        runner.close()
        clips, joins = runner.finished_clips(), runner.joins()
        kept = library.clip_folder(runner.session)
        library.close()
        if failure is not None:
            raise MusmedError(failure)
        return _measured(name_of(which), read(place / "session.flac"), kept, clips, joins)


def read(path: Path) -> Frames:
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate != SAMPLE_RATE:
        raise ValueError(f"{path} is at {rate} Hz")
    return np.asarray(audio)


def _measured(
    name: str,
    audio: Frames,
    kept: Path,
    clips: Sequence[FinishedClip],
    joins: Sequence[JoinRecord],
) -> Measured:
    heard = {clip.spec.index: clip for clip in clips}
    sounds = {index: read(kept / f"{index:04d}-0.flac") for index in heard}
    loudness = [integrated(sound) for sound in sounds.values()]
    steps, levels, correlations = [0.0], [0.0], [1.0]
    for join in joins:
        before, after = heard[join.index - 1], heard[join.index]
        old, new = sounds[join.index - 1], sounds[join.index]
        end = before.start + before.frames
        tail, head = old[join.frame - before.start :], new[join.frame - after.start - join.lag :]
        head = head[: len(tail)]
        near = (audio[at - NEAR : at + NEAR] for at in (join.frame, end))
        interior = max(largest_step(old), largest_step(new))
        steps.append(max(map(largest_step, near)) / interior)
        levels.append(abs(level_error(audio[join.frame : end], tail, head, join.correlation)))
        if _ensemble(before.spec.tags) == _ensemble(after.spec.tags):
            correlations.append(join.correlation)
    return Measured(
        name=name,
        loudness=integrated(audio),
        second_meter=float(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(audio)),
        rise=largest_rise(short_term(audio)),
        momentary=largest_rise(momentary(audio)),
        peak=true_peak(audio),
        silence=longest_silence(audio),
        clips=(min(loudness), max(loudness)),
        step=max(steps),
        level=max(levels),
        correlation=min(correlations),
        drifts=len(joins) - len(correlations) + 1,
    )


def _ensemble(tags: Tags) -> tuple[str, str]:
    return tags.instrument, tags.genre


def integrated(audio: Frames) -> float:
    """Integrated loudness in LUFS by libebur128."""
    state = pyebur128.R128State(CHANNELS, SAMPLE_RATE, pyebur128.MeasurementMode.MODE_I)
    state.add_frames(audio.reshape(-1), len(audio))
    return float(pyebur128.get_loudness_global(state))


def short_term(audio: Frames) -> np.ndarray:
    """Short-term (3 s) loudness at the end of every 100 ms by libebur128."""
    state = pyebur128.R128State(CHANNELS, SAMPLE_RATE, pyebur128.MeasurementMode.MODE_S)
    values = []
    for start in range(0, len(audio) - BLOCK_FRAMES + 1, BLOCK_FRAMES):
        state.add_frames(audio[start : start + BLOCK_FRAMES].reshape(-1), BLOCK_FRAMES)
        values.append(pyebur128.get_loudness_shortterm(state))
    return np.asarray(values)


def momentary(audio: Frames) -> np.ndarray:
    """Momentary (400 ms) loudness at the end of every 100 ms by libebur128, at least
    ``QUIETEST``."""
    state = pyebur128.R128State(CHANNELS, SAMPLE_RATE, pyebur128.MeasurementMode.MODE_M)
    values = []
    for start in range(0, len(audio) - BLOCK_FRAMES + 1, BLOCK_FRAMES):
        state.add_frames(audio[start : start + BLOCK_FRAMES].reshape(-1), BLOCK_FRAMES)
        values.append(pyebur128.get_loudness_momentary(state))
    return np.asarray(np.maximum(values, QUIETEST))


def largest_rise(values: np.ndarray) -> float:
    """The largest rise within any second, LU, of windows that end outside the first and last
    5 s."""
    ends = round(ENDS_SECONDS * 10)
    inner = values[ends:-ends]
    return max(float((inner[k:] - inner[:-k]).max()) for k in range(1, 11))


def true_peak(audio: Frames) -> float:
    """True peak in dBTP by libebur128."""
    state = pyebur128.R128State(CHANNELS, SAMPLE_RATE, pyebur128.MeasurementMode.MODE_TRUE_PEAK)
    state.add_frames(audio.reshape(-1), len(audio))
    peak = max(pyebur128.get_true_peak(state, channel) for channel in range(CHANNELS))
    return float(20 * np.log10(max(peak, 1e-9)))


def longest_silence(audio: Frames) -> float:
    """Seconds of the longest stretch below -60 dBFS."""
    loud = np.flatnonzero(np.abs(audio).max(axis=1) >= SILENCE)
    edges = np.concatenate(([-1], loud, [len(audio)]))
    return float(np.diff(edges).max() - 1) / SAMPLE_RATE


def largest_step(audio: Frames) -> float:
    return float(np.abs(np.diff(audio, axis=0)).max(initial=0.0))


def level_error(joined: Frames, tail: Frames, head: Frames, correlation: float) -> float:
    """dB by which a join's level differs from what its two clips lead one to expect: their powers
    moment by moment (100 ms; music swells within a join), weighed by the law's gains a = 1 - t
    and b = t and the correlation."""
    p, q = powers(tail), powers(head)
    b = (np.arange(len(p)) + 0.5) / len(p)
    a, r = 1 - b, max(0.0, correlation)
    weight = a**2 + b**2 + 2 * r * a * b
    expected = np.mean((a**2 * p + b**2 * q + 2 * r * a * b * np.sqrt(p * q)) / weight)
    return float(10 * np.log10(np.mean(powers(joined)) / expected))


def powers(audio: Frames) -> np.ndarray:
    """Mean power of every whole 100 ms."""
    whole = len(audio) // BLOCK_FRAMES * BLOCK_FRAMES
    blocks = audio[:whole].astype(np.float64).reshape(-1, BLOCK_FRAMES * CHANNELS)
    return np.asarray(np.mean(blocks**2, axis=1))


def row(m: Measured) -> str:
    cells = (
        m.name,
        f"{m.loudness:.2f} ({m.second_meter:.2f})",
        f"{m.rise:.2f}",
        f"{m.momentary:.2f}",
        f"{m.peak:.2f}",
        f"{m.silence:.2f}",
        f"{m.clips[0]:.1f} to {m.clips[1]:.1f}",
        f"{m.step:.2f}",
        f"{m.level:.2f}",
        f"{m.correlation:.6f} ({m.drifts})",
        ", ".join(m.broken()) or "kept",
    )
    return f"| {' | '.join(cells)} |"


def of_sounds(folder: Path) -> int:
    """The momentary rise of every FLAC file there."""
    print("| sound | momentary rise, LU in 1 s |\n|---|---|")
    found = {path.stem: largest_rise(momentary(read(path))) for path in folder.glob("*.flac")}
    for name, rise in sorted(found.items()):
        print(f"| {name} | {rise:.1f} |")
    kept = sum(rise <= MOMENTARY_LU for rise in found.values())
    print(f"\n{kept} of {len(found)} rise by at most {MOMENTARY_LU:g} LU.")
    return int(kept < len(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=len(SESSIONS), help="the first so many")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--sounds", type=Path, help="a folder of FLAC files")
    asked = parser.parse_args()
    if asked.sounds is not None:
        return of_sounds(asked.sounds)
    print(f"{time.strftime('%Y-%m-%d')}, {processor()}, {os.cpu_count()} cores, Python", end=" ")
    print(f"{platform.python_version()}, numpy {np.__version__}; {asked.minutes:g} minutes each\n")
    print("| session | LUFS (pyloudnorm) | rise LU/s | momentary | dBTP | silence s |", end=" ")
    print("clips LUFS | join step | join level dB | correlation (drifts) | laws |")
    print("|---" * 11 + "|")
    broken = False
    for which in range(min(asked.sessions, len(SESSIONS))):
        measured = measure(which, asked.minutes)
        broken = broken or bool(measured.broken())
        print(row(measured), flush=True)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
