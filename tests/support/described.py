"""Descriptions, drawn by hypothesis: any valid one."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.plan.described import INSTRUMENTS, NO_CHORD, QUALITIES, ROOTS, DescribedBar, Description

CHORDS = (NO_CHORD, *(f"{root}:{quality}" for root in ROOTS for quality in QUALITIES))


def _maybe(low: float, high: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(low, high)


bars = st.builds(
    DescribedBar,
    time_signature=st.none()
    | st.builds("{}/{}".format, st.integers(1, 99), st.sampled_from((1, 2, 4, 8, 16, 32))),
    note_density=_maybe(0.0, 256.0),
    mean_pitch=_maybe(0.0, 127.0),
    mean_velocity=_maybe(1.0, 127.0),
    mean_duration=st.none() | st.floats(0.0, 256.0, exclude_min=True),
    instruments=st.lists(st.sampled_from(INSTRUMENTS), max_size=32).map(tuple),
    chords=st.lists(st.sampled_from(CHORDS), max_size=32).map(tuple),
)
descriptions = st.builds(Description, bars=st.lists(bars, min_size=1, max_size=6).map(tuple))
