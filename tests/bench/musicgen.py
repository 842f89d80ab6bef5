"""Measure MusicGen's decoding: ``python tests/bench/musicgen.py`` prints Markdown tables.

Ours, transformers' ``generate`` and, where it is installed, audiocraft, on the same random weights
of the real shapes, in one run: steps a second after 0, 10 and 30 s of context, times real time
(50 steps are a second), and how near that is to the floor of reading the weights and the cache
once through this device's memory. Then the first audio, the codec and the memory. Random weights
take as long as trained ones. The median step on a CPU, whose neighbours may be busy; the mean on a
GPU.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import resource
import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch  # noqa: E402
from bench.machine import processor  # noqa: E402
from bench.musicgen_session import whole_session  # noqa: E402

from engine.composers.musicgen.decoders.reference import ReferenceDecoder  # noqa: E402
from engine.composers.musicgen.model.codec import CodecStream, CodecWeights, fold  # noqa: E402
from engine.composers.musicgen.model.decoder import Conditioning, Decoder  # noqa: E402
from engine.composers.musicgen.model.device import settle  # noqa: E402
from engine.composers.musicgen.model.large_pages import into_large_pages  # noqa: E402
from engine.composers.musicgen.model.step import DRAWN_STEPS  # noqa: E402
from engine.composers.musicgen.model.weights import Model, from_transformers  # noqa: E402
from engine.errors import MusmedError  # noqa: E402
from engine.plan.clock import CLIP_SECONDS  # noqa: E402

SHAPES = {"small": (24, 1024, 16), "medium": (48, 1536, 24), "large": (48, 2048, 32)}
"""Layers, width, heads (Copet et al. 2023, and the hub's configurations)."""
RATE = 50
KEYS = 16
"""Tokens of text: a prompt of tags."""
DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "int8": torch.int8,
}


now = time.process_time if "--cpu-time" in sys.argv else time.perf_counter
"""The clock."""


def main() -> None:
    asked = arguments()
    device = torch.device(asked.device)
    if asked.cpu_time:
        asked.threads = 1
    if asked.threads:
        torch.set_num_threads(asked.threads)
    settle(device)
    bandwidth = memory_bandwidth(device)
    print(heading(device, bandwidth))
    print("| model | decoder | context | ms a step | steps/s | x real time | share of the floor |")
    print("|---|---|---|---|---|---|---|")
    rest: list[str] = []
    for size in asked.models.split(","):
        for dtype in asked.dtypes.split(","):
            rest += measure(size, dtype, device, bandwidth, asked)
            gc.collect()
            if device.type == "cuda":
                torch.cuda.empty_cache()
    print()
    print("\n".join(rest), flush=True)
    for size in asked.models.split(",") if asked.session else ():
        whole = random_model(size, torch.device("cpu"), torch.float32)
        for line in whole_session(size, whole, asked.session, asked.dtypes.split(",")):
            print(line, flush=True)


def arguments() -> argparse.Namespace:
    cuda = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="small,medium,large" if cuda else "small")
    parser.add_argument("--device", default="cuda" if cuda else "cpu")
    parser.add_argument("--dtypes", default="float16" if cuda else "float32,bfloat16,int8")
    parser.add_argument("--contexts", default="0,10,30", help="seconds before what is measured")
    parser.add_argument("--steps", type=int, default=200 if cuda else 25, help="multiple of 25")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="on a busy CPU: one thread, timed by the time it ran, not by the clock on the wall",
    )
    parser.add_argument("--peers", default="transformers,audiocraft", help="'' for none")
    parser.add_argument(
        "--session",
        type=float,
        default=15.0 if cuda else 0.0,
        help="minutes of a whole session, rendered with the gate off; 0 for none. On a CPU it is "
        "rendered twice for each number format, at a fraction of real time",
    )
    parser.add_argument("--guidance", type=float, default=3.0)
    return parser.parse_args()


