"""The man page, from the commands themselves: ``python scripts/man.py`` writes ``man/musmed.1``.

No date stands in it: the same commands, the same page (``tests/contract/test_man.py`` compares).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from textual.binding import Binding

from engine import __version__
from musmed_tui.cli import app
from musmed_tui.key_words import key_name
from musmed_tui.screens.session_keys import SESSION_KEYS

PAGE = Path(__file__).parents[1] / "man" / "musmed.1"
_SPECIAL = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}

ABOUT = (
    "Say how you feel and how you want to feel: musmed plans a path between the two, composes "
    "music along it and plays each piece while the next one is being composed.",
    "Without a command it opens the screen, on which everything else has a key; ? lists them.",
    "It is for listening on your own or between sessions with a music therapist, not instead of "
    "them, and no medical device.",
)
EXAMPLES = (
    ("musmed", "Open the screen and choose there."),
    ("musmed play --from tense --to calm", "Fifteen minutes from tense to calm."),
    ("musmed play --from tired --to calm --minutes 40 --sleep 30", "To fall asleep to."),
    ("musmed resume", "Go on with the session that was stopped last."),
    ("tmux new -s musmed", "A shell in which musmed outlives the line to this machine."),
)
FILES = (
    ("~/.config/musmed/settings.toml", "What holds when an option does not say otherwise."),
    ("~/.local/share/musmed/library", "The sessions and their sound, readable by you alone."),
    ("~/.local/state/musmed/musmed.log", "What went wrong."),
)
ENVIRONMENT = (
    ("MUSMED_HOME", "One folder for all that musmed keeps."),
    ("MUSMED_KEY", "Any key of the settings, in capitals, such as MUSMED_VOLUME=0.5."),
    ("NO_COLOR", "Where it is set nothing is coloured."),
)
STATUS = (
    ("0", "Done."),
    ("1", "A defect of musmed's; its log says where."),
    ("2", "Something you can mend; one sentence says what."),
    ("129, 130, 143", "Ended by SIGHUP, SIGINT, SIGTERM; the session is kept."),
)


def page() -> str:
    """All of it."""
    group: Any = typer.main.get_command(app)
    lines = [
        f'.TH MUSMED 1 "" "musmed {__version__}" "User Commands"',
        *(".SH NAME", r"musmed \- compose and play music medicine in a terminal"),
        *(".SH SYNOPSIS", ".B musmed", *_synopsis(group), ".br"),
        *(".B musmed", r".I COMMAND", "[OPTIONS]"),
        ".SH DESCRIPTION",
    ]
    for paragraph in ABOUT:
        lines += [".PP", text(paragraph)]
    lines += [".SH OPTIONS", *_options(group), *_entries("EXAMPLES", EXAMPLES), ".SH COMMANDS"]
    lines += _commands(group, "musmed")
    lines += [*_entries("KEYS OF A SESSION", _keys()), *_entries("FILES", FILES)]
    lines += [*_entries("ENVIRONMENT", ENVIRONMENT), *_entries("EXIT STATUS", STATUS)]
    lines += [".SH SEE ALSO", ".BR tmux (1),", ".BR playerctl (1)"]
    return "\n".join(lines) + "\n"


def text(words: str) -> str:
    """For the page: no character of it is taken for roff."""
    said = "".join(_SPECIAL.get(one, one) for one in " ".join(words.split()))
    plain = "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in said)
    return f"\\&{plain}" if plain.startswith(".") else plain


def _entries(title: str, entries: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f'.SH "{title}"'
    for head, said in entries:
        yield from (".TP", rf"\fB{text(head)}\fR", text(said))


def _commands(group: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - typer's or click's
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        whole = f"{path} {name}"
        yield f'.SS "{text(whole)}"'
        yield from (rf"\fB{text(whole)}\fR", *_synopsis(command), ".PP")
        for paragraph in (command.help or "").split("\n\n"):
            yield from (text(paragraph), ".PP")
        yield from _options(command)
        if hasattr(command, "commands"):
            yield from _commands(command, whole)


def _synopsis(command: Any) -> list[str]:  # noqa: ANN401
    said = ["[OPTIONS]"] if any(one.opts[0].startswith("-") for one in command.params) else []
    arguments = [one.metavar or "" for one in command.params if not one.opts[0].startswith("-")]
    return [*said, *(rf"\fI{text(one)}\fR" for one in arguments)]


def _options(command: Any) -> Iterator[str]:  # noqa: ANN401
    for one in command.params:
        if getattr(one, "hidden", False):
            continue
        option = one.opts[0].startswith("-")
        names = ", ".join((*one.opts, *one.secondary_opts)) if option else ""
        takes = (
            "" if getattr(one, "is_flag", False) else one.metavar or ("NUMBER" if option else "")
        )
        head = " ".join((*([rf"\fB{text(names)}\fR"] if names else []), rf"\fI{text(takes)}\fR"))
        yield from (".TP", head.removesuffix(r" \fI\fR"), text(one.help or ""))


def _keys() -> tuple[tuple[str, str], ...]:
    told = [one for one in SESSION_KEYS if isinstance(one, Binding) and one.tooltip]
    return tuple((key_name(one), f"{one.tooltip}.") for one in told)


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
