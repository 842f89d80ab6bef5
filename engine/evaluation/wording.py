"""What the figures are called wherever somebody reads them. Words alone: the front imports it."""

from __future__ import annotations

WORDS = {
    "valence_r": "valence r",
    "arousal_r": "arousal r",
    "valence_ccc": "valence CCC",
    "arousal_ccc": "arousal CCC",
    "way": "share of the way",
    "progress_r": "progress r",
    "end_error": "end-point error",
    "right_steps": "right steps",
    "lag_s": "lag, s",
}
