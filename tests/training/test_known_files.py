"""A file that has not changed is not read again to be known; one that has is."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from engine.errors import MusmedError
from engine.training.known_files import KnownFiles

OLD = 1_000_000_000


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Asked:
    """Counts how often a file is read on."""

    def __init__(self, at: Path, now: float = 4e9) -> None:
        self.reads = 0
        self.known = KnownFiles(at, lambda: now)

    def __call__(self, file: Path) -> str:
        return self.known.digest(file, self._read)

    def _read(self) -> None:
        self.reads += 1


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    at, file = tmp_path / "on the way" / "files.json", tmp_path / "a.wav"
    file.write_bytes(b"one")
    first = Asked(at)
    assert first(file) == first(file) == digest_of(b"one")
    assert first.reads == 1
    first.known.keep()
    assert b"a.wav" not in at.read_bytes()
    again = Asked(at)
    assert again(file) == digest_of(b"one")
    assert again.reads == 0
    other = tmp_path / "other"
    other.write_bytes(b"two")
    shutil.copystat(file, other)  # as long, as old, and put in its place
    other.replace(file)
    assert again(file) == digest_of(b"two")


def test_what_has_just_changed_is_not_remembered(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.write_bytes(b"one")
    asked = Asked(tmp_path / "files.json", now=file.stat().st_ctime + 1)
    assert asked(file) == asked(file)
    assert asked.reads == 2


def test_two_keep_what_each_of_them_has_found(tmp_path: Path) -> None:
    at, files = tmp_path / "files.json", [tmp_path / "a", tmp_path / "b"]
    both = [Asked(at), Asked(at)]
    for asked, file in zip(both, files, strict=True):
        file.write_bytes(file.name.encode())
        asked(file)
    for asked in both:
        asked.known.keep()
    later = Asked(at)
    for file in files:
        later(file)
    assert later.reads == 0


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"a": 1}', b"\xff", b"[" * 100_000])
def test_what_is_damaged_remembers_nothing(tmp_path: Path, damage: bytes) -> None:
    at, file = tmp_path / "files.json", tmp_path / "a"
    at.write_bytes(damage)
    file.write_bytes(b"a")
    asked = Asked(at)
    assert asked(file) == digest_of(b"a")
    asked.known.keep()
    later = Asked(at)
    later(file)
    assert later.reads == 0


def test_any_name_can_be_remembered_and_what_is_not_there_is_said(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff.wav")
    odd.write_bytes(b"a")
    os.utime(odd, (OLD, OLD))
    asked = Asked(tmp_path / "files.json")
    asked(odd)
    asked.known.keep()
    with pytest.raises(MusmedError, match="can't be read"):
        asked(tmp_path / "nothing")
