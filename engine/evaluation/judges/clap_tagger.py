"""A head on CLAP embeddings as a judge of 56 moods and themes: one that was fitted here.

``musmed evaluate fit-tagger`` makes it, where MTG-Jamendo's sounds are (docs/evaluation.md). No
head comes with musmed.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from engine.audio.format import SAMPLE_RATE
from engine.errors import MusmedError
from engine.evaluation.judges.base import Embeddings, Judged, Window, mean_embedding
from engine.evaluation.judges.clap import WINDOW, Clap
from engine.evaluation.spans import Floats, hear_spans
from engine.evaluation.tagger_head import Head, read_head
from engine.evaluation.track_embeddings import probe, same
from engine.meter.files import LONGEST_MEASURED, Progress
from engine.places import look_at

TOGETHER = 3
"""Windows of CLAP's: 30 s, as in the excerpts that a head learns from."""
_PART = 6
"""Windows of CLAP's that are held at once."""
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


class ClapTaggerJudge:
    """30 s, every 10 s, of whole windows of CLAP's. ``place``: the head. Raises ``MusmedError`` for
    what is none, and where the CLAP that it learnt by is not here."""

    name = "CLAP tagger"
    licence = "learnt from MTG-Jamendo (CC BY-NC-SA 4.0); CLAP as its card says"
    scaled = False
    hears_affect = False

    def __init__(self, place: Path | None = None) -> None:
        if place is None:
            raise MusmedError(
                "The judge clap-tagger needs a head: 'musmed evaluate fit-tagger' makes one where "
                "MTG-Jamendo's sounds are; say --judge clap-tagger=HEAD.safetensors."
            )
        head = read_head(place)
        self._clap = Clap(_clap_of(head.record.clap, place.parent))
        self._weights = head.weights
        _check(head, self._clap, place)
        self.tags = head.record.tags
        self.version = f"{head.version} on {self._clap.record.version}"
        record = head.record
        self.domain = (
            f"56 moods and themes as artists tagged their music on Jamendo (macro PR-AUC "
            f"{record.precision:.3f} on that dataset's test tracks where it was fitted, chance "
            f"{record.chance:.3f}; {record.tracks} tracks to learn from); says nothing of valence "
            "and arousal."
        )

    def judge(self, sound: Path, progress: Progress) -> Judged:
        tens: list[Embeddings] = []
        length = int(WINDOW * SAMPLE_RATE)

        def take(_number: int, mono: Floats) -> None:
            whole = len(mono) // length * length
            tens.extend(self._clap.windows(mono[:whole]))

        seconds = _PART * WINDOW
        spans = [(at, at + seconds) for at in np.arange(0.0, LONGEST_MEASURED, seconds)]
        heard = hear_spans(sound, spans, take, progress)
        if heard.silent:
            raise MusmedError(f"{sound} is silent; {self.name} needs sound.")
        if len(tens) < TOGETHER:
            raise MusmedError(f"{sound} is too short for {self.name}, which hears 30 s at once.")
        found = []
        for first in range(len(tens) - TOGETHER + 1):
            embedding = mean_embedding(np.array(tens[first : first + TOGETHER]))
            activations = self._weights.activations(embedding[None])[0]
            start = first * WINDOW
            found.append(Window(start, start + TOGETHER * WINDOW, activations=activations))
        return Judged(tuple(found), heard.remarks)


def _clap_of(version: str, beside: Path) -> str:
    """Where the CLAP of that version is: in the hub's cache, or, for one from a folder, in a folder
    of its name beside the head."""
    repo, at, _ = version.partition("@")
    if at:
        return repo
    folder = beside / version
    named = _NAME.fullmatch(version) is not None
    if not named or look_at(folder, "folder of CLAP") != "folder":
        raise MusmedError(
            f"The head learnt by a CLAP in a folder {version!r}, which must lie beside it."
        )
    return str(folder)


def _check(head: Head, clap: Clap, place: Path) -> None:
    if not same(head.probe, probe(clap)):
        raise MusmedError(
            f"{place} was fitted on {head.record.clap}, and {clap.record.version} is another CLAP; "
            "get that one, or fit a head anew."
        )
