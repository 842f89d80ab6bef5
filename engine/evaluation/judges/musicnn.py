"""musicnn's tagger as a judge of arousal, by 'fast' and 'slow'."""

from __future__ import annotations

from pathlib import Path

from engine.errors import MusmedError
from engine.evaluation.judges.base import Judged, Window
from engine.evaluation.judges.musicnn_network import TAGS, Patches, installed, windows
from engine.meter.files import Progress, hear_file


class MusicnnJudge:
    """30 s, every 9 s. Raises ``MusmedError`` where the package is not installed."""

    name = "musicnn MTT"
    version = "0.1.0"
    licence = "ISC"
    scaled = False
    hears_affect = True
    tags = TAGS
    domain = (
        "Arousal alone: by how much 'fast' is likelier than 'slow' (a difference of logits) to a "
        "tagger trained on MagnaTagATune, which is music of all kinds; its figures were not "
        "compared with TensorFlow's."
    )

    def __init__(self) -> None:
        self._network = installed()
        self._fast, self._slow = TAGS.index("fast"), TAGS.index("slow")

    def judge(self, sound: Path, progress: Progress) -> Judged:
        patches = Patches(self._network.logits)
        heard = hear_file(sound, patches.push, progress)
        if heard.silent:
            raise MusmedError(f"{sound} is silent; {self.name} needs sound.")
        found = tuple(
            Window(start, end, arousal=float(mean[self._fast] - mean[self._slow]), activations=mean)
            for start, end, mean in windows(patches.told)
        )
        if not found:
            raise MusmedError(f"{sound} is too short for {self.name}, which hears 30 s at once.")
        return Judged(found, heard.remarks)
