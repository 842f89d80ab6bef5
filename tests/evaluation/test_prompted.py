"""Prompted moods, affect and words against judges that hear all, nothing, or the opposite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.affect.moods import MOODS
from engine.evaluation.distant import distances
from engine.evaluation.judges.base import Judged, Window
from engine.evaluation.prompted import Heard, affect_heard, heard_clip, tagged, text_match
from engine.evaluation.resampling import dealt, estimate
from engine.evaluation.results import Estimate, JudgeRecord
from engine.meter.files import Progress

pytest.importorskip("sklearn", reason="needs musmed[evaluate]")

MOOD_NAMES = ("calm", "dark", "energetic", "happy")
PLACES = {mood.name: mood.affect for mood in MOODS}


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.evaluation.resampling.RESAMPLES", 60)


class Ear:
    name, version, licence, domain = "ear", "1", "none", "It is told."
    scaled = True
    hears_affect = True
    tags = (*MOOD_NAMES, "sad")

    def judge(self, sound: Path, progress: Progress) -> Judged:
        raise NotImplementedError


def clips(sure: float, sounds: int = 12) -> list[Heard]:
    """Of each mood one clip a sound, heard with so much certainty among noise of 1."""
    rng = np.random.default_rng(0)
    made = []
    for sound in range(sounds):
        for name in MOOD_NAMES:
            told = rng.normal(size=5)
            told[Ear.tags.index(name)] += sure
            place = PLACES[name]
            assert place is not None
            noise = rng.normal(size=2) / max(sure, 1e-3)
            made.append(
                Heard(sound, name, place.valence + noise[0], place.arousal + noise[1], told)
            )
    return made


def by_name(rows: tuple[Estimate, ...]) -> dict[str, Estimate]:
    return {row.figure: row for row in rows}


def test_who_hears_the_mood_is_told_from_chance() -> None:
    found = tagged(Ear(), clips(100.0), np.random.default_rng(1))
    assert found is not None
    rows = by_name(found.rows)
    assert (found.clips, found.sounds) == (48, 12)
    for name in ("AUPRC", "ROC-AUC", "Hamming score"):
        assert rows[name].value == pytest.approx(1.0)
        assert rows[name].low == pytest.approx(1.0)
        assert rows[name].chance_high is not None
        assert rows[name].chance_high < 0.85, name
    assert rows["ROC-AUC"].chance == 0.5
    assert rows["AUPRC"].chance == pytest.approx(0.3, abs=0.08)  # 1 of 4, and few clips
    assert rows["Hamming score"].nothing == pytest.approx(0.75)
    assert rows["Hamming score"].chance == pytest.approx(0.625, abs=0.02)
    assert {row.mood: row.clips for row in found.moods} == dict.fromkeys(MOOD_NAMES, 12)
    assert all(row.average_precision == 1.0 for row in found.moods)


def test_who_hears_nothing_is_within_chance() -> None:
    found = tagged(Ear(), clips(0.0), np.random.default_rng(1))
    assert found is not None
    for row in found.rows:
        assert row.chance_low is not None
        assert row.chance_high is not None
        assert row.chance_low <= row.value <= row.chance_high, row.figure


def test_who_is_stopped_need_not_wait_for_the_figures() -> None:
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tagged(Ear(), clips(1.0), np.random.default_rng(1), look)


def test_moods_that_a_judge_does_not_know_are_no_question() -> None:
    class Deaf(Ear):
        tags = ("calm", "slow")

    assert tagged(Deaf(), clips(1.0), np.random.default_rng(1)) is None


def test_affect_is_held_against_where_moods_lie() -> None:
    near = affect_heard(Ear(), clips(100.0), np.random.default_rng(2))
    assert near is not None
    for row in near.rows:
        assert row.value > 0.99
        assert row.chance == 0.0
        assert row.chance_high is not None
        assert row.chance_high < 0.6
    turned = [clip._replace(arousal=-clip.arousal) for clip in clips(100.0)]
    away = affect_heard(Ear(), turned, np.random.default_rng(2))
    assert away is not None
    assert by_name(away.rows)["arousal r"].value < -0.99


def test_a_clip_is_what_was_heard_within_it() -> None:
    windows = [
        Window(0.0, 30.0, 0.0, 1.0, np.array([0.0])),
        Window(10.0, 40.0, 0.6, 0.5, np.array([3.0])),  # two thirds in it
        Window(30.0, 60.0, 1.0, 0.0, np.array([9.0])),
    ]
    heard = heard_clip(3, "calm", (0.0, 30.0), windows)
    assert heard is not None
    assert (heard.sound, heard.mood) == (3, "calm")
    assert heard.valence == pytest.approx(0.6 * 2 / 5)
    assert heard.activations is not None
    assert heard.activations[0] == pytest.approx(3.0 * 2 / 5)
    assert heard_clip(3, "calm", (100.0, 130.0), windows) is None
    half = heard_clip(0, "calm", (0.0, 30.0), [Window(0.0, 30.0, arousal=0.3)])
    assert half is not None
    assert np.isnan(half.valence)
    assert half.activations is None


def test_words_of_others_are_chance() -> None:
    rng = np.random.default_rng(3)
    words = rng.normal(size=(30, 16))
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    judge = JudgeRecord("space", "1", "Of numbers.", "none")
    found = text_match(judge, words, words, list(range(30)), rng)
    assert found is not None
    assert found.score.value == pytest.approx(1.0)
    assert found.score.chance == pytest.approx(0.0, abs=0.1)
    assert found.score.chance_high is not None
    assert found.score.chance_high < 0.5


def test_sounds_are_drawn_and_not_clips() -> None:
    """Ten clips of each of six sounds, half of them 1: as wide as of six values and not of sixty,
    and of few sounds there is none."""
    values = np.repeat([0.0, 0.0, 0.0, 1.0, 1.0, 1.0], 10)
    found = estimate(
        "mean",
        [sound for sound in range(6) for _ in range(10)],
        lambda clips, _prompts: float(values[clips].mean()),
        np.random.default_rng(0),
    )
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.6
    alone = estimate(
        "mean",
        [sound for sound in range(4) for _ in range(15)],
        lambda clips, _prompts: float(values[clips].mean()),
        np.random.default_rng(0),
    )
    assert alone is not None
    assert alone.low is None


def test_prompts_are_dealt_out_by_sounds() -> None:
    clusters = [0, 0, 0, 1, 1, 1, 1, 2, 2]
    rng = np.random.default_rng(6)
    of = np.array(clusters)
    seen = set()
    for _ in range(40):
        given = dealt(clusters, rng)
        for sound in range(3):
            theirs = given[of == sound]
            assert len(set(of[theirs])) == 1, "a sound has the prompts of one sound"
            seen.add((sound, int(of[theirs[0]]), int(theirs[0])))
    assert len(seen) > 20, "of any sound, from any place"
    alone = {tuple(dealt([7, 7, 7], rng)) for _ in range(40)}
    assert alone == {(0, 1, 2), (1, 2, 0), (2, 0, 1)}


def test_neighbours_that_are_alike_are_no_evidence() -> None:
    """Sessions whose sound and prompts drift, each by itself: with clips dealt out one by one every
    third of them would seem to be beyond chance."""
    rng = np.random.default_rng(7)
    alarms = 0
    for _ in range(40):
        audio, text = (np.cumsum(rng.normal(size=(6, 14)), axis=1).reshape(-1) for _ in range(2))
        found = estimate(
            "r",
            np.repeat(range(6), 14).tolist(),
            lambda clips, prompts, a=audio, t=text: float(np.corrcoef(a[clips], t[prompts])[0, 1]),
            rng,
        )
        assert found is not None
        assert found.chance_low is not None
        assert found.chance_high is not None
        alarms += not found.chance_low <= found.value <= found.chance_high
    assert alarms <= 8


def test_an_interval_holds_its_figure() -> None:
    """Two clips of each of twenty moods, heard a little: drawn twice, clips stand beside
    themselves, and the areas of draws are larger than the area."""
    rng = np.random.default_rng(5)
    names = [mood.name for mood in MOODS][:20]

    class Many(Ear):
        tags = tuple(names)

    made = []
    for sound, name in enumerate(names * 2):
        told = rng.normal(size=20)
        told[names.index(name)] += 0.5
        made.append(Heard(sound, name, 0.0, 0.0, told))
    found = tagged(Many(), made, rng)
    assert found is not None
    for row in found.rows:
        assert row.low is not None
        assert row.high is not None
        assert row.low < row.value < row.high, row.figure


def test_music_from_elsewhere_is_farther_than_the_halves_of_the_reference() -> None:
    """Gaussians of one width, a mean apart by 3: a Fréchet distance of 9."""
    rng = np.random.default_rng(4)
    reference = [rng.normal(size=(40, 3)) for _ in range(10)]
    judge = JudgeRecord("space", "1", "Of numbers.", "none")
    away = [rng.normal([3.0, 0.0, 0.0], size=(40, 3)) for _ in range(6)]
    found = distances(judge, away, reference, np.random.default_rng(0))
    same = distances(judge, [rng.normal(size=(40, 3)) for _ in range(6)], reference, rng)
    assert found is not None
    assert same is not None
    assert (found.windows, found.reference_windows) == (240, 400)
    rows, near = by_name(found.rows), by_name(same.rows)
    assert rows["FAD"].value == pytest.approx(9.0, rel=0.1)
    for name in ("FAD", "KAD"):
        assert rows[name].low is not None
        assert rows[name].chance_high is not None
        assert rows[name].low > rows[name].chance_high
        assert near[name].value < rows[name].value / 10.0
    assert distances(judge, away, [reference[0][:1]], rng) is None
