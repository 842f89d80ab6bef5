"""One training in many processes: who does what, and how they agree.

``accelerate`` starts the group (NCCL between GPUs, gloo between CPUs; ``accelerate launch`` says
how many there are) and says what each runs on. Gradients are summed here rather than by a wrapper
around the model: a process then counts for as many codes as it has, also where windows are not
shared out evenly, and all that is exchanged for an update goes in one piece.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import torch

from engine.composers.musicgen.model.device import (
    choose_device,
    is_out_of_memory,
    training_format,
)
from engine.errors import MusmedError
from engine.training.said import SaidElsewhereError, StoppedError

Item = TypeVar("Item")
_PATIENCE = timedelta(days=7)
"""How long a process waits for others, who may encode a collection or compose for a watching. One
that dies is noticed at once all the same, because its connections close."""
_TOLD = "musmed told"


@dataclass(frozen=True)
class Processes:
    """All processes of a training, as seen by the ``number``-th of ``count`` (from 0), which
    computes on ``device``, where the base stands in ``format``."""

    device: torch.device
    format: torch.dtype = torch.float32
    number: int = 0
    count: int = 1

    @property
    def main(self) -> bool:
        """Whether this is the one that reads, writes, watches and speaks."""
        return self.number == 0

    def check(self, batch: int) -> None:
        """Raises ``MusmedError`` where not every process has a window of a batch."""
        if batch < self.count:
            raise MusmedError(
                f"A batch of {batch} cannot be shared by {self.count} processes; "
                f"choose --batch {self.count} or more, or start fewer processes."
            )

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """This process's part of ``items``: neighbours, as many as others have or one more."""
        first = self.number * len(items) // self.count
        return items[first : (self.number + 1) * len(items) // self.count]

    def wait(self) -> None:
        """Until all are here."""
        self.agreed(True)

    def agreed(self, here: bool) -> bool:
        """What the main process holds to be so; all have to ask."""
        said = torch.tensor([float(here and self.main)], device=self.device)
        self.add_up(said)
        return bool(said.item() > 0)

    def add_up(self, numbers: torch.Tensor) -> None:
        """``numbers``, on ``device``, become the sum over all processes, the same bits in each."""
        if self.count > 1:
            with _others_alive():
                torch.distributed.all_reduce(numbers)

    def from_main(self, make: Callable[[], Item], kind: type[Item]) -> Item:
        """What the main process makes, as msgspec sends a ``kind`` (with paths, and with what
        is made of one path that it has as ``folder``): the others wait for it, and make
        nothing."""
        if self.count == 1:
            return make()
        told = _ENCODER.encode(make()) if self.main else b""
        size = torch.tensor([len(told)], device=self.device)
        self.add_up(size)
        sent = torch.zeros(int(size.item()), dtype=torch.uint8, device=self.device)
        if self.main:
            sent.copy_(torch.frombuffer(bytearray(told), dtype=torch.uint8))
        self.copy_main([sent])
        return msgspec.msgpack.decode(sent.cpu().numpy().tobytes(), type=kind, dec_hook=_of_path)

    def copy_main(self, tensors: Iterable[torch.Tensor]) -> None:
        """``tensors``, on ``device``, become what they are in the main process."""
        if self.count > 1:
            for one in tensors:
                with torch.no_grad(), _others_alive():
                    torch.distributed.broadcast(one, src=0)

    def computing(self) -> AbstractContextManager[object]:
        """In which format products are taken: that of the base, whatever the trained weights are
        kept in."""
        if self.format == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.format)

    @contextlib.contextmanager
    def one_voice(self) -> Iterator[None]:
        """What is raised inside is said once: by the first process that raises an error, while
        all others raise ``SaidElsewhereError``. All stop together, and the main one says so."""
        try:
            yield
        except SaidElsewhereError:
            raise
        except StoppedError as stopped:
            if not self.main:
                raise SaidElsewhereError(str(stopped)) from stopped
            raise
        except OthersEndedError as ended:
            if not self.main or self._told():
                raise SaidElsewhereError(str(ended)) from ended
            raise
        except MusmedError as error:
            if self._told():
                raise SaidElsewhereError(str(error)) from error
            raise

    def _told(self) -> bool:
        """Whether another process was here before this one."""
        if self.count == 1:
            return False
        try:
            return bool(_store().add(_TOLD, 1) > 1)
        except RuntimeError:  # who kept the store is gone
            return not self.main


class OthersEndedError(MusmedError):
    """Another process of this training is no longer there."""


def open_processes() -> Processes:
    """Join the others, if this process was launched as one of many. Raises ``MusmedError``."""
    from accelerate import Accelerator
    from accelerate.utils import InitProcessGroupKwargs

    launched = int(os.environ.get("WORLD_SIZE", "1"))
    best = choose_device()[0].type
    # Without this, many processes on a machine with no CUDA would each be alone.
    cpu = best == "cpu" or (launched > 1 and best != "cuda")
    patience = InitProcessGroupKwargs(timeout=_PATIENCE)
    try:
        with _ending_at_signals() if launched > 1 else contextlib.nullcontext():
            accelerator = Accelerator(cpu=cpu, kwargs_handlers=[patience])
    except (RuntimeError, ValueError) as error:
        if launched == 1:
            raise
        raise MusmedError(
            f"The {launched} processes did not find each other ({_first_line(error)}); "
            "look at --num_machines, --main_process_ip and --main_process_port of accelerate "
            "launch."
        ) from error
    device = accelerator.device
    return Processes(
        device, training_format(device), accelerator.process_index, accelerator.num_processes
    )


def close_processes() -> None:
    """Leave the others; at the end of a process that has joined them."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@contextlib.contextmanager
def _ending_at_signals() -> Iterator[None]:
    """A process that waits for others to come is ended by what elsewhere is only noted: nothing is
    lost by that, and its launcher need not kill it when another never comes."""
    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        if threading.current_thread() is threading.main_thread():
            before[number] = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _others_alive() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise OthersEndedError(
            "Another process of this training ended; what was trained is kept, and the same "
            "command with --resume goes on from it."
        ) from error


def _as_path(one: Any) -> str:  # noqa: ANN401 - whatever msgspec does not know
    return str(one if isinstance(one, Path) else one.folder)


def _of_path(kind: Any, told: Any) -> Any:  # noqa: ANN401
    return Path(told) if issubclass(kind, Path) else kind(Path(told))


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_as_path)


def _store() -> Any:  # noqa: ANN401 - torch.distributed.Store, by a name that torch keeps for itself
    from torch.distributed import distributed_c10d

    return distributed_c10d._get_default_store()


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
