"""The terminal, settings, folders and versions parts of ``musmed doctor``."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from engine import __version__
from engine.data_folder import HOME_VARIABLE
from engine.errors import MusmedError
from musmed_tui.doctor.finding import Finding
from musmed_tui.keymap import read_keymap
from musmed_tui.options import signed_table_of
from musmed_tui.paths import folders, make_writable
from musmed_tui.settings import ENVIRONMENT_PREFIX, Loaded, Settings, load_settings
from musmed_tui.terminal.terminal import columns, look_at_terminal
from musmed_tui.theme_shelf import ThemeShelf

LOW_DISK_BYTES = 1_000_000_000
"""An hour keeps 160 clips of 30 s; as FLAC-24, at two thirds of its PCM, each takes 5.9 MB."""
_PACKAGES = (
    "numpy",
    "scipy",
    "soundfile",
    "sounddevice",
    "miniaudio",
    "soxr",
    "noisereduce",
    "textual",
)


def terminal() -> Iterator[Finding]:
    """What the terminal shows, and what musmed will therefore do."""
    area = "terminal"
    if not sys.stdout.isatty():
        yield Finding(area, "note", "Not a terminal: a session is told in lines, without keys.")
        return
    seen = look_at_terminal(plain=False)
    name = os.environ.get("TERM", "")
    if not seen.live:
        text = f"TERM={name or 'not set'}: lines only, nothing is redrawn."
        yield Finding(area, "note", text, "Set TERM to your terminal's name for a live status.")
    width, height = shutil.get_terminal_size()
    yield Finding(area, "ok", f"{columns(sys.stdout) or width} x {height}, TERM={name}.")
    colour = seen.colour or "none (NO_COLOR is set or the terminal has none)"
    yield Finding(area, "ok", f"Colours: {colour}.")
    if seen.unicode:
        text = "Text is UTF-8. Eight dots between these bars: |⣿|?"
        yield Finding(area, "ok", text, "If not, your font has no braille signs; try another.")
    else:
        text = "The locale is not UTF-8, so plain ASCII signs are used."
        yield Finding(area, "note", text, "export LANG=C.UTF-8 if your terminal shows UTF-8.")


def settings() -> tuple[Settings, list[Finding]]:
    """The settings, the defaults where they are broken, and what was found."""
    path = folders().settings
    try:
        loaded = load_settings(path)
        shelf = ThemeShelf.of(folders())
        shelf.find(loaded.settings.theme)
    except MusmedError as error:
        advice = f"Mend or move {path}." if str(path) in str(error) else ""
        return Settings(), [Finding("settings", "problem", str(error), advice)]
    found = [_settings_file(path)]
    found += [Finding("settings", "ok", f"{k}: {o}.") for k, o in loaded.origins.items()]
    amiss = (*shelf.troubles, *read_keymap(folders().keys).troubles)
    found += [Finding("settings", "note", sentence) for sentence in amiss]
    known = {HOME_VARIABLE} | {ENVIRONMENT_PREFIX + k.upper() for k in Settings.__struct_fields__}
    strangers = sorted(k for k in os.environ if k.startswith(ENVIRONMENT_PREFIX) and k not in known)
    found += _mood_table(loaded)
    found += [
        Finding("settings", "note", f"{name} is no setting of musmed's.") for name in strangers
    ]
    return loaded.settings, found


def _mood_table(loaded: Loaded) -> list[Finding]:
    """The mood table that is set, which is read when a session begins."""
    try:
        table = signed_table_of(loaded)
    except MusmedError as error:
        advice = "Mend mood_table, or take it out: musmed's own table holds without it."
        return [Finding("settings", "problem", str(error), advice)]
    if table is None:
        return []
    who = f"signed off by {table.signed} on {table.date}"
    return [Finding("settings", "ok", f"Mood table {table.name!r}, {who}.")]


def _settings_file(path: Path) -> Finding:
    if path.exists():
        return Finding("settings", "ok", f"{path} is valid.")
    return Finding("settings", "ok", f"No {path}; the defaults hold.")


def disk(settings: Settings) -> Iterator[Finding]:
    """The folders: can they be written, and is there room; and the library, as it is."""
    where, most = folders(), settings.library_gb
    for folder, purpose in ((where.data, "the session library"), (where.state, "logs")):
        try:
            make_writable(folder, purpose)
        except MusmedError as error:
            yield Finding("folders", "problem", str(error))
            continue
        free = shutil.disk_usage(folder).free
        text = f"{folder} for {purpose}, {free / 1e9:.1f} GB free."
        if free < LOW_DISK_BYTES:
            yield Finding(
                "folders", "note", text, "Free some space: an hour of clips takes up to 1 GB."
            )
        else:
            yield Finding("folders", "ok", text)
    yield from _library(where.library, most)


def _library(folder: Path, most: float) -> Iterator[Finding]:
    """Looked at only: the next session mends what can be mended."""
    from engine.session.library.database import looked_at
    from engine.session.library.room import GB, in_words, said_of_room, taken

    if not folder.is_dir():
        return
    count, damage = looked_at(folder / "library.sqlite")
    if damage:
        text = f"The session library is damaged ({damage})."
        advice = "The next session sets it aside and begins a new one with what can be read of it."
        yield Finding("library", "note", text, advice)
    room = taken(folder)
    what = "1 session" if count == 1 else f"{count} sessions"
    unknown = 0 if damage else len(room.sessions) - count
    if unknown > 0:
        text = f"{unknown} folders in {folder / 'sessions'} are of sessions it does not know."
        advice = "They can be played as .flac files; 'musmed sessions rm ID' deletes one."
        yield Finding("library", "note", text, advice)
    yield Finding("library", "ok", f"{what}. {said_of_room(room.total, most * GB)}")
    for aside in sorted(folder.glob("*.damaged-*.sqlite")):
        size = in_words(aside.stat().st_size)
        text = f"{aside} ({size}) was damaged and set aside."
        yield Finding("library", "note", text, "Delete it once you miss nothing.")


def versions() -> Iterator[Finding]:
    """musmed, Python and the packages sound goes through."""
    yield Finding("versions", "ok", f"musmed {__version__}, Python {platform.python_version()}")
    missing = []
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    yield Finding("versions", "ok", ", ".join(found))
    if missing:
        text = f"Not installed: {', '.join(missing)}."
        yield Finding("versions", "problem", text, f"pip install {' '.join(missing)}")
