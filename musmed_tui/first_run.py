"""Whether musmed is opened for the first time: a mark beside the settings says that it was not."""

from __future__ import annotations

import logging

from engine.private import make_private_folder, touch_private
from musmed_tui.paths import Folders

log = logging.getLogger(__name__)


def is_first(where: Folders) -> bool:
    """Whether the first-run card was never put away here."""
    return not where.welcomed.exists()


def remember(where: Folders) -> None:
    """The card was put away. Where that can't be written, which the log says, it comes again."""
    try:
        make_private_folder(where.welcomed.parent)
        touch_private(where.welcomed)
    except OSError as error:
        log.warning("that the first-run card was seen can't be kept: %s", error)
