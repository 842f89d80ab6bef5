"""A headless Chromium, told what to do over its pipe (the DevTools protocol; nothing listens).

What it asked of the network, what it wrote to its console and what it would not do for the page's
own rules is kept, so that a test can look at it.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--remote-debugging-pipe",
)
ANSWER_SECONDS = 60.0
"""A browser that answers nothing for so long hangs."""


class BrowserError(Exception):
    """The browser could not do it, or the page threw."""


class Browser:
    """A Chromium with a page of ``width`` by ``height`` CSS pixels, until it is left."""

    def __init__(
        self, folder: Path, *, width: int = 1280, height: int = 800, scheme: str = "dark"
    ) -> None:
        assert CHROMIUM is not None
        to_us, from_it = os.pipe()
        to_it, from_us = os.pipe()
        self._process = _started(folder, to_it, from_it)
        os.close(to_it)
        os.close(from_it)
        self._out = os.fdopen(from_us, "wb", buffering=0)
        self._in = os.fdopen(to_us, "rb", buffering=0)
        self._lock = threading.Condition()
        self._answers: dict[int, dict[str, Any]] = {}
        self._number = 0
        self._gone = False
        self.requests: deque[str] = deque(maxlen=10_000)
        """The addresses that were asked for, the newest last."""
        self.wrong: list[str] = []
        """What was thrown, written to the console as an error, or kept back by the page's rules."""
        self._reader = threading.Thread(target=self._read, name="chromium", daemon=True)
        self._reader.start()
        target = self._send("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = self._send("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._session: str = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.tell(f"{domain}.enable")
        self.size(width, height)
        self.scheme(scheme)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()
        self._reader.join()
        self._in.close()

    # What can be done

    def tell(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A command of the DevTools protocol to the page."""
        return self._send(method, parameters or {}, self._session)

    def size(self, width: int, height: int) -> None:
        """A phone, below 600 pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.tell("Emulation.setDeviceMetricsOverride", metrics)

    def scheme(self, name: str) -> None:
        """'dark' or 'light'."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.tell("Emulation.setEmulatedMedia", {"features": features})

    def open(self, address: str) -> None:
        self.tell("Page.navigate", {"url": address})
        self.until("document.readyState === 'complete'")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited where it is a promise."""
        told = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        said = self.tell("Runtime.evaluate", told)
        if "exceptionDetails" in said:
            raise BrowserError(f"{expression}: {said['exceptionDetails']}")
        return said["result"].get("value")

    def until(self, expression: str, patience: float = ANSWER_SECONDS) -> Any:
        """Waits until the expression is true, and gives its value: a plain one, no element."""
        ends = time.monotonic() + patience
        while True:
            try:
                found = self.ask(expression)
            except BrowserError:  # the page is on its way to another
                found = None
            if found:
                return found
            if time.monotonic() > ends:
                seen = self.ask("document.body.innerText")
                raise BrowserError(f"never true: {expression}; {self.wrong}; on the page: {seen}")
            time.sleep(0.05)

    def click(self, selector: str) -> None:
        """On the middle of the element."""
        self.until(f"document.querySelector({json.dumps(selector)})?.getClientRects().length")
        x, y = self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'nearest', behavior: 'instant'});"
            "const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2] })()"
        )
        self.click_at(x, y)

    def click_at(self, x: float, y: float) -> None:
        self.drag((x, y), (x, y))

    def drag(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """Pressed at ``begin``, moved, let go at ``end``."""
        for kind, (x, y) in (
            ("mouseMoved", begin),
            ("mousePressed", begin),
            *((("mouseMoved", end),) if end != begin else ()),
            ("mouseReleased", end),
        ):
            pressed = {"x": x, "y": y, "type": kind, "button": "left", "clickCount": 1}
            self.tell("Input.dispatchMouseEvent", pressed)

    def type(self, text: str) -> None:
        """Into what has the focus."""
        self.tell("Input.insertText", {"text": text})

    def key(self, name: str, code: int, text: str = "") -> None:
        pressed = {"key": name, "code": name, "windowsVirtualKeyCode": code, "text": text}
        self.tell("Input.dispatchKeyEvent", {**pressed, "type": "keyDown"})
        self.tell("Input.dispatchKeyEvent", {**pressed, "type": "keyUp", "text": ""})

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """What is seen, or the ``whole`` page, as PNG."""
        taken = {"format": "png", "captureBeyondViewport": whole}
        path.write_bytes(base64.b64decode(self.tell("Page.captureScreenshot", taken)["data"]))

    # The pipe

    def _send(
        self, method: str, parameters: Mapping[str, Any], session: str | None = None
    ) -> dict[str, Any]:
        with self._lock:
            self._number += 1
            number = self._number
            message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
            if session is not None:
                message["sessionId"] = session
            self._out.write(json.dumps(message).encode() + b"\0")
            if not self._lock.wait_for(
                lambda: number in self._answers or self._gone, ANSWER_SECONDS
            ):
                raise BrowserError(f"the browser does not answer {method}")
            answer = self._answers.pop(number, None)
        if answer is None:
            raise BrowserError("the browser has ended")
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        found: dict[str, Any] = answer["result"]
        return found

    def _read(self) -> None:
        rest = b""
        while data := self._in.read(1 << 20):
            *whole, rest = (rest + data).split(b"\0")
            for one in whole:
                self._take(json.loads(one))
        with self._lock:
            self._gone = True
            self._lock.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            with self._lock:
                self._answers[message["id"]] = message
                self._lock.notify_all()
            return
        told = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Runtime.exceptionThrown":
                self.wrong.append(str(told["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning"):
                self.wrong.append(str(told["args"]))
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.wrong.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")


def _started(folder: Path, to_it: int, from_it: int) -> subprocess.Popen[bytes]:
    """With the pipe's ends as its file descriptors 3 and 4."""
    profile = folder / "profile"
    # A shell puts them there: between fork and exec nothing of Python's may run beside threads.
    line = f'exec "$0" "$@" 3<&{to_it} 4>&{from_it}'
    return subprocess.Popen(
        ["/bin/bash", "-c", line, str(CHROMIUM), *_FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(to_it, from_it),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
