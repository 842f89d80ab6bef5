"""What is known of one composed version of a clip, and how far it is.

    asked --ClipStarted--> coming --ClipEnded--> ended
                                  --ClipEnded(cut)--> cut

*asked*: the engine has been given it, nothing of it is here. *coming*: its audio grows; it may
be heard already. An engine that dies leaves it so, and the next one composes it again from its
start: what is here is kept, what comes a second time is skipped. A clip that its first composer
passes on stays *coming* until the last has ended it, and one that is thrown away while some of it
sounds stays so for good (``state.Fate``). *ended*: all of it is here, with the continuation that
the next clip goes on from. *cut*: as much as will come is here, for a splice
lies behind it; it too has a continuation. Only ``end`` leaves *coming*, so that a clip has a
continuation exactly when it is *ended* or *cut* (``over``): the session's store has it then, and
the whole record (``engine.session.kept_clips``). In whatever phase it is, a clip that nobody wants
any more is forgotten (``ConductorState.forget``). One of an earlier run begins as *ended* or *cut*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from engine.clip_record import ClipRecord, Stage
from engine.composers.base import Marks
from engine.link.protocol import ClipStarted
from engine.plan.spec import ClipSpec
from engine.playback.handover import Handover
from engine.record_in_short import RecordInShort, in_short


class ClipPhase(Enum):
    """See the module's docstring."""

    ASKED = auto()
    COMING = auto()
    ENDED = auto()
    CUT = auto()


@dataclass(slots=True)
class ClipState:
    """One composed version of a clip, in session frames (48 kHz)."""

    spec: ClipSpec
    phase: ClipPhase = ClipPhase.ASKED
    start: int = 0
    frames: int = 0
    """How many it has, or will have."""
    got: int = 0
    """How many of them are here."""
    placed: bool = False
    """The joiner has it."""
    marks: Marks = field(default_factory=Marks)
    record: RecordInShort | None = None
    comes: int = 0
    """Session frame of the next frame from the engine; it lies before what is here when a clip is
    composed a second time."""
    by: Stage | None = None
    """Whose sound is here, None before any is."""
    ceded: list[Stage] = field(default_factory=list)
    """Those that were taken over from within this clip, in order."""
    handovers: list[Handover] = field(default_factory=list)
    """Where; one fewer than ``ceded`` until something of the next one's sound is here."""

    @classmethod
    def kept(
        cls,
        spec: ClipSpec,
        *,
        start: int,
        frames: int,
        cut: bool,
        marks: Marks,
        record: ClipRecord | None,
    ) -> ClipState:
        """A clip of an earlier run, all of whose audio is on disk."""
        clip = cls(spec, start=start, frames=frames, got=frames, marks=marks)
        clip.end(record, cut=cut)
        return clip

    @property
    def begun(self) -> bool:
        """The engine has announced it."""
        return self.phase is not ClipPhase.ASKED

    @property
    def whole(self) -> bool:
        """It ended without being cut."""
        return self.phase is ClipPhase.ENDED

    @property
    def over(self) -> bool:
        """All that will come of it is here, and its continuation is kept."""
        return self.phase in (ClipPhase.ENDED, ClipPhase.CUT)

    @property
    def awaits_next(self) -> bool:
        """It was taken over from, and nothing of the next one's sound is here yet."""
        return len(self.ceded) > len(self.handovers)

    def cede(self) -> None:
        """What is here of its sound is all that comes of it: another goes on."""
        if self.by is not None and not self.awaits_next:
            self.ceded.append(self.by)

    def take_back(self, by: Stage) -> None:
        """``by`` is here again; where it is the one that was taken over from, it goes on itself,
        if nothing of another's sound is here."""
        if self.awaits_next and self.by == by:
            self.ceded.pop()

    def hand_over(self, change: Handover, by: Stage) -> None:
        """From ``change.at`` on it is the sound of ``by``."""
        self.handovers.append(change)
        self.got = change.at - self.start
        self.by = by

    @property
    def reach(self) -> int:
        """Session frame up to which the clip is here."""
        return self.start + self.got

    def begin(self, told: ClipStarted, by: Stage) -> None:
        """The engine announces it for the first time."""
        self.phase = ClipPhase.COMING
        self.start, self.frames, self.marks = told.start, told.frames, told.marks
        self.by = by

    def end(self, record: ClipRecord | None, *, cut: bool) -> None:
        """All that will come of it is here. ``record``: None where none was kept."""
        self.phase = ClipPhase.CUT if cut else ClipPhase.ENDED
        self.record = None if record is None else in_short(record)
        if cut:
            self.frames = self.got
