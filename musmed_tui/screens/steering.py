"""Steering: a new target being chosen while the music goes on."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Label

from engine.affect.circumplex import Affect
from engine.affect.path import Path, steer
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.words import Words
from musmed_tui.wording import clock

SOON = 3.0
"""A steer is heard within so many seconds: the path shown bends that far past the moment."""


class SteerCard(Vertical):
    """What the new target is called, when the path would be there, and the way out."""

    def compose(self) -> ComposeResult:
        yield Label("steer to", classes="heading")
        yield FeelingField(
            "a word", id="steer-word", wanted=True, otherwise="The plane can be used as well."
        )
        yield Words(id="steer-about")

    @property
    def field(self) -> FeelingField:
        return self.query_one(FeelingField)

    def show(self, snapshot: Snapshot, target: Affect | None) -> None:
        """Say how long the way to ``target`` takes from now."""
        about = self.query_one("#steer-about", Words)
        if self.field.in_danger:
            about.say((self.field.trouble, "$text"))
            return
        if target is None:
            about.say((self.field.trouble or "No such feeling.", "$muted"))
            return
        path = considered(snapshot, target)
        arrival = path.waypoints[-2].time if path else None
        if arrival is None:
            about.say(("Too near the end to steer.", "$warning"))
        else:
            there = clock(max(0.0, arrival - snapshot.position_s))
            about.say((f"The music is there in {there}.", "$muted"))


def considered(snapshot: Snapshot, target: Affect) -> Path | None:
    """The whole path as it would be after a steer to ``target`` now; None when it is too late."""
    at = snapshot.position_s + SOON
    if at >= snapshot.total_s:
        return None
    return steer(snapshot.path, at, target, snapshot.total_s)


def bend(snapshot: Snapshot, target: Affect) -> tuple[Affect, ...]:
    """The part of that path which lies ahead, for the plane."""
    path = considered(snapshot, target)
    if path is None:
        return ()
    at = snapshot.position_s + SOON
    return (path.at(at), *(point.affect for point in path.waypoints if point.time > at))
