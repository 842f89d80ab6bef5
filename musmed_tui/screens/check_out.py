"""The check-out: what was played, and what to do next."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Label, OptionList, ProgressBar

from engine.errors import MusmedError
from engine.listener.ratings import Felt
from engine.places import place_of
from engine.plan.planner import heard_clips
from musmed_tui.drawing.plane_layout import PlaneState, plane_words
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.grounding import LINE
from musmed_tui.screens.grid import SHEET, GridScreen
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.screens.sliders import Said, SlidersScreen
from musmed_tui.session_control import Begun
from musmed_tui.session_view import Snapshot
from musmed_tui.stretches import Stretch, stretches
from musmed_tui.widgets.choice import FileLine, TakingList
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.felt_words import felt_in_words
from musmed_tui.widgets.status import way
from musmed_tui.widgets.timeline import Timeline, timeline_state
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Part, Words, column_widths, wrapped
from musmed_tui.wording import ASCII, UNICODE, StateMarks, clock

_TIME = 8
_COMPOSING = "The whole session is composed again, into the file. Esc calls it off."
_BUSY = "Not while it saves; Esc calls it off."
_PLAYED_OUT = "It was played to its end; r replays it."
_WRITING = "What was heard is written into the file. Esc calls it off."
_MB_A_SECOND = {".flac": 0.15, ".ogg": 0.014}
"""About how large a second of sound is."""


class Choice(NamedTuple):
    """What may be saved: as much as was ``heard``, or the whole; how long that is; the suffix."""

    heard: bool
    seconds: float
    suffix: str

    @property
    def said(self) -> str:
        """At most 38 columns."""
        what = "what was heard" if self.heard else "the whole"
        kind = "FLAC" if self.suffix == ".flac" else "OGG"
        size = f"{max(1, round(self.seconds * _MB_A_SECOND[self.suffix]))} MB"
        return f"{what}, {clock(self.seconds)}".ljust(24) + f"{kind.ljust(4)} ~{size}"


def choices(heard: float, total: float) -> tuple[Choice, ...]:
    """What can be saved of a session of which ``heard`` of ``total`` seconds were heard."""
    some = [Choice(True, heard, suffix) for suffix in (".flac", ".ogg") if heard > 0.0]
    whole = [Choice(False, total, suffix) for suffix in (".flac", ".ogg")]
    return tuple(some if heard >= total else [*some, *whole])


class CheckOutScreen(GridScreen):
    """Shows the session that has ended. Posts ``Next``, ``Save`` and ``Rated``."""

    CSS_PATH = [SHEET, "check_out.tcss"]  # noqa: RUF012
    AUTO_FOCUS = "#played"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "cancel",
            "call it off",
            tooltip="While saving: call it off",
            id="check_out.call_off",
        ),
        Binding(
            "r",
            "next('replay')",
            "replay",
            tooltip="Play it again from the beginning",
            id="past.replay",
        ),
        Binding(
            "c",
            "next('continue')",
            "continue",
            tooltip="Go on where it was stopped",
            id="past.continue",
        ),
        Binding(
            "w",
            "ask",
            "save",
            tooltip="Save what was heard, or the whole, as a sound file",
            id="check_out.save",
        ),
        Binding(
            "s",
            "sliders",
            "sliders",
            tooltip="Say how you feel by two sliders, and a note",
            id="past.sliders",
        ),
        Binding(
            "n",
            "next('new')",
            "new session",
            tooltip="Choose two feelings again",
            id="check_out.new",
        ),
        Binding("question_mark,f1", "app.help", "help", key_display="?", id="app.help"),
        Binding("q", "app.quit", "quit", id="app.quit"),
        *(
            Binding(key, f"not_now('{key}')", show=False, id=same)
            for key, same in (
                ("r", "past.replay"),
                ("c", "past.continue"),
                ("w", "check_out.save"),
                ("n", "check_out.new"),
            )
        ),
    ]

    class Next(Message):
        """``what`` is 'replay', 'continue' or 'new'."""

        def __init__(self, what: str, begun: Begun) -> None:
            super().__init__()
            self.what = what
            self.begun = begun

    class Save(Message):
        """Save the session as ``output``, or as much of it as was ``heard``."""

        def __init__(self, screen: CheckOutScreen, output: Path, *, heard: bool) -> None:
            super().__init__()
            self.screen = screen
            self.begun = screen._begun
            self.output = output
            self.heard = heard

    class Rated(Message):
        """The listener has said how it was."""

        def __init__(self, screen: CheckOutScreen, said: Said) -> None:
            super().__init__()
            self.screen = screen
            self.session = screen._last.session_id
            self.said = said

    class CallOff(Message):
        """Stop saving."""

    def __init__(
        self,
        last: Snapshot,
        begun: Begun,
        folder: Path,
        glyphs: Glyphs = "braille",
        *,
        grounding: bool = False,
    ) -> None:
        super().__init__()
        self._grounding = grounding
        self._glyphs: Glyphs = glyphs
        self._last = last
        self._begun = begun
        self._folder = folder
        self._played: list[Stretch] | None = None
        self._saving = False
        self._felt = Felt()
        self._choices = choices(
            last.total_s if begun.runner.replay else last.position_s, last.total_s
        )
        self._chosen = self._choices[0]

    def compose(self) -> ComposeResult:
        yield Words(id="headline")
        with Horizontal(id="sides"):
            yield Circumplex(glyphs=self._glyphs, id="plane", classes="picture")
            with Vertical(id="panel", classes="panel"):
                if self._grounding:
                    yield Label(LINE, id="grounding", markup=False)
                yield Words(id="kept")
                yield Words(id="felt")
                with Vertical(id="save"):
                    yield Label("save", classes="label")
                    yield TakingList(*(one.said for one in self._choices), id="what", markup=False)
                    yield Label("as (.flac, .wav or .ogg)", classes="label")
                    yield FileLine(id="file", compact=True)
                    yield ProgressBar(id="progress", show_eta=False)
                yield Label("what was played", classes="heading")
                with VerticalScroll(id="played"):
                    yield Words(id="clips")
        yield Timeline(glyphs=self._glyphs, id="timeline")
        yield Words(id="saved")
        yield Transport()

    @while_open
    def on_mount(self) -> None:
        self.query_one(Circumplex).can_focus = False
        self.query_one("#file", Input).value = str(
            Path.cwd() / f"musmed-{self._last.session_id}.flac"
        )
        self._show_plane()
        self.query_one(Timeline).show(timeline_state(self._last))
        self.show_felt(self._felt)
        self.call_after_refresh(self._show_clips)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_clips)

    def _show_plane(self) -> None:
        last, path = self._last, self._last.path
        self.query_one(Circumplex).show(
            PlaneState(
                path=tuple((point.time, point.affect) for point in path.waypoints),
                travelled_until=last.position_s,
                total=last.total_s,
                now=last.affect,
                now_word="end",
                start=path.waypoints[0].affect,
                target=last.target,
                words=plane_words(last.mood_table),
                start_word=last.start_word,
                target_word=last.target_word,
            )
        )

    @while_open
    def _show_clips(self) -> None:
        headline = self.query_one("#headline", Words)
        headline.say(
            *_headline(
                self._last,
                ASCII if self._glyphs == "ascii" else UNICODE,
                headline.content_size.width or self.size.width - 2,
            )
        )
        self.query_one("#kept", Words).say(*self._kept())
        played = self._what_was_played()
        room = self.query_one("#clips").content_size.width - _TIME
        widths = column_widths([tags for _, *tags in played], room)
        parts: list[Part] = []
        for time, *tags in played:
            cells = [wrapped(tag, width - 1) for tag, width in zip(tags, widths, strict=True)]
            for number, row in enumerate(zip_longest(*cells, fillvalue="")):
                mood, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
                parts += [(("" if number else clock(time)).rjust(_TIME - 2), "$muted"), "  ", mood]
                parts += [("".join(rest).rstrip() + "\n", "$muted")]
        self.query_one("#clips", Words).say(*parts)

    def _what_was_played(self) -> list[Stretch]:
        """Found once: where much was changed, that takes as long as a plan does."""
        if self._played is None:
            status = self._begun.runner.status()
            clips = heard_clips(status.request, status.events, self._last.position_s)
            self._played = list(stretches(clips))
        return self._played

    def _kept(self) -> Iterator[Part]:
        yield ("kept as ", "$muted")
        yield self._last.session_id
        room = self.query_one("#kept").content_size.width or self.app.size.width - 2
        yield (f"\n{folded(_short(self._folder), room)}", "$muted")
        if self._last.failure is not None:
            yield (f"\n{self._last.failure}", "$error")

    @property
    def finished(self) -> bool:
        return self._last.state == "ended"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is left to continue of a session that was played to its end."""
        if action == "cancel":
            return self._saving or self.has_class("-asking")
        if action == "ask" and self.has_class("-asking"):
            return False
        if action in ("next", "ask") and self._saving:
            return False
        if action == "not_now":
            return self._why_not(str(parameters[0])) is not None
        return not (action == "next" and parameters == ("continue",) and self.finished)

    def _why_not(self, key: str) -> str | None:
        """Why ``key`` does nothing now, where it does nothing."""
        if self._saving:
            return _BUSY
        return _PLAYED_OUT if key == "c" and self.finished else None

    def action_not_now(self, key: str) -> None:
        """Say why ``key`` does nothing now."""
        if (sentence := self._why_not(key)) is not None:
            self.add_class("-told")
            self.query_one("#saved", Words).say((sentence, "$text"))

    def action_next(self, what: str) -> None:
        if not self._saving:
            self.post_message(self.Next(what, self._begun))

    # how it was

    def action_sliders(self) -> None:
        """Say how it is now."""

        def rated(said: Said | None) -> None:
            if said is not None:
                self.post_message(self.Rated(self, said))

        felt = self._felt
        self.app.push_screen(
            SlidersScreen("How do you feel now?", felt.after, felt.note, self._glyphs), rated
        )

    @while_open
    def show_felt(self, felt: Felt, trouble: str = "") -> None:
        """What is kept of how it was; ``trouble``: why it could not be kept, a sentence."""
        self._felt = felt
        parts: list[Part] = [*felt_in_words(felt)]
        if trouble:
            parts.append((f"\n{trouble}", "$error"))
        self.query_one("#felt", Words).say(*parts)

    # saving

    def action_ask(self) -> None:
        """Ask for the file's name."""
        if not self._saving:
            self.add_class("-asking")
            self.set_focus(self.query_one("#what"))
            self.refresh_bindings()

    @on(OptionList.OptionHighlighted, "#what")
    def _look_at(self, event: OptionList.OptionHighlighted) -> None:
        """The file's name follows what it will be."""
        self._chosen = self._choices[event.option_index]
        file = self.query_one("#file", Input)
        name, dot, suffix = file.value.rpartition(".")
        if dot and f".{suffix}" in _MB_A_SECOND:
            file.value = f"{name}{self._chosen.suffix}"

    @on(OptionList.OptionSelected, "#what")
    def _take_what(self) -> None:
        self.set_focus(self.query_one("#file"))

    def action_cancel(self) -> None:
        """Leave the question, or call off what is being saved."""
        if self._saving:
            self.post_message(self.CallOff())
        self.remove_class("-asking")
        self.set_focus(self.query_one("#played"))
        self.refresh_bindings()

    @on(Input.Submitted, "#file")
    def _begin_save(self, event: Input.Submitted) -> None:
        if event.value.strip() and not self._saving:
            try:
                output = place_of(event.value.strip(), "sound file")
            except MusmedError as error:
                self.show_saved(str(error), failed=True)
                return
            self._saving = True
            self.add_class("-saving")
            self.refresh_bindings()
            self.set_focus(self.query_one("#played"))
            heard = self._chosen.heard
            self.query_one("#saved", Words).say((_WRITING if heard else _COMPOSING, "$muted"))
            self.post_message(self.Save(self, output, heard=heard))

    def show_progress(self, done: float, total: float) -> None:
        """How far saving is, in session seconds."""
        self.query_one(ProgressBar).update(total=total, progress=done)

    def show_saved(self, sentence: str, *, failed: bool) -> None:
        """How saving ended."""
        self._saving = False
        self.remove_class("-saving", "-asking")
        self.add_class("-saved")
        self.refresh_bindings()
        style = "$error" if failed else "$now"
        room = self.query_one("#saved").content_size.width or self.size.width - 2
        self.query_one("#saved", Words).say((folded(sentence, room), style))


