"""Tagging figures, on MediaEval's published predictions and on cases worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import MusmedError
from engine.evaluation.tagging import average_precision, hamming_score, roc_auc

pytest.importorskip("sklearn", reason="needs musmed[evaluate]")
PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "mtg-jamendo"


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="needs ../shared/data/mtg-jamendo")
def test_mediaevals_published_figures_to_six_places() -> None:
    """Of the VGGish baseline on MTG-Jamendo's moods: mediaeval_baseline_vggish_results.tsv."""
    truth, scores, decided = (
        np.load(PUBLISHED / f"mediaeval_{name}.npy")
        for name in ("groundtruth", "baseline_vggish_predictions", "baseline_vggish_decisions")
    )
    truth = truth.astype(bool)
    precision, roc = average_precision(truth, scores), roc_auc(truth, scores)
    assert round(precision.macro, 6) == 0.107734
    assert round(roc.macro, 6) == 0.725821
    assert precision.chance == pytest.approx(0.032, abs=5e-4)
    hamming = hamming_score(truth, decided.astype(bool))
    assert hamming.nothing == pytest.approx(0.968, abs=5e-4)
    assert hamming.score < hamming.nothing, "thresholds for F-score decide worse than nothing does"


def test_a_perfect_and_a_reversed_tagger() -> None:
    truth = np.array([[1, 0], [0, 1], [1, 0], [0, 0]], bool)
    right = truth.astype(float)
    assert average_precision(truth, right).macro == 1.0
    assert roc_auc(truth, right).macro == 1.0
    assert roc_auc(truth, -right).macro == 0.0
    assert hamming_score(truth, truth) == (1.0, 5 / 8, 3 / 8 * 3 / 8 + 5 / 8 * 5 / 8)


def test_random_scores_give_what_is_said_to_be_chance() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((4_000, 20)) < 0.1
    scores, decided = rng.random(truth.shape), rng.random(truth.shape) < 0.3
    precision = average_precision(truth, scores)
    assert precision.macro == pytest.approx(precision.chance, abs=0.01)
    assert roc_auc(truth, scores).macro == pytest.approx(0.5, abs=0.01)
    hamming = hamming_score(truth, decided)
    assert hamming.score == pytest.approx(hamming.random, abs=0.01)


def test_tags_without_both_kinds_of_clips_are_left_out() -> None:
    truth = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 1]], bool)
    scores = np.array([[0.9, 0.5, 0.1], [0.2, 0.4, 0.3], [0.8, 0.1, 0.2]])
    found = average_precision(truth, scores)
    assert found.macro == 1.0
    assert np.isnan(found.each).tolist() == [False, True, True]
    assert found.chance == pytest.approx(2 / 3)


def test_what_can_t_be_judged_is_a_sentence() -> None:
    with pytest.raises(MusmedError, match="give more clips"):
        average_precision(np.zeros((3, 2), bool), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="are judged by"):
        roc_auc(np.zeros((3, 2), bool), np.zeros((3, 3)))
