"""Copies are found where they are, however they sound; what is no copy is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from support.chord_music import RATE, music, resampled, score, sounded, written

from engine.affect.circumplex import Affect
from engine.composers.options import ComposerOptions
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.evaluation.chroma import Chroma, chroma_of_file
from engine.evaluation.likeness import (
    Embedded,
    Nearest,
    Piece,
    PieceLikeness,
    cut,
    likeness,
    reference_tracks,
)
from engine.evaluation.nearest import WINDOW, by_chroma, windows_of
from engine.evaluation.stretches import Null
from engine.meter.files import Progress
from engine.plan.request import Request
from engine.render import render_session

SECONDS = 62.0
TRACKS = 6
COPIED = 20.0
"""The second of track 3 at which the copies begin."""


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("tracks")
    return [written(folder / f"{n}.wav", music(n, SECONDS)) for n in range(TRACKS)]


def part(sound: np.ndarray, start: float = COPIED, seconds: float = 30.0) -> np.ndarray:
    return sound[int(start * RATE) : int((start + seconds) * RATE)]


def distorted(sound: np.ndarray) -> np.ndarray:
    """As a bad codec leaves it: nothing above 3 kHz, 8 bits, noise 20 dB below."""
    spectrum = np.fft.rfft(sound)
    spectrum[int(3_000 / (RATE / 2) * len(spectrum)) :] = 0.0
    low = np.fft.irfft(spectrum, len(sound))
    low = np.round(low / np.abs(low).max() * 127.0) / 127.0
    noise = np.random.default_rng(0).standard_normal(len(low)) * low.std() * 0.1
    return np.asarray(0.1 * (low + noise), np.float32)


def after_others(sound: np.ndarray) -> np.ndarray:
    """With a beginning that is not copied: 21.7 s of a piece of 30 s are."""
    return np.concatenate([part(music(77, 10.0), 0.0, 8.3), sound[: int(21.7 * RATE)]])


def retuned(sound: np.ndarray) -> np.ndarray:
    return part(sounded(score(3, SECONDS), SECONDS, up=0.3))


def at_tempo(tempo: float) -> np.ndarray:
    """The same notes, faster or slower: in pitch nothing changes."""
    notes = [(at / tempo, long / tempo, pitch) for at, long, pitch in score(3, SECONDS)]
    return part(sounded(notes, SECONDS / tempo), COPIED / tempo)


TRANSFORMS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int, float, float]] = {
    "as it is": (part, 0, 1.0, 0.0),
    "40 dB lower": (lambda sound: part(sound) * np.float32(0.01), 0, 1.0, 0.0),
    "between the half seconds": (lambda sound: part(sound, COPIED + 0.25), 0, 1.0, -0.25),
    "through a bad codec": (lambda sound: distorted(part(sound)), 0, 1.0, 0.0),
    "30 cents higher": (retuned, 0, 1.0, 0.0),
    "in other colours": (lambda sound: part(music(3, SECONDS, partials=9)), 0, 1.0, 0.0),
    "3 semitones higher": (lambda sound: part(music(3, SECONDS, 3.0, 3)), 3, 1.0, 0.0),
    "5 semitones lower": (lambda sound: part(music(3, SECONDS, -5.0)), -5, 1.0, 0.0),
    "played faster": (
        lambda sound: resampled(part(sound, seconds=33.0), 2 ** (1 / 12)),
        1,
        1.06,
        0,
    ),
    "played slower": (lambda sound: resampled(part(sound), 2 ** (-1 / 12)), -1, 0.94, 0.0),
    "after something else": (lambda sound: after_others(part(sound)), 0, 1.0, 8.3),
    "at .94 of the tempo": (lambda sound: at_tempo(0.94), 0, 0.94, 0.0),
    "at .955 of the tempo": (lambda sound: at_tempo(0.955), 0, 0.955, 0.0),
    "at 1.03 of the tempo": (lambda sound: at_tempo(1.03), 0, 1.03, 0.0),
    "at 1.045 of the tempo": (lambda sound: at_tempo(1.045), 0, 1.045, 0.0),
    "at 1.06 of the tempo": (lambda sound: at_tempo(1.06), 0, 1.06, 0.0),
}
"""How the copy is made, its semitones and tempo, and how much later it begins in the piece."""


@pytest.fixture(scope="module", autouse=True)
def heard_once() -> Iterator[None]:
    """The tracks are the same in every test."""
    kept: dict[Path, Chroma] = {}

    def hear(path: Path, progress: Progress) -> Chroma:
        if path not in kept:
            kept[path] = chroma_of_file(path, progress)
        return kept[path]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.evaluation.likeness.chroma_of_file", hear)
        yield


@pytest.fixture(scope="module")
def copies(
    tracks: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, PieceLikeness]:
    """All of them compared at once, and of unrelated music 12 pieces."""
    folder = tmp_path_factory.mktemp("copies")
    source = music(3, SECONDS)
    pieces = [
        Piece(written(folder / f"{name}.wav", transform(source)), 0.0, 28.0)
        for name, (transform, *_) in TRANSFORMS.items()
    ]
    unrelated = [written(folder / f"unrelated {n}.wav", music(100 + n, 28.0)) for n in range(12)]
    found = likeness([*pieces, *(Piece(sound, 0.0, 28.0) for sound in unrelated)], tracks)
    assert found.tracks == TRACKS
    assert not found.remarks
    return {Path(one.file).stem: one for one in found.pieces}


def nearest(one: PieceLikeness) -> Nearest:
    assert one.chroma is not None
    return one.chroma


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_copy_is_found(name: str, copies: dict[str, PieceLikeness], tracks: list[Path]) -> None:
    _, semitones, tempo, later = TRANSFORMS[name]
    found = nearest(copies[name])
    assert found.track == str(tracks[3])
    assert found.semitones == semitones
    assert found.tempo == pytest.approx(tempo, abs=0.031)
    assert found.tempo is not None
    there = COPIED + (found.since - later) * found.tempo
    assert found.at == pytest.approx(there, abs=1.1)
    assert found.beyond
    assert found.similarity > 0.8


def test_what_is_no_copy_is_hardly_ever_one(copies: dict[str, PieceLikeness]) -> None:
    unrelated = [nearest(one) for name, one in copies.items() if name.startswith("unrelated")]
    assert len(unrelated) == 12
    assert sum(one.beyond is True for one in unrelated) <= 1
    assert max(one.similarity for one in unrelated) < 0.8
    assert np.median([one.chance or 0.0 for one in unrelated]) > 0.2


def test_chance_is_what_unrelated_tracks_have(tracks: list[Path], tmp_path: Path) -> None:
    """The tracks themselves are all copies; their chance level does not see that."""
    pieces = [piece for track in tracks for piece in cut(track, SECONDS)]
    found = likeness(pieces, tracks)
    (row,) = found.rows
    assert (row.measure, row.n, row.unrelated) == ("chroma", 2 * TRACKS, 2 * TRACKS)
    assert row.share == 1.0
    assert row.most == pytest.approx(1.0, abs=1e-3)
    assert row.median is not None
    assert row.q95 is not None
    assert row.q99 is not None
    assert row.median < row.q95 <= row.q99 < 0.8
    assert row.expected == pytest.approx(1 / (2 * TRACKS + 1)), "twelve tell no 1 %"
    for one in found.pieces:
        assert nearest(one).track == one.file
        assert nearest(one).at == nearest(one).since


def test_a_stretch_of_more_windows_is_nearer_by_chance() -> None:
    null = Null([[0.1, 0.5, 0.3], [0.2, 0.1, 0.9], [0.4]])
    assert null.of(1).tolist() == [0.1, 0.2, 0.4]
    assert null.of(3).tolist() == [0.5, 0.9]
    assert null.of(9).tolist() == [0.5, 0.9], "the longest that there are"
    assert null.of(2).tolist() == [0.2, 0.5]
    assert len(Null([]).of(2)) == 0


@given(seed=st.integers(0, 1000), key=st.lists(st.floats(-1, 1), min_size=12, max_size=12))
def test_a_key_in_common_counts_for_nothing(seed: int, key: list[float]) -> None:
    frames = np.random.default_rng(seed).standard_normal((60, 12)).astype(np.float32)
    starts = np.array([0, 7, 20])
    windows = windows_of(frames, starts)
    assert windows.shape == (3, WINDOW * 12)
    assert np.allclose(windows, windows_of(frames + np.float32(key), starts), atol=1e-4)
    assert np.allclose(np.linalg.norm(windows, axis=1), 1.0, atol=1e-4)
    assert not windows_of(np.ones_like(frames), starts).any(), "what stands still has no course"


def test_windows_are_held_against_every_place_at_every_transposition() -> None:
    """As correlations, one after the other, say."""
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((60, 12)).astype(np.float32)
    track = Chroma(frames - frames.mean(axis=1, keepdims=True), np.zeros(60, bool), 0.0)
    queries = rng.standard_normal((5, WINDOW, 12)).astype(np.float32)
    queries -= queries.mean(axis=2, keepdims=True)
    queries /= np.linalg.norm(queries, axis=(1, 2), keepdims=True)
    flat = queries.reshape(5, -1)
    found = by_chroma(flat, np.full(5, -1), [track])
    for number, query in enumerate(queries):
        at, semitones = found.at[number] / 0.5 / found.tempo[number], found.semitones[number]
        there = np.stack(
            [
                np.interp(
                    np.arange(at, 59.99 / found.tempo[number])[:WINDOW] * found.tempo[number],
                    np.arange(60),
                    column,
                )
                for column in track.frames.T
            ],
            axis=1,
        )
        there -= there.mean(axis=0)
        known = np.sum(np.roll(query, -semitones, axis=1) * there) / np.linalg.norm(there)
        assert found.similarity[number] == pytest.approx(min(known, 1.0), abs=1e-3)
    plain = windows_of(track.frames, np.arange(21))
    for query, similarity in zip(queries, found.similarity, strict=True):
        rolls = [plain @ np.roll(query, by, axis=1).reshape(-1) for by in range(12)]
        assert similarity >= min(float(np.max(rolls)), 1.0) - 1e-4


def test_the_same_music_twice_among_the_tracks_is_no_chance(
    tracks: list[Path], tmp_path: Path
) -> None:
    twin = written(tmp_path / "twin.wav", np.float32(0.3) * music(3, SECONDS))
    piece = Piece(tracks[3], 20.0, 50.0)
    alone, both = likeness([piece], tracks), likeness([piece], [*tracks, twin])
    assert sum("all but" in remark for remark in both.remarks) == 2
    assert both.rows[0].unrelated == alone.rows[0].unrelated - 2
    assert both.rows[0].q99 is not None
    assert both.rows[0].q99 < 0.8


def test_few_tracks_have_no_chance_level(tracks: list[Path]) -> None:
    found = likeness([Piece(tracks[0], 0.0, 30.0)], tracks[:4])
    assert found.pieces[0].chroma is not None
    assert found.pieces[0].chroma.beyond is None
    assert found.pieces[0].chroma.chance is None
    assert (found.rows[0].share, found.rows[0].q95, found.rows[0].unrelated) == (None, None, 0)
    assert any("too few" in remark for remark in found.remarks)


def embed(sound: Path, progress: Progress) -> Embedded:
    """10 s windows; a direction for each file's name, which is all that it knows."""
    rng = np.random.default_rng(int(sound.stem))
    times = np.array([(at, at + 10.0) for at in range(0, 60, 10)])
    progress(60.0, 60.0)
    return Embedded(times, rng.standard_normal(16) + 0.5 * rng.standard_normal((6, 16)))


