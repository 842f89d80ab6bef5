"""What a model multiplies in on a machine, decided without torch: by what the listener wishes, what
the session was composed in so far, and what the machine can do.

'auto' is what a GPU, or the processor, multiplies in by itself. On a CPU it is int8, which reads a
quarter of float32's bytes, where these very weights were compared with themselves in float32
(``model.rounding``) and differ by no more than ``MOST_MEAN`` and ``MOST_HIGH``.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from engine.composers.precision import USUAL
from engine.errors import MusmedError
from engine.plan.generation import Decoder, Precision

Format = Literal["float32", "float16", "bfloat16", "int8"]
Device = Literal["cpu", "cuda", "mps"]

MOST_MEAN = 0.02
"""Nats of Kullback-Leibler divergence from float32's distribution of a code to int8's, guided as
usual, on the average. By Pinsker's inequality at most a tenth of the codes (the square root of half
of it) are then drawn otherwise."""
MOST_HIGH = 0.25
"""Of the same the 99th percentile: no kind of place where the rounded model has another opinion."""
WORTH_WEIGHTS = 24 * 512**2
"""Decoders with fewer weights (in the measure of ``catalogue.decoder_size``) are not rounded
unasked: their matrices stay in the processor's caches, where reading less of them gains nothing."""


class Here(NamedTuple):
    """A machine: ``usual`` is what its ``device`` multiplies in by itself, ``takes`` all that it
    can."""

    device: Device
    usual: Format
    takes: frozenset[Format]


class Settled(NamedTuple):
    """``format``: what to multiply in; ``measures``: or int8, if the weights pass. ``notice``: a
    sentence for the listener where a session can't go on in its own, else ''."""

    format: Format
    measures: bool = False
    notice: str = ""


class Figures(msgspec.Struct, frozen=True):
    """How far a rounded model's distributions of codes are from float32's: ``mean`` and ``high``
    (99th percentile) in nats, ``changed``: share of places with another likeliest code; over
    ``places`` codes."""

    mean: float
    high: float
    changed: float
    places: int

    @property
    def passes(self) -> bool:
        """Whether it may be chosen unasked. NaN does not pass, nor what no measurement gives."""
        within = 0.0 <= self.mean <= MOST_MEAN and 0.0 <= self.high <= MOST_HIGH
        return self.places > 0 and within


def settle(wish: Precision, so_far: str, decoder: Decoder, here: Here) -> Settled:
    """``so_far``: what the session was composed in, '' where it begins. A session that can't go on
    in that goes on in what is usual here; a wish that can't be met is refused: raises
    ``MusmedError``."""
    if so_far == USUAL:
        return Settled(here.usual)
    for one in here.takes:
        if one == so_far:
            return Settled(one)
    if so_far:
        return Settled(here.usual, notice=_said_of_other(so_far, here))
    if wish == "auto":
        return Settled(here.usual, measures=decoder == "ours" and "int8" in here.takes)
    check(wish, decoder)
    if wish not in here.takes:
        raise MusmedError(_said_of_refusal(wish, here))
    return Settled(wish)


def check(wish: Precision, decoder: Decoder) -> None:
    """Raises ``MusmedError`` for a wish that is met on no machine."""
    if wish == "int8" and decoder != "ours":
        raise MusmedError(
            f"--decoder {decoder} takes float32 or bfloat16; choose one of these, or leave "
            "--precision out."
        )


def _said_of_other(so_far: str, here: Here) -> str:
    return (
        f"This session was composed in {so_far} so far, which {_where(here)} does not take; what "
        f"is composed now is in {here.usual} and may sound a little different."
    )


def _said_of_refusal(wish: str, here: Here) -> str:
    if wish == "int8":
        return f"int8 is for a CPU, and {_where(here)} composes; choose --precision auto."
    where = _where(here)
    return f"{where[0].upper()}{where[1:]} does not take {wish}; choose --precision auto."


def _where(here: Here) -> str:
    return "the processor here" if here.device == "cpu" else "the GPU here"
