"""``musmed measure``: what the meter makes of a sound file."""

from __future__ import annotations

from pathlib import Path

from engine.errors import MusmedError
from musmed_tui.terminal.streams import remark, say_json
from musmed_tui.terminal.table import print_table
from musmed_tui.wording import clock


def measure(file: str | None, *, as_json: bool) -> None:
    """Print the readings of ``file``. Raises ``MusmedError``."""
    from engine.meter.files import measure_file
    from engine.meter.meter import validity

    if not file:
        raise MusmedError("The sound file is missing; say musmed measure FILE.")
    readings = measure_file(Path(file))
    if as_json:
        say_json({"file": file, "validity": validity(), "readings": readings})
        return
    rows = [
        (
            f"{clock(r.start)}-{clock(r.end)}",
            f"{r.valence:+.2f}",
            f"{r.arousal:+.2f}",
            "" if r.known else "unlike what the meter learnt from",
        )
        for r in readings
    ]
    print_table(f"Meter of {file}", ("time", "valence", "arousal", "note"), rows)
    remark(validity())
