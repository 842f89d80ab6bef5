"""What is done for a body, seen on the real session screen. The signal is SYNTHETIC: it shows how
musmed behaves, and nothing about people."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.card import Card
from support.fake_session import run, until
from support.real_app import TENSE_TO_CALM, a_control, real_app, until_session

from engine.affect.circumplex import Affect
from engine.listener.signal_lines import Sample
from engine.plan.events import Ease
from musmed_tui.commands.screen import new_session
from musmed_tui.screens.check_out import CheckOutScreen

FALLING = msgspec.structs.replace(
    TENSE_TO_CALM, start=Affect(0.0, 0.3), target=Affect(0.5, -0.4), minutes=3.0
)
USUAL, HIGHER = 74.0, 90.0


class RisenHeart:
    """Two minutes of the usual and one of a higher heart, all of it at once; and then no more."""

    def __init__(self) -> None:
        beats = [USUAL] * 121 + [HIGHER] * 60
        self._samples = [(0.0, Sample(float(t), "heart", rate)) for t, rate in enumerate(beats)]
        self.closed = False

    def now(self) -> float:
        return 0.0

    def take(self) -> list[tuple[float, Sample]]:
        samples, self._samples = self._samples, []
        return samples

    def take_said(self) -> list[str]:
        return []

    def close(self) -> None:
        self.closed = True


def on_screen(app: Any) -> str:
    """What stands in the panel beside the plane, without line breaks."""
    panel = app.screen.query_one("#panel").region
    strips = app.screen._compositor.render_strips()
    lines = ("".join(part.text for part in strip) for strip in strips)
    return " ".join(" ".join(line[panel.x : panel.right] for line in lines).split())


@pytest.mark.usefixtures("quick_engine")
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
def test_an_offered_ease_is_read_with_its_reason_and_taken_by_its_key(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heart = RisenHeart()
    control = a_control(tmp_path / "home", monkeypatch, Card(rate=4.0))

    async def go() -> None:
        first = new_session(FALLING, signal=heart)
        async with real_app(control, first, size=size) as pilot:
            app: Any = pilot.app
            await until(pilot, lambda: getattr(app.screen, "has_begun", False))
            said = (
                "The heart beats 90 a minute, 74 were usual, and the way's arousal has stayed "
                "where it was: 'e' eases, if you like."
            )
            await until_session(pilot, lambda: said in on_screen(app))
            assert not control.library.load(app.screen._begun.runner.session).events
            await pilot.press("e")
            await until_session(pilot, lambda: "Calmer" in on_screen(app))
            await pilot.press("q")
            await until(pilot, lambda: isinstance(app.screen, CheckOutScreen))
            await until(pilot, lambda: not app.workers)

    with contextlib.closing(control):
        run(go())
        (row,) = control.library.sessions()
        kept = control.library.load(row.id)
        assert [(offer.why.usual, offer.why.now) for offer in kept.offers] == [(USUAL, HIGHER)]
        assert [type(event) for event in kept.events] == [Ease]
    assert heart.closed
