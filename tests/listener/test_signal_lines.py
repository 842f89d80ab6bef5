"""What a signal says, read: torn, endless, absurd, too much of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.listener.signal_lines import (
    BURST,
    LEAST_HEART,
    LINES_PER_SECOND,
    MAX_LINE,
    MOST_HEART,
    Lines,
    Sample,
    parse,
)


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        (b'{"t": 1, "hr": 72}', Sample(1.0, "heart", 72.0)),
        (b'{"t": 1.5, "hr": 72.5, "rr": 820}', Sample(1.5, "heart", 72.5)),
        (b'{"t": 1, "rr": 1000}', Sample(1.0, "heart", 60.0)),
        (b'{"t": 1, "rr": [900, 1100]}', Sample(1.0, "heart", 60.0)),
        (b'{"t": 1, "hr": null, "rr": [1000]}', Sample(1.0, "heart", 60.0)),
        (b'{"t": -3, "arousal": -0.25}', Sample(-3.0, "arousal", -0.25)),
        (b'{"t": 1, "arousal": 0, "hr": 72}', Sample(1.0, "arousal", 0.0)),
        (b'{"t": 1, "hr": 72, "battery": {"left": [1, {"x": "y"}]}}\r', Sample(1.0, "heart", 72.0)),
    ],
)
def test_lines_that_tell_something(line: bytes, sample: Sample) -> None:
    assert parse(line) == sample


@pytest.mark.parametrize(
    "line",
    [
        *(b'{"t": 1, "hr": %s}' % hr for hr in (b"0", b"-72", b"400", b"29.9", b"1e999", b"NaN")),
        *(b'{"t": 1, "hr": %s}' % hr for hr in (b"Infinity", b'"72"', b"true", b"[72]", b"{}")),
        *(b'{"t": %s, "hr": 72}' % t for t in (b"NaN", b"1e13", b"-1e999", b'"1"', b"null", b"[]")),
        *(b'{"t": 1, "rr": %s}' % rr for rr in (b"0", b"[]", b"[800, 0]", b"[800, null]", b"9e9")),
        *(b'{"t": 1, "arousal": %s}' % one for one in (b"1.01", b"-2", b"NaN", b'"calm"')),
        b'{"t": 1, "hr": 72, "arousal": 7}',
        b'{"t": 1}',
        b'{"hr": 72}',
        b'{"t": 1, "hr": 7',
        b"72",
        b"[]",
        b"null",
        b"",
        b"\xff\xfe",
        b"[" * 4000,
        b'{"a":' * 800,
        b'{"t": 1, "hr": 72}' + b" " * MAX_LINE,
    ],
)
def test_lines_that_tell_nothing(line: bytes) -> None:
    assert parse(line) is None


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(line: bytes) -> None:
    sample = parse(line)
    assert sample is None or -1.0 <= sample.value <= MOST_HEART


values = st.none() | st.floats() | st.integers() | st.text(max_size=5) | st.booleans()


@given(st.dictionaries(st.sampled_from(["t", "hr", "rr", "arousal"]), values | st.lists(values)))
def test_what_is_believed_can_be(told: dict[str, object]) -> None:
    sample = parse(json.dumps(told).encode())
    if sample is not None and sample.measure == "heart":
        assert LEAST_HEART <= sample.value <= MOST_HEART
    elif sample is not None:
        assert -1.0 <= sample.value <= 1.0


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"-")), max_size=8))
def test_torn_anywhere_the_lines_are_the_same(lines: list[bytes]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    for size in (1, 2, 7, len(data) + 1):
        torn, got = Lines(), []
        for at in range(0, len(data), size):
            got += torn.feed(data[at : at + size], 0.0)
        assert got == [line for line in lines if line.strip()]


@pytest.mark.parametrize("size", [100, MAX_LINE, 3 * MAX_LINE])
def test_an_endless_line_is_left_out_whole(size: int) -> None:
    lines, most = Lines(), 0
    got: list[bytes] = []
    data = b"x" * (20 * MAX_LINE) + b'{"t": 9}\n{"t": 1}\n'
    for at in range(0, len(data), size):
        got += lines.feed(data[at : at + size], 0.0)
        most = max(most, len(lines._rest))
    assert most <= MAX_LINE
    assert got[-1] == b'{"t": 1}'
    assert all(parse(line) is None for line in got)


def test_what_another_sender_had_begun_is_left_out() -> None:
    lines = Lines()
    assert lines.feed(b'{"t": 1, "h', 0.0) == []
    lines.begin_anew()
    assert lines.feed(b'{"t": 2}\n', 0.0) == [b'{"t": 2}']


def test_of_ten_thousand_lines_a_second_the_newest_are_read() -> None:
    lines, got = Lines(), 0
    for tick in range(200):  # ten seconds, in pieces of 50 ms
        data = b"".join(b'{"t": %d, "hr": 72}\n' % (500 * tick + k) for k in range(500))
        some = lines.feed(data, tick / 20)
        got += len(some)
        if some:
            assert some[-1] == b'{"t": %d, "hr": 72}' % (500 * tick + 499)
    assert got <= BURST + 10 * LINES_PER_SECOND
    assert got + lines.dropped == 100_000


def test_a_strap_that_was_kept_waiting_loses_nothing() -> None:
    lines = Lines()
    assert len(lines.feed(b'{"t": 1}\n' * 60, 5.0)) == 60
    assert [len(lines.feed(b'{"t": 1}\n' * 10, 6.0 + k)) for k in range(9)] == [10] * 9
    assert lines.dropped == 0
