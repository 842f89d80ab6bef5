"""A loaded model: who works with it, and what is made ready for the next session."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import pytest

from engine.affect.circumplex import Affect
from engine.composers.musicgen.composer import MusicGenComposer
from engine.composers.musicgen.continuation import CodeLine
from engine.composers.musicgen.loaded_model import open_studio
from engine.plan.generation import Generation
from engine.plan.planner import make_plan
from engine.plan.request import Request

torch = pytest.importorskip("torch")

from engine.composers.musicgen.model.decoder import Decoder

REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2, seed=9)


def loaded(folder: FilePath) -> MusicGenComposer:
    composer = MusicGenComposer(str(folder))
    composer.load(Generation(), lambda _: None)
    return composer


def working_ahead() -> int:
    return sum(thread.name == "ahead" for thread in threading.enumerate())


def test_a_clip_left_in_its_midst_does_not_keep_the_model(tiny_checkpoint: FilePath) -> None:
    composer = loaded(tiny_checkpoint)
    clips = make_plan(REQUEST).clips
    first = composer.compose(clips[0], None, lambda: False)
    next(iter(first.chunks()))
    state = CodeLine(0, np.zeros((4, 1600), np.int64)).pack(0, 64)  # as if that one were whole
    second = composer.compose(clips[1], state, lambda: False)
    next(iter(second.chunks()))
    model = weakref.ref(composer._studio.model)
    assert working_ahead() == 1
    composer.load(Generation(decoder="reference"), lambda _: None)
    assert working_ahead() == 0
    del first, second
    gc.collect()
    assert model() is None


def test_another_session_s_sampling_is_made_ready_while_it_loads(
    tiny_checkpoint: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    composer = loaded(tiny_checkpoint)
    warmed: list[dict[str, Any]] = []
    monkeypatch.setattr(Decoder, "warm", lambda _, **how: warmed.append(how))
    composer.load(Generation(top_k=20), lambda _: None)
    assert [how["top_k"] for how in warmed] == [20]


def test_on_mps_only_one_thread_uses_the_device(
    tiny_checkpoint: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = open_studio(str(tiny_checkpoint), Generation(), lambda _: None)
    pieces = [np.zeros((4, 2), np.int64), np.ones((4, 3), np.int64)]
    for device, ahead in (("mps", 0), ("cpu", 1)):
        monkeypatch.setattr(type(studio.model.decoder), "device", torch.device(device))
        line = studio.ahead(lambda closed: iter(pieces))
        assert working_ahead() <= ahead
        assert [piece.shape for piece in line] == [(4, 2), (4, 3)]
        studio.end_clip()


@pytest.mark.parametrize(
    ("said", "spins"),
    [({}, "5000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, None)],
)
def test_threads_spin_briefly_unless_told_otherwise(
    tiny_checkpoint: FilePath,
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, str],
    spins: str | None,
) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    open_studio(str(tiny_checkpoint), Generation(), lambda _: None)
    assert os.environ.get("GOMP_SPINCOUNT") == spins
