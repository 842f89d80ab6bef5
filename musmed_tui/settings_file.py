"""Writing one key of the settings file: what else stands there, comments and order too, stays."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from engine.errors import MusmedError
from engine.private import make_private_folder, open_private
from musmed_tui.setting_known import check_known
from musmed_tui.settings import (
    ENVIRONMENT_PREFIX,
    RANGES,
    Loaded,
    check_value,
    load_settings,
    read_text,
)


class SettingsKeeper:
    """The settings of the file at ``path`` under the environment's, as they stand while musmed
    runs. Raises ``MusmedError`` where the file, changed meanwhile, can't be read or used; such a
    file is left as it is."""

    def __init__(
        self, path: Path, loaded: Loaded, environment: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        self.loaded = loaded
        self._environment = environment

    def shown(self, key: str) -> str:
        """The value of ``key`` as text; '' where it is not set."""
        text = self.loaded.settings.as_text().get(key, "")
        if key in RANGES:
            return f"{float(text):g}"
        return text.lower() if text in ("True", "False") else text

    def variable(self, key: str) -> str | None:
        """The variable of the environment that sets ``key``: it can't be changed here then."""
        name = ENVIRONMENT_PREFIX + key.upper()
        return name if self.loaded.origins.get(key) == name else None

    def origin(self, key: str) -> str:
        """Where the value of ``key`` comes from, in words."""
        if key not in self.loaded.origins:
            return "as musmed has it"
        if name := self.variable(key):
            return f"from the environment ({name})"
        return f"from {self.loaded.origins[key]}"

    def write(self, key: str, text: str) -> None:
        """``key`` becomes ``text``, checked; '' takes it out of the file, as where it was never
        set. Raises ``MusmedError``, also for a value that can't be."""
        if name := self.variable(key):
            raise MusmedError(f"{name} in the environment sets this; it can't be changed here.")
        value = check_value(key, text, "This") if text else None
        if text:
            check_known(key, text)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        load_settings(self.path, self._environment)  # all of it, before any of it is written over
        before = read_text(self.path)
        _replace(self.path, _with(before, key, value))
        self.loaded = load_settings(self.path, self._environment)


def _with(text: str, key: str, value: object) -> str:
    """``text`` with ``key`` as ``value``, None for without it."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    wanted = tomllib.loads(text)
    wanted.pop(key, None)
    try:
        document = tomlkit.parse(text)
        if value is None:
            document.pop(key, None)
        else:
            document[key] = wanted[key] = list(value) if isinstance(value, tuple) else value
        made = tomlkit.dumps(document)
        kept = tomllib.loads(made) == wanted
    except (TOMLKitError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise MusmedError("The settings file can't be changed here; edit it by hand.") from error
    if not kept:
        raise MusmedError("The settings file can't be changed here; edit it by hand.")
    return made


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, and its owner's alone; what a link leads to, not the link."""
    try:
        target = path.resolve()
        make_private_folder(target.parent)
        part = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with open_private(part, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MusmedError(f"The settings file {path} can't be written ({reason}).") from error