def measure(
    size: str, dtype: str, device: torch.device, bandwidth: float, asked: argparse.Namespace
) -> list[str]:
    """Print a model's rows, and return the lines about everything but its steps."""
    whole = random_model(size, device, DTYPES[dtype])
    fold(whole.audio_encoder)
    others = allocated(device)
    model = from_transformers(whole, cast("Any", None), DTYPES[dtype])  # nothing is tokenised here
    text = Conditioning(torch.randn(KEYS, whole.config.text_encoder.d_model, device=device))
    decoder = Decoder(model, max_seconds=CLIP_SECONDS)
    decoder.warm(guidance=asked.guidance, keys=KEYS)
    lines = first_audio(size, dtype, model, decoder, asked.guidance)
    lines.append(stopping(size, dtype, decoder, text))
    runs: list[tuple[str, Callable[[], Any], bool]] = [("musmed", lambda: decoder, True)]
    if dtype != "int8":
        if "transformers" in asked.peers:
            runs.append(("transformers", lambda: ReferenceDecoder(whole), False))
        if "audiocraft" in asked.peers:
            runs.append(("audiocraft", lambda: audiocraft(model), False))
    contexts = [int(context) for context in asked.contexts.split(",")]
    step_seconds(decoder, text, max(contexts), asked, ours=True)
    lines.append(memory(size, dtype, model, device, others))  # before anybody else needs some
    for context in contexts:
        for name, make, ours in runs:
            try:
                seconds = step_seconds(make(), text, context, asked, ours=ours)
            except (MusmedError, ImportError) as error:
                lines.append(f"- {name}: {error}")
                continue
            floor = step_bytes(model, context, asked.guidance) / bandwidth
            print(
                f"| {size} {dtype} | {name} | {context} s | {seconds * 1e3:.2f} | "
                f"{1 / seconds:.1f} | {1 / seconds / RATE:.2f} | {floor / seconds:.0%} |",
                flush=True,
            )
    return lines


def step_seconds(
    decoder: Any, text: Conditioning, context: int, asked: argparse.Namespace, *, ours: bool
) -> float:
    """The time of one step with ``context`` seconds before it.

    ``cancelled`` is the clock. The others ask it after every step, ours before, and on a CPU before
    every layer of one.
    """
    stamps: list[float] = []

    def clock() -> bool:
        stamps.append(now())
        return False

    known = max(0, min(context * RATE, 30 * RATE - asked.steps))
    prompt = torch.randint(0, 2048, (4, known)) if known else None
    warm_up = DRAWN_STEPS
    count = known + warm_up + asked.steps - 3  # so many steps, the delays included
    for _ in decoder.frames(text, prompt, count, seed=0, guidance=asked.guidance, cancelled=clock):
        pass
    if ours:
        stamps.append(now())
    each = len(decoder.weights.layers) if ours and decoder_device(text) == "cpu" else 1
    window = stamps[::-each][asked.steps :: -1]
    if decoder_device(text) == "cpu":
        return statistics.median(b - a for a, b in itertools.pairwise(window))
    return (window[-1] - window[0]) / (len(window) - 1)


def decoder_device(text: Conditioning) -> str:
    return text.states.device.type


def first_audio(
    size: str, dtype: str, model: Model, decoder: Decoder, guidance: float
) -> list[str]:
    """From a prompt's tokens to the first samples, and how long the codec takes."""
    tokens = torch.randint(0, 1000, (1, KEYS), device=model.decoder.device)
    codec = CodecWeights(model.codec)

    def begin() -> float:
        start = now()
        with torch.inference_mode():
            states = model.text(input_ids=tokens).last_hidden_state[0]
        stream = CodecStream(codec)
        for codes in decoder.frames(Conditioning(states), None, 100, seed=0, guidance=guidance):
            if len(stream.push(codes)):
                break
        return now() - start

    begin()
    first = min(begin() for _ in range(2))
    codes = torch.randint(0, 2048, (4, 25))
    stream = CodecStream(codec)
    spent = []
    for _ in range(6):
        start = now()
        stream.push(codes)
        spent.append(now() - start)
    return [
        f"- {size} {dtype}: first audio after {first:.2f} s (warm); "
        f"the codec takes {statistics.median(spent) * 2:.3f} s for a second of audio"
    ]


def stopping(size: str, dtype: str, decoder: Decoder, text: Conditioning) -> str:
    """How long a decoder goes on that is told to stop, at moments from the first text key to the
    steps after 28 s of context."""
    prompt = torch.randint(0, 2048, (4, 28 * RATE))
    waits = []
    for moment in (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 12.0, 30.0):
        told, asked = threading.Event(), (text, prompt, 30 * RATE)
        frames = decoder.frames(*asked, seed=0, cancelled=told.is_set)
        thread = threading.Thread(target=deque, args=(frames, 0))
        thread.start()
        thread.join(moment)
        ended = not thread.is_alive()
        told.set()
        start = time.perf_counter()
        thread.join()
        waits += [] if ended else [time.perf_counter() - start]
    return f"- {size} {dtype}: stops within {max(waits) * 1e3:.0f} ms ({len(waits)} tries)"


