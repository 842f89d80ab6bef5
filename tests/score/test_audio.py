"""The composer's audio: windows of one piece, spliced, continued, bounded."""

from __future__ import annotations

import itertools
from functools import cache

import msgspec
import numpy as np
import pytest

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.audio.format import GRID_FRAMES, SAMPLE_RATE, Frames, frames_of
from engine.composers.base import Continuation, open_composer
from engine.composers.score.composer import AFTER_SECONDS, EmbeddedComposer, ScoreComposition
from engine.composers.score.sound.instruments import INSTRUMENTS
from engine.composers.score.sound.renderer import LOOKBACK_SECONDS
from engine.composers.score.sound.tables import TOP, TableCache
from engine.composers.score.sound.voices import sound
from engine.composers.score.writing.state import unpack_state
from engine.errors import MusmedError
from engine.plan.clock import STRIDE_SECONDS, clip_count, clip_end, clip_start
from engine.plan.spec import (
    FUTURE_SECONDS,
    HISTORY_SECONDS,
    Change,
    ClipSpec,
    LevelPoint,
    Players,
    SeedStep,
    Tags,
)

TOTAL = 120.0
OVERLAP = frames_of(7.5)
TENSE, CALM = Affect(-0.4, 0.6), Affect(0.6, -0.5)
PATH = Path((Waypoint(0.0, TENSE), Waypoint(25.0, TENSE), Waypoint(90.0, CALM)))
SEEDS = (SeedStep(0.0, 11),)
STRINGS = Tags("calm", "calm", "violin", "soundtrack")


COMPOSER = EmbeddedComposer()
"""Made the session and composes whatever is held against it: it has the tables already."""


def spec_of(
    index: int,
    path: Path = PATH,
    seeds: tuple[SeedStep, ...] = SEEDS,
    at: float | None = None,
    tags: Tags = STRINGS,
) -> ClipSpec:
    start = clip_start(index) if at is None else at
    end = clip_end(index, TOTAL)
    return ClipSpec(
        index=index,
        revision=int(at is not None),
        start=start,
        end=end,
        total=TOTAL,
        path=path.segment(max(0.0, start - HISTORY_SECONDS), min(end + FUTURE_SECONDS, TOTAL)),
        levels=(LevelPoint(0.0, -23.0),),
        seeds=seeds,
        tags=tags,
        prompt="",
    )


def play(
    spec: ClipSpec, state: bytes | None, composer: EmbeddedComposer | None = None
) -> tuple[ScoreComposition, list[Frames], Frames]:
    """A composition, its chunks, and its audio up to the clip's end."""
    composition = (composer or COMPOSER).compose(spec, state, lambda: False)
    chunks = list(composition.chunks())
    owed = frames_of(spec.end) - composition.render_from
    return composition, chunks, np.concatenate(chunks)[:owed]


@cache
def composed() -> tuple[tuple[ScoreComposition, list[Frames], Frames], ...]:
    """A whole session, every clip from the one before's state."""
    made: list[tuple[ScoreComposition, list[Frames], Frames]] = []
    for index in range(clip_count(TOTAL)):
        made.append(play(spec_of(index), made[-1][0].state() if made else None))
    return tuple(made)


def session() -> tuple[list[ScoreComposition], list[Frames]]:
    """The session's compositions and its clips."""
    return [made[0] for made in composed()], [made[2] for made in composed()]


@cache
def whole() -> Frames:
    _, clips = session()
    return np.concatenate([clips[0], *[clip[OVERLAP:] for clip in clips[1:]]])


def test_the_registry_opens_it() -> None:
    composer = open_composer("auto")
    assert composer.name == "embedded"
    assert composer.traits.sample_rate == SAMPLE_RATE
    assert not composer.traits.denoise
    assert not composer.traits.trim


