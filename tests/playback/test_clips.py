"""The clip store: growing clips, whole clips, a full disk, broken files."""

from __future__ import annotations

import resource
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio.crossfade import fade_gains
from engine.audio.format import Frames, frames_of, quantise24
from engine.errors import MusmedError
from engine.plan.spec import ClipKey
from engine.playback.clips import DECODED_LIMIT, ClipStore
from engine.playback.handover import Handover, handover

KEY = ClipKey(3, 1)


def noise(frames: int, seed: int = 1) -> Frames:
    rng = np.random.default_rng(seed)
    return quantise24((rng.standard_normal((frames, 2)) * 0.3).astype(np.float32))


def stored(store: ClipStore, key: ClipKey, audio: Frames) -> Path:
    store.begin(key, 0, len(audio))
    store.append(key, audio)
    return store.finish(key)


def test_a_growing_clip_is_read_as_it_comes_and_a_whole_one_from_its_file(tmp_path: Path) -> None:
    store, audio = ClipStore(tmp_path / "clips"), noise(100_000)
    store.begin(KEY, 480, 100_000)
    clip = store.get(KEY)
    assert (clip.start, clip.frames, clip.whole, clip.available()) == (480, 100_000, False, 0)
    store.append(KEY, audio[:30_000])
    assert clip.available() == 30_000
    np.testing.assert_array_equal(clip.read(20_000, 20_000), audio[20_000:30_000])
    assert len(list(tmp_path.glob("clips/0003-1.flac.*.part"))) == 1
    store.append(KEY, audio[30_000:])
    path = store.finish(KEY)
    assert path.name == "0003-1.flac"
    assert clip.whole
    again = ClipStore(tmp_path / "clips")
    again.adopt(KEY, 480, len(audio))
    for reader in (clip, again.get(KEY)):
        np.testing.assert_array_equal(reader.read(0, 200_000), audio)
        np.testing.assert_array_equal(reader.read(33_333, 4_800), audio[33_333:38_133])
        np.testing.assert_array_equal(reader.read(33_333, 50_000), audio[33_333:83_333])
    assert not list(tmp_path.glob("clips/*.part"))


def test_clips_that_are_passed_through_have_no_files_and_go_when_they_are_passed(
    tmp_path: Path,
) -> None:
    """However many: the next ones lie ahead, and are all read from memory."""
    store = ClipStore(tmp_path, passing=True)
    sounds = {ClipKey(i, 0): noise(48_000, i) for i in range(DECODED_LIMIT + 3)}
    for number, (key, audio) in enumerate(sounds.items()):
        store.begin(key, number * 40_000, len(audio))
        store.append(key, audio)
        store.finish(key)
    assert not list(tmp_path.iterdir())
    held = [weakref.ref(store.get(key).read(0, 1).base) for key in sounds]  # type: ignore[arg-type]
    store.let_go(48_000)
    for key, audio in sounds.items():
        np.testing.assert_array_equal(store.get(key).read(10, 4_800), audio[10:4_810])
    store.let_go(2 * 40_000 + 48_000)
    assert [one() is None for one in held] == [True, True, False, False, False]
    store.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("held_back", [False, True])
