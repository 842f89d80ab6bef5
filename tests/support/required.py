"""What a test needs that may not be installed: without it the test is skipped, or fails.

MUSMED_TESTS_MUST_RUN names what may not be missing, parted by commas: ``debian`` (the packages of
Debian that the README names) and ``musicgen`` (the packages of '.[musicgen]').
"""

from __future__ import annotations

import os
from typing import Literal, NoReturn

import pytest

Part = Literal["debian", "musicgen"]


def must_run(part: Part) -> bool:
    """Whether tests that need ``part`` may not be skipped."""
    return part in os.environ.get("MUSMED_TESTS_MUST_RUN", "").split(",")


def lacking(reason: str, part: Part = "debian") -> NoReturn:
    """End the test that can't be run for ``reason``."""
    if must_run(part):
        pytest.fail(reason)
    pytest.skip(reason)
