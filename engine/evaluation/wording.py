"""What the figures are called wherever somebody reads them. Words alone: the front imports it.

The figures of path following are named as in ``path_following.Figures``; the others (AUPRC, CLAP
score, FAD and so on) bear the name that is printed.
"""

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

MEANINGS = {
    "valence_r": "Pearson's r of the valence heard and the path's: 1 the same course, 0 none.",
    "arousal_r": "Pearson's r of the arousal heard and the path's: 1 the same course, 0 none.",
    "valence_ccc": "Lin's concordance of the valence heard and the path's: scale and offset count"
    " too; 1 is the path itself.",
    "arousal_ccc": "Lin's concordance of the arousal heard and the path's: scale and offset count"
    " too; 1 is the path itself.",
    "way": "How far the music goes along the line from start to target, of the path's own way: 1"
    " as far, 0 nowhere, below 0 the other way round.",
    "progress_r": "Pearson's r of music and path along the line from start to target.",
    "end_error": "The distance on the plane (which is 2 wide and high) between music and path over"
    " the last 30 s; 0 is no error.",
    "right_steps": "The share of steps of 30 s in which the music goes to the side to which the"
    " path goes.",
    "lag_s": "Seconds by which the music is behind its path where the two agree best; below 0"
    " ahead. A straight path can't tell a lag from an offset.",
    "AUPRC": "The area under the precision-recall curve, the mean over moods: are the clips"
    " prompted with a mood those that it is heard in? 1 is perfect order.",
    "ROC-AUC": "The area under the ROC curve, the mean over moods: 1 is perfect order, 0.5 none.",
    "Hamming score": "The share of decisions, one for each clip and mood, that are right. It is"
    " high for whoever says nothing at all, so read it beside that.",
    "valence r": "Pearson's r, over clips, of the valence heard and that of the prompted mood.",
    "arousal r": "Pearson's r, over clips, of the arousal heard and that of the prompted mood.",
    "CLAP score": "The mean cosine of the embeddings of a clip and of its prompt.",
    "FAD": "The Fréchet distance between the embeddings of this music and those of the reference;"
    " 0 is none.",
    "KAD": "The kernel distance between the embeddings of this music and those of the reference;"
    " it may be a little below 0.",
}
"""Each figure in a sentence or two, for who reads a page of them."""

PLAIN = {
    "valence_r": "how valence (unpleasant to pleasant) rises and falls",
    "arousal_r": "how arousal (calm to lively) rises and falls",
    "valence_ccc": "where valence lies, moment by moment",
    "arousal_ccc": "where arousal lies, moment by moment",
    "way": "how much of the way from start to target the music goes",
    "progress_r": "how it moves along that way",
    "end_error": "how near it ends to its target",
    "right_steps": "how often it moves to the right side",
    "lag_s": "how late it follows",
    "AUPRC": "which clips a mood was prompted for",
    "ROC-AUC": "whether clips with a mood come before those without",
    "Hamming score": "whether a mood applies or not",
    "valence r": "how pleasant the prompted moods are",
    "arousal r": "how lively the prompted moods are",
    "FAD": "by the distance of Fréchet",
    "KAD": "by that of a kernel",
    "CLAP score": "whether sound and prompt belong together",
}
"""What a figure is about, for who has never heard of it; to be followed by its name."""

LESS = frozenset({"end_error"})
"""Figures of which less is nearer to what was asked for."""
NEAR_ZERO = frozenset({"lag_s"})
"""Those of which 0 is."""
DISTANCES = frozenset({"FAD", "KAD"})
"""Those that say how far two sets lie apart, which is neither right nor wrong."""


def digits_of(figure: str) -> int:
    """After the point, of a figure of path following."""
    return 0 if figure == "lag_s" else 2


def word(figure: str) -> str:
    """As it is printed."""
    return WORDS.get(figure, figure)
