"""What the service does under load: real processes, real connections.

``python tests/bench/service.py [--small] [--quick]`` starts ``musmed serve`` in a folder of its own
and prints a table of

- *submissions*: 500 sessions of a minute, asked for within a minute by eight clients (``--small``:
  40 within ten seconds): how many were taken, how many were refused with a 429 (each with
  Retry-After and a sentence), how long an answer took, and how many of those taken were lost:
  neither finished nor in the list at the end;
- *killed*: SIGKILL in the midst of it, and the seconds until the next service answers; what was
  taken goes on;
- *cancel*: seconds from DELETE to the end of the session's engine, of five sessions that compose;
- *slow client*: how long a session of five minutes takes to compose alone, and with a client that
  reads nothing and another that reads all;
- *first sound*: seconds from POST to the first kilobytes of sound of a live session.

``--quick`` takes the tests' quick engine instead of the composer. Exit code 1 where a session was
lost, an answer was none of 201 and 429, or a cancel took over a second.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[2]
QUICK = ROOT / "tests" / "support" / "quick_musmed.py"
CLIENTS = 8
CANCEL_SECONDS = 1.0


class Service:
    """``musmed serve`` with its data in ``home``."""

    def __init__(self, home: Path, *options: str, quick: bool) -> None:
        program = [str(QUICK)] if quick else ["-m", "musmed_tui"]
        token_file = home / "token"
        self.process = subprocess.Popen(
            [
                *(sys.executable, *program, "serve", "--port", "0"),
                *("--token-file", str(token_file), *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=os.environ | {"MUSMED_HOME": str(home), "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.token = token_file.read_text().strip()
        self.base = line.split(" at ")[1].split("#")[0]
        self.client = self.new_client()

    def new_client(self) -> httpx.Client:
        head = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.base, headers=head, timeout=120.0)

    def ask(self, minutes: float, **more: object) -> str:
        asked = {"from": "tense", "to": "calm", "minutes": minutes, **more}
        answer = self.client.post("/sessions", json=asked)
        answer.raise_for_status()
        return str(answer.headers["Location"])

    def until(self, place: str, seen: Any) -> float:
        """Seconds until the session's answer is ``seen``."""
        begun = time.monotonic()
        while not seen(self.client.get(place).json()):
            time.sleep(0.05)
        return time.monotonic() - begun

    def all_sessions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        before = None
        while True:
            params: dict[str, Any] = {"limit": 200} | ({"before": before} if before else {})
            page = self.client.get("/sessions", params=params).json()
            found += page["sessions"]
            before = page["before"]
            if before is None:
                return found

    def engines(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.client.close()
        self.process.send_signal(how)
        self.process.wait()


@contextlib.contextmanager
def serving(home: Path, *options: str, quick: bool) -> Iterator[Service]:
    service = Service(home, *options, quick=quick)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.end()


def submissions(service: Service, count: int, seconds: float) -> list[tuple[int, float, str]]:
    """Status, seconds and place (or what is wrong with a refusal) of each of ``count`` requests,
    spread over ``seconds``."""
    numbers, found, begun = itertools.count(), [], time.monotonic()
    lock = threading.Lock()

    def client() -> None:
        with service.new_client() as own:
            while (number := next(numbers)) < count:
                time.sleep(max(0.0, begun + number * seconds / count - time.monotonic()))
                asked = {"from": "tense", "to": "calm", "minutes": 1, "seed": number}
                since = time.monotonic()
                answer = own.post("/sessions", json=asked)
                took = time.monotonic() - since
                told = answer.headers.get("Location", "")
                if answer.status_code == 429:
                    clear = answer.headers["Retry-After"].isdigit() and answer.json()["error"]
                    told = "" if clear else "a 429 that says nothing"
                with lock:
                    found.append((answer.status_code, took, told))

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def under_load(home: Path, count: int, seconds: float, *, queue: int, quick: bool) -> bool:
    """Submissions, and a kill in their midst; whether nothing was lost."""
    options = ("--jobs", "2", "--queue", str(queue))
    service = Service(home, *options, quick=quick)
    first = submissions(service, count // 2, seconds / 2)
    service.end(signal.SIGKILL)
    begun = time.monotonic()
    service = Service(home, *options, quick=quick)
    again = time.monotonic() - begun
    found = first + submissions(service, count - count // 2, seconds / 2)
    taken = {place for status, _, place in found if status == 201}
    while any(one["state"] in ("queued", "running") for one in service.all_sessions()):
        time.sleep(0.5)
    states = {f"/sessions/{one['id']}": one["state"] for one in service.all_sessions()}
    lost = [place for place in taken if states.get(place) != "finished"]
    refused = [told for status, _, told in found if status == 429]
    odd = [status for status, _, _ in found if status not in (201, 429)]
    times = sorted(took for _, took, _ in found)
    service.end()
    print(f"submissions     {len(found)} in {seconds:.0f} s, of which half before a SIGKILL")
    print(f"  taken         {len(taken)}, lost {len(lost)}")
    print(f"  refused       {len(refused)} with 429, unclear {sum(map(bool, refused))}")
    print(f"  other answers {len(odd)}")
    print(
        f"  an answer     median {statistics.median(times) * 1000:.0f} ms, 95 % "
        f"{times[int(0.95 * len(times))] * 1000:.0f} ms, longest {times[-1] * 1000:.0f} ms"
    )
    print(f"killed          answers again after {again:.1f} s")
    return not lost and not odd and not any(refused)


def cancels(service: Service) -> bool:
    took = []
    for seed in range(5):
        place = service.ask(20, seed=seed, pace="live")
        service.until(place, lambda told: told["composed"] > 0)
        engines = service.engines()
        begun = time.monotonic()
        service.client.delete(place)
        answered = time.monotonic() - begun
        psutil.wait_procs(engines)
        took.append((answered, time.monotonic() - begun))
    longest = max(all_of_it for _, all_of_it in took)
    print(
        f"cancel          answered after at most {max(a for a, _ in took):.2f} s; the engine is "
        f"gone after {statistics.median(t for _, t in took):.2f} s, at most {longest:.2f} s"
    )
    return longest <= CANCEL_SECONDS


def slow_client(service: Service) -> None:
    def composed() -> float:
        place = service.ask(5, seed=3)
        return service.until(place, lambda told: told["state"] == "finished")

    alone = composed()
    place = service.ask(5, seed=3)
    port = int(service.base.split(":")[2].strip("/"))
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(
            f"GET {place}/audio HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {service.token}\r\n\r\n".encode()
        )
        begun = time.monotonic()
        size = len(service.client.get(f"{place}/audio").content)
        beside = time.monotonic() - begun
        rss = psutil.Process(service.process.pid).memory_info().rss / 1e6
    print(
        f"slow client     5 minutes are composed in {alone:.1f} s alone, in {beside:.1f} s with "
        f"one that reads nothing and one that reads all ({size / 1e6:.0f} MB); the service has "
        f"{rss:.0f} MB"
    )


def first_sound(service: Service) -> None:
    took = []
    for seed in range(3):
        begun = time.monotonic()
        place = service.ask(1, seed=seed, pace="live")
        with service.client.stream("GET", f"{place}/audio") as answer:
            size = 0
            for data in answer.iter_raw():
                size += len(data)
                if size > 100_000:
                    break
        took.append(time.monotonic() - begun)
        service.client.delete(place)
    median, most = statistics.median(took), max(took)
    print(f"first sound     {median:.2f} s after POST, live, at most {most:.2f} s")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    count, seconds, queue = (40, 10.0, 10) if options.small else (500, 60.0, 100)
    with tempfile.TemporaryDirectory(prefix="musmed-service-") as folder:
        good = under_load(Path(folder), count, seconds, queue=queue, quick=options.quick)
    with (
        tempfile.TemporaryDirectory(prefix="musmed-service-") as folder,
        serving(Path(folder), "--jobs", "1", quick=options.quick) as service,
    ):
        prompt = cancels(service)
        slow_client(service)
        first_sound(service)
    return 0 if good and prompt else 1


if __name__ == "__main__":
    sys.exit(main())
