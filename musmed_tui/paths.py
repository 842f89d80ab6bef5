"""Where musmed keeps its things."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from engine.data_folder import HOME_VARIABLE, cache_folder, data_folder, home_folder, homeless
from engine.errors import MusmedError
from engine.private import make_private_folder, narrow


class Folders(NamedTuple):
    """``data``: the library. ``config``: settings. ``state``: logs. ``cache``: what can be made
    again."""

    data: Path
    config: Path
    state: Path
    cache: Path

    @property
    def library(self) -> Path:
        """The folder of the session library."""
        return self.data / "library"

    @property
    def service(self) -> Path:
        """The folder of what 'musmed serve' keeps, unless it is told another."""
        return self.data / "service"

    @property
    def settings(self) -> Path:
        return self.config / "settings.toml"

    @property
    def hosts(self) -> Path:
        """Other machines by name."""
        return self.config / "hosts.toml"

    @property
    def themes(self) -> Path:
        """The folder of the listener's own themes."""
        return self.config / "themes"

    @property
    def keys(self) -> Path:
        """Which keys do what, where the listener wants others."""
        return self.config / "keys.toml"

    @property
    def welcomed(self) -> Path:
        """A mark that the first-run card was put away."""
        return self.config / "welcomed"

    @property
    def themes_used(self) -> Path:
        """The order in which themes were used."""
        return self.state / "themes-used"

    @property
    def encoded(self) -> Path:
        """The folder of what trainings have encoded, which all of them share."""
        return self.cache / "encoded"

    @property
    def log(self) -> Path:
        """What musmed logs."""
        return self.state / "musmed.log"

    @property
    def engine_log(self) -> Path:
        """What the engine process and C libraries write to stderr."""
        return self.state / "engine.log"

    @property
    def defects(self) -> Path:
        """The traceback of the last defect."""
        return self.state / "defect.log"


def folders(environment: Mapping[str, str] | None = None) -> Folders:
    """The user's folders (XDG on Linux); ``MUSMED_HOME`` puts all four under one folder.

    Raises ``MusmedError`` where there is no home folder: no HOME, and a user whom the system does
    not know.
    """
    root = home_folder(environment)
    if root is not None:
        return Folders(
            data_folder(environment), root / "config", root / "state", cache_folder(environment)
        )
    import platformdirs

    try:
        return Folders(
            data_folder(environment),
            platformdirs.user_config_path("musmed", appauthor=False),
            platformdirs.user_state_path("musmed", appauthor=False),
            cache_folder(environment),
        )
    except RuntimeError as error:
        raise homeless() from error


def make_writable(folder: Path, purpose: str) -> Path:
    """Create ``folder``, for its owner alone, and try a file in it.

    Raises ``MusmedError`` naming the folder, what it is for, and the way out.
    """
    try:
        make_private_folder(folder)
        narrow(folder)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MusmedError(
            f"The folder {folder} for {purpose} can't be written ({reason}); "
            f"mend that, or set {HOME_VARIABLE} to a folder that can."
        ) from error
    return folder
