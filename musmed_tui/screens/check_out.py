"""The check-out: what was played, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, OptionList, ProgressBar

from engine.errors import MusmedError
from engine.listener.ratings import Felt
from engine.places import place_of
from engine.plan.planner import heard_clips
from engine.printable import visible
from engine.session.stretches import Stretch, stretches
from musmed_tui.drawing.plane_layout import PlaneState, plane_words
from musmed_tui.drawing.raster import Glyphs
from musmed_tui.drawing.timeline_picture import as_heard
from musmed_tui.grounding import LINE
from musmed_tui.screens.check_out_keys import KEYS
from musmed_tui.screens.check_out_words import MB_A_SECOND, choices, deeds, folded, short
from musmed_tui.screens.check_out_words import headline as words_of_headline
from musmed_tui.screens.grid import SHEET, GridScreen
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.screens.sliders import Said, SlidersScreen
from musmed_tui.session_control import Begun
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.choice import DeedList, FileLine, TakingList
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.felt_words import felt_in_words
from musmed_tui.widgets.timeline import Timeline, timeline_state
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.words import Part, Words, column_widths, wrapped
from musmed_tui.wording import ASCII, UNICODE, clock

_TIME = 8
_COMPOSING = "The whole session is composed again, into the file. Esc calls it off."
_BUSY = "Not while it saves; Esc calls it off."
_PLAYED_OUT = "It was played to its end; r replays it."
_DOTS = "small dots on the plane: how the music sounded"
_WRITING = "What was heard is written into the file. Esc calls it off."


class CheckOutScreen(GridScreen):
    """Shows the session that has ended. Posts ``Next``, ``Save`` and ``Rated``."""

    CSS_PATH = [SHEET, "check_out.tcss"]  # noqa: RUF012
    AUTO_FOCUS = "#choices"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    class Next(Message):
        """``what`` is 'replay', 'continue' or 'new'."""

        def __init__(self, what: str, begun: Begun) -> None:
            super().__init__()
            self.what = what
            self.begun = begun

    class History(Message):
        """The history is to be shown."""

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
        self._deeds = deeds(
            self._choices[0].seconds if self._choices[0].heard else 0.0,
            "" if self.finished else clock(last.position_s),
        )

    def compose(self) -> ComposeResult:
        yield Words(id="headline")
        with Horizontal(id="sides"):
            yield Circumplex(glyphs=self._glyphs, id="plane", classes="picture")
            with Vertical(id="panel", classes="panel"):
                if self._grounding:
                    yield Label(LINE, id="grounding", markup=False)
                yield Words(id="failure")
                yield DeedList(id="choices", markup=False)
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
                    yield Words(id="kept")
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
        self.query_one(Timeline).show(as_heard(timeline_state(self._last)))
        self.query_one("#failure", Words).say((self._last.failure or "", "$error"))
        self.set_class(self._last.failure is not None, "-failed")
        self._list_choices()
        self.show_felt(self._felt)
        self.call_after_refresh(self._show_clips)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_clips)

    def _list_choices(self) -> None:
        """Each with its key, whatever the listener's own keys are."""
        keys: dict[str, str] = {}
        for one in self.active_bindings.values():
            keys.setdefault(one.binding.action, self.app.get_key_display(one.binding))
        listed = self.query_one("#choices", OptionList)
        listed.add_options(
            Content.assemble((visible(keys.get(one.action, "")), "bold"), f" {one.does}")
            for one in self._deeds
        )
        listed.highlighted = 0

    def _show_plane(self) -> None:
        last, path = self._last, self._last.path
        self.query_one(Circumplex).show(
            PlaneState(
                path=tuple((point.time, point.affect) for point in path.waypoints),
                travelled_until=last.position_s,
                total=last.total_s,
                now=last.affect,
                now_word="end",
                measured=last.measured,
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
            *words_of_headline(
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
        room = self.query_one("#kept").content_size.width or self.app.size.width - 2
        if self._last.measured:
            yield (f"{folded(_DOTS, room)}\n", "$muted")
        yield (f"kept as {self._last.session_id}", "$muted")
        yield (f"\n{folded(short(self._folder), room)}", "$muted")

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

    @on(OptionList.OptionSelected, "#choices")
    async def _do_chosen(self, event: OptionList.OptionSelected) -> None:
        await self.run_action(self._deeds[event.option_index].action)

    def action_history(self) -> None:
        self.post_message(self.History())

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
        if dot and f".{suffix}" in MB_A_SECOND:
            file.value = f"{name}{self._chosen.suffix}"

    @on(OptionList.OptionSelected, "#what")
    def _take_what(self) -> None:
        self.set_focus(self.query_one("#file"))

    def action_cancel(self) -> None:
        """Leave the question, or call off what is being saved."""
        if self._saving:
            self.post_message(self.CallOff())
        self.remove_class("-asking")
        self.set_focus(self.query_one("#played" if self._saving else "#choices"))
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
        self.set_focus(self.query_one("#choices"))
        self.refresh_bindings()
        style = "$error" if failed else "$now"
        room = self.query_one("#saved").content_size.width or self.size.width - 2
        self.query_one("#saved", Words).say((folded(sentence, room), style))
