"""Whatever comes over the link, each side ends with a sentence at worst: every direction under
mutation, with checksums made right again, so that what lies behind them is reached too.
``tests/bench/fuzz.py`` has a million frames of it."""

from __future__ import annotations

import io
import random
import threading

import msgspec
import pytest
from support.frames import HELLO, TO_ENGINE, WAYS, case, load, stream

from engine.link.framing import PREAMBLE, encode_frame
from engine.link.protocol import Failure
from engine.link.server import serve

counts = pytest.mark.parametrize(
    "count", [600, pytest.param(60_000, marks=pytest.mark.long)], ids=str
)


@counts
@pytest.mark.parametrize("way", [way for way in WAYS if "composed" not in way])
def test_what_a_peer_sends_is_taken_or_refused(way: str, count: int) -> None:
    """Read as it is read in use, without a process."""
    frames = taken = refused = 0
    for number in range(count):
        read = WAYS[way].read(case(way, number))
        assert read.sentence.isprintable()
        frames += read.frames
        refused += bool(read.sentence)
        taken += not read.sentence
    assert min(taken, refused) > count / 100, "the mutations reach both"
    assert frames > count


@pytest.mark.parametrize("count", [40, pytest.param(4_000, marks=pytest.mark.long)], ids=str)
def test_what_a_front_asks_for_is_begun_or_refused(count: int) -> None:
    """By the embedded composer, from the continuation that came with it."""
    way = "front to engine, composed"
    assert any(WAYS[way].read(case(way, number)).sentence for number in range(count))


@pytest.mark.parametrize("count", [100, pytest.param(10_000, marks=pytest.mark.long)], ids=str)
def test_what_a_front_sends_is_done_or_refused(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole engine, its threads and all: it ends with 0, or with 2 and a sentence."""
    died: list[object] = []
    monkeypatch.setattr(threading, "excepthook", died.append)
    dice = random.Random(count)
    ended = {0: 0, 2: 0}
    for _ in range(count):
        incoming = io.BytesIO(PREAMBLE + stream(TO_ENGINE, dice))
        ended[serve(incoming, io.BytesIO(), load)] += 1
    assert not died
    assert min(ended.values()) > count / 100, "the mutations reach both"


def test_a_reason_that_ends_the_connection_is_one_line_of_visible_signs() -> None:
    sent = [(HELLO, b""), (Failure("a reason"), b""), (Failure("a\x00 \u202ereason\n"), b"")]
    data = b"".join(encode_frame(msgspec.msgpack.encode(one), payload) for one, payload in sent)
    assert WAYS["engine to front"].read(data).sentence == "a\\x00 \\u202ereason"
