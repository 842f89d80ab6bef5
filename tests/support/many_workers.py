"""Processes of one training, forked from the one that tests: nothing has to be imported again.

``accelerate launch`` (``support.many_processes``) starts them as people do; here they meet in a
file.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import torch
from support.waiting import HANG_SECONDS

from engine.errors import MusmedError
from engine.training.processes import Processes
from engine.training.said import SaidElsewhereError

Work = Callable[[Processes], None]
SILENT = "silent"
DONE = "done"


def in_processes(count: int, work: Work, folder: Path) -> list[str]:
    """Let ``count`` processes do ``work``; how each of them ended: ``DONE``, ``SILENT``, what it
    said, or the signal that ended it."""
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_worker, args=(number, count, work, folder), daemon=True)
        for number in range(count)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(HANG_SECONDS)
    return [
        (folder / f"{number}.end").read_text() if worker.exitcode == 0 else f"{worker.exitcode}"
        for number, worker in enumerate(workers)
    ]


def _worker(number: int, count: int, work: Work, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=number,
        world_size=count,
        timeout=timedelta(seconds=HANG_SECONDS),
    )
    processes = Processes(torch.device("cpu"), number=number, count=count)
    try:
        with processes.one_voice():
            work(processes)
        end = DONE
    except SaidElsewhereError:
        end = SILENT
    except MusmedError as error:
        end = str(error)
    (folder / f"{number}.end").write_text(end)
