"""Real sound paths on a machine without a sound card (docs/playback.md, Tests).

``virtual_portaudio``: PortAudio's own callbacks on ALSA's file plugin, in virtual time.
``pulse_server``: a private PulseAudio with a null sink, in real time, recorded by parec.
PortAudio reads HOME when it is loaded, so whoever plays is a process of its own with the
environment given here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from ctypes.util import find_library
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.required import lacking
from support.waiting import cpu_seconds, wait_for

from engine.audio.format import CHANNELS, SAMPLE_RATE, Frames
from engine.plan.request import Request
from engine.render import render_session
from engine.session.library.library import Library
from engine.session.library.records import StoredSession

ROOT = Path(__file__).parents[2]
REST_BYTES = int(0.7 * SAMPLE_RATE) * CHANNELS * np.dtype(np.float32).itemsize
"""What is recorded on: as much as may be on its way from the player to the recorder."""
VIRTUAL_DEVICE = "musmedfile"
PULSE_DEVICE = "pulse"

VirtualPortAudio = Callable[[Path], tuple[dict[str, str], Path]]


def need(present: bool, package: str) -> None:
    """Skip, or fail, without ``package``."""
    if not present:
        lacking(f"needs: apt install {package}")


def raw_audio(path: Path) -> Frames:
    """A raw float32 stereo recording, shape (n, 2); half a frame at its end is dropped."""
    samples = np.fromfile(path, np.float32)
    return samples[: len(samples) // 2 * 2].reshape(-1, 2)


def trimmed(audio: Frames) -> Frames:
    """Without the silence before the first and after the last sound."""
    sounding = np.flatnonzero(audio.any(axis=1))
    return audio[sounding[0] : sounding[-1] + 1] if len(sounding) else audio[:0]


def _home(folder: Path) -> dict[str, str]:
    """An environment of its own under ``folder``, from which the project can be imported."""
    home, runtime = folder / "home", folder / "run"
    for path in (home, runtime):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PULSE_", "ALSA_", "XDG_"))}
    return env | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONPATH": str(ROOT),
    }


def make_virtual_portaudio(folder: Path) -> tuple[dict[str, str], Path]:
    """Environment in which PortAudio has the device ``musmedfile``, and the raw file (float32,
    stereo, 48 kHz) that holds what was played to it."""
    need(find_library("portaudio") is not None, "libportaudio2")
    env, out = _home(folder), folder / "out.raw"
    (Path(env["HOME"]) / ".asoundrc").write_text(
        f'pcm.{VIRTUAL_DEVICE} {{ type file slave.pcm "null" file "{out}" format "raw" }}\n'
    )
    return env, out


DEVICE = (
    *("module-null-sink", "sink_name=musmed", "format=float32le", "rate=48000"),
    *("channels=2", "norewinds=1"),
)
"""The server's only one."""


