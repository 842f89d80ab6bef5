"""Count the bytes musmed sends to a terminal: ``python tests/bench/bytes.py`` prints a table.

By itself it counts the plane, the timeline and the meter playing a session with ever new levels,
with ``--calm`` without the breath and the glow of its dot.
With a program after ``--`` it counts that instead, for example
``bytes.py -- musmed play --from tense --to calm --sink null``: playing, on the stage, then after
``--pause``'s key; playing without motion (``calm``), too; ``--slow`` names the option that asks it
for a slow link. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZES = ((80, 24), (100, 30), (120, 40), (160, 50))
BUDGETED = (120, 40)
"""The largest size the budgets are for."""
BUDGET_KB = 8.0
SLOW_BUDGET_KB = 2.0
KEYS = {"space": b" "}
FULL_SCREEN = b"\x1b[?1049h"


class Screen:
    """A program in a pseudo-terminal of ``size`` (columns, rows), read as fast as it writes."""

    def __init__(
        self, command: list[str], size: tuple[int, int], home: str, *, calm: bool = False
    ) -> None:
        columns, rows = size
        env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
        env.update(TERM="xterm-256color", COLORTERM="truecolor", LC_ALL="C.UTF-8")
        env.update(PYTHONPATH=str(ROOT), MUSMED_HOME=home)
        env.update({"MUSMED_CALM": "true"} if calm else {})
        (Path(home) / "config").mkdir()
        (Path(home) / "config" / "welcomed").touch()  # no first-run card lies over it
        self._pid, self._master = pty.fork()  # its controlling terminal, or it reads no keys
        if self._pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(command[0], command, env)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGTERM)
        end = time.monotonic() + 10
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            self.read(0.2)
            if time.monotonic() > end:
                os.kill(self._pid, signal.SIGKILL)
        os.close(self._master)

    def count(self, seconds: float) -> int:
        """How many bytes come in ``seconds``."""
        return len(self.read(seconds))

    def read(self, seconds: float) -> bytes:
        """What comes in ``seconds``."""
        end, read = time.monotonic() + seconds, bytearray()
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self._master], [], [], left)
            if ready:
                try:
                    read += os.read(self._master, 65536)
                except OSError:  # the program has ended
                    time.sleep(max(0.0, end - time.monotonic()))
        return bytes(read)

    def press(self, key: str) -> None:
        os.write(self._master, KEYS.get(key, key.encode()))


def counted(
    command: list[str], size: tuple[int, int], arguments: argparse.Namespace, *, calm: bool = False
) -> Iterator[tuple[str, float]]:
    """KB (1000 bytes) a second in each state; with ``calm`` while playing alone."""
    with tempfile.TemporaryDirectory() as home, Screen(command, size, home, calm=calm) as screen:
        first = screen.read(arguments.settle)
        if FULL_SCREEN not in first:
            said = first.decode(errors="replace")
            raise SystemExit(f"{' '.join(command)} did not open its screen but said:\n{said}")
        seconds = arguments.seconds
        yield "calm" if calm else "playing", screen.count(seconds) / seconds / 1000
        if calm:
            return
        if arguments.program:
            screen.press("f")
            screen.count(2.0)  # the stage comes, as a whole
            yield "stage", screen.count(seconds) / seconds / 1000
            screen.press("f")
            screen.count(2.0)
        screen.press(arguments.pause)
        screen.count(4.0)  # the meter sinks, the state's word changes
        yield "paused", screen.count(seconds) / seconds / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=5.0, help="to count for")
    parser.add_argument("--settle", type=float, default=3.0, help="to wait first")
    parser.add_argument("--pause", default="space", help="the key that pauses")
    parser.add_argument("--slow", default="--slow-link", help="the program's slow-link option")
    parser.add_argument("--widgets", type=float, metavar="FPS", help=argparse.SUPPRESS)
    parser.add_argument("--calm", action="store_true", help="the dot does not move by itself")
    parser.add_argument("program", nargs="*")
    arguments = parser.parse_args()
    if arguments.widgets:
        show_widgets(arguments.widgets, calm=arguments.calm)
        return 0
    own = [sys.executable, __file__, *(["--calm"] if arguments.calm else []), "--widgets"]
    usual = arguments.program or [*own, "10"]
    slow = [*arguments.program, arguments.slow] if arguments.program else [*own, "2", "--calm"]
    print(f"{'terminal':<10}{'link':<8}{'':<10}{'KB/s':>8}{'budget':>8}")
    over = False
    for size in SIZES:
        rows = [("usual", usual, BUDGET_KB, False), ("slow", slow, SLOW_BUDGET_KB, False)]
        rows += [("usual", usual, BUDGET_KB, True)] if arguments.program else []
        for link, command, budget, calm in rows:
            for state, figure in counted(command, size, arguments, calm=calm):
                limit = 0.0 if state == "paused" else budget
                over = over or (figure > limit and size <= BUDGETED)
                where = f"{size[0]}x{size[1]}"
                print(f"{where:<10}{link:<8}{state:<10}{figure:>8.2f}{limit:>8.1f}", flush=True)
    return int(over)


def show_widgets(fps: float, *, calm: bool) -> None:
    """The three widgets alone, full screen, playing a session until the process is ended."""
    import random

    from textual.app import App, ComposeResult

    from engine.affect.feelings import feeling
    from engine.affect.path import plan_path
    from musmed_tui.drawing.motion import Motion
    from musmed_tui.drawing.plane_layout import PlaneState, plane_words
    from musmed_tui.drawing.timeline_picture import ClipSpan, TimelineState
    from musmed_tui.textual_themes import for_textual, variables
    from musmed_tui.theming import load_theme
    from musmed_tui.widgets.circumplex import Circumplex
    from musmed_tui.widgets.levels import Levels
    from musmed_tui.widgets.timeline import Timeline

    total, theme = 900.0, load_theme("dark")
    start, target = feeling("tense").affect, feeling("calm").affect
    path = plan_path(start, target, total, "iso")
    points = tuple((point.time, point.affect) for point in path.waypoints)
    drawn, motion = random.Random(1), Motion(calm=calm)

    class Widgets(App[None]):
        CSS = "Timeline, Levels { margin: 0 1; }"
        paused = False
        position = 0.4 * total

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return variables(theme)

        def compose(self) -> ComposeResult:
            yield Circumplex()
            yield Timeline()
            yield Levels()

        def on_mount(self) -> None:
            self.register_theme(for_textual(theme))
            self.theme = theme.name
            self.set_interval(1 / fps, self.tick)

        def on_key(self) -> None:
            self.paused = not self.paused

        def tick(self) -> None:
            quiet = (-90.0, -90.0)
            peak = (drawn.uniform(-24, -6), drawn.uniform(-24, -6))
            self.query_one(Levels).show(quiet if self.paused else peak)
            self.position += 0.0 if self.paused else 1 / fps
            now = self.position
            breath, glow = motion.at(now, max(quiet if self.paused else peak))
            state = PlaneState(
                path=points,
                travelled_until=now,
                total=total,
                now=path.at(now),
                start=start,
                target=target,
                words=plane_words(),
                start_word="tense",
                target_word="calm",
                breath=None if self.paused else breath,
                glow=0 if self.paused else glow,
            )
            self.query_one(Circumplex).show(state)
            starts = [22.5 * i for i in range(40)]
            spans = tuple(
                ClipSpan(s, min(total, s + 30), "ready" if s < now + 90 else "planned")
                for s in starts
            )
            self.query_one(Timeline).show(TimelineState(spans, now, total))

    Widgets().run()


if __name__ == "__main__":
    sys.exit(main())
