"""What is asked of a model whenever it is watched, from the data."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.moods import mood
from engine.training.prompts import MOODS, POINTS, prompts_of
from engine.training.recipe import Recipe
from engine.training.tracks import Data, Split, Track

CLIPS = Recipe().clips


def track(number: int, called: str | None, *captions: str) -> Track:
    name = f"{number}.flac"
    said = captions or (f"A {called or 'plain'} piece, number {number}",)
    return Track(name, Path("/data") / name, said, f"artist {number}", mood=called)


def data(*tracks: Track) -> Data:
    return Data(Path("/data"), "captions.csv", tracks, (), "digest")


def halves(count: int) -> Split:
    """Every fourth is held out."""
    numbers = range(count)
    return Split(
        tuple(number for number in numbers if number % 4),
        tuple(number for number in numbers if not number % 4),
    )


def of_moods(**counts: int) -> Data:
    names = [name for name, count in counts.items() for _ in range(count)]
    return data(*(track(number, name) for number, name in enumerate(names)))


def test_moods_of_most_tracks_come_first_and_all_equally_often() -> None:
    asked = prompts_of(of_moods(calm=3, dark=8, happy=5), halves(16), seed=0, clips=CLIPS)
    assert Counter(prompt.mood for prompt in asked) == {"dark": 6, "happy": 6, "calm": 6}
    assert list(dict.fromkeys(prompt.mood for prompt in asked)) == ["dark", "happy", "calm"]
    for prompt in asked:
        assert prompt.mood is not None
        assert prompt.mood in prompt.text
        assert prompt.affect == mood(prompt.mood).affect


def test_there_are_ten_moods_at_most() -> None:
    names = ("calm", "dark", "deep", "dramatic", "dream", "emotional", "energetic", "epic", "fast",
             "fun", "funny", "happy")  # fmt: skip
    asked = prompts_of(of_moods(**dict.fromkeys(names, 4)), halves(48), seed=0, clips=CLIPS)
    assert len(asked) == CLIPS
    assert len({prompt.mood for prompt in asked}) == MOODS


def test_captions_of_tracks_held_out_come_first_and_each_wording_once() -> None:
    given = of_moods(calm=12, dark=12)
    asked = prompts_of(given, halves(24), seed=0, clips=8)
    held_out = {given.tracks[number].captions[0] for number in halves(24).held_out}
    assert {prompt.text for prompt in asked} >= held_out
    assert len({prompt.text for prompt in asked}) == 8


def test_of_few_captions_each_is_asked_for_again() -> None:
    given = data(track(0, "calm", "a"), track(1, "dark", "b"), track(2, "dark", "b", "c"))
    asked = prompts_of(given, Split((0, 1, 2), ()), seed=0, clips=8)
    assert Counter(prompt.text for prompt in asked) == {"a": 4, "b": 2, "c": 2}
    assert len({prompt.name for prompt in asked}) == 8


def test_without_moods_captions_of_any_track_are_asked_for() -> None:
    place = Affect(0.5, 0.5)
    tracks = [track(number, None) for number in range(8)]
    tracks.append(Track("8.flac", Path("/8"), ("felt",), "artist 8", affect=place))
    asked = prompts_of(data(*tracks), Split(tuple(range(8)), (8,)), seed=0, clips=9)
    assert (asked[0].text, asked[0].mood, asked[0].affect) == ("felt", None, place)
    assert {prompt.text for prompt in asked} == {one.captions[0] for one in tracks}


def test_points_are_asked_for_alone() -> None:
    given = of_moods(calm=4, dark=4)
    asked = prompts_of(given, halves(8), seed=0, clips=CLIPS, points=True)
    points = [prompt for prompt in asked if prompt.is_point]
    assert Counter(prompt.affect for prompt in points) == dict.fromkeys(POINTS, CLIPS // 5)
    assert [prompt for prompt in asked if not prompt.is_point] == list(
        prompts_of(given, halves(8), seed=0, clips=CLIPS)
    )


def test_the_seed_says_which() -> None:
    given = of_moods(calm=50, dark=50)
    asked = prompts_of(given, halves(100), seed=1, clips=CLIPS)
    assert prompts_of(given, halves(100), seed=1, clips=CLIPS) == asked
    assert prompts_of(given, halves(100), seed=2, clips=CLIPS) != asked


@given(st.lists(st.text(min_size=1), min_size=1, max_size=12), st.integers(1, 12))
def test_whatever_captions_say_names_are_plain_and_different(said: list[str], clips: int) -> None:
    tracks = [track(number, None, caption) for number, caption in enumerate(said)]
    asked = prompts_of(data(*tracks), Split(tuple(range(len(said))), ()), seed=0, clips=clips)
    assert len(asked) == clips
    assert len({prompt.name for prompt in asked}) == clips
    assert all(re.fullmatch(r"[0-9]{2}(-[a-z0-9]+)*", prompt.name) for prompt in asked)
