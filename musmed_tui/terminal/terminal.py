"""The terminal as it is: what it can show, keys without Enter, and signals as facts to look at."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

if TYPE_CHECKING:
    from musmed_tui.drawing.raster import Glyphs
    from musmed_tui.settings import GlyphChoice

FALLBACK_COLUMNS = 80
FULL_SCREEN_OFF = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[?7h"
    b"\x1b[<u\x1b[?1049l\x1b[?25h"
)
"""What Textual's driver switches on, switched off."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """What this process is connected to.

    ``live``: a line can be redrawn in place. ``keys``: keys can be read one by one.
    ``colour``: rich's name of the colour system, None without colours. ``unicode``: glyphs
    outside ASCII are shown as such.
    """

    live: bool
    keys: bool
    colour: str | None
    unicode: bool


def look_at_terminal(
    *, plain: bool, environment: Mapping[str, str] | None = None, out: TextIO | None = None
) -> Terminal:
    """What the terminal of this process can do; ``plain`` asks for lines only."""
    env = os.environ if environment is None else environment
    stream = sys.stdout if out is None else out
    shown = stream.isatty()
    live = shown and not plain and env.get("TERM", "dumb") != "dumb"
    return Terminal(
        live=live,
        keys=shown and _can_read_keys(),
        colour=_colours(env, stream) if live else None,
        unicode=shows_unicode(env, stream.encoding or ""),
    )


def shows_unicode(env: Mapping[str, str], encoding: str) -> bool:
    """Whether glyphs outside ASCII can be shown.

    Python may write UTF-8 under LC_ALL=C (PEP 540), which does not make the terminal show it,
    so the locale's own name decides as well.
    """
    locale = next((env[k] for k in ("LC_ALL", "LC_CTYPE", "LANG") if env.get(k)), "")
    return "utf" in locale.lower() and "utf" in encoding.lower()


def chosen_glyphs(choice: GlyphChoice, terminal: Terminal, env: Mapping[str, str]) -> Glyphs:
    """What the screen draws with. The Linux console shows UTF-8, but has no braille: its fonts
    hold 512 glyphs at most (console_codes(4), psf)."""
    if choice != "auto":
        return choice
    return "braille" if terminal.unicode and env.get("TERM") != "linux" else "ascii"


def _colours(env: Mapping[str, str], stream: TextIO) -> str | None:
    from rich.console import Console

    console = Console(file=stream, _environ=env)
    return None if console.no_color else console.color_system


def leave_full_screen() -> None:
    """Give the terminal back from a full screen that could not do so itself, such as one of another
    machine whose line dropped: no mouse, focus, paste or size reports, the usual buffer, a
    cursor."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        os.write(sys.stdout.fileno(), FULL_SCREEN_OFF)


def _can_read_keys() -> bool:
    """A terminal on stdin, and this process in its foreground (else reading would stop it)."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return False


def columns(stream: TextIO) -> int:
    """The width of the terminal now; 80 when it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or FALLBACK_COLUMNS
    except (OSError, ValueError):
        return FALLBACK_COLUMNS


class Cbreak:
    """Keys one by one and unechoed for the ``with`` block; Ctrl-C and Ctrl-Z still are signals."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._before: list[Any] | None = None

    def __enter__(self) -> Cbreak:
        self.enter()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def enter(self) -> None:
        self._before = termios.tcgetattr(self._fd)
        tty.setcbreak(self._fd, termios.TCSADRAIN)

    def leave(self) -> None:
        """Put the terminal back as it was; TCSANOW, so that one that does not read can't hang
        this."""
        if self._before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._fd, termios.TCSANOW, self._before)
            self._before = None


class Signals:
    """Signals, noted when they come and looked at by the loop. SIGHUP stays ignored under nohup.

    ``stop`` is the last stop signal, ``stops`` how many there were, ``suspend`` whether Ctrl-Z
    was pressed since it was last cleared.
    """

    def __init__(self) -> None:
        self.stop: signal.Signals | None = None
        self.stops = 0
        self.suspend = False
        self._ears, self._bell = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._ears, False)
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note_stop)
        self._before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._note_suspend)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._ears)
        os.close(self._bell)

    def wait(self, seconds: float, keys_fd: int | None) -> bytes:
        """Wait for a key, a signal or the time; the keys' bytes, b'' for none.

        A terminal that is gone (end of file) counts as a hang-up.
        """
        watched = [self._ears] if keys_fd is None else [self._ears, keys_fd]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._ears in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._ears, 512)
        if keys_fd is None or keys_fd not in ready:
            return b""
        try:
            data = os.read(keys_fd, 1024)
        except OSError:
            data = b""
        if not data:
            self._note_stop(signal.SIGHUP, None)
        return data

    def suspend_now(self) -> None:
        """Stop this process as Ctrl-Z does; returns when it is continued."""
        self.suspend = False
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._note_suspend)

    def _note_stop(self, number: int, _frame: FrameType | None) -> None:
        self.stop = signal.Signals(number)
        self.stops += 1
        self._poke()

    def _note_suspend(self, _number: int, _frame: FrameType | None) -> None:
        self.suspend = True
        self._poke()

    def _poke(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._bell, b"!")


@contextlib.contextmanager
def reading_keys(terminal: Terminal) -> Iterator[Cbreak | None]:
    """Cbreak on stdin where keys can be read."""
    if not terminal.keys:
        yield None
        return
    with Cbreak(sys.stdin.fileno()) as cbreak:
        yield cbreak
