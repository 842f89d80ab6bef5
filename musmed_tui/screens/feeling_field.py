"""A line on which a feeling is typed, with completion."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from engine.affect.circumplex import Affect
from engine.affect.feelings import (
    Feeling,
    UnknownFeelingError,
    nearest_feelings,
    parse_affect,
    spellings,
)
from engine.affect.harm import help_for, speaks_of_harm
from engine.affect.meaning import beside, meant, near_words
from engine.affect.real_words import NEVER_TYPOS
from engine.affect.spelling import plain
from engine.errors import MusmedError
from musmed_tui.widgets.typed_line import TypedLine
from musmed_tui.wording import MAX_TYPED, completions

SAME = 0.03
"""How near, in affect units, a point must lie to a feeling's place to be called by its word."""

WORDS = spellings()


class FeelingField(TypedLine):
    """Holds an affect: typed as a word or 'v,a', or ``put`` from elsewhere.

    ``Chosen`` comes when what is typed has become, or is no longer, a feeling; ``Input.Submitted``
    when Enter was pressed (an unfinished word is completed first; where a typo or another word for
    a feeling was typed, the feeling is only written).
    ``wanted``: it is the feeling to go to. ``otherwise`` is said of a word that is not known.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "submit",
            "take it",
            key_display="enter",
            tooltip="Take what is typed",
            id="feeling.take",
        ),
    ]

    class Chosen(Message):
        def __init__(self, field: FeelingField) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> FeelingField:
            return self.field

    def __init__(
        self,
        placeholder: str,
        *,
        id: str,  # noqa: A002
        wanted: bool = False,
        otherwise: str = "",
    ) -> None:
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
        self._wanted = wanted
        self._otherwise = otherwise

    def choose(self, feeling: Feeling) -> None:
        """Hold ``feeling``, by its word."""
        self._hold(feeling.affect, feeling.word, feeling.word)

    def put(self, affect: Affect) -> None:
        """Hold ``affect`` and show its word, or the word it is near."""
        near = nearest_feelings(affect, 1)[0]
        same = affect.distance(near.affect) <= SAME
        said = near.word if same else f"near {near.word}"
        self._hold(affect, near.word if same else None, said)

    def _hold(self, affect: Affect, word: str | None, said: str) -> None:
        self.affect, self.word = affect, word
        with self.prevent(Input.Changed):
            self.value = said
            self.cursor_position = len(said)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._parse(event.value)
        self.post_message(self.Chosen(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter takes a feeling, or writes what may be meant; else there is nothing to take."""
        if action != "submit":
            return super().check_action(action, parameters)
        return bool(self.affect or completions(self.value, WORDS, 1) or self._guess())

    async def action_submit(self) -> None:
        whole = plain(self.value) in NEVER_TYPOS  # 'harm' is no beginning of 'harmonious'
        if self.affect is None and not whole and (found := completions(self.value, WORDS, 1)):
            self.value = found[0]
            self._parse(found[0])
        elif guess := self._guess():
            self.value = guess[0]
            self.cursor_position = len(guess[0])
            return
        await super().action_submit()

    @property
    def in_danger(self) -> bool:
        """Whether what is typed says that its writer is in danger from themselves."""
        return speaks_of_harm(self.value)

    @property
    def trouble(self) -> str:
        """Why what is typed is no feeling (a sentence), or words it may become; where help is
        found, for who is ``in_danger``."""
        if help_here := help_for(self.value):
            return help_here
        if self.affect is not None or not self.value.strip():
            return ""
        return ", ".join(completions(self.value, WORDS)) or self._why_not()

    @property
    def near(self) -> tuple[str, ...]:
        """Words beside the one that is typed, where that is known; what it may mean, where not."""
        if self.affect is not None:
            return tuple(one.word for one in beside(self.value))
        return tuple(one.word for one in meant(self.value))

    def _why_not(self) -> str:
        if self._is_near:
            near = ", ".join(self.near)
            return f"Near in meaning: {near}. Enter writes {self.near[0]}."
        if guess := self._guess():
            return f"Did you mean {' or '.join(guess)}? Enter writes {guess[0]}."
        try:
            parse_affect(self.value)
        except UnknownFeelingError:
            return f"Not a word musmed knows. {self._otherwise}".strip()
        except MusmedError as error:
            return str(error)
        return ""

    @property
    def _is_near(self) -> bool:
        """Whether another word for feelings is typed, rather than one of them with a slip."""
        if self.affect is not None or not self.near:
            return False
        return plain(self.value) in near_words() or not self._slip()

    def _guess(self) -> list[str]:
        """What is written by Enter in the place of what is typed: what that may mean, or what it
        is with a slip, if it is."""
        return list(self.near) if self._is_near else self._slip()

    def _slip(self) -> list[str]:
        if self.affect is not None or not self.value.strip():
            return []
        try:
            parse_affect(self.value)
        except UnknownFeelingError as error:
            return error.suggestions
        except MusmedError:
            pass
        return []

    def _parse(self, text: str) -> None:
        try:
            self.affect, self.word = parse_affect(
                text.strip().removeprefix("near "), wanted=self._wanted
            )
        except MusmedError:
            self.affect = self.word = None
