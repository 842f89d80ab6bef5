"""Colour themes: YAML files, checked whole before a colour of theirs reaches a screen."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import msgspec

from engine.errors import MusmedError, UnknownWordError
from engine.places import open_file

MIN_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA): text against its background."""
MAX_THEME_BYTES = 64 * 1024
_MOST_NESTED = 20

OWN, DIM = "default", "dim"
"""The terminal's own foreground or background, and its foreground at half brightness."""
SIXTEEN = tuple(
    f"{bright}{hue}"
    for bright in ("", "bright_")
    for hue in ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
)

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_READ_ON = ("background", "surface")
_GIVEN_BY_THE_TERMINAL = {
    "background": (OWN,), "surface": (OWN,), "text": (OWN,), "muted": (OWN, DIM)
}  # fmt: skip
"""What a theme of the terminal's colours may have there: only so is it sure that they can be read,
on whichever ground."""


class Colours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The roles of a theme, each '#rrggbb', or all of them the terminal's own: one of ``SIXTEEN``,
    ``OWN`` or ``DIM``.

    ``now`` is where the session is, ``path_start`` and ``path_end`` where it comes from and goes.
    """

    background: str
    surface: str
    text: str
    muted: str
    now: str
    path_start: str
    path_end: str
    warning: str
    error: str


class Theme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named set of colours; ``dark`` says that the background is the darker one."""

    name: str
    dark: bool
    colours: Colours

    @property
    def ansi(self) -> bool:
        """Whether its colours are the terminal's own."""
        return self.colours.background == OWN


def theme_folder() -> Path:
    """Where the themes are: inside the package when installed, beside it in a checkout."""
    packaged = Path(__file__).parent / "themes"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "themes"


def theme_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of the themes in ``folder`` (musmed's own by default), sorted."""
    return tuple(sorted(path.stem for path in (folder or theme_folder()).glob("*.yaml")))


def load_theme(name: str, folder: Path | None = None) -> Theme:
    """The theme called ``name``. Raises ``UnknownWordError``, or ``MusmedError`` for a bad file."""
    names = theme_names(folder)
    if name not in names:
        raise UnknownWordError("theme", name, names, f"Choose {' or '.join(names)}.")
    return read_theme((folder or theme_folder()) / f"{name}.yaml")


def read_theme(path: Path) -> Theme:
    """Read and check one theme file.

    Raises ``MusmedError`` naming the file and what is wrong with it: no YAML, an unknown or
    missing key, another name than the file's, a colour that is not '#rrggbb', text of too little
    contrast.
    """
    theme = _convert(path, _load_yaml(path))
    if not _NAME.fullmatch(theme.name):
        raise MusmedError(
            f"The theme {path}: name must be of small letters, figures, - and _, at most 40, "
            f"not {theme.name[:60]!r}."
        )
    colours: dict[str, str] = msgspec.structs.asdict(theme.colours)
    if theme.ansi:
        _check_own(path, colours)
    else:
        _check_contrast(path, colours)
    return theme


def _check_own(path: Path, colours: dict[str, str]) -> None:
    for role, colour in colours.items():
        allowed = _GIVEN_BY_THE_TERMINAL.get(role, SIXTEEN)
        if colour not in allowed:
            known = " or ".join(allowed) if len(allowed) < 3 else "one of the terminal's colours"
            raise MusmedError(
                f"The theme {path}: {role} must be {known} where background is {OWN}, "
                f"not {colour!r}."
            )


def _check_contrast(path: Path, colours: dict[str, str]) -> None:
    for role, colour in colours.items():
        if not _HEX.fullmatch(colour):
            raise MusmedError(f"The theme {path}: {role} must be '#rrggbb', not {colour!r}.")
    for role in colours.keys() - set(_READ_ON):
        for ground in _READ_ON:
            ratio = contrast(colours[role], colours[ground])
            if ratio < MIN_CONTRAST:
                raise MusmedError(
                    f"The theme {path}: {role} on {ground} has a contrast of {ratio:.1f}; "
                    f"it must be at least {MIN_CONTRAST}."
                )


def _load_yaml(path: Path) -> object:
    import yaml

    try:
        with open_file(path) as file:
            data = file.read(MAX_THEME_BYTES + 1)
        if len(data) > MAX_THEME_BYTES:
            raise MusmedError(f"The theme {path} is over 64 KiB.")
        return _theme_yaml(data)
    except OSError as error:
        raise MusmedError(f"The theme {path} can't be read ({error.strerror}).") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise MusmedError(f"The theme {path} is not valid YAML{where}.") from error
    except (ValueError, RecursionError) as error:  # a number or nesting that YAML allows
        raise MusmedError(f"The theme {path} holds what is in no theme.") from error


def _theme_yaml(data: bytes) -> object:
    """YAML without aliases: a few lines of them, merged into each other, are a thousand million
    keys. By libyaml where PyYAML has it, ten times as fast; it knows no end of nesting, so that is
    looked at before anything is made."""
    import yaml

    loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    for event in yaml.parse(data, loader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("an alias")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_NESTED:
            raise ValueError("nested too deep")
    return yaml.load(data, loader)


def _convert(path: Path, raw: object) -> Theme:
    if not isinstance(raw, dict) or not isinstance(raw.get("colours"), dict):
        raise MusmedError(f"The theme {path} needs the keys name, dark and colours.")
    for found, struct in ((raw, Theme), (raw["colours"], Colours)):
        known = struct.__struct_fields__
        for key in found:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
                raise MusmedError(f"The theme {path} has an unknown key {key!r}; {hint}")
    try:
        return msgspec.convert(raw, Theme)
    except msgspec.ValidationError as error:
        raise MusmedError(f"The theme {path}: {error}.") from error


def luminance(colour: str) -> float:
    """Relative luminance of '#rrggbb', 0 to 1 (WCAG 2.2, sRGB)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two '#rrggbb' colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