def test_what_is_handed_over_fades_from_the_one_sound_into_the_other(
    tmp_path: Path, held_back: bool
) -> None:
    """Constant power, whatever pieces the second sound comes in; the file is what is read."""
    store = ClipStore(tmp_path)
    old, new = (quantise24(0.2 * noise(200_000, seed)) for seed in (1, 2))
    at, until = 30_000, 126_000
    store.begin(KEY, 480, 200_000)
    clip = store.get(KEY)
    if held_back:
        store.hold_back(KEY, 480 + at)
    store.append(KEY, old[:130_000])
    assert clip.available() == (at if held_back else 130_000)
    store.hand_over(KEY, Handover(480 + at, 480 + until))
    assert clip.available() == at
    np.testing.assert_array_equal(clip.read(0, 200_000), old[:at])
    for first, end in ((at, 31_000), (31_000, 126_001), (126_001, 200_000)):
        store.append(KEY, new[first:end])
    whole = clip.read(0, 200_000)
    np.testing.assert_array_equal(whole[:at], old[:at])
    np.testing.assert_array_equal(whole[until:], new[until:])
    t = (np.arange(until - at)[:, None] + 0.5) / (until - at)
    mixed = ((1 - t) * old[at:until] + t * new[at:until]) / np.hypot(1 - t, t)
    np.testing.assert_allclose(whole[at:until], mixed, atol=2**-22)
    store.finish(KEY)
    again = ClipStore(tmp_path)
    again.adopt(KEY, 480, len(whole))
    np.testing.assert_array_equal(again.get(KEY).read(0, 200_000), whole)


def test_what_follows_silence_enters_by_itself(tmp_path: Path) -> None:
    """The end of the first sound is kept as it was heard, faded over its last whole block."""
    store, old, new = ClipStore(tmp_path), noise(200_000), noise(300_000, 2)
    store.begin(KEY, 4_800, 300_000)
    store.append(KEY, old[:50_000])
    at = 48_000  # the last block boundary
    store.hand_over(KEY, Handover(4_800 + at, 4_800 + at))
    store.append(KEY, new[at:])
    store.finish(KEY)
    whole = store.get(KEY).read(0, 300_000)
    np.testing.assert_array_equal(whole[: at - 4_800], old[: at - 4_800])
    away = old[at - 4_800 : at] * fade_gains(0, 4_800, 4_800)[::-1, None]
    np.testing.assert_allclose(whole[at - 4_800 : at], away, atol=2**-23)
    entry = new[at : at + 144_000] * fade_gains(0, 144_000, 144_000)[:, None]
    np.testing.assert_allclose(whole[at : at + 144_000], entry, atol=2**-23)
    np.testing.assert_array_equal(whole[at + 144_000 :], new[at + 144_000 :])


@pytest.mark.parametrize(
    ("reach", "written", "standing", "came", "expected"),
    [
        (20.0, 5.0, False, (16.0, 17.0), None),  # the second sound has not come so far
        (20.0, 5.0, False, (16.5, 17.5), (17.0, 20.0)),  # as late as the fade allows
        (20.0, 17.0, False, (17.5, 18.5), (18.0, 20.0)),  # past the write cursor
        (20.0, 17.0, False, (18.25, 19.25), (18.25, 20.0)),  # of which nothing came before
        (20.07, 19.0, False, (19.5, 20.5), (20.0, 20.0)),  # too little is left: to its end
        (20.07, 20.0, True, (20.0, 21.0), (20.0, 20.0)),  # silence: a late clip's entry
        (22.0, 20.0, True, (19.5, 20.5), (20.0, 22.0)),  # it stopped with some of it left
        (20.0, 19.5, True, (20.3, 21.3), (20.3, 20.3)),  # a splice that begins later
    ],
)
def test_where_a_clip_is_handed_over(
    reach: float,
    written: float,
    standing: bool,
    came: tuple[float, float],
    expected: tuple[float, float] | None,
) -> None:
    since, here = came
    found = handover(
        frames_of(reach),
        frames_of(written),
        standing=standing,
        since=frames_of(since),
        here=frames_of(here),
    )
    wanted = None if expected is None else Handover(*(frames_of(e) for e in expected))
    assert found == wanted


def test_a_long_stretch_of_a_clip_that_is_not_decoded_is_exact(tmp_path: Path) -> None:
    store, audio = ClipStore(tmp_path), noise(300_000)
    stored(store, KEY, audio)
    again = ClipStore(tmp_path)
    again.adopt(KEY, 0, 300_000)
    np.testing.assert_array_equal(again.get(KEY).read(123_457, 100_000), audio[123_457:223_457])


