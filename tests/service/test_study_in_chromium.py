"""A participant's page in headless Chromium, over the real service."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.listening_list import CODES, a_list

from engine.study.listening import answers
from tests.support.browser import CHROMIUM, Browser
from tests.support.waiting import end_of

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: chromium)"),
]
HEAD = "document.getElementById('study-head').textContent"


@pytest.fixture
def links(tmp_path: Path) -> Iterator[list[str]]:
    """The participants' links of ``musmed serve --study``."""
    a_list(tmp_path / "list", moments=(1.0,), note=True)
    argv = [sys.executable, "-m", "musmed_tui", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*argv, "--study", str(tmp_path / "list")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"MUSMED_HOME": str(tmp_path / "home"), "MUSMED_SYNTHESIS": "builtin"},
    )
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(3)]
    yield [line.partition(": ")[2] for line in said[1:]]
    process.send_signal(signal.SIGTERM)
    end_of(process)


def test_a_whole_list(links: list[str], tmp_path: Path) -> None:
    with Browser(tmp_path / "browser", width=390, height=844) as browser:
        browser.open(links[0])
        browser.until(f"{HEAD} === 'Before you begin'")
        assert "#" not in browser.ask("location.href")  # the link is in no history
        browser.click("#study-go")
        for place in (1, 2, 3):
            browser.until(f"{HEAD}.startsWith('Before session {place}')")
            browser.click("#study-go")
            browser.until(f"{HEAD} === 'Session {place} of 3'")
            browser.click("#study-go")
            browser.until(f"{HEAD}.startsWith('How do you feel now')")
            browser.ask(
                "(() => { const e = document.querySelector('#study-sliders input'); e.value = 80;"
                "e.dispatchEvent(new Event('input')); return 0 })()"
            )
            browser.click("#study-go")
            browser.until(f"{HEAD} === 'After session {place} of 3'")
            browser.click("#study-go")
        browser.until(f"{HEAD} === 'That was all of it'")
        assert browser.wrong == []
    given = answers.read(tmp_path / "list", "P001")
    assert [one.what for one in given] == [
        "consent",
        *["before", "begun", "moment", "ended", "after"] * 3,
    ]
    assert [one.code for one in given if one.what == "ended"] == list(CODES)
    assert [one.rating.valence for one in given if one.what == "moment"] == [80, 80, 80]


def test_what_did_not_work_can_be_tried_again(links: list[str], tmp_path: Path) -> None:
    """Without the network there is a sentence, and the button is there."""
    with Browser(tmp_path / "browser", width=390, height=844) as browser:
        browser.open(links[0])
        browser.until(f"{HEAD} === 'Before you begin'")
        browser.click("#study-go")
        browser.until(f"{HEAD}.startsWith('Before session 1')")
        assert browser.ask("document.documentElement.scrollHeight <= innerHeight")
        browser.click("#study-go")
        browser.until(f"{HEAD} === 'Session 1 of 3'")
        _online(browser, online=False)
        browser.click("#study-go")
        browser.until("!document.getElementById('study-trouble').hidden")
        _online(browser, online=True)
        browser.click("#study-go")
        browser.until(f"{HEAD}.startsWith('How do you feel now')")
        _online(browser, online=False)
        browser.click("#study-go")
        browser.until("!document.getElementById('study-trouble').hidden")
        _online(browser, online=True)
        browser.click("#study-go")
        browser.until(f"{HEAD} === 'After session 1 of 3'")


def _online(browser: Browser, *, online: bool) -> None:
    speeds = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.tell("Network.emulateNetworkConditions", {"offline": not online, **speeds})
