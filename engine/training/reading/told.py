"""What is said of a sound, however it is written down: by the columns of a table, by a line of
JSON. Pure."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.affect.moods import mood as mood_called
from engine.affect.moods import placed_moods
from engine.errors import MusmedError, UnknownWordError
from engine.plan.words import genre as genre_called
from engine.plan.words import instrument as instrument_called
from engine.plan.words import phrase
from engine.training.tracks import Part

LONGEST_CAPTION = 1_000
"""Characters; a longer one is cut there."""
MOST_CAPTIONS = 16
"""Of one sound; the first ones are taken."""
NAMES = ("file_name", "file", "filename", "path", "sound", "audio", "audio_path", "audio_file")
CAPTIONS = ("caption", "captions", "text", "description", "prompt")
MAKERS = ("artist", "group", "artist_id", "artist_name")
MOODS = ("mood", "moods")
EMOTIONS = ("emotion", "feeling")
GENRES = ("genre", "genres")
INSTRUMENTS = ("instrument", "instruments")
TAGS = ("tags", "tag", "keywords")
"""Of any of the three kinds."""
PARTS = ("split", "part", "subset", "partition")
_HELD_OUT = frozenset(("held-out", "held_out", "heldout", "test", "validation", "valid", "dev"))
_NEGATIONS = frozenset(["not", "no", "never", "without", "less", "nor", "isn't", "non"])
_SPOKEN = re.compile(r"\bthat feels ([a-z][a-z -]{0,40}?)[.!]?$", re.IGNORECASE)
_ASKED = re.compile(r"An? (\w+) (?:[^.,;]* )?piece\b")
_BETWEEN = re.compile(r"[,;|\t]")


class Told(NamedTuple):
    """``sound``: as it is written, by whatever name. ``cut``: whether a caption was too long."""

    sound: str
    captions: tuple[str, ...]
    group: str | None = None
    mood: str | None = None
    affect: Affect | None = None
    part: Part | None = None
    cut: bool = False


def told_by(fields: Mapping[str, object]) -> Told:
    """``fields``: columns and what stands in them, text, numbers or lists of text. What can't be
    understood is nothing said."""
    known = {str(key).strip().casefold(): value for key, value in fields.items()}
    written = _texts(known, CAPTIONS, split=False)
    tags = _texts(known, TAGS)
    moods, genres, instruments = _kinds(known, tags)
    emotion = next(iter(_texts(known, EMOTIONS)), None)
    named = [one for one in moods if true_mood(one)] or moods[:1]
    captions = written or [*captions_of(named, emotion, genres, instruments)]
    captions = captions or ([", ".join(tags)] if tags else [])
    true = [*filter(None, map(true_mood, moods))] or mood_in(written)
    given = (_number(known.get("valence")), _number(known.get("arousal")))
    return Told(
        next(iter(_texts(known, NAMES, split=False)), ""),
        tuple(one[:LONGEST_CAPTION].rstrip() for one in captions[:MOST_CAPTIONS]),
        next(iter(_texts(known, MAKERS, split=False)), None),
        next(iter(true), None),
        _point(*given) or place_of(written, true, emotion),
        _part(_texts(known, PARTS)),
        any(len(one) > LONGEST_CAPTION for one in captions),
    )


def told_in_words(sound: str, captions: Iterable[str]) -> Told:
    """Of captions alone."""
    return told_by({"file": sound, "captions": list(captions)})


def clean(text: str) -> str:
    """``text`` on one line, without what is not seen."""
    seen = (c if c.isprintable() else " " for c in unicodedata.normalize("NFC", text))
    return " ".join("".join(seen).split())


def true_mood(word: str) -> str | None:
    """The tag of MTG-Jamendo that ``word`` is, if that is a mood and no theme."""
    try:
        found = mood_called(word)
    except UnknownWordError:
        return None
    return None if found.affect is None else found.name


def mood_in(captions: Iterable[str]) -> list[str]:
    """The true mood that captions of musmed's own form begin with, else the one that they speak of;
    of none, several, or one that is denied nothing."""
    captions = list(captions)
    asked = [found[1] for one in captions if (found := _ASKED.match(one))]
    if first := [one for word in asked if (one := true_mood(word))]:
        return list(dict.fromkeys(first))
    words = {word for one in captions for word in re.findall(r"[a-z']+", one.casefold())}
    if words & _NEGATIONS:
        return []
    named = [one.name for one, _ in placed_moods(None) if one.name in words]
    return named if len(named) == 1 else []


def place_of(
    captions: Iterable[str], moods: Iterable[str], emotion: str | None = None
) -> Affect | None:
    """By the feeling that is named, apart or at a caption's end as in musmed's own prompts, else
    the middle of the true ones of ``moods``."""
    felt = [found[1] for one in captions if (found := _SPOKEN.search(one))]
    for word in (*([emotion] if emotion else ()), *felt):
        try:
            return feeling(word).affect
        except MusmedError:
            continue
    places = [one for name in moods if (one := mood_called(name).affect) is not None]
    if not places:
        return None
    return Affect(
        sum(one.valence for one in places) / len(places),
        sum(one.arousal for one in places) / len(places),
    )


def captions_of(
    moods: Iterable[str], emotion: str | None, genres: Iterable[str], instruments: Iterable[str]
) -> tuple[str, ...]:
    """As musmed asks for such music: one for each mood (the feeling that lies nearest is named,
    unless one is given), with genres and instruments in turn."""
    named, kinds, players = map(_distinct, (moods, genres, instruments))
    if (named, kinds, players) == ([None], [None], [None]):
        return ()
    count = min(MOST_CAPTIONS, max(len(named), len(kinds), len(players)))
    made = (
        phrase(
            named[n % len(named)],
            emotion or felt_as(named[n % len(named)]),
            players[n % len(players)],
            kinds[n % len(kinds)],
        )
        for n in range(count)
    )
    return tuple(dict.fromkeys(made))


def _distinct(words: Iterable[str]) -> list[str | None]:
    """At least one, which may be None."""
    found: list[str | None] = [*dict.fromkeys(words)]
    return found or [None]


def felt_as(mood: str | None) -> str | None:
    """The word for how a mood feels, as a session's clips have it."""
    from engine.plan.tags import emotion_of

    true = None if mood is None else true_mood(mood)
    place = None if true is None else mood_called(true).affect
    return None if place is None else emotion_of(place, ())