def test_no_more_than_two_whole_clips_stay_decoded(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    sounds = [noise(20_000, seed) for seed in range(5)]
    for i, sound in enumerate(sounds):
        stored(store, ClipKey(i, 0), sound)
    for i in (0, 4, 2, 0):
        np.testing.assert_array_equal(store.get(ClipKey(i, 0)).read(50, 100), sounds[i][50:150])
        assert len(store._decoded) <= DECODED_LIMIT


def test_a_clip_is_in_memory_while_it_plays_and_not_while_it_waits(tmp_path: Path) -> None:
    store, audio = ClipStore(tmp_path), noise(100_000)
    waiting, playing = ClipKey(1, 0), ClipKey(0, 0)
    stored(store, waiting, audio)
    store.begin(playing, 0, len(audio))
    store.append(playing, audio)
    clip = store.get(playing)
    clip.read(0, 4_800)
    store.finish(playing)
    assert list(store._decoded) == [playing]
    clip.read(40_000, 60_000)  # a join is measured
    assert list(store._decoded) == [playing]
    np.testing.assert_array_equal(clip.read(96_000, 4_800), audio[96_000:])
    assert not store._decoded
    np.testing.assert_array_equal(clip.read(4_800, 4_800), audio[4_800:9_600])


def test_a_cut_clip_ends_where_it_has_got_to(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    store.begin(KEY, 0, 48_000)
    store.append(KEY, noise(10_000))
    with pytest.raises(ValueError, match="10000 of 48000"):
        store.finish(KEY)
    store.finish(KEY, cut=True)
    clip = store.get(KEY)
    assert (clip.frames, clip.whole, clip.available()) == (10_000, True, 10_000)


def test_a_discarded_clip_leaves_nothing(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    store.begin(KEY, 0, 48_000)
    store.discard(KEY)
    stored(store, KEY, noise(4_800))
    store.discard(KEY)
    assert list(tmp_path.iterdir()) == []


def test_closing_keeps_whole_clips_only(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    stored(store, KEY, noise(4_800))
    store.begin(ClipKey(4, 0), 0, 48_000)
    store.close()
    assert [p.name for p in tmp_path.iterdir()] == ["0003-1.flac"]


def test_a_store_that_was_closed_holds_no_sound_and_reads_from_the_files(tmp_path: Path) -> None:
    store, audio = ClipStore(tmp_path), quantise24(noise(100_000))
    stored(store, KEY, audio)
    kept = weakref.ref(store.get(KEY).read(0, 4_800).base)
    assert kept() is not None, "block by block it is decoded whole and kept"
    store.close()
    assert kept() is None
    np.testing.assert_array_equal(store.get(KEY).read(0, 4_800), audio[:4_800])


def test_more_audio_than_was_promised_is_refused(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    store.begin(KEY, 0, 1_000)
    with pytest.raises(ValueError, match="longer than the 1000"):
        store.append(KEY, noise(1_001))


@pytest.fixture
def little_disk() -> Iterator[None]:
    """No file may grow beyond 100 kB."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("little_disk")
def test_a_full_disk_is_said_in_a_sentence(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    with pytest.raises(MusmedError, match="free some space"):
        stored(store, KEY, noise(400_000))
    store.discard(KEY)
    assert list(tmp_path.iterdir()) == []


def test_broken_files_are_named(tmp_path: Path) -> None:
    store = ClipStore(tmp_path)
    with pytest.raises(MusmedError, match="can't be read"):
        store.adopt(KEY, 0, 200_000)
    path = stored(store, KEY, noise(200_000))
    path.write_bytes(path.read_bytes()[:300_000])
    with pytest.raises(MusmedError, match="composed again"):
        ClipStore(tmp_path).adopt(KEY, 0, 200_000)
    soundfile.write(path, noise(100), 44_100, format="FLAC")
    other = ClipStore(tmp_path)
    with pytest.raises(MusmedError, match="48 kHz"):
        other.adopt(KEY, 0, 100)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MusmedError, match="can't be made"):
        ClipStore(tmp_path / "file" / "clips")
