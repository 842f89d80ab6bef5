"""Measure EnCodec's decoder: ``python tests/bench/codec.py`` prints a Markdown table.

The 32 kHz codec's own shape with random weights, whose norm is folded in for both: ours in pieces
of half a second, as a session has them, and transformers' whole decode of as much at once, by turns
on one thread, timed by the time it ran. The floor is of the same run: the layers' products at the
speed of one large product, and the LSTM's weights, read once for every frame, at the speed of a
product with a single row (whatever of them stays in the cache). And how far ours is from
transformers' sound.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from bench.machine import machine  # noqa: E402
from bench.musicgen import codec_config  # noqa: E402
from torch import Tensor  # noqa: E402

from engine.composers.musicgen.model.codec import CodecStream, CodecWeights, fold  # noqa: E402
from engine.composers.musicgen.model.codec_layers import Product  # noqa: E402

RATE = 50
SECONDS = 3.0
"""Of audio, in each run."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    torch.set_num_threads(1)
    codec = random_codec()
    weights = CodecWeights(codec)
    dice = torch.Generator().manual_seed(1)
    codes = torch.randint(0, 2048, (4, round(SECONDS * RATE)), generator=dice)
    spent: dict[str, list[float]] = {"musmed": [], "transformers": [], "floor": []}
    sounds: dict[str, Any] = {}
    ways: dict[str, Callable[[], Any]] = {
        "musmed": lambda: streamed(weights, codes),
        "transformers": lambda: at_once(codec, codes),
    }
    for run in range(runs + 1):
        for name, decode in ways.items():
            begun = time.process_time()
            sounds[name] = decode()
            spent[name].append((time.process_time() - begun) / SECONDS)
        spent["floor"].append(floor(codec))
        if not run:
            for taken in spent.values():
                taken.clear()  # a first time of everything
    print(f"{machine()}, torch {torch.__version__}, one thread, CPU time\n")
    print("| EnCodec 32 kHz, float32 | s of one core for a second of audio | share of the floor |")
    print("|---|---|---|")
    least = statistics.median(spent["floor"])
    for name, taken in spent.items():
        middle = statistics.median(taken)
        print(
            f"| {name} | {middle:.3f} ({min(taken):.3f}-{max(taken):.3f}) | {least / middle:.0%} |"
        )
    ours, theirs = sounds["musmed"], sounds["transformers"]
    worst = float(np.abs(ours - theirs).max())
    print(
        f"\n- largest difference {worst:.1e}, of a sound whose peak is {np.abs(theirs).max():.2f}"
    )


@torch.inference_mode()
def at_once(codec: Any, codes: Tensor) -> Any:
    return codec.decode(codes[None, None], [None]).audio_values[0].T.numpy()


def streamed(weights: CodecWeights, codes: Tensor) -> Any:
    stream = CodecStream(weights)
    pieces = [stream.push(piece) for piece in torch.split(codes, RATE // 2, dim=1)]
    return np.concatenate([*pieces, stream.flush()])


@torch.inference_mode()
def floor(codec: Any) -> float:
    """Seconds for a second of audio that nobody could do without in float32: multiplying and
    reading, and nothing else."""
    together, alone, rate = 0, 0, RATE  # multiplications a second of audio
    for layer in codec.decoder.layers:
        kind = type(layer).__name__
        if kind == "EncodecLSTM":
            for name, weight in layer.lstm.named_parameters():
                together += RATE * weight.numel() if name.startswith("weight_ih") else 0
                alone += RATE * weight.numel() if name.startswith("weight_hh") else 0
        else:
            each = [part for part in layer.modules() if hasattr(part, "weight")]
            together += rate * sum(part.weight.numel() for part in each)
            for part in each:
                rate *= part.stride[0]
    return together * seconds_each(1000, 512) + alone * seconds_each(1, 1024)


def seconds_each(rows: int, width: int) -> float:
    """The time of one multiplication in a product of ``rows`` rows."""
    weight, x = torch.ones((4 * width, width)), torch.ones((rows, width))
    product = Product(weight, None, rows)
    best = float("inf")
    for _ in range(12 if rows > 1 else 200):
        begun = time.process_time()
        product(x)
        best = min(best, time.process_time() - begun)
    return best / (rows * weight.numel())


def random_codec() -> Any:
    from transformers import EncodecModel

    torch.manual_seed(0)
    codec: Any = EncodecModel(codec_config())
    codec.eval()
    for quantizer in codec.quantizer.layers:
        quantizer.codebook.embed.normal_()
    fold(codec)
    return codec


if __name__ == "__main__":
    main()
