"""A line on which a feeling is typed, with completion."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from engine.affect.circumplex import Affect
from engine.affect.feelings import FEELINGS, nearest_feelings, parse_affect
from engine.errors import MusmedError
from musmed_tui.wording import MAX_TYPED, suggest

SAME = 0.03
"""How near, in affect units, a point must lie to a feeling's place to be called by its word."""

WORDS = tuple(feeling.word for feeling in FEELINGS)


class FeelingField(Input):
    """Holds an affect: typed as a word or 'v,a', or ``put`` from elsewhere.

    ``Chosen`` comes when what is typed has become, or is no longer, a feeling; ``Input.Submitted``
    when Enter was pressed (an unfinished word is completed first).
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "take it", key_display="enter", tooltip="Take what is typed"),
    ]

    class Chosen(Message):
        def __init__(self, field: FeelingField) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> FeelingField:
            return self.field

    def __init__(self, placeholder: str, *, id: str) -> None:  # noqa: A002
        super().__init__(
            placeholder=placeholder,
            suggester=SuggestFromList(WORDS, case_sensitive=False),
            max_length=MAX_TYPED,
            compact=True,
            select_on_focus=True,
            id=id,
        )
        self.affect: Affect | None = None
        self.word: str | None = None

    def put(self, affect: Affect) -> None:
        """Hold ``affect`` and show its word, or the word it is near."""
        near = nearest_feelings(affect, 1)[0]
        same = affect.distance(near.affect) <= SAME
        self.affect, self.word = affect, near.word if same else None
        with self.prevent(Input.Changed):
            self.value = near.word if same else f"near {near.word}"
            self.cursor_position = len(self.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._parse(event.value)
        self.post_message(self.Chosen(self))

    async def action_submit(self) -> None:
        if self.affect is None and (found := suggest(self.value, WORDS, 1)):
            self.value = found[0]
            self._parse(found[0])
        await super().action_submit()

    @property
    def trouble(self) -> str:
        """Why what is typed is no feeling (a sentence), or words it may become."""
        if self.affect is not None or not self.value.strip():
            return ""
        found = suggest(self.value, WORDS)
        if found:
            return ", ".join(found)
        try:
            parse_affect(self.value)
        except MusmedError as error:
            return str(error)
        return ""

    def _parse(self, text: str) -> None:
        try:
            self.affect, self.word = parse_affect(text.strip().removeprefix("near "))
        except MusmedError:
            self.affect = self.word = None
