"""What was asked for on the command line, with the settings under it, becomes a ``Request``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.moods import MoodTable
from engine.affect.path import Strategy
from engine.errors import MusmedError
from engine.places import place_of
from engine.plan.described import Description
from engine.plan.feature_words import parse_features
from engine.plan.generation import MOST_ADAPTERS, Decoder, Generation, Precision
from engine.plan.gentle import Gentle, parse_gentle
from engine.plan.request import MAX_SEED, Request, draw_seed
from musmed_tui.asked import Asked
from musmed_tui.felt import before_of
from musmed_tui.settings import Loaded, Settings, parse_choice, parse_number

if TYPE_CHECKING:
    from engine.affect.mood_tables import SignedTable


def build_request(asked: Asked, loaded: Loaded) -> Request:
    """What was typed as a request, checked whole. Without a seed one is drawn.

    Raises ``MusmedError`` for the first thing that is wrong.
    """
    from engine.affect.feelings import parse_affect

    settings = loaded.settings
    proposed = _proposed(asked)
    start, start_word = proposed or parse_affect(_said("--from", "feel", asked.start))
    target, target_word = parse_affect(_said("--to", "want to feel", asked.target), wanted=True)
    request = Request(
        start=start,
        target=target,
        start_word=start_word,
        target_word=target_word,
        minutes=number("minutes", asked.minutes, settings.minutes),
        strategy=_strategy(asked.strategy, settings.strategy),
        instrument=asked.instrument if asked.instrument is not None else settings.instrument,
        genre=asked.genre if asked.genre is not None else settings.genre,
        temperature=number("temperature", asked.temperature, settings.temperature),
        seed=seed_of(asked.seed),
        composer=composer_of(asked.composer if asked.composer is not None else settings.composer),
        generation=generation_of(asked, settings),
        mood_table=mood_table_of(loaded),
        gentle=gentle_of(asked, settings),
        features=None if asked.features is None else parse_features(asked.features, "--features"),
        description=_description(asked.description),
    )
    _check_options(asked, request.composer)
    check(request, asked, loaded)
    return request


def _proposed(asked: Asked) -> tuple[Affect, None] | None:
    """Where the way begins when no feeling was named and both sliders were rated; None else."""
    before = before_of(asked)
    if asked.start is not None or before is None or before.affect is None:
        return None
    return before.affect, None


def signed_table_of(loaded: Loaded) -> SignedTable | None:
    """The mood table of the settings, None for musmed's own. Raises ``MusmedError`` that says where
    it was set, for one that can't be read or is none."""
    named = loaded.settings.mood_table
    if named is None:
        return None
    from engine.affect.mood_tables import read_table

    try:
        return read_table(place_of(named, "mood table"))
    except MusmedError as error:
        where = loaded.origins.get("mood_table", "the settings")
        raise MusmedError(f"{where}: {error}") from error


def mood_table_of(loaded: Loaded) -> MoodTable | None:
    """The same as a request has it."""
    table = signed_table_of(loaded)
    return None if table is None else table.in_short()


def gentle_of(asked: Asked, settings: Settings) -> Gentle | None:
    """The caps that were asked for. Raises ``MusmedError`` for what are none."""
    if asked.gentle is not None:
        return parse_gentle(asked.gentle, "--gentle")
    return None if settings.gentle is None else parse_gentle(settings.gentle, "gentle")


def _description(named: str | None) -> Description | None:
    if named is None:
        return None
    from engine.description.text import read_description

    return read_description(place_of(named, "description"))


def help_for(asked: Asked) -> str | None:
    """Where help is found, for who says in the place of a feeling that they are in danger."""
    from engine.affect import harm

    return harm.help_for(asked.start or "", asked.target or "")


def check(request: Request, asked: Asked, loaded: Loaded) -> None:
    """Raises ``MusmedError`` for a request that no session can be made of; a word of the settings,
    where ``asked`` has none, is named with its place there."""
    from engine.composers.choice import check_request

    try:
        check_request(request)
    except MusmedError as error:
        raise MusmedError(f"{error}{_blame(str(error), asked, loaded)}") from error


