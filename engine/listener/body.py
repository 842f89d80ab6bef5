"""What follows from what the body says: nothing, a longer stay, or the offer of an ease.

Pure: samples and clocks come as arguments. Two clocks are meant. ``t`` is the sender's, by which
samples lie beside each other; ``now`` is the clock of the one who hears them, by which a signal is
known to have stopped. Arousal and loudness are never raised: where the way falls and the body does
not, the way may stay where it is for a while; more than that is only offered.

Every figure here is musmed's choice, made to act late and seldom; no trial stands behind it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Literal

import msgspec

from engine.affect.path import Path, arrival
from engine.listener.signal_lines import Sample
from engine.plan.body import Measure, Offer, Reason
from engine.plan.events import Dwell
from engine.plan.planner import LAST_CHANCE_SECONDS

USUAL_SECONDS = 120.0
"""What is usual is the median of the first two minutes of signal."""
SINCE_SECONDS = 60.0
"""So much signal behind that is heard before anything is done: what is now must not be part of
what is usual, and a body takes its time."""
WINDOW_SECONDS = 30.0
"""What is now is the median of so much."""
LEAST_WINDOW_SECONDS = 20.0
"""With less there is no now."""
LEAST_SAMPLES = 5
"""Nor with fewer samples: a line each five seconds is enough."""
STALE_SECONDS = 15.0
"""Without a sample for so long nothing is done, and what is now is heard anew."""
BETWEEN_SECONDS = 120.0
"""Session seconds between two acts, and from anything the listener has done to the next."""
DWELL_SECONDS = 30.0
"""How much longer the way stays where it is, for one act: a clip."""
MOST_DWELLS = 3
"""In a session."""
MOST_OFFERS = 3
"""In a session."""
SETTLES = 0.1
"""This share of the session stays for settling at the target: stays are taken from the rest."""
FALLS = 0.15
"""By so much the way's arousal has come down before a body is expected to have followed: what the
gentle speed goes in 45 s."""
FOLLOWED = {"heart": 1.0, "arousal": 0.05}
"""A body that is lower than usual by this has followed: a beat a minute, or so much arousal."""
RISEN = {"heart": 8.0, "arousal": 0.25}
"""One that is higher than usual by this, where the way is no higher, may want an ease."""
AHEAD_SECONDS = 10.0
"""The way falls if it is lower so far on."""
_LEVEL = 0.005
"""Less than that is no way."""
_MOST_NOW, _MOST_USUAL = 1_500, 6_000
"""Samples that are held at most: as many as can be read in that time."""

State = Literal["none", "learning", "heard", "lost"]
"""Of the signal: nothing yet, what is usual is being learned, that is known, it has stopped."""
Act = Dwell | Offer


class Here(msgspec.Struct, frozen=True):
    """Where the session is: ``heard`` session seconds; ``total`` its length; ``acted``: the second
    of the newest event, if there is one."""

    heard: float
    path: Path
    total: float
    acted: float | None = None

    @property
    def arousal(self) -> float:
        """The path's."""
        return self.path.at(self.heard).arousal


class Body:
    """What is known of one listener's body in one session."""

    def __init__(self) -> None:
        self._measure: Measure = "heart"
        self._last: float | None = None
        self._arrived: float | None = None
        self._window: deque[Sample] = deque(maxlen=_MOST_NOW)
        self._first: list[tuple[float, float]] = []
        self._covered = 0.0  # seconds of signal, without its gaps
        self._usual: tuple[float, float] | None = None
        self._acted: float | None = None
        self._dwells = self._offers = 0

    def hear(self, sample: Sample, now: float, here: Here) -> bool:
        """Take a sample that came at ``now``; whether it counts. One whose time is not after the
        last one's does not, nor one of another measure, until the signal has stopped."""
        fresh = self._arrived is None or now - self._arrived > STALE_SECONDS
        if fresh:
            self._last = None
            self._window.clear()
            if sample.measure != self._measure:
                self._forget(sample.measure)
        elif sample.measure != self._measure:
            return False
        step = 0.0 if self._last is None else sample.t - self._last
        if self._last is not None and step <= 0.0:
            return False
        if step > STALE_SECONDS:
            self._window.clear()
            step = 0.0
        self._last, self._arrived = sample.t, now
        self._window.append(sample)
        while sample.t - self._window[0].t > WINDOW_SECONDS:
            self._window.popleft()
        self._covered += step
        if self._usual is None:
            self._learn(sample.value, here.arousal)
        return True

    def state(self, now: float) -> State:
        """How the signal stands."""
        if self._arrived is None:
            return "none"
        if now - self._arrived > STALE_SECONDS:
            return "lost"
        return "learning" if self._usual is None else "heard"

    @property
    def usual(self) -> tuple[Measure, float] | None:
        """What is measured and what of it is usual; None until that is learned."""
        return None if self._usual is None else (self._measure, self._usual[0])

    def look(self, now: float, here: Here) -> Act | None:
        """What is to be done, or offered, while the music plays at ``here``."""
        value = self._now() if self.state(now) == "heard" else None
        if self._usual is None or value is None or self._too_soon(here):
            return None
        usual, began = self._usual
        why = Reason(self._measure, usual, value, began - here.arousal)
        if self._may_offer(why, here):
            self._offers += 1
            self._acted = here.heard
            return Offer(here.heard, why)
        if self._may_stay(why, here):
            self._dwells += 1
            self._acted = here.heard
            return Dwell(here.heard, DWELL_SECONDS, why)
        return None

    def _forget(self, measure: Measure) -> None:
        """What was usual was so of another measure."""
        self._measure, self._usual = measure, None
        self._first, self._covered = [], 0.0

    def _learn(self, value: float, arousal: float) -> None:
        if len(self._first) < _MOST_USUAL:
            self._first.append((value, arousal))
        if self._covered >= USUAL_SECONDS and len(self._first) >= LEAST_SAMPLES:
            mean = sum(one for _, one in self._first) / len(self._first)
            self._usual = _median(one for one, _ in self._first), mean
            self._first = []

    def _now(self) -> float | None:
        window = self._window
        if self._covered < USUAL_SECONDS + SINCE_SECONDS:
            return None
        if len(window) < LEAST_SAMPLES or window[-1].t - window[0].t < LEAST_WINDOW_SECONDS:
            return None
        return _median(one.value for one in window)

    def _too_soon(self, here: Here) -> bool:
        """After another act, or what the listener did; and where nothing can be changed."""
        acts = (self._acted, here.acted)
        near = any(at is not None and abs(here.heard - at) < BETWEEN_SECONDS for at in acts)
        return near or here.heard > here.total - 2 * LAST_CHANCE_SECONDS

    def _may_offer(self, why: Reason, here: Here) -> bool:
        """The body is clearly higher than usual, and the way does not ask for that."""
        ahead = here.path.at(here.heard + WINDOW_SECONDS).arousal
        rises = why.fell < -_LEVEL or ahead > here.arousal + _LEVEL
        risen = why.now - why.usual >= RISEN[why.measure]
        return risen and not rises and self._offers < MOST_OFFERS

    def _may_stay(self, why: Reason, here: Here) -> bool:
        """The way has come down and goes on to, the body has not; and the end leaves room."""
        ahead = here.path.at(here.heard + AHEAD_SECONDS).arousal
        falls = why.fell >= FALLS and ahead < here.arousal - _LEVEL
        followed = why.usual - why.now >= FOLLOWED[why.measure]
        room = here.total * (1.0 - SETTLES) - arrival(here.path)
        return falls and not followed and self._dwells < MOST_DWELLS and room >= DWELL_SECONDS


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[~middle]) / 2
