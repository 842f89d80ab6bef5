"""Measure how data is encoded for a training: ``python tests/bench/training_encoding.py`` prints a
Markdown table.

EnCodec and T5 have the real shape and random weights, which take as long as trained ones; all
sizes of MusicGen share these two. Music is as many seconds of noise as asked for, in files of two
windows at 44.1 kHz, and each has four captions of its own. First nothing is kept, then all is, and
nothing has to be loaded. What one window and one caption take is the median; altogether there are
also the reading of the music, two models loaded and the digests of both. Memory is the most of the
process, or of the GPU, up to then.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
import torch  # noqa: E402
from bench.machine import processor  # noqa: E402
from bench.musicgen import random_model  # noqa: E402
from support.tiny_musicgen import random_model as tiny_model  # noqa: E402
from support.tiny_musicgen import save_checkpoint, tiny_config  # noqa: E402

from engine.composers.musicgen.files.checkpoints import Checkpoint, look_over  # noqa: E402
from engine.training.encoding import encode  # noqa: E402
from engine.training.memory import most_taken  # noqa: E402
from engine.training.said import Progress  # noqa: E402
from engine.training.tracks import Data, Track  # noqa: E402

RATE = 44_100
CAPTION = "A calm ambient piece for piano and strings, number {}, that feels content"


def main() -> None:
    asked = arguments()
    if asked.make:
        make(asked.make, small=asked.small)
        return
    if asked.threads:
        torch.set_num_threads(asked.threads)
    clock = time.process_time if asked.cpu_time else time.perf_counter
    print(heading(asked))
    print("| | windows | s a window | s a caption | s altogether | times real time | memory |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="musmed-encoding-") as name:
        folder = Path(name)
        data = music(folder / "music", asked.seconds)
        words = [sys.executable, __file__, "--make", str(folder / "base")]
        subprocess.run([*words, *(["--small"] if asked.small else [])], check=True)
        base = look_over(folder / "base", "musicgen", None)
        for kept in ("nothing is kept", "all is kept"):
            row(kept, data, base, folder / "cache", clock)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600 if torch.cuda.is_available() else 120)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="on a busy CPU: timed by the time it ran (of all threads), not by the clock",
    )
    parser.add_argument("--small", action="store_true", help="a tiny model: whether all of it runs")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def make(folder: Path, *, small: bool) -> None:
    """A folder with the two parts in their real shape, before a decoder that nobody reads. In a
    process of its own, whose memory is not counted."""
    model = tiny_model(tiny_config())
    if not small:
        real = random_model("small", torch.device("cpu"), torch.float32)
        model.audio_encoder, model.text_encoder = real.audio_encoder, real.text_encoder
        model.config.audio_encoder = real.config.audio_encoder
        model.config.text_encoder = real.config.text_encoder
        model.enc_to_dec_proj = torch.nn.Linear(768, model.config.decoder.hidden_size)
    save_checkpoint(model, folder)


def music(folder: Path, seconds: int) -> Data:
    folder.mkdir()
    tracks, draw = [], np.random.default_rng(0)
    for number in range(max(1, seconds // 60)):
        path = folder / f"{number}.flac"
        soundfile.write(path, draw.normal(0.0, 0.1, (60 * RATE, 2)), RATE)
        tracks.append(Track(path.name, path, captions(number), path.name))
    return Data(folder, "a bench", tuple(tracks), (), "0")


def captions(number: int) -> tuple[str, ...]:
    return tuple(CAPTION.format(4 * number + one) for one in range(4))


def row(kept: str, data: Data, base: Checkpoint, cache: Path, clock: Callable[[], float]) -> None:
    marks: list[float] = []

    def say(progress: Progress) -> None:
        if progress.stage == "encoding":
            marks.append(clock())

    start = clock()
    found = encode(data, base, cache, say, lambda: False)
    took, count = clock() - start, len(found.windows)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(
        f"| {kept} | {count} | {each(marks[:count])} | {each(marks[count:])} | {took:.3g} "
        f"| {30 * count / took:.3g} | {most_taken(device) / 1e9:.2f} GB |",
        flush=True,
    )


def each(marks: list[float]) -> str:
    steps = [after - before for before, after in pairwise(marks)]
    return f"{statistics.median(steps):.3g}" if steps else "-"


def heading(asked: argparse.Namespace) -> str:
    import transformers

    cuda = torch.cuda.is_available()
    name = torch.cuda.get_device_name() if cuda else processor()
    threads = asked.threads or torch.get_num_threads()
    load = "" if cuda else f", {threads} threads, load {os.getloadavg()[0]:.1f} at the start"
    load += ", timed by CPU time" if asked.cpu_time else ""
    return (
        f"{time.strftime('%Y-%m-%d')}, {name}{load}; torch {torch.__version__}, transformers "
        f"{transformers.__version__}.\n"
    )


if __name__ == "__main__":
    main()
