"""``musmed plan``, ``feelings``, ``moods`` and ``sessions``: what can be read, as tables."""

from __future__ import annotations

import sys

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from musmed_tui.asked import Asked
from musmed_tui.logs import start_logging
from musmed_tui.options import build_request, drawn_seed
from musmed_tui.paths import folders, make_writable
from musmed_tui.settings import load_settings
from musmed_tui.terminal.table import print_table
from musmed_tui.wording import clock, nearest_word

DEFAULT_SESSIONS = 20
MAX_SESSIONS = 10_000


def show_plan(asked: Asked, *, as_json: bool) -> None:
    """Print the plan of a request. Raises ``MusmedError``."""
    import msgspec

    from engine.plan.planner import make_plan

    request = build_request(asked, load_settings(folders().settings))
    plan = make_plan(request)
    if as_json:
        clips = [{**msgspec.to_builtins(clip), "seed": clip.seed} for clip in plan.clips]
        whole = {**msgspec.to_builtins(plan), "clips": clips}
        text = msgspec.json.encode({"request": msgspec.to_builtins(request), "plan": whole})
        sys.stdout.write(msgspec.json.format(text, indent=2).decode() + "\n")
        return
    rows = []
    for clip in plan.clips:
        start = clip.path.at(clip.start)
        rows.append(
            (
                str(clip.index + 1),
                clock(clip.start),
                *_coordinates(start),
                clip.tags.emotion,
                clip.tags.mood,
                clip.tags.instrument,
                clip.tags.genre,
            )
        )
    columns = ("clip", "time", "valence", "arousal", "emotion", "mood", "instrument", "genre")
    print_table(f"Plan of {clock(plan.total)}", columns, rows)
    for note in plan.notes:
        print(note, file=sys.stderr)
    if asked.seed is None:
        print(drawn_seed(request.seed), file=sys.stderr)


def show_feelings() -> None:
    """Print the feeling words."""
    from engine.affect.feelings import FEELINGS

    rows = [(f.word, *_coordinates(f.affect), f.source) for f in FEELINGS]
    print_table("Feelings", ("feeling", "valence", "arousal", "source"), rows)


def show_moods() -> None:
    """Print the mood/theme tags; a theme has no place on the plane."""
    from engine.affect.moods import MOODS

    rows = [(m.name, *(_coordinates(m.affect) if m.affect else ("", "")), m.source) for m in MOODS]
    print_table("Moods", ("mood", "valence", "arousal", "source"), rows)


def show_sessions(limit: str | None) -> None:
    """Print the newest stored sessions. Raises ``MusmedError``."""
    from engine.session.library.library import Library

    most = _limit(limit)
    where = folders()
    start_logging(where, load_settings(where.settings).settings.log_level)
    make_writable(where.library, "the session library")
    library = Library(where.library)
    try:
        stored = library.sessions(most)
    finally:
        library.close()
    rows = []
    for row in stored:
        request = row.request
        way = (
            f"{request.start_word or nearest_word(request.start)} to "
            f"{request.target_word or nearest_word(request.target)}"
        )
        heard = f"{clock(row.position)}/{clock(request.seconds)}"
        rows.append((row.id, way, heard, row.state, str(request.seed), row.composer))
    columns = ("session", "feelings", "heard", "state", "seed", "composer")
    print_table("Sessions", columns, rows)


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_SESSIONS
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_SESSIONS and len(text) < 9:
        return int(text)
    raise MusmedError(f"--limit must be a whole number from 1 to {MAX_SESSIONS}, not {text!r}.")


def _coordinates(affect: Affect) -> tuple[str, str]:
    return f"{affect.valence:+.2f}", f"{affect.arousal:+.2f}"
