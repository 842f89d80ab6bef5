"""What a value may become on a failing disk, in a file copied in part, by a version with a
defect."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import msgspec

NASTY: tuple[Any, ...] = (
    *(None, "", "{", "null", "[]", "{}", "NaN", '"', "\x00", "\x1b[2J", "x" * 100_000),
    *(b"", b"\xff\xfe", b"\x81\xa1x\xc0", bytes(70_000)),
    *(0, -1, 1, 7, 2**31, 2**62, 2**63 - 1, -(2**63), 30_000_000_000),
    *(0.5, -5.0, 1e308, -1e308, float("inf"), float("-inf"), 1e-320),
    *("[" * 3_000, '{"a":' * 3_000, "1" * 5_000, "9" * 400, "1e999", "-0"),
    *("../../etc/passwd", "running", "finished", "2026-99-99", "20261121-101500-k3"),
)
"""SQLite makes NULL of a NaN by itself."""
LEAVES: tuple[Any, ...] = (
    *(None, True, "", "x", "\u202e", -1, 0, 1, 10**6, 2**63, -(2**63), 10**30),
    *(0.5, -0.5, 1e308, -1e308, 1e-320, [], {}, [[]], {"a": 1}, "x" * 5_000),
)


def mutated(value: Any, dice: random.Random) -> Any:
    """Something else in the place of ``value``, a value of SQLite."""
    ways: list[Callable[[Any, random.Random], Any]] = [lambda _v, d: d.choice(NASTY)]
    if isinstance(value, str) and value:
        ways += [_text, _text, _leaf, _leaf, _leaf]
    if isinstance(value, bytes) and value:
        ways += [_bytes] * 4
    if isinstance(value, int | float):
        ways += [_number] * 2
    return dice.choice(ways)(value, dice)


def _bytes(value: bytes, dice: random.Random) -> bytes:
    data = bytearray(value)
    for _ in range(dice.randint(1, 4)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data[: dice.choice((len(data), len(data), dice.randrange(len(data) + 1)))])


def _text(value: str, dice: random.Random) -> str | bytes:
    data = _bytes(value.encode(), dice)
    return data if dice.random() < 0.3 else data.decode("utf-8", "replace")


def _number(value: float, dice: random.Random) -> float:
    new: float = dice.choice(
        (-value, value * 10, value + dice.randint(-3, 3), value / 7, ~int(value))
    )
    return new if isinstance(new, float) else max(-(2**63), min(2**63 - 1, new))


def _leaf(value: str, dice: random.Random) -> str:
    """JSON in which one value is another."""
    try:
        whole = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value[::-1]
    place, key = place_in(whole, dice)
    if place is None:
        return msgspec.json.encode(dice.choice(LEAVES)).decode()
    old = place[key]
    new = dice.choice(LEAVES)
    if isinstance(old, int | float) and not isinstance(old, bool) and dice.random() < 0.5:
        new = old * dice.choice((-1, 0, 2, 0.5, 1000))
    if dice.random() < 0.1:
        del place[key]
    else:
        place[key] = new
    try:
        return msgspec.json.encode(whole).decode()
    except OverflowError:  # an integer that msgspec does not write
        return str(whole).replace("'", '"')


def place_in(whole: Any, dice: random.Random) -> tuple[Any, Any]:
    """A container within ``whole`` and a key of it; (None, None) where there is none."""
    place, key, now = None, None, whole
    while isinstance(now, dict | list) and now and (place is None or dice.random() < 0.8):
        place, key = now, dice.choice(list(now) if isinstance(now, dict) else range(len(now)))
        now = place[key]
    return place, key
