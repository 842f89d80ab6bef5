"""request -> plan: a pure function of the request and the events so far."""

from __future__ import annotations

from collections.abc import Sequence

from engine.plan.events import Event
from engine.plan.request import Request
from engine.plan.spec import Plan


def make_plan(request: Request, events: Sequence[Event] = ()) -> Plan:
    raise NotImplementedError


def can_change(plan: Plan, at: float) -> bool:
    raise NotImplementedError
