"""The composer protocol: a ``ClipSpec`` and a continuation become audio, in chunks."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

import msgspec

from engine.composers.clip_notes import ClipNotes
from engine.composers.musicgen.files.catalogue import NAMES
from engine.composers.precision import PrecisionName
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError, UnknownWordError
from engine.plan.generation import Generation
from engine.plan.spec import ClipSpec

if TYPE_CHECKING:  # a front that only asks which composers there are takes no audio
    from engine.audio.format import Frames

CONTINUATION_LIMIT = 64 * 1024


class Continuation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What later audio needs of a clip: opaque to everyone but its makers, and versioned.

    ``state`` is the composer's (score state, codec codes), ``finishing`` the finisher's
    checkpoints. With it composing goes on at any session time from the clip's start to the
    next clip's start: the next clip and a revision inside this one are the same operation.
    """

    composer: str
    version: int
    state: bytes
    finishing: bytes

    def pack(self) -> bytes:
        """msgpack, at most 64 KiB. Raises ``ValueError`` beyond that: a composer's defect."""
        data = msgspec.msgpack.encode(self)
        if len(data) > CONTINUATION_LIMIT:
            raise ValueError(f"a continuation of {len(data)} bytes is over {CONTINUATION_LIMIT}")
        return data

    @staticmethod
    def unpack(data: bytes) -> Continuation:
        """Raises ``MusmedError`` for bytes that are not a continuation."""
        if len(data) > CONTINUATION_LIMIT:
            raise MusmedError("The stored continuation is too large.")
        try:
            return msgspec.msgpack.decode(data, type=Continuation)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MusmedError("The stored continuation is damaged.") from error


_Times = Annotated[tuple[float, ...], msgspec.Meta(max_length=512)]
"""A clip of 30 s has some 15 bars."""


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Musical landmarks of a clip in session seconds, ascending, within its window."""

    bars: _Times = ()
    phrases: _Times = ()


_Tag = Annotated[str, msgspec.Meta(max_length=64)]
_Words = Annotated[
    tuple[Annotated[str, msgspec.Meta(max_length=32)], ...], msgspec.Meta(max_length=32)
]


class BarRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bar in FIGARO's words (von Rütte et al. 2022), measured from its notes, so that other
    composers and tools can use it. Means are None for a bar without notes."""

    start: float
    """Session seconds."""
    time_signature: Annotated[str, msgspec.Meta(max_length=8)]
    chords: _Words
    instruments: _Words
    note_density: float
    """Notes a beat."""
    mean_pitch: float | None
    """MIDI."""
    mean_velocity: float | None
    """0 to 127."""
    mean_duration: float | None
    """Beats."""
    instrument: _Tag = ""
    genre: _Tag = ""
    """The tags by which its players were chosen; '' in records of earlier versions."""
    key: Annotated[str, msgspec.Meta(max_length=16)] = ""
    """'A minor'; '' in records of earlier versions, as the next."""
    section: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """Which section of the piece it is in, counted from 1; 0 where that is not known."""
    asked: Annotated[
        dict[Annotated[str, msgspec.Meta(max_length=32)], float], msgspec.Meta(max_length=16)
    ]
    """What the composer's descriptor asked of the bar, by name."""


BarRecords = Annotated[tuple[BarRecord, ...], msgspec.Meta(max_length=64)]


class Traits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What finishing has to know of a composer's audio."""

    sample_rate: int
    channels: int
    denoise: bool
    """The audio carries codec noise, so spectral gating is on by default."""
    trim: bool
    """The audio can begin or end with silence that is no music."""
    synthesis: str = ""
    """What sounds the notes, exactly enough to make the same sound again; '' where there are
    none."""
    precision: PrecisionName = ""
    """What the model multiplies in; '' where there is none."""


class Composition(Protocol):
    """One clip being composed.

    ``start_frame``: session frame (48 kHz) of the clip's first frame: the spec's start, or for
    a revision the first beat at or after it. ``render_from``: session frame at which ``chunks``
    begins, at most ``start_frame`` and on the half-second grid where the composer can do that;
    finishing drops what lies before ``start_frame``.
    """

    start_frame: int
    render_from: int
    marks: Marks

    def chunks(self) -> Iterator[Frames]:
        """Audio from ``render_from`` on, shape (n, channels), each chunk at most 1 s, until
        the consumer stops asking or the composer has no more. It has enough for ``spec.end``
        (composers whose audio is trimmed, for as long as they are asked); one that can tell
        what the next clip begins with goes on for the second more that finishing looks ahead,
        though not past the session's end."""
        ...

    def bars(self) -> BarRecords:
        """The bars that begin in the clip, as far as its chunks were made; () from a composer
        that knows no bars."""
        ...

    def state(self) -> bytes:
        """The composer's part of the continuation; may be asked for at any time."""
        ...