def number(key: str, text: str | None, otherwise: float) -> float:
    """The number of option ``--key``, or ``otherwise`` when it was not given.

    Raises ``MusmedError`` naming the option and its range.
    """
    if text is None:
        return otherwise
    return parse_number(key, text, f"--{key.replace('_', '-')}")


def sleep_in(text: str | None) -> float | None:
    """The minutes of ``--sleep``, None where it was not given. Raises ``MusmedError``."""
    return None if text is None else parse_number("sleep", text, "--sleep")


def composer_of(name: str) -> str:
    """A folder's name as a place that stays one wherever the session goes on."""
    looks_like_one = name.startswith((".", "~", "/"))
    return str(place_of(name, "checkpoint")) if looks_like_one else name


def _adapter(text: str) -> str:
    """An adapter's place that stays one wherever the session goes on, its scale behind it."""
    from engine.composers.musicgen.files.adapters import is_path, parse_adapter

    wish = parse_adapter(text)
    place = wish.source
    if is_path(place):
        place = str(place_of(place, "adapter"))
    return place if wish.scale == 1.0 else f"{place}={wish.scale!r}"


def _check_options(asked: Asked, composer: str) -> None:
    from engine.composers.base import has_model

    for option, value in (("--opening", asked.opening), ("--adapter", asked.adapters)):
        if value and (composer == "auto" or not has_model(composer)):
            raise MusmedError(
                f"{option} is for MusicGen; choose it too, with --composer musicgen-small."
            )


def generation_of(asked: Asked, settings: Settings) -> Generation:
    """How MusicGen is to sample. Raises ``MusmedError`` for an option out of range."""
    decoder = settings.decoder
    if asked.decoder is not None:
        decoder = cast("Decoder", parse_choice("decoder", asked.decoder, "--decoder"))
    precision = settings.precision
    if asked.precision is not None:
        precision = cast("Precision", parse_choice("precision", asked.precision, "--precision"))
    adapters = asked.adapters if asked.adapters is not None else settings.adapters
    if len(adapters) > MOST_ADAPTERS:
        raise MusmedError(f"--adapter can be given at most {MOST_ADAPTERS} times.")
    opening = asked.opening
    if opening is not None:
        opening = str(place_of(opening, "opening"))
    return msgspec.structs.replace(
        settings.generation(),
        guidance=number("guidance", asked.guidance, settings.guidance),
        top_k=int(number("top_k", asked.top_k, settings.top_k)),
        temperature=number(
            "sampling_temperature", asked.sampling_temperature, settings.sampling_temperature
        ),
        decoder=decoder,
        precision=precision,
        adapters=tuple(_adapter(adapter) for adapter in adapters),
        opening=opening,
    )


def drawn_seed(request: Request) -> str:
    """What is said of a seed that musmed drew, so that the music can be made again."""
    if request.leanings is None:
        return f"--seed {request.seed} makes it again."
    return (
        f"--seed {request.seed} makes it again, as long as nothing more is learned of what you "
        "like ('musmed preferences')."
    )


def _said(option: str, verb: str, text: str | None) -> str:
    if text is None:
        raise MusmedError(
            f"{option} is missing: say how you {verb}, with a word ('musmed feelings' lists them) "
            "or as valence,arousal."
        )
    return text


def _strategy(text: str | None, otherwise: Strategy) -> Strategy:
    if text is None:
        return otherwise
    return cast("Strategy", parse_choice("strategy", text, "--strategy"))


def seed_of(text: str | None) -> int:
    """The seed that was typed; without one it is drawn. Raises ``MusmedError``."""
    if text is None:
        return draw_seed()
    if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_SEED:
        return int(text)
    raise MusmedError(f"--seed must be a whole number from 0 to {MAX_SEED}, not {text!r}.")


def _blame(sentence: str, asked: Asked, loaded: Loaded) -> str:
    """Where a refused word was set, when that was not on the command line."""
    for key in ("instrument", "genre", "composer"):
        value = getattr(loaded.settings, key)
        from_settings = getattr(asked, key) is None and key in loaded.origins
        if from_settings and repr(value) in sentence:
            return f" (That {key} is set in {loaded.origins[key]}.)"
    return ""
