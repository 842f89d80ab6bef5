"""``musmed study``: a study checked, run, looked at and gathered (docs/study.md)."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from engine.errors import MusmedError
from engine.places import expanded
from engine.printable import visible
from musmed_tui.exits import MENDABLE, exit_code
from musmed_tui.logs import stderr_to
from musmed_tui.paths import folders
from musmed_tui.terminal.streams import remark, say_json, tell, unminded
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Signals, look_at_terminal

if TYPE_CHECKING:
    from engine.study.design import Design
    from engine.study.folder import StudyFolder
    from engine.study.progress import Progress
    from engine.study.running import Prepared

MOST_JOBS = 1024
_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_SHOWN = 20
"""Failures that are listed one by one."""


def check_study(file: str | None, *, jobs: str | None, as_json: bool) -> None:
    """Print what a study would be. Raises ``MusmedError``."""
    from engine.composers.speeds import Speeds
    from engine.study.running import check_composers, estimate, places_here

    design = _design(file)
    places = places_here(design, _jobs(jobs))
    found = estimate(design, len(places), Speeds(folders().state))
    conditions = tuple(dict.fromkeys(one.condition for one in design.sessions))
    lacking = ""
    try:
        check_composers(design)
    except MusmedError as error:
        lacking = str(error)
    if as_json:
        what = {"title": design.title, "conditions": conditions, **found._asdict()}
        say_json({**what, "remarks": design.remarks, "lacking": lacking or None})
        return
    rows = [
        ("title", design.title),
        ("sessions", f"{found.sessions}"),
        ("conditions", f"{len(conditions)}"),
        ("music to be made", _long(found.seconds)),
        ("sessions at once", f"{found.places}"),
        ("time, about", "not known yet" if found.time is None else _long(found.time)),
        ("disk, about", _size(found.disk)),
    ]
    if found.jobs < found.sessions:
        rows.insert(2, ("of them different", f"{found.jobs}"))
    print_table("A study", ("what", "how much"), rows)
    for said in (*design.remarks, lacking):
        if said:
            remark(said)


def run_study(
    file: str | None,
    output: str | None,
    *,
    jobs: str | None,
    shard: str | None,
    address: str | None,
    retry: bool,
) -> int:
    """Make what is not made yet, then the table; gives the exit code. Raises ``MusmedError``."""
    from engine.study.cluster import LOCAL, run_cluster
    from engine.study.running import check_composers, places_here, prepare_run, run_here

    elsewhere = address is not None and address != LOCAL
    if elsewhere and jobs is not None:
        raise MusmedError("--jobs is for this machine; a cluster has as many as it has cores.")
    if output is None:
        raise MusmedError("-o is missing: name the folder for the study's sessions.")
    part, parts = _shard(shard)
    wanted = _jobs(jobs)
    design = _design(file)
    if not elsewhere:
        check_composers(design)
    prepared = prepare_run(
        design, expanded(output, "folder").absolute(), part=part, parts=parts, retry=retry
    )
    for said in design.remarks:
        remark(said)
    places = places_here(design, wanted)
    with Signals() as signals, _shown(prepared.progress) as look:

        def stopped() -> bool:
            look()
            return signals.stop is not None

        if address is None:
            outcome = run_here(prepared, places, stopped=stopped)
        else:
            with stderr_to(prepared.folder.log / "ray.log"):  # it tells there of nodes that die
                outcome = run_cluster(prepared, address, places, stopped=stopped)
    _say_table(prepared.folder, design)
    if outcome.stopped:
        tell("Stopped; the same command goes on from here.")
        return exit_code(signals.stop)
    if outcome.reason:
        raise MusmedError(outcome.reason)
    return _say_end(prepared)


def _say_end(prepared: Prepared) -> int:
    """How it ended; the exit code."""
    from engine.study.running import status_of

    status = status_of(prepared.folder, prepared.design, part=prepared.part, parts=prepared.parts)
    if status.making:
        tell(f"{status.making} are being made by other processes.")
    if status.waiting:
        tell(f"{status.waiting} are not made yet; the same command goes on.")
    if not status.failed:
        return 0
    _say_failed(status.failed)
    return MENDABLE


def _say_failed(failed: dict[str, str]) -> None:
    remark(f"{len(failed)} failed; --retry tries them anew:")
    for digest, reason in list(failed.items())[:_SHOWN]:
        remark(f"  {digest[:8]}: {reason}")
    if len(failed) > _SHOWN:
        remark(f"  and {len(failed) - _SHOWN} more ('musmed study status --json' has all).")


def show_status(folder: str | None, *, as_json: bool) -> None:
    """Print how a study stands. Raises ``MusmedError``."""
    from engine.study.running import status_of

    place, design = _known(folder)
    status = status_of(place, design)
    if as_json:
        say_json({"title": design.title, "sessions": len(design.sessions), **status._asdict()})
        return
    rows = [
        ("done", f"{status.done}"),
        ("being made", f"{status.making}"),
        ("not made yet", f"{status.waiting}"),
        ("failed", f"{len(status.failed)}"),
    ]
    print_table(f"{design.title}", ("sessions", "how many"), rows)
    if status.failed:
        _say_failed(status.failed)


def write_figures(folder: str | None) -> None:
    """Gather a study again. Raises ``MusmedError``."""
    _say_table(*_known(folder))


def _say_table(folder: StudyFolder, design: Design) -> None:
    from engine.study.gathering import gather

    gathered = gather(folder, design)
    count = f"{len(gathered.table.rows)} of {len(design.sessions)} sessions"
    tell(f"Wrote {visible(str(gathered.files[0]))}: {count}.")
    if gathered.lacking:
        remark(gathered.lacking)


def _known(folder: str | None) -> tuple[StudyFolder, Design]:
    from engine.study.folder import StudyFolder

    if not folder:
        raise MusmedError("The folder is missing; name the one that 'musmed study run -o' made.")
    place = StudyFolder(expanded(folder, "folder").absolute())
    return place, place.design()


def _design(file: str | None) -> Design:
    from engine.study.running import read_design

    if not file:
        raise MusmedError("The study file is missing; say musmed study run STUDY -o FOLDER.")
    return read_design(expanded(file, "study file"))


def _long(seconds: float) -> str:
    """'40 s', '12 min', '3 h 20 min', '310 h'."""
    if seconds < 60.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest and hours < 100 else f"{hours} h"


def _size(count: int) -> str:
    """'3 MB', '1.2 GB'."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{math.ceil(count / 1e6)} MB"


