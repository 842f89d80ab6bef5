"""``musmed picture``: the path of a kept session as a picture in a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.listener.history import Past
from engine.listener.report import did
from engine.places import place_of
from engine.plan.events import Dwell, Ease, Shape, Steer
from engine.plan.spec import ClipKey
from engine.plan.story import story
from engine.printable import one_line
from engine.private import write_new
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.drawing.path_picture import FONTS, Deed, HeardPath, Inks, path_svg
from musmed_tui.past_words import heard_clips
from musmed_tui.settings import Loaded, load_settings
from musmed_tui.terminal.streams import tell
from musmed_tui.theme_shelf import ThemeShelf
from musmed_tui.wording import clock, length, named

PNG_WIDTH = 2000
"""Pixels."""


def write_picture(session: str | None, output: str | None, theme: str | None) -> None:
    """Write the path of ``session`` (None: the newest) as a picture into the new file ``output``,
    in the colours of ``theme`` (None: what the screen would have, or the next that has colours of
    its own). Raises ``MusmedError``."""
    path, made = _target(output)
    where = open_log()
    inks = _inks(ThemeShelf.of(where), theme, load_settings(where.settings))
    if not where.library.is_dir():
        raise MusmedError("There is no session to draw yet; 'musmed play' makes one.")
    from engine.session.library.past import past_session

    with opened(where.library) as library:
        newest = [row.id for row in library.sessions(1)] if session is None else [session]
        if not newest:
            raise MusmedError("There is no session to draw yet; 'musmed play' makes one.")
        past, readings = past_session(library, newest[0])
    data = made(path_svg(heard_path(past, readings), inks))
    try:
        write_new(path, data)
    except OSError as error:
        raise MusmedError(
            f"{path} can't be written ({error.strerror}); name a new file in a folder of yours."
        ) from error
    tell(f"Wrote {path}, which you alone can read.")


def heard_path(past: Past, readings: dict[ClipKey, Affect]) -> HeardPath:
    """What there is to draw of a session, however far it was heard."""
    from engine.affect.phrases import called
    from engine.plan.planner import make_plan
    from musmed_tui.drawing.plane_layout import plane_words

    request, plan = past.request, make_plan(past.request, past.events)
    steers = [one for one in past.events if isinstance(one, Steer)]
    target_word = steers[-1].word if steers else request.target_word
    heard = min(plan.total, max(0.0, past.heard))
    measured = (seen for _, seen in heard_clips(past, readings) if seen is not None)
    deeds = (
        Deed(one.at, one_line(did(one)))
        for one in past.events
        if isinstance(one, Steer | Ease | Dwell | Shape) and one.at <= heard
    )
    return HeardPath(
        path=plan.path,
        heard=plan.total if past.state == "finished" else heard,
        total=plan.total,
        start_word=one_line(called(request.start, request.start_word)),
        target_word=one_line(called(plan.path.waypoints[-1].affect, target_word)),
        words=plane_words(request.mood_table),
        measured=tuple(measured),
        deeds=tuple(deeds),
        caption=_caption(past, heard, plan.total),
    )


def _caption(past: Past, heard: float, total: float) -> tuple[str, str]:
    """'Tense to calm' and '15 minutes, 21 November 2026.'"""
    way = one_line(named(past.name, story(past.request, past.events)))
    begun = past.begun.astimezone()
    how = "" if past.state == "finished" else f" Heard {clock(heard)} of {clock(total)}."
    day = f"{begun.day} {begun:%B %Y}"
    return way[:1].upper() + way[1:], f"{length(past.request.minutes)}, {day}.{how}"


def _target(output: str | None) -> tuple[Path, Callable[[str], bytes]]:
    """The file, and what makes its bytes of an SVG. Raises ``MusmedError``."""
    if output is None:
        raise MusmedError("-o is missing: name the .svg or .png file to write.")
    path = place_of(output, "picture")
    made = _MADE.get(path.suffix.lower())
    if made is None:
        raise MusmedError(f"A picture is an .svg or a .png file, not {path.name!r}.")
    if os.path.lexists(path):
        raise MusmedError(f"{path} is there already; name a new file.")
    if made is as_png:
        as_png(_BLANK)  # before anything is read: it may be lacking
    return path, made


_BLANK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"></svg>'
_LETTER = _BLANK.replace("></", f"><text y='18' font-family='{FONTS}'>a</text></")


def as_png(drawn: str) -> bytes:
    """An SVG as PNG, ``PNG_WIDTH`` pixels wide. Raises ``MusmedError`` where what makes it is not
    installed, and where there is no font to write with."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise MusmedError(
            "A .png needs resvg-py: pip install '.[picture]' in musmed's folder; an .svg needs "
            "nothing."
        ) from error
    if svg_to_bytes(svg_string=_LETTER) == svg_to_bytes(svg_string=_BLANK):
        raise MusmedError(
            "A .png needs a font, and none is here: apt install fonts-dejavu-core; an .svg needs "
            "none."
        )
    return bytes(svg_to_bytes(svg_string=drawn, width=PNG_WIDTH))


def as_svg(drawn: str) -> bytes:
    return drawn.encode()


_MADE: dict[str, Callable[[str], bytes]] = {".svg": as_svg, ".png": as_png}


def _inks(shelf: ThemeShelf, wish: str | None, loaded: Loaded) -> Inks:
    if wish is not None:
        theme = shelf.find(wish)
        if theme.ansi:
            raise MusmedError(
                f"The theme {wish} is the terminal's own colours, which a picture lacks."
            )
    else:
        first = shelf.first(loaded)
        found = (shelf.find(name) for name in (first, *shelf.order()))
        theme = next(one for one in found if not one.ansi)
    colours = theme.colours
    return Inks(**{ink: getattr(colours, ink) for ink in Inks.__dataclass_fields__})