def _headline(last: Snapshot, marks: StateMarks, room: int) -> Iterator[Part]:
    where = f"{clock(last.position_s)} of {clock(last.total_s)}"
    ended = {
        "ended": f"{marks.ended} played to its end, {clock(last.total_s)}",
        "failed": f"{marks.failed} ended by a failure at {where}",
    }
    stopped = f"{marks.stopped} stopped at {where}"
    what, led = ended.get(last.state, stopped), way(last, marks.arrow)
    yield (what, "$error bold" if last.failure else "$now bold")
    below = len(what) + len(led) + 3 > room
    yield (f"\n{led}" if below else f"   {led}", "$muted")


def folded(text: str, width: int) -> str:
    """``text`` in lines of at most ``width`` columns, broken between words, and in a path that is
    longer than a line behind a slash: nothing of it is cut, and a size stays with its unit."""
    lines = [""]
    for word in re.split(r" (?!MB\))", text):
        pieces = re.findall(r"[^/]*/|[^/]+", word) if len(word) > width else [word]
        for number, piece in enumerate(pieces):
            gap = " " if number == 0 and lines[-1] else ""
            if lines[-1] and len(lines[-1]) + len(gap) + len(piece) > width:
                lines.append(piece)
            else:
                lines[-1] += gap + piece
    return "\n".join(lines)


def _short(folder: Path) -> str:
    """``folder`` with the home folder as ~."""
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{folder.relative_to(Path.home())}"
    return str(folder)
