"""``musmed evaluate``: the real command over rendered sessions, and judges that are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.evaluation.evaluation import evaluate
from engine.evaluation.following import course_of
from engine.evaluation.judges.base import Judged, Window
from engine.evaluation.judges.meter import MeterJudge
from engine.evaluation.results import Evaluation, Row
from engine.evaluation.subjects import read_sound
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.sidecar import SessionReport, read_report, report_path, write_report
from musmed_tui.commands.evaluate import Wanted
from musmed_tui.commands.evaluate import evaluate as command

PATHS = (Affect(-0.4, 0.7), Affect(0.6, -0.6)), (Affect(0.7, 0.5), Affect(-0.6, -0.4))


@pytest.fixture(autouse=True)
def few_shuffles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.evaluation.path_following.SHUFFLES", 60)


def rendered(folder: Path, number: int, minutes: float = 4.0, heard: float | None = None) -> Path:
    """A sound file of noise with the sidecar of a session."""
    start, target = PATHS[number % 2]
    request = Request(start=start, target=target, minutes=minutes, seed=number)
    sound = folder / f"{number}.wav"
    rng = np.random.default_rng(number)
    soundfile.write(sound, rng.uniform(-0.1, 0.1, (int(minutes * 60) * 8_000, 1)), 8_000)
    plan = make_plan(request)
    write_report(
        report_path(sound), request=request, plan=plan, events=(), clips=(), joins=(), heard=heard
    )
    return sound


class Ideal:
    """Hears the path itself, ``late`` seconds late and ``gain`` times as far."""

    name, version, licence, domain = "ideal", "1", "none", "It hears paths."
    scaled = True
    tags = ()
    hears_affect = True

    def __init__(self, late: float = 0.0, gain: float = 1.0) -> None:
        self.late, self.gain = late, gain

    def judge(self, sound: Path, progress: Callable[[float, float | None], None]) -> Judged:
        report = read_report(report_path(sound))
        plan = make_plan(report.request)
        windows = []
        for end in range(30, int(plan.total) + 1, 10):
            here = plan.path.at(max(0.0, end - 15.0 - self.late))
            heard = (self.gain * here.valence, self.gain * here.arousal)
            windows.append(Window(end - 30.0, float(end), *heard))
            progress(end, plan.total)
        return Judged(tuple(windows), (f"{sound.name} is noise.",))


def judged(sounds: list[Path], judge: Ideal) -> Evaluation:
    return evaluate([read_sound(s) for s in sounds], [judge], 0, lambda done, total: None)


def rows_of(found: Evaluation) -> dict[str, Row]:
    (followed,) = found.following
    return {row.figure: row for row in followed.rows}


def test_who_hears_the_path_is_told_from_chance(tmp_path: Path) -> None:
    sounds = [rendered(tmp_path, number) for number in range(2)]
    found = judged(sounds, Ideal())
    rows = rows_of(found)
    for name in ("valence_r", "arousal_r", "progress_r", "way"):
        row = rows[name]
        assert row.mean == pytest.approx(1.0, abs=0.03), name
        assert row.shuffled_high is not None
        assert row.shuffled_high < 0.8, name
        assert row.n == 2
    assert rows["end_error"].mean < 0.05
    assert rows["way"].constant == pytest.approx(0.0)
    assert rows["arousal_r"].another_path is not None
    assert rows["arousal_r"].another_path < 1.0
    assert found.remarks == tuple(f"{number}.wav is noise." for number in range(2))
    again = judged(sounds, Ideal())
    assert again == found, "the same seed, the same figures"


def test_half_of_the_way_is_half_of_it(tmp_path: Path) -> None:
    found = judged([rendered(tmp_path, 0)], Ideal(gain=0.5))
    rows = rows_of(found)
    assert rows["way"].mean == pytest.approx(0.5, abs=0.02)
    assert rows["way"].another_path is None, "one session has no other's path"


def test_the_command_over_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the meter itself, on noise: it follows nothing."""
    sounds = [str(rendered(tmp_path, number, 2.0)) for number in range(2)]
    assert command(Wanted(what=tuple(sounds)), as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["following"][0]["judge"]["name"] == MeterJudge.name
    assert [one["file"] for one in told["subjects"]] == ["0.wav", "1.wav"]
    assert {row["figure"] for row in told["following"][0]["rows"]} >= {
        "arousal_r",
        "end_error",
        "way",
    }
    assert command(Wanted(what=tuple(sounds)), as_json=False) == 0
    said = capsys.readouterr()
    assert "arousal r" in said.out
    assert "typical errors" in said.err, "what the judge is worth stands beside its figures"


def test_only_what_was_heard_counts(tmp_path: Path) -> None:
    report = read_report(report_path(rendered(tmp_path, 0, heard=100.0)))
    windows = tuple(Window(e - 30.0, e, 0.0, 0.0) for e in map(float, range(30, 240, 10)))
    course = course_of("one", report, Judged(windows, ()))
    assert len(course.planned) == 8
    assert course.step == 10.0


def test_too_short_a_session_is_a_sentence(tmp_path: Path) -> None:
    report = read_report(report_path(rendered(tmp_path, 0, 1.0)))
    with pytest.raises(MusmedError, match="too short to say"):
        course_of("one", report, Judged((Window(0.0, 30.0, 0.0, 0.0),), ()))


def of_a_later_musmed(report: SessionReport) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(report, format=99))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_text("{}"), "is no sidecar of musmed's"),
        (lambda path: path.write_text("[" * 100_000), "is no sidecar of musmed's"),
        (lambda path: path.write_bytes(of_a_later_musmed(read_report(path))), "a later one"),
    ],
)
def test_without_a_sidecar_there_is_no_path(
    spoil: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    sound = rendered(tmp_path, 0, 1.0)
    spoil(report_path(sound))
    with pytest.raises(MusmedError, match=words):
        command(Wanted(what=(str(sound),)), as_json=False)


def test_without_a_sidecar_a_sound_is_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = rendered(tmp_path, 0, 1.0)
    report_path(sound).unlink()
    assert command(Wanted(what=(str(sound),)), as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    (reading,) = told["readings"]
    assert reading["windows"] > 0
    assert -1.0 <= reading["valence"] <= 1.0
    assert told["following"] == []
    assert any("has no sidecar beside it" in said for said in told["remarks"])


def test_nothing_to_evaluate_is_a_sentence() -> None:
    with pytest.raises(MusmedError, match="musmed evaluate FILE"):
        command(Wanted(), as_json=False)
