"""The paper in small: a model is fine-tuned on music of two moods, watched by judges, and evaluated
before and after (Nikolakakis et al., arXiv 2411.09080), in about a minute of one core.

The model is tiny and random, its codec too, so nothing it composes is music. What can be told is
of its codes: whether those that are composed for a mood are nearer to that mood's tracks, which
were not learnt from, than to the other's (``support.code_statistics``). Untuned that must not be
so, and not after the same training on captions that were dealt out anew: what was learnt is what
is said.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import msgspec
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft", reason="needs musmed[train]")
pytest.importorskip("accelerate", reason="needs musmed[train]")
pytest.importorskip("sklearn", reason="needs musmed[train]")

from support.code_statistics import Codes, nearness, told_apart, unigrams
from support.commands import musmed
from support.miniature import CODES, TRACKS, write_base, write_judges
from support.two_moods import CALM, ENERGETIC, LEARNT, MOODS, prompts_of, write_folder

from engine.composers.musicgen.files.adapters import AdapterWish, find_adapters
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.model import weights
from engine.composers.musicgen.model.decoder import Conditioning, Decoder
from engine.evaluation.results import Estimate
from engine.training.folder import RunFolder
from engine.training.recipe import Recipe
from engine.training.run import train_adapter
from engine.training.wanted import Wanted
from engine.training.watched import Watched
from engine.training.watched_file import read_watched
from musmed_tui.paths import folders

os.environ.setdefault("HF_HUB_OFFLINE", "1")
STEPS = 120
RECIPE = Recipe(steps=STEPS, batch=8, learning_rate=0.005, watch_every=STEPS)
"""Of a model that knows nothing yet: the rate is fifty times what a real one is trained at."""
CLIPS = 8
FRAMES = 150
"""Of each clip whose codes are looked at."""
ROUNDS = 2
"""Clips of each of a mood's four captions."""
NEARER, APART, GAINED = 0.0, 0.8, 0.1
"""Nats a code, more than. How the two moods share what tells them apart is a matter of the
processor: nearer to its own was .17 at the least, on the oldest instruction sets."""


