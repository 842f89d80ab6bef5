"""Adjusting: four faders over the panel's side hold the music, until they are let go."""

from __future__ import annotations

from time import monotonic

from textual import on

from engine.affect.circumplex import Affect
from engine.composers.base import has_model
from engine.plan.wanted import Faders, faders_at
from musmed_tui.faders import Resting
from musmed_tui.screens.adjusting import FaderCard
from musmed_tui.screens.steerable import SteerableScreen
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.slider import Slider

CAN_NOT = "This composer follows the feeling alone; musmed's own can be adjusted."


class AdjustableScreen(SteerableScreen):
    """Has a ``FaderCard`` too. What is moved is asked for when it has rested, never a key at a
    time."""

    def __init__(self, first: Snapshot, classes: str | None = None) -> None:
        super().__init__(first, classes)
        self._resting = Resting()
        self._asked_for: Faders | None = None
        """What was asked for, until the session has it."""

    def _say(self, text: str, *, calm: bool = False) -> None:
        """Say it beside the picture."""
        raise NotImplementedError

    @property
    def adjusting(self) -> bool:
        return self.has_class("-adjusting")

    def action_adjust(self) -> None:
        """Take the faders out, or put them away."""
        if self.adjusting:
            self._put_away()
        elif self._runner is not None and has_model(self._shown.composer):
            self._say(CAN_NOT, calm=True)
        elif self._runner is not None:
            self.add_class("-adjusting")
            card = self.query_one(FaderCard)
            card.put(self._stand)
            card.open()
            self.refresh_bindings()
            self.call_after_refresh(self._show, self._shown)

    @property
    def _stand(self) -> Faders:
        """As the listener has them: what is on its way counts."""
        return self._resting.moving or self._asked_for or faders_at(self._shown.faders)

    @on(Slider.Changed)
    def _faders_moved(self) -> None:
        self._resting.move(self.query_one(FaderCard).faders, monotonic())
        self._show_faders()
        self.refresh_bindings()

    def _settle(self, now: float) -> None:
        """Ask for what has rested; ``now``: seconds of the clock that ``_faders_moved`` looks
        at."""
        self._ask_for(self._resting.rested(now))

    def _ask_for(self, faders: Faders | None) -> None:
        if faders is None or self._runner is None or faders == faders_at(self._shown.faders):
            return
        self._asked_for = faders
        self._runner.shape(faders)

    def _show_faders(self) -> None:
        """How they stand, and since when that is heard."""
        if self._asked_for == faders_at(self._shown.faders):
            self._asked_for = None
        card = self.query_one(FaderCard)
        if self._resting.moving is None:
            card.put(self._stand)
        card.show(self._shown, self._resting.moving or self._asked_for)

    @on(FaderCard.Closed)
    def _put_away(self) -> None:
        self._ask_for(self._resting.take())
        self.remove_class("-adjusting")
        self.set_focus(None)
        self.refresh_bindings()
        self.call_after_refresh(self._show, self._shown)

    def _steer_from(self, target: Affect) -> None:
        if self.adjusting:
            self._put_away()
        super()._steer_from(target)
