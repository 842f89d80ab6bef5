"""A training watched: clips composed by the real path and judged against what was asked."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")
pytest.importorskip("sklearn", reason="needs musmed[evaluate]")

import soundfile
from support.tiny_clap import write_clap
from support.tiny_musicgen import random_model, save_checkpoint, tiny_config
from support.tiny_training import RECIPE, RandomCodes, random_data, trained_adapter

from engine.affect.circumplex import Affect
from engine.affect.moods import mood
from engine.composers.musicgen.files.checkpoints import Checkpoint, find
from engine.composers.musicgen.model import weights
from engine.composers.musicgen.model.affect_prefix import AffectPrefix
from engine.errors import MusmedError
from engine.evaluation.judges import registry
from engine.evaluation.judges.base import Judged, Window
from engine.meter.files import Progress as HearingProgress
from engine.training.adapter_files import save_adapter
from engine.training.composing import AT_ONCE, RECORD, Composed
from engine.training.folder import RunFolder
from engine.training.loop import train
from engine.training.processes import Processes
from engine.training.prompts import POINTS, Prompt
from engine.training.said import Progress, StoppedError
from engine.training.tables import course
from engine.training.watched import LOSS, Watched
from engine.training.watched_file import keep_watched, read_watched
from engine.training.watching import ComposingWatcher, open_watcher

os.environ.setdefault("HF_HUB_OFFLINE", "1")
SECONDS = 0.5
MOODS = ("calm", "energetic", "sad")


def asked(name: str, number: int) -> Prompt:
    return Prompt(f"{number:02d}-{name}", f"{name} music", name, mood(name).affect)


PROMPTS = tuple(asked(name, number) for number, name in enumerate(MOODS * 2))


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.evaluation.resampling.RESAMPLES", 20)


@pytest.fixture(scope="module")
def model() -> Any:
    return random_model(tiny_config())


@pytest.fixture(scope="module")
def base(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return find(str(save_checkpoint(model, tmp_path_factory.mktemp("hub") / "tiny")))


@pytest.fixture(scope="module")
def adapter(model: Any, base: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA that moves the model, in a peft folder."""
    folder = tmp_path_factory.mktemp("adapters") / "000010"
    save_adapter(trained_adapter(model, size=0.5), RECIPE, base, folder)
    return folder


class Ear:
    """Hears the mood that is written in a file's name, if it is ``told`` to."""

    name, version, licence, domain = "ear", "1", "none", "It reads."
    scaled = True
    hears_affect = True
    tags: tuple[str, ...] = MOODS
    told: ClassVar[bool] = True
    deaf: ClassVar[frozenset[str]] = frozenset()
    odd: ClassVar[frozenset[str]] = frozenset()
    heard: ClassVar[list[str]] = []

    def judge(self, sound: Path, progress: HearingProgress) -> Judged:
        progress(0.0, None)
        Ear.heard.append(sound.name)
        name = sound.stem.partition("-")[2]
        if name in self.deaf:
            raise MusmedError(f"{sound} is silent; an ear needs sound.")
        place = mood(name).affect
        assert place is not None
        if not self.told:
            place = Affect(0.0, 0.0)
        activations = np.array([float(self.told and name == one) for one in MOODS])
        window = Window(0.0, SECONDS, place.valence, place.arousal, activations)
        return Judged((window,), (f"{sound} is odd.",) if name in self.odd else ())


class Deaf(Ear):
    """Knows nothing of moods or of affect."""

    name, hears_affect = "deaf", False
    tags = ()


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> type[Ear]:
    for name, kind in (("ear", Ear), ("deaf", Deaf)):
        offer = registry.Offer(f"{__name__}:{kind.__name__}")
        monkeypatch.setitem(registry.JUDGES, name, offer)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Ear.__module__])
    monkeypatch.setattr(Ear, "told", True)
    monkeypatch.setattr(Ear, "deaf", frozenset())
    monkeypatch.setattr(Ear, "odd", frozenset())
    Ear.heard.clear()
    return Ear


