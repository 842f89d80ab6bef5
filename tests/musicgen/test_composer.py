"""Clips as windows on the line of codes: what is the same in two clips, and what is not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile

from engine.affect.circumplex import Affect
from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames, frames_of
from engine.composers.base import open_composer
from engine.composers.musicgen.composer import MusicGenComposer, MusicGenComposition
from engine.composers.musicgen.continuation import CodeLine
from engine.composers.musicgen.loaded_model import Studio, open_studio
from engine.errors import MusmedError
from engine.plan.events import Skip, Steer
from engine.plan.generation import Generation
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipSpec

torch = pytest.importorskip("torch")

from support import oracles

from engine.composers.musicgen.model.weights import from_transformers

REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.5, -0.5), minutes=2, seed=9)
RATE, HOP = 50, 960
OVERLAP = 375
BOOKS = 4


class Draws:
    """A decoder that draws codes without a model; notes what it was asked for."""

    def __init__(self, books: int = BOOKS, quiet: int = 0) -> None:
        self.books, self.quiet = books, quiet
        self.windows: list[tuple[int, int]] = []
        self.seeds: list[int] = []
        self.bias_rows: list[int] = []
        self.steps = 0
        self.fails: Exception | None = None

    def frames(
        self, conditioning: Any, prompt: Any, count: int, *, seed: int, **how: Any
    ) -> Iterator[Any]:
        if self.fails is not None:
            raise self.fails
        known = 0 if prompt is None else prompt.shape[1]
        self.windows.append((known, count))
        self.seeds.append(seed)
        if conditioning.bias is not None:
            self.bias_rows.append(len(conditioning.bias))
        dice = np.random.default_rng(seed)
        codes = dice.integers(1, 64, (self.books, count - known))
        if not known:
            codes[:, : self.quiet] = 0
        for first in range(0, codes.shape[1], 25):
            self.steps += 1
            if how["cancelled"]():
                return
            yield torch.from_numpy(codes[:, first : first + 25])


@pytest.fixture(scope="module")
def model(tiny_model: Any) -> Any:
    made = from_transformers(tiny_model, None)
    width = made.config.text_encoder.d_model
    return SimpleNamespace(
        decoder=made.decoder,
        codec=made.codec,
        frame_rate=made.frame_rate,
        sample_rate=made.sample_rate,
        channels=made.channels,
        codebooks=made.codebooks,
        text_states=lambda prompt: torch.zeros((len(prompt.split()), width)),
        prefixes=(),
    )


def studio_of(model: Any, decoder: Any, **generation: Any) -> Studio:
    return Studio(model, decoder, Generation(**generation), contextlib.nullcontext)


Compose = Callable[..., tuple[MusicGenComposition, Frames]]


def composed(
    studio: Studio,
    spec: ClipSpec,
    state: bytes | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> tuple[MusicGenComposition, Frames]:
    made = MusicGenComposition(studio, spec, state, cancelled)
    chunks = list(made.chunks())
    assert all(0 < len(chunk) <= studio.model.sample_rate for chunk in chunks)
    return made, np.concatenate(chunks)


def line_of(made: MusicGenComposition) -> CodeLine:
    return CodeLine.unpack(made.state(), BOOKS, 64)[0]


def between(line: CodeLine, first: int, end: int) -> np.ndarray:
    cut = line.cut(first, end)
    assert (cut.first, cut.end) == (first, end)
    return cut.codes


def sound(made: MusicGenComposition, audio: Frames, first: int, end: int) -> Frames:
    """Session frames ``first`` to ``end`` (48 kHz) of a composition's 32 kHz audio."""
    offset = made.render_from
    return audio[(first - offset) * 2 // 3 : (end - offset) * 2 // 3]


def test_the_next_clip_begins_with_this_clips_codes(model: Any) -> None:
    decoder = Draws()
    studio = studio_of(model, decoder)
    specs = make_plan(REQUEST).clips
    one, first = composed(studio, specs[0])
    two, second = composed(studio, specs[1], one.state())
    start = 1125
    known = line_of(one).end
    assert known >= start + OVERLAP
    assert np.array_equal(between(line_of(one), start, known), between(line_of(two), start, known))
    assert two.start_frame == frames_of(22.5)
    assert two.render_from == two.start_frame - GRID_FRAMES
    overlap = (two.render_from, frames_of(31.5))
    a, b = sound(one, first, *overlap), sound(two, second, *overlap)
    assert len(a) == len(b) == 32_000 * 9.5
    assert np.abs(a - b).max() < 1e-5
    assert np.abs(a).max() > 0.01


def test_windows_are_what_the_model_was_trained_on(model: Any) -> None:
    decoder = Draws()
    studio = studio_of(model, decoder)
    state = None
    for spec in make_plan(REQUEST).clips:
        made, _ = composed(studio, spec, state)
        state = made.state()
    assert all(known in (0, OVERLAP) and count <= 1500 for known, count in decoder.windows)
    assert sum(count - known for known, count in decoder.windows) == 120 * RATE, (
        "every code frame of the session is composed once"
    )
    assert len(set(decoder.seeds)) == len(decoder.seeds)
    assert decoder.bias_rows == [count for _, count in decoder.windows][: len(decoder.bias_rows)]
    assert decoder.bias_rows


@pytest.mark.parametrize("at", [3.0, 12.34, 22.0])
def test_a_revision_goes_on_from_the_codes_before_it(model: Any, at: float) -> None:
    decoder = Draws()
    studio = studio_of(model, decoder)
    old, before = composed(studio, make_plan(REQUEST).clips[0])
    plan = make_plan(REQUEST, [Steer(at=at, target=Affect(0.8, 0.5))])
    spec = plan.clips[plan.first_changed]
    decoder.windows.clear()
    new, after = composed(studio, spec, old.state())
    splice = new.start_frame // HOP
    assert new.start_frame % HOP == 0
    assert 0 <= new.start_frame - frames_of(spec.start) < HOP
    assert decoder.windows[0][0] == min(OVERLAP, splice)
    kept = max(0, splice - OVERLAP)
    same = between(line_of(old), kept, splice), between(line_of(new), kept, splice)
    assert np.array_equal(*same)
    tail = between(line_of(old), splice, splice + 50), between(line_of(new), splice, splice + 50)
    assert not np.array_equal(*tail)
    lead = new.render_from, new.start_frame - frames_of(0.1)
    assert lead[0] % GRID_FRAMES == 0
    a, b = sound(old, before, *lead), sound(new, after, *lead)
    assert len(a) == len(b) > 10_000
    assert np.abs(a - b).max() < 1e-5
    following, _ = composed(studio, plan.clips[spec.index + 1], new.state())
    first = following.start_frame // HOP
    assert np.array_equal(
        between(line_of(following), first, first + OVERLAP),
        between(line_of(new), first, first + OVERLAP),
    )


def test_a_revision_at_a_clips_own_start_is_a_revision(model: Any) -> None:
    """Not a next clip, which would go on with the old codes for 7.5 s."""
    studio = studio_of(model, Draws())
    plan = make_plan(REQUEST)
    one, _ = composed(studio, plan.clips[0])
    two, _ = composed(studio, plan.clips[1], one.state())
    steered = make_plan(REQUEST, [Skip(at=22.5)])
    assert steered.clips[1].start == 22.5
    new, _ = composed(studio, steered.clips[1], two.state())
    assert not np.array_equal(between(line_of(two), 1125, 1200), between(line_of(new), 1125, 1200))


def test_the_last_clip_ends_with_the_session(model: Any) -> None:
    studio = studio_of(model, Draws())
    spec = make_plan(REQUEST).clips[-1]
    made, audio = composed(studio, spec)
    assert line_of(made).end == 120 * RATE
    assert made.render_from + len(audio) * 3 // 2 == 120 * SAMPLE_RATE


def test_a_cut_clip_can_be_gone_on_from(model: Any) -> None:
    studio = studio_of(model, Draws())
    spec = make_plan(REQUEST).clips[0]
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 30

    made, _ = composed(studio, spec, None, cancelled)
    decoder = studio.decoder
    assert isinstance(decoder, Draws)
    assert decoder.steps <= 31, "nothing is decoded once it is cancelled"
    line = line_of(made)
    assert 0 < line.end < 1500
    plan = make_plan(REQUEST, [Steer(at=10.0, target=Affect(0.8, 0.5))])
    again, audio = composed(studio, plan.clips[0], made.state())
    assert np.array_equal(between(line_of(again), 125, 500), between(line, 125, 500))
    assert again.render_from + len(audio) * 3 // 2 >= frames_of(31.5)


def test_another_model_s_state_is_refused(model: Any) -> None:
    studio = studio_of(model, Draws())
    spec = make_plan(REQUEST).clips[1]
    alien = CodeLine(0, np.zeros((8, 1600), np.int64)).pack(0, 64)
    with pytest.raises(MusmedError, match="another model"):
        MusicGenComposition(studio, spec, alien, lambda: False)
    far = CodeLine(50_000, np.zeros((4, 1600), np.int64)).pack(0, 64)
    made, _ = composed(studio, spec, far)
    assert made.start_frame == made.render_from == frames_of(22.5), "it begins afresh"


class Echo:
    """A codec whose sound is the first codebook: silence for code 0."""

    def push(self, codes: Any) -> Frames:
        return np.repeat(codes[0].numpy() != 0, 640)[:, None].astype(np.float32)

    def flush(self) -> Frames:
        return np.zeros((0, 1), np.float32)


@pytest.mark.parametrize(("quiet", "dropped"), [(0, 0), (1, 0), (2, 1), (230, 229), (700, 500)])
def test_silence_at_the_sessions_start_is_left_out(
    model: Any, monkeypatch: pytest.MonkeyPatch, quiet: int, dropped: int
) -> None:
    monkeypatch.setattr(Studio, "stream", lambda *_: Echo())
    studio = studio_of(model, Draws(quiet=quiet))
    specs = make_plan(REQUEST).clips
    made, audio = composed(studio, specs[0])
    loud = int(np.flatnonzero(audio[:, 0])[0])
    assert loud == (quiet - dropped) * 640
    assert len(audio) >= 32_000 * 31.5
    line = line_of(made)
    assert line.first == -min(dropped, OVERLAP)
    assert (line.codes[0] == 0).sum() == quiet - dropped + min(dropped, OVERLAP)
    following, _ = composed(studio, specs[1], made.state())
    assert np.array_equal(between(line_of(following), 1125, 1500), between(line, 1125, 1500))


def test_a_listeners_file_opens_the_session(model: Any, tmp_path: FilePath) -> None:
    rate = 44_100
    times = np.arange(rate * 20) / rate
    song = (0.4 * np.sin(2 * np.pi * 110 * times * (1 + times / 40)))[:, None].repeat(2, 1)
    path = tmp_path / "song.flac"
    soundfile.write(path, song, rate)
    decoder = Draws()
    studio = studio_of(model, decoder, opening=str(path))
    made, _ = composed(studio, make_plan(REQUEST).clips[0])
    line = line_of(made)
    assert line.first == 0
    assert decoder.windows[0] == (OVERLAP, 1500)
    import soxr

    end = soundfile.read(path, dtype="float32")[0][-round(7.5 * rate) :]
    samples = torch.from_numpy(soxr.resample(end, rate, 32_000).mean(axis=1))
    codes = torch.from_numpy(between(line, 0, OVERLAP))
    oracles.assert_same_encoding(model.codec, codes, samples)
    later = make_plan(REQUEST).clips[1]
    path.unlink()
    composed(studio, later, made.state())
    with pytest.raises(MusmedError, match="no file"):
        composed(studio, make_plan(REQUEST).clips[0])


def test_stereo_has_two_channels(tiny_stereo_checkpoint: FilePath) -> None:
    composer = open_composer(str(tiny_stereo_checkpoint))
    assert isinstance(composer, MusicGenComposer)
    shares: list[float] = []
    composer.load(Generation(), shares.append)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert (composer.traits.channels, composer.traits.sample_rate) == (2, 32_000)
    chunks = composer.compose(make_plan(REQUEST).clips[0], None, lambda: False).chunks()
    first = next(iter(chunks))
    assert first.shape[1] == 2
    assert not np.array_equal(first[:, 0], first[:, 1])


def loaded(folder: FilePath, **generation: Any) -> MusicGenComposer:
    composer = MusicGenComposer(str(folder))
    composer.load(Generation(**generation), lambda _: None)
    return composer


def beginning(composer: MusicGenComposer, spec: ClipSpec, seconds: float = 2.0) -> Frames:
    """The first seconds of a clip by the model itself."""
    got: list[Frames] = []
    for chunk in composer.compose(spec, None, lambda: False).chunks():
        got.append(chunk)
        if sum(map(len, got)) >= 32_000 * seconds:
            break
    return np.concatenate(got)


def test_the_same_seed_makes_the_same_bytes(tiny_checkpoint: FilePath) -> None:
    composer = loaded(tiny_checkpoint)
    spec = make_plan(REQUEST).clips[0]
    audio = beginning(composer, spec)
    assert np.array_equal(audio, beginning(loaded(tiny_checkpoint), spec))
    other = make_plan(msgspec.structs.replace(REQUEST, seed=10)).clips[0]
    assert not np.array_equal(audio[:32_000], beginning(composer, other)[:32_000])
    composer.load(Generation(temperature=0.0), lambda _: None)
    assert not np.array_equal(audio[:32_000], beginning(composer, spec)[:32_000])


def test_the_reference_decoder_composes_too(
    tiny_checkpoint: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = (torch.device("cpu"), torch.float32)  # in bfloat16 the two round differently
    monkeypatch.setattr("engine.composers.musicgen.model.device.choose_device", lambda: exact)
    spec = make_plan(REQUEST).clips[0]
    greedy: dict[str, Any] = {"seed": 1, "temperature": 0.0, "guidance": 3.0, "top_k": 250}
    ours, theirs = (
        open_studio(str(tiny_checkpoint), Generation(decoder=decoder), lambda _: None)
        for decoder in ("ours", "reference")
    )

    def frames(studio: Studio) -> Any:
        conditioning = studio.conditioner.along(spec, 0, 40, RATE)
        return torch.cat(list(studio.decoder.frames(conditioning, None, 40, **greedy)), dim=1)

    decoder: Any = theirs.decoder
    said = oracles.watch_transformers(decoder._model, None, lambda: frames(theirs))
    conditioning = ours.conditioner.along(spec, 0, 40, RATE)
    codes = oracles.assert_same_codes(ours.decoder, conditioning, said, **greedy)
    assert codes.shape == (1, 4, 40)


def test_a_model_that_does_not_fit_gets_a_proposal(model: Any) -> None:
    from engine.composers.musicgen.model.device import fitting

    decoder = Draws()
    decoder.fails = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    gpu = torch.device("cuda")
    studio = Studio(model, decoder, Generation(), lambda: fitting("musicgen-large", gpu))
    with pytest.raises(MusmedError, match=r"GPU's memory.*--composer musicgen-medium"):
        composed(studio, make_plan(REQUEST).clips[0])
    decoder.fails = RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)")
    small = Studio(model, decoder, Generation(), lambda: fitting("musicgen-small", gpu))
    with pytest.raises(MusmedError, match="--composer embedded"):
        composed(small, make_plan(REQUEST).clips[0])
    decoder.fails = RuntimeError("something else")
    with pytest.raises(RuntimeError, match="something else"):
        composed(small, make_plan(REQUEST).clips[0])


def test_a_model_that_was_not_loaded_says_so() -> None:
    composer = MusicGenComposer("musicgen-small")
    with pytest.raises(MusmedError, match="open it first"):
        composer.compose(make_plan(REQUEST).clips[0], None, lambda: False)


def test_a_state_does_not_depend_on_how_much_was_heard(model: Any) -> None:
    """Finishing stops asking when it has enough; what the next clip goes on from is the same."""
    studio = studio_of(model, Draws())
    specs = make_plan(REQUEST).clips
    first, _ = composed(studio, specs[0])
    whole, _ = composed(studio, specs[1], first.state())
    part = MusicGenComposition(studio, specs[1], first.state(), lambda: False)
    next(part.chunks())
    assert part.state() == whole.state()


def test_a_clip_that_is_left_alone_does_not_go_on_beside_the_next(model: Any) -> None:
    decoder = Draws()
    studio = studio_of(model, decoder)
    specs = make_plan(REQUEST).clips
    first, _ = composed(studio, specs[0])
    left = MusicGenComposition(studio, specs[1], first.state(), lambda: False)
    chunks = left.chunks()
    next(chunks)
    composed(studio, specs[1], first.state())
    steps = decoder.steps
    assert list(chunks) is not None
    assert decoder.steps == steps
