"""What the line of keys promises, and whether a key that is pressed does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from support.walking import PromiseControl
from textual.widgets import Input, OptionList

from musmed_tui.screens.asking import ConfirmScreen, LineScreen
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_in_rest import MoreRow
from musmed_tui.screens.feeling_field import FeelingField
from musmed_tui.screens.feeling_list import FeelingListScreen
from musmed_tui.screens.help import HelpScreen
from musmed_tui.screens.history import HistoryScreen, SearchLine
from musmed_tui.screens.past import PastScreen
from musmed_tui.screens.preferences import PreferencesScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.screens.sliders import SlidersScreen
from musmed_tui.screens.weeks import WeeksScreen
from musmed_tui.widgets.choice import Choice
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.engine_card import EngineCard
from musmed_tui.widgets.slider import Slider
from musmed_tui.widgets.transport import Transport

PRESSED = {"move": "up", "jump": "c"}
"""What is pressed for an action whose line names more keys than one: arrows, letters."""
_ACROSS = "left"


class Promise(NamedTuple):
    """A key and the action that the line of keys has for it, in the words it uses."""

    key: str
    action: str
    does: str


def pressed(promise: Promise) -> str:
    """The key to press for it."""
    if promise.key == "across":
        return _ACROSS
    return PRESSED.get(promise.action, promise.key)


class Moment(NamedTuple):
    """How the app stood: what a key that does something changes."""

    screen: Any
    focused: Any
    value: str | None
    highlighted: int | None
    asked: tuple[object, ...]
    begun: tuple[object, ...]
    quits: int
    cursor: object
    question: object
    every_mood: bool
    classes: frozenset[str]
    card: bool
    plane: bool
    expanded: bool
    sliders: tuple[int | None, ...]
    options: int


def promises(app: Any) -> list[Promise]:
    """What the line of keys of the screen that is shown would say in a window of any width."""
    active = {key: one.binding.action for key, one in app.screen.active_bindings.items()}
    said = app.screen.query_one(Transport)._keys()
    return [Promise(key, active[key], does) for key, _, does in said]


def footer(app: Any) -> dict[str, str]:
    """The keys that the line has room for, and what each is said to do."""
    line = app.screen.query_one(Transport)
    does = {key: what for key, _, what in line._keys()}
    return {key: does[key] for _, _, key in line._spans}


def moment(app: Any, control: PromiseControl) -> Moment:
    screen, focused = app.screen, app.screen.focused
    cards, planes = screen.query(EngineCard), screen.query(Circumplex)
    return Moment(
        screen=screen,
        focused=focused,
        value=focused.value if isinstance(focused, Input) else None,
        highlighted=focused.highlighted if isinstance(focused, OptionList) else None,
        asked=tuple(control.runner.asked),
        begun=tuple(control.asked),
        quits=control.quits,
        cursor=planes.first().state.cursor if planes and planes.first().state else None,
        question=screen._asking.question if isinstance(screen, CheckInScreen) else None,
        every_mood=getattr(screen, "_every_mood", False),
        classes=frozenset(screen.classes),
        card=bool(cards and cards.first().region.area),
        plane=bool(planes and planes.first().region.area),
        expanded=any(one.expanded for one in screen.query(Choice)),
        sliders=tuple(one.value for one in screen.query(Slider)),
        options=sum(one.option_count for one in screen.query(OptionList)),
    )


def kept(promise: Promise, before: Moment, now: Moment) -> bool:
    """Whether what ``promise`` says is what became of ``before``. A ``KeyError`` means that nobody
    has said in ``_DOES`` what a new key is to do."""
    return _DOES[promise.action.removeprefix("app.")](before, now)


def _asked(before: Moment, now: Moment) -> list[Any]:
    """What was asked of the session meanwhile: words, or tuples that begin with one."""
    words = now.asked[len(before.asked) :]
    return [word[0] if isinstance(word, tuple) else word for word in words]


def _asks(word: str) -> Callable[[Moment, Moment], bool]:
    return lambda before, now: word in _asked(before, now)


def _comes(screen: type) -> Callable[[Moment, Moment], bool]:
    return lambda _, now: isinstance(now.screen, screen)


def _left(before: Moment, now: Moment) -> bool:
    """What lay over a screen is gone; or the steering is, and the path is as it was."""
    if isinstance(before.screen, HistoryScreen) and isinstance(before.focused, Input):
        return not isinstance(now.focused, Input)
    if not isinstance(before.screen, SessionScreen):
        return now.screen is not before.screen or isinstance(before.focused, Input)
    return "-steering" not in now.classes and "steer" not in _asked(before, now)


def _taken(before: Moment, now: Moment) -> bool:
    """The new path; or the feeling under the cursor, and the next question is asked."""
    if isinstance(before.screen, SessionScreen):
        return "-steering" not in now.classes and "steer" in _asked(before, now)
    return now.question != before.question


def _moved(before: Moment, now: Moment) -> bool:
    return now.cursor != before.cursor or now.sliders != before.sliders


def _gone_on(before: Moment, now: Moment) -> bool:
    return now.focused is not before.focused or now.screen is not before.screen


def _submitted(before: Moment, now: Moment) -> bool:
    """A field was taken: saved, steered to, gone on from, or written right."""
    if isinstance(before.screen, SlidersScreen | LineScreen):
        return now.screen is not before.screen
    if "-saving" in now.classes or "steer" in _asked(before, now):
        return True
    return now.focused is not before.focused or now.value != before.value


def _selected(before: Moment, now: Moment) -> bool:
    if before.expanded:
        return not now.expanded and isinstance(now.focused, Choice)
    if isinstance(before.screen, FeelingListScreen):
        return isinstance(now.screen, CheckInScreen)
    if before.focused.id == "choices":  # the check-out's
        return now.screen is not before.screen or "-asking" in now.classes
    return isinstance(now.focused, Input)


def _opened(before: Moment, now: Moment) -> bool:
    """The rest of the check-in's form, or it is closed; on a session more of what plays."""
    if isinstance(before.screen, SessionScreen):
        return "more" in _asked(before, now)
    return "-more" in before.classes ^ now.classes


