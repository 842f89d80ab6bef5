"""A server on this machine that is reached over the real ``ssh``: its own sshd on a high port of
the loopback, with keys and configuration of its own, and the line to it in a test's hands."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from support.required import lacking
from support.waiting import wait_for

NAME = "far"
"""What ssh calls the server."""
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class Server(NamedTuple):
    """``folder``: its files; ``line``: the program through which ssh reaches it; ``pid``: its
    sshd's."""

    folder: Path
    line: Path
    pid: int

    @property
    def up(self) -> Path:
        """Where this file is missing, no new line can be made."""
        return self.line.with_name(f"{self.line.name}.up")

    def mend(self) -> None:
        self.up.touch()

    def drop(self) -> None:
        """The line is cut, for all that use it now, and can't be made again."""
        self.up.unlink(missing_ok=True)
        self._signal(signal.SIGKILL)

    def fall_silent(self) -> None:
        """Nothing comes through any more, and nobody is told; no new line can be made."""
        self.up.unlink(missing_ok=True)
        self._signal(signal.SIGSTOP)

    def speak_again(self) -> None:
        """After ``fall_silent``: what still waits comes through."""
        self._signal(signal.SIGCONT)
        self.mend()

    def engines(self) -> list[psutil.Process]:
        """What runs there for whoever has logged in: the engines that are Python's processes."""
        with contextlib.suppress(psutil.NoSuchProcess):
            begun = psutil.Process(self.pid).children(recursive=True)
            return [one for one in begun if _name(one).startswith("python")]
        return []

    def shape(self, bits: float, delay: float) -> None:
        """Every line that is made from now on carries ``bits`` a second each way, and takes
        ``delay`` seconds each way."""
        self.line.with_name(f"{self.line.name}.shape").write_text(f"{bits} {delay}")

    def _signal(self, number: signal.Signals) -> None:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if str(self.line) in words:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(number)


def _name(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        return str(process.name())
    return ""


@contextlib.contextmanager
def loopback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, until the test is over; ssh's master connections of the test end with it."""
    ssh, keygen = shutil.which("ssh"), shutil.which("ssh-keygen")
    if SSHD is None or ssh is None or keygen is None:
        lacking("needs OpenSSH's server and client (apt install openssh-server)")
    place = folder / "sshd"
    place.mkdir()
    for name in ("host_key", "key"):
        made = [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)]
        subprocess.run(made, check=True)
    port = _free_port()
    (place / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {place}/host_key\n"
        f"AuthorizedKeysFile {place}/key.pub\nPidFile none\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin yes\n"
    )
    line = place / "line"
    line.write_text(_LINE)
    programs = place / "programs"
    programs.mkdir()
    python = shutil.which("python3") or "python3"
    (place / "ssh_config").write_text(
        f"Host {NAME}\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {place}/key\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {place}/known\n"
        f"  StrictHostKeyChecking accept-new\n  ProxyCommand {python} {line} {port}\n"
    )
    shim = programs / "ssh"
    shim.write_text(f'#!/bin/sh\nexec {ssh} -F {place}/ssh_config "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    runtime = Path(tempfile.mkdtemp(prefix="mm"))  # a socket's path has 104 characters at most
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it parts with its privileges
    sshd = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(place / "sshd_config")],
        stdin=subprocess.DEVNULL,
        stderr=(place / "log").open("wb"),
    )
    server = Server(place, line, sshd.pid)
    server.mend()
    try:
        wait_for(lambda: _answers(port), alive=lambda: sshd.poll() is None, what="sshd")
        yield server
    finally:
        for control in (runtime / "musmed").glob("*"):
            leave = [ssh, "-O", "exit", "-o", f"ControlPath={control}", NAME]
            subprocess.run(leave, check=False, capture_output=True)
        server.drop()
        sshd.terminate()
        sshd.wait()
        shutil.rmtree(runtime)


_LINE = """
import collections, os, select, socket, sys, time
if not os.path.exists(__file__ + ".up"):
    sys.exit("the line is down")
bits, delay, piece = float("inf"), 0.0, 65536
if os.path.exists(__file__ + ".shape"):
    bits, delay = map(float, open(__file__ + ".shape").read().split())
    piece = 2048
far = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
ends = {0: far.fileno(), far.fileno(): 1}
under_way = {one: collections.deque() for one in ends}
free = dict.fromkeys(ends, 0.0)
while True:
    now = time.monotonic()
    for one, waiting in under_way.items():
        while waiting and waiting[0][0] <= now:
            data = waiting.popleft()[1]
            if not data:
                sys.exit()
            while data:
                data = data[os.write(ends[one], data):]
    reads = [one for one, waiting in under_way.items() if len(waiting) < 128]
    due = min((waiting[0][0] for waiting in under_way.values() if waiting), default=now + 60.0)
    for one in select.select(reads, [], [], max(0.0, due - time.monotonic()))[0]:
        data, now = os.read(one, piece), time.monotonic()
        free[one] = max(now, free[one]) + 8 * len(data) / bits
        under_way[one].append((free[one] + delay, data))
"""


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5.0) as one:
        return one.recv(4) == b"SSH-"
    return False
