"""Which composer 'auto' takes, what is checked before a session, and the speeds that are kept."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
from pathlib import Path

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.clip_record import ClipRecord
from engine.composers import choice
from engine.composers.base import EMBEDDED, composer_names, has_model, resolve_composer
from engine.composers.choice import check_composer, choose_composer, unheld
from engine.composers.speeds import (
    ENOUGH_FRAMES,
    FILE,
    SessionSpeeds,
    Speeds,
    device_name,
    measured_as,
)
from engine.errors import MusmedError
from engine.plan.generation import Generation
from engine.plan.request import Request
from engine.plan.wanted import Features
from engine.playback.sinks.null import NullSink
from engine.session.library.library import Library
from engine.session.preparation import prepare
from musmed_tui.asked import Asked
from musmed_tui.options import build_request
from musmed_tui.settings import Loaded, Settings

USUAL = Generation()
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def installed(monkeypatch: Patch) -> None:
    spec = importlib.machinery.ModuleSpec("torch", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)


def have_weights(monkeypatch: Patch, *names: str) -> None:
    """Pretend that these checkpoints are in the cache."""

    def check(name: str, _: Generation) -> None:
        if name not in names:
            raise MusmedError("not here")

    monkeypatch.setattr(choice, "check_composer", check)


def test_what_was_fast_on_another_machine_is_chosen_there_and_not_here(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    """Whether its weights are here says nothing of that machine."""
    have_weights(monkeypatch)
    there, here = Speeds(tmp_path, "over ssh, lab"), Speeds(tmp_path)
    there.keep("musicgen-small", 9.0)
    there.keep("musicgen-large", 1.6)
    there.keep("musicgen-medium", 1.4)
    assert choose_composer("auto", USUAL, there, here=False) == "musicgen-large"
    assert choose_composer("auto", USUAL, here) == EMBEDDED
    assert choose_composer("auto", USUAL, Speeds(tmp_path, "over ssh, b"), here=False) == EMBEDDED


def test_auto_is_the_embedded_one_until_a_model_has_shown_its_speed(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    have_weights(monkeypatch, "musicgen-small", "musicgen-large")
    speeds = Speeds(tmp_path / "state")
    assert choose_composer("auto", USUAL, None) == EMBEDDED
    assert choose_composer("auto", USUAL, speeds) == EMBEDDED
    speeds.keep("musicgen-small", 1.49)
    assert choose_composer("auto", USUAL, speeds) == EMBEDDED
    speeds.keep("musicgen-small", 1.5)
    assert choose_composer("auto", USUAL, speeds) == "musicgen-small"
    speeds.keep("musicgen-medium", 4.0)
    assert choose_composer("auto", USUAL, speeds) == "musicgen-small", "medium's weights are gone"
    speeds.keep("musicgen-large", 2.0)
    assert choose_composer("auto", USUAL, speeds) == "musicgen-large"
    assert choose_composer("auto", USUAL, speeds, holding=True) == EMBEDDED, "what it can't hold"
    theirs = Generation(decoder="reference")
    assert choose_composer("auto", theirs, speeds) == EMBEDDED
    speeds.keep("musicgen-small (reference)", 2.0)
    assert choose_composer("auto", theirs, speeds) == "musicgen-small"
    elsewhere = Speeds(tmp_path / "state", device="another machine")
    assert choose_composer("auto", USUAL, elsewhere) == EMBEDDED


def test_a_speed_without_guidance_says_nothing_of_one_with_it(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    have_weights(monkeypatch, "musicgen-small")
    speeds = Speeds(tmp_path / "state")
    unguided = Generation(guidance=1.0)
    names = [
        measured_as("musicgen-small", generation)
        for generation in (
            USUAL,
            unguided,
            Generation(decoder="reference"),
            Generation(decoder="reference", guidance=1.0),
        )
    ]
    assert len(set(names)) == 4
    assert names[0] == "musicgen-small"
    assert measured_as("musicgen-small", Generation(guidance=1.5)) == names[0]
    speeds.keep(names[1], 2.0)
    assert choose_composer("auto", USUAL, speeds) == EMBEDDED
    assert choose_composer("auto", unguided, speeds) == "musicgen-small"
    kept = SessionSpeeds(speeds, unguided)
    assert kept.of("musicgen-small") == 2.0
    assert SessionSpeeds(speeds, USUAL).of("musicgen-small") is None


def test_a_speed_is_that_of_a_precision(tmp_path: Path) -> None:
    """What 'auto' came to is known as that, and as the speed of whoever wishes nothing; a session
    that goes on in something else says nothing of what 'auto' comes to."""
    speeds = Speeds(tmp_path)
    name, rounded = "musicgen-small", Generation(precision="int8")
    assert measured_as(name, rounded) == f"{name} (int8)" == measured_as(name, USUAL, "int8")
    SessionSpeeds(speeds, USUAL).keep(measured(name, "int8", 2.0), ENOUGH_FRAMES, cut=False)
    assert speeds.of(measured_as(name, USUAL)) == speeds.of(measured_as(name, rounded)) == 2.0
    going_on = SessionSpeeds(speeds, USUAL, "bfloat16")
    assert going_on.of(name) is None
    going_on.keep(measured(name, "bfloat16", 0.5), ENOUGH_FRAMES, cut=False)
    assert going_on.of(name) == 0.5
    assert SessionSpeeds(speeds, USUAL).of(name) == 2.0


def measured(composer: str, precision: str, speed: float) -> ClipRecord:
    return ClipRecord(
        composer=composer,
        version=1,
        loudness=None,
        true_peak=None,
        gating="off",
        seconds=1.0,
        speed=speed,
        precision=precision,
    )


def test_a_named_composer_is_taken_as_named(tmp_path: Path) -> None:
    speeds = Speeds(tmp_path)
    assert choose_composer("musicgen-large", USUAL, speeds) == "musicgen-large"
    assert choose_composer("/models/mine", USUAL, speeds) == "/models/mine"
    with pytest.raises(MusmedError, match="did you mean musicgen-small"):
        choose_composer("musicgen-smal", USUAL, speeds)
    assert not has_model(EMBEDDED)
    assert all(has_model(name) for name in composer_names() if name != EMBEDDED)
    assert has_model(resolve_composer("someone/musicgen-tuned"))


def test_what_musicgen_can_t_hold_is_said() -> None:
    request = Request(start=Affect(0, 0.5), target=Affect(0, -0.5))
    tempo = msgspec.structs.replace(request, features=Features(tempo=70))
    assert unheld(request, "musicgen-small") is None
    assert "--composer embedded" in (unheld(tempo, "musicgen-small") or "")
    assert unheld(tempo, EMBEDDED) is None
    loudness = msgspec.structs.replace(request, features=Features(loudness=-30))
    assert unheld(loudness, "musicgen-small") is None, "which comes from no composer"


def test_missing_weights_are_one_sentence_with_the_command(installed: None) -> None:
    with pytest.raises(MusmedError) as refused:
        check_composer("musicgen-small", USUAL)
    said = str(refused.value)
    assert "musmed models get musicgen-small" in said
    assert "--composer embedded" in said
    assert "\n" not in said


def test_missing_packages_are_named(monkeypatch: Patch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else name)
    with pytest.raises(
        MusmedError, match=r"needs torch: pip install '\.\[musicgen\]' in musmed's folder, or"
    ):
        check_composer("musicgen-small", USUAL)
    check_composer(EMBEDDED, USUAL)


def test_a_session_that_can_t_be_composed_is_not_begun(tmp_path: Path, installed: None) -> None:
    library = Library(tmp_path / "library")
    request = Request(start=Affect(0, 0), target=Affect(0.5, 0.5), composer="musicgen-small")
    with pytest.raises(MusmedError, match="models get"):
        prepare(request, library=library, sink=NullSink(), log_file=tmp_path / "log")
    assert not library.sessions()
    library.close()


def test_speeds_are_kept_by_device_and_composer(tmp_path: Path) -> None:
    here, there = Speeds(tmp_path, device="one"), Speeds(tmp_path, device="two")
    assert here.of("musicgen-small") is None
    here.keep("musicgen-small", 17.25)
    here.keep("musicgen-medium", 8.0)
    there.keep("musicgen-small", 0.25)
    assert Speeds(tmp_path, device="one").of("musicgen-small") == 17.25
    assert here.of("musicgen-medium") == 8.0
    assert there.of("musicgen-small") == 0.25
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_a_table_of_speeds_does_not_grow_without_end(tmp_path: Path) -> None:
    for number in range(80):
        Speeds(tmp_path, device=f"device {number % 70}").keep(f"model {number}", 1.0)
    speeds = Speeds(tmp_path, device="one")
    for number in range(80):
        speeds.keep(f"model {number}", 1.0)
    table = json.loads((tmp_path / FILE).read_text())
    assert len(table) <= 64
    assert len(table["one"]) <= 64
    assert speeds.of("model 79") == 1.0


@pytest.mark.parametrize(
    "text", ["", "no json", '{"one": 3}', '{"one": {"a": "b"}}', "\xff", "[" * 10**6]
)
def test_a_damaged_table_is_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="latin-1")
    speeds = Speeds(tmp_path, device="one")
    assert speeds.of("musicgen-small") is None
    speeds.keep("musicgen-small", 2.0)
    assert speeds.of("musicgen-small") == 2.0


def test_a_folder_that_can_t_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Speeds(tmp_path / "file").keep("musicgen-small", 2.0)
    assert device_name()


def asked(**options: str) -> Asked:
    return Asked(start="tense", target="calm", seed="1", **options)


def test_options_of_musicgen_reach_the_request(tmp_path: Path) -> None:
    loaded = Loaded(Settings(guidance=2.0, top_k=100, decoder="reference"), {})
    made = build_request(asked(top_k="40", sampling_temperature="0.5"), loaded)
    assert made.generation == Generation(
        guidance=2.0, top_k=40, temperature=0.5, decoder="reference"
    )
    rounded = Loaded(Settings(precision="int8"), {})
    assert build_request(asked(), rounded).generation.precision == "int8"
    exact = build_request(asked(precision="float32"), rounded)
    assert exact.generation.precision == "float32"
    opened = build_request(asked(opening="song.mp3", composer="musicgen-small"), loaded)
    assert opened.generation.opening == str(Path("song.mp3").absolute())
    assert opened.published().generation.opening == "song.mp3"
    assert build_request(asked(composer="./mine"), loaded).composer == str(Path("mine").absolute())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"guidance": "11"}, "--guidance must be a number from 1 to 10"),
        ({"guidance": "nan"}, "--guidance must be a number from 1 to 10"),
        ({"top_k": "2.5"}, "--top-k must be a whole number from 1 to 2048"),
        ({"top_k": "0"}, "--top-k must be a whole number"),
        ({"sampling_temperature": "-1"}, "--sampling-temperature must be a number from 0 to 2"),
        ({"decoder": "theirs"}, "--decoder must be ours or reference or audiocraft"),
        ({"precision": "int4"}, "--precision must be auto or float32 or bfloat16 or int8"),
        ({"opening": "song.mp3"}, "--opening is for MusicGen"),
        ({"opening": "song.mp3", "composer": "embedded"}, "--composer musicgen-small"),
    ],
)
def test_a_wrong_option_is_refused_in_words(options: dict[str, str], said: str) -> None:
    with pytest.raises(MusmedError, match=said):
        build_request(asked(**options), Loaded(Settings(), {}))
