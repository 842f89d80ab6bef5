"""What holds for every test: the sound does not depend on what is installed."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MUSMED_SYNTHESIS", "builtin")

# How long an example takes says nothing but how busy the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a file run in one worker, so that what they share is made once; MusicGen's all
    in one, which alone imports transformers and peft. Tests with a group of their own keep it, and
    those that play in real time are spread: they are looked for in tests/audio alone. First come
    the whole sessions, which compute for longest; beside them the screens, which mostly wait."""
    items.sort(key=lambda item: item.path.parent.name not in ("audio", "tui"))
    for item in items:
        folder, file = item.path.parent.name, item.path.stem
        if item.get_closest_marker("real_time"):
            if folder != "audio":
                raise pytest.UsageError(f"{item.nodeid} plays in real time outside tests/audio")
            continue
        if item.get_closest_marker("xdist_group"):
            continue
        item.add_marker(pytest.mark.xdist_group("musicgen" if folder == "musicgen" else file))


def pytest_collection_finish() -> None:
    """What has been imported stays; the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


QUICK_ENGINE = Path(__file__).with_name("quick_engine.py")


@pytest.fixture(scope="module")
def quick_engine() -> Iterator[None]:
    """Every engine that this module's tests start is ``quick_engine.py``: for what is around an
    engine, where the music is not the point."""
    argv = [sys.executable, "-P", str(QUICK_ENGINE)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.link.client.default_argv", lambda: argv)
        yield
