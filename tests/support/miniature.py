"""A base and judges for the paper in small: MusicGen, its codec and CLAP, tiny and with random
weights, and a tagger that was fitted to how two moods sound through that codec."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from support.fitted_codec import fit_codec
from support.tiny_clap import write_clap
from support.tiny_musicgen import random_model, save_checkpoint, tiny_config
from support.two_moods import MOODS, PIECES, piece

from engine.audio.format import Frames
from engine.audio.resample import Resampler

CODES = 64
TRACKS = [(mood, number) for mood in MOODS for number in range(PIECES)]


def write_base(folder: Path) -> tuple[Any, list[Any]]:
    """A checkpoint, its model, and the codes of ``TRACKS``, each (codebooks, frames)."""
    from engine.composers.musicgen.model.codec import encode

    model = random_model(tiny_config(hidden=64))
    # As they are made, a text would hardly reach the decoder, so that whether it is learnt within
    # some hundred updates is luck, and no code could be much likelier than another.
    model.enc_to_dec_proj.weight.data.mul_(30.0)
    for head in model.decoder.lm_heads:
        head.weight.data.mul_(2.0)
    sounds = [_mono(piece(*track)) for track in TRACKS]
    fit_codec(model.audio_encoder, sounds)
    save_checkpoint(model, folder)
    return model, [encode(model.audio_encoder, sound[:, None], 1) for sound in sounds]


def write_judges(folder: Path, model: Any, codes: Sequence[Any]) -> tuple[str, str]:
    """A tagger's head and a CLAP in ``folder``, and the words that open them. The tagger has heard
    all ``TRACKS`` as the codec of ``model`` plays them: it knows the answers."""
    from engine.evaluation.judges.clap import Clap
    from engine.evaluation.tagger_head import FORMAT, Head, HeadRecord, fit, write_head
    from engine.evaluation.track_embeddings import probe

    write_clap(folder / "clap")
    clap = Clap(str(folder / "clap"))
    heard = np.concatenate([clap.windows(_played(model.audio_encoder, one)) for one in codes])
    truth = np.array([[mood == one for one in MOODS] for mood, _ in TRACKS])
    fitted = fit(heard, truth, np.ones(len(heard)), 1e-2)
    record = HeadRecord(FORMAT, clap.record.version, MOODS, 1e-2, len(heard), 1.0, 0.5)
    write_head(Head(record, fitted, probe(clap)), folder / "head.safetensors")
    return f"clap-tagger={folder / 'head.safetensors'}", f"clap={folder / 'clap'}"


def _mono(sound: Frames) -> Any:
    from engine.audio.format import SAMPLE_RATE

    mono = Resampler(SAMPLE_RATE, 1, 32_000).push(sound.mean(axis=1, keepdims=True), last=True)
    return np.ascontiguousarray(mono[:, 0])


def _played(codec: Any, codes: Any) -> Any:
    """Mono, at 48 kHz."""
    import torch

    with torch.inference_mode():
        sound = codec.decode(codes[None, None], [None]).audio_values[0, 0]
    return Resampler(32_000, 1).push(sound[:, None].numpy(), last=True)[:, 0]
