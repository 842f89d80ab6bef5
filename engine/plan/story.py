"""A session in words, by what was asked for and what was done. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from engine.affect.phrases import called, towards
from engine.plan.events import Ease, Event, Shape, Steer
from engine.plan.request import Request


def story(request: Request, events: Sequence[Event]) -> str:
    """A session in words: how it began, and what it was steered to since: 'tense to calm, steered
    to glad, eased twice'; 'adjusted' where faders were moved. What was before the last steer leads
    nowhere any more, and is left out."""
    target = called(request.target, request.target_word)
    said = f"{called(request.start, request.start_word)} to {target}"
    eased = 0
    for event in events:
        if isinstance(event, Steer):
            steered, eased = towards(event.target, event.word), 0
            said = f"{said.partition(', steered')[0]}, steered to {steered}"
        eased += isinstance(event, Ease)
    times = ("", ", eased", ", eased twice")
    said += times[eased] if eased < len(times) else f", eased {eased} times"
    return said + (", adjusted" if any(isinstance(one, Shape) for one in events) else "")
