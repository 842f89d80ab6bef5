"""A training watched by judges: clips of fixed prompts are composed with what there is of the
adapter, and judged against what was asked.

The judge named first chooses which step is best; any others only report (``judging.py`` says why
one should).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.plan.clock import CLIP_SECONDS
from engine.training.composing import Composing, compose, let_go
from engine.training.folder import RunFolder
from engine.training.judging import check_judges, judge_clips
from engine.training.prompts import Prompt
from engine.training.said import Say, Stopped
from engine.training.watched import Watched


class ComposingWatcher:
    """``Watcher``. ``judges``: their words ('meter', 'clap=FOLDER'), the one that chooses first;
    ``seed``: of what is drawn, in composing as in shuffles; ``seconds``: of each clip: judges hear
    up to 30 s at once, and some nothing less. Raises ``MusmedError`` for a judge that can't be
    opened."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        prompts: Sequence[Prompt],
        judges: Sequence[str],
        folder: RunFolder,
        *,
        say: Say,
        stopped: Stopped,
        seed: int = 0,
        seconds: float = CLIP_SECONDS,
    ) -> None:
        self._words = tuple(dict.fromkeys(judges))
        check_judges(self._words)
        let_go()
        self._composing = Composing(checkpoint, tuple(prompts), seconds, seed)
        self._folder, self._say, self._stopped = folder, say, stopped

    def watch(self, step: int, adapter: Path | None) -> Watched:
        """As in ``Watcher``; the clips stay in ``RunFolder.sounds_at``. The same step again is the
        same."""
        sounds = self._folder.sounds_at(step)
        clips = compose(self._composing, adapter, sounds, self._say, self._stopped)
        try:
            found = judge_clips(clips, self._words, self._composing.seed, self._say, self._stopped)
        finally:
            let_go()
        return Watched(
            step=step,
            score=found.score,
            figures=found.figures,
            judges=found.judges,
            by=found.by,
            clips=found.clips,
            remarks=found.remarks,
        )
