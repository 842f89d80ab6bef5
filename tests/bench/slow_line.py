"""What a slow line does with FLAC and with Opus.

``python tests/bench/slow_line.py [SECONDS]`` composes ``SECONDS`` (60) of music with the embedded
composer at the other end of an ssh to an sshd on loopback, whose line carries 2 Mbit/s, or 256
kbit/s, with 40 ms each way. Prints for both codecs: bytes of a minute, seconds of music that come
in a second, and how long an answer to a ping takes while clips cross (every 0.25 s; median, 95 %
and the longest). Exit code 1 where the longest on 2 Mbit/s is over 0.4 s.
"""

from __future__ import annotations

import queue
import shlex
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.loopback import NAME, loopback  # noqa: E402

from engine.affect.circumplex import Affect  # noqa: E402
from engine.audio.format import SAMPLE_RATE  # noqa: E402
from engine.clip_record import Codec  # noqa: E402
from engine.link import client as link_client  # noqa: E402
from engine.link.client import EngineClient  # noqa: E402
from engine.link.codec import CODECS  # noqa: E402
from engine.link.deliveries import ChunkArrived, ClipEnded, Delivery, EngineLost  # noqa: E402
from engine.link.inbox import Inbox  # noqa: E402
from engine.link.protocol import Opened, Pong  # noqa: E402
from engine.link.ssh import FarEngine, Host, connect, control_folder  # noqa: E402
from engine.plan.planner import make_plan  # noqa: E402
from engine.plan.request import Request  # noqa: E402

LINES = {"2 Mbit/s": 2e6, "256 kbit/s": 256e3}
EACH_WAY = 0.040
PING_SECONDS = 0.25
LIMIT = 0.4
THERE = shlex.join(
    ["env", f"PYTHONPATH={ROOT}", sys.executable, "-P", "-m", "musmed_tui", "engine"]
)
PLAN = make_plan(Request(start=Affect(-0.04, 0.8), target=Affect(0.6, -0.5), minutes=5))


class Counted(Inbox):
    """Counts the bytes of chunks."""

    size = 0

    def take(self, message: Any, payload: bytes) -> Delivery | None:
        Counted.size += len(payload) if type(message).__name__ == "Part" else 0
        return super().take(message, payload)


class Talk:
    """An engine there, whose composer is open, and how long its pings took."""

    def __init__(self, codec: Codec) -> None:
        host, folder = Host(NAME, THERE, codec), control_folder()
        connect(host, folder, asks=False)
        self.told: queue.Queue[Delivery] = queue.Queue()
        self.client = EngineClient(self.told.put, far=FarEngine(host, folder))
        self.asked: dict[int, float] = {}
        self.answers: list[float] = []
        self.music = 0.0
        self.client.open("embedded")
        self.until(Opened)

    def until(self, kind: type, *, pings: bool = False) -> Any:
        due = time.monotonic()
        while True:
            now = time.monotonic()
            if pings and now >= due:
                due = now + PING_SECONDS
                self.asked[len(self.asked)] = now
                self.client.ping(len(self.asked) - 1)
            try:
                told = self.told.get(timeout=PING_SECONDS / 5)
            except queue.Empty:
                continue
            if isinstance(told, Pong):
                self.answers.append(time.monotonic() - self.asked[told.number])
            if isinstance(told, ChunkArrived):
                self.music += len(told.audio) / SAMPLE_RATE
            if isinstance(told, EngineLost):
                raise SystemExit(told.reason)
            if isinstance(told, kind):
                return told

    def compose(self, seconds: float) -> float:
        """Wall seconds."""
        began, continuation = time.monotonic(), b""
        for spec in PLAN.clips:
            if self.music >= seconds:
                break
            self.client.compose(spec, continuation)
            continuation = self.until(ClipEnded, pings=True).continuation
        return time.monotonic() - began


def measure(codec: Codec, name: str, seconds: float) -> bool:
    Counted.size = 0
    talk = Talk(codec)
    took = talk.compose(seconds)
    talk.client.close()
    answers = sorted(talk.answers)
    late = answers[int(0.95 * len(answers))]
    print(
        f"{codec} over {name}: {Counted.size / talk.music * 60 / 1e6:.2f} MB a minute "
        f"({8 * Counted.size / talk.music / 1e3:.0f} kbit/s), {talk.music / took:.2f} s of music "
        f"a second; answers after {1e3 * statistics.median(answers):.0f} ms (95 % "
        f"{1e3 * late:.0f}, longest {1e3 * answers[-1]:.0f}, {len(answers)} of them)",
        flush=True,
    )
    return answers[-1] <= LIMIT


def main(seconds: float) -> int:
    well = True
    vars(link_client)["Inbox"] = Counted
    for name, bits in LINES.items():
        for codec in CODECS:
            with (
                pytest.MonkeyPatch.context() as patch,
                tempfile.TemporaryDirectory() as folder,
                loopback(Path(folder), patch) as server,
            ):
                server.shape(bits, EACH_WAY)
                within = measure(codec, name, seconds)
                well = well and (within or bits < 2e6)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0))
