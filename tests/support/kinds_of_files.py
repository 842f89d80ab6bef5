"""Files of every kind that musmed reads, by kind. ``KINDS`` is for ``test_mutated_files.py`` and
``tests/bench/fuzz.py``."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from support import binary_files as binary
from support import kept_files as kept
from support import text_files as texts

from engine.affect.mood_tables import read_table
from engine.composers.speeds import FILE as SPEEDS
from engine.description.described import describe_midi
from engine.description.text import as_text, read_description
from engine.description.tokens import tokens_of
from engine.evaluation.judges.frozen_graph import read_frozen
from engine.evaluation.mood_sheets import read_sheet
from engine.evaluation.moodtheme_split import LIST
from engine.evaluation.notes import read_midi
from engine.evaluation.tagger_head import read_head
from engine.plan.described import DescribedBar, Description
from engine.session.library.lock import NAME as LOCK
from engine.tensorfile import read_json, read_tensors
from engine.training.reading import lines, tables
from musmed_tui.theming import read_theme


class Kind(NamedTuple):
    """``read`` takes the file called ``name`` of the test's folder, made of one of ``whole``."""

    name: str
    whole: Callable[[], Sequence[bytes]]
    read: Callable[[Path], object]
    mutated: Callable[[bytes, random.Random], bytes] = binary.mutated
    refuses: bool = True
    """Whether what can't be read is refused; else it counts as not there."""


def text(name: str, whole: bytes, read: Callable[[Path], object], *, refuses: bool = True) -> Kind:
    return Kind(name, lambda: [whole], read, texts.mutated_text, refuses)


_DESCRIBED = Description(
    bars=(
        DescribedBar(time_signature="3/4", note_density=2.5, instruments=("Violin", "drums")),
        DescribedBar(mean_pitch=61.5, mean_velocity=70.0, mean_duration=0.5),
        DescribedBar(chords=("C:maj", "N", "F#:min7")),
    )
)
DESCRIPTION = as_text(_DESCRIBED, ["Of a waltz"]).encode()
TOKENS = "\n".join(tokens_of(_DESCRIBED)).encode()


KINDS = {
    "sound": Kind("a.sound", binary.sounds, binary.read_sound),
    "opening": Kind("a.sound", binary.sounds, binary.read_as_opening),
    "soundfont": Kind("a.sf2", lambda: [binary.FONT], binary.read_soundfont),
    "tensors": Kind("a.safetensors", lambda: [binary.TENSOR_FILE], read_tensors),
    "an adapter's tensors": Kind(
        "adapter_model.safetensors", lambda: [binary.TENSOR_FILE], binary.read_adapter
    ),
    "an adapter's settings": Kind(
        "adapter_config.json", lambda: [binary.ADAPTER], binary.read_adapter
    ),
    "a model's settings": Kind("config.json", lambda: [binary.ADAPTER], read_json),
    "score": Kind("a.mid", binary.scores, read_midi),
    "a score to be described": Kind("a.mid", binary.scores, describe_midi),
    "description": text("a.txt", DESCRIPTION, read_description),
    "a description's tokens": text("a.tokens", TOKENS, read_description),
    "sidecar": Kind("a.json", binary.sidecars, binary.read_sidecar, binary.mutated_json),
    "a checkpoint's index": Kind(
        "a.index", lambda: [binary.checkpoints()[0]], binary.read_checkpoint
    ),
    "a frozen graph": Kind("a.pb", binary.graphs, lambda path: read_frozen(path, "a graph")),
    "embeddings": Kind("a.npy", binary.arrays, binary.read_embeddings, refuses=False),
    "a tagger's head": Kind("head.safetensors", binary.heads, read_head, binary.flipped),
    "clip": Kind("0000-0.flac", kept.clips, kept.read_clip),
    "library": Kind("library.sqlite", kept.libraries, kept.read_library, refuses=False),
    "a session's last word": text(LOCK, texts.WORD, texts.read_last_word, refuses=False),
    "settings": text("settings.toml", texts.SETTINGS, texts.read_settings),
    "theme": Kind("a.yaml", texts.themes, read_theme, texts.mutated_text),
    "hosts": text("hosts.toml", texts.HOSTS, texts.read_these_hosts),
    "feelings": text("a.toml", texts.FEELINGS, texts.read_these_feelings),
    "course": text("course.toml", texts.COURSE, texts.read_this_course),
    "mood table": Kind("moods.json", texts.tables, read_table, binary.mutated_json),
    "mood sheet": Kind("moods.csv", texts.sheets, read_sheet, texts.mutated_text),
    "a list of tracks": text(LIST.format("train"), texts.LISTED, texts.read_lists),
    "captions": text("captions.csv", texts.CAPTIONS, tables.read_table),
    "captions in lines": text("captions.jsonl", texts.CAPTION_LINES, lines.read_lines),
    "recipe of a training": text("recipe.toml", texts.RECIPE, texts.read_recipe),
    "speeds": text(SPEEDS, texts.SPEEDS, texts.read_speeds, refuses=False),
    "a branch of the hub's": text(
        "models--a--b/refs/main", texts.REF, texts.read_ref, refuses=False
    ),
    "signal": text("signal.jsonl", texts.SIGNAL, texts.read_signal, refuses=False),
    "what another machine prints": text(
        "printed", texts.PRINTED, texts.read_document, refuses=False
    ),
}


def prepared(folder: Path, kind: Kind) -> Path:
    """Where the kind's file is to be in ``folder``, with what its reader needs beside it."""
    (folder / "adapter_model.safetensors").write_bytes(binary.TENSOR_FILE)
    (folder / "adapter_config.json").write_bytes(binary.ADAPTER)
    path = folder / kind.name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
