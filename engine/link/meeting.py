"""Where a session and ears elsewhere meet: a socket in a folder that is their owner's alone.

The session opens a ``Door``, a Unix socket under its runtime folder (0700). ``relay``, which is
what ssh runs on that machine (``musmed ears``), finds the newest session's and passes bytes between
it and its own standard streams. Nothing is forwarded, no port is opened, and a socket whose session
is gone is removed by whoever finds it.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import select
import socket
import stat
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.errors import MusmedError
from engine.link.ssh import control_folder
from engine.private import FILE, FOLDER

_MARK = "listen-"
_NUMBERS = itertools.count()
_PIECE = 64 * 1024
LOOK_SECONDS = 0.5
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED


class Door:
    """A socket at which ears come in. Raises ``MusmedError`` where it can't be opened."""

    def __init__(self, folder: Path | None = None, *, called: str = "") -> None:
        """``called``: as ``meet`` asks for it, '' or a name that ``is_name``."""
        self._folder = control_folder() if folder is None else folder
        number = f"{os.getpid()}-{next(_NUMBERS)}"
        self.path = self._folder / f"{_MARK}{called}-{number}.sock"
        self._listening = self._open()

    def _open(self) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.path.unlink(missing_ok=True)
            listening.bind(str(self.path))
            self.path.chmod(FILE)
            listening.listen(4)
        except OSError as error:
            listening.close()
            raise MusmedError(
                f"{self.path} can't be made ({error.strerror or error}), at which ears would come "
                "in; set XDG_RUNTIME_DIR to a short path of your own."
            ) from error
        listening.settimeout(LOOK_SECONDS)
        return listening

    def wait(self) -> socket.socket | None:
        """Who comes in within ``LOOK_SECONDS``, if they are of the same user; None else. A socket
        that was removed (a runtime folder goes with its last login) is made anew."""
        if not self.path.exists():
            self._open_again()
        try:
            one, _ = self._listening.accept()
        except TimeoutError:
            return None
        except OSError as error:
            time.sleep(LOOK_SECONDS)  # whoever waits is still there to be accepted
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED, errno.EINTR):
                return None
            raise
        if _owner(one) not in (os.getuid(), None):
            one.close()
            return None
        return one

    def _open_again(self) -> None:
        with contextlib.suppress(MusmedError):
            self._folder = control_folder()
            self.path = self._folder / self.path.name
            fresh = self._open()
            self._listening.close()
            self._listening = fresh

    def close(self) -> None:
        self._listening.close()
        self.path.unlink(missing_ok=True)


def _owner(one: socket.socket) -> int | None:
    """The user at the other end; None where the system does not say."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return None
    _, uid, _ = _CREDENTIALS.unpack(one.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))
    return int(uid)


def is_name(text: str) -> bool:
    """Whether a door may be called so: eight hexadecimal digits."""
    return re.fullmatch("[0-9a-f]{8}", text) is not None


def meet(called: str = "") -> socket.socket | None:
    """A connection to the newest session of this user that waits for ears, of those that are
    ``called`` so; None without one."""
    for path in sorted(_doors(called), key=_made, reverse=True):
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            one.settimeout(LOOK_SECONDS)
            one.connect(str(path))
        except OSError as error:
            one.close()
            if error.errno == errno.ECONNREFUSED:  # its session is gone
                with contextlib.suppress(OSError):
                    path.unlink()
            continue
        if _owner(one) in (os.getuid(), None):
            one.settimeout(None)
            return one
        one.close()
    return None


def _doors(called: str) -> Iterator[Path]:
    """The sockets in this user's runtime folders: a screen that was left running in tmux may have
    begun under a login that had another one than this."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    shared = Path(tempfile.gettempdir()) / f"musmed-{os.getuid()}"
    for folder in dict.fromkeys((Path(runtime) / "musmed", shared)):
        try:
            found = folder.lstat()
        except OSError:
            continue
        alone = found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) == FOLDER
        if stat.S_ISDIR(found.st_mode) and alone:
            with contextlib.suppress(OSError):
                yield from folder.glob(f"{_MARK}{f'{called}-' if called else ''}*.sock")


def _made(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def relay(inward: int, outward: int, tell: Callable[[str], None], called: str = "") -> bool:
    """Pass bytes from the descriptor ``inward`` to the newest session (``called`` so) and from it
    to ``outward``, until either side ends; without a session, wait for one and ``tell`` that.
    Whether one was met before ``inward`` ended."""
    session = meet(called)
    if session is None:
        tell(
            "No session waits for ears there yet; 'musmed play --sink listen --from tense --to "
            "calm' there begins one."
        )
    while session is None:
        if _hung_up(inward):
            return False
        session = meet(called)
    with session:
        _pass_on(inward, outward, session)
    return True


def _hung_up(descriptor: int) -> bool:
    """Whether the other end is gone, after at most ``LOOK_SECONDS``. What it has sent stays."""
    poll = select.poll()
    poll.register(descriptor, 0)  # POLLHUP and POLLERR are always told
    return bool(poll.poll(LOOK_SECONDS * 1000))


def _pass_on(inward: int, outward: int, session: socket.socket) -> None:
    """Each way in a thread of its own: a line that takes nothing for a while holds up no word of
    the ears."""

    def heard() -> None:
        _copy(lambda: os.read(inward, _PIECE), session.sendall)
        with contextlib.suppress(OSError):
            session.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=heard, name="ears' words", daemon=True).start()
    _copy(lambda: session.recv(_PIECE), lambda data: _write(outward, data))


def _copy(read: Callable[[], bytes], write: Callable[[bytes], object]) -> None:
    """Until either side ends."""
    with contextlib.suppress(OSError):
        while data := read():
            write(data)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
