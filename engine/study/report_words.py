"""What the report of a study calls its figures, and what it says of them. Words alone."""

from __future__ import annotations

from engine.evaluation.wording import MEANINGS, WORDS

NAMES = WORDS | {
    "loudness": "loudness, LUFS",
    "loudness_range": "loudness range, LU",
    "true_peak": "true peak, dBTP",
    "rise": "largest rise, LU",
    "momentary_rise": "largest momentary rise, LU",
    "silence": "longest silence, s",
    "speed": "seconds of music a second",
    "valence_before": "valence before",
    "arousal_before": "arousal before",
    "valence_after": "valence after",
    "arousal_after": "arousal after",
    "valence_change": "change in valence",
    "arousal_change": "change in arousal",
    "liking": "liking",
}
TOLD = MEANINGS | {
    "loudness": "Integrated loudness of a session (BS.1770).",
    "loudness_range": "How far loud and soft lie apart within a session (EBU Tech 3342).",
    "true_peak": "The highest peak between samples (BS.1770).",
    "rise": "The most that short-term loudness (3 s) rises within a second.",
    "momentary_rise": "The most that momentary loudness (0.4 s) rises within a second.",
    "silence": "The longest stretch under -60 dB of full scale.",
    "speed": "Composed alone or beside others, as it happened to be made.",
}
FEW = 10
RULE = (
    "An interval is a bootstrap of 95 % over sessions; fewer than five have none. A figure is"
    " beyond chance when its interval lies wholly outside the middle 95 % of what it is when the"
    " session's own sound is shuffled in stretches of 30 s. Nothing is called so of fewer than five"
    " sessions, or of sessions under about three minutes, which are too short to be shuffled; then"
    " the other nulls stand alone: music that stays where it is, and the paths of other sessions."
)
PAIRS = (
    "Each pair is the same path, length and seed under two conditions. The difference is the first"
    " less the second, with a bootstrap interval over pairs, and a sign-flip test. Many are looked"
    " at together, so the last column has p corrected by Holm for all rows of the table; read that"
    " one. Of fewer than six pairs nothing is tested. Seeds and paths are the study's own: the"
    " figures say nothing about others than those."
)
PEOPLE = (
    "Each participant counts once for a condition, with the mean of what they said of it; intervals"
    " are a bootstrap over participants. The two sliders go from 0 to 100: valence from unpleasant"
    " to pleasant, arousal from sleepy to wide awake. Who listens knows that they are in a study."
)
PEOPLE_PAIRS = (
    "Each pair is one participant under two conditions; else as above, with Holm over this table."
)
MACHINE = "Judged by programs that listen to the sound: no figure of it says what a person feels."


def name_of(figure: str) -> str:
    """'valence at 30 s' of 'valence_at_30'."""
    axis, at, seconds = figure.partition("_at_")
    return f"{axis} at {seconds} s" if at else NAMES.get(figure, figure)