def test_chunks_keep_the_contract() -> None:
    composition, chunks, audio = composed()[0]
    assert composition.start_frame == composition.render_from == 0
    assert all(c.dtype == np.float32 and c.ndim == 2 and c.shape[1] == 2 for c in chunks)
    assert all(0 < len(c) <= SAMPLE_RATE for c in chunks)
    assert len(audio) == frames_of(30.0)
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() < 1.0
    assert np.abs(audio[:4800]).max() > 1e-3, "music within the first tenth of a second"


def test_same_spec_same_bytes() -> None:
    again = play(spec_of(0), None, EmbeddedComposer())[2]
    assert again.tobytes() == session()[1][0].tobytes()


def test_overlaps_are_the_same_audio() -> None:
    _, clips = session()
    for one, two in itertools.pairwise(clips):
        assert np.array_equal(one[-OVERLAP:], two[:OVERLAP])


def test_past_its_end_a_clip_is_what_the_next_one_goes_on_with() -> None:
    _, clips = session()
    for index, following in enumerate(clips[1:]):
        composition, chunks, audio = composed()[index]
        after = np.concatenate(chunks)[len(audio) :]
        left = frames_of(TOTAL) - frames_of(clip_end(index, TOTAL))
        assert len(after) == min(left, frames_of(AFTER_SECONDS))
        assert np.array_equal(after, following[OVERLAP:][: len(after)])
        assert max(composition.marks.bars) < clip_end(index, TOTAL)


def test_the_last_clip_ends_with_the_session() -> None:
    _, chunks, audio = composed()[-1]
    assert sum(map(len, chunks)) == len(audio)


def test_a_fresh_composer_goes_on_from_a_state_alone() -> None:
    compositions, clips = session()
    assert np.array_equal(
        play(spec_of(3), compositions[2].state(), EmbeddedComposer())[2], clips[3]
    )


def test_what_a_clip_shares_with_the_one_before_it_is_sounded_once() -> None:
    """The blocks of the overlap, those after it that were looked at, and what the hall answers; its
    bars and their notes."""
    composer, made, state = EmbeddedComposer(), [], None
    for index in range(2):
        composition, _, audio = play(spec_of(index), state, composer)
        assert audio.tobytes() == session()[1][index].tobytes()
        made.append(composer._renderer.made)
        state = composition.state()
    seconds = clip_end(1, TOTAL) - clip_end(0, TOTAL)
    assert made[1] - made[0] == frames_of(seconds) // GRID_FRAMES
    remembered, bars = composer._remembered, composition._bars[-1].number + 1
    assert remembered.bars.made == remembered.notes.made == bars


def test_another_path_is_another_music_whatever_was_remembered() -> None:
    """Bars and notes are those of a composer that remembers nothing, before a steer and after."""
    composer = EmbeddedComposer()
    state = composer.compose(spec_of(0), None, lambda: False).state()
    list(composer.compose(spec_of(1), state, lambda: False).chunks())
    for later in (0.1, 3.0, 12.0):
        turned = (*PATH.segment(0.0, 36.0).waypoints, Waypoint(36.0 + later, Affect(0.7, 0.7)))
        one, two = (
            play(spec_of(1, Path(turned)), state, who)[0].notes()
            for who in (composer, EmbeddedComposer())
        )
        assert one == two


def test_what_was_kept_is_not_taken_for_other_notes() -> None:
    """Of another score at the same place, also where both are composed in turn."""
    other = ((SeedStep(0.0, 12),), (SeedStep(0.0, 11), SeedStep(40.0, 12)))
    plain = [play(spec_of(1, PATH, seeds), None, EmbeddedComposer())[2] for seeds in other]
    composer = EmbeddedComposer()
    turns = [
        composer.compose(spec_of(1, PATH, seeds), None, lambda: False).chunks()
        for seeds in (*other, other[1])
    ]
    chunks = list(zip(*turns, strict=True))
    for k, audio in enumerate((*plain, plain[1])):
        assert np.array_equal(np.concatenate([turn[k] for turn in chunks])[: len(audio)], audio)


