"""An adapter measured against its base: what of ``moved.py`` needs the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from engine.composers.musicgen.files.adapters import Adapter, AdapterWish, find_adapter
from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.model import weights
from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.composers.musicgen.model.device import choose_device, fitting
from engine.training.batches import windows_of
from engine.training.encoded import Encoded
from engine.training.moved import Moved, MovedOutput, Size, moved_weights
from engine.training.said import Stopped
from engine.training.tracks import Data, Split

MOST_WINDOWS = 8
FRAMES = 500
"""Of each window: the first ten seconds."""


def measure(
    folder: Path,
    base: Checkpoint,
    encoded: Encoded,
    data: Data,
    split: Split,
    *,
    progress: Callable[[float], None] = lambda _: None,
    stopped: Stopped = lambda: False,
) -> Moved:
    """How far the adapter in ``folder`` moved ``base``. ``progress``: the share done. Where it is
    stopped, the output is not measured. Raises ``MusmedError`` for an adapter that doesn't fit, and
    where there is no room for the model."""
    adapter = find_adapter(AdapterWish(str(folder)), base)
    sizes = moved_weights(sizes_of(adapter, base))
    chosen, held_out = windows_to_hear(encoded, split)
    if not chosen or stopped():
        return Moved(sizes)
    device = choose_device()[0]
    asked = [_asked(encoded, data, window, device) for window in chosen]
    with fitting(base.name, device):
        listening = _Listening(base, device, asked, progress, stopped)
        return Moved(sizes, listening.output(adapter, held_out=held_out))


def sizes_of(adapter: Adapter, base: Checkpoint) -> Iterator[Size]:
    """Of every weight that the adapter changes, one weight in memory at a time."""
    tensors = load_file(adapter.file)
    changes = {change.weight: change for change in adapter.changes if change.b}
    for path in base.weights:
        with safe_open(path, framework="pt") as file:
            for name in sorted(changes.keys() & set(file.keys())):
                change = changes[name]
                weight = file.get_tensor(name).float()
                a, b = tensors[change.a].float(), tensors[change.b].float()
                added = change.scaling * (b @ a)
                merged = weight + added
                rounded = merged.bfloat16().float() - merged
                yield Size(name, _square(weight), _square(added), _square(rounded))


def _square(matrix: Tensor) -> float:
    return float(matrix.double().square().sum())


def windows_to_hear(encoded: Encoded, split: Split) -> tuple[list[int], bool]:
    """The windows to listen to, spread over those there are, and whether they were held out."""
    for tracks, held_out in ((split.held_out, True), (split.train, False)):
        found = windows_of(encoded, tracks)
        if found:
            count = min(MOST_WINDOWS, len(found))
            return [found[n * len(found) // count] for n in range(count)], held_out
    return [], False


def _asked(
    encoded: Encoded, data: Data, window: int, device: torch.device
) -> tuple[Conditioning, Tensor]:
    """What is said of a window's track, and its codes."""
    captions = data.tracks[encoded.windows[window].track].captions
    states = torch.from_numpy(encoded.states(captions[0]).copy()).to(device)
    codes = torch.from_numpy(encoded.codes(window)[:, :FRAMES].copy()).long().to(device)
    return Conditioning(states), codes


@dataclass(frozen=True)
class _Listening:
    """The same windows, told to one model after the other: one is in memory at a time."""

    base: Checkpoint
    device: torch.device
    asked: Sequence[tuple[Conditioning, Tensor]]
    progress: Callable[[float], None]
    stopped: Stopped

    def output(self, adapter: Adapter, *, held_out: bool) -> MovedOutput | None:
        """None where it is stopped."""
        # Rounded in its weights and computed in float32: not every CPU takes bfloat16.
        ways: tuple[tuple[tuple[Adapter, ...], torch.dtype | None], ...] = (
            ((), None),
            ((adapter,), None),
            ((adapter,), torch.bfloat16),
        )
        said = []
        for way, (adapters, dtype) in enumerate(ways):
            done = way / len(ways)
            expected = self._expected(adapters, dtype, done, 1 / len(ways))
            if len(expected) < len(self.asked):
                return None
            said.append(expected)
        before, after, rounded = said
        adapted, rounding = _apart(before, after), _apart(after, rounded)
        return MovedOutput(
            windows=len(before),
            codes=sum(len(one) for one in before),
            held_out=held_out,
            divergence=adapted[0],
            changed=adapted[1],
            rounding=rounding[0],
            rounding_changed=rounding[1],
        )

    def _expected(
        self,
        adapters: Sequence[Adapter],
        rounded: torch.dtype | None,
        done: float,
        share: float,
    ) -> list[Tensor]:
        """What is expected of every window; of fewer where it is stopped."""
        model = weights.load(
            self.base,
            device=self.device,
            dtype=torch.float32,
            adapters=adapters,
            rounded=rounded,
        )
        decoder = Decoder(model)
        said: list[Tensor] = []
        for text, codes in self.asked:
            if self.stopped():
                break
            said.append(_expected(decoder, text, codes))
            self.progress(done + share * len(said) / len(self.asked))
        return said


def _expected(decoder: Decoder, text: Conditioning, codes: Tensor) -> Tensor:
    """The logits of every code that is there, given those before: (codes, kinds), 16 MB for ten
    seconds of a real model."""
    logits = decoder.logits(text, codes)[0]
    there = [
        logits[book, delay : delay + codes.shape[1]]
        for book, delay in enumerate(decoder.weights.delays)
    ]
    return torch.cat(there).float().cpu()


def _apart(one: Sequence[Tensor], other: Sequence[Tensor]) -> tuple[float, float]:
    """The mean divergence of ``other`` from ``one``, and the share of other likeliest codes. In
    double precision: of a small adapter it is smaller than single precision's rounding."""
    divergence = changed = 0.0
    codes = 0
    for before, after in zip(one, other, strict=True):
        p, q = (logits.double().log_softmax(-1) for logits in (before, after))
        divergence += float((p.exp() * (p - q)).sum())
        changed += float((p.argmax(-1) != q.argmax(-1)).sum())
        codes += len(p)
    return divergence / codes, changed / codes
