"""A session as plain text: lines that stay for events, one live status line, keys.

Nothing about sound runs here: a terminal that stops reading stops this loop, not the music.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, assert_never

from engine.errors import MusmedError
from engine.printable import one_line
from musmed_tui.faders import CAN_NOT, Hand, said_apart, typed
from musmed_tui.grounding import LINE, Grounding
from musmed_tui.plain.keys import (
    HELP,
    Act,
    Asked,
    FadersText,
    Keyboard,
    KeyDecoder,
    SteerText,
)
from musmed_tui.plain.lines import clip_line, heading, prompt_line, state_line, status_line
from musmed_tui.plain.output import Output
from musmed_tui.terminal.terminal import Cbreak, Signals
from musmed_tui.wording import SEEK_SECONDS, VOLUME_STEP, clock, line_in_short

if TYPE_CHECKING:
    from musmed_tui.session_control import Running
    from musmed_tui.session_view import Snapshot

REDRAW_SECONDS = 0.25
STOP_PATIENCE_SECONDS = 5.0
_ASKS: dict[Asked, str] = {
    "feeling": "Steer to which feeling? A word or valence,arousal, then Enter: ",
    "faders": "How should it play? Such as: fewer notes, higher; or: as it feels. Then Enter: ",
}
_SAID_STATES = ("starting", "paused", "away", "composing")


class PlainPlayer:
    """Follows one running session until it is over, or is stopped."""

    def __init__(
        self,
        runner: Running,
        look: Callable[[], Snapshot],
        output: Output,
        keyboard: Keyboard,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runner = runner
        self._look = look
        self._output = output
        self._keyboard = keyboard
        self._now = now
        self._decoder = KeyDecoder()
        self._said_clip = ""
        self._said_state = "playing"
        self._said_quarter = -1
        self._said_minutes: int | None = None
        """Of music here, while a line is down."""
        self._drawn_at = -1.0
        self._stopping_since: float | None = None
        self._grounding = Grounding(now)
        self._hand = Hand()
        self.quit = False

    def follow(self, signals: Signals, cbreak: Cbreak | None) -> None:
        """Show the session and act on keys until it is over.

        A stop signal fades out as ``q`` does; a second one, or 5 s, ends the wait for that.
        """
        keys_fd = sys.stdin.fileno() if cbreak else None
        while not self._runner.wait(0.0):
            data = signals.wait(REDRAW_SECONDS, keys_fd)
            for key in self._decoder.feed(data) if data else self._decoder.flush():
                self.press(key)
            if signals.suspend:
                self._suspend(signals, cbreak)
            if signals.stop is not None or self.quit:
                self._begin_stop()
            self.show()
            if self._stop_overdue(signals):
                break
        self.show()
        self._output.clear()
        if self._grounding.offered:
            self._output.line(LINE)

    def press(self, key: str) -> None:
        """Act on one key."""
        before = self._keyboard.typed
        asked = self._keyboard.press(key)
        if isinstance(asked, SteerText):
            self._output.echo("\n")
            self._steer(asked.text)
        elif isinstance(asked, FadersText):
            self._output.echo("\n")
            self._adjust(asked.text)
        elif asked is Act.ASK and self._keyboard.asked == "faders" and not self._adjustable:
            self._keyboard.press("escape")
            self._output.line(CAN_NOT)
        elif asked in {Act.ASK, Act.EDIT, Act.CANCEL}:
            self._prompt(asked, before or "")
        elif asked is not None:
            self._act(asked)
        if asked is not None:
            self._drawn_at = -1.0

    def show(self) -> None:
        """Say what is new, and redraw the live line at most four times a second."""
        for notice in self._runner.take_notices():
            self._output.line(f"{clock(notice.seconds)} {one_line(notice.text)}")
        snapshot = self._look()
        self._say_clip(snapshot)
        self._say_state(snapshot)
        self._say_line(snapshot)
        if not self._output.live or self._now() - self._drawn_at < REDRAW_SECONDS * 0.9:
            return
        self._drawn_at = self._now()
        if self._keyboard.typed is not None:
            width, glyphs = self._output.width, self._output.glyphs
            typed, near = self._keyboard.typed, self._keyboard.suggestions
            line = prompt_line(typed, near, width, glyphs, self._keyboard.asked)
            self._output.redraw("", line)
        else:
            self._output.redraw(*status_line(snapshot, self._output.width, self._output.glyphs))

    def _say_clip(self, snapshot: Snapshot) -> None:
        """A line per clip; on a live terminal only when its feeling or its tags are new."""
        if snapshot.state in {"starting", "failed", "stopped", "ended"}:
            return
        key = heading(snapshot) if self._output.live else f"{snapshot.clip}"
        if key != self._said_clip:
            self._said_clip = key
            self._output.line(clip_line(snapshot))

    def _say_state(self, snapshot: Snapshot) -> None:
        """Beginning, pause, waiting and loading as lines, where no live line shows them. That it
        has begun the first clip's line says."""
        before, self._said_state = self._said_state, snapshot.state
        self._say_loading(snapshot)
        if self._output.live or before == snapshot.state or snapshot.ended or snapshot.loads:
            return
        if snapshot.state in _SAID_STATES or before in _SAID_STATES[1:]:
            self._output.line(state_line(snapshot))

    def _say_line(self, snapshot: Snapshot) -> None:
        """How much music is left while the line to another machine is down, at every minute of it,
        where no live line shows it."""
        line = snapshot.line
        before, self._said_minutes = self._said_minutes, None
        if line is None or not line.is_down or snapshot.ended:
            return
        self._said_minutes = math.ceil(snapshot.ahead_s / 60.0)
        if before is not None and before != self._said_minutes and not self._output.live:
            said = line_in_short(line, snapshot.ahead_s)
            self._output.line(f"{clock(snapshot.position_s)} {said}")

    def _say_loading(self, snapshot: Snapshot) -> None:
        """In quarters, while the music waits for it."""
        if self._output.live or snapshot.loading is None or not snapshot.loads:
            return
        quarter = int(4 * snapshot.loading)
        if quarter != self._said_quarter:
            self._said_quarter = quarter
            self._output.line(f"{clock(snapshot.position_s)} {snapshot.doing}")

    def _prompt(self, asked: Act, before: str) -> None:
        """Follow the typing by echo where there is no live line to redraw."""
        if self._output.live:
            return
        if asked is Act.ASK:
            self._output.echo(_ASKS[self._keyboard.asked])
        elif asked is Act.CANCEL:
            self._output.echo("\n")
        else:
            typed = self._keyboard.typed or ""
            kept = len(typed) if before.startswith(typed) else 0
            kept = len(before) if typed.startswith(before) else kept
            self._output.echo("\b \b" * (len(before) - kept) + typed[kept:])

    def _steer(self, text: str) -> None:
        from engine.affect.feelings import parse_affect
        from engine.affect.harm import help_for

        if help_here := help_for(text):
            self._output.line(help_here)
        try:
            target, word = parse_affect(text, wanted=True)
        except MusmedError as error:
            self._output.line(str(error))
            return
        self._runner.steer(target, word)

    @property
    def _adjustable(self) -> bool:
        from engine.composers.base import has_model

        return not has_model(self._look().composer)

    def _adjust(self, text: str) -> None:
        from engine.plan.wanted import faders_at

        snapshot = self._look()
        newest = faders_at(snapshot.faders)
        try:
            wanted = typed(text, self._hand.stand(newest), snapshot.felt)
        except MusmedError as error:
            self._output.line(str(error))
            return
        self._hand.move(wanted, self._now())
        request = self._runner.request
        for said in said_apart(request, snapshot.path, snapshot.position_s, wanted):
            self._output.line(said)
        if (faders := self._hand.take(newest)) is not None:
            self._runner.shape(faders)

    def _act(self, act: Act) -> None:
        match act:
            case Act.QUIT:
                self.quit = True
            case Act.HELP:
                for line in HELP:
                    self._output.line(line)
            case Act.PAUSE:
                self._runner.pause_or_resume()
            case Act.EASE:
                self._runner.ease()
                self._grounding.eased()
            case Act.SKIP:
                self._runner.skip()
            case Act.LIKE | Act.DISLIKE:
                self._runner.like(act is Act.LIKE)
            case Act.MORE | Act.LESS:
                self._runner.wish(act is Act.MORE)
            case Act.GO_BACK:
                self._runner.go_back()
            case Act.SLEEP:
                self._runner.step_sleep()
            case Act.LOUDER:
                self._change_volume(VOLUME_STEP)
            case Act.SOFTER:
                self._change_volume(-VOLUME_STEP)
            case Act.FORWARD:
                self._seek(SEEK_SECONDS)
            case Act.BACK:
                self._seek(-SEEK_SECONDS)
            case Act.ASK | Act.EDIT | Act.CANCEL:
                pass  # about the line a feeling is typed on, which was redrawn already
            case _:
                assert_never(act)

    def _change_volume(self, step: float) -> None:
        volume = min(1.0, max(0.0, round(self._runner.volume + step, 2)))
        self._runner.set_volume(volume)
        if not self._output.live:
            self._output.line(f"volume {round(volume * 100)} %")

    def _seek(self, step: float) -> None:
        snapshot = self._look()
        reached = self._runner.seek(min(snapshot.total_s, max(0.0, snapshot.position_s + step)))
        if not self._output.live:
            self._output.line(f"{clock(reached)} from here")

    def _begin_stop(self) -> None:
        if self._stopping_since is None:
            self._stopping_since = self._now()
            self._runner.stop()
            self._grounding.stopped()

    def _stop_overdue(self, signals: Signals) -> bool:
        if self._stopping_since is None:
            return False
        overdue = self._now() - self._stopping_since > STOP_PATIENCE_SECONDS
        return overdue or signals.stops > 1

    def _suspend(self, signals: Signals, cbreak: Cbreak | None) -> None:
        """Ctrl-Z: pause, give the terminal back, stop; go on as before when continued."""
        was_playing = not self._look().paused
        if was_playing:
            self._runner.pause(True)
            time.sleep(0.5)  # the pause fades over 0.4 s before the process stands still
        self._output.clear()
        if cbreak:
            cbreak.leave()
        signals.suspend_now()
        if cbreak:
            with contextlib.suppress(OSError):
                cbreak.enter()
        if was_playing:
            self._runner.pause(False)
