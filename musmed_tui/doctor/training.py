"""The training part of ``musmed doctor``: what lacks of the extra 'train' beside MusicGen's own."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from musmed_tui.doctor.finding import Finding

_AREA = "training"
_INSTALL = "pip install '.[train]' in musmed's folder"
_PACKAGES = ("torch", "transformers", "safetensors", "peft", "accelerate", "scikit-learn")


def training() -> Iterator[Finding]:
    """Whether ``musmed train`` has its packages."""
    lacking = [name for name in _PACKAGES if not _is_here(name)]
    if not lacking:
        yield Finding(_AREA, "ok", "'musmed train' has its packages.")
        return
    listed = ", ".join(lacking)
    advice = f"{_INSTALL} if you want to train adapters; nothing else needs it."
    yield Finding(_AREA, "ok", f"'musmed train' lacks {listed}.", advice)


def _is_here(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