def _pressed(before: Moment, now: Moment) -> bool:
    if isinstance(before.focused, MoreRow):
        return _opened(before, now)
    return _began(before, now)


def _began(_: Moment, now: Moment) -> bool:
    """A session; or the field that has no feeling yet."""
    return isinstance(now.screen, SessionScreen) or isinstance(now.focused, FeelingField)


def _again(*, from_start: bool) -> Callable[[Moment, Moment], bool]:
    return lambda before, now: now.begun[len(before.begun) :] == (("again", from_start),)


_DOES: dict[str, Callable[[Moment, Moment], bool]] = {
    **{word: _asks(word) for word in ("pause", "ease", "skip", "stop", "seek")},
    **{word: _asks(word) for word in ("like", "dislike", "less")},
    "go_back": _asks("go_back"),
    "sleep": _asks("sleep"),
    "louder": _asks("volume"),
    "forward": _asks("seek"),
    "steer": lambda _, now: "-steering" in now.classes and isinstance(now.focused, Circumplex),
    "leave": _left,
    "take": _taken,
    "submit": _submitted,
    "help": _comes(HelpScreen),
    "dismiss": lambda was, now: was.expanded > now.expanded or now.screen is not was.screen,
    "adjust": lambda was, now: ("-adjusting" in now.classes) != ("-adjusting" in was.classes),
    "close": lambda _, now: "-adjusting" not in now.classes,
    "follow": lambda was, now: now.sliders.count(None) > was.sliders.count(None),
    "type": lambda _, now: isinstance(now.focused, FeelingField),
    "words": _comes(FeelingListScreen),
    "move": _moved,
    "sliders": _comes(SlidersScreen),
    "go_on": _gone_on,
    "leave_out": _gone_on,
    "jump": lambda was, now: now.highlighted != was.highlighted,
    "moods": lambda was, now: now.every_mood != was.every_mood,
    "card": lambda was, now: now.card != was.card,
    "view": lambda was, now: now.plane != was.plane,
    "stage": lambda was, now: ("-stage" in now.classes) != ("-stage" in was.classes),
    "plane": lambda _, now: isinstance(now.focused, Circumplex),
    "focus_next": lambda was, now: now.focused is not was.focused,
    "show_overlay": lambda _, now: now.expanded,
    "select": _selected,
    "begin": _began,
    "press": _pressed,
    "more": _opened,
    "past": _comes(HistoryScreen),
    "history": _comes(HistoryScreen),
    "open": _comes(PastScreen),
    "search": lambda _, now: isinstance(now.focused, SearchLine),
    "again(True)": _again(from_start=True),
    "again(False)": _again(from_start=False),
    "name": _comes(LineScreen),
    "likes": _comes(PreferencesScreen),
    "weeks": _comes(WeeksScreen),
    "forget": lambda was, now: now.options < was.options,
    "forget_all": _comes(ConfirmScreen),
    "delete": _comes(ConfirmScreen),
    "answer(True)": _gone_on,
    "answer(False)": _gone_on,
    "next('replay')": _again(from_start=True),
    "next('continue')": _again(from_start=False),
    "next('new')": _comes(CheckInScreen),
    "ask": lambda _, now: "-asking" in now.classes,
    "cancel": lambda _, now: not {"-asking", "-saving"} & now.classes,
    "quit": lambda was, now: now.quits > was.quits,
}
