"""How long the history takes with so many sessions, whole commands, best of three.

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

from engine.affect.feelings import FEELINGS
from engine.plan.request import Request
from engine.session.library.library import Library

ROOT = Path(__file__).parents[2]


def fill(folder: Path, count: int) -> None:
    """Rows as the library writes them, in one transaction."""
    library = Library(folder)
    begun = datetime(2026, 11, 12, 18, 30, tzinfo=UTC)
    db = library._db
    db.execute("BEGIN")
    for number in range(count):
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


if __name__ == "__main__":
    main()
