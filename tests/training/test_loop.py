"""A training from its first update to its last, stopped, killed, resumed and gone wrong."""

from __future__ import annotations

import itertools
import json
import os
import random
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")

from support.encoded_tracks import EncodedTracks, FixedWatcher, encoded_tracks
from support.tiny_musicgen import random_model, save_checkpoint, tiny_config
from support.tiny_trainings import ALONE, RECIPE, kept, stop_after, train_tiny

from engine.composers.musicgen.files.adapters import AdapterWish, find_adapter
from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.composers.musicgen.files.prefixes import PREFIX
from engine.errors import MusmedError
from engine.places import part_of
from engine.training import run_record, state, tensors, updates
from engine.training.batches import Drawn
from engine.training.encoded import States
from engine.training.folder import RunFolder
from engine.training.material import Material
from engine.training.model import Batch, Trainable, open_trainable
from engine.training.recipe import Lora, Recipe
from engine.training.said import Progress, StoppedError
from engine.training.steps_file import read_steps
from engine.training.updates import Updater
from engine.training.watched import Watched
from engine.training.watched_file import read_watched

KILLED = Path(__file__).parents[1] / "support" / "killed_training.py"


def changed(recipe: Recipe = RECIPE, **what: Any) -> Recipe:
    return msgspec.structs.replace(recipe, **what)


class Drawing(FixedWatcher):
    """Draws and seeds whatever others may draw from, as whoever composes does."""

    def watch(self, step: int, adapter: Path | None) -> Watched:
        torch.manual_seed(100 + step)
        np.random.seed(100 + step)
        random.seed(100 + step)
        return super().watch(step, adapter)


