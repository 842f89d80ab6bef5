"""A process that is stopped and continued, as by Ctrl-Z and ``fg``: its session goes on."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from support.tmux_terminal import ROOT
from support.waiting import wait_for

SESSION = """
import signal, sys, time
from pathlib import Path

sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
import engine.link.client
from engine.affect.circumplex import Affect
from engine.plan.request import Request
from engine.playback.sinks.null import NullSink
from engine.session.library.library import Library
from engine.session.preparation import prepare
from support.quick_musmed import quick_argv

engine.link.client.default_argv = quick_argv
signal.signal(signal.SIGUSR1, lambda *_: None)
folder = Path(sys.argv[2])
request = Request(start=Affect(0, 0.8), target=Affect(0.6, -0.5), minutes=1, temperature=0)
library = Library(folder / "library")
runner = prepare(request, library=library, sink=NullSink(), log_file=folder / "log")
runner.start()
while any(clip.phase != "ready" for clip in runner.status().clips):
    time.sleep(0.01)
while True:
    print(runner.status().playback.heard, flush=True)
    time.sleep(0.1)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals a thread by its number")
def test_a_signal_while_it_is_stopped_does_not_end_its_looks(tmp_path: Path) -> None:
    """A wait with a limit that has passed when a signal ends it must not begin anew without one:
    that of ``queue.SimpleQueue`` in CPython 3.11 does, and the session stood for good."""
    command = [sys.executable, "-c", SESSION, str(ROOT), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            before = float(child.stdout.readline())
            child.send_signal(signal.SIGSTOP)
            player = psutil.Process(child.pid)
            wait_for(lambda: player.status() == psutil.STATUS_STOPPED)
            for thread in player.threads():
                if thread.id != child.pid:
                    ctypes.CDLL(None).tgkill(child.pid, thread.id, signal.SIGUSR1)
            time.sleep(0.3)  # longer than from one look to the next
            child.send_signal(signal.SIGCONT)
            heard = before
            for _ in range(50):
                heard = float(child.stdout.readline())
            assert heard > before + 0.5, "nobody looks at how it stands"
        finally:
            child.kill()


def test_nobody_waits_at_a_simple_queue() -> None:
    """See above; ``queue.Queue`` does the same."""
    for path in (*(ROOT / "engine").rglob("*.py"), *(ROOT / "musmed_tui").rglob("*.py")):
        assert "SimpleQueue" not in path.read_text(encoding="utf-8"), path
