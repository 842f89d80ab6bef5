"""``musmed serve`` as a process: what it prints, how it ends, what a kill leaves, and clients that
are slow or go, over real connections."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import soundfile

from tests.support.waiting import begun_cpu, end_of, wait_for

PROGRAM = Path(__file__).parents[1] / "support" / "quick_musmed.py"
ASKED = {"from": "tense", "to": "calm", "minutes": 1, "seed": 7}


class Served:
    """A service that runs, and a client of it."""

    def __init__(self, home: Path, *options: str, speed: str = "inf") -> None:
        self.home = home
        token_file = home / "token"
        environment = os.environ | {"MUSMED_HOME": str(home), "QUICK_ENGINE_SPEED": speed}
        self.process = subprocess.Popen(
            [
                *(sys.executable, str(PROGRAM), "serve", "--port", "0"),
                *("--token-file", str(token_file), *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        self.token = token_file.read_text().strip()
        self.base = self.line.split(" at ")[1].split("#")[0]
        self.port = int(self.base.split(":")[2].strip("/"))
        self.client = httpx.Client(
            base_url=self.base, headers={"Authorization": f"Bearer {self.token}"}, timeout=60.0
        )

    def connect(self, path: str) -> socket.socket:
        """A client that has asked for ``path`` and read nothing yet."""
        found = socket.create_connection(("127.0.0.1", self.port))
        found.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.token}\r\n\r\n".encode()
        )
        return found

    def state(self, place: str) -> str:
        return str(self.client.get(place).json()["state"])

    def finished(self, place: str) -> None:
        wait_for(lambda: self.state(place) == "finished", moves=begun_cpu, look_every=0.1)


@contextlib.contextmanager
def served(home: Path, *options: str, speed: str = "inf") -> Iterator[Served]:
    service = Served(home, *options, speed=speed)
    try:
        yield service
    finally:
        service.client.close()
        if service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
        end_of(service.process)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served")) as found:
        yield found


def test_it_prints_a_link_whose_token_no_log_has(service: Served) -> None:
    assert f"#{service.token}" in service.line
    service.client.get("/sessions")
    service.client.get("/nothing", params={"token": service.token})
    kept = [path for path in service.home.rglob("*") if path.is_file()]
    logs = [path for path in kept if ".log" in path.name]
    assert logs
    assert all(service.token not in path.read_text() for path in logs)
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


def test_the_example_of_the_docs_does_what_it_says(service: Served, tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "service.md"
    code = page.read_text().split("```python\n")[1].split("```")[0]
    code = code.replace("8787", str(service.port)).replace('"minutes": 5', '"minutes": 1')
    code = code.replace("~/.musmed-token", str(service.home / "token"))
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert soundfile.info(tmp_path / "calm.flac").frames == 60 * 48_000


def test_two_clients_a_slow_one_and_one_that_goes(service: Served) -> None:
    place = service.client.post("/sessions", json=ASKED).headers["Location"]
    slow, gone = service.connect(f"{place}/audio"), service.connect(f"{place}/audio")
    gone.recv(100)
    gone.close()
    first = service.client.get(f"{place}/audio").content
    service.finished(place)  # nobody has read what the slow one is sent
    second = service.client.get(f"{place}/audio").content
    with slow:
        data = b""
        while not data.endswith(b"0\r\n\r\n") and (more := slow.recv(1 << 16)):
            data += more
    assert len(first) == len(second)
    assert data.endswith(b"0\r\n\r\n")
    assert len(data) > len(first)


def test_a_killed_service_goes_on_with_all_that_was_asked(tmp_path: Path) -> None:
    with served(tmp_path, "--jobs", "1", speed="20") as service:
        posted = [service.client.post("/sessions", json=ASKED | {"seed": n}) for n in (7, 8)]
        places = [answer.headers["Location"] for answer in posted]
        clips = tmp_path / "data" / "service" / "library" / "sessions"
        wait_for(lambda: any(clips.glob("*/0000-0.flac")), moves=begun_cpu)
        service.process.kill()
    with served(tmp_path, "--jobs", "1") as service:
        for place in places:
            service.finished(place)
        again = service.client.post("/sessions", json=ASKED).headers["Location"]
        service.finished(again)
        sounds = [service.client.get(f"{place}/audio").content for place in (places[0], again)]
    assert sounds[0] == sounds[1]
    with served(tmp_path) as service:
        assert [service.state(place) for place in places] == ["finished"] * 2
        assert service.client.get(f"{places[0]}/audio").content == sounds[0]


def test_it_ends_cleanly_while_somebody_listens(tmp_path: Path) -> None:
    with served(tmp_path, speed="2") as service:
        place = service.client.post("/sessions", json=ASKED).headers["Location"]
        listener = service.connect(f"{place}/audio")
        assert listener.recv(100)
        service.process.send_signal(signal.SIGINT)
        out, err = end_of(service.process)
        rest = b""
        with listener, contextlib.suppress(ConnectionResetError):
            while data := listener.recv(1 << 16):
                rest = rest[-9:] + data
    assert not rest.endswith(b"0\r\n\r\n")  # nobody takes it for the whole
    assert service.process.returncode == 130
    assert "Traceback" not in out + err