def _jobs(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_JOBS:
        return int(text)
    raise MusmedError(f"--jobs must be a whole number from 1 to {MOST_JOBS}, not {text!r}.")


def _shard(text: str | None) -> tuple[int, int]:
    """Which part, of how many."""
    if text is None:
        return 1, 1
    found = _SHARD.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise MusmedError(f"--shard is I/N with I from 1 to N, such as 1/8, not {text!r}.")
    return int(found[1]), int(found[2])


@contextlib.contextmanager
def _shown(progress: Progress) -> Iterator[Callable[[], None]]:
    """A bar on a live terminal, else a line now and then. Gives what is to be called often."""
    if not look_at_terminal(plain=False).live:
        yield _lines(progress)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.fields[done]}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[left]}"),
    )
    with Bar(*columns, console=Console(file=unminded()), transient=True) as bar:
        task = bar.add_task("", total=1.0, done="", left="")

        def look() -> None:
            stand = progress.stand()
            done, left = _in_words(progress)
            bar.update(task, completed=stand.music, total=stand.whole, done=done, left=left)

        yield look


def _in_words(progress: Progress) -> tuple[str, str]:
    stand = progress.stand()
    failed = f", {stand.failed} failed" if stand.failed else ""
    left = "" if stand.left is None else f"{_long(stand.left)} left"
    return f"{stand.done} of {stand.total} sessions{failed}", left


def _lines(progress: Progress) -> Callable[[], None]:
    said = -1

    def look() -> None:
        nonlocal said
        stand = progress.stand()
        tenth = int(10 * stand.done / stand.total) if stand.total else 10
        if tenth > said:
            said = tenth
            tell(", ".join(part for part in _in_words(progress) if part))

    return look
