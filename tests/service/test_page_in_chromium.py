"""The page as a person has it: in headless Chromium, over the real service and composer."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import CHROMIUM, Browser
from tests.support.waiting import end_of

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: chromium)"),
]
SIZES = [(390, 844), (1280, 800), (1920, 1080)]
VIEW = "document.getElementById('room').dataset.view"
HEARD = "document.getElementById('audio').currentTime"
SESSION = "fetch('/sessions/' + location.hash.split('=')[1]).then(r => r.json())"
WAY = "fetch('/sessions/' + location.hash.split('=')[1] + '/way').then(r => r.json())"
FITS = "document.documentElement.scrollWidth <= innerWidth"
CONTRASTS = Path(__file__).with_name("contrasts.js")


class Service:
    """``musmed serve`` as somebody starts it."""

    def __init__(self, home: Path, port: int = 0) -> None:
        here = {"MUSMED_HOME": str(home), "MUSMED_SYNTHESIS": "builtin"}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "musmed_tui", "serve", "--port", str(port)),
                *("--token-file", str(home / "token")),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | here,
        )
        assert self.process.stdout is not None
        self.link = self.process.stdout.readline().split(" at ")[1].strip()
        self.base = self.link.partition("#")[0]
        self.port = int(self.base.rsplit(":", 1)[1].strip("/"))

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        end_of(self.process)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    found = Service(tmp_path_factory.mktemp("served"))
    yield found
    found.end()


@contextlib.contextmanager
def visiting(
    service: Service, folder: Path, size: tuple[int, int] = (1280, 800)
) -> Iterator[Browser]:
    """A browser that has opened the link; whatever it asked for was the service's, and nothing was
    wrong on the page."""
    with Browser(folder, width=size[0], height=size[1]) as browser:
        browser.open(service.link)
        browser.until(f"{VIEW} === 'choosing'")
        yield browser
        assert browser.wrong == []
        assert _elsewhere(browser, service) == []


def _elsewhere(browser: Browser, service: Service) -> list[str]:
    """What was asked of anybody but the service."""
    return [one for one in browser.requests if not one.startswith((service.base, "blob:", "data:"))]


def _at(browser: Browser, valence: float, arousal: float) -> tuple[float, float]:
    """Where a place of the plane lies on the screen."""
    left, top, width, height = browser.ask(
        "(() => { const b = document.getElementById('plane'); b.scrollIntoView({block: 'nearest'});"
        "const r = b.getBoundingClientRect(); return [r.x, r.y, r.width, r.height] })()"
    )
    scale = min(width, height) / 2 / 1.06
    return left + width / 2 + valence * scale, top + height / 2 - arousal * scale


def _slide(browser: Browser, selector: str, value: int) -> None:
    browser.ask(
        f"(() => {{ const e = document.querySelector('{selector}'); e.value = {value};"
        "e.dispatchEvent(new Event('input')); return 0 })()"
    )


def _type(browser: Browser, field: str, text: str) -> None:
    browser.click(field)
    browser.type(text)
    browser.key("Enter", 13, "\r")


def _begin(browser: Browser, minutes: int = 1) -> None:
    _type(browser, "#from", "tense")
    _type(browser, "#to", "calm")
    _slide(browser, "#minutes", minutes)
    browser.click("#begin")
    browser.until(f"{VIEW} === 'playing' && {HEARD} > 0.2")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_whole_visit(service: Service, tmp_path: Path, size: tuple[int, int]) -> None:
    with visiting(service, tmp_path, size) as browser:
        assert "#" not in browser.ask("location.href")  # the token is in no history
        assert browser.ask(FITS)
        _type(browser, "#from", "ten")
        assert browser.ask("document.getElementById('from').value") == "tense"
        browser.click_at(*_at(browser, 0.5, -0.4))
        assert browser.until("document.getElementById('to').value")
        _slide(browser, "#minutes", 2)
        browser.click("#begin")

        # It is heard while it is composed.
        browser.until(f"{VIEW} === 'playing' && {HEARD} > 1")
        session = browser.ask(SESSION)
        assert session["state"] == "running"
        assert session["ready"] < session["seconds"]
        assert browser.ask(FITS)
        before = browser.ask(HEARD)
        browser.until(f"{HEARD} > {before} + 1")
        browser.until("document.getElementById('clock').textContent >= '0:02'")

        # It is steered, eased, and its sound is held.
        browser.click_at(*_at(browser, 0.6, 0.4))
        browser.click("#steer")
        browser.until(f"{WAY}.then(w => w.to.valence > 0.4 && w.to.arousal > 0.2)")
        _slide(browser, "#faders-density", 90)
        browser.until(f"{WAY}.then(w => w.faders.density === 0.9)")
        browser.click("#calmer")
        browser.until(f"{WAY}.then(w => w.way.includes('eased'))")

        # It is paused, which holds the making, and goes on.
        browser.click("#pause")
        browser.until("document.getElementById('state').textContent === 'paused'")
        stood = browser.ask(HEARD)
        browser.until(
            f"{SESSION}.then(a => new Promise(r => setTimeout(r, 400)).then(() => {SESSION})"
            ".then(b => a.ready === b.ready))"
        )
        assert browser.ask(HEARD) == stood
        browser.click("#pause")
        browser.until(f"{HEARD} > {stood} + 0.5")

        # Opened anew it goes on where it was.
        clock = browser.ask("document.getElementById('clock').textContent")
        browser.tell("Page.reload")
        browser.until(f"{VIEW} === 'playing' && {HEARD} > 0.5")
        assert browser.ask("document.getElementById('clock').textContent") >= clock

        # It is stopped, rated, and taken along.
        browser.click("#stop")
        browser.until(f"{VIEW} === 'after'")
        assert browser.ask(FITS)
        browser.until(f"{SESSION}.then(s => s.state === 'cancelled')")
        _slide(browser, "#rated-valence", 80)
        browser.click("#rate")
        browser.until("document.getElementById('rating-said').textContent.startsWith('Kept')")
        files = browser.ask("[...document.querySelectorAll('#downloads a')].map(a => a.href)")
        for file in files:
            assert browser.ask(f"fetch('{file}').then(r => r.status)") == 200, file
        browser.click("#anew")
        browser.until("document.querySelectorAll('#past-list li').length > 0")


def test_by_keys_alone_with_still_pictures(service: Service, tmp_path: Path) -> None:
    with visiting(service, tmp_path) as browser:
        features = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        browser.tell("Emulation.setEmulatedMedia", {"features": features})
        browser.ask("document.getElementById('from').focus()")
        for word in ("tense", "calm"):
            browser.type(word)
            browser.key("Enter", 13, "\r")
        browser.until("document.activeElement.id === 'begin'")
        browser.ask("document.querySelector('.handle.to').focus()")
        before = browser.ask("document.getElementById('to').value")
        browser.key("ArrowRight", 39)
        browser.until(f"document.getElementById('to').value !== '{before}'")
        browser.ask("document.getElementById('begin').focus()")
        browser.key("Enter", 13, "\r")
        browser.until(f"{VIEW} === 'playing' && {HEARD} > 0.5")
        assert browser.ask("document.getAnimations().length") == 0
        browser.ask("document.activeElement.blur()")
        browser.key(" ", 32, " ")
        browser.until("document.getElementById('state').textContent === 'paused'")
        browser.ask("document.getElementById('stop').focus()")
        browser.key("Enter", 13, "\r")
        browser.until(f"{VIEW} === 'after'")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_every_word_can_be_read(service: Service, tmp_path: Path, scheme: str) -> None:
    with visiting(service, tmp_path) as browser:
        browser.scheme(scheme)
        measured = CONTRASTS.read_text("utf-8")
        for view in ("choosing", "playing", "after"):
            if view == "playing":
                _begin(browser)
            elif view == "after":
                browser.click("#stop")
            browser.until(f"{VIEW} === '{view}'")
            weak = browser.ask(measured)
            assert weak == [], view


def test_the_service_ends_and_comes_back_while_it_plays(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    service = Service(home)
    try:
        with Browser(tmp_path) as browser:
            browser.open(service.link)
            browser.until(f"{VIEW} === 'choosing'")
            _begin(browser, 2)
            port = service.port
            service.end()
            browser.until("!document.getElementById('trouble').hidden")
            said = browser.ask("document.getElementById('trouble').textContent")
            assert re.fullmatch(r"The (service|line) .*\.", said)
            service = Service(home, port)
            browser.until("document.getElementById('trouble').hidden")
            heard = "Number(document.getElementById('clock').textContent.split(':')[1])"
            before = browser.ask(heard)
            browser.until(f"{heard} > {before} + 2")
    finally:
        service.end()


def test_without_its_link_the_page_says_what_is_needed(service: Service, tmp_path: Path) -> None:
    with Browser(tmp_path) as browser:
        browser.open(service.base)
        browser.until(f"{VIEW} === 'locked'")
        assert "musmed serve" in browser.ask("document.getElementById('locked').innerText")


def test_a_word_of_danger_gets_its_sentence(service: Service, tmp_path: Path) -> None:
    with visiting(service, tmp_path) as browser:
        _type(browser, "#from", "I want to die")
        browser.until("document.getElementById('from-said').textContent.includes('helpline')")
        assert browser.ask("document.getElementById('from').value") == "low"
        assert not any("die" in one for one in browser.requests)


def test_everything_can_be_tried_on_the_page_of_what_can_be_asked(
    service: Service, tmp_path: Path
) -> None:
    with Browser(tmp_path) as browser:
        browser.open(f"{service.base}docs#{service.link.partition('#')[2]}")
        browser.until("document.querySelectorAll('.operation').length > 10")
        assert browser.ask(FITS)
        browser.click("#post-sessions summary")
        browser.click("#post-sessions button.main")
        browser.until("document.querySelector('#post-sessions .status')?.textContent > '201'")
        browser.click("#get-sessions-session summary")
        for accepted in ("application/json", "text/event-stream"):
            browser.ask(
                "(() => { const e = document.getElementById('get-sessions-session-accept');"
                f"e.value = '{accepted}'; e.dispatchEvent(new Event('input')); return 0 }})()"
            )
            browser.click("#get-sessions-session button.main")
            told = "#get-sessions-session .answer"
            browser.until(f"document.querySelector('{told}').textContent.includes('{accepted}')")
            browser.until(f"!!document.querySelector('{told} pre[tabindex]')")
        assert "-N -H 'Accept: text/event-stream'" in browser.ask(
            "document.querySelector('#get-sessions-session').textContent"
        )
        for operation, shown in (
            ("get-sessions-session-audio", "audio"),
            ("delete-sessions-session", ".status"),
        ):
            browser.click(f"#{operation} summary")
            browser.click(f"#{operation} button.main")
            browser.until(f"document.querySelectorAll('#{operation} .answer {shown}').length > 0")
        assert browser.wrong == []
        assert _elsewhere(browser, service) == []
