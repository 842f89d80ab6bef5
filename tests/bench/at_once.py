"""What is there at once, beside its floor: ``python tests/bench/at_once.py`` prints a table.

The first question of ``musmed`` beside a Textual app with one line of text, ``musmed --help``
beside ``python -c pass``, and the first sound with an engine that is up and with one that is not.
Who is compared takes turns, in the same terminal and the same run, by the clock and by CPU time: of
a busy machine only the ratios, and the CPU time, mean something. ``--against FOLDER`` has another
checkout of musmed take its turns, too.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
COLUMNS, ROWS = 120, 40
QUESTION = b"How do you feel now?"
LIMIT_SECONDS = 60.0
PARTS = ("help", "paint", "sound")

BARE = f"""
from textual.app import App, ComposeResult
from textual.widgets import Static

class Bare(App[None]):
    def compose(self) -> ComposeResult:
        yield Static({QUESTION.decode()!r})

Bare().run()
"""
"""The floor of the first paint."""


class Taken(NamedTuple):
    """Seconds by the clock and of CPU."""

    clock: float
    cpu: float


Turn = Callable[[], Mapping[str, Taken]]
"""One turn of somebody: what was measured, by name."""


def by_turns(turns: Sequence[Turn], rounds: int) -> dict[str, list[Taken]]:
    """What everybody measured in ``rounds`` turns each, after one that does not count."""
    taken: dict[str, list[Taken]] = {}
    for number in range(rounds + 1):
        for turn in turns:
            for name, one in turn().items():
                if number:
                    taken.setdefault(name, []).append(one)
    return taken


def cpu_of(pid: int) -> float:
    """CPU seconds that a process's threads have taken so far, its children left out."""
    nanoseconds = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            nanoseconds += int((task / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


def environment_of(checkout: Path, home: str) -> dict[str, str]:
    """Of a checkout's code, with a home of its own."""
    usual = {name: value for name, value in os.environ.items() if not name.startswith("MUSMED_")}
    return usual | {
        "PYTHONPATH": str(checkout),
        "MUSMED_HOME": home,
        "MUSMED_SINK": "null",
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }


# --help


def ended(command: Sequence[str], checkout: Path) -> Taken:
    """A command from its start to its end."""
    with tempfile.TemporaryDirectory() as home:
        environment = environment_of(checkout, home)
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, cwd=checkout, env=environment
        )
        _, status, used = os.wait4(process.pid, 0)
        taken = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Taken(taken, used.ru_utime + used.ru_stime)


def helped(name: str, checkout: Path) -> Turn:
    return lambda: {name: ended([sys.executable, "-m", "musmed_tui", "--help"], checkout)}


def nothing(name: str) -> Turn:
    return lambda: {name: ended([sys.executable, "-c", "pass"], ROOT)}


# first paint


def painted(command: Sequence[str], checkout: Path, leave: bytes) -> Taken:
    """Until the question stands on a terminal of 120x40; the CPU time is that of the command's own
    process, not that of the engine it starts."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with tempfile.TemporaryDirectory() as home:
        environment = environment_of(checkout, home)
        welcome(environment, checkout)
        start = time.perf_counter()
        process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            cwd=checkout,
            env=environment,
        )
        os.close(follower)
        seen = b""
        while QUESTION not in seen:
            assert time.perf_counter() - start < LIMIT_SECONDS, seen[-2000:]
            if select.select([leader], [], [], 0.1)[0]:
                seen += os.read(leader, 65536)
        taken = Taken(time.perf_counter() - start, cpu_of(process.pid))
        os.write(leader, leave)
        while process.poll() is None:
            if time.perf_counter() - start > LIMIT_SECONDS:
                process.send_signal(signal.SIGTERM)
            if select.select([leader], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    os.read(leader, 65536)
    os.close(leader)
    return taken


def welcome(environment: Mapping[str, str], checkout: Path) -> None:
    """The card of the first run was put away."""
    code = "from musmed_tui.first_run import remember; from musmed_tui.paths import folders; "
    subprocess.run(
        [sys.executable, "-c", f"{code}remember(folders())"],
        check=True,
        cwd=checkout,
        env=environment,
    )


def asking(name: str, checkout: Path) -> Turn:
    command = [sys.executable, "-m", "musmed_tui"]
    return lambda: {name: painted(command, checkout, b"q")}


def bare(name: str) -> Turn:
    return lambda: {name: painted([sys.executable, "-c", BARE], ROOT, b"\x11")}  # ctrl+q


# first sound


def sounded(name: str, checkout: Path) -> Turn:
    """In a process of its own, which has imported what a front has when its Begin is pressed."""

    def turn() -> Mapping[str, Taken]:
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                [sys.executable, __file__, "--first-sound"],
                check=True,
                stdout=subprocess.PIPE,
                cwd=checkout,
                env=environment_of(checkout, home),
            )
        told: dict[str, list[float]] = json.loads(done.stdout)
        return {f"{name}, {what}": Taken(*values) for what, values in told.items()}

    return turn


def first_sounds() -> dict[str, Taken]:
    """From the call that begins a session until a sound card is given a frame that is not zero. The
    CPU time is front's and engine's together."""
    return {"engine up": first_sound(warm=True), "engine not up": first_sound(warm=False)}


def first_sound(*, warm: bool) -> Taken:
    from engine.affect.feelings import parse_affect
    from engine.link.warm import WarmEngine
    from engine.plan.request import Request
    from engine.session.library.library import Library
    from engine.session.preparation import prepare

    start_affect, target = parse_affect("tense")[0], parse_affect("calm")[0]
    request = Request(
        start=start_affect,
        target=target,
        start_word="tense",
        target_word="calm",
        minutes=15.0,
        seed=7,
    )
    sink = Probe()
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("ab") as log:
        library = Library(Path(folder))
        engine: WarmEngine | None = None
        if warm:
            engine = WarmEngine("embedded", log)
            settle()
        before = cpu_of(os.getpid()) + sum(cpu_of(one) for one in children())
        start = time.perf_counter()
        runner = prepare(
            request, library=library, sink=sink, log_file=Path(folder) / "log", warm=engine
        )
        runner.start()
        assert sink.heard.wait(LIMIT_SECONDS)
        taken = Taken(
            sink.at - start, cpu_of(os.getpid()) + sum(cpu_of(one) for one in children()) - before
        )
        runner.stop()
        runner.close()
        library.close()
        if engine is not None:
            engine.close()
    return taken


def children() -> list[int]:
    """The processes that this one has started."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += [int(one) for one in (task / "children").read_text().split()]
    return found


def settle() -> None:
    """Until the engine has said what it loaded and takes hardly any CPU time."""
    last, still = 0.0, 0
    for _ in range(150):
        time.sleep(0.2)
        now = sum(cpu_of(one) for one in children())
        still = still + 1 if now > 0.3 and now - last < 0.01 else 0
        last = now
        if still == 5:
            return


class Probe:
    """Asks in real time like a sound card and notes when the first sound is given to it: the
    moment of interest is what the callback gets, not what a device makes of it."""

    name = "probe"
    realtime = True
    own_clock = True
    latency = 0.5

    def __init__(self) -> None:
        self.at = 0.0
        self.heard = threading.Event()
        self._stop = threading.Event()

    @property
    def active(self) -> bool:
        return not self._stop.is_set()

    def describe(self) -> str:
        return "probe"

    def start(self, fill: Callable[..., object]) -> None:
        threading.Thread(target=self._run, args=(fill,), daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def _run(self, fill: Callable[..., object]) -> None:
        import numpy as np

        out = np.zeros((480, 2), np.float32)
        while not self._stop.is_set():
            fill(out)
            if not self.heard.is_set() and np.any(out):
                self.at = time.perf_counter()
                self.heard.set()
            time.sleep(len(out) / 48_000)


# the table


def spread(values: Sequence[float], digits: int = 3) -> str:
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} s ({low:.{digits}f}-{high:.{digits}f})"


def table(taken: Mapping[str, Sequence[Taken]], beside: Mapping[str, str]) -> list[str]:
    """Rows of Markdown. ``beside``: the floor that each is shown as a multiple of."""
    lines = ["| what | clock | CPU | beside | clock, times | CPU, times |", "|" + "---|" * 6]
    for name, values in taken.items():
        floor = taken.get(beside.get(name, ""))
        times = ["-", "-"]
        if floor:
            times = [
                f"{statistics.median(mine) / statistics.median(theirs):.2f}"
                for mine, theirs in (
                    ([one.clock for one in values], [one.clock for one in floor]),
                    ([one.cpu for one in values], [one.cpu for one in floor]),
                )
            ]
        cells = [name, spread([one.clock for one in values]), spread([one.cpu for one in values])]
        lines.append(f"| {' | '.join([*cells, beside.get(name, '-'), *times])} |")
    return lines


def measured(parts: Sequence[str], rounds: int, against: Path | None) -> list[str]:
    """The table of ``parts`` ('help', 'paint', 'sound')."""
    checkouts = {"": ROOT} | ({" (other checkout)": against} if against else {})
    taken: dict[str, list[Taken]] = {}
    beside: dict[str, str] = {}
    if "help" in parts:
        turns = [nothing("python -c pass")]
        for other, folder in checkouts.items():
            turns.append(helped(f"musmed --help{other}", folder))
            beside[f"musmed --help{other}"] = "python -c pass"
        taken |= by_turns(turns, rounds)
    if "paint" in parts:
        turns = [bare("bare Textual app")]
        for other, folder in checkouts.items():
            turns.append(asking(f"first paint{other}", folder))
            beside[f"first paint{other}"] = "bare Textual app"
        taken |= by_turns(turns, rounds)
    if "sound" in parts:
        turns = [sounded(f"first sound{other}", folder) for other, folder in checkouts.items()]
        taken |= by_turns(turns, rounds)
        for what in ("engine up", "engine not up"):
            beside[f"first sound, {what}"] = f"first sound (other checkout), {what}"
    return table(taken, beside)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, help="another checkout, which takes turns")
    parser.add_argument("--first-sound", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.first_sound:
        sys.path.insert(0, os.environ["PYTHONPATH"])
        print(json.dumps(first_sounds()))
        return
    for line in measured(given.parts or PARTS, given.rounds, given.against):
        print(line)


if __name__ == "__main__":
    main()
