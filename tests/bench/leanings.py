"""How far likes and dislikes shift who plays: the table of docs/listener.md.

python tests/bench/leanings.py [PLANS]
"""

from __future__ import annotations

import sys

from engine.affect.feelings import parse_affect
from engine.listener.likings import Liking
from engine.listener.preferences import Counted, Evidence, leanings_of, learned
from engine.plan.leanings import Kind, Leanings
from engine.plan.planner import make_plan
from engine.plan.request import Request

TAGS: tuple[tuple[str, Kind], ...] = (
    ("piano", "instrument"),
    ("harp", "instrument"),
    ("flute", "instrument"),
    ("ambient", "genre"),
)
SAID = (("nothing", 0, True), ("3 likes", 3, True), ("10 likes", 10, True), ("10 dis", 10, False))


def said(tag: str, kind: Kind, count: int, *, liked: bool) -> Leanings | None:
    tags: dict[str, str] = {"instrument": "piano", "genre": "ambient", kind: tag}
    likings = [
        Liking(
            clip=clip,
            revision=0,
            at=22.5 * clip,
            mood="calm",
            instrument=tags["instrument"],
            genre=tags["genre"],
            liked=liked,
        )
        for clip in range(count)
    ]
    one = [Counted(liking, kind == "instrument", kind == "genre") for liking in likings]
    return leanings_of(learned(Evidence(tuple(one))))


def share(tag: str, kind: Kind, leanings: Leanings | None, plans: int) -> float:
    """Of the clips of ``plans`` sessions from tense to calm."""
    start, target = parse_affect("tense")[0], parse_affect("calm")[0]
    found: list[bool] = [
        getattr(clip.tags, kind) == tag
        for seed in range(plans)
        for clip in make_plan(
            Request(start=start, target=target, seed=seed, leanings=leanings)
        ).clips
    ]
    return sum(found) / len(found)


def main() -> None:
    plans = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("tag", *(name for name, *_ in SAID), sep="\t")
    for tag, kind in TAGS:
        shares = [
            share(tag, kind, said(tag, kind, count, liked=liked), plans) for _, count, liked in SAID
        ]
        print(tag, *(f"{100 * one:.1f} %" for one in shares), sep="\t")


if __name__ == "__main__":
    main()
