"""A request bent by what was learned of the listener, where the library can say what that is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from engine.errors import MusmedError
from engine.plan.request import Request

if TYPE_CHECKING:
    from engine.session.library.library import Library

log = logging.getLogger(__name__)


def leaning(request: Request, library: Library) -> Request:
    """``request`` with what was learned; as it is where the library can't be read, which the log
    says."""
    try:
        return bent(request, library)
    except MusmedError as error:
        log.warning("what was liked can't be read: %s", error)
        return request


def bent(request: Request, library: Library) -> Request:
    """``request`` with what was learned. Raises ``MusmedError``."""
    from engine.listener.preferences import leanings_from

    return msgspec.structs.replace(request, leanings=leanings_from(library.listener.more_liked()))
