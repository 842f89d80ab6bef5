"""Where musmed keeps what can't be made again, and what can: for the front, and for an engine that
is asked for something by a name, or measures something, on whatever machine it runs. A leaf that
every room may import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from engine.errors import MusmedError
from engine.places import place_of

HOME_VARIABLE = "MUSMED_HOME"


def home_folder(environment: Mapping[str, str] | None = None) -> Path | None:
    """The one folder that ``MUSMED_HOME`` puts everything under; None where it is not set. Raises
    ``MusmedError``."""
    home = (os.environ if environment is None else environment).get(HOME_VARIABLE)
    return place_of(home, f"folder for {HOME_VARIABLE}") if home else None


def data_folder(environment: Mapping[str, str] | None = None) -> Path:
    """The user's data folder (XDG on Linux), or the one under ``MUSMED_HOME``.

    Raises ``MusmedError`` where there is no home folder: no HOME, and a user whom the system does
    not know.
    """
    home = home_folder(environment)
    if home is not None:
        return home / "data"
    import platformdirs

    try:
        return platformdirs.user_data_path("musmed", appauthor=False)
    except RuntimeError as error:
        raise homeless() from error


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """The folder of what can be made again, likewise. Raises ``MusmedError``."""
    home = home_folder(environment)
    if home is not None:
        return home / "cache"
    import platformdirs

    try:
        return platformdirs.user_cache_path("musmed", appauthor=False)
    except RuntimeError as error:
        raise homeless() from error


def homeless() -> MusmedError:
    return MusmedError(f"There is no home folder for musmed's things; set HOME or {HOME_VARIABLE}.")
