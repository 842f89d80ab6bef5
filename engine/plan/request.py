"""What the listener asks for."""

from __future__ import annotations

import secrets

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.moods import MoodTable
from engine.affect.path import Strategy
from engine.plan.described import Description
from engine.plan.generation import Generation, file_name
from engine.plan.gentle import Gentle
from engine.plan.leanings import Leanings
from engine.plan.wanted import Features

MAX_SEED = 2**63 - 1
_DRAWN_SEEDS = 10**9
"""Seeds musmed draws itself stay short enough to be typed again."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the listener asks for; with the seed and the events it determines the session."""

    start: Affect
    target: Affect
    start_word: str | None = None
    target_word: str | None = None
    """Both words: the feeling as it was said, for the screens."""
    minutes: float = 15.0
    strategy: Strategy = "iso"
    instrument: str | None = None
    genre: str | None = None
    """Instrument and genre are MTG-Jamendo tags when pinned, None when musmed chooses."""
    temperature: float = 0.3
    """The paper's drift, in [0, 1]; 0 keeps instrument and genre."""
    seed: int = 0
    composer: str = "auto"
    """A registry name, a checkpoint's place or 'auto'."""
    generation: Generation = Generation()
    """For composers that sample from a model."""
    leanings: Leanings | None = None
    """What the listener leans to, as it was learned when the session was asked for."""
    mood_table: MoodTable | None = None
    """Where the moods lie; None: musmed's own table. The whole of it stands here, so that a kept
    session is made again the same whatever has become of the file."""
    gentle: Gentle | None = None
    """Caps on the music for ears that need them; None: it is as it would be."""
    features: Features | None = None
    """What is asked of the music itself, for the whole session."""
    description: Description | None = None
    """The same bar by bar."""

    @property
    def asks_composer(self) -> bool:
        """Whether something is asked of the music that its composer has to hold; its loudness does
        not come from the composer."""
        return self.description is not None or (
            self.features is not None
            and msgspec.structs.replace(self.features, loudness=None) != Features()
        )

    def published(self) -> Request:
        """The request as it may be given to others: of the listener's files only the names."""
        return msgspec.structs.replace(
            self, composer=file_name(self.composer), generation=self.generation.named()
        )

    @property
    def seconds(self) -> float:
        """The session's length in seconds before any event changes it."""
        return self.minutes * 60.0


def draw_seed() -> int:
    """A seed for who asked for none."""
    return secrets.randbelow(_DRAWN_SEEDS)
