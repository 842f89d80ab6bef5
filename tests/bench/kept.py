"""What grows with what is kept: ``python tests/bench/kept.py`` prints a table.

Libraries of 10, 1,000 and 10,000 clips (``--clips``), all of them copies of one session of four
minutes, its files linked in place of copied: until the first question stands on a screen of 120x40,
until the key for the history shows its first row, and commands, beside the smallest library's and
beside ``python`` with what a command cannot do without. Medians, everybody in turn.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.machine import machine  # noqa: E402
from bench.terminal import Terminal, listener  # noqa: E402

from engine.session.library.library import Library  # noqa: E402

MUSMED = [sys.executable, "-m", "musmed_tui"]
PATTERN_MINUTES = 4
FLOOR = "import numpy, sqlite3, typer"
BEGUN = datetime(2026, 11, 12, 18, 30, tzinfo=UTC)
LOOKUPS = 21
COLUMNS = (
    "first paint",
    "history on the screen",
    "`musmed history`",
    "`musmed history ID`",
    "`musmed sessions`",
    "one session read",
)


class Kept(NamedTuple):
    """A library of copies."""

    home: Path
    clips: int
    sessions: list[str]
    """The newest last."""


def pattern(home: Path) -> None:
    """Compose the session that all are copies of."""
    command = [*MUSMED, "play", "--plain", "--from", "tense", "--to", "calm", "--seed", "7"]
    command += ["--minutes", str(PATTERN_MINUTES), "--sink", f"file:{home / 'it.flac'}"]
    subprocess.run(
        command,
        check=True,
        cwd=ROOT,
        env=listener(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def filled(home: Path, pattern_home: Path, clips: int) -> Kept:
    """As many copies as have ``clips`` clips, the last one cut short."""
    data = home / "data" / "library"
    Library(data).close()
    source = Library(pattern_home / "data" / "library")
    (row,) = source.sessions(1)
    source.load(row.id)  # what reading imports is not what is measured
    files = sorted(source.clip_folder(row.id).glob("*.flac"))
    source.close()
    made: list[str] = []
    db = sqlite3.connect(data / "library.sqlite", isolation_level=None)
    db.execute("ATTACH ? AS pattern", (str(pattern_home / "data/library/library.sqlite"),))
    db.execute("BEGIN")
    count = -(-clips // len(files))
    for number in range(count):
        when = BEGUN + timedelta(hours=8 * (number - count))
        session = f"{when:%Y%m%d-%H%M%S}-aa"
        few = min(len(files), clips - number * len(files))
        _copy_rows(db, session, when, few, note=f"note {count - 1 - number}")
        _link(files[:few], data / "sessions" / session)
        made.append(session)
    db.execute("COMMIT")
    db.close()
    (data / "sessions").chmod(0o700)
    return Kept(home, clips, made)


def _copy_rows(
    db: sqlite3.Connection, session: str, when: datetime, clips: int, *, note: str
) -> None:
    kept = ", ".join(
        f"'{session}'" if name == "id" else f"'{when.isoformat()}'" if name == "created" else name
        for name in _columns(db, "sessions")
    )
    db.execute(f"INSERT INTO main.sessions SELECT {kept} FROM pattern.sessions")
    names = _columns(db, "clips")
    told = ", ".join(f"'{session}'" if name == "session" else name for name in names)
    db.execute(
        f"INSERT INTO main.clips SELECT {told} FROM pattern.clips ORDER BY number LIMIT {clips}"
    )
    for moment in ("before", "after"):
        rated = (session, moment, 40, 60, note, when.isoformat())
        db.execute("INSERT INTO main.ratings VALUES (?, ?, ?, ?, ?, ?, 1)", rated)


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [str(name) for _, name, *_ in db.execute(f"PRAGMA main.table_info({table})")]


def _link(files: list[Path], folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    for file in files:
        os.link(file, folder / file.name)


def painted(kept: Kept) -> Iterator[tuple[str, float]]:
    terminal = Terminal(MUSMED, listener(kept.home), (120, 40))
    try:
        terminal.until("How do you feel now?")
        yield "first paint", terminal.age
        terminal.read_all(2.0)  # the engine that is started meanwhile is not what is measured
        yield "history on the screen", terminal.until("note 0", "p")
    finally:
        terminal.close()


def commands(kept: Kept) -> Iterator[tuple[str, float]]:
    for words in (("history",), ("history", kept.sessions[0]), ("sessions",)):
        name = "`musmed history ID`" if len(words) > 1 else f"`musmed {words[0]}`"
        yield name, seconds([*MUSMED, *words], listener(kept.home))


def seconds(command: list[str], environment: dict[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begun


def looked_up(kept: Kept) -> Iterator[tuple[str, float]]:
    """With the library open: a session with its clips, each for the first time."""
    library = Library(kept.home / "data" / "library")
    taken = []
    for session in kept.sessions[:: -(-len(kept.sessions) // LOOKUPS)]:
        begun = time.perf_counter()
        library.load(session)
        taken.append(time.perf_counter() - begun)
    library.close()
    yield "one session read", statistics.median(taken)


PARTS: tuple[Callable[[Kept], Iterator[tuple[str, float]]], ...] = (painted, commands, looked_up)


def measured(libraries: list[Kept], rounds: int) -> dict[tuple[int, str], list[float]]:
    """By clips kept and what was done (0 clips: the floor), by turns."""
    found: dict[tuple[int, str], list[float]] = {}
    for _ in range(rounds):
        alone = seconds([sys.executable, "-c", FLOOR], dict(os.environ))
        found.setdefault((0, "floor"), []).append(alone)
        for kept in libraries:
            for part in PARTS:
                for what, taken in part(kept):
                    found.setdefault((kept.clips, what), []).append(taken)
    return found


def shown(value: float) -> str:
    return f"{1000 * value:.1f} ms" if value < 0.1 else f"{value:.2f} s"


def table(counts: list[int], rounds: int) -> list[str]:
    """Rows of Markdown, the smallest library first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pattern").mkdir()
        pattern(folder / "pattern")
        libraries = [
            filled(folder / str(count), folder / "pattern", count) for count in sorted(counts)
        ]
        found = measured(libraries, rounds)
    middle = {key: statistics.median(values) for key, values in found.items()}
    lines = [f"| clips kept | sessions | {' | '.join(COLUMNS)} |", "|---" * 8 + "|"]
    for kept in libraries:
        cells = [f"{kept.clips:,}", f"{len(kept.sessions):,}"]
        for what in COLUMNS:
            here, least = middle[kept.clips, what], middle[libraries[0].clips, what]
            cells.append(f"{shown(here)} ({here / least:.2f})")
        lines.append(f"| {' | '.join(cells)} |")
    alone = shown(middle[0, "floor"])
    return [*lines, "", f"`python -c '{FLOOR}'` in the same run: {alone}."]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clips", default="10,1000,10000", help="with commas")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"{machine()}\n")
    print("\n".join(table([int(one) for one in asked.clips.split(",")], asked.rounds)))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
