"""The blinded list: orders of Williams' design, sounds that tell nothing, one level, a key."""

from __future__ import annotations

import collections
import csv
import io
import itertools
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.files import AudioWriter
from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.study.listening.blinding import bare, told_by, write_blinded
from engine.study.listening.key import key_path, read_key
from engine.study.listening.levels import gains, measure
from engine.study.listening.making import ALPHABET, Candidate, Made, make_list
from engine.study.listening.questions import Questions
from engine.study.listening.sheet import ORDERS, read_list, sound_of
from engine.study.listening.williams import dealt, orders, square

# orders


@given(st.integers(1, 24))
def test_each_condition_stands_in_each_place_equally_often(n: int) -> None:
    rows = square(n)
    assert all(sorted(row) == list(range(n)) for row in rows)
    for place in range(n):
        assert set(collections.Counter(row[place] for row in rows).values()) == {len(rows) // n}


@given(st.integers(2, 24))
def test_each_condition_follows_each_other_one_equally_often(n: int) -> None:
    rows = square(n)
    assert len(rows) == (n if n % 2 == 0 else 2 * n)
    pairs = collections.Counter(pair for row in rows for pair in itertools.pairwise(row))
    assert len(pairs) == n * (n - 1)
    assert set(pairs.values()) == {1 if n % 2 == 0 else 2}


@given(st.integers(1, 9), st.integers(1, 40), st.integers(0, 5))
def test_participants_get_whole_squares(n: int, participants: int, seed: int) -> None:
    given_out = orders(n, participants, np.random.default_rng(seed))
    size = len(square(n))
    assert len(given_out) == participants
    counts = collections.Counter(given_out)
    assert max(counts.values()) - min(counts.values()) <= 1
    if participants >= size:
        assert len(set(given_out[:size])) == size


def test_sessions_of_a_condition_are_heard_equally_often() -> None:
    counts = collections.Counter(dealt(3, 12, np.random.default_rng(1)))
    assert set(counts.values()) == {4}


# levels


def test_the_quietest_says_how_loud_all_are_and_no_peak_passes_the_ceiling() -> None:
    target, moved = gains([(-20.0, -6.0), (-26.0, -10.0)], None)
    assert (target, moved) == (-26.0, [-6.0, 0.0])
    target, moved = gains([(-18.0, -0.2), (-19.0, -3.0)], None)
    assert target == -23.0
    target, _ = gains([(-23.0, 2.5), (-23.0, -3.0)], None)
    assert target == pytest.approx(-26.5)


def test_a_target_that_would_clip_is_refused_with_the_most_there_can_be() -> None:
    with pytest.raises(MusmedError, match=r"-21\.0 LUFS is the most"):
        gains([(-23.0, -3.0)], -14.0)


# the list


Sounds = list[Candidate]


def _sound(path: Path, seconds: float, level: float, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    tone = np.sin(np.arange(round(seconds * SAMPLE_RATE))[:, None] * 0.03 * (1 + seed))
    noise = rng.normal(size=(len(tone), 2)) * 0.05 * seed
    with AudioWriter(path, title="glad to calm", artist="musmed", comment="composer score") as file:
        file.write(((tone + noise) * level).astype(np.float32))
    return path


CONDITIONS = ("embedded", "embedded", "musicgen", "tones")


@pytest.fixture(scope="module")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> Sounds:
    folder = tmp_path_factory.mktemp("sounds")
    made = []
    for at, composer in enumerate(CONDITIONS):
        name = f"{composer}-{at}"
        file = _sound(folder / f"{name}.flac", 4.0 + 0.1 * at, 0.05 * (at + 1), at)
        made.append(Candidate(file, name, composer, {"composer": composer, "path": "sad to calm"}))
    return made


def _made(candidates: Sounds, folder: Path, **more: object) -> Made:
    asked = Questions(participants=6, moments=(2.0,))
    return make_list(candidates, folder, key_path(folder), asked, seed=3, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(candidates: Sounds, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    folder = tmp_path_factory.mktemp("lists") / "given"
    return folder, _made(candidates, folder)


def test_nothing_in_the_folder_tells_the_condition(made: tuple[Path, Made]) -> None:
    folder, _ = made
    assert told_by(folder, [*CONDITIONS, "sad to calm", "musmed", "glad", "score"]) == []
    names = sorted(path.name for path in folder.iterdir())
    assert names[-1:] == [ORDERS] or ORDERS in names
    sounds = list(folder.glob("*.flac"))
    assert len(sounds) == 4
    assert len({path.stat().st_size for path in sounds}) == 1
    assert len({path.stat().st_mtime for path in folder.iterdir()}) == 1
    assert {len(path.stem) for path in sounds} == {4}
    assert all(set(path.stem) <= set(ALPHABET) for path in sounds)
    heads = [path.read_bytes()[42:] for path in sounds]
    assert not any(b"libFLAC" in head[:200] for head in heads)
    for path in sounds:
        with soundfile.SoundFile(path) as file:
            assert (file.frames, file.samplerate, file.channels) == (
                4 * SAMPLE_RATE,
                SAMPLE_RATE,
                2,
            )
            assert not file.copy_metadata()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_tells_is_told(candidates: Sounds, tmp_path: Path) -> None:
    """The check itself sees a name, a tag, a size and a time."""
    for one in candidates[1:3]:
        (tmp_path / one.file.name).write_bytes(one.file.read_bytes())
    said = " ".join(told_by(tmp_path, ["musicgen"]))
    for what in ("has tags", "sizes", "times", "says 'musicgen'"):
        assert what in said


def test_all_are_equally_loud_and_the_key_says_by_how_much(made: tuple[Path, Made]) -> None:
    folder, it = made
    levels = measure([sound_of(folder, one.code) for one in it.sheet.sounds])
    assert all(one.lufs == pytest.approx(it.key.target_lufs, abs=0.05) for one in levels)
    assert all(one.true_peak <= -1.0 for one in levels)
    assert all(one.lufs + one.gain_db == pytest.approx(it.key.target_lufs) for one in it.key.sounds)


def test_the_key_is_apart_private_and_of_this_list(made: tuple[Path, Made]) -> None:
    folder, it = made
    path = key_path(folder)
    assert path.parent == folder.parent
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path, it.sheet.ident) == it.key
    with pytest.raises(MusmedError, match="another listening list"):
        read_key(path, "OTHER")


def test_each_hears_each_condition_once(made: tuple[Path, Made]) -> None:
    folder, it = made
    sheet = read_list(folder)
    assert sheet == it.sheet
    assert [one.participant for one in sheet.seats] == [f"P{n:03d}" for n in range(1, 7)]
    for seat in sheet.seats:
        heard = [it.key.of(code) for code in seat.codes]
        assert sorted(one.condition for one in heard if one) == [
            "embedded",
            "musicgen",
            "tones",
        ]
    embedded = [one.code for one in it.key.sounds if one.condition == "embedded"]
    counts = collections.Counter(code for seat in sheet.seats for code in seat.codes)
    assert {counts[code] for code in embedded} == {3}  # the two draws of it, three times each
    rows = list(csv.reader(io.StringIO((folder / ORDERS).read_text())))
    assert rows[1] == ["P001", *sheet.seats[0].codes]


def test_same_seed_same_list(made: tuple[Path, Made], candidates: Sounds, tmp_path: Path) -> None:
    folder, it = made
    again = _made(candidates, tmp_path / "again")
    assert again.sheet == it.sheet
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_bad_wishes_are_sentences_and_leave_nothing(candidates: Sounds, tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match="two conditions"):
        _made(candidates[:2], tmp_path / "a")
    with pytest.raises(MusmedError, match="from -40 to -10"):
        _made(candidates, tmp_path / "a", target=-50.0)
    with pytest.raises(MusmedError, match="--seconds"):
        _made(candidates, tmp_path / "a", seconds=60.0)
    with pytest.raises(MusmedError, match="moment"):
        _made(candidates, tmp_path / "a", seconds=1.5)
    long = _sound(tmp_path / "long.flac", 8.0, 0.1, 2)
    tall = [*candidates, Candidate(long, "long", "x", {})]
    with pytest.raises(MusmedError, match="tells them apart"):
        _made(tall, tmp_path / "a")
    with pytest.raises(MusmedError, match="listeners are given"):
        make_list(candidates, tmp_path / "a", tmp_path / "a" / "k", Questions(), seed=1)
    assert {path.name for path in tmp_path.iterdir()} == {"long.flac"}


def test_what_is_cut_fades_out(candidates: Sounds, tmp_path: Path) -> None:
    write_blinded(candidates[3].file, tmp_path / "x.flac", 3 * SAMPLE_RATE, 0.0, cut=True)
    was, _ = soundfile.read(candidates[3].file)
    now, _ = soundfile.read(tmp_path / "x.flac")
    assert np.array_equal(now[: SAMPLE_RATE - 1], was[: SAMPLE_RATE - 1])
    assert np.abs(now[-200:]).max() < 0.001


def test_the_shortest_is_not_known_by_its_own_end(made: tuple[Path, Made]) -> None:
    """Where the others are cut there, it fades out like them."""
    folder, _ = made
    for path in folder.glob("*.flac"):
        sound, _ = soundfile.read(path)
        assert np.abs(sound[-200:]).max() < 0.001


def test_a_condition_may_be_called_as_something_is_in_every_list(
    candidates: Sounds, tmp_path: Path
) -> None:
    names = {"embedded": "order", "musicgen": "list", "tones": "flac participant"}
    called = [
        Candidate(one.file, one.session, names[one.condition], {"path": "sad to calm"})
        for one in candidates
    ]
    assert _made(called, tmp_path / "given").conditions == 3


@given(st.sampled_from([0, 4, 5, 1000, (1 << 24) + 1, (1 << 24) + 3, (1 << 24) + 7, (1 << 25) + 9]))
def test_padding_is_as_long_as_it_was_asked_for(padding: int) -> None:
    out = io.BytesIO()
    soundfile.write(out, np.ones((64, 2), np.int32), SAMPLE_RATE, "PCM_24", format="FLAC")
    plain = b"".join(bare(out.getvalue(), 0))
    padded = b"".join(bare(plain, padding))
    assert len(padded) == len(plain) + padding
    assert soundfile.info(io.BytesIO(padded)).frames == 64
