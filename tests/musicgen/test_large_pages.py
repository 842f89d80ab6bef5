"""What lies in large pages, and that it stays what it was."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from engine.composers.musicgen.model.large_pages import PAGE, blocks, into_large_pages


def test_large_blocks_of_ones_own_memory() -> None:
    maps = (
        "00400000-10000000 rw-p 00000000 fe:01 1234  /usr/lib/libtorch.so",
        "7f0000001000-7f0002001000 rw-p 00000000 00:00 0 ",
        "7f0010000000-7f0010800000 rw-p 00000000 00:00 0",
        "7f0020000000-7f0030000000 r--p 00000000 00:00 0",
        "560000000000-560004000000 rw-p 00000000 00:00 0    [heap]",
        "7ffc00000000-7ffc10000000 rw-p 00000000 00:00 0    [stack]",
    )
    heap = (0x560000000000, 0x4000000)
    assert list(blocks(maps)) == [(0x7F0000200000, 0x1E00000), heap]
    assert all(first % PAGE == length % PAGE == 0 for first, length in blocks(maps))


def test_nothing_is_changed() -> None:
    numbers = torch.arange(1 << 23)
    into_large_pages()
    assert torch.equal(numbers, torch.arange(1 << 23))
