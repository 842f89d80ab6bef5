"""How well tags are told: AUPRC, ROC-AUC and Hamming score, with chance beside them.

The two areas are scikit-learn's (the extra ``evaluate``), so that they are the figures everybody
else prints. *Hamming score* is 1 - Hamming loss, as in Nikolakakis et al. (ISMIR 2024 LBD): it is
high for whoever predicts nothing where few tags of many apply.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import MusmedError

Truth = NDArray[np.bool_]
"""(clips, tags): which tags apply."""
Scores = NDArray[np.float64]
"""(clips, tags): how sure a tagger is of each; any monotone scale."""


class NothingToTellError(MusmedError):
    """No tag applies to some of the clips and not to others."""


class Areas(NamedTuple):
    """Macro means over the tags that apply somewhere and not everywhere, and of each (NaN where a
    tag does not)."""

    macro: float
    chance: float
    """What random scores give: the mean share of clips to which a tag applies, or 0.5."""
    each: NDArray[np.float64]


def average_precision(truth: Truth, scores: Scores) -> Areas:
    """AUPRC, as average precision (no interpolation)."""
    average_precision_score = _metrics().average_precision_score
    _check(truth, scores)
    judged = _judged(truth)
    each = np.full(truth.shape[1], np.nan)
    each[judged] = average_precision_score(truth[:, judged], scores[:, judged], average=None)
    return Areas(float(np.nanmean(each)), float(truth[:, judged].mean()), each)


def roc_auc(truth: Truth, scores: Scores) -> Areas:
    """The area under the ROC curve; 0.5 by chance."""
    roc_auc_score = _metrics().roc_auc_score
    _check(truth, scores)
    judged = _judged(truth)
    each = np.full(truth.shape[1], np.nan)
    each[judged] = roc_auc_score(truth[:, judged], scores[:, judged], average=None)
    return Areas(float(np.nanmean(each)), 0.5, each)


class Hamming(NamedTuple):
    """1 - Hamming loss, each in [0, 1]."""

    score: float
    nothing: float
    """Of whoever predicts no tag at all."""
    random: float
    """Of whoever predicts as many tags as were predicted, any of them."""


def hamming_score(truth: Truth, predicted: Truth) -> Hamming:
    """Of decisions: the share of tags and clips that are right."""
    _check(truth, predicted)
    applies, says = float(truth.mean()), float(predicted.mean())
    return Hamming(
        score=float((truth == predicted).mean()),
        nothing=1.0 - applies,
        random=applies * says + (1.0 - applies) * (1.0 - says),
    )


def _metrics() -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Raises ``MusmedError`` where scikit-learn is not installed."""
    try:
        from sklearn import metrics
    except ModuleNotFoundError as error:
        raise MusmedError(
            "Prompted moods need scikit-learn: pip install '.[evaluate]' in musmed's folder."
        ) from error
    return metrics


def _judged(truth: Truth) -> Truth:
    """Tags for which an area has a meaning. Raises ``NothingToTellError`` when there is none."""
    judged: Truth = np.logical_and(truth.any(axis=0), ~truth.all(axis=0))
    if not judged.any():
        raise NothingToTellError(
            "No tag applies to some of the clips and not to others; give more clips."
        )
    return judged


def _check(truth: Truth, told: NDArray[np.generic]) -> None:
    if truth.shape != told.shape or truth.ndim != 2:
        raise ValueError(f"tags of shape {truth.shape} are judged by {told.shape}")
