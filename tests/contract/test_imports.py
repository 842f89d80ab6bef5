"""Who imports what, seen from a fresh interpreter: the front stays light, the engine headless."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAVY = {"torch", "scipy", "noisereduce", "pyebur128", "soxr"}
SCREEN = {"textual", "rich", "typer", "musmed_tui"}


def imported_by(statement: str) -> set[str]:
    """The top-level modules in ``sys.modules`` after ``statement``."""
    return {name.partition(".")[0] for name in every_module_of(statement)}


def every_module_of(statement: str) -> set[str]:
    """All that is in ``sys.modules`` after ``statement``."""
    code = f"""
import contextlib, io, json, sys
with contextlib.redirect_stdout(io.StringIO()):
    {statement}
print(json.dumps(sorted(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def front_modules() -> list[str]:
    folders = (
        "engine/affect",
        "engine/plan",
        "engine/listener",
        "engine/session",
        "engine/playback",
    )
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    files += [ROOT / "engine/link/client.py", ROOT / "engine/render.py"]
    files += sorted((ROOT / "musmed_tui").rglob("[!_]*.py"))
    return sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in files
        if file.name != "__init__.py"
    )


LIGHT_JUDGES = {
    *("base", "frozen_graph", "mel", "meter", "musicnn", "musicnn_head", "musicnn_network"),
    *("protobuf", "registry", "tensor_bundle"),
}
HEAVY_TRAINING = {
    *("composing", "encoding", "held_out", "loop", "loss", "memory", "model", "moving"),
    *("processes", "result", "run", "state", "tensors", "updates", "watching"),
}


def engine_modules() -> list[str]:
    """Without MusicGen's, the judges' and training's that need torch where that is not there."""
    files = [*(ROOT / "engine").rglob("[!_]*.py")]
    if importlib.util.find_spec("torch") is None:
        files = [f for f in files if "musicgen" not in f.parts or f.parent.name == "files"]
        files = [f for f in files if f.parent.name != "judges" or f.stem in LIGHT_JUDGES]
        files = [f for f in files if f.parent.name != "training" or f.stem not in HEAVY_TRAINING]
    return sorted(".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)


def test_help_imports_nothing_that_computes() -> None:
    call = "from musmed_tui.cli import app; app(['--help'], standalone_mode=False)"
    seen = imported_by(call)
    assert "typer" in seen
    assert not seen & (HEAVY | {"numpy", "textual", "sqlite3", "sounddevice"})


def test_the_first_question_needs_no_arrays_no_commands_and_no_session() -> None:
    """What is imported until it stands; the rest comes while it is looked at."""
    modules = "musmed_tui.__main__, musmed_tui.commands.screen, musmed_tui.app"
    seen = every_module_of(f"import {modules}")
    assert "textual.app" in seen
    assert not {name.partition(".")[0] for name in seen} & {*HEAVY, "numpy", "soundfile", "typer"}
    later = {"session", "check_out", "history", "settings", "help", "first_run"}
    assert not seen & {f"musmed_tui.screens.{name}" for name in later}
    assert not seen & {"musmed_tui.session_view", "engine.playback.playback", "engine.link.client"}
    assert not seen & {"sqlite3", "engine.session.library.library", "engine.clip_record"}
    assert not seen & {"engine.plan.request", "engine.plan.spec", "engine.composers.base"}
    assert not seen & {
        "musmed_tui.options",
        "musmed_tui.following",
        "importlib.resources",
        "zipfile",
    }


def test_the_library_is_opened_without_arrays() -> None:
    seen = imported_by("import engine.session.library.library")
    assert "sqlite3" in seen
    assert not seen & (HEAVY | {"numpy", "soundfile"})


def test_the_front_process_stays_light() -> None:
    modules = front_modules()
    assert "engine.session.runner" in modules
    assert "musmed_tui.plain.player" in modules
    seen = imported_by(f"import {', '.join(modules)}")
    assert "numpy" in seen
    assert not seen & HEAVY


def test_the_engine_knows_no_screen() -> None:
    modules = engine_modules()
    assert len(modules) > 30
    seen = imported_by(f"import {', '.join(modules)}")
    assert not seen & SCREEN


def test_checkpoints_and_adapters_are_found_without_torch() -> None:
    files = "engine.composers.musicgen.files."
    modules = [name for name in engine_modules() if name.startswith(files)]
    assert len(modules) >= 6
    modules += ["engine.composers.base", "engine.composers.choice"]
    seen = imported_by(f"import {', '.join(modules)}")
    assert not seen & {"torch", "transformers", "peft", "safetensors", "huggingface_hub"}


def test_judges_are_named_without_torch() -> None:
    judges = ", ".join(f"engine.evaluation.judges.{name}" for name in sorted(LIGHT_JUDGES))
    assert not imported_by(f"import {judges}") & {"torch", "transformers", "safetensors", "sklearn"}


@pytest.mark.parametrize("room", ["affect", "plan"])
def test_affect_and_plan_need_no_numpy(room: str) -> None:
    modules = [name for name in engine_modules() if name.startswith(f"engine.{room}.")]
    assert modules
    assert not imported_by(f"import {', '.join(modules)}") & {"numpy", "scipy", "torch"}
