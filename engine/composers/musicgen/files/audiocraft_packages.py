"""What audiocraft needs that is not here, found out without importing any of it.

audiocraft 1.3.0 pins versions that can't be installed any more (torch 2.1.0, av 11), so no extra of
musmed's can name it; requirements-audiocraft.txt says how it is installed all the same.
"""

from __future__ import annotations

from importlib.util import find_spec

from engine.errors import MusmedError

MODULES = {
    "torch": "torch",
    "transformers": "transformers",
    "audiocraft": "audiocraft",
    "xformers": "xformers",
    "torchaudio": "torchaudio",
    "av": "av",
    "spacy": "spacy",
    "flashy": "flashy",
    "torchmetrics": "torchmetrics",
    "einops": "einops",
    "julius": "julius",
    "num2words": "num2words",
    "librosa": "librosa",
    "omegaconf": "omegaconf",
    "sentencepiece": "sentencepiece",
}
"""The modules its import touches -> the packages they come from."""
HOW = "requirements-audiocraft.txt in musmed's sources says how to install it"


def missing() -> tuple[str, ...]:
    """The packages audiocraft lacks here, in the order of ``MODULES``."""
    return tuple(package for module, package in MODULES.items() if find_spec(module) is None)


def check_installed() -> None:
    """Raises ``MusmedError`` naming what is missing."""
    lacking = missing()
    if lacking:
        raise MusmedError(
            f"--decoder audiocraft needs {', '.join(lacking)}; {HOW}, or leave --decoder out."
        )
