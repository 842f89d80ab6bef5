"""MusicGen on another machine, over the real ssh to an sshd of the test's own: its line drops, the
embedded composer takes over here, and the listener goes back."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from support.card import Card
from support.loopback import NAME, loopback
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.composers.base import EMBEDDED
from engine.link.ssh import FarEngine, Host, connect, control_folder
from engine.plan.generation import Generation
from engine.plan.request import Request
from engine.session.library.library import Library
from engine.session.preparation import prepare

pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]
THERE = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-P", "-m", "engine"])


@pytest.mark.long
@pytest.mark.usefixtures("quick_engine")
def test_who_goes_back_to_musicgen_hears_it_from_the_next_clip_on(
    tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clips between are the embedded composer's, each record says whose it is, and nothing of
    the session is missing or another's."""
    monkeypatch.setattr("engine.link.knocking.DELAYS", (0.1,))
    monkeypatch.setattr("engine.session.conductor.far_line.FAR_DELAYS", (0.0, 0.1))
    monkeypatch.setattr("engine.session.conductor.far_line.HOME_SECONDS", 1e9)
    request = Request(
        start=Affect(-0.4, 0.6),
        target=Affect(0.4, -0.6),
        minutes=6,
        seed=21,
        composer=str(tiny_checkpoint),
        generation=Generation(top_k=32),
    )
    library, card = Library(tmp_path / "library"), Card(0.0)
    with loopback(tmp_path, monkeypatch) as server:
        host, folder = Host(NAME, THERE), control_folder()
        connect(host, folder, asks=False)
        far = FarEngine(host, folder, "lab")
        log = tmp_path / "log"
        runner = prepare(request, library=library, sink=card, log_file=log, far=far)
        card.waits_for = runner
        runner.start()
        wait_for_session(runner, lambda: runner.status().clips[1].record is not None)
        server.drop()
        wait_for_session(runner, lambda: runner.status().line.standing == "left")
        server.mend()
        wait_for_session(runner, lambda: runner.status().line.is_offered)
        wait_for_session(runner, lambda: runner.status().clips[4].record is not None)
        runner.go_back()
        wait_for_session(runner, lambda: runner.status().line.standing == "up")
        card.rate = 1000.0
        session_end(runner)
        assert runner.status().failure is None
        runner.close()
    said = [notice.text for notice in runner.take_notices()]
    stored = library.load(runner.session)
    whose = [record.composer for _, record in sorted(stored.records.items()) if record]
    library.close()
    first, last = whose.index(EMBEDDED), len(whose) - whose[::-1].index(EMBEDDED)
    assert 0 < first < last < len(whose)
    assert set(whose[first:last]) == {EMBEDDED}
    assert set(whose[:first]) == set(whose[last:]) != {EMBEDDED}
    assert any("there composes from the next clip on" in text for text in said), said
    assert any("composes on lab again" in text for text in said), said
    assert len(np.concatenate(card.given)) >= 48_000 * 60 * request.minutes
