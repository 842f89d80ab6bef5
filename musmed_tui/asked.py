"""The options of play, render and plan, each written once: how it is asked for, and for what."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from musmed_tui.completion import (
    added_adapters,
    completes,
    composers,
    decoders,
    feelings_for,
    genres,
    instruments,
    precisions,
    strategies,
)

if TYPE_CHECKING:  # to type: what the options are is looked at by the command line alone
    import typer

WAY, FELT, MUSIC, MODEL = "The way", "How it feels", "The music", "MusicGen"
WANTED, RUN = "What it is like", "How MusicGen runs"
SOUND, TERMINAL, FILES = "The sound", "The terminal", "What is written"
STUDY = "A study"
"""The groups of options in a command's help."""


# Numbers are taken as text and checked in one place with the settings (options.py), so that the
# command line, the environment and the settings file refuse the same things in the same words.
@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was typed; None where an option was not given."""

    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FEELING",
            help="How you feel: a word, or 'v,a'.",
            autocompletion=feelings_for,
            rich_help_panel=WAY,
        ),
    ] = None
    target: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FEELING",
            help="How you want to feel: a word, or 'v,a'.",
            autocompletion=feelings_for,
            rich_help_panel=WAY,
        ),
    ] = None
    minutes: Annotated[
        str | None,
        typer.Option(metavar="MINUTES", help="Length, 1 to 60 (15).", rich_help_panel=WAY),
    ] = None
    strategy: Annotated[
        str | None,
        typer.Option(
            metavar="iso|direct",
            help="Match the mood first, or straight there (iso).",
            autocompletion=completes(strategies),
            rich_help_panel=WAY,
        ),
    ] = None
    seed: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="The same seed, the same music.", rich_help_panel=WAY),
    ] = None
    before: Annotated[
        str | None,
        typer.Option(
            metavar="V,A",
            help="Rate it, 0 to 100 each; begins there without --from.",
            rich_help_panel=FELT,
        ),
    ] = None
    feelings: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Take from, to and before from a file, unseen by others.",
            rich_help_panel=FELT,
        ),
    ] = None
    composer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Who composes: auto, embedded, musicgen-small ... (auto).",
            autocompletion=completes(composers),
            rich_help_panel=MUSIC,
        ),
    ] = None
    instrument: Annotated[
        str | None,
        typer.Option(
            metavar="TAG",
            help="Keep one of 'musmed instruments', such as piano.",
            autocompletion=completes(instruments),
            rich_help_panel=MUSIC,
        ),
    ] = None
    genre: Annotated[
        str | None,
        typer.Option(
            metavar="TAG",
            help="Keep one of 'musmed genres', such as ambient.",
            autocompletion=completes(genres),
            rich_help_panel=MUSIC,
        ),
    ] = None
    temperature: Annotated[
        str | None,
        typer.Option(
            metavar="0..1",
            help="How readily instrument and genre change (0.3).",
            rich_help_panel=MUSIC,
        ),
    ] = None
    gentle: Annotated[
        str | None,
        typer.Option(
            metavar="all|CAP,...",
            help="Spare sensitive ears: all, or such as 'leaps=6,held' (none).",
            rich_help_panel=MUSIC,
        ),
    ] = None
    no_preferences: Annotated[
        bool | None,
        typer.Option(
            "--no-preferences",
            help="As if nothing had been learned of you ('musmed preferences').",
            rich_help_panel=MUSIC,
        ),
    ] = None
    features: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE,...",
            help="What the music holds, such as 'energy=.4,key=D,mode=minor,tempo=70'.",
            rich_help_panel=WANTED,
        ),
    ] = None
    description: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The same bar by bar: a file of 'musmed describe'.",
            rich_help_panel=WANTED,
        ),
    ] = None
    guidance: Annotated[
        str | None,
        typer.Option(
            metavar="1..10",
            help="How closely it follows the moods (3).",
            rich_help_panel=MODEL,
        ),
    ] = None
    top_k: Annotated[
        str | None,
        typer.Option(
            metavar="1..2048",
            help="It draws from so many codes (250).",
            rich_help_panel=MODEL,
        ),
    ] = None
    sampling_temperature: Annotated[
        str | None,
        typer.Option(
            metavar="0..2", help="How boldly it draws; 0 never (1).", rich_help_panel=MODEL
        ),
    ] = None
    decoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What runs the model: ours, reference or audiocraft (ours).",
            autocompletion=completes(decoders),
            rich_help_panel=RUN,
        ),
    ] = None
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What the model multiplies in: auto, float32, bfloat16 or int8 (auto).",
            autocompletion=completes(precisions),
            rich_help_panel=RUN,
        ),
    ] = None
    adapters: Annotated[
        list[str] | None,
        typer.Option(
            "--adapter",
            metavar="PLACE[=SCALE]",
            help="Merge a LoRA adapter: one that was added, a folder, user/name of the hub; may be "
            "repeated.",
            autocompletion=completes(added_adapters),
            rich_help_panel=MODEL,
        ),
    ] = None
    opening: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Begin with this sound file's end and go on.",
            rich_help_panel=MODEL,
        ),
    ] = None


MUSICGEN = (
    "guidance", "top_k", "sampling_temperature", "decoder", "precision", "adapters", "opening"
)  # fmt: skip
"""Those that say how it sounds, and not what is planned."""

Command = Callable[..., None]


def asking(*, but: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """For a command with a parameter ``asked``: on the command line the options of ``Asked`` stand
    in its place, all ``but`` some."""
    import typer

    hints = get_type_hints(Asked, {**globals(), "typer": typer}, include_extras=True)
    names = [field.name for field in fields(Asked) if field.name not in but]
    options = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hints[name]
        )
        for name in names
    ]

    def asks(command: Command) -> Command:
        def typed(**given: Any) -> None:  # noqa: ANN401 - what typer made of each
            asked = Asked(**{name: given.pop(name) for name in names})
            command(asked=asked, **given)

        parameters: list[inspect.Parameter] = []
        for one in inspect.signature(command, eval_str=True).parameters.values():
            parameters += options if one.name == "asked" else [one]
        typed.__name__, typed.__doc__ = command.__name__, command.__doc__
        typed.__annotations__ = {one.name: one.annotation for one in parameters}
        typed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return typed

    return asks
