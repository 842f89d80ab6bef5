"""The words, marks and steps that the plain player and the screens have in common. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from engine.affect.circumplex import Affect
from engine.affect.feelings import did_you_mean, nearest_feelings
from engine.listener.ratings import Felt, Rating
from engine.session.conductor.line_state import LineState

SEEK_SECONDS = 10.0
"""How far the seek keys go."""
VOLUME_STEP = 0.05
"""What the volume keys add or take, linear gain."""
MAX_TYPED = 60
"""Characters of a feeling that is being typed."""


class StateMarks(NamedTuple):
    """The marks of a session's states, an arrow and a cut, in what the terminal can show."""

    starting: str
    playing: str
    paused: str
    away: str
    composing: str
    ended: str
    stopped: str
    failed: str
    arrow: str
    cut: str


UNICODE = StateMarks("○", "▸", "‖", "!", "…", "■", "■", "×", "→", "…")
ASCII = StateMarks("o", ">", "=", "!", "~", ".", ".", "x", "->", "~")


def clock(seconds: float) -> str:
    """Session seconds as '3:07' or '1:00:00'; whole seconds, rounded down."""
    whole = max(0, int(seconds))
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"


def time_left(position: float, total: float) -> str:
    """'8:33': what is left at ``position`` of ``total`` session seconds, so that what is shown of
    both adds up."""
    return clock(max(0.0, total - int(position)))


def line_in_words(line: LineState | None, ahead: float) -> str:
    """What there is to know of the line to another machine, with ``ahead`` seconds of music here;
    '' where all is well."""
    if line is None or line.standing == "up":
        return ""
    rest = f"{clock(ahead)} of music is here and plays on"
    if line.standing == "down":
        return f"The line to {line.name} is down; {rest}."
    if line.standing == "login":
        return (
            f"The line to {line.name} is down; {rest}. 'musmed host check {line.name}' in another "
            "terminal makes it again."
        )
    if line.standing == "left":
        return f"Composed here since the line to {line.name} dropped."
    if line.standing == "answers":
        return f"{line.name} answers again: b composes there."
    return f"The next clip is composed on {line.name} again."


def line_in_short(line: LineState | None, ahead: float) -> str:
    """The same for a line that says other things, too: what has to be known now."""
    if line is not None and line.is_down:
        return f"no line to {line.name}: {clock(ahead)} here"
    return f"{line.name} answers: b" if line is not None and line.is_offered else ""


def sleep_in_short(minutes: int | None) -> str:
    """The sleep timer, with so many whole minutes left; '' where none is set. No seconds: a
    session that is paused draws nothing."""
    if minutes is None:
        return ""
    return f"sleep in {minutes} min" if minutes else "falling asleep"


def length(minutes: float) -> str:
    """``1`` is '1 minute', ``15`` is '15 minutes', ``2.5`` is '2:30'."""
    if minutes != round(minutes):
        return clock(60.0 * minutes)
    return f"{minutes:g} minute" if minutes == 1 else f"{minutes:g} minutes"


def nearest_word(affect: Affect) -> str:
    """The feeling word nearest to ``affect``."""
    return nearest_feelings(affect, 1)[0].word


def named(name: str, way: str) -> str:
    """A session's way in words, behind its name if it has one."""
    return f"{name}: {way}" if name else way


def change_in_short(felt: Felt) -> str:
    """Of valence and of arousal, after less before; '' where neither is known."""
    valence, arousal = felt.change
    if valence is None and arousal is None:
        return ""
    return ",".join("-" if one is None else f"{one:+d}" for one in (valence, arousal))


def rating_in_words(rating: Rating) -> str:
    """'pleasant 30, awake 70', each of 100; 'not said' for none."""
    both = (("pleasant", rating.valence), ("awake", rating.arousal))
    return ", ".join(f"{word} {value}" for word, value in both if value is not None) or "not said"


def change_in_words(felt: Felt) -> str:
    """'pleasant +30, awake -30': after less before; '' where neither is known."""
    both = zip(("pleasant", "awake"), felt.change, strict=True)
    return ", ".join(f"{word} {value:+d}" for word, value in both if value is not None)


def suggest(text: str, words: Sequence[str], n: int = 4) -> tuple[str, ...]:
    """Up to ``n`` of ``words``: those that begin with ``text``, else those it is a typo of."""
    plain = text.strip().lower()
    if not plain:
        return ()
    return completions(plain, words, n) or tuple(w for w in did_you_mean(plain) if w in words)[:n]


def completions(text: str, words: Sequence[str], n: int = 4) -> tuple[str, ...]:
    """Up to ``n`` of ``words``: those that begin with ``text``, in their order."""
    plain = text.strip().lower()
    return tuple(itertools.islice((w for w in words if w.startswith(plain)), n)) if plain else ()
