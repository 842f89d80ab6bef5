"""Families of players: the shipped table, and that the composer still plays as it says."""

from __future__ import annotations

import importlib.resources
import importlib.util
import sys
from pathlib import Path as FilePath

import pytest

from engine.affect.circumplex import Affect
from engine.affect.path import Path, Waypoint
from engine.composers.score.parts.ensembles import ensemble_for
from engine.evaluation.activity import activity
from engine.plan.families import AROUSALS, density, may_follow, played, stay, stretch
from engine.plan.spec import Players
from engine.plan.words import tag_statistics

ROOT = FilePath(__file__).parents[2]
PIANO, VIOLIN = Players("piano", "soundtrack"), Players("violin", "soundtrack")
HARP, MACHINE = Players("harp", "classical"), Players("drummachine", "techno")


def test_every_pair_of_tags_has_its_ensemble() -> None:
    table = tag_statistics()
    for instrument in table.instruments:
        for genre in table.genres:
            found = played(Players(instrument, genre))
            assert found.players
            assert len(found.onsets) == len(found.notes) == len(found.strokes) == len(AROUSALS)
            assert found.onsets[0] < found.onsets[-1]


@pytest.mark.parametrize(
    "players", [PIANO, Players("guitar", "folk"), Players("flute", "ambient"), MACHINE]
)
def test_the_composer_plays_as_the_table_says(players: Players) -> None:
    """Else: python scripts/measure_ensembles.py."""
    said = played(players)
    for arousal in (-0.5, 0.5):
        found = activity(ensemble_for(players), arousal)
        wanted = density(said, arousal)
        assert found.onsets == pytest.approx(wanted.onsets, rel=0.1)
        assert found.notes == pytest.approx(wanted.notes, rel=0.1)
        assert found.strokes == pytest.approx(wanted.strokes, rel=0.1, abs=0.2)
        assert found.players <= said.players


def test_the_groups_are_the_composers() -> None:
    """What is one to the table is one to the composer."""
    script = ROOT / "scripts" / "measure_ensembles.py"
    spec = importlib.util.spec_from_file_location("measure_ensembles", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    instruments, genres = module.groups()
    for tags in instruments:
        for style in genres:
            cells = {id(played(Players(tag, genre))) for tag in tags for genre in style}
            assert len(cells) == 1
            wanted = {ensemble_for(Players(tag, genre)) for tag in tags for genre in style}
            assert len(wanted) == 1


def test_the_file_is_small() -> None:
    data = importlib.resources.files("engine.plan").joinpath("data/ensembles.json")
    assert len(data.read_bytes()) < 100_000


def test_densities_are_interpolated() -> None:
    said = played(PIANO)
    for k, arousal in enumerate(AROUSALS):
        assert density(said, arousal).onsets == pytest.approx(said.onsets[k])
    low, high = density(said, 0.25).notes, density(said, 0.5).notes
    assert density(said, 0.375).notes == pytest.approx((low + high) / 2)


def test_who_stays() -> None:
    assert stay(PIANO, PIANO) == 1.0
    assert stay(PIANO, VIOLIN) >= 0.5, "the melody goes to another player"
    assert stay(HARP, MACHINE) == 0.0


def line(start: float, end: float) -> Path:
    return Path((Waypoint(0.0, Affect(0.0, start)), Waypoint(600.0, Affect(0.0, end))))


def test_which_way_the_path_goes_around_a_change() -> None:
    falling, rising, level = line(0.5, -0.5), line(-0.5, 0.5), line(0.1, 0.1)
    assert stretch(falling, 100.0, 175.0)[1:] == (True, False)
    assert stretch(rising, 100.0, 175.0)[1:] == (False, True)
    assert stretch(level, 100.0, 175.0)[1:] == (False, False)
    hill = Path((*line(0.0, 0.5).waypoints, Waypoint(900.0, Affect(0.0, 0.0))))
    assert stretch(hill, 560.0, 635.0)[1:] == (True, True)


def test_a_drum_machine_never_follows_a_harp() -> None:
    for path in (line(0.5, -0.5), line(-0.5, 0.5), line(0.3, 0.3)):
        assert not may_follow(HARP, MACHINE, stretch(path, 100.0, 175.0))


def test_what_is_denser_may_come_where_arousal_rises_and_not_where_it_falls() -> None:
    rising, falling = (stretch(line(*ends), 200.0, 275.0) for ends in ((-0.3, 0.3), (0.3, -0.3)))
    table = tag_statistics()
    seen = set()
    for one in (PIANO, Players("guitar", "folk"), Players("flute", "celtic")):
        for instrument in table.instruments:
            for genre in table.genres[::4]:
                other = Players(instrument, genre)
                up, down = may_follow(one, other, rising), may_follow(one, other, falling)
                more = density(played(other), 0.0).notes / density(played(one), 0.0).notes
                seen.add((up, down))
                assert not (up and more < 0.95)
                assert not (down and more > 1.05)
    assert {(True, False), (False, True), (False, False)} <= seen
