"""From a study's folder to answers in a table, by the commands as they are typed."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from support.listening_list import ticking
from support.studies import made_up, small
from typer.testing import CliRunner

from engine.audio.files import AudioWriter
from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.listener.ratings import Rating
from engine.study.design import lay_out
from engine.study.folder import StudyFolder
from engine.study.listening.sheet import read_list
from engine.study.listening.sitting import Hear, Sitting
from engine.study.running import prepare_run
from engine.study.study_file import parse_study
from engine.study.to_hear import candidates, parse_only
from musmed_tui.cli.study import study


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Two conditions, two seeds of each, four short sounds."""
    path = tmp_path_factory.mktemp("study")
    design = small(2, '[factors]\nstrategy = ["iso", "direct"]')
    place = prepare_run(design, path / "out").folder
    for number, job in enumerate(design.jobs, start=1):
        into = place.job(job.digest)
        into.mkdir(parents=True)
        frames = np.arange(round(2.0 * SAMPLE_RATE))[:, None]
        with AudioWriter(into / "session.flac", title="x", artist="x", comment="iso") as file:
            file.write((0.1 * np.sin(frames * 0.01 * number) * np.ones((1, 2))).astype(np.float32))
        place.finish(*made_up(job))
    return place


def _said(*words: str) -> str:
    done = CliRunner().invoke(study, list(words))
    if done.exception is not None:
        raise done.exception
    return done.output


def test_from_a_study_to_answers(folder: StudyFolder, tmp_path: Path) -> None:
    into = tmp_path / "list"
    _said("listening", str(folder.path), "-o", str(into), "--participants", "2", "--seed", "1")
    sheet = read_list(into)
    assert len(sheet.seats) == 2
    assert {len(one.codes) for one in sheet.seats} == {2}
    for seat in sheet.seats:
        it = Sitting(into, sheet, seat.participant, ticking())
        it.consent()
        for _ in seat.codes:
            it.before(Rating(10, 90))
            step = it.step
            assert isinstance(step, Hear)
            it.ended(step.seconds)
            it.after(Rating(60, 40), 70)
    table = tmp_path / "answers.csv"
    _said("answers", str(into), "-o", str(table))
    rows = list(csv.DictReader(table.open()))
    assert len(rows) == 8
    assert {row["factor_strategy"] for row in rows} == {"iso", "direct"}
    assert {row["factor_path"] for row in rows} == {"sad to calm"}
    assert table.stat().st_mode & 0o777 == 0o600
    _said("forget", str(into), "P001")
    with pytest.raises(MusmedError, match="there already"):
        _said("answers", str(into), "-o", str(table))
    _said("answers", str(into), "-o", str(tmp_path / "less.csv"))
    assert len(list(csv.DictReader((tmp_path / "less.csv").open()))) == 4


def test_a_sound_that_is_gone_is_said(folder: StudyFolder) -> None:
    design = folder.design()
    path = folder.job(design.jobs[0].digest) / "session.flac"
    sound = path.read_bytes()
    path.unlink()
    with pytest.raises(MusmedError, match=r"not there any more; remove .*run the study again"):
        candidates(folder, design, {}, by_path=False)
    path.write_bytes(sound)


def test_listeners_with_the_same_words_are_one_sound(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("listener,from,to\nA,sad,calm\nB,sad,calm\n")
    said = 'title = "x"\nminutes = 1\n[paths]\nlisteners = "people.csv"\n'
    design = lay_out(parse_study(said.encode()), tmp_path)
    place = prepare_run(design, tmp_path / "out").folder
    place.job(design.jobs[0].digest).mkdir(parents=True)
    (place.job(design.jobs[0].digest) / "session.flac").touch()
    place.finish(*made_up(design.jobs[0]))
    assert [one.session for one in candidates(place, design, {}, by_path=False)] == ["1"]


def test_only_some_sessions(folder: StudyFolder) -> None:
    found = candidates(folder, folder.design(), parse_only(["seed=1"]), by_path=False)
    assert [one.condition for one in found] == ["strategy=iso", "strategy=direct"]
    by_path = candidates(folder, folder.design(), {}, by_path=True)
    assert by_path[0].condition == "strategy=iso, sad to calm"
    for wrong in ("seed", "colour=red"):
        with pytest.raises(MusmedError, match="--only"):
            parse_only([wrong])
    with pytest.raises(MusmedError, match="No session with seed=9"):
        candidates(folder, folder.design(), {"seed": "9"}, by_path=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["listening"], "folder is missing"),
        (["listening", "nowhere"], "-o is missing"),
        (["listening", "nowhere", "-o", "x"], "no study"),
        (["answers", "nowhere", "-o", "x.csv"], "no listening list"),
        (["answers"], "list is missing"),
        (["forget", "nowhere"], "Whose answers"),
        (["forget", "nowhere", "P001"], "no listening list"),
    ],
)
def test_bad_words_are_a_sentence(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MusmedError, match=said):
        _said(*words)


@pytest.mark.parametrize("option", ["--participants", "--seed", "--lufs", "--seconds"])
def test_bad_numbers_are_a_sentence(folder: StudyFolder, option: str, tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match=option):
        _said("listening", str(folder.path), "-o", str(tmp_path / "x"), option, "many")