def test_embeddings_have_their_own_nearest_and_chance(tracks: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "3.wav"
    copy.write_bytes(tracks[3].read_bytes())
    other = written(tmp_path / "50.wav", music(50, SECONDS))
    pieces = [Piece(sound, 20.0, 50.0) for sound in (copy, other)]
    told: list[tuple[float, float | None]] = []
    found = likeness(pieces, tracks, embed, lambda done, total: told.append((done, total)))
    first, second = (one.embedding for one in found.pieces)
    assert first is not None
    assert second is not None
    assert (first.track, first.at) == (str(tracks[3]), first.since)
    assert first.similarity == pytest.approx(1.0)
    assert (first.semitones, first.beyond) == (None, True)
    assert second.similarity < 0.95
    assert [row.measure for row in found.rows] == ["chroma", "embedding"]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]
    sounds = (TRACKS + 2) * SECONDS
    assert told[-1][0] == pytest.approx(2.5 * sounds, rel=0.01), "heard and embedded, then compared"


def test_what_cannot_be_heard_is_said_and_left_out(tracks: list[Path], tmp_path: Path) -> None:
    (tmp_path / "damaged.wav").write_bytes(b"RIFF and then nothing")
    written(tmp_path / "silent.wav", np.zeros(40 * RATE, np.float32))
    written(tmp_path / "short.wav", music(9, 12.0))
    (tmp_path / "cover.jpg").write_bytes(b"no sound")
    bad = reference_tracks(tmp_path)
    assert [path.name for path in bad] == ["damaged.wav", "short.wav", "silent.wav"]
    piece = Piece(tracks[0], 0.0, 30.0)
    found = likeness([piece], [*bad, *tracks])
    assert found.tracks == TRACKS
    assert [remark.startswith("Not compared with:") for remark in found.remarks] == [True] * 3
    for path, word in zip(bad, ("damaged", "shorter", "silent"), strict=True):
        assert any(str(path) in remark and word in remark for remark in found.remarks)
    with pytest.raises(MusmedError, match="No reference track can be compared"):
        likeness([piece], bad)


