"""Textual's controls whose Enter has a name: the line of keys says what it does there."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Button, OptionList, Select
from textual.widgets._select import SelectCurrent, SelectOverlay

from musmed_tui.widgets.typed_line import TypedLine


def _enter(action: str, does: str, tooltip: str) -> Binding:
    return Binding("enter", action, does, key_display="enter", tooltip=tooltip, id="choice.take")


class Choice(Select[str]):
    """One of some words, from a list that opens."""

    BINDINGS: ClassVar[list[BindingType]] = [_enter("show_overlay", "open", "Open the list")]

    def compose(self) -> ComposeResult:
        yield SelectCurrent(self.prompt)
        yield ChoiceList(type_to_search=self._type_to_search).data_bind(compact=Select.compact)


class ChoiceList(SelectOverlay):
    """The list of a ``Choice`` that is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _enter("select", "take", "Take what is marked"),
        Binding(
            "escape",
            "dismiss",
            "close",
            tooltip="Close the list; nothing changes",
            id="choice.close",
        ),
    ]


class TakingList(OptionList):
    """A list that stands open."""

    BINDINGS: ClassVar[list[BindingType]] = [_enter("select", "take", "Take what is marked")]


class DeedList(OptionList):
    """A list of what can be done."""

    BINDINGS: ClassVar[list[BindingType]] = [_enter("select", "ok", "Do what is marked")]


class RowButton(Button, inherit_css=False):
    """A button of one row. Textual's own has a sheet of 57 rules, for every kind there is."""

    DEFAULT_CSS = """
    RowButton {
        width: auto;
        min-width: 16;
        height: auto;
        line-pad: 1;
        text-align: center;
        content-align: center middle;
        pointer: pointer;
        text-style: bold;
        color: $button-foreground;
        background: $surface;

        &:focus { text-style: $button-focus-text-style; background-tint: $foreground 5%; }
        &.-active { tint: $background 30%; }
        &.-active:ansi { background: $ansi-background !important; tint: transparent; }
    }
    """


class BeginButton(RowButton):
    """The button that begins a session."""

    BINDINGS: ClassVar[list[BindingType]] = [_enter("press", "begin", "Begin the session")]


class NumberLine(TypedLine):
    """A number to type; Enter goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [_enter("submit", "next", "Go to the next field")]


class FileLine(TypedLine):
    """A file's name to type; Enter takes it where there is one."""

    BINDINGS: ClassVar[list[BindingType]] = [_enter("submit", "save", "Save under this name")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "submit":
            return super().check_action(action, parameters)
        return bool(self.value.strip())

    def on_input_changed(self) -> None:
        self.refresh_bindings()
