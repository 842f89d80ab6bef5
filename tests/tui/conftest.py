"""What the tests of the app share."""

from __future__ import annotations

import pytest
from support.fake_session import FakeControl


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()
