"""Benchmarks and scripts find what they import: nothing else runs them until they are needed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted([*(ROOT / "tests/bench").glob("*.py"), *(ROOT / "scripts").glob("*.py")])
LOAD = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='looked_at')"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_finds_what_it_imports(script: Path, tmp_path: Path) -> None:
    needs_torch = "musicgen" in script.name or "\nimport torch" in script.read_text()
    if needs_torch and importlib.util.find_spec("torch") is None:
        pytest.skip("needs MusicGen's packages")
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(script)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_parts_of_a_rendering_are_where_its_bench_looks_for_them() -> None:
    from tests.bench.render_parts import ENGINE, FRONT, found

    for places in (*ENGINE.values(), *FRONT.values()):
        for place in places:
            owner, name = found(place)
            assert callable(getattr(owner, name)), place