def test_a_rehearsal_changes_nothing() -> None:
    """Left off after any step, or to its end."""
    for steps in (2, 99):
        rehearsed = EmbeddedComposer()
        assert len(list(itertools.islice(rehearsed.rehearse(), steps))) >= 2
        first = next(iter(rehearsed.compose(spec_of(0), None, lambda: False).chunks()))
        assert np.array_equal(first, composed()[0][1][0])


def test_the_state_is_small_early_and_within_the_specs_history() -> None:
    compositions, _ = session()
    for index, composition in enumerate(compositions):
        state = composition.state()
        assert len(state) <= 4096
        frame = unpack_state(state).frame
        start = clip_start(index)
        assert frame == 0 or frame <= frames_of(start - LOOKBACK_SECONDS)
        assert frame >= frames_of(start + STRIDE_SECONDS - HISTORY_SECONDS)
        packed = Continuation(composer="embedded", version=1, state=state, finishing=b"")
        assert Continuation.unpack(packed.pack()).state == state


def test_a_splice_on_the_same_path_is_the_same_audio() -> None:
    compositions, clips = session()
    for at in (24.6, 31.37, 44.0):
        composition, _, audio = play(spec_of(1, at=at), compositions[1].state())
        assert composition.render_from % GRID_FRAMES == 0
        assert composition.render_from <= composition.start_frame
        assert frames_of(at) <= composition.start_frame < frames_of(at + 1.5)
        offset = composition.render_from - frames_of(clip_start(1))
        if offset >= 0:
            assert np.array_equal(audio, clips[1][offset:])


def test_a_steer_changes_nothing_before_it_and_something_soon_after() -> None:
    compositions, clips = session()
    at = 36.2
    turned = PATH.segment(0.0, at).waypoints
    path = Path((*turned, Waypoint(at + 12.0, Affect(0.7, 0.7))))
    composition, _, audio = play(spec_of(1, path, at=at), compositions[1].state())
    offset = composition.render_from - frames_of(clip_start(1))
    same = np.all(audio == clips[1][offset:], axis=1)
    first = composition.render_from + int(np.argmin(same))
    assert frames_of(at) <= first <= frames_of(at + 3.0)
    following = play(spec_of(2, path), composition.state())[2]
    assert np.array_equal(following[:OVERLAP], audio[-OVERLAP:])


def test_a_skip_changes_the_notes_after_it_and_none_before() -> None:
    compositions, clips = session()
    at = 36.2
    seeds = (*SEEDS, SeedStep(at, 99))
    composition, _, audio = play(spec_of(1, PATH, seeds, at=at), compositions[1].state())
    offset = composition.render_from - frames_of(clip_start(1))
    same = np.all(audio == clips[1][offset:], axis=1)
    first = composition.render_from + int(np.argmin(same))
    assert frames_of(at) <= first <= frames_of(at + 4.5), "the next bar"


GUITAR = Players("guitar", "folk")


def changing(spec: ClipSpec, at: float, late: float = 75.0) -> ClipSpec:
    """With a change of players that is due at ``at``, as far as the spec sees it."""
    changes = (
        Change(0.0, 0.0, Players(spec.tags.instrument, spec.tags.genre)),
        Change(at, at + late, GUITAR),
    )
    seen = tuple(c for c in changes if c.not_before <= spec.end + FUTURE_SECONDS)
    return msgspec.structs.replace(spec, changes=seen)


@cache
def changed() -> tuple[tuple[ScoreComposition, list[Frames], Frames], ...]:
    """The session with a change, which is due in the second clip alone."""
    made: list[tuple[ScoreComposition, list[Frames], Frames]] = []
    for index in range(clip_count(TOTAL)):
        spec = changing(spec_of(index), 31.0)
        made.append(play(spec, made[-1][0].state() if made else None))
    return tuple(made)


