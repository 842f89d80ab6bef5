"""The card of an adapter and its figures: what they say, and what they never say. No torch."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.chord_music import music, written
from support.encoded_tracks import encoded_tracks
from support.tiny_training import RandomCodes, random_data

from engine.errors import MusmedError
from engine.evaluation.likeness import LikenessRow
from engine.training.card import card
from engine.training.copying import compare
from engine.training.figures import Copied, Result, learnt_of, read_result
from engine.training.folder import RunFolder
from engine.training.moved import Moved, MovedOutput, Size, moved_weights
from engine.training.recipe import PRESETS, Recipe
from engine.training.said import StoppedError
from engine.training.tracks import Split
from engine.training.watched import Figure, Watched

WEIGHT = "decoder.model.decoder.layers.3.fc1.weight"


def row(share: float | None, expected: float | None = 0.01) -> LikenessRow:
    return LikenessRow("chroma", 20, 0.81, share, expected, 300, 0.4, 0.6, 0.7)


def watched(step: int, score: float) -> Watched:
    figure = Figure("CLAP", "score", score, chance=0.11, low=score - 0.05, high=score + 0.05)
    return Watched(
        step, score, (figure,), held_out=3.5 - score, another=3.6, none=3.7, by="score by CLAP"
    )


def moved(divergence: float = 0.02) -> Moved:
    output = MovedOutput(8, 16_000, True, divergence, 0.1, 0.0003, 0.003)
    return Moved(moved_weights([Size(WEIGHT, 100.0, 1.0, 0.001)]), output)


@pytest.fixture
def result(tmp_path: Path) -> Result:
    data, split = random_data(tmp_path / "Ann Example", 5)
    return Result(
        base="facebook/musicgen-small",
        licence="CC-BY-NC 4.0",
        step=300,
        steps=500,
        recipe=PRESETS["community"],
        learnt=learnt_of(data, split, RandomCodes(5)),
        watched=(watched(0, 0.12), watched(300, 0.31)),
        moved=moved(),
        copied=Copied(4, row(0.0), row(0.0)),
    )


def test_what_it_learnt_from_is_what_was_not_kept_for_judging() -> None:
    data, split, encoded = encoded_tracks(((3000, 1500), (1500,), (600,), (3000,)), held_out=2)
    learnt = learnt_of(data, split, encoded)
    assert (learnt.tracks, learnt.held_out, learnt.windows, learnt.minutes) == (2, 2, 3, 2.0)
    assert (learnt.captions, learnt.moods) == (4, {"calm": 1, "energetic": 1})


def front_matter(text: str) -> dict[str, object]:
    yaml = pytest.importorskip("yaml")
    _, head, _ = text.split("---\n", 2)
    found: dict[str, object] = yaml.safe_load(head)
    return found


def test_the_front_matter_is_what_the_hub_reads(result: Result) -> None:
    said = front_matter(card(result, "mine"))
    assert said["base_model"] == "facebook/musicgen-small"
    assert said["library_name"] == "peft"
    assert said["license"] == "cc-by-nc-4.0"
    assert "base_model:adapter:facebook/musicgen-small" in str(said["tags"])
    other = msgspec.structs.replace(result, base="mine: #1", licence="see its model card")
    said = front_matter(card(other, "mine"))
    assert "base_model" not in said
    assert said["license"] == "unknown"


def test_it_says_what_it_is_worth(result: Result) -> None:
    said = card(result, "mine")
    for words in (
        "commercial use is not allowed",
        "step 300 of 500, the best of those heard, by score by CLAP",
        "| score | CLAP | 0.12",
        "held-out loss",
        "The training's own loss says little",
        "The adapter moved the model",
        "| fc1 | 10 % | 0.316 % |",
        "Nothing says that it copies",
        "| Tracks learnt from | 4 |",
        "| LoRA rank | 16 |",
        "musmed play --composer musicgen-small --adapter mine",
    ):
        assert words in said, words


def test_bad_news_stands_in_it_too(result: Result) -> None:
    worse = msgspec.structs.replace(
        result,
        watched=(watched(0, 0.12), watched(300, 0.05)),
        moved=moved(0.0001),
        copied=Copied(4, row(0.3), row(0.05)),
        remarks=("One | odd\nthing.",),
    )
    said = card(worse, "mine")
    assert "**By that the base alone is no worse.**" in said
    assert "**It hardly changes the model**" in said
    assert "**It may play back tracks that it learnt from" in said
    assert "- One | odd thing." in said


def test_where_no_step_could_be_told_the_best_none_is_said_to_be(result: Result) -> None:
    untold = tuple(msgspec.structs.replace(one, score=None) for one in result.watched)
    said = card(msgspec.structs.replace(result, watched=untold), "calm")
    assert "the last that was heard; no step could be told the best" in said
    assert "the best of" not in said


def test_what_was_not_measured_is_said_to_be_so(result: Result) -> None:
    bare = Watched(300, None, ())
    said = card(msgspec.structs.replace(result, watched=(bare,), moved=None, copied=None), "mine")
    for words in ("No step could be told the best", "Not measured.", "listen to it"):
        assert words in said
    few = msgspec.structs.replace(result, copied=Copied(1, row(None, None), None))
    assert "too few tracks" in card(few, "mine")
    assert "circumplex" not in said
    prefixed = msgspec.structs.replace(PRESETS["community"], affect_keys=4)
    assert "circumplex" in card(msgspec.structs.replace(result, recipe=prefixed), "mine")
    assert few.gained is True
    assert msgspec.structs.replace(result, watched=(watched(300, 0.31),)).gained is None


def test_no_name_of_a_track_or_folder_is_in_either(result: Result) -> None:
    for text in (card(result, "mine"), msgspec.json.encode(result).decode()):
        assert "Ann Example" not in text
        assert ".flac" not in text


@pytest.mark.parametrize("name", ["a b\x1b[2J", "![x](y)<script>", "..."])
def test_odd_names_do_no_harm(result: Result, name: str) -> None:
    said = card(result, name)
    assert "\x1b" not in said
    assert "<script>" not in said


def test_figures_are_read_back(result: Result, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.figures.write_bytes(msgspec.json.encode(result))
    assert read_result(folder) == result
    folder.figures.write_bytes(b"{")
    with pytest.raises(MusmedError, match=r"figures.json is damaged .*--resume"):
        read_result(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Tracks 0 to 4, of which the adapter copies the first; the base is heard with another."""
    root = tmp_path_factory.mktemp("run")
    for number in range(5):
        written(root / f"{number}.wav", music(number, 26.0))
    folder = RunFolder(root / "mine")
    for step, number in ((0, 40), (7, 0)):
        folder.sounds_at(step).mkdir(parents=True)
        written(folder.sounds_at(step) / "01-calm.wav", music(number, 21.0))
    return folder


