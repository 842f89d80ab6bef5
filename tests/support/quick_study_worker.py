"""A process of a study that makes up what it makes; its standard input and output are the real
one's. Where the environment has STUDY_COMPOSES it makes it as the real one does, with the quick
engine.

Where it has STUDY_SLEEPS, a job stands still until it is stopped or killed; with STUDY_FAILS jobs
of that seed fail, with STUDY_DIES the process ends at them.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import engine.link.client
from engine.errors import MusmedError
from engine.render import CancelledError
from engine.study import worker
from engine.study.making import Maker
from tests.support.studies import made_up

QUICK_ENGINE = Path(__file__).parent / "quick_engine.py"


def main() -> int:
    engine.link.client.default_argv = lambda: [sys.executable, "-P", str(QUICK_ENGINE)]
    make: Callable[..., Any] = Maker.make

    def made(self: Maker, job: Any, folder: Path, **how: Any) -> Any:
        if str(job.request.seed) == os.environ.get("STUDY_FAILS"):
            raise MusmedError("It is not to be made.")
        if str(job.request.seed) == os.environ.get("STUDY_DIES"):
            os.kill(os.getpid(), signal.SIGKILL)
        while "STUDY_SLEEPS" in os.environ:
            how["progress"](1.0)
            time.sleep(0.02)
            if how["cancelled"]():
                raise CancelledError("stopped")
        if "STUDY_COMPOSES" in os.environ:
            return make(self, job, folder, **how)
        (folder / "session.flac").write_bytes(job.digest.encode())
        return made_up(job)

    Maker.make = made  # type: ignore[method-assign]
    return worker.main()


if __name__ == "__main__":
    sys.exit(main())
