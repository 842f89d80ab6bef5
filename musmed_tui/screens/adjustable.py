"""Adjusting: four faders over the panel's side hold the music, until they are let go."""

from __future__ import annotations

from time import monotonic

from textual import on

from engine.affect.circumplex import Affect
from engine.composers.base import has_model
from engine.plan.wanted import FREE, Faders, faders_at
from musmed_tui.faders import CAN_NOT, Hand, said_apart
from musmed_tui.screens.adjusting import FaderCard
from musmed_tui.screens.steerable import SteerableScreen
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.slider import Slider


class AdjustableScreen(SteerableScreen):
    """Has a ``FaderCard`` too. What is moved is asked for when it has rested, never a key at a
    time."""

    def __init__(self, first: Snapshot, classes: str | None = None) -> None:
        super().__init__(first, classes)
        self._hand = Hand()
        self._put = FREE
        """How the card was last known to stand: what was just moved is said a moment later."""

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
            self._put_faders(self._hand.stand(self._newest))
            self.query_one(FaderCard).open()
            self.refresh_bindings()
            self.call_after_refresh(self._show, self._shown)

    @property
    def _newest(self) -> Faders:
        return faders_at(self._shown.faders)

    @on(Slider.Changed)
    def _faders_moved(self) -> None:
        self._put = self.query_one(FaderCard).faders
        self._hand.move(self._put, monotonic())
        self._show_faders()
        self.refresh_bindings()

    def _settle(self, now: float) -> None:
        """Ask for what has rested; ``now``: seconds of the clock that ``_faders_moved`` looks
        at."""
        self._ask_for(self._hand.rested(now, self._newest))

    def _ask_for(self, faders: Faders | None) -> None:
        if faders is not None and self._runner is not None:
            self._runner.shape(faders)

    def _show_faders(self) -> None:
        """How they stand, and since when that is heard."""
        card, shown = self.query_one(FaderCard), self._shown
        stand = self._hand.stand(self._newest)
        if stand != self._put:
            self._put_faders(stand)
        apart: tuple[str, ...] = ()
        if self._runner is not None and stand != FREE:
            apart = said_apart(self._runner.request, shown.path, shown.position_s, stand)
        card.show(shown, self._hand.waited_for(self._newest), apart)

    def _put_faders(self, stand: Faders) -> None:
        self._put = stand
        self.query_one(FaderCard).put(stand)

    @on(FaderCard.Closed)
    def _put_away(self) -> None:
        self._ask_for(self._hand.take(self._newest))
        self.remove_class("-adjusting")
        self.set_focus(None)
        self.refresh_bindings()
        self.call_after_refresh(self._show, self._shown)

    def _steer_from(self, target: Affect) -> None:
        if self.adjusting:
            self._put_away()
        super()._steer_from(target)
