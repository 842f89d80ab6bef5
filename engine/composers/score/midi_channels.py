"""Which channel of a MIDI file is whose, and from when on. Pure.

MIDI has fifteen channels for pitched instruments, and a long session may have twice as many
instruments. A channel has one programme, one place in the stereo image and one send to the hall for
all that sounds on it, so it may change hands only while nothing sounds on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

CHANNELS = tuple(channel for channel in range(16) if channel != 9)
"""Those of pitched instruments. The tenth, as musicians count, is General MIDI's percussion."""
NO_CHANNEL = -1


class Stroke(NamedTuple):
    """A note as MIDI has it: sounding from ``tick`` to ``end`` > ``tick``. ``kit``: of a drum, the
    kit that has it; None where every kit does, and for what is no drum."""

    tick: int
    end: int
    channel: int
    key: int
    velocity: int
    kit: int | None = None


class Change(NamedTuple):
    """From ``tick`` on, ``channel`` is the instrument ``name``'s; its programme is written there.
    The first who has a channel has it from tick 0."""

    tick: int
    channel: int
    name: str


class _Held:
    """A channel as it is held now: ``strokes`` are its holder's, ``until`` the tick at which the
    last of them ends."""

    def __init__(self, since: int) -> None:
        self.since = since
        self.until = -1
        self.strokes: list[int] = []


def allot(played: Iterable[tuple[str, Stroke]]) -> tuple[dict[str, list[Stroke]], list[Change]]:
    """The strokes of each instrument on their channels, and who gets which channel when.

    An instrument keeps its channel until another needs it. One that has none takes a channel that
    nobody had, else the one that has been quiet for longest, so that what still rings in a hall or
    a release is as faint as can be. Where more than fifteen sound at once, the one that would end
    first is ended two ticks before the newcomer (who waits for them if both begin together).

    So on every channel, whatever the input: between a change and the next, only its holder's
    strokes begin, and none of the holder before sounds at the change's tick or later.
    """
    made: dict[str, list[Stroke]] = defaultdict(list)
    changes: list[Change] = []
    holder: dict[int, str] = {}
    channel_of: dict[str, int] = {}
    held: dict[int, _Held] = {}
    for name, stroke in sorted(played, key=lambda pair: (pair[1].tick, pair[0])):
        if name not in channel_of:
            channel = next((c for c in CHANNELS if c not in holder), None)
            since = 0
            if channel is None:
                channel = min(holder, key=lambda c: (held[c].until, c))
                loser = holder[channel]
                del channel_of[loser]
                since = _ended(made[loser], held[channel], stroke.tick)
            holder[channel], channel_of[name], held[channel] = name, channel, _Held(since)
            changes.append(Change(since, channel, name))
        here = held[channel_of[name]]
        tick = max(stroke.tick, here.since)
        end = max(stroke.end, tick + 1)
        here.strokes.append(len(made[name]))
        here.until = max(here.until, end)
        made[name].append(stroke._replace(tick=tick, end=end, channel=channel_of[name]))
    return dict(made), changes


def _ended(strokes: list[Stroke], held: _Held, tick: int) -> int:
    """End what sounds on a channel before ``tick``; the tick, or a later one, from which on it is
    free."""
    free = tick
    for place in held.strokes:
        stroke = strokes[place]
        if stroke.end >= tick:
            end = max(stroke.tick + 1, tick - 1)
            strokes[place] = stroke._replace(end=end)
            free = max(free, end + 1)
    return free
