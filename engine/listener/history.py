"""What a listener has heard and how it felt: one record for each session. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from engine.listener.likings import Liking
from engine.listener.ratings import Felt
from engine.plan.body import Offer
from engine.plan.events import Event
from engine.plan.request import Request


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A session of the past. ``heard``: session seconds."""

    id: str
    name: str = ""
    """What the listener calls it."""
    begun: datetime
    request: Request
    events: tuple[Event, ...]
    composer: str
    state: str
    heard: float
    felt: Felt = Felt()
    likings: tuple[Liking, ...] = ()
    offers: tuple[Offer, ...] = ()
    """What was offered because of the body."""