def step_bytes(model: Model, context: int, guidance: float) -> float:
    """What a step cannot but read: every matrix, and the keys and values of the context."""
    weights = model.decoder
    rows = 2 if guidance > 1 else 1
    each = torch.empty(0, dtype=weights.kept).element_size()
    cache = len(weights.layers) * 2 * rows * weights.hidden * context * RATE * each
    return weights.step_bytes() + cache


def memory_bandwidth(device: torch.device) -> float:
    """Bytes a second that this device reads: the best of a few sums over half a gigabyte."""
    data = torch.ones(2**27, device=device)
    if device.type == "cpu":
        into_large_pages()  # as the model is
    best = 0.0
    for _ in range(8):
        synchronise(device)
        start = now()
        data.sum()
        synchronise(device)
        best = max(best, data.numel() * 4 / (now() - start))
    return best


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def allocated(device: torch.device) -> int:
    """Bytes on the GPU now; what is at most there is counted from here."""
    if device.type != "cuda":
        return 0
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def memory(size: str, dtype: str, model: Model, device: torch.device, others: int) -> str:
    """What musmed needs. On a GPU without ``others``, transformers' model, but with the text
    encoder and the codec in it, which are shared."""
    weights = model.decoder.step_bytes() / 1e9
    if device.type == "cuda":
        parts: Any = (model.text, model.codec)
        shared = sum(p.numel() * p.element_size() for part in parts for p in part.parameters())
        peak = (torch.cuda.max_memory_allocated() - others + shared) / 1e9
        return f"- {size} {dtype}: {weights:.2f} GB of matrices; {peak:.1f} GB at most on the GPU"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return (
        f"- {size} {dtype}: {weights:.2f} GB of matrices; {peak:.1f} GB at most, transformers' "
        "model included"
    )


def heading(device: torch.device, bandwidth: float) -> str:
    import transformers

    name = torch.cuda.get_device_name() if device.type == "cuda" else processor()
    threads = "" if device.type == "cuda" else f", {torch.get_num_threads()} threads"
    load = "" if device.type == "cuda" else f", load {os.getloadavg()[0]:.1f} at the start"
    if now is time.process_time:
        load += ", timed by CPU time"
    return (
        f"{time.strftime('%Y-%m-%d')}, {name}{threads}, reading {bandwidth / 1e9:.0f} GB/s; "
        f"torch {torch.__version__}, transformers {transformers.__version__}{load}\n"
    )


def audiocraft(model: Model) -> Any:
    from engine.composers.musicgen.decoders.audiocraft import open_decoder

    return open_decoder(model)


def codec_config() -> Any:
    """Of the 32 kHz EnCodec that every size has."""
    from transformers import EncodecConfig

    return EncodecConfig(
        target_bandwidths=[2.2],
        sampling_rate=32000,
        num_filters=64,
        codebook_size=2048,
        upsampling_ratios=[8, 5, 4, 4],
        use_causal_conv=False,
        use_conv_shortcut=False,
    )


def random_model(size: str, device: torch.device, dtype: torch.dtype) -> Any:
    """A ``MusicgenForConditionalGeneration`` of a real shape with random weights, its decoder in
    ``dtype`` (bfloat16 for int8, which is rounded later) from the start: large in float32 would
    not fit into many a machine's memory beside ours."""
    from transformers import (
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        T5Config,
    )
    from transformers.initialization import no_init_weights

    layers, width, heads = SHAPES[size]
    config = MusicgenConfig(
        text_encoder=T5Config(
            d_model=768,
            d_kv=64,
            d_ff=3072,
            num_layers=12,
            num_heads=12,
            decoder_start_token_id=0,  # type: ignore[call-arg, unused-ignore]
        ),
        audio_encoder=codec_config(),
        decoder=MusicgenDecoderConfig(
            num_hidden_layers=layers,
            hidden_size=width,
            num_attention_heads=heads,
            ffn_dim=4 * width,
            dropout=0.0,
        ),
    )
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if dtype == torch.int8 else dtype)
    try:
        with device, no_init_weights():
            model: Any = MusicgenForConditionalGeneration(config)
            model.eval()
    finally:
        torch.set_default_dtype(usual)
    for part in (model.text_encoder, model.audio_encoder):
        part.float()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-0.03, 0.03)
    for name in ("decoder_start_token_id", "pad_token_id", "bos_token_id"):
        setattr(model.generation_config, name, 2048)
    return model


if __name__ == "__main__":
    main()
