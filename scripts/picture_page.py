"""Make the picture of the service's page: ``python scripts/picture_page.py``.

It is taken in headless Chromium of a session of two minutes that the real service composes, as the
dot is half-way: docs/pictures/page.png. Takes a minute.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.browser import CHROMIUM, Browser  # noqa: E402

PICTURE = ROOT / "docs" / "pictures" / "page.png"
HALFWAY = 52
"""Seconds after which the dot is about half-way."""


def main() -> int:
    """Exit code 2 where there is no Chromium."""
    if CHROMIUM is None:
        print("There is no Chromium here: apt-get install chromium.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        service = subprocess.Popen(
            [sys.executable, "-m", "musmed_tui", "serve", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"MUSMED_HOME": folder, "MUSMED_SYNTHESIS": "builtin"},
        )
        try:
            assert service.stdout is not None
            link = service.stdout.readline().split(" at ")[1].strip()
            with Browser(Path(folder)) as browser:
                _take(browser, link)
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait()
    return 0


def _take(browser: Browser, link: str) -> None:
    browser.open(link)
    browser.click("#example-list li:nth-child(1) button")
    browser.ask(
        "(() => { const e = document.getElementById('minutes'); e.value = 2;"
        "e.dispatchEvent(new Event('input')); return 0 })()"
    )
    browser.click("#begin")
    browser.until(f"document.getElementById('audio').currentTime > {HALFWAY}", patience=300.0)
    browser.picture(PICTURE)


if __name__ == "__main__":
    sys.exit(main())