@pytest.fixture(scope="module")
def unbroken(tiny_base: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that nothing came between."""
    folder = tmp_path_factory.mktemp("unbroken")
    train_tiny(tiny_base, folder)
    return folder


def test_it_learns_one_batch_by_heart(tmp_path: Path) -> None:
    model = random_model(tiny_config())
    with torch.no_grad():
        for head in model.decoder.lm_heads:
            head.weight.mul_(8)  # as they are, frozen, they could not say a code with certainty
    base = find(str(save_checkpoint(model, tmp_path / "base")))
    data, split, encoded = encoded_tracks(((6,), (6,), (4,)))
    lora = Lora(rank=32, alpha=128.0, dropout=0.0)
    recipe = Recipe(
        steps=120, batch=2, learning_rate=5e-3, lora=lora, text_dropout=0.0, weight_decay=0.0
    )
    updater = Updater(
        open_trainable(base, recipe), recipe, Material(data, encoded, split.train), 120, ALONE
    )
    losses = []
    for step in range(1, 121):
        made = updater.update(step, lambda: False)
        assert made is not None
        losses.append(made.losses)
    assert min(losses[0]) > 10.0
    assert max(losses[-1]) < 0.05


def test_what_it_says_and_writes(tiny_base: Checkpoint, tmp_path: Path) -> None:
    said: list[Progress] = []
    watcher = FixedWatcher()
    trained = train_tiny(tiny_base, tmp_path, say=said.append, watcher=watcher)
    folder = RunFolder(tmp_path)
    assert (trained.step, trained.steps, trained.ended) == (6, 6, "done")
    assert [step for step, _ in watcher.heard] == [0, 2, 4, 6]
    assert watcher.heard[0][1] is None
    steps = [one.step for one in said if one.step is not None]
    assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6]
    assert list(read_steps(folder)) == steps
    for step in steps:
        assert step.loss == pytest.approx(sum(step.losses) / 4)
        assert step.memory > 1 << 20
    assert read_watched(folder) == trained.watched
    for one in trained.watched:
        assert one.held_out is not None
        assert one.another is not None
        assert one.none is not None
    for step in (2, 4, 6):
        found = find_adapter(AdapterWish(str(folder.adapter_at(step))), tiny_base)
        assert len(found.changes) == 2 * 10
    for path in folder.work.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_base_stays_as_it_was(tiny_base: Checkpoint) -> None:
    trainable = open_trainable(tiny_base, RECIPE)
    before = {name: one.clone() for name, one in trainable.state_dict().items()}
    data, _, encoded = encoded_tracks()
    updater = Updater(trainable, RECIPE, Material(data, encoded, (0, 1, 2)), 1, ALONE)
    updater.update(1, lambda: False)
    for name, one in trainable.state_dict().items():
        assert torch.equal(one, before[name]) != ("lora_" in name)


def test_it_learns_from_all_tracks_but_those_that_are_kept_for_judging(
    tiny_base: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, split, encoded = encoded_tracks(held_out=2)
    learnt: set[int] = set()

    def in_tensors(trainable: Trainable, heard: Any, drawn: Sequence[Drawn]) -> Batch:
        learnt.update(encoded.windows[one.window].track for one in drawn)
        return tensors.in_tensors(trainable, heard, drawn)

    monkeypatch.setattr(updates, "in_tensors", in_tensors)
    train_tiny(tiny_base, tmp_path, split=split)
    assert learnt == set(split.train) == {0, 1}


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_batch_in_parts_is_the_batch(
    tiny_base: Checkpoint, unbroken: Path, tmp_path: Path, at_once: int
) -> None:
    train_tiny(tiny_base, tmp_path, changed(at_once=at_once))
    whole, parts = read_steps(RunFolder(unbroken)), read_steps(RunFolder(tmp_path))
    for one, other in zip(whole, parts, strict=True):
        assert other.losses == pytest.approx(one.losses, rel=1e-4)
        assert other.gradient == pytest.approx(one.gradient, rel=1e-3)


@pytest.mark.parametrize("step", [0, 2, 3, 5])
def test_stopped_and_resumed_is_unbroken_bit_for_bit(
    tiny_base: Checkpoint, unbroken: Path, tmp_path: Path, step: int
) -> None:
    say, stopped = stop_after(step)
    trained = train_tiny(tiny_base, tmp_path, say=say, stopped=stopped)
    assert (trained.step, trained.ended) == (step, "stopped")
    trained = train_tiny(tiny_base, tmp_path, watcher=Drawing(), resume=True)
    assert trained.ended == "done"
    assert kept(tmp_path) == kept(unbroken)
    for at in (2, 4, 6):
        for file in RunFolder(unbroken).adapter_at(at).iterdir():
            assert (
                RunFolder(tmp_path).adapter_at(at) / file.name
            ).read_bytes() == file.read_bytes()
    assert trained.watched == read_watched(RunFolder(unbroken))
    losses = [one.losses for one in read_steps(RunFolder(tmp_path))]
    assert losses == [one.losses for one in read_steps(RunFolder(unbroken))]


def test_a_prefix_is_resumed_bit_for_bit_too(tiny_base: Checkpoint, tmp_path: Path) -> None:
    recipe = changed(affect_keys=2, affect_dropout=0.3)
    whole = train_tiny(tiny_base, tmp_path / "whole", recipe)
    say, stopped = stop_after(3)
    train_tiny(tiny_base, tmp_path / "cut", recipe, say=say, stopped=stopped)
    assert train_tiny(tiny_base, tmp_path / "cut", recipe, resume=True) == whole
    assert kept(tmp_path / "cut") == kept(tmp_path / "whole")
    one, other = (RunFolder(tmp_path / name).adapter_at(6) / PREFIX for name in ("cut", "whole"))
    assert one.read_bytes() == other.read_bytes()
    train_tiny(tiny_base, tmp_path / "parts", changed(recipe, at_once=1))
    found = [read_steps(RunFolder(tmp_path / name)) for name in ("whole", "parts")]
    for one_step, part in zip(*found, strict=True):
        assert part.losses == pytest.approx(one_step.losses, rel=1e-4)
        assert part.gradient == pytest.approx(one_step.gradient, rel=1e-3)


def test_a_killed_one_resumes_and_ends_with_the_same_weights(
    tiny_base: Checkpoint, unbroken: Path, tmp_path: Path
) -> None:
    events = (1, 3, 6, 7, 8, 10)  # run.json is there; the base was heard; checkpoint, adapter and
    # table of a watching; an update after it
    done = subprocess.run(
        [sys.executable, str(KILLED), str(tiny_base.folder), str(tmp_path), *map(str, events)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > max(events)
    for event in events:
        assert kept(tmp_path / str(event)) == kept(tmp_path / "unbroken"), event
        left = list((tmp_path / str(event)).rglob(".*.part*"))
        assert left == []


def test_between_watchings_it_is_kept_from_time_to_time(
    tiny_base: Checkpoint, unbroken: Path, tmp_path: Path
) -> None:
    def say(progress: Progress) -> None:
        if progress.done == 6:
            raise KeyboardInterrupt

    hours = itertools.count(step=3600)
    recipe = changed(watch_every=1000)
    with pytest.raises(KeyboardInterrupt):
        train_tiny(tiny_base, tmp_path, recipe, say=say, clock=lambda: float(next(hours)))
    say, stopped = stop_after(0)
    assert train_tiny(tiny_base, tmp_path, recipe, stopped=stopped, resume=True).step == 5
    train_tiny(tiny_base, tmp_path, recipe, resume=True)
    assert kept(tmp_path) == kept(unbroken)
    assert [one.number for one in read_steps(RunFolder(tmp_path))] == [1, 2, 3, 4, 5, 6]


def test_resumed_at_the_end_it_is_done(tiny_base: Checkpoint, tmp_path: Path) -> None:
    first = train_tiny(tiny_base, tmp_path)
    before = kept(tmp_path)
    watcher = FixedWatcher()
    assert train_tiny(tiny_base, tmp_path, watcher=watcher, resume=True) == first
    assert watcher.heard == []
    assert kept(tmp_path) == before


def test_it_ends_when_patience_is_out(tiny_base: Checkpoint, tmp_path: Path) -> None:
    watcher = FixedWatcher({0: 0.0, 1: 2.0, 2: 1.0, 3: 2.0})
    recipe = changed(watch_every=1, patience=2)
    trained = train_tiny(tiny_base, tmp_path, recipe, watcher=watcher)
    assert (trained.step, trained.ended) == (3, "patience")
    again = train_tiny(tiny_base, tmp_path, recipe, watcher=watcher, resume=True)
    assert again == trained


def test_stopped_while_it_is_watched(tiny_base: Checkpoint, unbroken: Path, tmp_path: Path) -> None:
    class Leaving(FixedWatcher):
        def watch(self, step: int, adapter: Path | None) -> Watched:
            if step == 4:
                raise StoppedError("Stopped.")
            return super().watch(step, adapter)

    trained = train_tiny(tiny_base, tmp_path, watcher=Leaving())
    assert (trained.step, trained.ended) == (4, "stopped")
    watcher = FixedWatcher()
    train_tiny(tiny_base, tmp_path, watcher=watcher, resume=True)
    assert [step for step, _ in watcher.heard] == [4, 6]
    assert kept(tmp_path) == kept(unbroken)


class Spoilt(EncodedTracks):
    """Whose text states are no numbers from some call on."""

    calls = 0

    def states(self, caption: str) -> States:
        self.calls += 1
        states = super().states(caption)
        return states * np.float32(np.nan) if self.calls > 20 else states


def test_a_loss_that_is_no_number(tiny_base: Checkpoint, tmp_path: Path) -> None:
    data, split, encoded = encoded_tracks(held_out=0)
    windows = tuple(
        tuple(one.frames for one in encoded.windows if one.track == track)
        for track in range(len(data.tracks))
    )
    spoilt = Spoilt(data, windows, 4)
    recipe = changed(steps=20, text_dropout=0.0)
    with pytest.raises(MusmedError, match=r"At step 7 the loss is no number.* 3e-04"):
        train_tiny(tiny_base, tmp_path, recipe, split=split, encoded=spoilt)
    steps = read_steps(RunFolder(tmp_path))
    assert [one.number for one in steps] == [1, 2, 3, 4, 5, 6]
    say, stopped = stop_after(7)
    resumed = train_tiny(
        tiny_base, tmp_path, recipe, split=split, say=say, stopped=stopped, resume=True
    )
    assert resumed.step == 7


def test_a_disk_that_is_full_keeps_the_checkpoint_before(
    tiny_base: Checkpoint, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = os.fsync, [0]

    def full(descriptor: int) -> None:
        count[0] += 1
        if count[0] == 3:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MusmedError, match="No space left"):
        train_tiny(tiny_base, tmp_path)
    assert [path.name for path in RunFolder(tmp_path).state.iterdir()] == [state.FILE]
    train_tiny(tiny_base, tmp_path, resume=True)
    assert kept(tmp_path) == kept(unbroken)


def test_a_folder_is_one_training_at_a_time(tiny_base: Checkpoint, tmp_path: Path) -> None:
    with (
        run_record.held(RunFolder(tmp_path)),
        pytest.raises(MusmedError, match="Another training is at work"),
    ):
        train_tiny(tiny_base, tmp_path)


def test_what_a_killed_one_left_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    left = [
        part_of(folder.sounds_at(2) / "01-calm.flac"),
        part_of(folder.adapter_at(2)) / "adapter_config.json",
        part_of(folder.root / "adapter_model.safetensors"),
        part_of(folder.card),
    ]
    other = [folder.sounds_at(2) / "01-calm.flac", part_of(tmp_path / "song.flac")]
    for path in (*left, *other):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with run_record.held(folder):
        pass
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {*other, folder.lock}


def test_what_does_not_go_together_is_refused(
    tiny_base: Checkpoint, unbroken: Path, tmp_path: Path
) -> None:
    with pytest.raises(MusmedError, match="go on with it with --resume"):
        train_tiny(tiny_base, unbroken)
    with pytest.raises(MusmedError, match="leave out --resume"):
        train_tiny(tiny_base, tmp_path, resume=True)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MusmedError, match=r"its recipe has learning rate 0\.001;"):
        train_tiny(tiny_base, unbroken, changed(learning_rate=2e-3), resume=True)
    data, split, encoded = encoded_tracks(((9,), (9,)))
    with pytest.raises(MusmedError, match="its sounds or captions were others"):
        train_tiny(tiny_base, unbroken, data=data, split=split, encoded=encoded, resume=True)
    data, split, encoded = encoded_tracks()
    encoded.windows = encoded.windows[1:]  # a sound is no longer what it was
    with pytest.raises(MusmedError, match="its sounds or captions were others"):
        train_tiny(tiny_base, unbroken, data=data, split=split, encoded=encoded, resume=True)
    run = RunFolder(tmp_path).run
    run.parent.mkdir()
    told = json.loads(RunFolder(unbroken).run.read_text()) | {"base_digest": "0"}
    run.write_text(json.dumps(told))
    with pytest.raises(MusmedError, match="its base was another"):
        train_tiny(tiny_base, tmp_path, resume=True)
    run.write_text("{")
    with pytest.raises(MusmedError, match="is damaged"):
        train_tiny(tiny_base, tmp_path, resume=True)


def test_what_is_about_memory_may_change(
    tiny_base: Checkpoint, unbroken: Path, tmp_path: Path
) -> None:
    say, stopped = stop_after(3)
    train_tiny(tiny_base, tmp_path, say=say, stopped=stopped)
    recipe = changed(at_once=2, checkpointing=True)
    assert train_tiny(tiny_base, tmp_path, recipe, resume=True).ended == "done"


def test_a_checkpoint_of_another_shape_is_refused(tiny_base: Checkpoint, tmp_path: Path) -> None:
    train_tiny(tiny_base, tmp_path, changed(lora=Lora(rank=8), steps=1))
    RunFolder(tmp_path).run.unlink()
    (tmp_path / "other").mkdir()
    train_tiny(tiny_base, tmp_path / "other", changed(steps=1))
    file = RunFolder(tmp_path / "other").state / state.FILE
    file.write_bytes(kept(tmp_path))
    with pytest.raises(MusmedError, match="is not the checkpoint of this training"):
        train_tiny(tiny_base, tmp_path / "other", changed(steps=1), resume=True)
    file.write_bytes(kept(tmp_path)[:1000])
    with pytest.raises(MusmedError, match="safetensors"):
        train_tiny(tiny_base, tmp_path / "other", changed(steps=1), resume=True)


def test_nothing_to_learn_from(tiny_base: Checkpoint, tmp_path: Path) -> None:
    data, split, encoded = encoded_tracks(held_out=4)
    with pytest.raises(MusmedError, match="no track to learn from"):
        train_tiny(tiny_base, tmp_path, data=data, split=split, encoded=encoded)
    assert not RunFolder(tmp_path).work.exists()
