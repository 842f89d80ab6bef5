"""What is evaluated, through the real command: a kept session, a folder, a sampled composer."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.affect.moods import MOODS, mood
from engine.affect.quarters import quarter_of
from engine.composers.options import USUAL
from engine.errors import MusmedError
from engine.evaluation import sampling
from engine.evaluation.judges.base import Judged
from engine.evaluation.judges.meter import MeterJudge
from engine.evaluation.sampling import moods_to_prompt, samples
from engine.meter.files import Progress
from engine.plan.generation import Generation
from engine.plan.request import Request
from engine.sidecar import read_report
from musmed_tui.asked import Asked
from musmed_tui.commands.evaluate import Wanted, evaluate
from musmed_tui.commands.play import play_session
from musmed_tui.commands.sessions import opened
from musmed_tui.paths import folders

pytestmark = pytest.mark.usefixtures("quick_engine")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("engine.evaluation.path_following.SHUFFLES", 20)
    monkeypatch.setattr("engine.evaluation.resampling.RESAMPLES", 20)
    return tmp_path / "home"


def told(wanted: Wanted, capsys: pytest.CaptureFixture[str]) -> Any:
    capsys.readouterr()
    assert evaluate(wanted, as_json=True) == 0
    return json.loads(capsys.readouterr().out)


def test_a_kept_session_is_judged_as_it_was_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Asked(start="tense", target="calm", minutes="2", seed="1", composer="embedded")
    ear = tmp_path / "ear.wav"
    code = play_session(
        asked, f"file:{ear}", None, denoise=None, synthesis=None, plain=True, slow_link=False
    )
    assert code == 0
    with opened(folders().library) as library:
        (session,) = library.ids()
    found = told(Wanted(what=(session,), page=str(tmp_path / "p.html")), capsys)
    (subject,) = found["subjects"]
    assert subject["file"] == session
    assert subject["seconds"] == pytest.approx(120.0)
    assert subject["clips"] == 5
    (followed,) = found["following"]
    windows = [(pair[0], pair[1]) for pair in followed["courses"][0]["measured"]]
    assert len(windows) == 10
    of_the_file = told(Wanted(what=(str(ear),)), capsys)["readings"][0]
    heard = np.mean(windows, axis=0)
    assert heard == pytest.approx([of_the_file["valence"], of_the_file["arousal"]], abs=1e-6)
    page = (tmp_path / "p.html").read_text("utf-8")
    HTMLParser().feed(page)
    assert session in page


def test_a_composer_is_sampled_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "clips"
    wanted = Wanted(model="embedded", prompts="3", seeds="2", samples=str(folder))
    found = told(wanted, capsys)
    moods = moods_to_prompt(3)
    names = [f"{name}-{seed}.flac" for name in moods for seed in (1, 2)]
    assert [one["file"] for one in found["subjects"]] == names
    (affect,) = found["affect"]
    assert affect["clips"] == 6
    assert found["following"] == []
    report = read_report(folder / f"{moods[0]}-2.json")
    assert report.clips[0].tags.mood == moods[0]
    assert moods[0] in report.clips[0].prompt
    assert report.request.start == mood(moods[0]).affect
    sound, rate = soundfile.read(folder / names[0])
    assert len(sound) == pytest.approx(30 * rate, abs=rate)
    before = {name: (folder / name).read_bytes() for name in names}
    gone, kept = folder / names[1], (folder / names[0]).stat().st_mtime_ns
    gone.unlink()
    assert told(wanted, capsys) == found, "what is there is not composed again, the rest the same"
    assert (folder / names[0]).stat().st_mtime_ns == kept
    assert gone.read_bytes() == before[names[1]]
    as_folder = told(Wanted(what=(str(folder),)), capsys)
    assert as_folder["affect"][0]["clips"] == 6


def test_clips_of_an_adapter_that_is_another_by_now_are_not_taken_for_its_own(
    tmp_path: Path,
) -> None:
    place = mood("calm").affect
    assert place is not None
    adapter, folder = tmp_path / "calm", tmp_path / "clips"
    adapter.mkdir()
    folder.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    (adapter / "adapter_model.safetensors").write_bytes(b"as it was")
    generation = Generation(adapters=(f"{adapter}=0.5",))
    asked = Request(start=place, target=place, composer="musicgen-small", generation=generation)
    wanted = tuple(samples(asked, ["calm"], 1))
    for _ in range(2):
        sampling._check_folder(folder, wanted, USUAL)
    (adapter / "adapter_model.safetensors").write_bytes(b"trained anew")
    with pytest.raises(MusmedError, match="clips of another model, adapter or synthesis"):
        sampling._check_folder(folder, wanted, USUAL)


def test_few_prompts_go_round_the_plane() -> None:
    quarters = {quarter_of(one.affect) for one in MOODS if one.affect is not None}
    places = [mood(name).affect for name in moods_to_prompt(len(quarters))]
    assert {quarter_of(place) for place in places if place is not None} == quarters
    assert sorted(moods_to_prompt(56)) == sorted(one.name for one in MOODS)


def test_every_mood_has_a_clip_to_be_composed() -> None:
    place = mood("calm").affect
    assert place is not None
    asked = Request(start=place, target=place, composer="embedded")
    made = list(samples(asked, moods_to_prompt(56), 2))
    assert len({one.name for one in made}) == 112
    assert all(one.spec.tags.mood in one.spec.prompt for one in made)
    assert all(one.spec.duration == 30.0 for one in made)
    assert {one.request.seed for one in made} == {1, 2}


def test_of_several_sounds_one_that_is_silent_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "a.wav", rng.uniform(-0.1, 0.1, 8_000 * 40), 8_000)
    soundfile.write(tmp_path / "b.wav", np.zeros(8_000 * 40), 8_000)
    found = told(Wanted(what=(str(tmp_path),)), capsys)
    assert [one["file"] for one in found["readings"]] == ["a.wav"]
    assert any(said.startswith("Left out:") and "b.wav" in said for said in found["remarks"])
    with pytest.raises(MusmedError, match="silent"):
        evaluate(Wanted(what=(str(tmp_path / "b.wav"),)), as_json=True)


def test_without_scikit_learn_the_moods_alone_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ear(MeterJudge):
        tags = tuple(one.name for one in MOODS)

        def judge(self, sound: Path, progress: Progress) -> Judged:
            judged = super().judge(sound, progress)
            told = np.zeros(len(MOODS))
            windows = tuple(w._replace(activations=told) for w in judged.windows)
            return judged._replace(windows=windows)

    monkeypatch.setattr("engine.evaluation.judges.registry.open_judge", lambda _: Ear())
    monkeypatch.setitem(sys.modules, "sklearn", None)
    found = told(Wanted(model="embedded", prompts="3", samples=str(tmp_path / "clips")), capsys)
    assert found["affect"][0]["clips"] == 3
    assert found["tagging"] == []
    assert any("need scikit-learn: pip install" in said for said in found["remarks"])


def test_noise_is_said_to_be_unlike_music(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "noise.wav", rng.uniform(-0.3, 0.3, 48_000 * 40), 48_000)
    found = told(Wanted(what=(str(tmp_path / "noise.wav"),)), capsys)
    (said,) = (one for one in found["remarks"] if "unlike what the meter learnt" in one)
    assert said.startswith("noise.wav is unlike"), "by name, not by place"


def test_music_from_the_reference_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Wanted(model="embedded", prompts="6", seeds="1", samples=str(tmp_path / "training"))
    told(asked, capsys)
    first = tmp_path / "training" / f"{moods_to_prompt(1)[0]}-1.flac"
    audio, rate = soundfile.read(first)
    soundfile.write(tmp_path / "copy.wav", 0.5 * audio, rate)
    found = told(
        Wanted(what=(str(tmp_path / "copy.wav"),), reference=str(tmp_path / "training")), capsys
    )
    (piece,) = found["likeness"]["pieces"]
    assert piece["chroma"]["track"] == first.name
    assert piece["chroma"]["semitones"] == 0
    assert piece["chroma"]["similarity"] > 0.95