class Composer(Protocol):
    """Makes clips. ``name`` is the registry name, ``version`` changes with the sound."""

    name: str
    version: int
    traits: Traits

    def compose(
        self, spec: ClipSpec, state: bytes | None, cancelled: Callable[[], bool]
    ) -> Composition:
        """Begin one clip; ``state`` is the continuation's, None at the session's start and where
        another composer made what came before. It may be one that an earlier version of this
        composer left: where nothing can go on from it, music of its own begins with the clip.

        ``cancelled`` is polled at least once per chunk. Raises ``MusmedError`` for bytes that are
        no state or a device that fails.
        """
        ...


@runtime_checkable
class Sounding(Protocol):
    """A composer of notes, which can be sounded in more than one way."""

    def sound_with(self, wish: Synthesis) -> str:
        """Use the synthesis ``wish`` from now on; ``traits.synthesis`` then says which one that
        is. Returns a sentence for the listener where it is not what was wished for, else ''.
        Never raises for what is missing or broken."""
        ...


@runtime_checkable
class Rehearsing(Protocol):
    """A composer whose first clip of all takes longer than any later one."""

    def rehearse(self) -> Iterator[None]:
        """Make, step by step, what is kept for later clips, while none is asked for; whoever asks
        may leave off after any step. What is composed then is the same with it and without."""
        ...


@runtime_checkable
class Sounded(Protocol):
    """A composition of notes, by a composer that is ``Sounding``."""

    def built_in(self) -> tuple[str, ...]:
        """The instruments of the clip of which notes were sounded by the built-in synthesis though
        ``traits.synthesis`` is another; sorted. As far as its chunks were made."""
        ...


@runtime_checkable
class Scored(Protocol):
    """A composition of notes that can tell them."""

    def notes(self) -> ClipNotes:
        """The notes that begin in the clip, as far as its chunks were made."""
        ...


@runtime_checkable
class Parted(Protocol):
    """A composer that can leave half of its work to a process of its own."""

    def sound_apart(self) -> None:
        """From now on do that. A clip is the same as without."""
        ...

    def close(self) -> None:
        """End that process."""
        ...


@runtime_checkable
class Loadable(Protocol):
    """A composer with a model, which takes a while to load."""

    def load(
        self, generation: Generation, progress: Callable[[float], None], precision: str = ""
    ) -> str:
        """Load the model, to sample as ``generation`` says; needed once before ``compose``.
        ``precision``: as in ``ComposerOptions``; ``traits.precision`` then says which one it is.

        Returns a sentence for the listener where a session can't go on in its own, else ''.
        ``progress`` is given the share done, 0 to 1. Raises ``MusmedError`` for what is missing,
        broken or too large, and for a wish that can't be met here.
        """
        ...


EMBEDDED = "embedded"
_MUSICGEN = "engine.composers.musicgen.composer:MusicGenComposer"
_COMPOSERS = {
    EMBEDDED: "engine.composers.score.composer:EmbeddedComposer",
    **dict.fromkeys(NAMES, _MUSICGEN),
}
"""Registry: name -> where its class is. Imported only when opened: composers are heavy."""


def composer_names() -> tuple[str, ...]:
    """The names ``--composer`` takes besides 'auto'."""
    return tuple(_COMPOSERS)


def resolve_composer(name: str) -> str:
    """The composer behind ``name``: a registry name or the place of a MusicGen checkpoint (a
    folder or a hub repository: something with a '/'). 'auto' is the embedded one here;
    ``engine.composers.choice`` knows better. Raises ``UnknownWordError``."""
    if name == "auto":
        return EMBEDDED
    if name not in _COMPOSERS and "/" not in name:
        known = composer_names()
        raise UnknownWordError("composer", name, known, f"Choose auto or {', '.join(known)}.")
    return name


def has_model(composer: str) -> bool:
    """Whether a composer is MusicGen, with weights, a speed and a ``Generation``."""
    return _COMPOSERS.get(composer, _MUSICGEN) == _MUSICGEN


def composer_version(name: str) -> int:
    """The ``version`` of a composer's class; nothing is opened for it. Raises
    ``UnknownWordError``."""
    return int(_class_of(resolve_composer(name)).version)


def _class_of(resolved: str) -> Any:  # noqa: ANN401 - the class of a composer
    module, _, attribute = _COMPOSERS.get(resolved, _MUSICGEN).partition(":")
    return getattr(importlib.import_module(module), attribute)


def open_composer(name: str) -> Composer:
    """Import and make a composer. Raises ``UnknownWordError`` or the composer's own errors."""
    resolved = resolve_composer(name)
    maker = _class_of(resolved)
    made: Composer = maker(resolved) if has_model(resolved) else maker()
    return made
