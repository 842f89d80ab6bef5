"""What a shell is told when Tab is pressed: words for options and arguments, and the scripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import get_args

from engine.errors import MusmedError

VARIABLE = "_MUSMED_COMPLETE"
"""By it, the scripts ask for words instead of running a command."""
SHELLS = ("bash", "zsh", "fish")
_SESSIONS = 50


def prepare() -> None:
    """Make typer answer a shell that asks. Nothing of it is imported otherwise."""
    if VARIABLE in os.environ:
        from typer._completion_classes import completion_init

        completion_init()


def script(shell: str | None) -> str:
    """The script that a shell has to read. Raises ``MusmedError`` for a shell that is not known."""
    if shell not in SHELLS:
        asked = f"no script for {shell!r}" if shell else "no shell named"
        raise MusmedError(
            f"There is {asked}; say musmed completion bash, zsh or fish, and see "
            "'musmed completion --help' for what to do with it."
        )
    from typer._completion_shared import get_completion_script

    return get_completion_script(prog_name="musmed", complete_var=VARIABLE, shell=shell)


def completes(words: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """What typer calls with what has been typed so far. Where the words can't be had (a library
    that can't be read, say) none are offered."""

    def complete(incomplete: str) -> list[str]:
        try:
            return [word for word in words() if word.startswith(incomplete)]
        except (MusmedError, OSError):
            return []

    return complete


def feelings() -> Iterable[str]:
    from engine.affect.feelings import FEELINGS

    return (feeling.word for feeling in FEELINGS if " " not in feeling.word)


def instruments() -> Iterable[str]:
    from engine.plan.words import tag_statistics

    return tag_statistics().instruments


def genres() -> Iterable[str]:
    from engine.plan.words import tag_statistics

    return tag_statistics().genres


def composers() -> Iterable[str]:
    from engine.composers.musicgen.files.catalogue import NAMES

    return ("auto", "embedded", *NAMES)


def models() -> Iterable[str]:
    from engine.composers.musicgen.files.catalogue import NAMES

    return NAMES


def strategies() -> Iterable[str]:
    from engine.affect.path import Strategy

    return get_args(Strategy)


def decoders() -> Iterable[str]:
    from engine.plan.generation import Decoder

    return get_args(Decoder)


def syntheses() -> Iterable[str]:
    return ("auto", "builtin", "fluidsynth")


def sinks() -> Iterable[str]:
    return ("auto", "sounddevice", "miniaudio", "null", "file:")


def sessions() -> Iterable[str]:
    """The newest sessions. A library is not made for it, and one that is damaged is left to a
    command that can say so."""
    from engine.session.library.database import looked_at
    from engine.session.library.library import Library
    from musmed_tui.paths import folders

    where = folders().library
    count, damage = looked_at(where / "library.sqlite")
    if damage or not count:
        return ()
    library = Library(where)
    try:
        return [row.id for row in library.sessions(_SESSIONS)]
    finally:
        library.close()


def shells() -> Iterable[str]:
    return SHELLS