class Miniature(NamedTuple):
    """``tracks``: by mood the codes of those that were not learnt from; ``printed``: by the command
    that trained ``tuned``."""

    base: Path
    tuned: Path
    shuffled: Path
    printed: str
    tracks: dict[str, list[Codes]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    home = tmp_path_factory.mktemp("miniature")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model, codes = write_base(home / "base")
    judges = write_judges(home, model, codes)
    tracks = {
        mood: [
            one.numpy()
            for (name, number), one in zip(TRACKS, codes, strict=True)
            if name == mood and number >= LEARNT
        ]
        for mood in MOODS
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSMED_HOME", str(home / "home"))
        printed = train_as_typed(home, judges, patch)
        train_shuffled(home)
    yield Miniature(home / "base", home / "tuned", home / "shuffled", printed, tracks)
    torch.set_num_threads(threads)


def train_as_typed(home: Path, judges: tuple[str, ...], patch: pytest.MonkeyPatch) -> str:
    """What it prints."""
    typed = ["train", str(write_folder(home / "music")), "--base", str(home / "base")]
    typed += ["-o", str(home / "tuned"), "--steps", f"{STEPS}", "--batch", f"{RECIPE.batch}"]
    typed += ["--learning-rate", f"{RECIPE.learning_rate}", "--watch-every", f"{STEPS}"]
    typed += ["--clips", f"{CLIPS}"]
    for judge in judges:
        typed += ["--judge", judge]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert musmed(patch, *typed) == 0
    return out.getvalue()


def train_shuffled(home: Path) -> None:
    """The same but for the captions, hardly watched."""
    wanted = Wanted(
        data=write_folder(home / "shuffled-music", shuffled=True),
        output=home / "shuffled",
        cache=folders().encoded,
        base=str(home / "base"),
        recipe=msgspec.structs.replace(RECIPE, clips=2, clip_seconds=1.0),
    )
    train_adapter(wanted, lambda _: None, lambda: False)


def compose(base: Path, adapter: Path | None) -> dict[str, list[Codes]]:
    """By mood, the codes of clips of its captions."""
    checkpoint = find(str(base))
    wishes = () if adapter is None else (AdapterWish(str(adapter)),)
    model = weights.load(
        checkpoint,
        device=torch.device("cpu"),
        dtype=torch.float32,
        adapters=find_adapters(wishes, checkpoint),
    )
    decoder = Decoder(model, max_seconds=FRAMES / model.frame_rate)
    prompts = [prompt for mood in MOODS for prompt in ROUNDS * prompts_of(mood)]
    asked = [Conditioning(model.text_states(prompt)) for prompt in prompts]
    codes = torch.cat(list(decoder.frames(asked, None, FRAMES, seed=1)), dim=-1).numpy()
    each = len(prompts) // len(MOODS)
    return {mood: list(codes[each * n : each * (n + 1)]) for n, mood in enumerate(MOODS)}


class Told(NamedTuple):
    """``near``: by mood, by how much its clips are nearer to its tracks than to the other mood's
    (nats a code, their mean); ``apart``: by how much the clips of the moods are told apart."""

    near: dict[str, float]
    apart: Estimate


def told(made: Miniature, adapter: Path | None) -> Told:
    calm, energetic = (unigrams(made.tracks[mood], CODES) for mood in (CALM, ENERGETIC))
    clips = compose(made.base, adapter)
    calmer = {mood: [nearness(one, calm, energetic) for one in clips[mood]] for mood in MOODS}
    near = {CALM: mean(calmer[CALM]), ENERGETIC: -mean(calmer[ENERGETIC])}
    return Told(near, told_apart(calmer[CALM], calmer[ENERGETIC]))


def test_a_mood_is_nearer_to_its_own_tracks_once_it_was_learnt_and_only_then(
    made: Miniature,
) -> None:
    tuned, untuned, shuffled = (told(made, at) for at in (made.tuned, None, made.shuffled))
    for name, one in (("tuned", tuned), ("untuned", untuned), ("shuffled", shuffled)):
        print(f"{name}: nearer to its own tracks by {one.near} nats a code; {one.apart}")
    assert min(tuned.near.values()) > NEARER
    assert (tuned.apart.low or 0.0) > APART
    for other in (untuned, shuffled):
        assert min(other.near.values()) < 0.0
        assert abs(other.apart.value) < tuned.apart.value / 3


def test_held_out_tracks_are_told_better_with_their_own_captions(made: Miniature) -> None:
    """Those of the other mood cost what was learnt of moods; of what is said at random, nothing."""
    before, tuned = (gain(one) for one in read_watched(RunFolder(made.tuned)))
    _, shuffled = (gain(one) for one in read_watched(RunFolder(made.shuffled)))
    print(f"gained by the caption: tuned {tuned:.3f}, untuned {before:.3f}, {shuffled:.3f}")
    assert tuned > GAINED
    assert abs(before) < tuned / 5
    assert abs(shuffled) < tuned / 5


def gain(watched: Watched) -> float:
    """Nats a code by which held-out tracks are likelier with their own caption."""
    assert watched.held_out is not None
    assert watched.another is not None
    return watched.another - watched.held_out


def test_table_one_is_printed_before_and_after_beside_chance(made: Miniature) -> None:
    print(made.printed)
    titles = [line for line in made.printed.splitlines() if line.startswith("figure\t")]
    assert [title.split("\t")[:5] for title in titles] == [
        ["figure", "judge", "before", f"after {STEPS} steps", "by chance"]
    ]
    for name in ("CLAP score", "AUPRC", "Hamming score"):
        (row,) = (line for line in made.printed.splitlines() if line.startswith(f"{name}\t"))
        assert all(float(cell) > -1.0 for cell in row.split("\t")[2:5])


def test_a_random_text_encoder_hears_the_difference_between_moods(made: Miniature) -> None:
    checkpoint = find(str(made.base))
    model = weights.load(checkpoint, device=torch.device("cpu"), dtype=torch.float32)
    calm, energetic = (model.text_states(prompts_of(mood)[0]).mean(dim=0) for mood in MOODS)
    apart = torch.linalg.vector_norm(calm - energetic) / torch.linalg.vector_norm(calm)
    assert apart > 0.05
