"""One of many processes that train a tiny model, as ``accelerate launch`` starts them in tests:

    accelerate launch ... tests/support/many_processes.py CHECKPOINT FOLDER NAME...

trains each of ``TRAININGS`` that is named, in ``FOLDER/NAME``. All that a process wrote there,
watched or said is in ``FOLDER/NUMBER.did`` at the end, a line each.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import torch
from support.encoded_tracks import FixedWatcher, encoded_tracks

from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.errors import MusmedError
from engine.training.folder import RunFolder
from engine.training.loop import Trained, train
from engine.training.processes import Processes, close_processes, open_processes
from engine.training.recipe import Lora, Recipe
from engine.training.said import Progress, SaidElsewhereError, Say, Stopped
from musmed_tui.terminal.terminal import Signals

PLAIN = Recipe(
    steps=4,
    batch=5,
    learning_rate=1e-2,
    warm_up=0.0,
    lora=Lora(rank=4, alpha=4.0, dropout=0.0),
    watch_every=2,
)
"""Five windows: two processes cannot share them evenly."""
TRAININGS = {
    "plain": PLAIN,
    "dropout": msgspec.structs.replace(PLAIN, lora=Lora(rank=4, alpha=4.0, dropout=0.3)),
    "endless": msgspec.structs.replace(PLAIN, steps=1_000_000, watch_every=1_000_000),
}


def trained(
    checkpoint: Checkpoint,
    root: Path,
    recipe: Recipe,
    processes: Processes,
    *,
    watcher: FixedWatcher | None = None,
    say: Say = lambda _: None,
    stopped: Stopped = lambda: False,
    resume: bool = False,
) -> Trained:
    """Train with ``recipe`` on tracks in memory."""
    data, split, encoded = encoded_tracks()
    return train(
        data,
        split,
        encoded,
        checkpoint,
        recipe,
        folder=RunFolder(root),
        watcher=watcher or FixedWatcher(),
        processes=processes,
        say=say,
        stopped=stopped,
        resume=resume,
    )


def main() -> int:
    torch.set_num_threads(1)
    checkpoint, folder = find(sys.argv[1]), Path(sys.argv[2])
    did: list[str] = []
    with Signals() as signals:
        processes = open_processes()
        try:
            with processes.one_voice():
                sys.addaudithook(lambda event, told: _note(did, folder, event, told))
                for name in sys.argv[3:]:
                    _train(
                        checkpoint,
                        folder / name,
                        TRAININGS[name],
                        processes,
                        did=did,
                        stopped=lambda: signals.stop is not None,
                    )
        except SaidElsewhereError:
            return 2
        except MusmedError as error:
            print(error, file=sys.stderr)
            return 2
    (folder / f"{processes.number}.did").write_text("\n".join(did))
    close_processes()
    return 0


def _train(
    checkpoint: Checkpoint,
    root: Path,
    recipe: Recipe,
    processes: Processes,
    *,
    did: list[str],
    stopped: Stopped,
) -> None:
    watcher = FixedWatcher()

    def say(progress: Progress) -> None:
        did.append(f"said {progress.stage}")

    ended = trained(
        checkpoint,
        root,
        recipe,
        processes,
        watcher=watcher,
        say=say,
        stopped=stopped,
    )
    did += [f"watched {step}" for step, _ in watcher.heard]
    did.append(f"ended {ended.ended} {ended.step}")


def _note(did: list[str], folder: Path, event: str, told: tuple[Any, ...]) -> None:
    """An audit hook: files opened to be written in ``folder``."""
    if event == "open" and isinstance(told[0], str) and told[0].startswith(str(folder)):
        flags = told[2] if isinstance(told[2], int) else 0
        if flags & (os.O_WRONLY | os.O_RDWR):
            did.append(f"wrote {json.dumps(told[0])}")


if __name__ == "__main__":
    sys.exit(main())
