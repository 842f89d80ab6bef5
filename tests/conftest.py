"""What holds for every test: the sound does not depend on what is installed."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("MUSMED_SYNTHESIS", "builtin")

QUICK_ENGINE = Path(__file__).with_name("quick_engine.py")


@pytest.fixture(scope="module")
def quick_engine() -> Iterator[None]:
    """Every engine that this module's tests start is ``quick_engine.py``: for what is around an
    engine, where the music is not the point."""
    argv = [sys.executable, "-P", str(QUICK_ENGINE)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.link.client.default_argv", lambda: argv)
        yield
