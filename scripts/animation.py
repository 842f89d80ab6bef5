"""Record what the terminal is sent as an asciinema cast: ``python scripts/animation.py``.

Runs ``musmed demo`` (or what stands after ``--``) in a pseudo-terminal and writes
``docs/pictures/demo.cast`` (asciicast v2) and, where termtosvg is installed, ``demo.svg``, the
animation of the README. Everything on it is the real program with its real engine; only its times
are thinned: what comes within ``FRAME`` seconds is one step.
"""

from __future__ import annotations

import argparse
import codecs
import fcntl
import json
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
COLUMNS, ROWS = 100, 30
FRAME = 0.9
"""Seconds of a step: with fewer of them the animation is smaller."""


def recorded(command: list[str], seconds: float) -> list[tuple[float, str]]:
    """What ``command`` writes to its terminal, with the seconds at which it came, until it ends or
    for ``seconds``; then it is told to end."""
    with tempfile.TemporaryDirectory() as home:
        env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
        env.update(TERM="xterm-256color", COLORTERM="truecolor", LC_ALL="C.UTF-8")
        env.update(PYTHONPATH=str(ROOT), MUSMED_HOME=home, MUSMED_SINK="null")
        (Path(home) / "config").mkdir()
        (Path(home) / "config" / "welcomed").touch()  # no first-run card lies over it
        pid, master = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.execvpe(command[0], command, env)
        try:
            return read(master, seconds)
        finally:
            os.kill(pid, 15)
            read(master, 10.0)
            os.waitpid(pid, 0)
            os.close(master)


def read(master: int, seconds: float) -> list[tuple[float, str]]:
    """What comes in ``seconds``, or until the end, in steps of ``FRAME``."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    begun, steps = time.monotonic(), list[tuple[float, str]]()
    while (now := time.monotonic() - begun) < seconds:
        ready, _, _ = select.select([master], [], [], min(FRAME, seconds - now))
        if not ready:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:  # the program has ended
            break
        at, text = time.monotonic() - begun, decoder.decode(data)
        if steps and at - steps[-1][0] < FRAME:
            steps[-1] = (steps[-1][0], steps[-1][1] + text)
        else:
            steps.append((at, text))
    return steps


def write_cast(steps: list[tuple[float, str]], path: Path) -> None:
    """The steps as asciicast v2 (docs.asciinema.org/manual/asciicast/v2)."""
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "musmed demo"}
    lines = [json.dumps(header), *(json.dumps([round(at, 2), "o", text]) for at, text in steps)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=100.0, help="at most so long")
    parser.add_argument("--output", type=Path, default=PICTURES / "demo.cast")
    parser.add_argument("program", nargs="*")
    asked = parser.parse_args()
    command = asked.program or [sys.executable, "-m", "musmed_tui", "demo", "--slow-link"]
    write_cast(recorded(command, asked.seconds), asked.output)
    print(f"{asked.output} ({asked.output.stat().st_size / 1000:.0f} KB)")
    renderer = shutil.which("termtosvg")
    if renderer is None:
        print("No animation: 'pip install termtosvg setuptools' and again.")
        return 1
    picture = asked.output.with_suffix(".svg")
    subprocess.run(
        [renderer, "render", str(asked.output), str(picture), "-t", "window_frame"], check=True
    )
    print(f"{picture} ({picture.stat().st_size / 1000:.0f} KB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