def test_silence_in_a_piece_is_said(tracks: list[Path], tmp_path: Path) -> None:
    sound = np.concatenate([music(3, 30.0), np.zeros(30 * RATE, np.float32)])
    written(tmp_path / "half.wav", sound)
    found = likeness(cut(tmp_path / "half.wav", 60.0), tracks)
    assert [one.chroma is None for one in found.pieces] == [False, True]
    assert any("is silent or ends before" in remark for remark in found.remarks)
    assert found.rows[0].n == 1


def test_nothing_to_compare_is_a_sentence(tracks: list[Path], tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match="There is no sound file in"):
        reference_tracks(tmp_path)
    with pytest.raises(MusmedError, match="is no folder"):
        reference_tracks(tmp_path / "nowhere")
    with pytest.raises(MusmedError, match="There are no reference tracks"):
        likeness([Piece(tracks[0], 0.0, 30.0)], [])
    with pytest.raises(MusmedError, match="There is no music to compare"):
        likeness([], tracks)
    with pytest.raises(MusmedError, match="pieces have 20 to 120 s"):
        likeness([Piece(tracks[0], 0.0, 10.0)], tracks)


def test_a_sound_is_cut_in_pieces() -> None:
    sound = Path("one.wav")
    assert [piece[1:] for piece in cut(sound, 85.0)] == [(0.0, 30.0), (30.0, 60.0), (60.0, 85.0)]
    assert [piece[1:] for piece in cut(sound, 79.0)] == [(0.0, 30.0), (30.0, 60.0)]
    assert [piece[1:] for piece in cut(sound, 22.0)] == [(0.0, 22.0)]