class PulseServer:
    """A private PulseAudio server; ``env`` reaches it, with PortAudio's device 'pulse'."""

    def __init__(self, folder: Path) -> None:
        for tool, package in (("pulseaudio", "pulseaudio"), ("parec", "pulseaudio-utils")):
            need(shutil.which(tool) is not None, package)
        need(find_library("portaudio") is not None, "libportaudio2")
        plugins = Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")
        need(any(plugins), "libasound2-plugins")
        self.env = _home(folder)
        self._log = folder / "pulse.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._plugged = True

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = ["pulseaudio", "--daemonize=no", "-n", "--exit-idle-time=-1"]
        command += ["--high-priority=no", "--realtime=no", "-L", "module-native-protocol-unix"]
        command += ["-L", " ".join(DEVICE)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)
        process = self._process
        wait_for(
            self._answers,
            moves=lambda: (cpu_seconds(process.pid), self._log.stat().st_size),
            alive=lambda: process.poll() is None,
            what=lambda: f"pulseaudio to start: {self._log.read_text()[-2000:]}",
            look_every=0.05,
        )

    def kill(self) -> None:
        """End the server without a word."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def unplug(self) -> None:
        """Pull out its device."""
        self._tell("unload-module", DEVICE[0])
        self._plugged = False

    def plug(self) -> None:
        self._tell("load-module", *DEVICE)
        self._plugged = True

    def _tell(self, *words: str) -> None:
        subprocess.run(["pactl", *words], env=self.env, check=True, stdout=subprocess.DEVNULL)

    @contextlib.contextmanager
    def record(self, path: Path) -> Iterator[None]:
        """Record what is heard to ``path``, raw float32 stereo at 48 kHz."""
        command = ["parec", "-d", "musmed.monitor", "--format=float32le", "--rate=48000"]
        command += ["--channels=2", "--raw", "--latency-msec=100"]
        with path.open("wb") as out, self._log.open("ab") as log:
            recorder = subprocess.Popen(command, env=self.env, stdout=out, stderr=log)
            try:

                def recorded(count: int) -> None:
                    wait_for(
                        lambda: path.stat().st_size >= count,
                        moves=lambda: path.stat().st_size,
                        alive=lambda: recorder.poll() is None,
                        what=lambda: f"parec to record: {self._log.read_text()[-2000:]}",
                        look_every=0.05,
                    )

                recorded(1)
                yield
                if self._process is not None and self._plugged:
                    recorded(path.stat().st_size + REST_BYTES)
            finally:
                recorder.terminate()
                recorder.wait()

    def _answers(self) -> bool:
        command = ["pactl", "list", "short", "sinks"]
        done = subprocess.run(command, env=self.env, capture_output=True, check=False)
        return b"musmed" in done.stdout


@contextlib.contextmanager
def serve_pulse(folder: Path) -> Iterator[PulseServer]:
    """A private PulseAudio for the time of the ``with``."""
    server = PulseServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def virtual_portaudio() -> VirtualPortAudio:
    """``virtual_portaudio(folder) -> (environment, raw file)``; the device is ``musmedfile``."""
    return make_virtual_portaudio


@pytest.fixture(scope="session")
def pulse_server() -> Callable[[Path], AbstractContextManager[PulseServer]]:
    """``with pulse_server(folder) as server``: ``server.env``, ``server.record(path)``."""
    return serve_pulse


def sounding(path: Path) -> bool:
    """Whether the recording has sound in it by now."""
    return bool(np.fromfile(path, np.float32).any())


def aligned(recording: Frames, rendering: Frames) -> Frames:
    """The recording from the session's first frame on."""
    first = np.flatnonzero(rendering.any(axis=1))[0]
    heard = np.flatnonzero(recording.any(axis=1))[0]
    assert heard >= first
    return recording[heard - first :]


def stored(folder: Path) -> StoredSession:
    """The latest session kept under ``folder / "musmed"``."""
    (database,) = (folder / "musmed").rglob("library.sqlite")
    library = Library(database.parent)
    session = library.load(library.sessions()[0].id)
    library.close()
    return session


def rendering_of(folder: Path, *, quick: bool = False) -> Frames:
    """What ``musmed render`` makes of the session kept under ``folder / "musmed"``; ``quick``: with
    the quick engine."""
    session = stored(folder)
    output = folder / "render.wav"
    with pytest.MonkeyPatch.context() as patch:
        if quick:
            argv = [sys.executable, "-P", str(ROOT / "tests/support/quick_engine.py")]
            patch.setattr("engine.link.client.default_argv", lambda: argv)
        render_session(
            session.request,
            output,
            events=session.events,
            progress=lambda _done, _total: None,
            log_file=folder / "render.log",
        )
    audio, _ = soundfile.read(output, dtype="float32")
    return audio


def heard_seconds(path: Path) -> float:
    """Seconds since the first sound of the recording; 0 before."""
    samples = np.fromfile(path, np.float32)
    sound = np.flatnonzero(samples)
    return (len(samples) - int(sound[0])) / (CHANNELS * SAMPLE_RATE) if len(sound) else 0.0


def begun_at(folder: Path, request: Request, position: float) -> None:
    """An interrupted session of ``request`` under ``folder / "musmed"``, of which nothing but the
    request and the position is kept: ``musmed resume`` composes it from its first clip on."""
    library = Library(folder / "musmed" / "data" / "library")
    session = library.create(request, "embedded", 1, None, datetime.now(UTC))
    library.set_position(session, position)
    library.set_state(session, "interrupted")
    library.close()


class Sounds:
    """Recordings, and the sessions they are of."""

    raw = staticmethod(raw_audio)
    trimmed = staticmethod(trimmed)
    sounding = staticmethod(sounding)
    heard_seconds = staticmethod(heard_seconds)
    begun_at = staticmethod(begun_at)
    aligned = staticmethod(aligned)
    stored = staticmethod(stored)
    rendering_of = staticmethod(rendering_of)


@pytest.fixture(scope="session")
def sounds() -> Sounds:
    return Sounds()


def run_script(env: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """A script of this folder in a process of its own; its output can be read line by line."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        env=env,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture(scope="session")
def script() -> Callable[..., subprocess.Popen[str]]:
    """``script(env, path, *arguments)``: python in a process of its own."""
    return run_script
