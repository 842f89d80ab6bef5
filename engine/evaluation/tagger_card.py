"""The model card of a head that was fitted: what it is, what it learnt from, and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.evaluation.fit_tagger import Fitted
    from engine.evaluation.results import Estimate


def card(found: Fitted) -> str:
    """In Markdown."""
    parts = "\n".join(
        f"| {one.part} | {one.used + one.missing + one.damaged} | {one.used} | {one.missing} "
        f"| {one.damaged} |"
        for one in found.parts
    )
    penalties = ", ".join(f"{one.l2:g}: {one.precision:.4f}" for one in found.penalties)
    moods = "\n".join(
        f"| {one.mood} | {one.tracks} | {one.average_precision:.4f} | {one.chance:.4f} |"
        for one in found.moods
    )
    unlearnt = ", ".join(found.unlearnt) or "none"
    missing = sum(one.missing + one.damaged for one in found.parts)
    part_only = (
        f"\n{missing} tracks of the split were not used, so these figures are not comparable with "
        "those of others.\n"
        if missing
        else ""
    )
    return f"""# Moods and themes by CLAP and a linear head

Logistic regressions, one for each of the 56 moods and themes of MTG-Jamendo, on the audio
embeddings of CLAP ({found.clap}; licence: {found.licence}), which was left as it is. Fitted by
`musmed evaluate fit-tagger`, used by `musmed evaluate --judge clap-tagger=HEAD.safetensors`.

## Recipe
Of each track up to four excerpts of 30 s, evenly over it. An excerpt is the mean of CLAP's
embeddings of its windows of 10 s, normalised; the dimensions are standardised by the train tracks.
Each excerpt has its track's moods, and each track counts the same. There is one L2 penalty for all
moods, the one with the best macro PR-AUC on the validation tracks: {found.l2:g}
({penalties}).
A track's activations are the means of its excerpts'. Fitting is convex and has no chance in it;
the seed of intervals and chance is {found.seed}.

Moods that could not be learnt (no train track has them, or all have): {unlearnt}.

## Data
MTG-Jamendo (Bogdanov et al. 2019), its autotagging_moodtheme lists; in those of its split-0 no
artist is in two parts. In tracks:

| part | in the lists | used | not there | could not be heard |
|---|---|---|---|---|
{parts}

## Figures
On the test tracks, which were looked at once. 95 %: bootstrap over artists. Chance: the expected
value, and the middle 95 % when the tracks' moods are shuffled.
{part_only}
| figure (macro) | value | 95 % | chance | 95 % of chance |
|---|---|---|---|---|
{"".join(_row(one) for one in found.rows)}
| mood | test tracks | average precision | chance |
|---|---|---|---|
{moods}

## Limits
Artists tagged these tracks for listeners and licensees; a mood that is not tagged may be there all
the same. Nothing here says how a listener feels.

## Licences
MTG-Jamendo's metadata, from which this was learnt: CC BY-NC-SA 4.0. Its tracks are under Creative
Commons licences of their own, which the dataset lists; none of them is in this file. CLAP:
{found.licence}.
"""


def _row(one: Estimate) -> str:
    interval = _range(one.low, one.high)
    chance = _range(one.chance_low, one.chance_high)
    return f"| {one.figure} | {one.value:.4f} | {interval} | {_number(one.chance)} | {chance} |\n"


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4f} to {high:.4f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
