"""Where everything of a training lies. No torch.

The output folder is the adapter as peft has it, which any program can take; what made it lies in
``training`` inside, and what is encoded lies in a cache that other trainings share.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
CARD = "README.md"
FIGURES = "figures.json"


@dataclass(frozen=True)
class RunFolder:
    """``root``: the folder given with -o; it becomes a peft folder once there is a best step."""

    root: Path

    @property
    def work(self) -> Path:
        return self.root / "training"

    @property
    def run(self) -> Path:
        """JSON: recipe, base, data's digest: what a resumed training has to agree with."""
        return self.work / "run.json"

    @property
    def steps(self) -> Path:
        """A JSON line (``said.Step``) for every update."""
        return self.work / "steps.jsonl"

    @property
    def watched(self) -> Path:
        """A JSON line (``watched.Watched``) for every watching."""
        return self.work / "watched.jsonl"

    @property
    def state(self) -> Path:
        """A folder: weights, moments and numbers of the last checkpoint, to go on from."""
        return self.work / "state"

    @property
    def lock(self) -> Path:
        """Held by the process that trains here."""
        return self.work / "lock"

    @property
    def likeness(self) -> Path:
        """JSON: which stretch of which track each clip is likest to, by the tracks' names."""
        return self.work / "likeness.json"

    @property
    def figures(self) -> Path:
        """JSON (``figures.Result``): what came of it, without a name of anybody."""
        return self.root / FIGURES

    @property
    def card(self) -> Path:
        """The model card."""
        return self.root / CARD

    def adapter_at(self, step: int) -> Path:
        """A peft folder: the adapter as it was after so many updates."""
        return self.work / "adapters" / f"{step:06d}"

    def sounds_at(self, step: int) -> Path:
        """What was composed with it when it was watched; at step 0 by the base alone."""
        return self.work / "sounds" / f"{step:06d}"
