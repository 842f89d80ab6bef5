"""When an engine counts as hung: what is asked of a living one, and for how long it may be silent.

A pure state machine: ``look`` is told the time and what has been seen of the engine (``Seen``), and
answers with a ping to send or with why the engine is to be ended. Pings are for life: the engine's
reader answers them at once, whatever its worker does. Progress is for work: while the engine owes
something (its composer opened, a clip) it has to come nearer, a chunk or a hundredth of a model at
a time. All the figures stand here, with their reasons.

Time counts by looks. One that comes late counts for no more than ``COUNTED_SECONDS``, for whoever
was not running could not hear an answer either: a machine that slept, a front that was stopped or
starved.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.link.protocol import Ping

LOOK_SECONDS = 0.5
"""How often the front looks."""
COUNTED_SECONDS = 1.0
"""The most that counts of the time between two looks: 15 s of silence are at least 15 looks."""
PING_SECONDS = 2.0
"""How long after an answer the next ping goes out."""
SILENT_SECONDS = 15.0
"""An engine that owes an answer, says nothing for so long and does not run meanwhile is hung. With
a new one, which sounds some 3 s after its start, music is back within 30 s. The longest wait for an
answer that was seen of a healthy engine is 1.04 s: a MusicGen of 580 MB being loaded, torch and
all, on a quarter of a core with other work beside it (musmed's own composer: 0.14 s)."""
RUNNING_SECONDS = 120.0
"""As long as its process computes, or waits for a processor or the disk, it may be silent for so
long: loading torch's libraries from a cold disk holds Python's lock, and no thread can answer. Four
gigabytes (a build with CUDA) at 40 MB/s are 100 s. In so long it has greeted, too, whatever it says
before that."""
STUCK_SECONDS = 60.0
"""Work that comes no nearer, pings or not. Without a model the longest step is a large soundfont: a
gigabyte at 25 MB/s is 40 s. A chunk of the embedded composer takes 0.1 s."""
STUCK_WITH_MODEL_SECONDS = 300.0
"""With a model the longest step is the first audio of a slow one: of MusicGen large 5.4 s
(docs/benchmarks.md), at a quarter of the speed 22 s; a hundredth of 14 GB at 25 MB/s is 6 s, and
torch's import, before the first of them, as above."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the front has seen of an engine so far."""

    words: int = 0
    """What came from it, from a banner's line to a pong."""
    steps: int = 0
    """Those of them that are work: all but pongs and banners."""
    pongs: int = 0
    """Answers to the watchdog's pings."""
    greeted: bool = False
    """It has said ``Hello``; before that it can't be asked, and owes just that."""
    owes: bool = False
    """It was asked for something that is not here yet."""
    model: bool = False
    """Its composer has a model."""
    busy: bool | None = None
    """Its process has computed since the last look, or waits for a processor or the disk; None
    where that can't be seen."""


@dataclass(frozen=True, slots=True)
class Hung:
    """The engine is to be ended; ``reason`` is a sentence."""

    reason: str


class Watchdog:
    """Watches one engine, from its start on; ``now`` in seconds of any clock that only ascends."""

    def __init__(self, now: float) -> None:
        self._looked = now
        self._seen = Seen()
        self._pings = 0
        self._since_ping = 0.0
        self._silent = 0.0
        """Seconds without a word while one was due."""
        self._still = 0.0
        """Those of them in which the engine's process did not run."""
        self._stuck = 0.0
        """Seconds without a step while something was owed."""

    def look(self, now: float, seen: Seen) -> Ping | Hung | None:
        """What is to be done now. The watchdog's pings have the numbers -1, -2, ..."""
        passed = min(max(0.0, now - self._looked), COUNTED_SECONDS)
        self._looked = now
        before, self._seen = self._seen, seen
        self._count(passed, before, seen)
        return self._hung(seen) or self._ping(passed, seen)

    def _count(self, passed: float, before: Seen, seen: Seen) -> None:
        asked = not seen.greeted or seen.pongs < self._pings
        spoke = seen.words != before.words
        if not asked or (spoke and seen.greeted):
            self._silent = self._still = 0.0
        else:  # a banner is no greeting, however long it goes on
            self._silent += passed
            self._still = 0.0 if spoke else self._still + passed * (seen.busy is False)
        stands = seen.greeted and seen.owes and before.owes and seen.steps == before.steps
        self._stuck = self._stuck + passed if stands else 0.0

    def _hung(self, seen: Seen) -> Hung | None:
        if self._still >= SILENT_SECONDS or self._silent >= RUNNING_SECONDS:
            said = "has not answered" if seen.greeted else "has said nothing since its start"
            if seen.words and not seen.greeted:
                said = "has not greeted since its start"
            return Hung(f"The engine {said} for {self._silent:.0f} s and was ended.")
        if self._stuck >= (STUCK_WITH_MODEL_SECONDS if seen.model else STUCK_SECONDS):
            return Hung(f"The engine has got no further for {self._stuck:.0f} s and was ended.")
        return None

    def _ping(self, passed: float, seen: Seen) -> Ping | None:
        if not seen.greeted or seen.pongs < self._pings:
            self._since_ping = 0.0
            return None
        self._since_ping += passed
        if self._since_ping < PING_SECONDS:
            return None
        self._since_ping = 0.0
        self._pings += 1
        return Ping(-self._pings)
