"""The six clips that are rated for a personal meter."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from engine.listener.clip_round import CLIP_SECONDS, CLIPS, clip_requests
from engine.plan.planner import make_plan


def test_they_lie_far_apart_and_stay_where_they_are() -> None:
    requests = clip_requests(np.random.default_rng(3))
    assert len(requests) == CLIPS
    for one, other in combinations(requests, 2):
        assert one.start.distance(other.start) >= 0.69
    for axis in ("valence", "arousal"):
        places = [getattr(request.start, axis) for request in requests]
        assert sum(places) == pytest.approx(0.0, abs=1e-9)
        assert max(places) - min(places) > 1.0
    for request in requests:
        path = make_plan(request).path
        assert path.at(0.0) == path.at(CLIP_SECONDS) == request.start


def test_the_same_dice_ask_for_the_same_clips_and_others_for_others() -> None:
    assert clip_requests(np.random.default_rng(3)) == clip_requests(np.random.default_rng(3))
    orders = {
        tuple(r.start for r in clip_requests(np.random.default_rng(seed))) for seed in range(8)
    }
    assert len(orders) > 4
    seeds = {
        request.seed for seed in range(8) for request in clip_requests(np.random.default_rng(seed))
    }
    assert len(seeds) == 8 * CLIPS
