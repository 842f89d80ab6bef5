"""A real terminal: a tmux server of its own with one window, in which musmed runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
from support.waiting import wait_for

from musmed_tui.first_run import remember
from musmed_tui.paths import folders

ROOT = Path(__file__).parents[2]
QUICK = f"{ROOT}/tests/support/quick_musmed.py"


class Terminal:
    """A tmux server of its own with one window."""

    def __init__(
        self,
        folder: Path,
        columns: int = 80,
        rows: int = 24,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self.home = folder / "home"
        remember(folders({"MUSMED_HOME": str(self.home)}))
        self.engine_returns = folder / "engine-returns"
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("MUSMED_")},
            "MUSMED_HOME": str(self.home),
            "ENGINE_RETURNS": str(self.engine_returns),
            "MUSMED_SINK": "null",
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "PS1": "ready$ ",
            **(environment or {}),
        }
        size = ["-x", str(columns), "-y", str(rows)]
        subprocess.run(
            [*self._tmux, "new-session", "-d", *size, "bash --norc --noprofile"],
            env=environment,
            cwd=folder,
            check=True,
        )

    def run(self, *arguments: str, program: str = QUICK, **variables: str) -> None:
        """Start musmed; ``variables``: of its environment, an empty one is not in it."""
        unset = [f"-u {key}" for key, value in variables.items() if not value]
        setting = " ".join(
            ["env", *unset, *(f"{key}={value}" for key, value in variables.items() if value)]
        )
        command = f"{sys.executable} {program} {' '.join(arguments)}; echo code=$?"
        command = f"{setting} {command}" if variables else command
        subprocess.run([*self._tmux, "send-keys", command, "Enter"], check=True)

    def press(self, *keys: str) -> None:
        for key in keys:
            subprocess.run([*self._tmux, "send-keys", key], check=True)
            time.sleep(0.05)

    def screen(self, *, styled: bool = False) -> str:
        """What it shows; ``styled``: with the colours, as escape sequences."""
        command = [*self._tmux, "capture-pane", "-p", *(["-e"] if styled else [])]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def wait(self, seen: Callable[[str], bool], what: str) -> str:
        """The screen once it is as wanted; fails, showing the last one, when neither its words
        nor the clips kept change any more."""
        text = ""

        def look() -> bool:
            nonlocal text
            text = self.screen()
            return seen(text)

        def moves() -> object:
            words = "".join(character for character in text if character.isalpha())
            return words, sorted(self.home.rglob("*.flac*"))

        wait_for(look, moves=moves, what=lambda: f"{what}; the screen is:\n{text}", look_every=0.1)
        return text

    def wait_for(self, text: str) -> str:
        return self.wait(lambda screen: text in screen, repr(text))

    def clock_stands(self) -> bool:
        """Whether it shows the same second a second and a half later."""
        before = seconds_played(self.screen())
        time.sleep(1.5)
        return seconds_played(self.screen()) == before

    def child(self) -> int:
        """The process id of the musmed that runs in the window."""
        pane = subprocess.run(
            [*self._tmux, "display-message", "-p", "#{pane_pid}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        (child,) = psutil.Process(int(pane)).children()
        return child.pid

    def restored(self) -> bool:
        """Whether the shell's terminal is as it was: the other screen gone, keys echoed."""
        self.press("e", "c", "h", "o", "Space", "b", "a", "c", "k", "Enter")
        self.wait(lambda screen: screen.count("back") >= 2, "an echoing shell")
        flags = subprocess.run(
            [*self._tmux, "display-message", "-p", "#{alternate_on}#{mouse_any_flag}"],
            check=True,
            capture_output=True,
            text=True,
        )
        return flags.stdout.strip() == "00"

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False)


def seconds_played(screen: str) -> int:
    """How far it is, in the first row of a window without large digits."""
    found = re.search(r"(\d+):(\d\d) of ", screen)
    assert found is not None, screen
    return 60 * int(found[1]) + int(found[2])
