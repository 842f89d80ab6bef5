"""What is kept comes back as it was, or not at all."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")  # where that is, what writes the cache is too

from safetensors.numpy import save
from support.binary_files import mutated

from engine.places import part_of
from engine.training.cache import Cache, CacheError, KeptSound, SoundRecord

RECORD = SoundRecord((0.0, 30.0), odd=("is cut short",))
CODES = tuple(
    np.random.default_rng(frames).integers(0, 2048, (4, frames)).astype(np.int16)
    for frames in (50, 20)
)
STATES = np.random.default_rng(0).normal(size=(5, 24)).astype(np.float32)


def filled(folder: Path) -> Cache:
    cache = Cache(folder)
    cache.keep_sound("a", KeptSound(RECORD, CODES))
    cache.keep_states("b", STATES)
    return cache


def is_kept(sound: KeptSound | None) -> bool:
    if sound is None:
        return False
    assert sound.record == RECORD
    assert all(np.array_equal(one, other) for one, other in zip(sound.codes, CODES, strict=True))
    return True


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    assert is_kept(cache.sound("a"))
    assert cache.sound("b") is None
    assert np.array_equal(cache.window("a", 1), CODES[1])
    assert np.array_equal(cache.kept_states("b"), STATES)
    with pytest.raises(CacheError):
        cache.window("a", 2)
    with pytest.raises(CacheError):
        cache.kept_states("c")


def test_the_same_is_the_same_file(tmp_path: Path) -> None:
    one, other = filled(tmp_path / "one"), filled(tmp_path / "other")
    for name in ("sounds/a", "captions/b"):
        files = [cache.folder / f"{name}.safetensors" for cache in (one, other)]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_what_is_damaged_is_not_there(tmp_path: Path) -> None:
    """Looked at as a whole; a window that is read alone, later, is a window or an error."""
    cache = filled(tmp_path)
    draw = random.Random(5)
    sound, text = tmp_path / "sounds" / "a.safetensors", tmp_path / "captions" / "b.safetensors"
    wholes = {file: file.read_bytes() for file in (sound, text)}
    damaged = 0
    for _ in range(400):
        for file, whole in wholes.items():
            file.write_bytes(mutated(whole, draw))
        kept = is_kept(cache.sound("a"))
        damaged += not kept
        states = cache.states("b")
        assert states is None or np.array_equal(states, STATES)
        try:
            assert cache.window("a", 0).dtype == np.int16
        except CacheError:
            assert not kept
    assert damaged > 300


def test_another_program_s_tensors_are_not_taken(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    for made in (
        save({"00000": CODES[0], "00001": CODES[1]}),
        save({"states": STATES}, {"musmed": "no digest"}),
        save({"states": STATES}, {"musmed": ""}),
        save({}),
    ):
        for name in ("sounds/a", "captions/b"):
            (tmp_path / f"{name}.safetensors").write_bytes(made)
        assert cache.sound("a") is None
        assert cache.states("b") is None


def test_what_killed_programs_left_is_swept_away(tmp_path: Path) -> None:
    cache = filled(tmp_path)
    part = part_of(tmp_path / "sounds" / "a.safetensors")
    part.write_bytes(b"half")
    written = part.stat().st_mtime
    cache.sweep(written + 3600)
    assert part.exists()
    cache.sweep(written + 25 * 3600)
    assert not part.exists()
    assert is_kept(cache.sound("a"))


@pytest.mark.skipif(sys.platform == "win32", reason="it has other rights")
def test_a_cache_that_can_t_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CacheError, match="can't be written") as refused:
        filled(tmp_path / "file" / "cache")
    assert "\n" not in str(refused.value)
