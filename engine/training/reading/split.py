"""Which tracks are learnt from and which are kept for judging. Pure."""

from __future__ import annotations

import hashlib

from engine.training.tracks import Data, Split


def split(data: Data, share: float, seed: int) -> Split:
    """As the data says, where it says of any track that it is held out. Else about ``share`` (in
    [0, 1)) of the tracks: whole groups, drawn by ``seed`` and the group's name, so that more data
    doesn't deal all groups anew. Where there is but one group its tracks are drawn. At least one
    track is kept for each side, as long as there are two and ``share`` is not 0."""
    given = {n for n, track in enumerate(data.tracks) if track.part == "held-out"}
    held = given if len(given) < len(data.tracks) else set()
    held = held or _drawn(data, share, seed)
    numbers = range(len(data.tracks))
    return Split(tuple(n for n in numbers if n not in held), tuple(n for n in numbers if n in held))


def _drawn(data: Data, share: float, seed: int) -> set[int]:
    groups = _groups(data)
    if len(groups) < 2 or share <= 0.0:
        return set()
    wanted = min(max(1, round(share * len(data.tracks))), len(data.tracks) - 1)
    order = sorted(groups, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    held: set[int] = set()
    for name in order:
        if len(held) + len(groups[name]) <= wanted:
            held.update(groups[name])
    return held or set(groups[min(order, key=lambda name: len(groups[name]))])


def _groups(data: Data) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, track in enumerate(data.tracks):
        found.setdefault(track.group, []).append(number)
    if len(found) == 1:
        return {track.name: [number] for number, track in enumerate(data.tracks)}
    return found
