"""Features as they are typed."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.errors import MusmedError
from engine.plan.described import DescribedBar, Description
from engine.plan.feature_words import NAMES, asked_of_music, parse_features, written
from engine.plan.request import Request
from engine.plan.wanted import RANGES, Features

features = st.builds(
    Features,
    **{name: st.none() | st.floats(low, high) for name, (low, high) in RANGES.items()},
    key=st.sampled_from([None, "C", "A#"]),
    mode=st.sampled_from([None, "major", "minor"]),
    time_signature=st.sampled_from([None, "2/4", "6/8"]),
).filter(lambda made: made != Features())


def test_what_is_named_is_asked_for() -> None:
    said = "energy=.4, acousticness=0.8,key=D,Mode=Minor,tempo=70,time-signature=3/4,loudness=-30"
    assert parse_features(said, "--features") == Features(
        energy=0.4,
        acousticness=0.8,
        key="D",
        mode="minor",
        tempo=70.0,
        time_signature="3/4",
        loudness=-30.0,
    )


@pytest.mark.parametrize(
    ("said", "key"),
    [("Bb", "A#"), ("eb", "D#"), ("f#", "F#"), ("Cb", "B"), ("b", "B"), ("A\u266d", "G#")],
)
def test_flats_are_keys_as_well_as_sharps(said: str, key: str) -> None:
    assert parse_features(f"key={said}", "--features").key == key


@given(features)
def test_what_is_written_is_read_again(made: Features) -> None:
    assert parse_features(written(made), "--features") == made


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("", "--features is features with their values, such as"),
        ("energy", "not 'energy'."),
        ("energie=.4", "did you mean energy"),
        ("bpm=70", "There is no feature called 'bpm'"),
        ("energy=2", "--features: energy is a number from 0 to 1, not '2'."),
        ("tempo=nan", "tempo is a number from 40 to 200, not 'nan'."),
        ("tempo=fast", "tempo is a number from 40 to 200, not 'fast'."),
        ("loudness=-9", "loudness is a number from -40 to -10, not '-9'."),
        ("key=Dm", "or flats such as Bb; minor is mode=minor, not 'Dm'."),
        ("mode=dorian", "mode is one of major, minor, not 'dorian'."),
        ("time_signature=5/4", "time_signature is one of 2/4, 3/4, 4/4, 6/8, not '5/4'."),
        ("tempo=70,tempo=80", "tempo stands there twice"),
        ("energy=\x1b[2J", "\\x1b[2J"),
    ],
)
def test_what_is_none_is_said_in_a_sentence(said: str, sentence: str) -> None:
    with pytest.raises(MusmedError) as refused:
        parse_features(said, "--features")
    assert sentence in str(refused.value)
    assert "\x1b" not in str(refused.value)


@given(st.text())
def test_any_text_is_features_or_a_sentence(text: str) -> None:
    with contextlib.suppress(MusmedError):
        assert written(parse_features(text, "--features"))


def test_every_feature_can_be_named() -> None:
    assert set(NAMES) == {*RANGES, "key", "mode", "time_signature"}


def test_what_is_asked_of_the_music_is_told_in_words() -> None:
    request = Request(start=Affect(0.0, 0.5), target=Affect(0.0, -0.5))
    features = Features(energy=0.4, time_signature="3/4", tempo=70.0)
    bars = Description(bars=(DescribedBar(mean_pitch=60.0),) * 24)
    assert not asked_of_music(request)
    request = msgspec.structs.replace(request, features=features)
    assert asked_of_music(request) == "energy 0.4, time signature 3/4, tempo 70"
    request = msgspec.structs.replace(request, description=bars)
    assert asked_of_music(request).endswith("tempo 70 and a description of 24 bars")
    assert asked_of_music(msgspec.structs.replace(request, features=None)).startswith("a desc")