class Room:
    """Where watchers of one training listen, and what they say."""

    def __init__(self, base: Checkpoint, root: Path) -> None:
        self.base, self.folder = base, RunFolder(root)
        self.said: list[Progress] = []
        self.stop_after: tuple[Progress, int] | None = None

    def watcher(
        self,
        judges: Sequence[str] = ("ear",),
        prompts: Sequence[Prompt] = PROMPTS,
        seconds: float = SECONDS,
    ) -> ComposingWatcher:
        return ComposingWatcher(
            self.base,
            prompts,
            judges,
            self.folder,
            say=self.said.append,
            stopped=self._stopped,
            seconds=seconds,
        )

    def _stopped(self) -> bool:
        if self.stop_after is None:
            return False
        said, times = self.stop_after
        return self.said.count(said) >= times

    def sounds(self, step: int) -> dict[str, bytes]:
        found = sorted(self.folder.sounds_at(step).iterdir())
        return {path.name: path.read_bytes() for path in found}


@pytest.fixture
def room(base: Checkpoint, tmp_path: Path) -> Room:
    return Room(base, tmp_path)


def by_name(watched: Watched) -> dict[str, float]:
    return {figure.name: figure.value for figure in watched.figures}


def test_clips_of_every_prompt_are_kept_and_judged(room: Room, ear: type[Ear]) -> None:
    found = room.watcher().watch(0, None)
    names = [f"{prompt.name}.flac" for prompt in PROMPTS]
    assert sorted(room.sounds(0)) == sorted([*names, RECORD])
    assert ear.heard == names
    for name in names:
        path = room.folder.sounds_at(0) / name
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.frames) == (48_000, 2, 24_000)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    record = msgspec.json.decode((room.folder.sounds_at(0) / RECORD).read_bytes(), type=Composed)
    assert tuple(clip.prompt for clip in record.clips) == PROMPTS
    assert len({clip.seed for clip in record.clips}) == -(-len(PROMPTS) // AT_ONCE)
    assert (found.step, found.clips, found.remarks) == (0, len(PROMPTS), ())
    assert [judge.name for judge in found.judges] == ["ear"]


def test_a_judge_that_tells_the_moods_chooses_by_them(room: Room, ear: type[Ear]) -> None:
    found = room.watcher(["ear", "deaf"]).watch(0, None)
    figures = by_name(found)
    assert set(figures) == {"AUPRC", "ROC-AUC", "Hamming score", "valence r", "arousal r"}
    assert all(value == pytest.approx(1.0) for value in figures.values())
    assert found.score == figures["AUPRC"]
    assert found.by == "ear's AUPRC"
    for figure in found.figures:
        assert figure.chance is not None
        assert figure.chance < 0.9
    assert found.figures[2].nothing == pytest.approx(2 / 3)
    Ear.told = False
    at_chance = room.watcher().watch(0, None)
    assert at_chance.score is not None
    assert at_chance.score < 0.5


def test_one_that_hears_affect_alone_chooses_by_that(
    room: Room, ear: type[Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ear, "tags", ())
    found = room.watcher().watch(0, None)
    assert found.by == "ear's valence r and arousal r"
    assert found.score == pytest.approx(1.0)
    assert set(by_name(found)) == {"valence r", "arousal r"}


def test_where_no_judge_can_tell_the_loss_decides(room: Room, ear: type[Ear]) -> None:
    found = room.watcher(["deaf", "ear"]).watch(0, None)
    assert (found.score, found.by) == (None, LOSS)
    assert "AUPRC" in by_name(found), "the others report all the same"
    assert found.with_losses(2.5, None, None).score == -2.5


def test_what_can_not_be_judged_is_said(
    room: Room, ear: type[Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ear, "deaf", frozenset(["sad"]))
    monkeypatch.setattr(ear, "odd", frozenset(["calm"]))
    some = room.watcher().watch(0, None)
    assert some.clips == 4
    assert some.score == pytest.approx(1.0)
    assert some.remarks == (
        "ear could not judge 2 of 6 clips: 02-sad.flac is silent; an ear needs sound.",
        "ear has remarks on 2 of 6 clips: 00-calm.flac is odd.",
    )
    monkeypatch.setattr(ear, "deaf", frozenset(["sad", "calm"]))
    few = room.watcher().watch(0, None)
    assert (few.clips, few.score, few.figures) == (0, None, ())
    assert few.by == "ear's AUPRC"


def test_clips_too_short_for_a_judge_are_said_to_be(
    room: Room, ear: type[Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ear, "judge", lambda *_: Judged((), ()))
    found = room.watcher().watch(0, None)
    assert (found.clips, found.score) == (0, None)
    (said,) = found.remarks
    assert said == "ear could not judge 6 of 6 clips: 00-calm.flac is too short for it (0.5 s)."


def test_an_adapter_is_heard_and_the_same_step_is_the_same(
    room: Room, base: Checkpoint, adapter: Path, ear: type[Ear], tmp_path: Path
) -> None:
    watcher = room.watcher()
    before = watcher.watch(0, None)
    watcher.watch(10, adapter)
    assert room.sounds(10)["00-calm.flac"] != room.sounds(0)["00-calm.flac"]
    elsewhere = Room(base, tmp_path / "elsewhere")
    elsewhere.watcher().watch(10, adapter)
    assert elsewhere.sounds(10) == room.sounds(10)
    assert watcher.watch(0, None) == before


def test_a_prefix_is_heard_by_its_points_and_beside_the_text(
    room: Room, model: Any, ear: type[Ear], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[list[float]] = []
    for_prefixes = AffectPrefix.forward

    def forward(prefix: AffectPrefix, points: Any) -> Any:
        heard.extend(points.tolist())
        return for_prefixes(prefix, points)

    monkeypatch.setattr(AffectPrefix, "forward", forward)
    prompts = (
        PROMPTS[0],
        msgspec.structs.replace(PROMPTS[0], name="01-calm", affect=None),
        *(Prompt(f"{number:02d}-sad", "", affect=point) for number, point in enumerate(POINTS, 2)),
    )
    trained = trained_adapter(model, size=0.0)
    trained.affect = AffectPrefix(2, 24)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        for parameter in trained.affect.parameters():
            parameter.data.normal_()
    save_adapter(trained, RECIPE, room.base, tmp_path / "prefixed")
    watcher = room.watcher(prompts=prompts)
    watcher.watch(0, None)
    found = watcher.watch(10, tmp_path / "prefixed")
    before, after = room.sounds(0), room.sounds(10)
    assert after["01-calm.flac"] == before["01-calm.flac"], "nobody placed it"
    assert after["00-calm.flac"] != before["00-calm.flac"]
    places = [prompt.affect for prompt in prompts if prompt.affect is not None]
    wanted = [number for place in places for number in (place.valence, place.arousal)]
    assert [number for place in heard for number in place] == pytest.approx(wanted)
    assert {figure.name for figure in found.figures} == set(), "a sad ear hears no course"
    assert found.by == "ear's valence r and arousal r of points"


def test_a_stereo_model_is_heard_in_stereo(ear: type[Ear], tmp_path: Path) -> None:
    checkpoint = save_checkpoint(random_model(tiny_config(channels=2)), tmp_path / "tiny-stereo")
    room = Room(find(str(checkpoint)), tmp_path / "out")
    room.watcher(prompts=PROMPTS[:2]).watch(0, None)
    audio, _ = soundfile.read(room.folder.sounds_at(0) / f"{PROMPTS[0].name}.flac")
    assert audio.shape == (24_000, 2)
    assert not np.array_equal(audio[:, 0], audio[:, 1])


def test_what_is_there_is_not_composed_again(
    room: Room, adapter: Path, ear: type[Ear], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    room.watcher().watch(10, adapter)
    whole = room.sounds(10)
    loads: list[Path] = []
    load = weights.load

    def counted(checkpoint: Checkpoint, **how: Any) -> Any:
        loads.append(checkpoint.folder)
        return load(checkpoint, **how)

    monkeypatch.setattr(weights, "load", counted)
    room.watcher().watch(10, adapter)
    assert not loads
    last = room.folder.sounds_at(10) / f"{PROMPTS[-1].name}.flac"
    last.unlink()
    room.said.clear()
    room.watcher().watch(10, adapter)
    assert len(loads) == 1
    assert min(one.done for one in room.said if one.stage == "watching") == AT_ONCE
    assert room.sounds(10) == whole
    other = shutil.copytree(adapter, tmp_path / "other")
    state = (other / "adapter_model.safetensors").read_bytes()
    (other / "adapter_model.safetensors").write_bytes(state[:-4] + b"\0\0\0\0")
    room.watcher().watch(10, other)
    assert len(loads) == 2, "another adapter's clips are others"


def test_it_stops_where_it_is_and_goes_on_from_there(room: Room, ear: type[Ear]) -> None:
    beginning = Progress("watching", AT_ONCE, len(PROMPTS))
    room.stop_after = (beginning, 2)  # said when the first are composed and before the next
    with pytest.raises(StoppedError):
        room.watcher().watch(0, None)
    assert len(room.sounds(0)) == AT_ONCE + 1
    assert not ear.heard
    room.stop_after = (Progress("judging", 2, len(PROMPTS)), 1)
    room.said.clear()
    with pytest.raises(StoppedError):
        room.watcher().watch(0, None)
    assert len(ear.heard) == 2
    room.stop_after = None
    room.said.clear()
    found = room.watcher().watch(0, None)
    assert found.clips == len(PROMPTS)
    assert {one.stage for one in room.said} == {"judging"}


def test_a_training_is_watched_from_its_base_on(room: Room, ear: type[Ear], tmp_path: Path) -> None:
    data, split = random_data(tmp_path, 5)
    moods = [*MOODS[:2], *MOODS[:2], None]
    tracks = [
        msgspec.structs.replace(track, mood=mood, captions=(mood or "music",))
        for track, mood in zip(data.tracks, moods, strict=True)
    ]
    data = msgspec.structs.replace(data, tracks=tuple(tracks))
    recipe = msgspec.structs.replace(
        RECIPE, steps=2, watch_every=1, batch=2, learning_rate=0.1, clips=2, clip_seconds=SECONDS
    )
    watcher = open_watcher(
        data,
        split,
        room.base,
        recipe,
        room.folder,
        judges=["ear"],
        say=room.said.append,
        stopped=lambda: False,
    )
    trained = train(
        data,
        split,
        RandomCodes(5),
        room.base,
        recipe,
        folder=room.folder,
        watcher=watcher,
        processes=Processes(torch.device("cpu")),
        say=room.said.append,
        stopped=lambda: False,
    )
    assert [one.step for one in trained.watched] == [0, 1, 2]
    assert read_watched(room.folder) == trained.watched
    first, _, last = trained.watched
    assert (first.score, first.by) == (1.0, "ear's AUPRC")
    assert first.held_out is not None
    assert last.held_out != first.held_out
    assert room.sounds(2)["01-calm.flac"] != room.sounds(0)["01-calm.flac"]
    (row,) = [row for row in course(trained.watched).rows if row[-1]]
    assert row[0] == "0", "an ear that hears what it is told hears no better music later"


def test_no_memory_is_a_sentence(
    room: Room, ear: type[Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_args: object, **_how: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(weights, "load", load)
    with pytest.raises(MusmedError, match="There is no memory left to listen to what tiny"):
        room.watcher().watch(0, None)


def test_judges_are_opened_before_anything_is_trained(room: Room) -> None:
    for words, said in (
        ((), "Nobody judges"),
        (("nose",), "There is no judge 'nose'"),
        (("clap=/a", "clap=/b"), "One CLAP at a time"),
        (("meter", "clap=/nowhere"), "There is no CLAP"),
    ):
        with pytest.raises(MusmedError, match=said):
            room.watcher(words)


def test_another_judge_can_not_choose_from_there_on(room: Room, ear: type[Ear]) -> None:
    room.folder.work.mkdir()
    watched = room.watcher().watch(0, None)
    keep_watched(room.folder, watched)
    with pytest.raises(MusmedError, match="So far ear 1 said which step is best, not musmed meter"):
        room.watcher(["meter", "ear"])
    assert room.watcher(["ear", "meter"]).watch(0, None).score == watched.score


def test_a_folder_that_can_not_be_written_is_a_sentence(room: Room, ear: type[Ear]) -> None:
    room.folder.work.mkdir()
    (room.folder.work / "sounds").write_text("in the way")
    with pytest.raises(MusmedError, match="can't be kept"):
        room.watcher().watch(0, None)


def test_by_the_real_meter_and_a_clap(room: Room, tmp_path: Path) -> None:
    """30 s of each, as judges hear them."""
    write_clap(tmp_path / "clap")
    judges = ("meter", f"clap={tmp_path / 'clap'}")
    found = room.watcher(judges, PROMPTS[:4], seconds=30.0).watch(0, None)
    names = [(figure.judge, figure.name) for figure in found.figures]
    assert names == [
        ("musmed meter", "valence r"),
        ("musmed meter", "arousal r"),
        ("CLAP", "CLAP score"),
    ]
    assert found.by == "musmed meter's valence r and arousal r"
    assert found.score is not None
    assert found.clips == 4
    assert [judge.name for judge in found.judges] == ["musmed meter", "CLAP"]
