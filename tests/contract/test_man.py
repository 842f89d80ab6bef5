"""The man page is that of the commands as they are, and is one to man."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.required import lacking

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "man/musmed.1"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("man_script", ROOT / "scripts/man.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(script: Any) -> None:
    assert PAGE.read_text("utf-8") == script.page(), "python scripts/man.py writes it anew"


def test_no_text_is_taken_for_roff(script: Any) -> None:
    assert script.text(".TH 'a-b' \\n é\n c") == r"\&.TH \(aqa\-b\(aq \en \[u00E9] c"


def test_man_shows_it_without_a_warning() -> None:
    if shutil.which("man") is None:
        lacking("needs: apt install man-db groff")
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
    done = subprocess.run(
        ["man", "--warnings=w", "-l", str(PAGE)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = " ".join(done.stdout.split())
    for words in ("--sleep MINUTES", "musmed models get", "KEYS OF A SESSION", "Pause, and go on."):
        assert words in shown
