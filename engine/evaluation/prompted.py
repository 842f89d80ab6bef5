"""Is a clip what was asked for: moods told, affect heard, and the CLAP score, beside chance.

The paper's three (Nikolakakis et al., arXiv 2411.09080) are CLAP score, AUPRC and Hamming score of
a tagger's moods against the prompted ones. Clips of one mood each are what musmed prompts with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from engine.affect.circumplex import Affect
from engine.affect.moods import mood
from engine.evaluation import tagging
from engine.evaluation.judges.base import Activations, Judge, Window, record_of
from engine.evaluation.path_following import Vector, pearson
from engine.evaluation.resampling import Indices, dealt, estimate
from engine.evaluation.results import (
    Estimate,
    JudgeRecord,
    MoodRow,
    PromptedAffect,
    Tagging,
    TextMatch,
)

CHANCE_DRAWS = 50
Measure = Callable[[tagging.Truth, tagging.Scores], tagging.Areas]


class Heard(NamedTuple):
    """A clip of the sound number ``sound`` under a judge: the mood it was composed for, and what
    was heard of it (NaN and None of what the judge says nothing of)."""

    sound: int
    mood: str
    valence: float
    arousal: float
    activations: Activations | None


def heard_clip(
    sound: int, mood_name: str, span: tuple[float, float], windows: Sequence[Window]
) -> Heard | None:
    """The mean of the windows that lie in the clip by half at least, each by as much as it does;
    None where there is none."""
    start, end = span
    shares = [max(0.0, min(end, w.end) - max(start, w.start)) / (w.end - w.start) for w in windows]
    inside = [(share, w) for share, w in zip(shares, windows, strict=True) if share >= 0.5]
    if not inside:
        return None
    weights = np.array([share for share, _ in inside]) / sum(share for share, _ in inside)
    affect = np.array([(w.valence, w.arousal) for _, w in inside], np.float64)  # None: NaN
    told = [w.activations for _, w in inside]
    known = [one for one in told if one is not None]
    activations = weights @ np.array(known) if len(known) == len(told) else None
    valence, arousal = weights @ affect
    return Heard(sound, mood_name, float(valence), float(arousal), activations)


def tagged(
    judge: Judge,
    clips: Sequence[Heard],
    rng: np.random.Generator,
    look: Callable[[], None] = lambda: None,
) -> Tagging | None:
    """How well the judge tells the prompted moods; None where it tells none of them, or all clips
    were prompted with one. It takes seconds: ``look`` is called before every draw, and what it
    raises ends it."""
    moods = [name for name in sorted({clip.mood for clip in clips}) if name in judge.tags]
    told = [clip for clip in clips if clip.activations is not None and clip.mood in moods]
    if len(moods) < 2:
        return None
    truth = np.array([[clip.mood == name for name in moods] for clip in told])
    columns = [judge.tags.index(name) for name in moods]
    scores = np.array([clip.activations for clip in told], np.float64)[:, columns]
    sounds = [clip.sound for clip in told]
    rows = (*_areas(truth, scores, sounds, rng, look), _hamming(truth, scores, sounds, rng))
    areas = tagging.average_precision(truth, scores)
    counts = truth.sum(axis=0)
    chance = _chance_by_mood(truth, scores, sounds, rng, look)
    return Tagging(
        judge=record_of(judge),
        clips=len(told),
        sounds=len(set(sounds)),
        rows=tuple(row for row in rows if row is not None),
        moods=tuple(
            MoodRow(name, int(count), float(value), float(by_chance))
            for name, count, value, by_chance in zip(moods, counts, areas.each, chance, strict=True)
        ),
    )


def _chance_by_mood(
    truth: tagging.Truth,
    scores: tagging.Scores,
    sounds: Sequence[int],
    rng: np.random.Generator,
    look: Callable[[], None],
) -> Vector:
    """The mean average precision of each mood with the prompts dealt out anew: with few clips it is
    far above the mood's share of them."""
    found = []
    for _ in range(CHANCE_DRAWS):
        look()
        found.append(tagging.average_precision(truth[dealt(sounds, rng)], scores).each)
    return np.asarray(np.nanmean(found, axis=0))


def _areas(
    truth: tagging.Truth,
    scores: tagging.Scores,
    sounds: Sequence[int],
    rng: np.random.Generator,
    look: Callable[[], None],
) -> list[Estimate | None]:
    def estimated(name: str, measure: Measure, expected: float | None) -> Estimate | None:
        def area(clips: Indices, prompts: Indices) -> float | None:
            look()
            try:
                return measure(truth[prompts], scores[clips]).macro
            except tagging.NothingToTellError:
                return None

        return estimate(name, sounds, area, rng, expected=expected)

    return [
        estimated("AUPRC", tagging.average_precision, None),
        estimated("ROC-AUC", tagging.roc_auc, 0.5),
    ]


def _hamming(
    truth: tagging.Truth, scores: tagging.Scores, sounds: Sequence[int], rng: np.random.Generator
) -> Estimate | None:
    """Of as many moods as were prompted, which is one: the likeliest. No threshold has to be chosen
    so, and the scale of the scores does not count."""
    predicted = np.zeros_like(truth)
    predicted[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return estimate(
        "Hamming score",
        sounds,
        lambda clips, prompts: tagging.hamming_score(truth[prompts], predicted[clips]).score,
        rng,
        nothing=1.0 - 1.0 / truth.shape[1],
    )


def affect_heard(
    judge: Judge, clips: Sequence[Heard], rng: np.random.Generator
) -> PromptedAffect | None:
    """``affect_told`` of where the prompted moods lie."""
    return affect_told(judge, [(clip, mood(clip.mood).affect) for clip in clips], rng)


def affect_told(
    judge: Judge, placed: Sequence[tuple[Heard, Affect | None]], rng: np.random.Generator
) -> PromptedAffect | None:
    """Pearson's r of what is heard of clips and what they were asked for, by axis, over the clips
    that were asked for a place; None without three of them."""
    known = [(clip, affect) for clip, affect in placed if affect is not None]
    if len(known) < 3:
        return None
    asked = np.array([(affect.valence, affect.arousal) for _, affect in known])
    heard = np.array([(clip.valence, clip.arousal) for clip, _ in known])
    sounds = [clip.sound for clip, _ in known]
    rows = (
        _correlation(f"{name} r", asked[:, axis], heard[:, axis], sounds, rng)
        for axis, name in enumerate(("valence", "arousal"))
    )
    told = tuple(row for row in rows if row is not None)
    return PromptedAffect(record_of(judge), len(known), len(set(sounds)), told) if told else None


def _correlation(
    name: str, asked: Vector, heard: Vector, sounds: Sequence[int], rng: np.random.Generator
) -> Estimate | None:
    return estimate(
        name,
        sounds,
        lambda clips, prompts: pearson(asked[prompts], heard[clips]),
        rng,
        expected=0.0,
    )


def text_match(
    judge: JudgeRecord,
    audio: Vector,
    text: Vector,
    sounds: Sequence[int],
    rng: np.random.Generator,
) -> TextMatch | None:
    """The CLAP score of clips (n, dimensions) and their prompts (n, dimensions), each of length 1:
    the mean cosine; None of no clip. By chance, beside the prompts of others."""
    if not len(audio):
        return None
    found = estimate(
        "CLAP score",
        sounds,
        lambda clips, prompts: float(np.mean(np.sum(audio[clips] * text[prompts], axis=1))),
        rng,
    )
    return None if found is None else TextMatch(judge, len(audio), len(set(sounds)), found)
