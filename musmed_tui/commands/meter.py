"""``musmed meter``: how the meter is bent to the listener, and from what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import MusmedError
from engine.listener.personal_meter import PersonalMeter, personal_meter, said
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.terminal.streams import say, say_json, tell

if TYPE_CHECKING:
    from engine.session.library.library import Library

NOTHING = (
    "Nothing was rated yet that the meter has read: 'musmed rate' keeps how you feel right after a "
    "session, 'musmed rate --clips' asks about six clips of 30 seconds."
)


def meter_of(library: Library) -> PersonalMeter:
    """The meter of who has rated what is kept in ``library``. Raises ``MusmedError``."""
    from engine.session.library.rated import rated_music

    return personal_meter(rated_music(library))


def show_meter(*, as_json: bool) -> None:
    """Print what was learned, and from what. Raises ``MusmedError``."""
    where = open_log()
    sessions = clips = 0
    meter = personal_meter(())
    if where.library.is_dir():
        from engine.session.library.rated import rated_sessions

        with opened(where.library) as library:
            meter = meter_of(library)
            sessions, clips = len(rated_sessions(library)), len(library.meter.clips())
    if as_json:
        say_json({**fits(meter), "sessions": sessions, "clips": clips})
        return
    if not sessions and not clips:
        say(NOTHING)
        return
    say(f"Set beside the meter: {_counted(sessions, 'session')} and {_counted(clips, 'clip')}.")
    for sentence in sentences(meter):
        say(sentence)


def forget_meter() -> None:
    """Learn nothing any more from what was rated so far. Raises ``MusmedError``."""
    where = open_log()
    if not where.library.is_dir():
        raise MusmedError(NOTHING)
    with opened(where.library) as library:
        count = library.meter.forget()
    if not count:
        raise MusmedError(
            "There is nothing of that to forget; 'musmed meter' says what was learned."
        )
    tell(
        "Forgotten: the meter is the general one. Answers about clips are deleted; how you felt "
        "after a session stays with it, and counts no more here."
    )


def sentences(meter: PersonalMeter) -> tuple[str, str]:
    """What the meter is for this listener."""
    return said("Valence", meter.valence), said("Arousal", meter.arousal)


def fits(meter: PersonalMeter) -> dict[str, object]:
    """Both axes for programs."""
    return {"valence": meter.valence, "arousal": meter.arousal}


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
