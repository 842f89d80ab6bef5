"""A disk that is full from some write on: what each part of the session writes through refuses, as
the system's own calls do."""

from __future__ import annotations

import errno
import pathlib
import sqlite3
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pytest
import soundfile

import engine.playback.clips
import engine.session.library.lock
from engine.session.library.database import Database


class FullDisk:
    """Counts what is written from when it is made on; the write ``full_from`` (from 0 on) and all
    after it fail until ``free``. What is written in place into what a file already has does not.
    ``modules``: those whose ``open_private`` counts."""

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        full_from: int,
        modules: Sequence[ModuleType] = (engine.playback.clips, engine.session.library.lock),
    ) -> None:
        self.writes = 0
        self.failed: list[str] = []
        self._full_from = full_from
        self._wrap(patch, soundfile.SoundFile, "write", lambda: soundfile.LibsndfileError(2))
        self._wrap(patch, Database, "write", _database_full)
        self._wrap(patch, pathlib.Path, "mkdir", _no_space)
        for module in modules:
            self._wrap(patch, module, "open_private", _no_space)

    def free(self) -> None:
        """There is room again."""
        self._full_from = 10**9

    def _wrap(
        self, patch: pytest.MonkeyPatch, owner: Any, name: str, error: Callable[[], Exception]
    ) -> None:
        real = getattr(owner, name)

        def write(*values: Any, **named: Any) -> Any:
            number, self.writes = self.writes, self.writes + 1
            if number >= self._full_from:
                self.failed.append(name)
                raise error()
            return real(*values, **named)

        patch.setattr(owner, name, write)


def _no_space() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def _database_full() -> sqlite3.Error:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    error.sqlite_errorname = "SQLITE_FULL"
    return error
