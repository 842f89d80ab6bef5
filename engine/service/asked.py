"""What a client asks for, as it stands in the body of a request: strict, and limited everywhere."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engine.affect.circumplex import Affect
from engine.affect.feelings import parse_affect
from engine.affect.harm import help_for
from engine.affect.path import Strategy
from engine.composers.choice import check_request
from engine.errors import MusmedError
from engine.plan.clock import MAX_MINUTES, MIN_MINUTES
from engine.plan.described import Description
from engine.plan.gentle import Gentle
from engine.plan.request import Request, draw_seed
from engine.plan.wanted import Faders, Features

Pace = Literal["fast", "live"]
"""'fast': as fast as it is composed; 'live': as it would be heard, some seconds ahead, so that
what is steered is soon heard."""
Composer = Literal["auto", "embedded", "musicgen-small", "musicgen-medium", "musicgen-large"]
MAX_SEED = 2**53 - 1
"""The largest whole number that every JSON of a browser keeps."""
Coordinate = Annotated[float, Meta(ge=-1.0, le=1.0)]
Word = Annotated[str, Meta(min_length=1, max_length=80)]


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point of the circumplex, both from -1 to 1."""

    valence: Coordinate
    arousal: Coordinate


Feeling = Word | Point
"""A word that 'musmed feelings' lists, or its coordinates."""


class SessionAsked(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"start": "from", "target": "to"},
):
    """A session: what is left out is as in 'musmed play'."""

    start: Feeling
    target: Feeling
    minutes: Annotated[float, Meta(ge=MIN_MINUTES, le=MAX_MINUTES)] = 15.0
    strategy: Strategy = "iso"
    composer: Composer = "auto"
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] | None = None
    """Without one it is drawn, and said in the answer."""
    instrument: Word | None = None
    genre: Word | None = None
    temperature: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.3
    gentle: Gentle | None = None
    features: Features | None = None
    faders: Faders | None = None
    """Where they stand when the session begins."""
    description: Description | None = None
    pace: Pace = "fast"

    @property
    def help_here(self) -> str:
        """Where help is found, for who says that they are in danger; '' else."""
        return (
            help_for(*(said for said in (self.start, self.target) if isinstance(said, str))) or ""
        )

    def request(self) -> Request:
        """As the command line makes it. Raises ``MusmedError`` for what no session can be made
        of."""
        start, start_word = _felt(self.start, wanted=False)
        target, target_word = _felt(self.target, wanted=True)
        request = Request(
            start=start,
            target=target,
            start_word=start_word,
            target_word=target_word,
            minutes=self.minutes,
            strategy=self.strategy,
            instrument=self.instrument,
            genre=self.genre,
            temperature=self.temperature,
            seed=draw_seed() if self.seed is None else self.seed,
            composer=self.composer,
            gentle=self.gentle,
            features=self.features,
            description=self.description,
        )
        check_request(request)
        return request


class SteerTo(
    msgspec.Struct,
    frozen=True,
    tag_field="do",
    tag="steer",
    forbid_unknown_fields=True,
    rename={"target": "to"},
):
    """From now on towards another feeling."""

    target: Feeling

    def affect(self) -> tuple[Affect, str | None]:
        """Raises ``MusmedError`` for a word that is none."""
        return _felt(self.target, wanted=True)


class EaseNow(msgspec.Struct, frozen=True, tag_field="do", tag="ease", forbid_unknown_fields=True):
    """Less of everything, from now on: 'this is too much'."""


class SkipNow(msgspec.Struct, frozen=True, tag_field="do", tag="skip", forbid_unknown_fields=True):
    """This stretch anew, with another seed."""


class ShapeTo(msgspec.Struct, frozen=True, tag_field="do", tag="shape", forbid_unknown_fields=True):
    """The faders stand so from now on, all of them; one that is left out follows the feeling."""

    faders: Faders


class HoldNow(msgspec.Struct, frozen=True, tag_field="do", tag="hold", forbid_unknown_fields=True):
    """Who listens to a live session has paused: no more of it comes until it goes on."""


class GoOnNow(msgspec.Struct, frozen=True, tag_field="do", tag="go_on", forbid_unknown_fields=True):
    """Who listens goes on."""


Deed = SteerTo | EaseNow | SkipNow | ShapeTo | HoldNow | GoOnNow


def _felt(said: Feeling, *, wanted: bool) -> tuple[Affect, str | None]:
    """Raises ``MusmedError`` for a word that is none; who speaks of harm in its place is told where
    help is."""
    if isinstance(said, Point):
        return Affect(said.valence, said.arousal), None
    try:
        return parse_affect(said, wanted=wanted)
    except MusmedError as error:
        help_here = help_for(said)
        raise MusmedError(help_here or str(error)) from error
