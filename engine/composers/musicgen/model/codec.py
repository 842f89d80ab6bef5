"""EnCodec in a stream: codes become audio as they come, the same as decoded all at once.

EnCodec's decoder is a convolution over code frames, an LSTM that runs forward, and convolutions
that turn frames into samples. The convolutions reach a few frames to each side, so windows with
that much around them are exact; the LSTM's state is carried from window to window. What comes out
is a tenth of a second behind the codes.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from engine.audio.format import Frames
from engine.composers.musicgen.model.codec_layers import Streamed, layer_of

if TYPE_CHECKING:
    from transformers import EncodecConfig, EncodecModel


class CodecWeights:
    """What makes audio of codes: an EnCodec's quantizer and decoder, laid out for streams.

    Raises ``ValueError`` for an EnCodec that cannot be streamed.
    """

    def __init__(self, codec: EncodecModel) -> None:
        if codec.config.norm_type != "weight_norm":
            raise ValueError(f"an EnCodec with {codec.config.norm_type} cannot be streamed")
        self._quantizer, self.device = codec.quantizer, codec.device
        self.hop, self.quantizers = int(codec.config.hop_length), codec.config.num_quantizers
        self.reach = reach(codec.config)
        first, lstm, *rest = cast("Any", codec.decoder.layers)
        with torch.inference_mode():
            self.heard = [layer_of(first), layer_of(lstm)]
            self.sounded = [layer_of(layer) for layer in rest]

    def embedded(self, codes: Tensor) -> Tensor:
        """(codebooks, n) -> (channels, n, width)."""
        apart = channels_apart(codes.to(self.device), self.quantizers)
        x: Tensor = self._quantizer.decode(apart.transpose(0, 1))
        return x.transpose(1, 2)


class CodecStream:
    """Decodes codes piece by piece.

    ``context`` (codebooks, n): codes that came before, which are heard by the codec but not given
    out. The codebooks of a stereo model are left and right in turn.
    """

    def __init__(self, weights: CodecWeights, context: Tensor | None = None) -> None:
        self._weights = weights
        self._heard = [layer.begin() for layer in weights.heard]
        self._sounded = [layer.begin() for layer in weights.sounded]
        self._nothing: Tensor | None = None
        self._unheard = self._untold = 0
        if context is not None:
            frames = context.shape[-1]
            self._unheard = max(0, frames - weights.reach)
            self._untold = (frames - self._unheard) * weights.hop
            self.push(context)

    @torch.inference_mode()
    def push(self, codes: Tensor) -> Frames:
        """Codes (codebooks, n) -> what can be heard for certain: float32 (samples, channels)."""
        x = self._weights.embedded(codes)
        self._nothing = x[:, :0]
        return self._pushed(x, last=False)

    @torch.inference_mode()
    def flush(self) -> Frames:
        """The rest, when no more codes come."""
        if self._nothing is None:
            return np.zeros((0, 1), dtype=np.float32)
        return self._pushed(self._nothing, last=True)

    def _pushed(self, x: Tensor, last: bool) -> Frames:
        x = _through(self._heard, x, last)
        x, self._unheard = _without(x, self._unheard)
        x = _through(self._sounded, x, last)
        x, self._untold = _without(x, self._untold)
        return x[..., 0].T.float().cpu().numpy()


def _through(layers: list[Streamed], x: Tensor, last: bool) -> Tensor:
    for layer in layers:
        x = layer.push(x, last)
    return x


def _without(x: Tensor, count: int) -> tuple[Tensor, int]:
    """``x`` (channels, n, width) without its first ``count`` frames, and how many are still to be
    left out of what comes next."""
    return x[:, count:], max(0, count - x.shape[1])


def reach(config: EncodecConfig) -> int:
    """How many code frames the convolutions behind the LSTM reach, at most, to each side."""
    frames, rate = 0.0, 1
    for ratio in config.upsampling_ratios:
        frames += 1 / rate  # a transposed convolution of twice its stride
        rate *= ratio
        for layer in range(config.num_residual_layers):
            dilation = config.dilation_growth_rate**layer
            frames += (config.residual_kernel_size - 1) * dilation / rate
    frames += (config.last_kernel_size - 1) / rate
    return math.ceil(frames)


def channels_apart(codes: Tensor, quantizers: int) -> Tensor:
    """(channels * quantizers, n), the channels in turn -> (channels, quantizers, n)."""
    return codes.view(quantizers, -1, codes.shape[-1]).transpose(0, 1)


@torch.inference_mode()
def encode(codec: EncodecModel, audio: Frames, channels: int) -> Tensor:
    """Audio (samples, any channels) at the codec's rate -> codes (codebooks, frames) for a model
    of ``channels``, on the CPU."""
    if audio.shape[1] != channels:
        audio = np.repeat(audio.mean(axis=1, keepdims=True), channels, axis=1)
    samples = torch.from_numpy(np.ascontiguousarray(audio.T, dtype=np.float32))[:, None]
    device = codec.device
    if device.type == "mps":  # which has convolutions of at most 65536 samples
        codec = copy.deepcopy(codec)
        nn.Module.to(codec, "cpu")
        device = torch.device("cpu")
    encoded: Any = codec.encode(samples.to(device))
    codes: Tensor = encoded.audio_codes[0]
    return codes.transpose(0, 1).flatten(0, 1).cpu()


def fold(codec: nn.Module) -> None:
    """Multiply the weight normalisation into the weights, once instead of at every call."""
    for module in codec.modules():
        if nn.utils.parametrize.is_parametrized(module, "weight"):
            nn.utils.parametrize.remove_parametrizations(module, "weight")


def lengths_on_host(codec: nn.Module) -> None:
    """Keep what the convolutions compute their padding from with the host. transformers has it in
    buffers, which follow the model to the device: every convolution would then wait there for a
    number, and with it for all that is queued. To be called when the model is where it stays."""
    for module in codec.modules():
        for name in ("stride", "kernel_size", "padding_total"):
            length = module._buffers.get(name)
            if length is not None:
                module._buffers[name] = length.cpu()
