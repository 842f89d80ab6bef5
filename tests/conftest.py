"""What holds for every test: the sound does not depend on what is installed; no desktop sees it."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MUSMED_SYNTHESIS", "builtin")
# Nor are the media keys of whoever runs the tests theirs.
os.environ["DBUS_SESSION_BUS_ADDRESS"] = ""

# How long an example takes says nothing but how busy the machine is.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("at random", UNTIMED)
settings.register_profile("the same each time", UNTIMED, derandomize=True, database=None)


def pytest_configure(config: pytest.Config) -> None:
    """A run that passed here passes there: examples are at random with --long alone."""
    settings.load_profile("at random" if config.getoption("--long") else "the same each time")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="also the tests marked 'long': sweeps, soaks, matrices"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tests of a file run in one worker, so that what they share is made once; MusicGen's in
    two (whole sessions and the files of models in one, what computes with a model in the other),
    which alone import transformers and peft. Tests with a group of their own keep it, and those
    that play in real time are spread: they are looked for in tests/sound alone."""
    if not config.getoption("--long"):
        repeated = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=repeated)
        items[:] = [item for item in items if item not in repeated]
    items.sort(key=_when)
    for item in items:
        if item.get_closest_marker("real_time"):
            if _room(item) != "sound":
                raise pytest.UsageError(f"{item.nodeid} plays in real time outside tests/sound")
            continue
        if item.get_closest_marker("xdist_group"):
            continue
        group = f"{item.path.parent.name}-{item.path.stem}"
        if _room(item) == "musicgen":
            group = "musicgen" if item.path.stem not in _MUSICGEN_WHOLE else "musicgen, whole"
        item.add_marker(pytest.mark.xdist_group(group))


_MUSICGEN_WHOLE = ("test_musicgen_session", "test_models")
"""About half of what MusicGen's tests compute."""


def _when(item: pytest.Item) -> int:
    """What computes for longest first, so that no worker is left with it at the end."""
    name = f"{_room(item)}/{item.path.stem}"
    if name in _LONGEST:
        return 0
    return 1 if _room(item) in ("sound", "tui", "musicgen") else 2


_LONGEST = (
    "sound/test_session_virtual",
    "contract/test_kills",
    "session/test_takeover",
    "session/test_comfort",
    "session/test_failing_engines",
    "tui/test_session_control",
    "tui/test_keys_always",
    "score/test_midi",
    "audio/test_rise",
    "contract/test_help_and_completion",
    "link/test_hung_engines",
    "contract/test_bad_input",
    "contract/test_visible",
    "link/test_synthesis",
    "session/test_runner",
    "contract/test_streams",
    "session/test_replay",
    "score/test_audio",
    "score/test_soundfont",
)


def _room(item: pytest.Item) -> str:
    """The folder of tests/ that the test lies in, at whatever depth."""
    return item.path.relative_to(Path(__file__).parent).parts[0]


def pytest_collection_finish() -> None:
    """What has been imported stays; the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


QUICK_ENGINE = Path(__file__).parent / "support" / "quick_engine.py"


@pytest.fixture
def held_engines() -> Iterator[None]:
    """The test decides when its engines answer: none of them counts as hung meanwhile."""
    from support.patience import wait_for_ever

    from engine.link import watchdog

    before = wait_for_ever()
    yield
    for name, figure in before.items():
        setattr(watchdog, name, figure)


@pytest.fixture(scope="module")
def quick_engine() -> Iterator[None]:
    """Every engine that this module's tests start is ``quick_engine.py``: for what is around an
    engine, where the music is not the point."""
    argv = [sys.executable, "-P", str(QUICK_ENGINE)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.link.client.default_argv", lambda: argv)
        yield
