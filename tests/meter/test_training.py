"""The training script: its bar lines, its arithmetic, and that it makes a model from VGMIDI."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import mido
import msgspec
import numpy as np
import pytest

from engine.meter.features import NAMES
from engine.meter.meter import Meter
from engine.meter.model import decode, shipped

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "vgmidi"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="VGMIDI is not at ../shared/data/vgmidi")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "train_meter", ROOT / "scripts" / "train_meter.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["train_meter"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def renderings(script: ModuleType) -> ModuleType:
    assert script
    return sys.modules["meter_renderings"]


@pytest.fixture(scope="module")
def pieces(renderings: ModuleType) -> list[Any]:
    return list(renderings.read_pieces(DATA))


def test_bar_lines_follow_meter_and_tempo(renderings: ModuleType) -> None:
    midi = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    track.append(mido.MetaMessage("time_signature", numerator=3, denominator=4, time=0))
    track.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))
    track.append(mido.Message("note_on", note=60, velocity=60, time=0))
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000, time=2 * 3 * 480))
    track.append(mido.MetaMessage("time_signature", numerator=6, denominator=8, time=3 * 480))
    track.append(mido.Message("note_off", note=60, time=2 * 3 * 480))
    np.testing.assert_allclose(renderings.bar_lines(midi, 5), [0.0, 1.5, 3.0, 6.0, 9.0, 12.0])
    # Rated in ten bars: the file's are not those, so they are spread over its ticks.
    spread = renderings.bar_lines(midi, 10)
    assert len(spread) == 11
    assert spread[-1] == 12.0
    assert np.all(np.diff(spread) > 0)


def test_a_rating_is_the_mean_over_its_seconds(script: ModuleType, renderings: ModuleType) -> None:
    piece = renderings.Piece(
        "a", Path("a"), np.array([0.0, 4.0, 8.0]), np.array([1.0, 0.0]), np.zeros(2), 30
    )
    assert script.rating(piece, piece.valence, 2.0, 6.0) == 0.5
    assert script.rating(piece, piece.valence, 3.0, 7.0) == 0.25
    assert np.isnan(script.rating(piece, piece.valence, 7.0, 17.0))


def test_a_piece_lies_in_one_fold(script: ModuleType) -> None:
    group = np.random.default_rng(0).integers(0, 40, 1000)
    fold = script.folds_of(group, 10, 0)
    assert set(fold) == set(range(10))
    for one in np.unique(group):
        assert len(set(fold[group == one])) == 1


def test_agreement_figures(script: ModuleType) -> None:
    a = np.array([0.0, 1.0, 2.0, 3.0])
    assert script.concordance(a, a) == pytest.approx(1.0)
    assert script.concordance(a, a + 1.0) == pytest.approx(2 * 1.25 / (2.5 + 1.0))
    low, high = script.interval(
        np.arange(40.0), np.arange(40.0) + np.tile((0, 9), 20), np.arange(40)
    )
    assert 0.85 < low < high < 1.0


@needs_data
def test_every_rated_piece_is_read(pieces: list[Any]) -> None:
    assert len(pieces) == 200
    for piece in pieces:
        assert len(piece.times) == len(piece.valence) + 1 == len(piece.arousal) + 1
        assert np.all(np.diff(piece.times) > 0)
        assert piece.raters >= 25


@pytest.mark.long
@needs_data
def test_the_script_makes_a_model_and_the_shipped_one_hears_the_pieces(
    script: ModuleType,
    renderings: ModuleType,
    pieces: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten pieces, 20 s of each, on musmed's own instruments: seconds instead of half an hour."""
    monkeypatch.setattr(renderings, "LONGEST_SECONDS", 20.0)
    monkeypatch.setattr(renderings, "OWN", ("electric piano",))
    monkeypatch.setattr(script, "ProcessPoolExecutor", _InProcess)
    loudest = sorted(pieces, key=lambda piece: float(np.mean(piece.arousal)))
    table = script.table_of([*loudest[:5], *loudest[-5:]], tmp_path, 1, fluid=False)
    assert len(np.unique(table.group)) == 10
    again = script.table_of([*loudest[:5], *loudest[-5:]], tmp_path, 1, fluid=False)
    np.testing.assert_array_equal(table.x, again.x)  # from the cache

    model = script.model_of(table, 1)
    assert model.names == NAMES
    decode(msgspec.json.encode(model))

    made = np.array([shipped().predict(x) for x in table.x])
    assert script.correlation(made[:, 1], table.y[:, 1]) > 0.7
    meter = Meter()
    quiet = renderings.rendered(loudest[0], "own:electric piano", 1)
    found = meter.push(quiet)
    rows = table.full & (table.group == 0) & (table.timbre == "own:electric piano")
    mine = shipped().predict(table.x[rows][0])
    assert (found[0].valence, found[0].arousal) == (round(mine[0], 4), round(mine[1], 4))


class _InProcess:
    """A pool of no processes: what is monkeypatched stays so."""

    def __init__(self, _jobs: int) -> None:
        pass

    def __enter__(self) -> _InProcess:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @staticmethod
    def map(work, items, chunksize: int = 1):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN205
        return map(work, items)
