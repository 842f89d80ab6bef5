"""Steering: the target is moved on the plane, or typed, and the new path is looked at before it is
taken."""

from __future__ import annotations

from textual import on
from textual.widgets import Input

from engine.affect.circumplex import Affect
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.screens.playing import PlayingScreen
from musmed_tui.screens.steering import SteerCard
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.circumplex import Circumplex


class SteerableScreen(PlayingScreen):
    """Has a ``Circumplex`` and a ``SteerCard``."""

    def __init__(self, first: Snapshot, classes: str | None = None) -> None:
        super().__init__(first, classes)
        self._cursor: Affect | None = None

    def _show(self, snapshot: Snapshot) -> None:
        """Show how the session stands."""
        raise NotImplementedError

    @property
    def steering(self) -> bool:
        return self._cursor is not None

    def action_steer(self) -> None:
        self._steer_from(self._shown.target)

    def _steer_from(self, target: Affect) -> None:
        if self._runner is None or self.steering:
            return
        self.add_class("-steering")
        self._cursor = target
        self.query_one(SteerCard).field.put(target)
        self._let_focus()
        self.set_focus(self.query_one(Circumplex))
        self.refresh_bindings()
        self.call_after_refresh(self._show, self._shown)

    @on(Circumplex.Pointed)
    @on(Circumplex.Cursor)
    def _moved(self, event: Circumplex.Pointed | Circumplex.Cursor) -> None:
        self._steer_from(event.affect)
        if self.steering:
            self._cursor = event.affect
            self.query_one(SteerCard).field.put(event.affect)
            self._show(self._shown)

    @on(FeelingField.Chosen)
    def _typed(self, event: FeelingField.Chosen) -> None:
        if self.steering and event.field.affect is not None:
            self._cursor = event.field.affect
        self.refresh_bindings()
        self._show(self._shown)

    def action_type(self) -> None:
        if self.steering:
            self.set_focus(self.query_one(SteerCard).field)

    @on(Input.Submitted)
    def action_take(self) -> None:
        """Take the new target."""
        field = self.query_one(SteerCard).field
        if self.steering and self._runner is not None and field.affect is not None:
            self._runner.steer(field.affect, field.word)
            self.action_leave()

    def action_leave(self) -> None:
        """Leave the target where it is."""
        self._cursor = None
        self.remove_class("-steering")
        self.set_focus(None)
        self._let_focus()
        self.refresh_bindings()
        self.call_after_refresh(self._show, self._shown)

    def _let_focus(self) -> None:
        """Plane and field want keys while steering only; else every key is the screen's."""
        for wanted in (self.query_one(Circumplex), self.query_one(SteerCard).field):
            wanted.can_focus = self.steering
