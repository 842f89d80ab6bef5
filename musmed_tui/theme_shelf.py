"""The themes there are: musmed's, and over them the listener's own from the config folder."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

from engine.errors import MusmedError, UnknownWordError
from engine.places import open_file
from engine.private import make_private_folder, write_private
from musmed_tui.paths import Folders
from musmed_tui.settings import Loaded
from musmed_tui.theming import Theme, load_theme, read_theme, theme_names

log = logging.getLogger(__name__)

FIRST = ("dark", "dusk", "dawn", "light", "contrast", "safe", "mono", "terminal")
"""The order of musmed's own where none was used yet."""
OF_SIXTEEN = "terminal"
MOST_OWN = 100
MOST_USED = 50
MAX_USED_BYTES = 8 * 1024

Stamp = tuple[int, int, int]


class Changed(NamedTuple):
    """What became of the listener's own themes: whose names are new, other or gone, and a sentence
    for each file that holds none."""

    names: frozenset[str]
    troubles: tuple[str, ...]


class ThemeShelf:
    """``own`` is the folder of the listener's themes, ``used`` the file of the order they were used
    in; None for neither. One of their own takes the place of musmed's of that name. ``sixteen``:
    the terminal has no more colours, of which it begins with its own then: a theme's become greys
    there."""

    def __init__(
        self, own: Path | None = None, used: Path | None = None, *, sixteen: bool = False
    ) -> None:
        self._sixteen = sixteen
        self._shipped: dict[str, Theme | None] = dict.fromkeys(theme_names())  # None: not read yet
        self._own_folder = own
        self._used_file = used
        self._stamps: dict[str, Stamp] = {}
        self._own: dict[str, Theme] = {}
        self._used = self._read_used()
        self.troubles = self.look().troubles

    @classmethod
    def of(cls, where: Folders, *, sixteen: bool = False) -> ThemeShelf:
        """The themes of whoever has these folders."""
        return cls(where.themes, where.themes_used, sixteen=sixteen)

    @property
    def themes(self) -> dict[str, Theme]:
        """Every theme by its name."""
        return {name: self._read(name) for name in self._shipped} | self._own

    @property
    def names(self) -> set[str]:
        """What every theme is called."""
        return self._shipped.keys() | self._own.keys()

    def find(self, name: str) -> Theme:
        """The theme called ``name``: no other is read for it. Raises ``UnknownWordError``."""
        if name not in self.names:
            known = self.order()
            raise UnknownWordError("theme", name, known, f"Choose {' or '.join(known)}.")
        return self._own.get(name) or self._read(name)

    def _read(self, name: str) -> Theme:
        """One of musmed's."""
        theme = self._shipped[name]
        if theme is None:
            theme = self._shipped[name] = load_theme(name)
        return theme

    def first(self, loaded: Loaded) -> str:
        """The theme to begin with: the one that the settings name, else the one that was used last,
        else the usual one. Raises ``UnknownWordError`` for one that there is not."""
        if "theme" in loaded.origins:
            return self.find(loaded.settings.theme).name
        usual = OF_SIXTEEN if self._sixteen else loaded.settings.theme
        return next((name for name in self._used if name in self.names), usual)

    def order(self) -> tuple[str, ...]:
        """Every name, the one that was used last first; those never used as ``FIRST`` has them, and
        then the listener's own."""
        names = self.names
        rest = (*FIRST, *sorted(names))
        return tuple(dict.fromkeys(name for name in (*self._used, *rest) if name in names))

    def note_use(self, name: str) -> None:
        """``name`` was used last. Where that can't be kept, the log says so."""
        used = (name, *(one for one in self._used if one != name))[:MOST_USED]
        if used == self._used or self._used_file is None:
            return
        self._used = used
        try:
            make_private_folder(self._used_file.parent)
            write_private(self._used_file, "".join(f"{one}\n" for one in used).encode())
        except OSError as error:
            log.warning("which theme was used can't be kept: %s", error)

    def look(self) -> Changed:
        """Read again what changed in the folder; cheap where nothing did. A file that no longer
        holds a theme leaves the one it held."""
        stamps = self._look_for_files()
        changed = {name for name, stamp in stamps.items() if self._stamps.get(name) != stamp}
        gone = self._stamps.keys() - stamps.keys()
        self._stamps = stamps
        names, troubles = {Path(name).stem for name in gone} & self._own.keys(), []
        for name in names:
            del self._own[name]
        for name in sorted(changed):
            assert self._own_folder is not None
            try:
                theme = _own_theme(self._own_folder / name)
            except MusmedError as error:
                troubles.append(str(error))
            else:
                self._own[theme.name] = theme
                names.add(theme.name)
        return Changed(frozenset(names), tuple(troubles))

    def _look_for_files(self) -> dict[str, Stamp]:
        if self._own_folder is None:
            return {}
        try:
            paths = sorted(path for path in self._own_folder.iterdir() if _is_theme_file(path.name))
        except OSError:
            return {}
        stamps = ((path.name, _stamp(path)) for path in paths[:MOST_OWN])
        return {name: stamp for name, stamp in stamps if stamp is not None}

    def _read_used(self) -> tuple[str, ...]:
        """A file that can't be read is as good as none: only an order is lost."""
        if self._used_file is None:
            return ()
        try:
            with open_file(self._used_file) as file:
                text = file.read(MAX_USED_BYTES).decode("utf-8", "replace")
        except OSError:
            return ()
        return tuple(dict.fromkeys(text.split()))[:MOST_USED]


def _is_theme_file(name: str) -> bool:
    """What begins with a dot is an editor's: its lock, or what it is about to put in place."""
    return name.endswith(".yaml") and not name.startswith(".")


def _stamp(path: Path) -> Stamp | None:
    """None for one that is gone, such as what a link leads to: it hides no other."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


def _own_theme(path: Path) -> Theme:
    theme = read_theme(path)
    if theme.name != path.stem:
        raise MusmedError(
            f"The theme {path} calls itself {theme.name!r}; its name must be that of its file."
        )
    return theme
