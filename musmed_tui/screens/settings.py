"""Settings: every one in plain words, changed and written to the file at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from engine.errors import MusmedError
from engine.printable import one_line
from musmed_tui.screens.shown_focus import while_open
from musmed_tui.screens.whole import WholeScreen
from musmed_tui.setting_words import FROM_WHEN, GROUPS, WORDS
from musmed_tui.settings import RANGES, check_value, choices_of
from musmed_tui.settings_file import SettingsKeeper
from musmed_tui.widgets.transport import Transport
from musmed_tui.widgets.typed_line import TypedLine
from musmed_tui.widgets.words import Words

TITLE_WIDTH = 22
STEPS = {
    "minutes": 1.0, "temperature": 0.1, "latency": 0.1, "volume": 0.05, "guidance": 0.5,
    "top_k": 10.0, "sampling_temperature": 0.1, "library_gb": 1.0,
}  # fmt: skip
"""What left and right add to a number."""


class SettingLine(TypedLine):
    """A value to type."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "take it", key_display="enter", id="setting.take"),
    ]


class SettingList(OptionList):
    """The settings, a line each."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "type", key_display="enter", id="setting.type"),
        Binding(
            "right",
            "screen.step(1)",
            "change",
            key_display="←→",
            tooltip="The value after",
            id="setting.next",
        ),
        Binding(
            "left", "screen.step(-1)", show=False, tooltip="The value before", id="setting.previous"
        ),
    ]


class SettingsScreen(WholeScreen[bool], ModalScreen[bool]):
    """Over a ``keeper``; ``themes`` are the names of those there are, and ``written`` is told
    each key that was. Gives whether one was."""

    CSS_PATH = "settings.tcss"
    AUTO_FOCUS = "#settings-list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,delete", "reset", "as musmed has it",
                tooltip="Take it out of your file", id="setting.reset"),
        Binding("space", "app.pause", "pause", id="session.pause"),
        Binding("e", "app.ease", "ease", id="session.ease"),
        Binding("escape,o,f2", "leave", "back", key_display="Esc", id="setting.leave"),
    ]  # fmt: skip

    def __init__(
        self, keeper: SettingsKeeper, themes: tuple[str, ...], written: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._keeper = keeper
        self._themes = themes
        self._written = written
        self._changed = False

    def compose(self) -> ComposeResult:
        with Vertical(id="settings"):
            yield Words(id="settings-heading")
            yield SettingList(*self._options(), id="settings-list", markup=False)
            yield Words(id="settings-about")
            yield SettingLine(id="settings-line", compact=True, max_length=400)
            yield Words(id="settings-said")
        yield Transport()

    def on_mount(self) -> None:
        self.query_one("#settings-heading", Words).say(
            ("Settings", "$now bold"), (f"  in {self._keeper.path}", "$muted")
        )
        self.query_one(SettingList).highlighted = 1
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("step", "reset") and isinstance(self.focused, Input):
            return False
        if action == "step":
            return bool(self._choices() or self._key() in RANGES) and self._is_free()
        if action == "reset":
            return self._key() in self._keeper.loaded.origins and self._is_free()
        return super().check_action(action, parameters)

    def action_step(self, way: int) -> None:
        """To the value after this one, or before it."""
        key = self._key()
        if choices := self._choices():
            shown = self._keeper.shown(key)
            at = choices.index(shown) if shown in choices else -way
            self._write(choices[(at + way) % len(choices)])
        elif key in RANGES:
            low, high = RANGES[key]
            value = float(self._keeper.shown(key)) + way * STEPS[key]
            self._write(f"{min(high, max(low, value)):g}")

    def action_reset(self) -> None:
        self._write("")

    def action_leave(self) -> None:
        """Leave what is typed, or the screen."""
        if isinstance(self.focused, Input):
            self._end_typing()
        else:
            self.dismiss(self._changed)

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self._show()

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        """A value to type; one of a few is the next of them."""
        if not self._is_free():
            self._say(f"{self._keeper.variable(self._key())} in the environment sets this.")
        elif self._choices():
            self.action_step(1)
        else:
            self.add_class("-typing")
            line = self.query_one(SettingLine)
            line.value = self._keeper.shown(self._key())
            line.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """Said while it is typed, and nothing written yet."""
        if not self.has_class("-typing"):
            return
        try:
            if event.value.strip():
                check_value(self._key(), event.value.strip(), "This")
        except MusmedError as error:
            self._say(str(error))
        else:
            self._say("")

    @on(Input.Submitted)
    def _taken(self, event: Input.Submitted) -> None:
        if self._write(event.value.strip()):
            self._end_typing()

    def _end_typing(self) -> None:
        self.remove_class("-typing")
        self.query_one(SettingList).focus()
        self._show()

    def _write(self, text: str) -> bool:
        key = self._key()
        try:
            self._keeper.write(key, text)
        except MusmedError as error:
            self._say(str(error))
            return False
        listed = self.query_one(SettingList)
        assert listed.highlighted is not None
        listed.replace_option_prompt_at_index(listed.highlighted, self._row(key))
        self._changed = True
        self._written(key)
        self._show()
        self._say(f"Written. {FROM_WHEN[WORDS[key].holds]}".strip(), "$now")
        return True

    def _key(self) -> str:
        listed = self.query_one(SettingList)
        option = listed.highlighted_option
        return option.id if option is not None and option.id else "minutes"

    def _choices(self) -> tuple[str, ...]:
        key = self._key()
        return self._themes if key == "theme" else choices_of(key)

    def _is_free(self) -> bool:
        return self._keeper.variable(self._key()) is None

    def _options(self) -> list[Option]:
        options: list[Option] = []
        for name, group in GROUPS:
            options.append(Option(Content.styled(name, "$muted"), disabled=True))
            options += [Option(self._row(words.key), id=words.key) for words in group]
        return options

    def _row(self, key: str) -> Content:
        words = WORDS[key]
        mark = "·" if key in self._keeper.loaded.origins else " "
        title = f"{mark} {words.title}"
        unset = key == "theme" and key not in self._keeper.loaded.origins
        value = "the one used last" if unset else one_line(words.value(self._keeper.shown(key)))
        return Content.assemble(title + " " * max(1, TITLE_WIDTH - cell_len(title)), value)

    @while_open
    def _show(self) -> None:
        """What is marked, in a sentence, and where its value comes from."""
        key = self._key()
        words = WORDS[key]
        origin = self._keeper.origin(key)
        self.query_one("#settings-about", Words).say(
            f"{words.sentence} ", (f"{origin[:1].upper()}{origin[1:]}.", "$muted")
        )
        fixed = "" if self._is_free() else "It is set by the environment and can't be changed here."
        self._say(fixed)
        self.refresh_bindings()

    def _say(self, sentence: str, style: str = "$warning") -> None:
        self.query_one("#settings-said", Words).say((sentence, style))
