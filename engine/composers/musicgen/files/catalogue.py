"""The MusicGen checkpoints there are: names, where the hub has them, sizes, licence. No torch here.

Sizes are those of the safetensors files as the hub's file listings give them (read 2026-11;
``musmed models get`` asks the hub again before it fetches anything). The main branches of medium
and large hold pickles only; the hub's converter bot has their safetensors as open pull requests,
which is where they are taken from when main still has none.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.hub_cache import is_repo_name

INSTALL = "pip install '.[musicgen]' in musmed's folder"
"""How what MusicGen needs gets here: musmed is on no package index."""
LICENCE = "CC-BY-NC 4.0"
LICENCE_SENTENCE = (
    "MusicGen's weights are Meta's, under CC-BY-NC 4.0: not for commercial use; "
    "musmed itself and its embedded composer are free of that."
)


@dataclass(frozen=True)
class Entry:
    """One checkpoint. ``size``: bytes of its safetensors; ``parameters``: of its decoder, as its
    card says; ``revisions``: where its safetensors may be, in the order to look."""

    name: str
    size: int
    parameters: str
    channels: int
    revisions: tuple[str, ...] = ("main",)
    note: str = ""

    @property
    def decoder_size(self) -> int:
        """Of its decoder, in the measure of ``decoder_size``."""
        return decoder_size(*_DECODERS[self.parameters])

    @property
    def repo(self) -> str:
        return f"facebook/{self.name}"


_TEXT_ONLY = "used with text only"
_DECODERS = {"300M": (24, 1024), "1.5B": (48, 1536), "3.3B": (48, 2048)}
"""Layers and width of the decoders, as the models' config.json on the hub have them."""
_ENTRIES = (
    Entry("musicgen-small", 2_360_000_000, "300M", 1),
    Entry("musicgen-medium", 8_040_000_000, "1.5B", 1, ("main", "refs/pr/10")),
    Entry("musicgen-large", 13_720_000_000, "3.3B", 1, ("main", "refs/pr/18")),
    Entry("musicgen-melody", 6_130_000_000, "1.5B", 1, note=_TEXT_ONLY),
    Entry("musicgen-stereo-small", 1_220_000_000, "300M", 2),
    Entry("musicgen-stereo-medium", 4_070_000_000, "1.5B", 2),
    Entry("musicgen-stereo-large", 6_920_000_000, "3.3B", 2),
    Entry("musicgen-stereo-melody", 6_330_000_000, "1.5B", 2, note=_TEXT_ONLY),
)
CATALOGUE: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}

NAMES: tuple[str, ...] = tuple(CATALOGUE)


def decoder_size(layers: int, hidden: int) -> int:
    """A measure of a decoder's weights: all matrices of a layer are multiples of its width
    squared."""
    return layers * hidden**2


def smaller(name: str) -> str | None:
    """The largest checkpoint that is smaller than the catalogue's ``name`` and of the same kind
    (mono or stereo); None for the smallest."""
    given = entry_of(name)
    return smaller_than(given.decoder_size, given.channels) if given is not None else None


def smaller_than(size: int, channels: int) -> str | None:
    """The largest checkpoint with so many channels and a smaller decoder than ``size`` (as
    ``decoder_size`` gives it); None where there is none. By the decoder and not the file, since
    some are stored in half precision."""
    kind = [
        entry
        for entry in _ENTRIES
        if not entry.note and entry.channels == channels and entry.decoder_size < size
    ]
    return max(kind, key=lambda entry: entry.decoder_size).name if kind else None


def entry_of(name: str) -> Entry | None:
    """The entry called ``name``, with or without 'facebook/'; None for what is not in it."""
    return CATALOGUE.get(name.removeprefix("facebook/"))


def repo_of(name: str) -> str | None:
    """The hub repository that ``name`` (a catalogue name or 'user/name') stands for, or None."""
    entry = entry_of(name)
    if entry is not None:
        return entry.repo
    return name if is_repo_name(name) else None


def revisions_of(repo: str) -> tuple[str, ...]:
    """The branches of ``repo`` to look for safetensors in, in order."""
    entry = entry_of(repo)
    return entry.revisions if entry is not None and entry.repo == repo else ("main",)


def licence_of(repo: str | None) -> str:
    """What is known of the licence of a checkpoint's weights."""
    if repo is not None and repo.startswith("facebook/musicgen-"):
        return LICENCE
    return "see its model card"
