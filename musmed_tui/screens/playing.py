"""What the keys do to what plays: pause, ease, wishes, volume, seeking, stop, the sleep timer."""

from __future__ import annotations

from textual import on

from musmed_tui.grounding import Grounding
from musmed_tui.screens.grid import GridScreen
from musmed_tui.session_control import Begun, Running
from musmed_tui.session_view import Snapshot
from musmed_tui.widgets.timeline import Timeline
from musmed_tui.wording import SEEK_SECONDS, VOLUME_STEP


class PlayingScreen(GridScreen):
    """A session plays under its keys, as soon as there is one; ``first`` stands for it until
    then."""

    def __init__(self, first: Snapshot, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._begun: Begun | None = None
        self._shown = first
        self._stop_early = self._hold_early = False
        self._grounding = Grounding()

    @property
    def shown(self) -> Snapshot:
        """What was shown last."""
        return self._shown

    @property
    def has_begun(self) -> bool:
        """Whether there is a session."""
        return self._begun is not None

    @property
    def _runner(self) -> Running | None:
        return self._begun.runner if self._begun else None

    def action_pause(self) -> None:
        if self._runner is not None:
            self._runner.pause_or_resume()

    def hold(self) -> bool:
        """Pause what plays, or what begins as soon as it has; gives whether that silences it."""
        if self._begun is None:
            self._hold_early = True
            now = self._shown
        else:
            now = self._begun.look()  # what is shown may be older than the last key
            if not now.ended:
                self._begun.runner.pause(True)
        return not now.ended and not now.paused

    def action_skip(self) -> None:
        if self._runner is not None:
            self._runner.skip()

    def action_like(self) -> None:
        if self._runner is not None:
            self._runner.like(liked=True)

    def action_dislike(self) -> None:
        if self._runner is not None:
            self._runner.like(liked=False)

    def action_more(self) -> None:
        if self._runner is not None:
            self._runner.wish(more=True)

    def action_less(self) -> None:
        if self._runner is not None:
            self._runner.wish(more=False)

    def action_go_back(self) -> None:
        """Let the other machine compose again."""
        if self._runner is not None:
            self._runner.go_back()

    def action_ease(self) -> None:
        if self._runner is not None:
            self._runner.ease()
            self._grounding.eased()

    def action_louder(self) -> None:
        self._change_volume(VOLUME_STEP)

    def action_softer(self) -> None:
        self._change_volume(-VOLUME_STEP)

    def _change_volume(self, step: float) -> None:
        if self._runner is not None:
            self.set_volume(round(self._runner.volume + step, 2))

    def set_volume(self, volume: float) -> None:
        """What plays becomes so loud, 0 to 1; beyond that, as loud as it can be."""
        if self._runner is not None:
            self._runner.set_volume(min(1.0, max(0.0, volume)))

    def action_forward(self) -> None:
        self._seek(SEEK_SECONDS)

    def action_back(self) -> None:
        self._seek(-SEEK_SECONDS)

    def _seek(self, step: float) -> None:
        self._seek_to(self._shown.position_s + step)

    def _seek_to(self, second: float) -> None:
        if self._runner is not None:
            self._runner.seek(min(self._shown.total_s, max(0.0, second)))

    @on(Timeline.Sought)
    def _sought(self, event: Timeline.Sought) -> None:
        self._seek_to(event.second)

    def action_stop(self) -> None:
        """What has not begun yet is stopped as soon as it has."""
        if self._runner is not None:
            self._runner.stop()
            self._grounding.stopped()
        else:
            self._stop_early = True

    def action_sleep(self) -> None:
        """The sleep timer's next choice."""
        if self._runner is not None:
            self._runner.step_sleep()
