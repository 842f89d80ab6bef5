"""Files that listeners name, and those that musmed keeps, under mutation: whoever reads one gives
it back or a sentence, never another exception, and takes memory by its size."""

from __future__ import annotations

import random
import resource
from pathlib import Path

import pytest
from support.kinds_of_files import KINDS, prepared
from support.required import lacking

from engine.composers.score.sound import fluid
from engine.errors import MusmedError

FEW, MANY = 60, 10_000
MOST_MEMORY = 512 * 1024
"""KiB by which all mutations of a kind may raise the process's peak."""


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_file_is_read_or_refused_in_a_sentence(
    tmp_path: Path, kind: str, count: int
) -> None:
    if kind == "soundfont" and fluid.library() is None:
        lacking("needs: apt install libfluidsynth3")
    if kind == "a tagger's head":
        pytest.importorskip("safetensors")
    chosen = KINDS[kind]
    path = prepared(tmp_path, chosen)
    for data in chosen.whole():
        path.write_bytes(data)
        chosen.read(path)
    dice = random.Random(f"{kind} {count}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for number in range(count):
        path.write_bytes(chosen.mutated(dice.choice(chosen.whole()), dice))
        try:
            chosen.read(path)
        except MusmedError as error:
            refused += 1
            said = str(error)
            assert said.endswith((".", "?")), (number, said)
            assert "\n" not in said
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < MOST_MEMORY
    assert (0 < refused < count) or not chosen.refuses, "the mutations reach both"
