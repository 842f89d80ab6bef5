"""Working ahead: the same items in the same order, errors in their place, an end when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from engine.composers.musicgen.ahead import DEPTH, Ahead


def counting(upto: int, made: list[int]) -> Callable[[Callable[[], bool]], Iterator[int]]:
    def make(cancelled: Callable[[], bool]) -> Iterator[int]:
        for number in range(upto):
            if cancelled():
                return
            made.append(number)
            yield number

    return make


def test_everything_comes_in_order() -> None:
    made: list[int] = []
    assert list(Ahead(counting(50, made))) == made == list(range(50))


def test_it_goes_on_after_a_pause_and_ends_once() -> None:
    items = Ahead(counting(5, []))
    assert next(items) == 0
    assert list(items) == [1, 2, 3, 4]
    assert list(items) == []


def test_it_is_not_far_ahead_and_stops_when_closed() -> None:
    made: list[int] = []
    items = Ahead(counting(1000, made))
    assert next(items) == 0
    items.close()
    items.close()
    assert len(made) <= DEPTH + 3
    assert list(items) == []
    assert not [thread for thread in threading.enumerate() if thread.name == "ahead"]


def test_an_error_comes_in_its_place() -> None:
    def make(_: Callable[[], bool]) -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    items = Ahead(make)
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)
    assert list(items) == []
