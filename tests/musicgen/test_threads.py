"""Which threads compute what: by the machine and its settings alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.affect.circumplex import Affect
from engine.composers.musicgen.composer import MusicGenComposer
from engine.plan.generation import Generation
from engine.plan.planner import make_plan
from engine.plan.request import Request

torch = pytest.importorskip("torch")

from engine.composers.musicgen.model import threads
from engine.composers.musicgen.model.codec import CodecStream
from engine.composers.musicgen.model.decoder import Decoder

REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2, seed=9)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("cores", "decoding"), [(1, 1), (2, 1), (3, 2), (4, 3), (8, 7), (64, 8)])
def test_one_core_is_left_for_the_sound(
    cores: int, decoding: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "all_threads", lambda: cores)
    assert threads.decoding() == decoding


def test_who_says_how_many_gets_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    monkeypatch.setattr(threads, "all_threads", lambda: 16)
    assert threads.decoding() == 16


def test_a_thread_keeps_its_number_whatever_another_one_sets() -> None:
    threads.use(3)

    def other() -> None:
        threads.use(2)
        torch.set_num_threads(5)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert torch.get_num_threads() == 3


def test_the_decoder_s_thread_has_the_cores_that_the_codec_s_has_not(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "all_threads", lambda: 4)
    seen: set[tuple[str, bool, int]] = set()

    def watched(kind: Any, name: str) -> None:
        real = getattr(kind, name)

        def called(*args: Any, **how: Any) -> Any:
            own = threading.current_thread() is threading.main_thread()
            seen.add((name, own, torch.get_num_threads()))
            return real(*args, **how)

        monkeypatch.setattr(kind, name, called)

    watched(Decoder, "_begin")
    watched(CodecStream, "push")
    composer = MusicGenComposer(str(tiny_checkpoint))
    composer.load(Generation(), lambda _: None)
    assert seen == {("_begin", True, 4)}  # nothing else is at work while it is loaded
    seen.clear()
    state = None
    for spec in make_plan(REQUEST).clips[:2]:
        clip = composer.compose(spec, state, lambda: False)
        for _ in clip.chunks():
            pass
        state = clip.state()
    assert seen == {("_begin", False, 3), ("push", True, 1)}