def test_a_change_of_players_keeps_the_score_and_begins_with_a_section() -> None:
    for one, (two, _, _) in zip(session()[0], changed(), strict=True):
        assert one.marks == two.marks
    bars = {bar.number: bar for made in changed() for bar in made[0]._bars}
    new = [bar for _, bar in sorted(bars.items()) if bar.cast.players == GUITAR]
    assert new[0].start > frames_of(31.0)
    assert (new[0].section_bar, new[0].phrase_bar) == (0, 0)
    assert all(bar.cast.players == GUITAR for bar in bars.values() if bar.start >= new[0].start)
    due = [bar for bar in bars.values() if frames_of(31.0) <= bar.start < new[0].start]
    assert not any(bar.section_bar == 0 for bar in due), "the first section that comes"
    assert [bar.cast.coming for bar in due[-2:]] == [GUITAR, GUITAR]


def test_players_change_at_the_same_frame_in_every_window() -> None:
    """Where one changes within an overlap too: the neighbours are the same audio."""
    starts = [bar.start for made in changed() for bar in made[0]._bars if bar.cast.before]
    assert starts
    for (_, _, one), (_, _, two) in itertools.pairwise(changed()):
        assert np.array_equal(one[-OVERLAP:], two[:OVERLAP])
    assert any(
        not np.array_equal(one, two)
        for one, (_, _, two) in zip(session()[1], changed(), strict=True)
    )


def test_marks_are_bars_and_phrases_of_the_window() -> None:
    compositions, _ = session()
    for index, composition in enumerate(compositions):
        bars = composition.marks.bars
        assert set(composition.marks.phrases) <= set(bars)
        assert list(bars) == sorted(bars)
        assert clip_start(index) <= bars[0]
        assert bars[-1] < clip_end(index, TOTAL)
    assert any(composition.marks.phrases for composition in compositions)


