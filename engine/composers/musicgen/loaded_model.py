"""A loaded MusicGen and what makes codes of it. torch is imported when the model is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

import numpy as np

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, frames_of
from engine.composers.base import EMBEDDED
from engine.composers.musicgen.ahead import Ahead, Cancelled
from engine.composers.musicgen.auto_precision import Found, find_format, part
from engine.composers.musicgen.conditioning import Conditioner
from engine.composers.musicgen.continuation import CodeLine, Codes
from engine.composers.musicgen.files.adapters import find_adapters, parse_adapter
from engine.composers.musicgen.files.catalogue import INSTALL
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.opening import read_opening
from engine.composers.musicgen.precision import Format, Settled, settle
from engine.errors import MusmedError
from engine.plan.clock import CLIP_SECONDS, OVERLAP_SECONDS
from engine.plan.generation import Generation

if TYPE_CHECKING:
    from torch import Tensor

    from engine.composers.musicgen.model.codec import CodecStream
    from engine.composers.musicgen.model.decoder import Conditioning
    from engine.composers.musicgen.model.weights import Model


USUAL_KEYS = 192
"""Room for the text of as many moods as a clip has, so that every clip finds the same graphs."""


UNSETTLED = Settled("float32")
"""Of a model that is given and not loaded."""
SPINS = "5000"
"""How often a thread of GNU's OpenMP looks for work before it sleeps: the best compromise of those
measured in docs/benchmarks.md."""


class CodeDecoder(Protocol):
    """What turns conditioning and a prompt into codes: ``decoder.Decoder`` or another on the same
    weights."""

    def frames(
        self,
        conditioning: Conditioning,
        prompt: Tensor | None,
        count: int,
        *,
        seed: int,
        guidance: float,
        top_k: int,
        temperature: float,
        cancelled: Callable[[], bool],
    ) -> Iterator[Tensor]: ...


class Studio:
    """A loaded model with everything a clip needs of it. ``fitting``: gives the context that
    turns running out of memory into a sentence. ``settled``: what it multiplies in; ``so_far``:
    what was asked for beside ``generation``, as in ``ComposerOptions.precision``."""

    def __init__(
        self,
        model: Model,
        decoder: CodeDecoder,
        generation: Generation,
        fitting: Callable[[], AbstractContextManager[None]],
        *,
        settled: Settled = UNSETTLED,
        so_far: str = "",
    ) -> None:
        from engine.composers.musicgen.model.codec import CodecWeights

        if SAMPLE_RATE % model.frame_rate or GRID_FRAMES % (SAMPLE_RATE // model.frame_rate):
            raise MusmedError(
                f"The model has {model.frame_rate} code frames a second, which musmed can't lay "
                "on its grid; choose one of 'musmed models list'."
            )
        self.model, self.decoder, self.generation = model, decoder, generation
        self.fitting = fitting
        self.precision, self.notice = settled.format, settled.notice
        self._wish = so_far or generation.precision
        self.rate = model.frame_rate
        self.hop = SAMPLE_RATE // model.frame_rate
        self.vocabulary = model.decoder.codes
        self._codec = CodecWeights(model.codec)
        self.conditioner = Conditioner(model.text_states, model.prefixes)
        self._ahead: Ahead[Codes] | None = None

    def said_where(self, generation: Generation, so_far: str) -> str | None:
        """Whether it multiplies as a session wants it: what there is to say of that, '' for
        nothing; None for one that wants it otherwise."""
        wish = so_far or generation.precision
        if wish == self._wish:
            return self.notice
        return "" if wish == self.precision else None

    def warm(self) -> None:
        """Make ready what ``generation`` asks of the decoder, so that no clip waits for it."""
        from engine.composers.musicgen.model.decoder import Decoder

        if isinstance(self.decoder, Decoder):
            self.decoder.warm(
                guidance=self.generation.guidance,
                top_k=self.generation.top_k,
                temperature=self.generation.temperature,
                keys=USUAL_KEYS + self.conditioner.most_point_keys,
            )

    def code_frames(self, seconds: float) -> int:
        """Code frames of so many seconds, rounded up."""
        return -(-frames_of(seconds) // self.hop)

    def stream(self, context: Codes) -> CodecStream:
        """A stream through the codec that has heard ``context``."""
        from engine.composers.musicgen.model.codec import CodecStream

        return CodecStream(self._codec, tensor(context) if context.size else None)

    def ahead(self, make: Callable[[Cancelled], Iterator[Codes]]) -> Iterator[Codes]:
        """``make`` at work ahead, until the next clip begins or ``end_clip``: the model works on
        one clip at a time. Not on MPS, which two threads must not use at once
        (github.com/pytorch/pytorch/issues/197805)."""
        from engine.composers.musicgen.model import threads

        self.end_clip()
        if self.model.decoder.device.type == "mps":
            return make(lambda: False)

        def at_work(closed: Cancelled) -> Iterator[Codes]:
            threads.use(threads.decoding())
            yield from make(closed)

        self._ahead = Ahead(at_work)
        return self._ahead

    def end_clip(self) -> None:
        """Nothing is composed any more when this returns."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def opening(self) -> CodeLine | None:
        """The codes of the opening the listener gave, laid at the session's start."""
        if self.generation.opening is None:
            return None
        import soxr

        from engine.composers.musicgen.model import threads
        from engine.composers.musicgen.model.codec import encode

        audio, rate, _ = read_opening(self.generation.opening)
        audio = soxr.resample(audio, rate, self.model.sample_rate, quality="HQ")
        threads.use(threads.all_threads())
        with self.fitting():
            codes = encode(self.model.codec, audio, self.model.channels)
        threads.use(threads.SOUNDING)
        return CodeLine(0, codes.numpy()[:, -self.code_frames(OVERLAP_SECONDS) :])


