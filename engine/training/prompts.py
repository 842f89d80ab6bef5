"""What is asked of a model whenever it is watched: the same words and points each time.

Taken from the data, so that what is judged is what is trained. Pure. No torch.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.moods import mood
from engine.training.tracks import Data, Split, Track

MOODS = 10
POINTS = tuple(Affect(valence, arousal) for valence in (-0.6, 0.6) for arousal in (-0.6, 0.6))
"""One in the midst of each quarter of the plane."""
_NAME = 48


class Prompt(msgspec.Struct, frozen=True):
    """What a clip is to be. ``name``: its file's, without a suffix; ``text``: '' for a point alone;
    ``mood``: the true mood that it is asked for by, ``affect``: where that lies, or the point."""

    name: str
    text: str
    mood: str | None = None
    affect: Affect | None = None

    @property
    def is_point(self) -> bool:
        return not self.text


def prompts_of(
    data: Data, split: Split, *, seed: int, clips: int, points: bool = False
) -> tuple[Prompt, ...]:
    """``clips`` prompts: captions of the data's moods, those of most tracks first, at most
    ``MOODS``, each equally often; or of any track, where fewer than two moods are named. Captions
    of tracks that are held out come before those that are learnt from. ``points``: the four
    ``POINTS`` as well, each a fifth as often, for a model that hears them. ``seed``: of which
    captions of many."""
    order = _in_order(data, split, seed)
    chosen = list(itertools.islice(_of_moods(order, clips) or _of_any(order), clips))
    asked = [(caption, track.mood, place_of(track)) for track, caption in chosen]
    if points:
        asked += [("", None, point) for point in POINTS for _ in range(-(-clips // 5))]
    return tuple(
        Prompt(_name(number, text, place), text, called, place)
        for number, (text, called, place) in enumerate(asked, 1)
    )


def place_of(track: Track) -> Affect | None:
    """Where a track lies on the circumplex, as far as it is told."""
    if track.affect is not None or track.mood is None:
        return track.affect
    return mood(track.mood).affect


def _in_order(data: Data, split: Split, seed: int) -> list[Track]:
    """Those held out, then those learnt from, each in an order at random, so that the first ones
    are not all by one artist."""
    made: list[Track] = []
    for part in (split.held_out, split.train):
        tracks = [data.tracks[number] for number in part]
        made += sorted(tracks, key=lambda track: draw_of(seed, track.name))
    return made


Said = tuple[Track, str]
"""A track and one of its captions."""


def _of_moods(tracks: Sequence[Track], clips: int) -> Iterator[Said] | None:
    """Of each mood in turn; None where there are fewer than two."""
    counted = Counter(track.mood for track in tracks if track.mood is not None)
    names = sorted(counted, key=lambda name: (-counted[name], name))[: min(MOODS, clips)]
    if len(names) < 2:
        return None
    of_each = [
        list(itertools.islice(_of_any([t for t in tracks if t.mood == name]), clips // len(names)))
        for name in names
    ]
    return (said for several in of_each for said in several)


def _of_any(tracks: Sequence[Track]) -> Iterator[Said]:
    """Every track's first caption, then every second one, and so on; each wording once, then all
    of them again without an end."""
    most = max((len(track.captions) for track in tracks), default=0)
    said = {
        track.captions[number]: track
        for number in reversed(range(most))
        for track in reversed(tracks)
        if number < len(track.captions)
    }
    return itertools.cycle((track, caption) for caption, track in reversed(said.items()))


def _name(number: int, text: str, place: Affect | None) -> str:
    """Such as '07-a-calm-ambient-piece-for-piano'."""
    if not text and place is not None:
        text = f"valence {place.valence:+.1f} arousal {place.arousal:+.1f}"
        return f"{number:02d}-" + text.replace(" ", "-")
    words = re.sub(r"[^a-z0-9]+", "-", text.lower().encode("ascii", "ignore").decode())
    return f"{number:02d}-{words[:_NAME].strip('-')}".rstrip("-")


def draw_of(seed: int, what: str) -> int:
    """64 bits, the same for the same."""
    digest = hashlib.blake2b(f"{seed}:{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
