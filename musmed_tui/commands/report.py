"""``musmed report``: the sessions of a time for a therapist, asked before it is written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine import __version__
from engine.errors import MusmedError
from engine.listener.report import PSEUDONYM, Report, contents
from engine.listener.report_page import page
from engine.listener.report_text import markdown, table
from engine.places import place_of
from engine.printable import one_line
from engine.private import write_new
from musmed_tui.commands.history import days_asked, past_of
from musmed_tui.commands.meter import meter_of
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.terminal.streams import tell, write_out

_MADE = {".html": page, ".md": markdown, ".csv": table}
WHO_LIMIT = 60


def write_report(
    output: str | None,
    *,
    since: str | None,
    until: str | None,
    who: str | None,
    notes: bool,
    yes: bool,
) -> int:
    """Say what the report will hold, ask, and write it into the new file ``output``; gives the exit
    code. Raises ``MusmedError``."""
    path = _target(output)
    report = _report(since, until, who, notes=notes)
    for sentence in contents(report):
        tell(sentence)
    if not yes and not _agreed():
        tell("Nothing was written.")
        return 1
    try:
        write_new(path, _MADE[path.suffix.lower()](report).encode())
    except OSError as error:
        raise MusmedError(
            f"{path} can't be written ({error.strerror}); name a new file in a folder of yours."
        ) from error
    tell(f"Wrote {path}, which you alone can read; who you give it to is yours to say.")
    return 0


def _target(output: str | None) -> Path:
    if output is None:
        raise MusmedError("-o is missing: name the .html, .md or .csv file to write.")
    path = place_of(output, "report")
    if path.suffix.lower() not in _MADE:
        raise MusmedError(f"A report is an .html, .md or .csv file, not {path.name!r}.")
    if os.path.lexists(path):
        raise MusmedError(f"{path} is there already; name a new file.")
    return path


def _report(since: str | None, until: str | None, who: str | None, *, notes: bool) -> Report:
    first, last = days_asked(since, until)
    pasts = past_of((), first, last)
    if not pasts:
        raise MusmedError("There is no session of that time to report; 'musmed history' lists all.")
    from engine.session.library.reported import reported

    with opened(open_log().library) as library:
        sessions, meter = reported(library, pasts), meter_of(library)
    return Report(
        who=one_line(who, WHO_LIMIT) if who else PSEUDONYM,
        sessions=sessions,
        notes=notes,
        version=__version__,
        meter=meter,
    )


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise MusmedError("Nobody is here to be asked; give --yes to write it all the same.")
    write_out("Write it? y or n: ")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
