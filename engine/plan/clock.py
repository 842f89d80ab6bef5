"""The session clock: where clips lie in session time.

Session time counts what has been played, not pause or waiting. Clip i starts at 22.5 * i
seconds and lasts 30, so that neighbours overlap by a quarter of a clip (7.5 s), the crossfade
of Nikolakakis et al. (arXiv 2411.09080).
"""

from __future__ import annotations

import math

CLIP_SECONDS = 30.0
OVERLAP_SECONDS = CLIP_SECONDS / 4
STRIDE_SECONDS = CLIP_SECONDS - OVERLAP_SECONDS
MIN_MINUTES = 1.0
MAX_MINUTES = 60.0
"""How long a session may be asked to be."""


def clip_count(total_seconds: float) -> int:
    """How many clips cover ``total_seconds`` of session: ceil((T - 7.5) / 22.5), at least 1."""
    return max(1, math.ceil((total_seconds - OVERLAP_SECONDS) / STRIDE_SECONDS))


def clip_start(index: int) -> float:
    """Session seconds at which clip ``index`` starts."""
    return STRIDE_SECONDS * index


def clip_end(index: int, total_seconds: float) -> float:
    """Session seconds at which clip ``index`` ends; the last clip is cut at the session's end."""
    return min(clip_start(index) + CLIP_SECONDS, total_seconds)