def test_no_silence_and_a_full_length() -> None:
    audio = whole()
    assert len(audio) == frames_of(TOTAL)
    blocks = np.abs(audio).max(axis=1)[: len(audio) // 4800 * 4800].reshape(-1, 4800)
    quiet = np.sqrt(np.mean(blocks**2, axis=1)) < 10 ** (-55 / 20)
    runs = "".join("x" if q else "." for q in quiet).split(".")
    assert max(map(len, runs)) <= 15


@pytest.mark.parametrize("genre", ["classical", "folk", "ambient", "jazz", "orchestral", "techno"])
def test_the_calmest_music_begins_at_once_and_never_falls_silent(genre: str) -> None:
    path = Path((Waypoint(0.0, Affect(0.1, -1.0)),))
    audio = play(spec_of(0, path, tags=Tags("calm", "calm", "pad", genre)), None)[2]
    assert np.abs(audio[:4800]).max() > 1e-3
    blocks = audio.reshape(-1, 4800 * 2).astype(np.float64)
    quiet = np.sqrt(np.mean(blocks**2, axis=1)) < 10 ** (-55 / 20)
    assert max(map(len, "".join("x" if q else "." for q in quiet).split("."))) <= 10


def test_no_click_where_blocks_meet() -> None:
    """Steps across block boundaries are no larger than those inside the blocks."""
    audio = whole().astype(np.float64)
    curve = np.abs(audio[2:] - 2.0 * audio[1:-1] + audio[:-2]).max(axis=1)
    seams = np.arange(GRID_FRAMES, len(audio) - 2, GRID_FRAMES)
    at_seams = np.concatenate([curve[seams - 1], curve[seams - 2]])
    assert at_seams.max() <= np.quantile(curve, 0.99999)
    assert np.median(at_seams) <= 1.5 * np.median(curve)


def test_the_sound_is_warm_not_dull_and_not_harsh() -> None:
    mono = whole().mean(axis=1).astype(np.float64).reshape(-1, 4800)
    power = np.mean(np.abs(np.fft.rfft(mono * np.hanning(4800), axis=1)) ** 2, axis=0)
    freqs = np.fft.rfftfreq(4800, 1.0 / SAMPLE_RATE)
    centroid = np.sum(np.sqrt(power) * freqs) / np.sum(np.sqrt(power))
    assert 300.0 <= centroid <= 3000.0
    assert power[freqs < 40].sum() <= 0.01 * power.sum()
    assert power[freqs < 150].sum() <= 0.5 * power.sum()
    crest = np.abs(whole()).max() / np.sqrt(np.mean(whole() ** 2))
    assert 3.0 <= crest <= 12.0
    left, right = whole().T
    assert 0.3 <= np.corrcoef(left, right)[0, 1] <= 0.98, "stereo, and mono-compatible"


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_instruments_neither_alias_nor_click(name: str) -> None:
    cache_ = TableCache()
    instrument = INSTRUMENTS[name]
    pitch = 3 if instrument.low == 0 else min(instrument.high, 96)
    for gate in (4800, 48_000):
        wave = np.atleast_2d(sound(cache_, name, pitch, 0.95, gate, 77))
        assert wave.dtype == np.float32
        assert np.isfinite(wave).all()
        assert np.abs(wave[:, 0]).max() < 0.03, "begins from rest"
        assert np.abs(wave[:, -2:]).max() < 1e-4, "ends at rest"
        spectrum = np.abs(np.fft.rfft(wave[0] * np.hanning(wave.shape[1]))) ** 2
        freqs = np.fft.rfftfreq(wave.shape[1], 1.0 / SAMPLE_RATE)
        assert spectrum[freqs > TOP * 1.03].sum() <= 1e-6 * spectrum.sum()


def test_a_pitched_instrument_is_in_tune() -> None:
    for name in ("piano", "guitar", "harp", "flute", "violin", "strings", "organ", "synth lead"):
        wave = np.atleast_2d(sound(TableCache(), name, 69, 0.4, 96_000, 0))[0]
        spectrum = np.abs(np.fft.rfft(wave[:96_000] * np.hanning(96_000)))
        freqs = np.fft.rfftfreq(96_000, 1.0 / SAMPLE_RATE)
        near = (freqs > 400) & (freqs < 480)
        peak = np.sum(freqs[near] * spectrum[near] ** 2) / np.sum(spectrum[near] ** 2)
        assert abs(1200 * np.log2(peak / 440.0)) < 8.0, name


def test_tables_are_bounded_and_dropping_them_changes_nothing() -> None:
    small = TableCache(limit=2 * 2**20)
    first = sound(small, "piano", 60, 0.5, 48_000, 0)
    for pitch in range(40, 80):
        sound(small, "piano", pitch, 0.5, 48_000, 0)
    assert small.bytes <= 2 * 2**20
    assert np.array_equal(sound(small, "piano", 60, 0.5, 48_000, 0), first)


def test_cancelling_stops() -> None:
    asked = iter([False, False, True])
    composition = EmbeddedComposer().compose(spec_of(0), None, lambda: next(asked))
    assert len(list(composition.chunks())) == 2
    assert composition.state()


@pytest.mark.parametrize(
    "change",
    [
        {"tempo": float("nan")},
        {"mode": 9},
        {"tonic": -1},
        {"frame": -5},
        {"melody": 400},
        {"voicing": (60,) * 1000},
        {"section_bar": 55},
        {"metre": "5/4"},
        {"level": 9},
        {"sung": ()},
    ],
)
def test_a_damaged_state_is_refused(change: dict[str, object]) -> None:
    state = unpack_state(session()[0][1].state())
    bad = msgspec.msgpack.encode(msgspec.structs.replace(state, **change))
    with pytest.raises(MusmedError):
        EmbeddedComposer().compose(spec_of(2), bad, lambda: False)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 40, b"{}", b"\x80"])
def test_bytes_that_are_no_state_are_refused(data: bytes) -> None:
    with pytest.raises(MusmedError, match="is damaged"):
        EmbeddedComposer().compose(spec_of(2), data, lambda: False)
