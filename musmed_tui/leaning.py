"""A request bent by what was learned of the listener, where the library can say what that is."""

from __future__ import annotations

import logging
from pathlib import Path
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
    from engine.listener.preferences import leanings_of, learned

    try:
        evidence = library.listener.evidence()
    except MusmedError as error:
        log.warning("what was liked can't be read: %s", error)
        return request
    return msgspec.structs.replace(request, leanings=leanings_of(learned(evidence)))


def kept_leaning(request: Request, folder: Path) -> Request:
    """The same by the library in ``folder``, which is left as it is where there is none."""
    from engine.session.library.library import Library

    if not (folder / "library.sqlite").is_file():
        return request
    try:
        library = Library(folder)
    except MusmedError as error:
        log.warning("what was liked can't be read: %s", error)
        return request
    try:
        return leaning(request, library)
    finally:
        library.close()
