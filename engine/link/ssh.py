"""An engine on another machine, over plain ``ssh``: its command line, and what its end means.

ssh's own configuration, agent, jump hosts and prompts are used, and no port is opened. The line is
made once, by ``connect``, which may ask for a code at the terminal; it is kept as ssh's own master
connection, over which every engine of the session is started without a question (BatchMode), also
one that replaces an engine after the line dropped. A dead line is noticed by ssh after
``ALIVE_SECONDS * ALIVE_COUNT``, an engine there that hangs by the link's watchdog, later.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from engine.clip_record import LOSSLESS, Codec
from engine.errors import MusmedError
from engine.link.deliveries import LineFault
from engine.link.process import why
from engine.private import FOLDER, make_private_folder

COMMAND = "musmed engine"
"""What is run there when a host says nothing else."""
CONNECT_SECONDS = 20
ALIVE_SECONDS, ALIVE_COUNT = 5, 3
KEPT_SECONDS = 600
"""The master connection is kept for so long after its last use."""
SSH_FAILED, NO_COMMAND = 255, 127
"""ssh's own exit status, and a shell's for a command that it does not find."""
_ADDRESS = re.compile(r"[A-Za-z0-9_.@:\[\]%+/-]{1,255}")
_MOST_COMMAND = 500
_ENGINE = re.compile(r"(.*(?:^|\s))engine(\s.*)?", re.DOTALL)
_NOWHERE = "false"
"""The way to a server that leads nowhere: what does not go over a kept connection fails at once."""
_ASKS = re.compile(
    rb"Permission denied \(|Too many authentication failures|Host key verification failed"
)
"""What ssh says of a login that it can't make without a question."""