def spin_briefly() -> None:
    """Let OpenMP's threads sleep soon when they wait, unless the environment says how they wait.

    One that spins as long as GNU's OpenMP lets it takes its core from whoever else has something to
    do, and on a busy machine hardly anything is composed; one that sleeps at once is woken hundreds
    of times a step (docs/benchmarks.md). It is read when torch is imported.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def open_studio(
    name: str, generation: Generation, progress: Callable[[float], None], so_far: str = ""
) -> Studio:
    """Load the checkpoint ``name``; ``so_far`` as in ``ComposerOptions.precision``. Raises
    ``MusmedError`` for what is missing or too large, and a precision that there is not here."""
    checkpoint = find(name)
    adapters = find_adapters([parse_adapter(text) for text in generation.adapters], checkpoint)
    spin_briefly()
    try:
        from engine.composers.musicgen.decoders.reference import ReferenceDecoder
        from engine.composers.musicgen.model import device as devices
        from engine.composers.musicgen.model import threads, weights
        from engine.composers.musicgen.model.decoder import Decoder
    except ModuleNotFoundError as error:
        raise MusmedError(
            f"{name} needs {error.name}: {INSTALL}, or choose --composer {EMBEDDED}."
        ) from error
    settled = settle(generation.precision, so_far, generation.decoder, devices.here())
    device, _ = devices.choose_device()
    devices.settle(device)
    threads.use(threads.all_threads())

    def load(precision: Format, loading: Callable[[float], None]) -> Model:
        dtype = devices.dtype_of(precision)
        return weights.load(
            checkpoint, device=device, dtype=dtype, adapters=adapters, progress=loading
        )

    decoder: CodeDecoder
    with devices.fitting(name, device):
        found = Found(settled.format)
        if settled.measures:
            found = find_format(checkpoint, adapters, settled.format, load=load, progress=progress)
            settled = settled._replace(format=found.format)
        if generation.decoder == "reference":
            whole, tokenizer = weights.load_transformers(
                checkpoint,
                device=device,
                dtype=devices.dtype_of(found.format),
                adapters=adapters,
                progress=progress,
            )
            model = weights.from_transformers(whole, tokenizer, adapters=adapters)
            decoder = ReferenceDecoder(whole)
        elif generation.decoder == "audiocraft":
            from engine.composers.musicgen.decoders.audiocraft import open_decoder

            model = load(found.format, progress)
            decoder = open_decoder(model)
        else:
            model = found.model or load(found.format, part(progress, found.done, 1.0))
            decoder = Decoder(model, max_seconds=CLIP_SECONDS)
        studio = Studio(
            model,
            decoder,
            generation,
            lambda: devices.fitting(name, device),
            settled=settled,
            so_far=so_far,
        )
        studio.warm()
    threads.use(threads.SOUNDING)
    return studio


def tensor(codes: Codes) -> Tensor:
    """Codes for torch, (codebooks, n) int64 on the CPU."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(codes))
