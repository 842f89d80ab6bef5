"""The rise guard: whatever arrives, the stream's loudness rises slowly. numpy only.

The law, of what leaves, looked at every hundredth of a second (a *step*) in K-weighted energies
(ITU-R BS.1770-4):

- *short-term* loudness (3 s) is at most 2 LU above what it was at any moment of the last second;
- *momentary* loudness (400 ms) is at most 5 LU above the loudest momentary loudness of the windows
  that lie within the last 4 s and end a second ago or earlier. The loudest, not the one of just a
  second ago: music breathes, and the chord after a rest of half a second is no rise. (Counted from
  a second ago, a guitar rises by 16 LU and every session breaks the law; counted so, no session
  was seen over 4.7: docs/playback.md.)
- so that the first tenth of a second can't use up what 400 ms may have, a tenth may be at most 9 LU
  above the same (in sessions: at most 7.3).

Each is counted from -38 LUFS where that is louder: music may begin after silence, and what is
softer startles nobody. A stream that is new counts as preceded by the loudest that music is asked
to be, since the session's own fade lies over its beginning (``playback.joiner``).

While the law is kept the guard does nothing: the very array that came leaves. Where it would be
broken, now or however softly it went on, the sound is turned down from the first step that is too
loud, to the level at which it could go on for a second and keep the law, and opens again as the law
allows. *However softly*: a block leaves only if the law could be kept by silence behind it, which
is the least that can follow. What was loud 4 s ago is forgotten while what has just come is still
heard; and a low tone that is cut off is a click. What keeps the law all along passes this too, but
for tones too low to be heard: after silence 12 Hz and less at a fifth of full scale and more are
turned down, since cutting them off would be louder than they are. There is no look-ahead past
the block of 0.1 s, so no latency; the gain is down when the onset comes, unless that is the very
first step of a block: then it comes down with it.

*No hole behind an onset*: a block leaves as it is only if the sound could also go on behind it for
3 s and keep the law, turned down by 4 dB at most. Else a steady sound a little louder than the law
lets it be would use up the law at gain 1 and be allowed next to nothing until the reference has
risen too. A lawful sound after silence that would have stopped just in time is turned down for
that.

What the guard does next hangs on the 4 s that left last and on its gain. A guard that has heard
(``hear``) the 4 s before some block, in which it did nothing, and then everything from there on, is
where one is that never stopped: what a block weighs hangs on itself and the one before it alone.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.audio.biquads import Laid
from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE, Frames, frames_of
from engine.audio.k_weighting import (
    ECHO_STEPS,
    STEP_FRAMES,
    STEPS,
    energy_of,
    k_weighting,
    nothing_before,
    step_energies,
)
from engine.audio.limiter import RELEASE_DB_PER_SECOND

Doubles = NDArray[np.float64]

FLOOR_LUFS = -38.0
SHORT_TERM_LU = 2.0
MOMENTARY_LU = 5.0
ONSET_LU = 9.0
FRESH_LUFS = -19.0
"""What is taken to have been heard before the first block: the loudest level that is ever planned
(4 LU over the session's -23)."""
MEMORY_FRAMES = frames_of(4.0)
"""The law looks no farther back."""

_SECOND = SAMPLE_RATE // STEP_FRAMES
_SHORT_TERM, _MOMENTARY, _ONSET = 3 * _SECOND, 2 * _SECOND // 5, _SECOND // 10
_MEMORY = MEMORY_FRAMES // STEP_FRAMES
_KEPT = _MEMORY + 4 * _SECOND
"""Steps remembered: with those that may turn out not to have been heard (``forget``)."""
_FLOOR = energy_of(FLOOR_LUFS)
_MARGIN = 10.0 ** (-0.1 / 10.0)
"""Kept from the law wherever the guard acts at all: what it foresees is not quite what comes."""
_RISES = tuple(10.0 ** (rise / 10.0) for rise in (SHORT_TERM_LU, MOMENTARY_LU, ONSET_LU))
_ROUNDING = 1.0 + 1e-9
_DEEPEST = 10.0 ** (-60.0 / 20.0)
"""A gain never closes altogether: it could not open again."""
_RELEASE = 10.0 ** (RELEASE_DB_PER_SECOND * BLOCK_FRAMES / SAMPLE_RATE / 20.0)
_ATTACK, _AT_ONCE = STEP_FRAMES, 1
"""Frames in which it closes."""
_HARD = 10.0 ** (-6.0 / 20.0)
"""By more than this it closes at once where the onset is a block's very beginning: what is heard of
the step in the gain is the onset."""
_LARGEST_SAMPLE = 1e6
"""What is larger is clipped: no energy overflows."""
_USUAL_MEMORY = 100.0
"""Music leaves less in the filter's memory; what leaves more, or no number, may be too large."""
_TRIES = 16
_LATER = 10.0 ** (-4.0 / 10.0)
"""By how much, as a ratio of energies, what passes may have to be turned down later."""
_COARSE = STEPS
"""Steps between those that are looked at over the next 3 s."""
_FURTHER = _MOMENTARY - ECHO_STEPS
"""Steps of silence behind the echo in which what leaves now is still in a window."""


class RiseGuard:
    """Turns down what would be too sudden; everything else leaves as it came, bit for bit.

    Works on blocks of ``BLOCK_FRAMES`` counted from the first frame pushed, so that the output does
    not depend on how the input is cut: a block leaves when all of it is here. Samples that are not
    finite are silenced.
    """

    def __init__(self) -> None:
        self._pending = np.zeros((0, CHANNELS), np.float32)
        self._past = np.full(_KEPT, energy_of(FRESH_LUFS))
        self._came = self._left = nothing_before()
        """The filter's memory of the last block that came in and of the last that left."""
        self._gain = 1.0

    @property
    def gain(self) -> float:
        """Linear, at the end of the last block that left: 1 where nothing is done."""
        return self._gain

    def push(self, audio: Frames) -> Frames:
        """Further frames, shape (n, 2); gives those that are ready (whole blocks)."""
        if len(self._pending) or len(audio) % BLOCK_FRAMES:
            audio = np.concatenate((self._pending, audio))
            whole = len(audio) // BLOCK_FRAMES * BLOCK_FRAMES
            audio, self._pending = audio[:whole], audio[whole:]
        return self._pass(audio)

    def flush(self) -> Frames:
        """What is still inside, as if silence followed."""
        count = len(self._pending)
        silence = np.zeros((-count % BLOCK_FRAMES, CHANNELS), np.float32)
        return self.push(silence)[:count]

    def hear(self, block: Frames) -> None:
        """Take note of a whole block that was heard as it is, without passing it on."""
        laid = k_weighting().lay(block)
        self._remember(step_energies(laid, self._came[None]))
        self._came = self._left = laid.ends[0]

    def forget(self, frames: int) -> None:
        """The last ``frames`` frames that left were not heard, and something else comes."""
        count = min(-(-frames // STEP_FRAMES), _KEPT)
        fresh = np.full(count, energy_of(FRESH_LUFS))
        self._past = np.concatenate((fresh, self._past[: _KEPT - count]))
        self._came = self._left = nothing_before()
        self._gain = 1.0

    def _pass(self, blocks: Frames) -> Frames:
        out: list[Frames] = []
        while len(blocks):
            with np.errstate(invalid="ignore", over="ignore"):
                laid = k_weighting().lay(blocks)
            if not np.abs(laid.ends).max() <= _USUAL_MEMORY:
                blocks = np.nan_to_num(blocks, nan=0.0, posinf=0.0, neginf=0.0)
                blocks = np.clip(blocks, -_LARGEST_SAMPLE, _LARGEST_SAMPLE)
                laid = k_weighting().lay(blocks)
            kept = self._as_they_are(laid) * BLOCK_FRAMES
            if kept == len(blocks) and not out:
                return blocks
            out.append(blocks[:kept])
            if kept < len(blocks):
                out.append(self._turned_down(blocks[kept : kept + BLOCK_FRAMES]))
            blocks = blocks[kept + BLOCK_FRAMES :]
        return np.concatenate(out) if out else blocks

    def _as_they_are(self, laid: Laid) -> int:
        """How many of these blocks, from the first on, may leave as they are: so they do."""
        if self._gain != 1.0:
            return 0
        leaving = step_energies(laid, np.concatenate((self._left[None], laid.ends[:-1])))
        kept = _lawful_ones(self._past[-_MEMORY:], leaving)
        if kept:
            self._remember(leaving[:kept])
            self._came = self._left = laid.ends[kept - 1]
        return kept

    def _turned_down(self, block: Frames) -> Frames:
        came = k_weighting().lay(block)
        coming = step_energies(came, self._came[None])[0]
        past = self._past[-_MEMORY:]
        onset, gain = _wanted(past, coming[:STEPS], self._gain)
        for attempt in range(_TRIES):
            if attempt > 1:
                gain = max(0.8 * gain, _DEEPEST) if attempt < _TRIES - 1 else _DEEPEST
            if attempt > _TRIES // 4:
                onset = 0
            gains = _course(self._gain, gain, onset, quicker=attempt > 0)
            out = (block * gains[:, None]).astype(np.float32)
            left = k_weighting().lay(out)
            leaving = step_energies(left, self._left[None])
            if _within(_totals(_lines(past, leaving)))[0]:
                break
        self._gain = gain
        self._remember(leaving)
        self._came, self._left = came.ends[0], left.ends[0]
        return out

    def _remember(self, energies: Doubles) -> None:
        left = energies[:, :STEPS].ravel()
        self._past = np.concatenate((self._past, left))[-_KEPT:]


def _totals(energies: Doubles) -> Doubles:
    """Running sums along the last axis, from 0 on."""
    totals = np.zeros((*energies.shape[:-1], energies.shape[-1] + 1))
    np.cumsum(energies, axis=-1, out=totals[..., 1:])
    return totals


def _sums(totals: Doubles, window: int) -> Doubles:
    """Sums over ``window`` steps; the first one ends at step ``window - 1``."""
    return np.asarray(totals[..., window:] - totals[..., :-window])


def _least(values: Doubles, width: int) -> Doubles:
    """The least of every ``width`` neighbouring values, of at most ``width`` such windows."""
    count = values.shape[-1] - width + 1
    before = np.minimum.accumulate(values[..., count - 1 :: -1], axis=-1)[..., ::-1]
    behind = np.minimum.accumulate(values[..., width - 1 :], axis=-1)
    between = values[..., count - 1 : width].min(axis=-1, keepdims=True)
    return np.asarray(np.minimum(np.minimum(before, behind), between))


def _louder(totals: Doubles, count: int) -> Doubles:
    """Sums over 40 steps, what momentary loudness may be counted from, for ``count`` steps (100 at
    most) behind the 400 of which ``totals`` are the running sums: of the windows within the last
    4 s, those that end a second ago or earlier. Those lie in the 400 wholly."""
    sums = _sums(totals[..., : _MEMORY + 1], _MOMENTARY)
    width = _MEMORY - _MOMENTARY - _SECOND + 1
    loudest = -_least(-sums[..., 1 : count + width], width)
    return np.asarray(np.maximum(loudest, _MOMENTARY * _FLOOR))


def _lines(past: Doubles, leaving: Doubles) -> Doubles:
    """For each block of ``leaving`` (n, 15), energies of its steps and its echo: those of the 400
    steps before it (``past``, of the first), its own, and as many of silence as those are still in
    a window for. Shape (n, 450)."""
    heard = np.concatenate((past, leaving[:-1, :STEPS].ravel()))
    lines = np.zeros((len(leaving), _MEMORY + STEPS + ECHO_STEPS + _FURTHER))
    for at, line in enumerate(lines):
        line[:_MEMORY] = heard[at * STEPS :][:_MEMORY]
    lines[:, _MEMORY:-_FURTHER] = leaving
    return lines


def _within(totals: Doubles) -> NDArray[np.bool_]:
    """Whether the law is kept at each step of a block, of its echo and of the silence behind it:
    of each of the ``_lines`` whose running sums these are."""
    count = STEPS + ECHO_STEPS + _FURTHER
    short, momentary, onset = (rise * _ROUNDING for rise in _RISES)
    louder = _louder(totals, count)
    recent = _sums(totals[:, -count - _SECOND - _SHORT_TERM :], _SHORT_TERM)
    softer = np.maximum(_least(recent[:, :-1], _SECOND), _SHORT_TERM * _FLOOR)
    kept = _sums(totals[:, -count - _MOMENTARY :], _MOMENTARY) <= momentary * louder
    kept &= _sums(totals[:, -count - _ONSET :], _ONSET) <= onset * louder * (_ONSET / _MOMENTARY)
    kept &= recent[:, _SECOND:] <= short * softer
    return np.asarray(kept.all(axis=1))


def _lawful_ones(past: Doubles, leaving: Doubles) -> int:
    """How many blocks of ``leaving``, from the first on, keep the law and can go on. ``past``: the
    400 steps before the first."""
    lines = _lines(past, leaving)
    totals = _totals(lines)
    good = _within(totals)
    heard = totals[:, STEPS : _MEMORY + STEPS + 1]  # the 4 s up to each block's end
    easy = good & _goes_on_easily(heard)
    for at in np.flatnonzero(~easy):
        if not (good[at] and _can_go_on(lines[at, STEPS : _MEMORY + STEPS])):
            return int(at)
    return len(leaving)


def _goes_on_easily(totals: Doubles) -> NDArray[np.bool_]:
    """Where ``_can_go_on`` says so for a simple reason: in music, where the last second alone is
    enough to count the two that follow from. ``totals``: the running sums of its lines."""
    known = _sums(totals[:, -_SECOND - _SHORT_TERM - 1 :], _SHORT_TERM)
    least = known.min(axis=1)
    level = np.minimum(
        (totals[:, -1] - totals[:, -1 - STEPS]) / STEPS,
        (totals[:, -1] - totals[:, -1 - _SECOND]) / _SECOND,
    )
    lasts = known[:, -1] + _SECOND * _LATER * level <= _RISES[0] * _MARGIN * least
    return np.asarray(lasts & (least > _SHORT_TERM * _FLOOR))


def _can_go_on(line: Doubles) -> bool:
    """Whether what leaves could go on behind a block for 3 s, turned down by 4 dB at most.
    ``line``: weighted energies of steps of 10 ms, of the 4 s that have left then.

    After silence that is by both windows, at the block's level. In music it is by short-term
    loudness alone, at the block's level or that of the last second, whichever is softer: a chord
    does not go on, and what may follow a rest is counted from what was before the rest.
    """
    level = float(line[-STEPS:].mean())
    known = _sums(_totals(line), _SHORT_TERM)[-_SECOND - 1 :]
    least, floor = float(known.min()), _SHORT_TERM * _FLOOR
    if least <= floor and float(line[_SECOND:-_SECOND].max()) <= _FLOOR:
        if level <= _FLOOR:
            return True
        if _largest(line, np.ones(0), level) ** 2 < _LATER:
            return False
        return _lasting(line, level) >= _LATER
    level = min(level, float(line[-_SECOND:].mean()))
    if float(known[-1]) + _SECOND * _LATER * level <= _RISES[0] * _MARGIN * max(least, floor):
        return True
    return _lasting(line, level) >= _LATER


def _lasting(past: Doubles, level: float) -> float:
    """The largest ratio of energies at which steps of the energy ``level`` (over 0), behind the
    steps ``past`` (4 s), keep the law of short-term loudness for 3 s, when it is counted from what
    is still to come, too. Looked at every tenth of a second."""
    rise, width = _RISES[0] * _MARGIN, _SECOND // _COARSE
    known = _sums(_totals(past), _SHORT_TERM)[-_SECOND - 1 :: _COARSE]
    still = np.cumsum(past[-_SHORT_TERM:][::-1])[::-1][_COARSE::_COARSE]
    # of the past, and of what is to come, what is in the windows that end then
    old = np.concatenate((known, still, np.zeros(1)))
    new = level * _COARSE * np.maximum(np.arange(len(old)) - (len(known) - 1.0), 0.0)
    ahead = slice(len(known), None)
    from_floor = (rise * _SHORT_TERM * _FLOOR - old[ahead]) / new[ahead]
    room = rise * sliding_window_view(old[:-1], width)[1:] - old[ahead, None]
    more = new[ahead, None] - rise * sliding_window_view(new[:-1], width)[1:]
    from_there = np.full(room.shape, np.inf)
    np.divide(room, more, out=from_there, where=more > 0.0)
    return float(np.maximum(from_floor, from_there.min(axis=1)).min())


def _wanted(past: Doubles, coming: Doubles, gain: float) -> tuple[int, float]:
    """The step of the block from which on another gain than ``gain`` is wanted, and that gain.

    It opens over the whole block. It closes from the first step that is too loud to go on for a
    second.
    """
    opened = min(1.0, gain * _RELEASE)
    level = float(coming.mean())
    whole = _largest(past, coming, level)
    if whole >= gain:
        return 0, min(opened, whole)
    steady = _largest(past, np.ones(0), 1.0) ** 2  # the energy that could go on
    loud = np.flatnonzero(coming * gain * gain > steady)
    if not len(loud):
        return 0, whole
    first = int(loud[0])
    before = np.concatenate((past, gain * gain * coming[:first]))[-_MEMORY:]
    rest = coming[first:]
    return first, min(opened, _largest(before, rest, float(rest.mean())))


def _largest(past: Doubles, coming: Doubles, level: float) -> float:
    """The largest gain at which ``coming``, and then steps of the energy ``level``, keep the law
    for a second."""
    line = np.concatenate((coming, np.full(_SECOND - len(coming), level)))
    totals = _totals(past)
    silence = _totals(np.concatenate((past, np.zeros(_SECOND))))
    louder = _louder(totals, _SECOND)
    known = _sums(totals, _SHORT_TERM)[-_SECOND:]
    least = np.minimum.accumulate(known[::-1])[::-1]  # of what is known, at the step that comes
    softer = np.maximum(least, _SHORT_TERM * _FLOOR)
    bounds = (softer, louder, louder * (_ONSET / _MOMENTARY))
    square = np.inf
    for rise, bound, window in zip(_RISES, bounds, (_SHORT_TERM, _MOMENTARY, _ONSET), strict=True):
        old = _sums(silence, window)[-_SECOND:]
        new = _sums(_totals(np.concatenate((np.zeros(window), line))), window)[-_SECOND:]
        room = np.maximum(rise * _MARGIN * bound - old, 0.0)
        heard = new > 0.0
        if heard.any():
            square = min(square, float((room[heard] / new[heard]).min()))
    return max(_DEEPEST, float(np.sqrt(square)))


def _course(start: float, end: float, onset: int, *, quicker: bool) -> Doubles:
    """Gains of a block's frames from ``start`` to ``end``: opening over all of it, closing before
    step ``onset``, or right away where that is the first (``quicker``: what came while it closed
    was too much)."""
    if end >= start:
        return start + (end - start) * np.arange(1, BLOCK_FRAMES + 1) / BLOCK_FRAMES
    sudden = onset == 0 and (quicker or end < start * _HARD)
    length = _AT_ONCE if sudden else _ATTACK
    at = max(0, onset * STEP_FRAMES - length)
    ramp = start + (end - start) * np.arange(1, length + 1) / length
    return np.concatenate((np.full(at, start), ramp, np.full(BLOCK_FRAMES - at - length, end)))