class Host(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``address``: what ``ssh`` takes, such as user@server or a name of its configuration.
    ``command``: what starts the engine there, for its shell. ``codec``: how clips come from
    there."""

    address: str
    command: str = COMMAND
    codec: Codec = LOSSLESS


def checked(host: Host) -> Host:
    """``host``, of which ssh can take nothing for an option. Raises ``MusmedError``."""
    if host.address.startswith("-") or not _ADDRESS.fullmatch(host.address):
        raise MusmedError(
            "An address is what ssh takes: user@server, or a name of your ssh configuration."
        )
    command = host.command
    if not command.strip() or len(command) > _MOST_COMMAND or not command.isprintable():
        raise MusmedError(
            f"The command has to be one line of at most {_MOST_COMMAND} characters, such as "
            "'~/venv/bin/musmed engine'."
        )
    return host


def names_an_engine(command: str) -> bool:
    """Whether ``command`` says how musmed is called there, as ``musmed_command`` needs it."""
    return _ENGINE.fullmatch(command) is not None


def musmed_command(engine: str, words: str) -> str:
    """The command with which musmed there does ``words``, by the one that starts its ``engine``.
    Raises ``MusmedError`` where that does not say so."""
    found = _ENGINE.fullmatch(engine)
    if found is None:
        raise MusmedError(
            f"How musmed is called there can't be told from the command {engine!r}; one that ends "
            "in 'musmed engine' says it ('musmed host add NAME ADDRESS --command ...')."
        )
    before = re.sub(r"-m\s+$", "-m musmed_tui ", found[1])
    return f"{before}{words}{found[2] or ''}"


def beside(host: Host, *words: str) -> Host:
    """``host`` on which musmed does ``words`` ('ears'), which are quoted for its shell. Raises
    ``MusmedError`` where its command does not say how musmed is called."""
    return with_command(host, musmed_command(host.command, shlex.join(words)))


def screen_argv(host: Host, folder: Path) -> list[str]:
    """The command that runs ``host.command`` there on this terminal."""
    return [*_ssh(folder, asks=True), "-t", "--", host.address, host.command]


def with_command(host: Host, command: str) -> Host:
    """``host``, on which something else is run."""
    return msgspec.structs.replace(host, command=command)


def control_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where the master connections' sockets are, for their owner alone; made if need be. Short: a
    socket's path has 104 characters at most. Raises ``MusmedError``."""
    known = os.environ if environment is None else environment
    runtime = known.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        folder = Path(runtime) / "musmed"
    else:
        folder = Path(tempfile.gettempdir()) / f"musmed-{os.getuid()}"
    try:
        make_private_folder(folder)
        found = folder.lstat()
    except OSError as error:
        raise MusmedError(
            f"{folder} can't be made ({error.strerror}); it is needed for ssh's connection."
        ) from error
    if found.st_uid != os.getuid() or found.st_mode & 0o777 != FOLDER or folder.is_symlink():
        raise MusmedError(f"{folder} is not yours alone; remove it, or set XDG_RUNTIME_DIR.")
    return folder


def engine_argv(host: Host, folder: Path, *, kept_only: bool = False) -> list[str]:
    """The command that is the engine there: it never asks. ``folder``: ``control_folder``'s;
    ``kept_only``: over a master connection that is there, or not at all."""
    alone = ["-o", f"ProxyCommand={_NOWHERE}"] if kept_only else []
    return [*_ssh(folder, asks=False), *alone, "-T", "--", host.address, host.command]


def kept_argv(host: Host, folder: Path) -> list[str]:
    """Succeeds where the master connection is there; nothing is sent to the other machine."""
    return [*_ssh(folder, asks=False), "-O", "check", "--", host.address]


def connect_argv(host: Host, folder: Path, *, asks: bool = True) -> list[str]:
    """Makes the master connection and ends; ``asks``: it may ask at the terminal."""
    return [*_ssh(folder, asks=asks), "-f", "-N", "--", host.address]


def _ssh(folder: Path, *, asks: bool) -> list[str]:
    options = {
        "BatchMode": "no" if asks else "yes",
        "ConnectTimeout": CONNECT_SECONDS,
        "ServerAliveInterval": ALIVE_SECONDS,
        "ServerAliveCountMax": ALIVE_COUNT,
        "ControlMaster": "auto",
        "ControlPath": folder / "%C",
        "ControlPersist": KEPT_SECONDS,
    }
    return ["ssh", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]


def connect(host: Host, folder: Path, *, asks: bool) -> None:
    """Make the line, unless it is there already; ``asks``: there is a terminal to ask at, whose
    questions are ssh's. Raises ``MusmedError`` where it can't be made."""
    argv = connect_argv(host, folder)
    try:
        made = subprocess.run(
            argv,
            stdin=None if asks else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if asks else subprocess.PIPE,
            check=False,
            env=os.environ if asks else {**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
        )
    except OSError as error:
        raise MusmedError(
            f"ssh can't be started ({error.strerror}); install OpenSSH's client."
        ) from error
    if made.returncode:
        raise MusmedError(f"There is no line to {host.address}; 'ssh {host.address}' says why.")


class FarEngine(msgspec.Struct, frozen=True):
    """An engine on ``host``, over a master connection in ``folder`` (``control_folder``'s).
    ``name``: what the listener calls the host; ``kept_only``: over that connection, or not at
    all."""

    host: Host
    folder: Path
    name: str = ""
    kept_only: bool = False

    @property
    def argv(self) -> list[str]:
        return engine_argv(self.host, self.folder, kept_only=self.kept_only)

    @property
    def called(self) -> str:
        """What the listener calls the host."""
        return self.name or self.host.address

    @property
    def device(self) -> str:
        """Under which the speeds are kept that composers had there."""
        return f"over ssh, {self.host.address}"

    def why(self, status: int | None) -> str:
        """A sentence about the exit status of ``argv``: ssh's, the far shell's, or the engine's."""
        if status == SSH_FAILED:
            return f"The line to {self.called} is down."
        if status == NO_COMMAND:
            return (
                f"There is no {self.host.command.split()[0]!r} on {self.called}; install musmed "
                f"there, or say where it is: musmed host add {self.name or 'NAME'} "
                f"{self.host.address} --command '~/venv/bin/musmed engine'."
            )
        return why(status)


def fault_of(status: int | None, said: bytes) -> LineFault:
    """What is the matter with a line over which ssh ended with ``status``, having ``said`` that on
    standard error: '' where it is not the line."""
    if status != SSH_FAILED:
        return ""
    return "login" if _ASKS.search(said) else "down"