PMEMO = Path(__file__).resolve().parents[3] / "shared" / "data" / "pmemo"


@pytest.mark.skipif(not PMEMO.is_dir(), reason="needs ../shared/data/pmemo")
def test_real_choruses_are_alike_to_themselves_alone(tmp_path: Path) -> None:
    """Four of them: without a chance level. One, played a semitone higher and so faster."""
    clips = sorted(PMEMO.glob("*.mp3"))
    audio, rate = soundfile.read(clips[0], dtype="float32")
    faster = tmp_path / "faster.wav"
    soundfile.write(faster, resampled(audio.mean(axis=1), 2 ** (1 / 12)), rate)
    (itself,) = likeness([Piece(faster, 0.0, 28.0)], clips).pieces
    (others,) = likeness([Piece(clips[0], 0.0, 28.0)], clips[1:]).pieces
    found = nearest(itself)
    assert (found.track, found.semitones, found.tempo) == (str(clips[0]), 1, 1.06)
    assert found.similarity > 0.9
    assert nearest(others).similarity < 0.75


def rendered(output: Path, seed: int, synthesis: Synthesis) -> Path:
    """Two minutes of the embedded composer."""
    request = Request(start=Affect(0.0, 0.6), target=Affect(0.6, -0.6), minutes=2.0, seed=seed)
    options = ComposerOptions(synthesis=synthesis)
    render_session(
        request,
        output,
        options=options,
        progress=lambda done, total: None,
        log_file=output.with_suffix(".log"),
    )
    return output


@pytest.mark.long
def test_of_the_embedded_composer_a_seed_is_found_again_and_others_are_not(tmp_path: Path) -> None:
    """With other instruments where FluidSynth is here, else 20 dB lower."""
    builtin = Synthesis()
    tracks = [rendered(tmp_path / f"{seed}.flac", seed, builtin) for seed in range(1, 9)]
    again = tmp_path / "again.flac"
    if shutil.which("fluidsynth"):
        rendered(again, 1, Synthesis("fluidsynth"))
    else:
        audio, rate = soundfile.read(tracks[0])
        soundfile.write(again, 0.1 * audio, rate)
    others = [rendered(tmp_path / f"{seed}.flac", seed, builtin) for seed in (20, 21, 22, 23)]
    found = likeness([piece for sound in (again, *others) for piece in cut(sound, 120.0)], tracks)
    same, unlike = found.pieces[:4], found.pieces[4:]
    for one in same:
        assert nearest(one).track == str(tracks[0])
        assert nearest(one).at == pytest.approx(nearest(one).since, abs=1.1)
        assert nearest(one).beyond
    low = min(nearest(one).similarity for one in same)
    assert low > max(nearest(one).similarity for one in unlike)
    assert sum(nearest(one).beyond is True for one in unlike) <= 3
