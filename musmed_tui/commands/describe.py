"""``musmed describe``: what a session, a MIDI file or a sound file is, in ten features and bar by
bar."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.errors import MusmedError
from engine.places import look_at, open_file, place_of
from engine.plan.described import DescribedBar, Description
from engine.printable import visible
from musmed_tui.commands.measure import PATIENCE, StoppedError, measuring
from musmed_tui.commands.one_session import is_id
from musmed_tui.commands.sessions import open_log, opened
from musmed_tui.exits import exit_code
from musmed_tui.terminal.streams import remark, say, say_json, tell, write_out
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Signals
from musmed_tui.wording import clock

if TYPE_CHECKING:
    from engine.description.described import Described
    from engine.description.features import Figure
    from engine.session.library.records import StoredSession

SAID = {
    "energy": "how stirred it sounds",
    "valence": "how glad it sounds",
    "loudness": "how loud it is",
    "instrumentalness": "how much of it has no voice",
    "danceability": "how well one may dance to it",
    "acousticness": "how much of it needs no electricity",
    "key": "its key",
    "mode": "major or minor",
    "time_signature": "its beats in a bar",
    "tempo": "how fast it goes",
}
"""Each feature in plain words."""
_COLUMNS = ("bar", "metre", "notes", "pitch", "velocity", "length", "chords", "instruments")
LOOK_SECONDS = 0.05
_MIDI_HEADS = (b"MThd", b"RIFF")


def describe(
    thing: str | None,
    *,
    bars: bool,
    tokens: bool,
    output: str | None,
    as_json: bool,
    now: Callable[[], float] = time.monotonic,
) -> int:
    """Print what ``thing`` is, or write it into the new file ``output``; gives the exit code.
    ``now``: seconds of a steady clock. Raises ``MusmedError``."""
    if not thing:
        raise MusmedError(
            "What is to be described is missing: name a session ('musmed sessions'), a MIDI file "
            "or a sound file."
        )
    if tokens and as_json:
        raise MusmedError("--tokens are lines of text; leave out --json.")
    target = None if output is None else place_of(output, "description")
    with Signals() as signals:
        try:
            made = _described(thing, signals, now)
        except StoppedError:
            remark("Stopped; nothing is described.")
            return exit_code(signals.stop)
    if target is not None:
        _write(target, thing, made, tokens=tokens)
    elif tokens:
        _say_tokens(made)
    elif as_json:
        from engine.description.described import document

        say_json({"of": thing, **msgspec.structs.asdict(document(made))})
    else:
        _show(thing, made, bars=bars)
    return 0


def _described(thing: str, signals: Signals, now: Callable[[], float]) -> Described:
    if is_id(thing) and not Path(thing).exists():
        return _session(thing, signals, now)
    from engine.description.described import describe_midi

    path = place_of(thing, "MIDI or sound file")
    if _is_midi(path):
        return patiently(lambda: describe_midi(path), signals, now)
    if _is_description(path):
        raise MusmedError(
            f"{visible(str(path))} is a description already; 'musmed plan --description' takes it."
        )
    return _sound(path, signals, now)


def _is_description(path: Path) -> bool:
    from engine.description.text import HEAD

    if look_at(path, "description") != "file":
        return False
    try:
        with open_file(path) as file:
            return file.read(len(HEAD)).startswith(HEAD.encode()[:-2])
    except OSError:
        return False  # the sentence is that of a sound that can't be read


def _sound(path: Path, signals: Signals, now: Callable[[], float]) -> Described:
    from engine.description.described import describe_sound

    with measuring(signals, now) as progress:
        return describe_sound(path, progress)


def patiently(
    work: Callable[[], Described], signals: Signals, now: Callable[[], float]
) -> Described:
    """What ``work`` gives, in a thread of its own: meanwhile it is said now and then that it takes
    a while. Raises ``StoppedError`` once a signal has come, and leaves it to itself."""
    done: list[Described] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="describe", daemon=True)
    began, following = now(), PATIENCE
    thread.start()
    while thread.is_alive():
        thread.join(LOOK_SECONDS)
        if signals.stop is not None:
            raise StoppedError
        if thread.is_alive() and now() - began >= following:
            remark(f"Reading the notes takes a while ({clock(now() - began)}); Ctrl-C stops.")
            following *= 2
    if failed:
        raise failed[0]
    return done[0]


def _is_midi(path: Path) -> bool:
    """By its first bytes, and of a file that has lost them by its name."""
    if look_at(path, "MIDI or sound file") != "file":
        return False  # the sentence is that of a sound that is not there
    try:
        with open_file(path) as file:
            head = file.read(12)
    except OSError:
        return False
    if head[:4] == _MIDI_HEADS[1]:
        return head[8:] == b"RMID"
    return head[:4] == _MIDI_HEADS[0] or path.suffix.lower() in (".mid", ".midi", ".kar", ".rmi")


def _session(session: str, signals: Signals, now: Callable[[], float]) -> Described:
    """A kept session: by its score where it has one, else by its sound as it was heard."""
    from engine.description.session import describe_session
    from engine.render import request_of, said_of_score

    where = open_log()
    if not where.library.is_dir():
        raise MusmedError(f"There is no session {session}; 'musmed sessions' lists them.")
    with opened(where.library) as library:
        stored = library.load(session)
    if _has_score(stored):
        made = patiently(
            lambda: describe_session(request_of(stored), stored.events, stored.records.values()),
            signals,
            now,
        )
        remarks = (*said_of_score(stored), *made.remarks)
        return msgspec.structs.replace(made, remarks=remarks)
    return _heard(stored, where.library / "sessions" / session, signals, now)


def _has_score(stored: StoredSession) -> bool:
    """Whether the embedded composer made all of it."""
    composers = {
        stage.composer for record in stored.records.values() if record for stage in record.stages
    }
    return (composers or {stored.composer}) == {"embedded"}


def _heard(
    stored: StoredSession, clips: Path, signals: Signals, now: Callable[[], float]
) -> Described:
    """By what was heard of it, written from its clips into a file that goes again."""
    from engine.heard import heard_until, write_heard
    from engine.playback.sinks.file import FileSink

    if heard_until(stored) <= 0.0:
        raise MusmedError("Nothing was heard of this session yet, and it has no score.")
    with tempfile.TemporaryDirectory(prefix="musmed-") as folder:
        path = Path(folder) / "heard.wav"
        written = write_heard(
            stored,
            clips,
            FileSink(path),
            progress=lambda done, total: None,
            cancelled=lambda: signals.stop is not None,
        )
        if signals.stop is not None:
            raise StoppedError
        if written is None:
            raise MusmedError(
                "Clips of this session are gone, and it has no score; 'musmed render --session "
                f"{stored.id} -o FILE' makes its sound again."
            )
        return _sound(path, signals, now)


def _write(target: Path, thing: str, made: Described, *, tokens: bool) -> None:
    from engine.description.text import write_description, write_lines

    if made.description is None:
        raise MusmedError(
            f"{visible(thing)} has no notes that are known, so there are no bars to write."
        )
    if tokens:
        from engine.description.tokens import tokens_of

        write_lines(target, tokens_of(made.description))
    else:
        of = [f"Of {visible(thing)}, {clock(made.seconds)}"]
        remarks = (*of, *map(_line, made.figures), *filter(None, [_asked_for(made)]))
        write_description(target, made.description, remarks)
    count = len(made.description.bars)
    if tokens:
        count = min(count, _tokens_said(made.description))
    for sentence in made.remarks:
        remark(sentence)
    tell(f"Wrote {visible(str(target))} ({count} bar{'s' if count != 1 else ''}).")


def _tokens_said(description: Description) -> int:
    """For how many bars FIGARO has words; it is said where that is not all of them."""
    from engine.description.tokens import MOST_BARS

    if len(description.bars) > MOST_BARS:
        remark(f"FIGARO has words for {MOST_BARS} bars; the others are left out.")
    return MOST_BARS


def _say_tokens(made: Described) -> None:
    from engine.description.tokens import tokens_of

    if made.description is None:
        raise MusmedError("There are no notes that are known, so there are no tokens.")
    _tokens_said(made.description)
    for sentence in made.remarks:
        remark(sentence)
    write_out("".join(f"{token}\n" for token in tokens_of(made.description)))


def _show(thing: str, made: Described, *, bars: bool) -> None:
    rows = [
        (one.name.replace("_", " "), SAID[one.name], _value(one), one.said) for one in made.figures
    ]
    print_table(
        f"{thing}, {clock(made.seconds)}",
        ("feature", "what", "value", "how"),
        rows,
        spare=("what",),
    )
    if bars and made.description is not None:
        say()
        print_table(
            "Bar by bar",
            _COLUMNS,
            list(_rows(made.description.bars)),
            spare=("velocity", "length", "pitch"),
        )
    elif bars and made.kind == "sound":
        remark("A sound has no notes that are known, so there are no bars.")
    for sentence in made.remarks:
        remark(sentence)
    if asked := _asked_for(made):
        remark(asked)


def _asked_for(made: Described) -> str:
    """How its features are asked for; '' where none can be."""
    from engine.description.features import as_wanted
    from engine.plan.feature_words import written

    wanted = written(as_wanted(made.figures))
    return f"--features {wanted} asks for music like it." if wanted else ""


def _rows(bars: Sequence[DescribedBar]) -> Iterator[tuple[str, ...]]:
    for number, bar in enumerate(bars, 1):
        yield (
            str(number),
            bar.time_signature or "",
            _plain(bar.note_density),
            _plain(bar.mean_pitch),
            _plain(bar.mean_velocity),
            _plain(bar.mean_duration),
            " ".join(bar.chords),
            ", ".join(bar.instruments),
        )


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _value(figure: Figure) -> str:
    match figure.value:
        case None:
            return "-"
        case str() as word:
            return word
        case value if figure.name in ("loudness", "tempo"):
            return f"{value:.1f} {'LUFS' if figure.name == 'loudness' else 'a minute'}"
        case value:
            return f"{value:.2f}"


def _line(figure: Figure) -> str:
    return f"{figure.name.replace('_', ' ')}: {_value(figure)} ({figure.said})"
