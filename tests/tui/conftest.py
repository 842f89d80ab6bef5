"""What the tests of the app share."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from support.fake_session import FakeControl


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The listener lives where it is UTC, for what shows times of day."""
    with monkeypatch.context() as here:
        here.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()
