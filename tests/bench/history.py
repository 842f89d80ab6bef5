"""How long the history takes with so many sessions: whole commands, and the screen in a terminal of
80x24 from the key to the first row, to the last session and to what was searched; best of three.

python tests/bench/history.py [SESSIONS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.terminal import Terminal, listener  # noqa: E402

from engine.affect.feelings import FEELINGS  # noqa: E402
from engine.plan.request import Request  # noqa: E402
from engine.session.library.library import Library  # noqa: E402


def fill(folder: Path, count: int) -> None:
    """Rows as the library writes them, in one transaction."""
    library = Library(folder)
    begun = datetime(2026, 11, 12, 18, 30, tzinfo=UTC)
    db = library._db
    db.execute("BEGIN")
    for number in reversed(range(count)):  # the newest is the last that was begun
        when = begun - timedelta(hours=8 * number)
        session = f"{when:%Y%m%d-%H%M%S}-aa"
        start, target = FEELINGS[number % 40], FEELINGS[(7 * number) % 40]
        request = Request(start=start.affect, target=target.affect, start_word=start.word)
        told = msgspec.json.encode(request).decode()
        row = (session, when.isoformat(), told, "embedded", 27, None, 900.0, "finished", None, None)
        db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        for moment in ("before", "after"):
            rated = (session, moment, number % 101, number % 97, f"note {number}", when.isoformat())
            db.execute("INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, 1)", rated)
        for clip in range(4):
            liked = (session, clip, 0, 22.5 * clip, "calm", "piano", "ambient", 1, when.isoformat())
            db.execute("INSERT INTO likings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1)", liked)
    db.execute("COMMIT")
    library.close()


def seconds(home: str, *words: str) -> float:
    environment = os.environ | {"MUSMED_HOME": home, "PYTHONPATH": str(ROOT)}
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, *words], env=environment, check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        taken.append(time.perf_counter() - begun)
    return min(taken)


def screen_seconds(home: str, count: int) -> tuple[float, float, float, float]:
    """From its key to the list of feelings, for comparison; from the key to the first row of the
    history, from there until all are read, and to what is searched."""
    screen = Terminal([sys.executable, "-m", "musmed_tui"], listener(Path(home)), (80, 24))
    screen.until("How do you feel now?")
    screen.read_all(2.0)  # the engine that is started meanwhile is not what is measured
    beside = screen.until("high energy", "w")
    screen.press("\x1b")
    screen.read_all(1.0)
    first = screen.until("note 0", "p")
    whole = screen.until(f"{count} sessions\x1b")
    screen.read_all(1.0)
    screen.press("/")
    screen.read_all(0.5)
    searched = screen.until("1 of", f"{count - 1}")
    screen.close()
    return beside, first, whole, searched


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with tempfile.TemporaryDirectory() as home:
        fill(Path(home) / "data" / "library", count)
        beside = seconds(home, "-c", "import numpy, sqlite3, typer")
        print(f"{count} sessions; python with numpy, sqlite3, typer alone: {beside:.2f} s")
        for words in (
            ("history",),
            ("history", "note", "4999"),
            ("history", "--weeks"),
            ("preferences",),
            ("plan", "--from", "tense", "--to", "calm"),
        ):
            print(f"{' '.join(words)}: {seconds(home, '-m', 'musmed_tui', *words):.2f} s")
        shown = zip(*(screen_seconds(home, count) for _ in range(3)), strict=True)
        beside, first, whole, searched = (min(one) for one in shown)
        print(f"screen: the list of feelings {beside:.2f} s")
        print(f"screen: first rows {first:.2f} s, all of them {whole:.2f} s later")
        print(f"screen: search by {len(str(count - 1))} letters {searched:.2f} s")


if __name__ == "__main__":
    main()
