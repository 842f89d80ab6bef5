"""An engine that has just made the clip before makes the next one with less work, and the same."""

from __future__ import annotations

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.audio import levelling
from engine.audio.format import BLOCK_FRAMES, Frames
from engine.clip_record import PLAIN
from engine.composers.score.composer import EmbeddedComposer
from engine.link.outbox import Outbox
from engine.link.protocol import ClipDone, ClipFailed, Open, Part
from engine.link.worker import ComposeWorker, Job
from engine.meter import meter
from engine.meter.listening import BlockSpectrum, Floats, listen
from engine.plan.planner import make_plan
from engine.plan.request import Request

PLAN = make_plan(Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2, seed=5))


class Engine:
    """The thread that composes, with the embedded composer."""

    def __init__(self) -> None:
        self._outbox = Outbox()
        self._worker = ComposeWorker(self._outbox, lambda _: EmbeddedComposer())
        self._worker.add(Open("embedded"))
        self._worker.start()
        self._outbox.grant(64)

    def made(self, index: int, continuation: bytes) -> tuple[bytes, msgspec.Struct, bytes]:
        """A clip's sound, its record but for how long it took, and its continuation."""
        self._worker.add(Job(PLAN.clips[index], continuation, PLAIN))
        sound = b""
        while taken := self._outbox.take():
            told, payload = taken
            if isinstance(told, Part):
                self._outbox.grant(1)
                sound += payload
            assert not isinstance(told, ClipFailed), told
            if isinstance(told, ClipDone):
                return sound, msgspec.structs.replace(told.record, seconds=1.0, speed=1.0), payload
        raise AssertionError("The engine has ended.")

    def close(self) -> None:
        self._worker.close()
        self._outbox.close()


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Tenths of a second that were filtered, half seconds that were heard."""
    done = {"filtered": 0, "heard": 0}
    push = levelling.Analysis.push

    def filtered(self: levelling.Analysis, piece: Frames) -> list[levelling.Analysed]:
        done["filtered"] += len(piece) // BLOCK_FRAMES
        return push(self, piece)

    def heard(blocks: list[Floats]) -> list[BlockSpectrum]:
        done["heard"] += len(blocks)
        return listen(blocks)

    monkeypatch.setattr(levelling.Analysis, "push", filtered)
    monkeypatch.setattr(meter, "listen", heard)
    return done


def test_the_next_clip_is_the_same_whether_or_not_this_engine_made_the_one_before(
    work: dict[str, int],
) -> None:
    first, other = Engine(), Engine()
    *_, continuation = first.made(0, b"")
    work.update(filtered=0, heard=0)
    went_on, less = first.made(1, continuation), dict(work)
    work.update(filtered=0, heard=0)
    assert other.made(1, continuation) == went_on
    assert (work["filtered"] - less["filtered"], work["heard"] - less["heard"]) == (75, 14)
    for engine in (first, other):
        engine.close()
