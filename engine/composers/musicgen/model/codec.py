"""EnCodec in a stream: codes become audio as they come, the same as decoded all at once.

EnCodec's decoder is a convolution over code frames, an LSTM that runs forward, and convolutions
that turn frames into samples. The convolutions reach a few frames to each side, so windows with
that much around them are exact; the LSTM's state is carried from window to window. What comes out
is a tenth of a second behind the codes.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.audio.format import Frames

if TYPE_CHECKING:
    from transformers import EncodecConfig, EncodecModel


class CodecStream:
    """Decodes codes piece by piece.

    ``codec``: an EnCodec. ``context`` (codebooks, n): codes that came before, which are heard by
    the codec but not given out. The codebooks of a stereo model are left and right in turn.
    """

    def __init__(self, codec: EncodecModel, context: Tensor | None = None) -> None:
        if codec.config.norm_type != "weight_norm":
            raise ValueError(f"an EnCodec with {codec.config.norm_type} cannot be streamed")
        self._codec = codec
        layers: Any = codec.decoder.layers
        self._first, self._lstm, *self._rest = layers
        self._before, self._after = reach(codec.config)
        self._codes: Tensor | None = None
        self._codes_from = 0
        self._heard: Tensor | None = None
        self._heard_from = self._heard_to = 0
        self._memory: tuple[Tensor, Tensor] | None = None
        self._given = 0
        if context is not None:
            self._given = context.shape[-1]
            self.push(context)

    @torch.inference_mode()
    def push(self, codes: Tensor) -> Frames:
        """Codes (codebooks, n) -> what can be heard for certain: float32 (samples, channels)."""
        codes = channels_apart(codes.to(self._codec.device), self._codec.config.num_quantizers)
        self._codes = codes if self._codes is None else torch.cat([self._codes, codes], dim=-1)
        self._hear(self._codes_from + self._codes.shape[-1] - self._before)
        return self._give(self._heard_to - self._after)

    @torch.inference_mode()
    def flush(self) -> Frames:
        """The rest, when no more codes come."""
        if self._codes is not None:
            self._hear(self._codes_from + self._codes.shape[-1])
        return self._give(self._heard_to)

    def _hear(self, until: int) -> None:
        """The first convolution and the LSTM, up to frame ``until``."""
        if self._codes is None or until <= self._heard_to:
            return
        inputs = self._first(self._codec.quantizer.decode(self._codes.transpose(0, 1)))
        inputs = inputs[..., self._heard_to - self._codes_from : until - self._codes_from]
        sequence = inputs.permute(2, 0, 1)
        output, self._memory = self._lstm.lstm(sequence, self._memory)
        heard = (output + sequence).permute(1, 2, 0)
        self._heard = heard if self._heard is None else torch.cat([self._heard, heard], dim=-1)
        self._heard_to = until
        keep = max(self._codes_from, until - self._before)
        self._codes = self._codes[..., keep - self._codes_from :]
        self._codes_from = keep

    def _give(self, until: int) -> Frames:
        """The other convolutions: the audio of the frames not given yet, up to ``until``."""
        if self._heard is None or until <= self._given:
            channels = 1 if self._codes is None else len(self._codes)
            return np.zeros((0, channels), dtype=np.float32)
        keep = max(self._heard_from, self._given - self._after)
        self._heard = self._heard[..., keep - self._heard_from :]
        self._heard_from = keep
        audio = self._heard
        for layer in self._rest:
            audio = layer(audio)
        hop = self._codec.config.hop_length
        audio = audio[:, 0, (self._given - keep) * hop : (until - keep) * hop]
        self._given = until
        return audio.T.float().cpu().numpy()


def reach(config: EncodecConfig) -> tuple[int, int]:
    """How many code frames to each side the decoder's convolutions reach: the first one, before
    the LSTM, and those after it together."""
    first = config.kernel_size - 1 if config.use_causal_conv else config.kernel_size // 2
    frames, rate = 0.0, 1
    for ratio in config.upsampling_ratios:
        frames += 1 / rate  # a transposed convolution of twice its stride
        rate *= ratio
        for layer in range(config.num_residual_layers):
            dilation = config.dilation_growth_rate**layer
            frames += (config.residual_kernel_size - 1) * dilation / rate
    frames += (config.last_kernel_size - 1) / rate
    return first, math.ceil(frames)


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
