"""Clips of fixed prompts composed with a base and what was trained on it so far, as a session would
compose them: the checkpoint and the adapter are read from their files, decoder and codec are those
that play. Afterwards nothing of it is in memory: a model is being trained there.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from engine.audio.files import AudioWriter
from engine.audio.format import CHANNELS, Frames
from engine.audio.resample import Resampler
from engine.composers.musicgen.conditioning import PointWeights, with_points
from engine.composers.musicgen.files.adapters import AdapterWish, find_adapters
from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.composers.musicgen.model import device as devices
from engine.composers.musicgen.model import weights
from engine.composers.musicgen.model.codec import CodecStream, CodecWeights
from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.errors import MusmedError
from engine.places import look_at, part_of, read_small
from engine.plan.generation import Generation
from engine.printable import one_line
from engine.private import make_private_folder, write_private
from engine.training.judging import Clip
from engine.training.prompts import Prompt, draw_of
from engine.training.said import Progress, Say, Stopped, StoppedError

AT_ONCE = 4
"""Clips that are composed together. A step takes little longer for them than for one; more would
need memory that the training has."""
RECORD = "clips.json"
MOST_BYTES = 4 * 1024 * 1024
_STOPPED = "Stopped while clips were composed; those that are whole are kept."


class ComposedClip(msgspec.Struct, frozen=True):
    """``file``: its name; ``seed``: of what it was drawn by, with those that were composed beside
    it, among which it was the ``row``-th."""

    file: str
    prompt: Prompt
    seconds: float
    seed: int
    row: int


class Composed(msgspec.Struct, frozen=True):
    """What is in a folder of clips; ``made_of``: a digest of the adapter and all that was asked."""

    base: str
    made_of: str
    clips: tuple[ComposedClip, ...] = ()


@dataclass(frozen=True)
class Composing:
    """What is the same at every step. ``seconds``: of each clip; ``seed``: of what is drawn."""

    checkpoint: Checkpoint
    prompts: tuple[Prompt, ...]
    seconds: float
    seed: int

    def record_of(self, adapter: Path | None) -> Composed:
        """That of a folder with no clip in it yet. Raises ``OSError``."""
        asked = (self.checkpoint.name, self.prompts, self.seconds, self.seed, AT_ONCE)
        digest = hashlib.blake2b(msgspec.json.encode(asked), digest_size=16)
        for file in () if adapter is None else sorted(adapter.iterdir()):
            if file.suffix in (".safetensors", ".json"):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return Composed(self.checkpoint.name, digest.hexdigest())


def compose(
    wanted: Composing, adapter: Path | None, folder: Path, say: Say, stopped: Stopped
) -> tuple[Clip, ...]:
    """The clips of every prompt as FLACs in ``folder``, with a JSON of what they are; those that
    are there already, of just this, are not composed again. ``adapter``: a peft folder, None for
    the base alone. The same bytes for the same on the same machine. Raises ``MusmedError``, also
    where memory is not enough, and ``StoppedError``."""
    with _saying(folder):
        make_private_folder(folder)
        record = _there(folder, wanted.record_of(adapter))
    known = {clip.file for clip in record.clips}
    starts = range(0, len(wanted.prompts), AT_ONCE)
    batches = [wanted.prompts[first : first + AT_ONCE] for first in starts]
    left = [number for number, some in enumerate(batches) if not set(map(_file, some)) <= known]
    if left:
        with _freed(), _fitting(wanted.checkpoint.name):
            _Studio(wanted, adapter, say, stopped).fill(folder, record, batches, left)
    return tuple(Clip(one, folder / _file(one), wanted.seconds) for one in wanted.prompts)


class _Studio:
    """A model in memory, for as long as clips are composed."""

    def __init__(self, wanted: Composing, adapter: Path | None, say: Say, stopped: Stopped) -> None:
        self._wanted, self._say, self._stopped = wanted, say, stopped
        self._generation = Generation()
        wishes = () if adapter is None else (AdapterWish(str(adapter.absolute())),)
        device, dtype = devices.choose_device()
        self._model = weights.load(
            wanted.checkpoint,
            device=device,
            dtype=dtype,
            adapters=find_adapters(wishes, wanted.checkpoint),
            progress=self._loading,
        )
        self._codec = CodecWeights(self._model.codec)
        self._look()
        self._frames = round(wanted.seconds * self._model.frame_rate)
        self._decoder = Decoder(self._model, max_seconds=wanted.seconds)

    def fill(
        self,
        folder: Path,
        record: Composed,
        batches: Sequence[Sequence[Prompt]],
        left: Sequence[int],
    ) -> None:
        """Compose the ``batches`` with the numbers ``left`` into ``folder``."""
        for number in left:
            before = sum(map(len, batches[:number]))
            seed = draw_of(self._wanted.seed, f"clips {number}") >> 1
            codes = self._codes(batches[number], seed, before)
            made = []
            for row, prompt in enumerate(batches[number]):
                self._write(folder / _file(prompt), prompt, self._sound(codes[row]))
                made.append(ComposedClip(_file(prompt), prompt, self._wanted.seconds, seed, row))
            files = [clip.file for clip in made]
            others = [clip for clip in record.clips if clip.file not in files]
            record = msgspec.structs.replace(
                record, clips=tuple(sorted([*others, *made], key=lambda clip: clip.file))
            )
            with _saying(folder):
                _write_record(folder / RECORD, record)

    def _codes(self, prompts: Sequence[Prompt], seed: int, before: int) -> Tensor:
        """(clips, codebooks, frames)."""
        generation, total = self._generation, len(self._wanted.prompts)
        made: list[Tensor] = []
        self._say(Progress("watching", before, total))
        for piece in self._decoder.frames(
            [self._heard(prompt) for prompt in prompts],
            None,
            self._frames,
            seed=seed,
            guidance=generation.guidance,
            top_k=generation.top_k,
            temperature=generation.temperature,
            cancelled=self._stopped,
        ):
            made.append(piece)
            done = sum(one.shape[-1] for one in made)
            self._say(Progress("watching", before + len(prompts) * done // self._frames, total))
        self._look()
        return torch.cat(made, dim=-1)

    def _heard(self, prompt: Prompt) -> Conditioning:
        """Its text and, with an affect prefix, its place; a point alone is '' to who hears none."""
        model, place = self._model, prompt.affect
        states = model.text_states(prompt.text)
        if place is None or not model.prefixes:
            return Conditioning(states)
        said = Conditioning(states[:0] if prompt.is_point else states)
        always = PointWeights(
            np.array([[place.valence, place.arousal]]), np.ones((self._frames, 1))
        )
        return with_points(said, model.prefixes, always)

    def _sound(self, codes: Tensor) -> Frames:
        """48 kHz stereo, made quieter where it would go beyond full scale."""
        model = self._model
        stream, resampler = CodecStream(self._codec), Resampler(model.sample_rate, model.channels)
        pieces = []
        for first in range(0, codes.shape[-1], model.frame_rate):
            self._look()
            heard = stream.push(codes[:, first : first + model.frame_rate])
            pieces.append(resampler.push(heard))
        pieces.append(resampler.push(stream.flush(), last=True))
        sound = np.concatenate(pieces)
        sound = sound / max(1.0, float(np.abs(sound).max(initial=0.0)))
        return np.repeat(sound, CHANNELS, axis=1) if sound.shape[1] == 1 else sound

    def _write(self, path: Path, prompt: Prompt, sound: Frames) -> None:
        title = one_line(prompt.text, 200) or prompt.name
        comment = "Composed while a training was watched."
        with AudioWriter(path, title=title, artist="musmed", comment=comment) as writer:
            writer.write(sound)

    def _loading(self, share: float) -> None:
        self._look()
        self._say(Progress("loading", round(100 * share), 100))

    def _look(self) -> None:
        if self._stopped():
            raise StoppedError(_STOPPED)


def _file(prompt: Prompt) -> str:
    return f"{prompt.name}.flac"


def _there(folder: Path, wanted: Composed) -> Composed:
    """What of ``wanted`` is in ``folder``."""
    path = folder / RECORD
    if look_at(path, "file") != "file":
        return wanted
    try:
        found = msgspec.json.decode(read_small(path, str(path), MOST_BYTES), type=Composed)
    except ValueError:  # msgspec's errors are ValueErrors; then they are composed again
        return wanted
    if found.made_of != wanted.made_of:
        return wanted
    clips = tuple(clip for clip in found.clips if (folder / clip.file).is_file())
    return msgspec.structs.replace(wanted, clips=clips)


def _write_record(path: Path, record: Composed) -> None:
    temporary = part_of(path)
    try:
        write_private(temporary, msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _saying(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MusmedError(
            f"The clips in {folder} can't be kept ({error.strerror}); mend that and go on with "
            "--resume."
        ) from error


@contextlib.contextmanager
def _freed() -> Iterator[None]:
    """What was in memory meanwhile is not afterwards, and torch is as it was: on CUDA a training
    may have settled it otherwise."""
    cudnn: Any = torch.backends.cudnn
    attention: Any = torch.backends.cuda
    before = (cudnn.allow_tf32, cudnn.deterministic, attention.cudnn_sdp_enabled())
    device, _ = devices.choose_device()
    devices.settle(device)
    try:
        yield
    finally:
        cudnn.allow_tf32, cudnn.deterministic = before[:2]
        attention.enable_cudnn_sdp(before[2])
        let_go()


def let_go() -> None:
    """Give back the memory of models that nothing holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        # Every decoder has a stream of its own, and cuBLAS keeps memory for each there ever was.
        torch._C._cuda_clearCublasWorkspaces()
        torch.cuda.empty_cache()


@contextlib.contextmanager
def _fitting(base: str) -> Iterator[None]:
    """Turns running out of memory into a sentence that says what would take less."""
    try:
        yield
    except MusmedError:
        raise
    except Exception as error:
        if not devices.is_out_of_memory(error):
            raise
        smaller = devices.smaller_model(base)
        proposal = f", or choose --base {smaller}" if smaller else ""
        raise MusmedError(
            f"There is no memory left to listen to what {base} composes beside its training; "
            f"close what else uses it, train with less --at-once{proposal}, and go on with "
            "--resume."
        ) from error
