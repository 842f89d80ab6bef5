"""A training while it runs: a live line on a terminal, else a line now and then, or JSON."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from engine.printable import one_line
from engine.training.said import Progress
from musmed_tui.commands.train_words import Pace, headline, of_step, of_watching, time_left
from musmed_tui.terminal.streams import json_line, tell, tell_lines, unminded
from musmed_tui.terminal.terminal import look_at_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.training.recipe import Recipe
    from engine.training.said import Stage
    from engine.training.watched import Watched

    Heard = Callable[[], Sequence[Watched]]

JSON_EVERY = 1.0
GETTING_READY = "Getting ready"
"""While torch and transformers are loaded, which takes seconds."""
EVERY = 30.0
"""Seconds from one line to the next, where nothing else is to be said."""


@contextlib.contextmanager
def shown(
    recipe: Recipe, heard: Heard, *, as_json: bool, now: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[Progress], None]]:
    """What is to be told how far it is. ``heard``: what was watched so far."""
    if as_json:
        yield JsonLines(heard, now).told
        return
    lines = Lines(recipe, heard, now)
    if not look_at_terminal(plain=False).live:
        lines.say(f"{GETTING_READY}.")
        yield lines.told
        return
    with _live(lines) as told:
        yield told


class JsonLines:
    """Progress as lines of JSON: for every update and watching, where a stage begins and ends, and
    within one at most every ``JSON_EVERY`` seconds."""

    def __init__(self, heard: Heard, now: Callable[[], float]) -> None:
        self.now, self._heard = now, heard
        self._known = len(heard())
        self._last: Progress | None = None
        self._said = now()

    def told(self, progress: Progress) -> None:
        """Say it, if it is time to."""
        last = self._last
        entered = last is None or progress.stage != last.stage
        if entered and progress.stage in ("training", "writing"):
            heard = self._heard()
            for watched in heard[self._known :]:
                tell_json({"event": "watched", "watched": watched})
            self._known = len(heard)
        due = self.now() - self._said >= JSON_EVERY or progress.done == progress.total
        if entered or progress.step is not None or (due and progress != last):
            self._last, self._said = progress, self.now()
            fields = msgspec.structs.asdict(progress)
            tell_json({"event": "progress", **fields})


def tell_json(value: object) -> None:
    """``value`` as a whole line of JSON, however long."""
    tell_lines(json_line(value))


class Lines:
    """Progress as lines of text: where a stage begins, after a watching, and now and then.
    ``say`` takes each."""

    def __init__(
        self,
        recipe: Recipe,
        heard: Heard,
        now: Callable[[], float],
        say: Callable[[str], None] = tell,
    ) -> None:
        self.pace, self.now, self.say = Pace(recipe), now, say
        self._heard = heard
        self._stage: Stage | None = None
        self._known = len(heard())
        self._said = now()

    def told(self, progress: Progress) -> None:
        """Say it, if it is time to."""
        left = self.pace.left(progress, self.now())
        entered = self.watched(progress)
        last = progress.done == progress.total and progress.stage == "training"
        if entered or last or self.now() - self._said >= EVERY:
            self._said = self.now()
            self.say(f"{in_words(progress, left)}.")

    def watched(self, progress: Progress) -> bool:
        """Say what came of a watching that has ended; whether ``progress`` is of another stage than
        what was told before."""
        entered, self._stage = progress.stage != self._stage, progress.stage
        if entered and progress.stage in ("training", "writing"):
            heard = self._heard()
            if len(heard) > self._known:
                self._known = len(heard)
                self.say(of_watching(heard))
        return entered


def in_words(progress: Progress, left: float | None) -> str:
    """All of it in one line."""
    step = of_step(progress.step) if progress.step is not None else ""
    return ", ".join(part for part in (headline(progress), step, time_left(left)) if part)


@contextlib.contextmanager
def _live(lines: Lines) -> Iterator[Callable[[Progress], None]]:
    """A bar, and under it what the last step came to."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(20),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}"),
    )
    task = bar.add_task(GETTING_READY, total=None, left="")
    under = Text("", no_wrap=True, overflow="ellipsis")
    console = Console(file=unminded())
    with Live(Group(bar, under), console=console, transient=True, refresh_per_second=2) as live:
        lines.say = lambda text: live.console.print(Text(one_line(text)))  # no markup

        def told(progress: Progress) -> None:
            left = lines.pace.left(progress, lines.now())
            lines.watched(progress)
            bar.update(
                task,
                description=headline(progress),
                completed=progress.done,
                total=progress.total,
                left=time_left(left),
            )
            if progress.step is not None:
                under.plain = of_step(progress.step)

        yield told
