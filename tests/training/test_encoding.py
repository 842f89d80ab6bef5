"""Sounds and captions encoded once: what comes out is the codec's and T5's own, what is kept is not
made again, and nothing that goes wrong loses it."""

from __future__ import annotations

import copy
import shutil
import stat
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from support.fitted_codec import fit_codec
from support.full_disk import FullDisk
from support.tiny_musicgen import (
    random_model,
    save_checkpoint,
    tiny_config,
    tiny_tokenizer,
)

import engine.training.cache
import engine.training.encoding
import engine.training.known_files
from engine.composers.musicgen.files.checkpoints import Checkpoint, look_over
from engine.composers.musicgen.model.codec import encode as encode_at_once
from engine.errors import MusmedError
from engine.training import windows
from engine.training.encoding import EncodedData, encode
from engine.training.said import Progress, StoppedError
from engine.training.tracks import Data, Track

RATE = 16_000


@pytest.fixture(autouse=True)
def _short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second instead of half a minute: the same with thirty times as little to compute."""
    monkeypatch.setattr(windows, "WINDOW_SECONDS", 1.0)
    monkeypatch.setattr(windows, "SHORTEST_SECONDS", 0.25)
    monkeypatch.setattr(engine.training.encoding, "SHORTEST_SECONDS", 0.25)


def hearing(model: Any) -> Any:
    """With random codebooks all sound would have the same codes."""
    line = np.random.default_rng(0).uniform(-1.0, 1.0, 8 * 32_000).astype(np.float32)
    fit_codec(model.audio_encoder, [line * level for level in (0.1, 0.3)])
    return model


@pytest.fixture(scope="module")
def model() -> Any:
    return hearing(random_model(tiny_config()))


@pytest.fixture(scope="module")
def base(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = save_checkpoint(model, tmp_path_factory.mktemp("hub") / "tiny")
    return look_over(folder, "tiny", None)


def noise(seconds: float, seed: int = 0, channels: int = 1) -> np.ndarray:
    shape = (round(seconds * RATE), channels)
    return np.random.default_rng(seed).uniform(-0.3, 0.3, shape).astype(np.float32)


def data_of(folder: Path, *sounds: np.ndarray, captions: tuple[str, ...] = ("a calm",)) -> Data:
    tracks = []
    for number, sound in enumerate(sounds):
        path = folder / f"{number}.wav"
        if not path.exists():
            soundfile.write(path, sound, RATE, subtype="FLOAT")
        tracks.append(Track(path.name, path, captions, path.name))
    return Data(folder, "a test", tuple(tracks), (), "0")


def run(data: Data, base: Checkpoint, cache: Path, **how: Any) -> EncodedData:
    say = how.get("say", lambda _: None)
    return encode(data, base, cache, say, how.get("stopped", lambda: False))


def refuse_to_load(patch: pytest.MonkeyPatch, *names: str) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("loaded")

    for name in names:
        patch.setattr(engine.training.encoding, name, refuse)


def test_codes_are_those_of_the_codec_at_once(
    tmp_path: Path, model: Any, base: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # a whole window
    sound = noise(38)
    found = run(data_of(tmp_path, sound), base, tmp_path / "cache")
    assert [(window.track, window.start, window.frames) for window in found.windows] == [
        (0, 0.0, 1500),
        (0, 30.0, 400),
    ]
    import soxr

    line = soxr.resample(sound, RATE, 32_000, quality="HQ")
    for number, piece in enumerate((line[: 30 * 32_000], line[30 * 32_000 :])):
        codes = found.codes(number)
        assert codes.dtype == np.int16
        wanted = encode_at_once(model.audio_encoder, piece, 1).numpy()
        assert codes.shape == wanted.shape
        # Folding the codec's norms rounds otherwise, and so does a stream that resamples.
        assert (codes == wanted).mean() > 0.999
        assert len(np.unique(codes[0])) > 20  # not by all sounds being the same to it


def test_states_are_those_of_t5(tmp_path: Path, model: Any, base: Checkpoint) -> None:
    captions = ("a calm piece for piano", "sad", "")
    data = data_of(tmp_path, noise(0.5), captions=captions)
    found = run(data, base, tmp_path / "cache")
    for caption in captions:
        tokens = tiny_tokenizer()(caption, return_tensors="pt")
        with torch.inference_mode():
            wanted = model.text_encoder(tokens["input_ids"]).last_hidden_state[0].numpy()
        states = found.states(caption)
        assert states.dtype == np.float32
        assert np.abs(states - wanted).max() < 1e-6


def test_a_stereo_model_has_eight_codebooks(tmp_path: Path) -> None:
    model = hearing(random_model(tiny_config(channels=2)))
    base = look_over(save_checkpoint(model, tmp_path / "stereo"), "stereo", None)
    sound = noise(0.5, channels=2)
    found = run(data_of(tmp_path, sound), base, tmp_path / "cache")
    codes = found.codes(0)
    assert codes.shape == (8, 25)
    assert (codes[::2] != codes[1::2]).any()


def test_the_second_time_nothing_is_loaded(
    tmp_path: Path, base: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, cache = data_of(tmp_path, noise(0.5), noise(0.7, 1)), tmp_path / "cache"
    first = run(data, base, cache)
    refuse_to_load(monkeypatch, "load_codec", "load_text")
    again = run(data, base, cache)
    assert again.windows == first.windows
    assert np.array_equal(again.codes(1), first.codes(1))
    assert np.array_equal(again.states("a calm"), first.states("a calm"))


def test_another_checkpoint_takes_nothing_that_it_would_encode_otherwise(
    tmp_path: Path, model: Any, base: Checkpoint
) -> None:
    other = copy.deepcopy(model)
    other.audio_encoder.quantizer.layers[0].codebook.embed.neg_()
    other.text_encoder.shared.weight.data.neg_()
    second = look_over(save_checkpoint(other, tmp_path / "other"), "tiny", None)
    data, cache = data_of(tmp_path, noise(0.5)), tmp_path / "cache"
    here, there = run(data, base, cache), run(data, second, cache)
    assert not np.array_equal(here.codes(0), there.codes(0))
    assert not np.array_equal(here.states("a calm"), there.states("a calm"))


def test_another_caption_or_sound_is_all_that_is_made(
    tmp_path: Path, base: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    run(data_of(tmp_path, noise(0.5), noise(0.7, 1)), base, cache)
    with monkeypatch.context() as patch:
        refuse_to_load(patch, "load_codec")
        said: list[Progress] = []
        edited = data_of(tmp_path, noise(0.5), noise(0.7, 1), captions=("a calm", "sad"))
        run(edited, base, cache, say=said.append)
    assert [(one.done, one.total) for one in said if one.stage == "encoding"] == [(1, 1)]
    (tmp_path / "1.wav").rename(tmp_path / "2.wav")
    more = data_of(tmp_path, noise(0.5), noise(0.8, 2), noise(0.7, 1))
    refuse_to_load(monkeypatch, "load_text")
    said = []
    run(more, base, cache, say=said.append)
    assert [(one.done, one.total) for one in said if one.stage == "encoding"] == [(1, 1)]


def test_codec_and_text_encoder_leave_memory(
    tmp_path: Path, base: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[weakref.ref[Any]] = []

    def watch(name: str) -> None:
        load = getattr(engine.training.encoding, name)

        def watched(*asked: Any) -> Any:
            made = load(*asked)
            loaded.append(weakref.ref(made[0] if isinstance(made, tuple) else made))
            return made

        monkeypatch.setattr(engine.training.encoding, name, watched)

    watch("load_codec")
    watch("load_text")
    together = []

    def say(progress: Progress) -> None:
        if progress.stage == "encoding":
            together.append([one() is not None for one in loaded])

    run(data_of(tmp_path, noise(0.5)), base, tmp_path / "cache", say=say)
    assert together == [[True], [False, True]]
    assert [one() for one in loaded] == [None, None]


def test_stopped_between_windows_it_goes_on_where_it_was(tmp_path: Path, base: Checkpoint) -> None:
    data, cache = data_of(tmp_path, noise(0.5), noise(3.5, 1)), tmp_path / "cache"
    whole = run(data, base, tmp_path / "other")
    said: list[Progress] = []
    with pytest.raises(StoppedError):
        run(data, base, cache, say=said.append, stopped=lambda: said[-1:] and said[-1].done == 3)
    assert said[-1].done == 3
    again: list[Progress] = []
    found = run(data, base, cache, say=again.append)
    assert again[-1].done == again[-1].total == 3  # two of five windows, and the caption
    assert not list((cache / "begun").iterdir())
    assert found.windows == whole.windows
    assert all(np.array_equal(found.codes(n), whole.codes(n)) for n in range(5))


def test_what_is_damaged_is_made_anew(tmp_path: Path, base: Checkpoint) -> None:
    data, cache = data_of(tmp_path, noise(0.5)), tmp_path / "cache"
    first = run(data, base, cache)
    files = sorted(cache.rglob("*.safetensors"))
    assert len(files) == 2
    wholes = [file.read_bytes() for file in files]
    for damage in (
        lambda whole: whole[:-1],
        lambda whole: whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:],
        lambda whole: whole.replace(b'"record":"', b'"record":" '),
        lambda _: b"",
    ):
        for file, whole in zip(files, wholes, strict=True):
            file.write_bytes(damage(whole))
        found = run(data, base, cache)
        assert np.array_equal(found.codes(0), first.codes(0))
        assert [file.read_bytes() for file in files] == wholes


def test_two_at_once_share_a_cache(tmp_path: Path, base: Checkpoint) -> None:
    """One begins and ends between two windows of the other."""
    data, cache = data_of(tmp_path, noise(0.5), noise(1.5, 1)), tmp_path / "cache"
    others: list[EncodedData] = []

    def say(progress: Progress) -> None:
        if progress.stage == "encoding" and progress.done == 2 and not others:
            others.append(run(data, base, cache))

    mine = run(data, base, cache, say=say)
    assert mine.windows == others[0].windows
    assert all(np.array_equal(mine.codes(n), others[0].codes(n)) for n in range(3))
    assert not [path for path in cache.rglob("*") if ".part" in path.name]


def test_one_that_is_stopped_takes_nothing_from_another(tmp_path: Path, base: Checkpoint) -> None:
    data, cache = data_of(tmp_path, noise(2.5)), tmp_path / "cache"
    others: list[EncodedData] = []

    def say(progress: Progress) -> None:
        if progress.stage == "encoding" and progress.done == 1:
            others.append(run(data, base, cache))

    with pytest.raises(StoppedError):
        run(data, base, cache, say=say, stopped=lambda: bool(others))
    assert [others[0].codes(number).shape for number in range(3)] == [(4, 50), (4, 50), (4, 25)]


def test_what_another_has_made_meanwhile_is_not_made_again(
    tmp_path: Path, base: Checkpoint
) -> None:
    data, cache = data_of(tmp_path, noise(0.5), noise(2.5, 1)), tmp_path / "cache"
    others: list[EncodedData] = []
    said: list[Progress] = []

    def say(progress: Progress) -> None:
        said.append(progress)
        if progress.stage == "encoding" and progress.done == 1 and not others:
            others.append(run(data, base, cache))

    assert run(data, base, cache, say=say).windows == others[0].windows
    assert said[-1].done == 1


def test_files_are_their_owners_alone(tmp_path: Path, base: Checkpoint) -> None:
    cache = tmp_path / "on" / "the" / "way"
    run(data_of(tmp_path, noise(0.5)), base, cache)
    for path in (cache.parent, cache, *cache.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("writes", range(4))
def test_a_full_disk_is_a_sentence_and_loses_nothing(
    tmp_path: Path, base: Checkpoint, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    data, cache = data_of(tmp_path, noise(0.5), noise(0.7, 1)), tmp_path / "cache"
    with monkeypatch.context() as patch:
        disk = FullDisk(patch, writes, (engine.training.cache, engine.training.known_files))
        with pytest.raises(MusmedError, match="The disk is full") as refused:
            run(data, base, cache)
        assert "\n" not in str(refused.value)
        assert disk.failed
    kept = {path: path.read_bytes() for path in cache.rglob("*.safetensors")}
    said: list[Progress] = []
    run(data, base, cache, say=said.append)
    assert said[-1].done == 3 - len(kept)
    assert all(path.read_bytes() == whole for path, whole in kept.items())


def test_what_is_wrong_with_a_track_is_said_and_the_others_are_used(
    tmp_path: Path, base: Checkpoint
) -> None:
    broken = noise(3, 3)
    broken[RATE * 2] = np.nan
    data = data_of(tmp_path, noise(0.5), noise(0.2), np.zeros((RATE * 3, 1)), broken, noise(0.9, 5))
    (tmp_path / "4.wav").write_bytes((tmp_path / "4.wav").read_bytes()[: RATE * 2])
    gone = Track("5.wav", tmp_path / "5.wav", ("gone",), "5")
    data = Data(data.folder, "a test", (*data.tracks, gone), (), "0")
    for _ in range(2):  # made, and from the cache
        found = run(data, base, tmp_path / "cache")
        assert [window.track for window in found.windows] == [0, 4]
        said = {problem.name: problem for problem in found.problems}
        assert {name: problem.left_out for name, problem in said.items()} == {
            "1.wav": True,
            "2.wav": True,
            "3.wav": True,
            "4.wav": False,
            "5.wav": True,
        }
        for name, word in {
            "1.wav": "no 0.25 s of music",
            "2.wav": "is silent",
            "3.wav": "no sound",
            "4.wav": "cut short",
            "5.wav": "No such file",
        }.items():
            assert word in said[name].sentence
            assert said[name].sentence.endswith(".")


def test_where_no_track_is_left_that_is_an_error(tmp_path: Path, base: Checkpoint) -> None:
    data = data_of(tmp_path, noise(0.2), np.zeros((RATE * 3, 1)))
    with pytest.raises(MusmedError, match=r"no 0.25 s of music .* 1 more"):
        run(data, base, tmp_path / "cache")


def test_a_cache_that_is_cleared_meanwhile_is_a_sentence(tmp_path: Path, base: Checkpoint) -> None:
    found = run(data_of(tmp_path, noise(0.5)), base, tmp_path / "cache")
    shutil.rmtree(tmp_path / "cache")
    for ask in (lambda: found.codes(0), lambda: found.states("a calm")):
        with pytest.raises(MusmedError, match="--resume"):
            ask()


def test_a_long_sound_is_kept_while_it_grows(
    tmp_path: Path, base: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed where nothing can be kept any more, it has lost the last windows alone."""
    monkeypatch.setattr(engine.training.encoding, "KEPT_EVERY", 2)
    data, cache = data_of(tmp_path, noise(5.5)), tmp_path / "cache"

    class KilledError(BaseException):
        pass

    def say(progress: Progress) -> None:
        if progress.stage == "encoding" and progress.done == 5:
            raise KilledError

    with pytest.raises(KilledError):
        run(data, base, cache, say=say)
    said: list[Progress] = []
    found = run(data, base, cache, say=said.append)
    assert said[-1].done == 2 + 1  # the fifth and the sixth, and the caption
    assert [window.start for window in found.windows] == [0, 1, 2, 3, 4, 5]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_the_gpu_nearly_all_codes_are_the_cpu_s_and_nothing_stays_there(
    tmp_path: Path, base: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = data_of(tmp_path, noise(3.0))
    run(data, base, tmp_path / "first")  # cuBLAS keeps what it works with
    before = torch.cuda.memory_allocated()
    by_gpu = run(data, base, tmp_path / "gpu")
    assert torch.cuda.memory_allocated() == before
    monkeypatch.setattr(engine.training.encoding, "_device", lambda: torch.device("cpu"))
    by_cpu = run(data, base, tmp_path / "cpu")
    assert by_gpu.windows == by_cpu.windows
    same = [(by_gpu.codes(number) == by_cpu.codes(number)).mean() for number in range(3)]
    assert np.mean(same) > 0.99
    assert np.abs(by_gpu.states("a calm") - by_cpu.states("a calm")).max() < 1e-4
