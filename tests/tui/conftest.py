"""What the tests of the app share."""

from __future__ import annotations

import pytest
from fake_session import FakeControl


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()
