"""Measure the training of adapters: ``python tests/bench/training.py`` prints a Markdown table.

Ours against peft with transformers' own loss (``MusicgenForConditionalGeneration`` with
``labels``), each in a process of its own, by turns, in one run: the same random weights of the
real shape, the same windows, text, rank, batch, number format and threads, torch's AdamW and a
clipped gradient. Random weights take as long as trained ones. The peer has T5 and EnCodec in
memory and reads the text at every step, as the scripts that train that way do; codes are known to
both beforehand (how fast sounds are encoded, once: ``training_encoding.py``). Steps a second are of
the median step, after the first; memory is the most of the process, or of the GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch  # noqa: E402
from bench import training_contestants  # noqa: E402
from bench.machine import processor  # noqa: E402
from bench.musicgen import random_model  # noqa: E402
from support.tiny_musicgen import random_model as tiny_model  # noqa: E402
from support.tiny_musicgen import save_checkpoint, tiny_config  # noqa: E402

CONTESTANTS = {
    "musmed": training_contestants.ours,
    "peft + transformers": training_contestants.peer,
}


def main() -> None:
    asked = arguments()
    if asked.cpu_time:
        asked.threads = 1
    if asked.one:
        one(asked)
        return
    print(heading(asked))
    print("| model | who | s a step | steps/s | code frames/s | memory at most |")
    print("|---|---|---|---|---|---|")
    for size in ["tiny"] if asked.small else asked.models.split(","):
        with tempfile.TemporaryDirectory(prefix="musmed-training-") as folder:
            measure(size, checkpoint(size, Path(folder), asked.device), asked)


def arguments() -> argparse.Namespace:
    cuda = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="small,medium,large" if cuda else "small")
    parser.add_argument("--device", default="cuda" if cuda else "cpu")
    parser.add_argument("--steps", type=int, default=20 if cuda else 4, help="measured, each time")
    parser.add_argument("--rounds", type=int, default=2, help="times that each has its turn")
    parser.add_argument("--batch", type=int, default=16 if cuda else 2, help="windows to a step")
    parser.add_argument("--seconds", type=float, default=30.0 if cuda else 10.0, help="of a window")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="on a busy CPU: one thread, timed by the time it ran, not by the clock on the wall",
    )
    parser.add_argument("--checkpointing", action="store_true", help="layers computed again")
    parser.add_argument("--small", action="store_true", help="a tiny model: whether all of it runs")
    parser.add_argument("--one", choices=CONTESTANTS, help=argparse.SUPPRESS)
    parser.add_argument("--checkpoint", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(size: str, folder: Path, asked: argparse.Namespace) -> None:
    """Print a model's rows."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    memory = dict.fromkeys(CONTESTANTS, 0)
    for turn in range(asked.rounds):
        names = list(CONTESTANTS)
        for name in names[:: -1 if turn % 2 else 1]:
            found = in_its_own_process(name, folder, asked)
            seconds[name] += found["seconds"]
            memory[name] = max(memory[name], found["memory"])
    for name in CONTESTANTS:
        each = statistics.median(seconds[name])
        frames = asked.batch * asked.seconds * training_contestants.RATE
        print(
            f"| {size} | {name} | {each:.3g} ({min(seconds[name]):.3g}-{max(seconds[name]):.3g}) "
            f"| {1 / each:.3g} | {frames / each:.0f} | {memory[name] / 1e9:.2f} GB |",
            flush=True,
        )


def in_its_own_process(name: str, folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """What ``one`` prints; what it allocates is gone before the next one begins."""
    words = [sys.executable, __file__, "--one", name, "--checkpoint", str(folder)]
    for option in ("device", "steps", "batch", "seconds", "rank", "threads"):
        words += [f"--{option}", str(getattr(asked, option))]
    for flag in ("checkpointing", "cpu_time"):
        words += [f"--{flag.replace('_', '-')}"] if getattr(asked, flag) else []
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def one(asked: argparse.Namespace) -> None:
    if asked.threads:
        torch.set_num_threads(asked.threads)
    wanted = training_contestants.Asked(
        asked.checkpoint,
        torch.device(asked.device),
        steps=asked.steps + 1,
        batch=asked.batch,
        frames=round(asked.seconds * training_contestants.RATE),
        rank=asked.rank,
        checkpointing=asked.checkpointing,
        cpu_time=asked.cpu_time,
    )
    print(json.dumps(CONTESTANTS[asked.one](wanted)))


def checkpoint(size: str, folder: Path, device: str) -> Path:
    """A folder with random weights of a real shape: float32 as the hub has small, bfloat16 for a
    GPU, where they are loaded so."""
    if size == "tiny":
        return save_checkpoint(tiny_model(tiny_config()), folder)
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    return save_checkpoint(random_model(size, torch.device("cpu"), dtype), folder)


def heading(asked: argparse.Namespace) -> str:
    import peft
    import transformers

    cuda = asked.device == "cuda"
    name = torch.cuda.get_device_name() if cuda else processor()
    threads = asked.threads or torch.get_num_threads()
    load = "" if cuda else f", {threads} threads, load {os.getloadavg()[0]:.1f} at the start"
    load += ", timed by CPU time" if asked.cpu_time else ""
    again = ", layers computed again" if asked.checkpointing else ""
    return (
        f"{time.strftime('%Y-%m-%d')}, {name}{load}; torch {torch.__version__}, transformers "
        f"{transformers.__version__}, peft {peft.__version__}. Batches of {asked.batch} windows of "
        f"{asked.seconds:g} s, rank {asked.rank}{again}.\n"
    )


if __name__ == "__main__":
    main()
