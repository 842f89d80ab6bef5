"""How a track is cut into windows: silence dropped, nothing lost, the same whatever the pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.trim import SILENCE
from engine.errors import MusmedError
from engine.training import windows
from engine.training.windows import (
    FOOT_SECONDS,
    GAP_SECONDS,
    SHORTEST_SECONDS,
    Cut,
    Cutter,
    Grid,
    TrackReader,
)

COARSE = Grid(rate=100, hop=2)
"""So coarse that a window is 3000 samples and hypothesis may cut minutes."""
GAP, FOOT = round(GAP_SECONDS * 100), round(FOOT_SECONDS * 100)
SHORTEST = round(SHORTEST_SECONDS * 100)
Stretches = list[tuple[bool, int]]
"""Loud or not, and for how many samples."""

stretches = st.lists(
    st.tuples(st.booleans(), st.one_of(st.integers(1, 250), st.integers(1, 7000))), max_size=8
)


def line_of(some: Stretches, seed: int = 0) -> np.ndarray:
    """(n, 2), loud in one channel or both, quiet up to the threshold itself."""
    draw = np.random.default_rng(seed)
    made = [np.zeros((0, 2), np.float32)]
    for loud, count in some:
        one = draw.uniform(-SILENCE, SILENCE, (count, 2)).astype(np.float32) * np.float32(0.999)
        if loud:
            one[np.arange(count), draw.integers(2, size=count)] = draw.uniform(0.1, 1.0, count)
        made.append(one)
    return np.concatenate(made)


def cuts_of(line: np.ndarray, sizes: list[int], grid: Grid = COARSE) -> list[Cut]:
    cutter, cuts, at = Cutter(grid), [], 0
    for size in [*sizes, len(line)]:
        cuts += cutter.push(line[at : at + size])
        at += size
    return [*cuts, *cutter.flush()]


def music_of(line: np.ndarray) -> list[tuple[int, int]]:
    """Sample by sample: where music is, with no gap in it."""
    found: list[tuple[int, int]] = []
    for at in np.flatnonzero(np.abs(line).max(axis=1) > SILENCE).tolist():
        if found and at - found[-1][1] < GAP:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((max(0, at - FOOT), at + 1))
    return found


@given(stretches, st.lists(st.integers(1, 4000), max_size=8))
def test_cuts_are_those_of_the_rule_whatever_the_pieces(some: Stretches, sizes: list[int]) -> None:
    line = line_of(some)
    wanted = []
    for start, end in music_of(line):
        for first in range(start, end, COARSE.longest):
            count = min(COARSE.longest, (end - first) // COARSE.hop * COARSE.hop)
            if count >= SHORTEST:
                wanted.append((first, count))
    cuts = cuts_of(line, sizes)
    assert [(cut.start, len(cut.audio)) for cut in cuts] == wanted
    for cut in cuts:
        assert np.array_equal(cut.audio, line[cut.start : cut.start + len(cut.audio)])


@given(stretches)
def test_of_loud_music_only_the_ends_of_stretches_are_lost(some: Stretches) -> None:
    line = line_of(some)
    heard = np.zeros(len(line), bool)
    for cut in cuts_of(line, []):
        assert not heard[cut.start : cut.start + len(cut.audio)].any()
        heard[cut.start : cut.start + len(cut.audio)] = True
    loud = np.abs(line).max(axis=1, initial=0.0) > SILENCE
    assert (loud & ~heard).sum() < SHORTEST * max(1, len(music_of(line)))


def test_memory_does_not_grow_with_silence_or_music() -> None:
    cutter = Cutter(COARSE)
    for some in ((True, 20_000), (False, 20_000), (True, 300), (False, 20_000)):
        for piece in np.array_split(line_of([some]), 50):
            list(cutter.push(piece))
            assert cutter._held is not None
            assert len(cutter._held) <= COARSE.longest + GAP + len(piece)


GRID = Grid(rate=32_000, hop=640)


def tone(rate: int, seconds: float, channels: int = 1) -> np.ndarray:
    times = np.arange(round(rate * seconds)) / rate
    return np.repeat(0.3 * np.sin(2 * np.pi * 220 * times)[:, None], channels, 1)


def read(path: Path, channels: int = 1) -> list[tuple[float, tuple[int, int]]]:
    with TrackReader(path, GRID, channels) as reader:
        return [(piece.start, piece.audio.shape) for piece in reader.pieces()]


@pytest.mark.parametrize("rate", [8_000, 32_000, 44_100, 96_000])
def test_any_rate_is_read_at_the_codecs(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    silence = np.zeros((4 * rate, 1))
    soundfile.write(path, np.concatenate((silence, tone(rate, 37), silence, tone(rate, 4))), rate)
    first, second = read(path)
    assert first == (pytest.approx(4.0, abs=2 * FOOT_SECONDS), (30 * 32_000, 1))
    assert second[0] == pytest.approx(first[0] + 30.0)
    assert second[1][0] == pytest.approx(7 * 32_000, abs=640 + 2 * FOOT_SECONDS * 32_000)
    with TrackReader(path, GRID, 1) as reader:
        piece = next(reader.pieces())
        wanted = tone(32_000, 29.9)
        start = round((4.0 - piece.start) * 32_000)
        got = piece.audio[start : start + len(wanted)]
        assert np.abs(got - wanted)[800:].max() < 1e-3


def test_channels_are_those_of_the_model(tmp_path: Path) -> None:
    both, one = tmp_path / "both.wav", tmp_path / "one.wav"
    six, cancelling = tmp_path / "six.wav", tmp_path / "cancelling.wav"
    soundfile.write(both, tone(32_000, 6, 2) * (1, 0.5), 32_000)
    soundfile.write(one, tone(32_000, 6), 32_000)
    soundfile.write(six, tone(32_000, 6, 6), 32_000)
    soundfile.write(cancelling, tone(32_000, 6, 2) * (1, -1), 32_000)
    assert [read(path, 2)[0][1][1] for path in (both, one, six)] == [2, 1, 1]
    assert [read(path, 1)[0][1][1] for path in (both, one, six)] == [1, 1, 1]
    with TrackReader(cancelling, GRID, 1) as reader:
        (piece,) = reader.pieces()
    assert np.abs(piece.audio).max() > 0.29


def test_recordings_of_other_forms_follow_one_another(tmp_path: Path) -> None:
    one, two, path = tmp_path / "one.ogg", tmp_path / "two.ogg", tmp_path / "both.ogg"
    soundfile.write(one, tone(44_100, 7), 44_100)
    soundfile.write(two, tone(22_050, 8, 2), 22_050)
    path.write_bytes(one.read_bytes() + two.read_bytes())
    with TrackReader(path, GRID, 1) as reader:
        starts = [piece.start for piece in reader.pieces()]
        (odd,) = reader.odd
    assert starts == pytest.approx([0.0, 7.0], abs=0.05)
    assert odd.startswith("is made of 2 recordings")


def test_silence_is_told_from_what_is_too_short(tmp_path: Path) -> None:
    silent, short = tmp_path / "silent.wav", tmp_path / "short.wav"
    soundfile.write(silent, tone(8_000, 20) * 0.009, 8_000, subtype="FLOAT")
    soundfile.write(short, tone(8_000, SHORTEST_SECONDS - 0.1), 8_000)
    for path, expected in ((silent, True), (short, False)):
        with TrackReader(path, GRID, 1) as reader:
            assert not list(reader.pieces())
            assert reader.silent is expected


def test_sound_at_another_scale_is_refused_and_overshoot_is_clipped(tmp_path: Path) -> None:
    loud, over = tmp_path / "loud.wav", tmp_path / "over.wav"
    soundfile.write(loud, tone(8_000, 8) * 10, 8_000, subtype="FLOAT")
    soundfile.write(over, tone(8_000, 8) * 5, 8_000, subtype="FLOAT")
    with pytest.raises(MusmedError, match="times full scale"):
        read(loud)
    with TrackReader(over, GRID, 1) as reader:
        (piece,) = reader.pieces()
    assert np.abs(piece.audio).max() == 1.0


def test_whoever_stops_it_waits_for_no_window(tmp_path: Path) -> None:
    path = tmp_path / "silent.wav"
    soundfile.write(path, np.zeros(8_000 * 60), 8_000)
    calls = []

    def check() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise InterruptedError

    with (
        TrackReader(path, GRID, 1, check) as reader,
        pytest.raises(InterruptedError),
    ):
        list(reader.pieces())


def test_the_rule_says_all_that_cuts_depend_on(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = {GRID.rule, Grid(16_000, 640).rule, Grid(32_000, 320).rule}
    for name in ("WINDOW_SECONDS", "SHORTEST_SECONDS", "GAP_SECONDS", "FOOT_SECONDS", "SILENCE"):
        with monkeypatch.context() as changed:
            changed.setattr(windows, name, 1.25)
            rules.add(GRID.rule)
    assert len(rules) == 8
