"""The line to the other machine on which a session is composed: how it stands, how long it is tried
again, and the way back once this machine has taken over.

    up --EngineLost--> down --Opened--> up
                        |  (a login that can't be made without a question: login)
                        +--long enough, and little music is left here--> left
    left --FarAnswers--> answers --GoBack--> going --Opened--> up

*left*: this machine composes, and looks whether the other answers again (``WatchFar``). It does not
go back by itself: who listens has heard one change and decides about another.
"""

from __future__ import annotations

import msgspec

from engine.link.deliveries import FarAnswers, LineFault
from engine.plan.generation import file_name
from engine.session.conductor.line_state import LineState, Standing
from engine.session.conductor.messages import StartEngine, WatchFar
from engine.session.conductor.state import ConductorState

FAR_DELAYS = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before each new start of an engine there: a minute of a line that is down, and what ssh
takes to find that out each time. The last one holds from then on."""
LOGIN_DELAY = 5.0
"""The same where a question has to be answered: only a line that somebody makes counts then, which
is looked at without a word to the other machine."""
HOME_SECONDS = 60.0
"""As long as more music than this is here, the line is tried on."""


class Trial(msgspec.Struct):
    """How long a line that is down has been tried already."""

    waited: float = 0.0
    """Seconds that were waited before new starts."""
    starts: int = 0
    asks: bool = False
    """A login there can't be made without a question."""

    def next_delay(self) -> float:
        """Seconds before the next start, counted as waited."""
        usual = FAR_DELAYS[min(self.starts, len(FAR_DELAYS) - 1)]
        delay = min(usual, LOGIN_DELAY) if self.asks else usual
        self.starts += 1
        self.waited += delay
        return delay

    @property
    def long_enough(self) -> bool:
        return self.starts >= len(FAR_DELAYS) and self.waited >= sum(FAR_DELAYS)


class FarLine:
    """The line of the session ``state``; it says what there is to say of it."""

    def __init__(self, state: ConductorState) -> None:
        self._state = state
        self._standing: Standing = "up"
        self._trial = Trial()
        self._left: tuple[str, str] | None = None
        """The machine that this one has taken over from, and who composed there."""

    @property
    def now(self) -> LineState | None:
        """How it stands; None where the session knows of no other machine."""
        state = self._state
        if state.far:
            return LineState(state.far, self._standing)
        if self._left is None:
            return None
        return LineState(self._left[0], self._standing if self._can_go_back else "left")

    def opened(self, composer: str, *, away: bool) -> None:
        """``composer`` is ready there; ``away``: it was gone."""
        if self._standing == "going":
            self._state.say(f"{file_name(composer)} composes on {self._state.far} again.")
        elif away:
            self._state.say(f"The composer on {self._state.far} is back.")
        self._standing, self._trial.asks = "up", False

    def works(self) -> None:
        """A clip has come whole, or the engine was idle for long."""
        self._trial = Trial()

    def try_again(self, reason: str, fault: LineFault, *, news: bool, listens: bool) -> bool:
        """An engine there is lost. Start the next, unless that was tried long enough; ``news``: the
        one before was not lost; ``listens``: there is somebody whose music goes on meanwhile."""
        state, trial = self._state, self._trial
        news = news or (fault == "login" and not trial.asks)
        trial.asks = trial.asks or fault == "login"
        self._standing = "login" if trial.asks else "down"
        if trial.long_enough and not (listens and state.ahead > HOME_SECONDS):
            return False
        if news:
            state.say(said_of_loss(state.far, fault, reason, state.ahead))
        state.ask(StartEngine(trial.next_delay(), far=True, kept_only=trial.asks))
        return True

    def leave(self, *, watch: bool) -> str:
        """This machine composes from now on; ``watch``: it looks whether the other answers again.
        Gives what that is called."""
        state = self._state
        self._left, self._standing = (state.far, state.composer), "left"
        away, state.far = state.far, ""
        if watch:
            state.ask(WatchFar())
        return away

    def answers(self, told: FarAnswers) -> None:
        """It can be reached again, or could be."""
        if self._left is None or self._state.far or not self._can_go_back:
            return
        name, composer = self._left
        self._standing = "left" if told.asks else "answers"
        other = "" if composer == self._state.composer else file_name(composer)
        self._state.say(said_of_answer(name, asks=told.asks, composer=other))

    @property
    def _can_go_back(self) -> bool:
        """Whether there is something left to compose."""
        state = self._state
        return not state.given_up and state.next < len(state.plan.clips)

    def wanted(self) -> None:
        """The listener has asked for the other machine."""
        line = self.now
        if line is None or not line.is_offered:
            self._state.say("There is no other machine to go back to now.", answer=True)
            return
        self._standing = "going"
        self._state.say(f"The next clip is composed on {line.name} again.", answer=True)

    @property
    def is_due(self) -> bool:
        """Whether that is still to be done: when no clip is being composed, so that each is one
        machine's."""
        return self._standing == "going" and not self._state.far and self._can_go_back

    def go_back(self) -> str:
        """The other machine composes from now on; gives who composed there before."""
        assert self._left is not None
        (self._state.far, composer), self._left = self._left, None
        self._trial = Trial()
        return composer


def minutes(seconds: float) -> str:
    """'4:30'."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def plays_on(ahead: float) -> str:
    """What is left of the music while nothing comes, ``ahead`` seconds; '' where that is none."""
    return f"{minutes(ahead)} of music is here and plays on" if ahead >= 1.0 else ""


def said_of_loss(far: str, fault: LineFault, reason: str, ahead: float) -> str:
    """A sentence or two on an engine at ``far`` that is lost, with ``ahead`` seconds of music
    here."""
    rest = plays_on(ahead)
    if fault == "login":
        return f"{said_of_login(far)}{f'; {rest}' if rest else ''}."
    if fault == "down":
        what = f"The line to {far} is down"
        return f"{what}; {rest}. It is tried again." if rest else f"{what}; it is tried again."
    what = f"The engine on {far} is gone ({reason.rstrip('.')}); it is tried again"
    return f"{what}, and {rest}." if rest else f"{what}."


def said_of_login(far: str) -> str:
    """What to do about a login that asks, without its full stop."""
    return (
        f"The line to {far} is down, and the login there asks for something (a password, a code): "
        f"'musmed host check {far}' in another terminal makes the line, and the session goes on by "
        "itself"
    )


def said_of_answer(far: str, *, asks: bool, composer: str) -> str:
    """The other machine, from which this one took over, answers again; ``composer``: who composed
    there, '' for the same as here."""
    again = f"{composer} there composes" if composer else "it composes there"
    if asks:
        return (
            f"{far} answers again, but its login asks for something (a password, a code): 'musmed "
            f"host check {far}' in another terminal makes the line."
        )
    return f"{far} answers again: with b {again} from the next clip on."
