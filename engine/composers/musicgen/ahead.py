"""An iterator that works ahead in a thread of its own: codes are decoded while those before them
become finished audio."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

DEPTH = 24
"""Pieces of half a second: more than a clip knows, at its beginning, of the one before, so that the
decoder does not wait while that is made sound again."""
_PATIENCE_SECONDS = 0.05

T = TypeVar("T")
Cancelled = Callable[[], bool]


class _End:
    """Nothing more comes; ``error`` is why, None at the end."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Ahead(Generic[T]):
    """Iterates over ``make(cancelled)``, ``DEPTH`` items ahead at most.

    The items and their order are those of the iterator itself. What it raises is raised here, in
    its place. ``close`` ends it: ``cancelled()`` is then true, and when it returns the iterator is
    not running any more.
    """

    def __init__(self, make: Callable[[Cancelled], Iterator[T]]) -> None:
        self._items: queue.Queue[T | _End] = queue.Queue(DEPTH)
        self._closed = threading.Event()
        self._done = False
        self._thread = threading.Thread(target=self._work, args=(make,), name="ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._done:
            raise StopIteration
        item = self._items.get()
        if not isinstance(item, _End):
            return item
        self._done = True
        self._thread.join()
        if item.error is not None:
            raise item.error
        raise StopIteration

    def close(self) -> None:
        """May be called twice."""
        self._closed.set()
        self._done = True
        self._thread.join()

    def _work(self, make: Callable[[Cancelled], Iterator[T]]) -> None:
        error: BaseException | None = None
        try:
            for item in make(self._closed.is_set):
                if not self._give(item):
                    return
        except BaseException as raised:
            error = raised
        self._give(_End(error))

    def _give(self, item: T | _End) -> bool:
        """False once nobody takes anything any more."""
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._items.put(item, timeout=_PATIENCE_SECONDS)
                return True
        return False
