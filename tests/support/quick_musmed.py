"""``musmed`` with the quick engine, for tests of what is around an engine; arguments as musmed's.

Where the environment has ENGINE_RETURNS, an engine after the first begins once that file is
there, and none counts as hung before that.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import engine.link.client
from musmed_tui.cli import main
from tests.support.patience import wait_for_ever

QUICK_ENGINE = Path(__file__).parents[1] / "support" / "quick_engine.py"
LATER = """
import os, pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
os.execv(sys.executable, [sys.executable, "-P", sys.argv[2]])
"""

_starts = itertools.count()


def quick_argv() -> list[str]:
    """The command of the next engine."""
    returns = os.environ.get("ENGINE_RETURNS")
    if next(_starts) and returns:
        return [sys.executable, "-c", LATER, returns, str(QUICK_ENGINE)]
    return [sys.executable, "-P", str(QUICK_ENGINE)]


if __name__ == "__main__":
    if os.environ.get("ENGINE_RETURNS"):
        wait_for_ever()
    engine.link.client.default_argv = quick_argv
    main()