def _kinds(
    known: Mapping[str, object], tags: Iterable[str]
) -> tuple[list[str], list[str], list[str]]:
    """Moods and themes, genres and instruments: what stands in columns of their own, whatever it
    is, and those among ``tags``. In MTG-Jamendo's words, where they are such."""
    kinds: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = (
        (MOODS, lambda word: mood_called(word).name),
        (GENRES, genre_called),
        (INSTRUMENTS, instrument_called),
    )
    made = []
    for columns, called in kinds:
        own = [_called(word, called) or _bare(word) for word in _texts(known, columns)]
        made.append([*own, *filter(None, (_called(tag, called) for tag in tags))])
    return made[0], made[1], made[2]


def _called(word: str, called: Callable[[str], str]) -> str | None:
    try:
        return called(_bare(word))
    except UnknownWordError:
        return None


def _bare(word: str) -> str:
    """'calm' of 'mood/theme---calm'."""
    return word.rpartition("---")[2] or word


def _texts(known: Mapping[str, object], columns: Iterable[str], *, split: bool = True) -> list[str]:
    """What stands in the first of ``columns`` that holds something."""
    for column in columns:
        value = known.get(column)
        if isinstance(value, Mapping):
            value = value.get("path")
        many = value if isinstance(value, list) else [value]
        parts = [one for text in many if isinstance(text, str) for one in _parts(text, split)]
        if found := [text for one in parts if (text := clean(one))]:
            return found
    return []


def _parts(text: str, split: bool) -> list[str]:
    return _BETWEEN.split(text) if split else [text]


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return math.nan


def _point(valence: float, arousal: float) -> Affect | None:
    try:
        return Affect(valence, arousal)
    except ValueError:
        return None


def _part(said: list[str]) -> Part | None:
    word = said[0].casefold() if said else ""
    return "train" if word in ("train", "training") else "held-out" if word in _HELD_OUT else None