def test_a_copy_is_told_from_what_the_base_composes(run: RunFolder) -> None:
    data, _ = random_data(run.root.parent, 5, "wav")
    shares: list[float] = []
    compared, copied = compare(
        run,
        7,
        data,
        Split(tuple(range(5)), ()),
        progress=shares.append,
        stopped=lambda: False,
    )
    assert copied.before is not None
    assert (copied.tracks, copied.after.n, copied.before.n) == (5, 1, 1)
    assert (copied.after.share, copied.before.share) == (1.0, 0.0)
    assert copied.after.most > 0.95 > copied.before.most
    nearest = compared.after.pieces[0].chroma
    assert nearest is not None
    assert nearest.track.endswith("0.wav")
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_nothing_to_compare_and_stopped(run: RunFolder) -> None:
    data, split = random_data(run.root.parent, 5, "wav")
    with pytest.raises(MusmedError, match="too short to be compared"):
        compare(run, 3, data, split, progress=lambda _: None, stopped=lambda: False)
    with pytest.raises(StoppedError):
        compare(run, 7, data, split, progress=lambda _: None, stopped=lambda: True)


def test_a_recipe_is_read_back_with_any_seed() -> None:
    recipe = msgspec.structs.replace(PRESETS["paper"], seed=(1 << 63) - 1)
    assert msgspec.json.decode(msgspec.json.encode(recipe), type=Recipe) == recipe
