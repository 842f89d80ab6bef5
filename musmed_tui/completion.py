"""What a shell is told when Tab is pressed: words for options and arguments, and the scripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, get_args

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
        if os.environ[VARIABLE] == "complete_bash":
            _join_equals()
        else:
            _keep_equals()


def _join_equals() -> None:
    """bash breaks a line at '=', too: '--from', '=', 'tens' is the option and its beginning."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    at = os.environ.get("COMP_CWORD", "")
    if not at.isdigit():
        return
    kept: list[str] = []
    number = int(at)
    for index, word in enumerate(words):
        if word == "=" and kept and kept[-1].startswith("--"):
            if index < int(at):
                number -= 1
                continue
            kept.append("")  # Tab behind the sign: the next word has not begun
            continue
        kept.append(word)
    os.environ["COMP_WORDS"] = "\n".join(word or "''" for word in kept)
    os.environ["COMP_CWORD"] = str(number)


def _keep_equals() -> None:
    """'--from=ten' is one word to zsh and fish, which take only what begins with all of it; what
    typer offers are the words behind the sign."""
    from typer._completion_classes import FishComplete, ZshComplete

    typed = os.environ.get("_TYPER_COMPLETE_ARGS", "").rpartition(" ")[2]
    option, equals, _ = typed.partition("=")
    if not equals or not option.startswith("--"):
        return
    # By its name: typer comes with click's class or with a copy of its own, so that a class derived
    # here could be registered with the wrong one; and to a type checker a method is no variable.
    for shell in (FishComplete, ZshComplete):
        setattr(shell, "get_completions", _after(f"{option}=", shell.get_completions))  # noqa: B010


def _after(option: str, offers: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """``offers``, a shell's method, with ``option`` in front of each word."""

    def offered(*asked: object) -> list[Any]:
        items = offers(*asked)
        for item in items:
            item.value = option + item.value
        return items

    return offered


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


def feelings_for(incomplete: str) -> list[str]:
    """The feelings that begin so; where none does, their other forms and the German words. bash
    gets those of several words too, their spaces escaped."""
    from engine.affect.feelings import FEELINGS, spellings

    bash = os.environ.get(VARIABLE) == "complete_bash"
    words = [feeling.word for feeling in FEELINGS]
    for known in (words, spellings()):
        found = [w for w in known if w.startswith(incomplete) and (bash or " " not in w)]
        if found:
            return [w.replace(" ", "\\ ") for w in found]
    return []


def instruments() -> Iterable[str]:
    from engine.plan.words import tag_statistics

    return tag_statistics().instruments


def genres() -> Iterable[str]:
    from engine.plan.words import tag_statistics

    return tag_statistics().genres


def tags() -> Iterable[str]:
    from engine.plan.words import tag_statistics

    return (*tag_statistics().instruments, *tag_statistics().genres)


def moods() -> Iterable[str]:
    from engine.affect.moods import moods_of

    return (mood.name for mood in moods_of(None))


def composers() -> Iterable[str]:
    from engine.composers.musicgen.files.catalogue import NAMES

    return ("auto", "embedded", *NAMES)


def judges() -> Iterable[str]:
    from engine.evaluation.judges.registry import CLAP, JUDGES

    return (*JUDGES, CLAP)


def checkpoints() -> Iterable[str]:
    from engine.composers.musicgen.files.catalogue import NAMES

    return NAMES


def presets() -> Iterable[str]:
    from engine.training.recipe import PRESETS

    return PRESETS


def added_adapters() -> Iterable[str]:
    from engine.composers.musicgen.files.shelf import all_added

    return all_added()


def models() -> Iterable[str]:
    return (*checkpoints(), *added_adapters())


def strategies() -> Iterable[str]:
    from engine.affect.path import Strategy

    return get_args(Strategy)


def decoders() -> Iterable[str]:
    from engine.plan.generation import Decoder

    return get_args(Decoder)


def precisions() -> Iterable[str]:
    from engine.plan.generation import Precision

    return get_args(Precision)


def syntheses() -> Iterable[str]:
    return ("auto", "builtin", "fluidsynth")


def sinks() -> Iterable[str]:
    return ("auto", "sounddevice", "miniaudio", "listen", "null", "file:")


def sessions() -> Iterable[str]:
    """The newest sessions. The library is only looked at: Tab makes none and mends none."""
    from engine.session.library.database import newest_ids
    from engine.session.library.reading import ID
    from musmed_tui.paths import folders

    found = newest_ids(folders().library / "library.sqlite", _SESSIONS)
    return [one for one in found if ID.fullmatch(one)]


def themes() -> Iterable[str]:
    from musmed_tui.theming import theme_names

    return theme_names()


def hosts() -> Iterable[str]:
    from musmed_tui.hosts import read_hosts
    from musmed_tui.paths import folders

    return tuple(read_hosts(folders()))


def codecs() -> Iterable[str]:
    return ("flac", "opus")


def shells() -> Iterable[str]:
    return SHELLS
