"""What the conductor works on: the session as it stands, shared by its parts.

No behaviour but book-keeping: who decides what is in ``conductor`` (clips), ``steering``
(listeners' actions) and ``failures``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.plan.events import Event
from engine.plan.request import Request
from engine.plan.spec import ClipKey, Plan
from engine.playback.handover import Handover
from engine.session.conductor.clip_composers import Lineup
from engine.session.conductor.clip_state import ClipState
from engine.session.conductor.messages import Command, DiscardClip, Say, SendCancel


@dataclass(slots=True)
class Work:
    """``events`` in force and the ``plan`` with them. ``composer`` is the one that composes now,
    ``ready`` when it can be given a clip. ``composing``: the clip the engine is at, ``throw_away``:
    the same where nobody wants it any more; ``next``: index of the next clip in order. ``lineup``:
    clips whose composer is known from before. ``passed_on``: the clip being cut for another
    composer to go on with. ``written``: session frame of the write cursor; ``furthest``: how far
    what is heard now was heard, less after a splice. ``waiting``: the listener waits for a clip;
    ``standing``: and the write cursor does not move. ``out``: the commands so far, in order."""

    request: Request
    composer: str
    events: tuple[Event, ...]
    plan: Plan
    clips: dict[ClipKey, ClipState]
    lineup: Lineup = field(default_factory=dict)
    next: int = 0
    written: int = 0
    furthest: int = 0
    waiting: bool = False
    standing: bool = False
    ready: bool = False
    given_up: bool = False
    composing: ClipKey | None = None
    throw_away: ClipKey | None = None
    passed_on: ClipKey | None = None
    out: list[Command] = field(default_factory=list)

    def ask(self, *commands: Command) -> None:
        self.out += commands

    def say(self, text: str) -> None:
        self.out.append(Say(text))

    def forget(self, keys: Iterable[ClipKey]) -> None:
        """These clips are of no use any more."""
        for key in keys:
            state = self.clips.pop(key, None)
            if state is not None and state.begun:
                self.out.append(DiscardClip(key))

    def cancel(self, key: ClipKey) -> None:
        """The clip being composed is not wanted; it is forgotten when the engine lets go of it."""
        self.throw_away = key
        self.out.append(SendCancel(key, 0))

    def engine_is_gone(self) -> None:
        self.ready = False
        self.composing = self.throw_away = self.passed_on = None

    def older_is_placed(self, key: ClipKey) -> bool:
        """In a session that goes on, a splice whose audio was lost still takes over from the
        clip's older self."""
        older = (s for k, s in self.clips.items() if k.index == key.index and k != key)
        return any(state.placed for state in older)

    def change_of(self, key: ClipKey) -> Handover | None:
        """Where the clip is known to have gone over to another composer."""
        part = self.lineup.get(key)
        return None if part is None else part.change

    def first_to_compose(self) -> int:
        missing = (
            spec.index
            for spec in self.plan.clips
            if spec.key not in self.clips or self.clips[spec.key].continuation is None
        )
        return next(missing, len(self.plan.clips))
