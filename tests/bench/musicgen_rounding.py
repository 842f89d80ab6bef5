"""How far bfloat16 and int8 put MusicGen's logits off: ``python tests/bench/musicgen_rounding.py``.

Random weights of the small model's real shape, normal in size, so that the layers do something;
the same codes to each number format (teacher forcing), guided logits beside float32's. Then the
same model with some channels of its norms louder and what multiplies them softer by as much:
float32 hears no difference, and rounding does. Trained models have such channels, and how loud is
theirs to say: random weights prove the kernels, not the quality. ``musmed doctor`` measures those
that are here.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from engine.composers.musicgen.model.decoder import Conditioning, Decoder  # noqa: E402
from engine.composers.musicgen.model.sampler import guide  # noqa: E402
from engine.composers.musicgen.model.weights import from_transformers  # noqa: E402
from tests.bench.machine import machine  # noqa: E402
from tests.bench.musicgen import random_model  # noqa: E402

GUIDANCE = 3.0
CHANNELS = 6
"""So many of a norm's channels are louder."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=256)
    parser.add_argument("--louder", default="1,20,100", help="factors, of the same channels")
    asked = parser.parse_args()
    torch.manual_seed(0)
    whole = sharpened(random_model("small", torch.device("cpu"), torch.float32))
    codes = torch.randint(0, 2048, (4, asked.frames))
    text = Conditioning(torch.randn(16, whole.config.text_encoder.d_model))
    print(machine() + f", torch {torch.__version__}\n")
    print("| numbers | louder | RMS | mean nats | 99 % | worst | changed | nats by quarter |")
    print("|---|---|---|---|---|---|---|---|")
    before = 1.0
    for factor in (float(each) for each in asked.louder.split(",")):
        louder(whole, factor / before)
        before = factor
        exact = logits(whole, torch.float32, text, codes)
        for dtype in (torch.bfloat16, torch.int8):
            print(row(dtype, factor, exact, logits(whole, dtype, text, codes)), flush=True)


def logits(whole: Any, dtype: torch.dtype, text: Conditioning, codes: Tensor) -> Tensor:
    """Guided (codebooks, positions, codes)."""
    decoder = Decoder(from_transformers(whole, cast("Any", None), dtype), max_seconds=10)
    return guide(decoder.logits(text, codes, GUIDANCE), GUIDANCE)[0]


def row(dtype: torch.dtype, factor: float, exact: Tensor, rounded: Tensor) -> str:
    ours, theirs = exact.log_softmax(-1), rounded.log_softmax(-1)
    nats = (ours.exp() * (ours - theirs)).sum(-1)
    off = float((rounded - exact).norm() / (exact - exact.mean(-1, keepdim=True)).norm())
    changed = float((exact.argmax(-1) != rounded.argmax(-1)).float().mean())
    quarters = ", ".join(f"{float(part.mean()):.4f}" for part in nats.chunk(4, dim=1))
    return (
        f"| {str(dtype).removeprefix('torch.')} | {factor:g} x | {off:.2%} | "
        f"{float(nats.mean()):.4f} | {float(nats.flatten().quantile(0.99)):.4f} | "
        f"{float(nats.max()):.4f} | {changed:.1%} | {quarters} |"
    )


@torch.no_grad()
def sharpened(whole: Any) -> Any:
    """Norms as in training's beginning, and logits some nats apart."""
    for name, parameter in whole.decoder.named_parameters():
        if "norm" in name:
            parameter.fill_(float(name.endswith("weight")))
        elif "embed_tokens" in name:
            parameter.mul_(20)
        elif "lm_heads" in name:
            parameter.mul_(6)
    return whole


@torch.no_grad()
def louder(whole: Any, factor: float) -> None:
    """The same model, with a few loud channels before every product with what a norm gives."""
    for layer in whole.decoder.model.decoder.layers:
        past, text = layer.self_attn, layer.encoder_attn
        for norm, products in (
            (layer.self_attn_layer_norm, (past.q_proj, past.k_proj, past.v_proj)),
            (layer.encoder_attn_layer_norm, (text.q_proj,)),
            (layer.final_layer_norm, (layer.fc1,)),
        ):
            norm.weight[:CHANNELS] *= factor
            norm.bias[:CHANNELS] *= factor
            for product in products:
                product.weight[:, :CHANNELS] /= factor


if __name__ == "__main__":
    main()
