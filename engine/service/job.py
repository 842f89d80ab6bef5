"""What the service keeps of a session beside the library: a file of JSON for each, so that what
waited or ran goes on at the next start, whatever ended the last one."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Literal

import msgspec

from engine.errors import MusmedError
from engine.private import make_private_folder, open_private
from engine.service.asked import Pace
from engine.session.library.reading import ID

JobState = Literal["queued", "running", "finished", "cancelled", "failed"]
OVER: tuple[JobState, ...] = ("finished", "cancelled", "failed")
MAX_BYTES = 4096
MAX_SAID = 500

log = logging.getLogger(__name__)


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A session that was asked for. ``number``: they are begun in this order."""

    id: str
    number: int
    created: str
    """ISO 8601, UTC."""
    pace: Pace
    composer: str
    seed: int
    seconds: float
    """Of the session."""
    state: JobState = "queued"
    said: str = ""
    """Of a failed one: why, in a sentence."""

    ready: float = 0.0
    """Of one that is over: the seconds whose sound there is."""

    @property
    def over(self) -> bool:
        return self.state in OVER


class JobFiles:
    """The jobs' files in ``folder``, made on demand."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> list[Job]:
        """All jobs, in order; a file that is none is left out, and the log says so. Raises
        ``MusmedError``."""
        try:
            make_private_folder(self._folder)
            found = []
            for entry in os.scandir(self._folder):
                if entry.name.endswith(".json") and ID.fullmatch(entry.name[:-5]):
                    job = _read(Path(entry.path))
                    if job is not None and job.id == entry.name[:-5]:
                        found.append(job)
        except OSError as error:
            raise MusmedError(
                f"The folder {self._folder} can't be read ({error.strerror}); mend its rights."
            ) from error
        return sorted(found, key=lambda job: job.number)

    def write(self, job: Job) -> None:
        """Whole or not at all, also where the power fails. Raises ``MusmedError``."""
        path = self._folder / f"{job.id}.json"
        part = path.with_suffix(".part")
        try:
            with open_private(part, "wb") as file:
                file.write(msgspec.json.encode(job))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise MusmedError(
                f"The service can't keep what it was asked for ({error.strerror}); free some space."
            ) from error

    def remove(self, job: str) -> None:
        (self._folder / f"{job}.json").unlink(missing_ok=True)


def _read(path: Path) -> Job | None:
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(MAX_BYTES), type=Job)
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("%s is left out: %s", path, error)
        return None
