"""Measure musmed against its budgets: ``python tests/bench/run.py`` prints a table.

``--long`` adds what takes a quarter of an hour of real time: the player's CPU and memory, and
gaps with both cores busy. Timings are medians of several runs on whatever this machine is; the
table says which. Nothing here is a test, and no test times anything.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import platform
import pty
import resource
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)

from engine.affect.feelings import parse_affect  # noqa: E402
from engine.audio.format import BLOCK_FRAMES, CHANNELS, SAMPLE_RATE  # noqa: E402
from engine.composers.options import USUAL  # noqa: E402
from engine.link.client import EngineClient  # noqa: E402
from engine.link.deliveries import Delivery  # noqa: E402
from engine.link.protocol import Hello, Opened  # noqa: E402
from engine.plan.request import Request  # noqa: E402
from engine.playback.sinks.base import Fill  # noqa: E402
from engine.render import render_session  # noqa: E402
from engine.session.library.library import Library  # noqa: E402
from engine.session.preparation import prepare  # noqa: E402
from musmed_tui.first_run import remember  # noqa: E402
from musmed_tui.paths import folders  # noqa: E402

Row = tuple[str, str, str]


def request(minutes: float = 15.0, seed: int = 7) -> Request:
    start, target = parse_affect("tense")[0], parse_affect("calm")[0]
    return Request(
        start=start,
        target=target,
        start_word="tense",
        target_word="calm",
        minutes=minutes,
        seed=seed,
    )


def median(measure: Callable[[], float], runs: int = 5) -> tuple[float, float, float]:
    """(median, smallest, largest) of ``runs`` measurements after one that does not count."""
    measure()
    values = [measure() for _ in range(runs)]
    return statistics.median(values), min(values), max(values)


def shown(values: tuple[float, float, float], unit: str, digits: int = 2) -> str:
    middle, low, high = values
    return f"{middle:.{digits}f} {unit} ({low:.{digits}f}-{high:.{digits}f})"


def help_seconds() -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "musmed_tui", "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - start


def first_paint_seconds() -> float:
    """Seconds from starting ``musmed`` in a 120x40 terminal until its first question is there."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "MUSMED_HOME": folder, "MUSMED_SINK": "null"}
        environment |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        remember(folders(environment))
        start = time.perf_counter()
        front = subprocess.Popen(
            ["setsid", "--ctty", "--wait", sys.executable, "-m", "musmed_tui"],
            stdin=follower,
            stdout=follower,
            cwd=ROOT,
            env=environment,
        )
        os.close(follower)
        seen = b""
        while b"How do you feel now?" not in seen and time.perf_counter() - start < 20:
            if select.select([leader], [], [], 0.1)[0]:
                seen += os.read(leader, 65536)
        taken = time.perf_counter() - start
        os.write(leader, b"q")
        while front.poll() is None:
            if select.select([leader], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    os.read(leader, 65536)
    os.close(leader)
    return taken


def engine_seconds() -> tuple[float, float]:
    """Seconds until a new engine process says hello, and until its composer is ready."""
    up, opened = threading.Event(), threading.Event()
    times: dict[str, float] = {}

    def deliver(told: Delivery) -> None:
        match told:
            case Hello():
                times["up"] = time.perf_counter() - start
                up.set()
            case Opened():
                times["opened"] = time.perf_counter() - start
                opened.set()
            case _:
                pass

    start = time.perf_counter()
    client = EngineClient(deliver, log=subprocess.DEVNULL)
    try:
        up.wait(20)
        client.open("embedded", USUAL)
        opened.wait(20)
    finally:
        client.close()
    return times["up"], times["opened"]


class ProbeSink:
    """Asks in real time like a sound card and notes when the first sound is given to it: the
    moment of interest is what the callback gets, not what a device makes of it."""

    name = "probe"
    realtime = True
    own_clock = True
    latency = 0.5

    def __init__(self) -> None:
        self.first: float | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def active(self) -> bool:
        return not self._stop.is_set()

    def describe(self) -> str:
        return "probe"

    def start(self, fill: Fill) -> None:
        self._thread = threading.Thread(target=self._run, args=(fill,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()

    def _run(self, fill: Fill) -> None:
        out = np.zeros((BLOCK_FRAMES // 10, CHANNELS), np.float32)
        while not self._stop.is_set():
            fill(out)
            if self.first is None and np.any(out):
                self.first = time.perf_counter()
            time.sleep(len(out) / SAMPLE_RATE)


def first_frame_seconds() -> tuple[float, float]:
    """Seconds from Enter to the first sound: with the engine started by it, and with it up."""
    sink = ProbeSink()
    opened: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        start = time.perf_counter()
        runner = prepare(request(), library=library, sink=sink, log_file=Path(folder) / "log")
        runner.start()
        while sink.first is None and time.perf_counter() - start < 20:
            if not opened and runner._conductor.ready:
                opened.append(time.perf_counter())
            time.sleep(0.001)
        runner.stop()
        runner.close()
        library.close()
    assert sink.first is not None
    return sink.first - start, sink.first - opened[0]


def render_speed(minutes: float) -> tuple[float, float]:
    """(session seconds per CPU second of everything, per wall second) of a whole render."""
    with tempfile.TemporaryDirectory() as folder:
        before, own = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
        wall = time.perf_counter()
        result = render_session(
            request(minutes),
            Path(folder) / "out.flac",
            progress=lambda _done, _total: None,
            log_file=Path(folder) / "log",
        )
        wall = time.perf_counter() - wall
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = time.process_time() - own
        cpu += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return result.seconds / cpu, result.seconds / wall


def front_cost(minutes: float) -> tuple[float, float, float]:
    """(percent of a core, peak MB, growth in MB from the first third to the last) of the playing
    process over a whole real-time session on the null sink; the engine is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "musmed_tui", "play", "--from", "tense", "--to", "calm"]
        command += ["--minutes", str(minutes), "--sink", "null", "--seed", "7"]
        environment = {**os.environ, "MUSMED_HOME": folder}
        front = psutil.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT, env=environment)
        sizes: list[float] = []
        times = front.cpu_times()
        start = time.monotonic()
        while front.poll() is None:
            try:
                sizes.append(front.memory_info().rss / 1e6)
                times = front.cpu_times()
            except psutil.NoSuchProcess:
                break
            time.sleep(2)
        seconds = time.monotonic() - start
    third = len(sizes) // 3
    growth = statistics.mean(sizes[-third:]) - statistics.mean(sizes[third : 2 * third])
    return 100 * (times.user + times.system) / seconds, max(sizes), growth


def rows(long: bool) -> list[Row]:
    table: list[Row] = []
    cold, warm = zip(*(first_frame_seconds() for _ in range(5)), strict=True)
    up, opened = zip(*(engine_seconds() for _ in range(5)), strict=True)

    def spread(values: tuple[float, ...]) -> tuple[float, float, float]:
        return statistics.median(values), min(values), max(values)

    table.append(("first sound, engine up", "<= 0.5 s", shown(spread(warm), "s")))
    table.append(("first sound, engine not yet started", "-", shown(spread(cold), "s")))
    table.append(("engine says hello", "<= 1.0 s", shown(spread(up), "s")))
    table.append(("engine's composer ready", "-", shown(spread(opened), "s")))
    table.append(("musmed --help", "<= 0.25 s", shown(median(help_seconds), "s")))
    table.append(("TUI first paint", "<= 0.6 s", shown(median(first_paint_seconds), "s")))
    cpu, wall = render_speed(15.0)
    table.append(("render, session s per CPU s", ">= 15 (goal 30)", f"{cpu:.1f}"))
    table.append(("render, session s per wall s", "-", f"{wall:.1f}"))
    if long:
        percent, peak, growth = front_cost(15.0)
        table.append(("player, share of one core", "<= 5 %", f"{percent:.1f} %"))
        table.append(("player, peak memory", "<= 150 MB", f"{peak:.0f} MB"))
        table.append(("player, growth over the last two thirds", "flat", f"{growth:+.1f} MB"))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="add the 15-minute measurements")
    table = rows(parser.parse_args().long)
    cores = os.cpu_count()
    print(f"{time.strftime('%Y-%m-%d')}, {_processor()}, {cores} cores, Python", end=" ")
    print(f"{platform.python_version()}, numpy {np.__version__}\n")
    print("| what | budget | measured: median (range) |\n|---|---|---|")
    for row in table:
        print(f"| {' | '.join(row)} |")


def _processor() -> str:
    with Path("/proc/cpuinfo").open() as info:
        names = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
