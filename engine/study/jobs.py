"""A job: all that determines a session's sound and figures, and a digest of it.

The digest names the job's folder. It is of canonical JSON (keys sorted), with the versions of
musmed, of the composer and of the meter, and with the content of model files in the place of where
they lie: what was made of something else is never taken for it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from engine import __version__
from engine.composers.base import composer_version
from engine.places import expanded
from engine.plan.generation import Generation
from engine.plan.request import Request
from engine.session.fingerprints import materials_of
from engine.study.study_file import Evaluate, Sound

DIGEST_BYTES = 16
FORMAT = 1
"""Of what is measured (``engine.study.measuring``): changes when a figure changes its meaning."""
Materials = dict[tuple[str, Generation], dict[str, str]]


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``versions``: of all that makes or measures it, and digests of files, by name."""

    digest: str
    request: Request
    sound: Sound
    evaluate: Evaluate
    versions: dict[str, str]


def job_of(request: Request, sound: Sound, evaluate: Evaluate, known: Materials) -> Job:
    """The job of a session. ``known``: digests of files that were read already; it is added to."""
    key = request.composer, request.generation
    if key not in known:
        known[key] = _versions(request, evaluate)
    versions = known[key]
    told = (FORMAT, request.published(), sound, evaluate, versions)
    data = msgspec.json.encode(told, order="sorted")
    digest = hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()
    return Job(digest=digest, request=request, sound=sound, evaluate=evaluate, versions=versions)


def _versions(request: Request, evaluate: Evaluate) -> dict[str, str]:
    found = {"musmed": __version__, "composer": str(composer_version(request.composer))}
    materials = materials_of(request, request.composer)
    for number, (_, digest) in enumerate(sorted(materials.items())):
        found[f"file {number}"] = digest
    for word in evaluate.judges:
        name, _, place = word.partition("=")
        found[f"judge {name}"] = _judge_version(name, place)
    return found


def _judge_version(name: str, place: str) -> str:
    """The meter's, and of weights that lie somewhere the names and sizes of their files."""
    if name == "meter":
        from engine.meter.model import shipped

        return str(shipped().model.version)
    if not place:
        return ""
    where = expanded(place, "weights")
    files = sorted(where.iterdir()) if where.is_dir() else [where]
    return " ".join(f"{file.name}:{_size(file)}" for file in files)


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0
