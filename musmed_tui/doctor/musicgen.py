"""The MusicGen part of ``musmed doctor``. Nothing of it is needed by the embedded composer."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.composers.musicgen.files.audiocraft_packages import HOW, MODULES, missing
from engine.composers.musicgen.files.catalogue import CATALOGUE, INSTALL, NAMES
from engine.composers.musicgen.files.shelf import all_added
from engine.errors import MusmedError
from engine.hub_cache import hub_cache
from musmed_tui.doctor.finding import Finding, Level
from musmed_tui.doctor.precision import precisions
from musmed_tui.models_here import here, others, state_of, state_of_added

_AREA = "MusicGen"
_PACKAGES = ("torch", "transformers", "safetensors", "huggingface_hub", "peft")
_INSTALL = f"{INSTALL} if you want MusicGen; the embedded composer needs none."
_PATIENCE_SECONDS = 60.0
_ASK_TORCH = """
import json, torch
cuda = torch.cuda.is_available()
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if cuda else []
memory = [torch.cuda.get_device_properties(i).total_memory for i in range(len(names))]
mps = torch.backends.mps.is_available()
threads = torch.get_num_threads()
told = None
try:
    from engine.composers.musicgen.model.device import here, what_multiplies
    able = here()
    told = {"usual": able.usual, "takes": sorted(able.takes), "multiplies": what_multiplies()}
except Exception:
    pass
print(json.dumps({"cuda": list(zip(names, memory)), "mps": mps, "threads": threads, "told": told}))
"""


def musicgen() -> Iterator[Finding]:
    """Packages, devices, checkpoints and adapters in the hub's cache, audiocraft."""
    versions = {name: version for name in _PACKAGES if (version := _version(name))}
    lacking = [name for name in _PACKAGES if name not in versions]
    if versions:
        listed = ", ".join(f"{name} {version}" for name, version in versions.items())
        yield Finding(_AREA, "ok", f"{listed}.")
    if lacking:
        level: Level = "note" if versions else "ok"
        yield Finding(_AREA, level, f"Not installed: {', '.join(lacking)}.", _INSTALL)
    if "torch" in versions:
        yield from _devices()
    yield from checkpoints()
    yield from _audiocraft()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _devices() -> Iterator[Finding]:
    """torch is asked in a process of its own: this one must not import it."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK_TORCH],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=True,
        )
        said = json.loads(done.stdout)
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().rpartition("\n")[2][:200]
        advice = "Install torch again, of a build that fits this machine."
        yield Finding(_AREA, "note", f"torch can't be imported ({reason}).", advice)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        yield Finding(_AREA, "note", f"torch does not answer ({error}).")
    else:
        yield _found(said)
        if said["told"] is not None:
            yield from precisions(said["told"], [n for n in NAMES if _state(n) == "yes"])


def _found(said: dict[str, Any]) -> Finding:
    if said["cuda"]:
        gpus = ", ".join(f"{name} ({memory / 1e9:.0f} GB)" for name, memory in said["cuda"])
        return Finding(_AREA, "ok", f"torch finds {gpus}.")
    if said["mps"]:
        return Finding(_AREA, "ok", "torch finds Apple's GPU (MPS).")
    return Finding(
        _AREA,
        "note",
        f"torch finds no GPU, only the CPU with {said['threads']} threads.",
        "MusicGen composes more slowly than it plays on most CPUs; the embedded composer does not.",
    )


def _state(name: str) -> str:
    """'no' too where nobody can look."""
    try:
        return state_of(CATALOGUE[name].repo)
    except MusmedError:
        return "no"


def checkpoints() -> Iterator[Finding]:
    """What is in the hub's cache, complete or not."""
    try:
        yield from _cached(hub_cache())
    except MusmedError as error:
        yield Finding(_AREA, "note", str(error))


def _cached(cache: Path) -> Iterator[Finding]:
    states = {name: state_of(entry.repo) for name, entry in CATALOGUE.items()}
    complete = [name for name in NAMES if states[name] == "yes"]
    if complete:
        yield Finding(_AREA, "ok", f"Checkpoints in {cache}: {', '.join(complete)}.")
    else:
        advice = f"'musmed models get {NAMES[0]}' fetches one; 'musmed models list' has the sizes."
        yield Finding(_AREA, "ok", f"No checkpoint in {cache}.", advice)
    for name in NAMES:
        if states[name] in {"partly", "broken"}:
            yield Finding(_AREA, "note", _trouble(name), f"'musmed models get {name}' mends it.")
    own = [f"{name} ({state_of_added(name)})" for name in all_added()]
    if own:
        yield Finding(_AREA, "ok", f"Adapters that were added: {', '.join(own)}.")
    found = list(others())
    if found:
        listed = ", ".join(f"{repo} ({kind})" for repo, kind in found)
        yield Finding(_AREA, "ok", f"Also there: {listed}.")


def _trouble(name: str) -> str:
    try:
        here(name)
    except MusmedError as error:
        return str(error)
    return f"{name} is complete."


def _audiocraft() -> Iterator[Finding]:
    lacking = missing()
    if not lacking:
        yield Finding(_AREA, "ok", "audiocraft is installed (--decoder audiocraft).")
    elif "audiocraft" in lacking and len(lacking) > len(MODULES) // 2:
        yield Finding(
            _AREA, "ok", "audiocraft is not installed; it is only for comparing.", f"{HOW}."
        )
    else:
        text = f"audiocraft lacks {', '.join(lacking)} (for --decoder audiocraft only)."
        yield Finding(_AREA, "note", text, f"{HOW}.")
