"""What the conductor works on: the session as it stands, shared by its parts.

No behaviour but book-keeping: who decides what is in ``conductor`` (clips), ``steering``
(listeners' actions) and ``failures``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from engine.clip_record import Stage
from engine.plan.events import Event
from engine.plan.request import Request
from engine.plan.spec import ClipKey, Plan
from engine.playback.handover import Handover
from engine.session.conductor.clip_composers import ClipComposers
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.messages import Command, DiscardClip, OpenComposer, Say, SendCancel


class Fate(Enum):
    """What becomes of the clip that the engine is composing, when it ends."""

    KEPT = auto()
    """It is filed."""
    PASSED_ON = auto()
    """Its composer has been told to stop where its sound ends; the same clip is composed once more,
    by the next (or sounded in another way), from there on."""
    THROWN_AWAY = auto()
    """Nobody wants it any more, so it is forgotten when the engine lets go of it; what sounds of it
    already stays."""


@dataclass(slots=True)
class Composing:
    """The clip that the engine is at."""

    key: ClipKey
    fate: Fate = Fate.KEPT


@dataclass(slots=True)
class ConductorState:
    """The session as the conductor's parts see it."""

    request: Request
    composer: str
    """The one that composes now."""
    synthesis: str
    """What is to sound the notes, as an engine is told; '' for the session's wish, until an engine
    has said which one that is."""
    events: tuple[Event, ...]
    """Those in force."""
    plan: Plan
    """After ``events``."""
    clips: dict[ClipKey, ClipState]
    clip_composers: ClipComposers = field(default_factory=dict)
    """Clips whose composer is known from before."""
    goes_on: bool = False
    """Some of it is kept from before."""
    next: int = 0
    """Index of the next clip in order."""
    written: int = 0
    """Session frame of the write cursor."""
    furthest: int = 0
    """Session frame up to which what is heard now was heard; less after a splice."""
    waiting: bool = False
    """The listener waits for a clip."""
    standing: bool = False
    """And the write cursor does not move."""
    sounds: str = ""
    """What sounds them, as the last engine said; '' where that is not known, or ``composer`` has
    no notes."""
    precision: str = ""
    """What a model is to multiply in, as an engine is told; '' for the session's wish, until an
    engine has said what that comes to."""
    multiplies: str = ""
    """What the last engine said it multiplies in; '' where that is not known or there is no
    model."""
    version: int = 0
    """Of ``composer`` as it was opened last; 0 before."""
    otherwise: bool = False
    """That it is not sounded as it was asked for was said when it was opened."""
    ready: bool = False
    """``composer`` can be given a clip."""
    far: str = ""
    """The other machine on which it composes, as the listener calls it; '' for this one."""
    ahead: float = 0.0
    """Seconds of music that are here past the write cursor."""
    given_up: bool = False
    composing: Composing | None = None
    out: list[Command] = field(default_factory=list)
    """The commands so far, in order."""

    def ask(self, *commands: Command) -> None:
        self.out += commands

    def say(self, text: str, *, answer: bool = False) -> None:
        self.out.append(Say(text, answer))

    def open(self) -> None:
        """Have the engine open who composes now."""
        self.ask(OpenComposer(self.composer, self.synthesis, self.precision))

    def forget(self, keys: Iterable[ClipKey]) -> None:
        """These clips are of no use any more."""
        for key in keys:
            clip = self.clips.pop(key, None)
            if clip is not None and clip.begun:
                self.out.append(DiscardClip(key))

    def is_composing(self, key: ClipKey) -> bool:
        return self.composing is not None and self.composing.key == key

    def cancel(self) -> None:
        """Throw away the clip being composed, unless that is done already."""
        composing = self.composing
        if composing is not None and composing.fate is not Fate.THROWN_AWAY:
            composing.fate = Fate.THROWN_AWAY
            self.out.append(SendCancel(composing.key, 0))

    def engine_is_gone(self) -> None:
        """What it was composing and nobody wanted any more is forgotten now, since nobody says that
        it has ended: its key may be another clip's by and by."""
        self.ready = False
        composing, self.composing = self.composing, None
        if composing is not None and composing.fate is Fate.THROWN_AWAY:
            clip = self.clips.get(composing.key)
            if clip is not None and not clip.placed:
                self.forget((composing.key,))

    def older_is_placed(self, key: ClipKey) -> bool:
        """In a session that goes on, a splice whose audio was lost still takes over from the
        clip's older self."""
        older = (s for k, s in self.clips.items() if k.index == key.index and k != key)
        return any(clip.placed for clip in older)

    @property
    def by(self) -> Stage:
        """Who composes now, what sounds it and what it multiplies in."""
        return Stage(self.composer, self.sounds, self.multiplies)

    def changes_of(self, key: ClipKey) -> tuple[Handover, ...]:
        """Where the clip is known to have gone over to another composer or synthesis."""
        composed = self.clip_composers.get(key)
        return () if composed is None else composed.changes

    def first_to_compose(self) -> int:
        missing = (
            spec.index
            for spec in self.plan.clips
            if spec.key not in self.clips or not self.clips[spec.key].over
        )
        return next(missing, len(self.plan.clips))
