"""Instrument and genre tags: the vocabulary, what goes with which mood, and how tags read."""

from __future__ import annotations

import functools
import importlib.resources

import msgspec

from engine.errors import UnknownWordError
from engine.plan.spec import Players, Tags

HINT = "'musmed {kind}s' lists them; leave it out and musmed chooses."

Distribution = dict[str, float]


class TagStatistics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """P(instrument | mood) and P(genre | mood) in MTG-Jamendo, and which instruments belong to a
    genre, with their source.

    Written by scripts/build_tag_statistics.py.
    """

    source: str
    licence: str
    smoothing: float
    smallest: float
    instrument_tracks: int
    genre_tracks: int
    instruments: tuple[str, ...]
    genres: tuple[str, ...]
    instrument_given_mood: dict[str, Distribution]
    genre_given_mood: dict[str, Distribution]
    instrument_lift: dict[str, tuple[float, ...]]
    """Genre -> for each of ``instruments`` how many times as often they come together in
    MTG-Jamendo as they would by chance."""


@functools.cache
def tag_statistics() -> TagStatistics:
    """The shipped table, read when first asked for."""
    data = (
        importlib.resources.files("engine.plan").joinpath("data/tag_statistics.json").read_bytes()
    )
    return msgspec.json.decode(data, type=TagStatistics)


def instrument(name: str) -> str:
    """The MTG-Jamendo tag for ``name`` ('Acoustic Guitar' -> 'acousticguitar').

    Raises ``UnknownWordError`` naming the nearest tags.
    """
    return _tag("instrument", name, tag_statistics().instruments)


def genre(name: str) -> str:
    """The MTG-Jamendo tag for ``name`` ('Easy listening' -> 'easylistening').

    Raises ``UnknownWordError`` naming the nearest tags.
    """
    return _tag("genre", name, tag_statistics().genres)


def _tag(kind: str, name: str, known: tuple[str, ...]) -> str:
    found = {_plain(word): tag for tag in known for word in (spelled(tag), tag)}.get(_plain(name))
    if found is None:
        raise UnknownWordError(kind, name, known, HINT.format(kind=kind))
    return found


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


_SPELLED = {
    "acidjazz": "acid jazz", "acousticbassguitar": "acoustic bass guitar",
    "acousticguitar": "acoustic guitar", "alternativerock": "alternative rock",
    "bluesrock": "blues rock", "bossanova": "bossa nova", "classicalguitar": "classical guitar",
    "classicrock": "classic rock", "darkambient": "dark ambient", "darkwave": "dark wave",
    "deephouse": "deep house", "doublebass": "double bass", "drummachine": "drum machine",
    "drumnbass": "drum and bass", "easylistening": "easy listening", "edm": "EDM",
    "electricguitar": "electric guitar", "electricpiano": "electric piano", "idm": "IDM",
    "hardrock": "hard rock", "hiphop": "hip hop", "instrumentalpop": "instrumental pop",
    "instrumentalrock": "instrumental rock", "jazzfusion": "jazz fusion", "newage": "new age",
    "newwave": "new wave", "pipeorgan": "pipe organ", "popfolk": "pop folk",
    "poprock": "pop rock", "postrock": "post-rock", "punkrock": "punk rock", "rnb": "R&B",
    "rocknroll": "rock and roll", "singersongwriter": "singer-songwriter",
    "triphop": "trip hop", "worldfusion": "world fusion",
}  # fmt: skip


def known(players: Players) -> bool:
    """Whether both tags are MTG-Jamendo's, as they are written there."""
    table = tag_statistics()
    return players.instrument in table.instruments and players.genre in table.genres


def spelled(tag: str) -> str:
    """A tag as it is written in English: 'acousticguitar' -> 'acoustic guitar'."""
    return _SPELLED.get(tag, tag)


def prompt(tags: Tags) -> str:
    """The prompt of a clip, from the paper's four tags (arXiv 2411.09080), as one phrase."""
    return phrase(tags.mood, tags.emotion, tags.instrument, tags.genre)


def phrase(mood: str | None, emotion: str | None, instrument: str | None, genre: str | None) -> str:
    """``prompt`` of what is known of the four."""
    kinds = [*filter(None, (mood, genre and spelled(genre))), "piece"]
    said = f"{_article(kinds[0])} {' '.join(kinds)}"
    said += f" for {spelled(instrument)}" if instrument else ""
    return f"{said} that feels {emotion}" if emotion else said


def _article(word: str) -> str:
    if word.startswith("8") or ((word[1:2].isupper() or word[1:2] == "&") and word[0] in "EIR"):
        return "An"  # letters by their names: an EDM piece, an R&B piece
    return "An" if word[0] in "aeiou" and not word.startswith("uni") else "A"
