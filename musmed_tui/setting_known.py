"""Whether a session can be made with a word or a file, asked before it is written as a setting."""

from __future__ import annotations

from engine.errors import MusmedError


def check_known(key: str, text: str) -> None:
    """Raises ``MusmedError`` where ``text``, of the right kind for the setting ``key``, names what
    there is none of: every session after it would be refused."""
    from engine.affect.mood_tables import read_table
    from engine.composers.base import resolve_composer
    from engine.places import look_at, place_of
    from engine.plan import words
    from musmed_tui.options import composer_of

    match key:
        case "instrument":
            words.instrument(text)
        case "genre":
            words.genre(text)
        case "composer":
            resolve_composer(composer_of(text))
        case "mood_table":
            read_table(place_of(text, "mood table"))
        case "soundfont" if look_at(place_of(text, "soundfont"), "soundfont") != "file":
            raise MusmedError(f"There is no file {text!r}.")
