"""``musmed rate``: how the listener felt before and after a session."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.errors import MusmedError
from engine.listener.ratings import Felt, clean_note, parse_rating, written
from engine.printable import one_line
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.felt import Feelings, read_feelings
from musmed_tui.rating import keep
from musmed_tui.terminal.streams import remark, tell, write_out

if TYPE_CHECKING:
    from engine.session.library.library import Library


def _check_rating(text: str) -> None:
    parse_rating(text, "It")


_ASKED: tuple[tuple[str, str, Callable[[str], object]], ...] = (
    ("before", "Before it: valence,arousal, each 0 to 100 (such as 30,70)", _check_rating),
    ("after", "After it: valence,arousal", _check_rating),
    ("note", "A few words about it", clean_note),
)


def rate_session(session: str | None, said: Feelings, file: str | None) -> None:
    """Keep what was ``said``, or stands in ``file``, of a session (None: the newest); where
    nothing was, it is asked for. Raises ``MusmedError``."""
    said = _with_file(said, file)
    where = open_log()
    if not where.library.is_dir():
        raise MusmedError("There is no session to rate yet; 'musmed play' makes one.")
    with opened(where.library) as library:
        chosen = _chosen(library, session)
        if said == Feelings():
            if not sys.stdin.isatty():
                raise MusmedError(
                    "Nothing was said: give --before, --after, --note or --feelings FILE."
                )
            tell(f"Session {chosen}. Enter leaves a question out.")
            said = _asked()
        tell(f"{chosen}: {_in_words(_keep(library, chosen, said))}.")


def _with_file(said: Feelings, file: str | None) -> Feelings:
    if file is None:
        return said
    if said != Feelings():
        raise MusmedError("--feelings says it all; leave out --before, --after and --note.")
    found = read_feelings(file)
    if found.start is not None or found.target is not None:
        raise MusmedError(f"{file} has 'from' or 'to', which are for 'musmed play'.")
    if found == Feelings():
        raise MusmedError(f"{file} says nothing: give before, after or note in it.")
    return found


def _chosen(library: Library, session: str | None) -> str:
    """The session that is meant, if there is one."""
    if session is not None:
        return library.load(session).id
    newest = library.sessions(1)
    if not newest:
        raise MusmedError("There is no session to rate yet; 'musmed play' makes one.")
    return newest[0].id


def _asked() -> Feelings:
    """What is answered on the terminal, a question at a time; again where it is not understood."""
    answers: dict[str, str] = {}
    for key, question, check in _ASKED:
        while answer := _answer(question):
            try:
                check(answer)
            except MusmedError as error:
                remark(str(error))
                continue
            answers[key] = answer
            break
    return Feelings(**answers)


def _answer(question: str) -> str:
    """'' for none, and where the terminal is closed."""
    write_out(f"{question}: ")
    return sys.stdin.readline().strip()


def _keep(library: Library, session: str, said: Feelings) -> Felt:
    """All is read before anything is written."""
    return keep(
        library,
        session,
        before=None if said.before is None else parse_rating(said.before, "before"),
        after=None if said.after is None else parse_rating(said.after, "after"),
        note=None if said.note is None else clean_note(said.note),
    )


def _in_words(felt: Felt) -> str:
    """What is kept now; of the note only its length: others may look at the screen."""
    note = f", a note of {len(one_line(felt.note))} characters" if felt.note else ""
    return f"before {written(felt.before)}, after {written(felt.after)}{note}"
