"""A training watched by judges: clips of fixed prompts are composed with what there is of the
adapter, and judged against what was asked.

The judge named first chooses which step is best; any others only report (``judging.py`` says why
one should).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.errors import MusmedError
from engine.evaluation.results import JudgeRecord
from engine.plan.clock import CLIP_SECONDS
from engine.training.composing import Composing, compose, let_go
from engine.training.folder import RunFolder
from engine.training.judging import check_judges, judge_clips
from engine.training.prompts import Prompt, prompts_of
from engine.training.recipe import Recipe
from engine.training.said import Say, Stopped
from engine.training.tracks import Data, Split
from engine.training.watched import Watched
from engine.training.watched_file import read_watched


class ComposingWatcher:
    """``Watcher``. ``judges``: their words ('meter', 'clap=FOLDER'), the one that chooses first;
    ``seed``: of what is drawn, in composing as in shuffles; ``seconds``: of each clip: judges hear
    up to 30 s at once, and some nothing less. Raises ``MusmedError`` for a judge that can't be
    opened, and where another chose in ``folder`` so far: their scores can't be compared."""

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
        chooser = check_judges(self._words)[0]
        let_go()
        _check_chooser(chooser, read_watched(folder))
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


def open_watcher(
    data: Data,
    split: Split,
    checkpoint: Checkpoint,
    recipe: Recipe,
    folder: RunFolder,
    *,
    judges: Sequence[str],
    say: Say,
    stopped: Stopped,
) -> ComposingWatcher:
    """Who watches a training of ``recipe``: with as many prompts of its data as it says, and with
    points on the plane where an affect prefix is trained. Raises ``MusmedError``."""
    points = recipe.affect_keys > 0
    prompts = prompts_of(data, split, seed=recipe.seed, clips=recipe.clips, points=points)
    return ComposingWatcher(
        checkpoint,
        prompts,
        judges,
        folder,
        say=say,
        stopped=stopped,
        seed=recipe.seed,
        seconds=recipe.clip_seconds,
    )


def _check_chooser(chooser: JudgeRecord, watched: Sequence[Watched]) -> None:
    before = next((one.judges[0] for one in watched if one.judges), chooser)
    if (before.name, before.version) != (chooser.name, chooser.version):
        raise MusmedError(
            f"So far {before.name} {before.version} said which step is best, not {chooser.name} "
            f"{chooser.version}; name that judge first, or give another folder with -o for a new "
            "training."
        )
