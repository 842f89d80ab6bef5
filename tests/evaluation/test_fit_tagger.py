"""A head on a tiny CLAP with random weights, fitted to made-up tracks by the real command, and the
judge from its file."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sklearn", reason="needs musmed[evaluate]")

from support.tiny_clap import COMMIT, REPO, write_cached  # noqa: E402

from engine.affect.moods import MOODS  # noqa: E402
from engine.errors import MusmedError  # noqa: E402
from engine.evaluation import resampling  # noqa: E402
from engine.evaluation.fit_tagger import Fitted, fit_tagger  # noqa: E402
from engine.evaluation.judges.base import Embeddings, mean_embedding  # noqa: E402
from engine.evaluation.judges.clap import Clap  # noqa: E402
from engine.evaluation.judges.registry import open_judge  # noqa: E402
from engine.evaluation.moodtheme_split import LIST, PARTS, Track, read_split  # noqa: E402
from engine.evaluation.results import JudgeRecord  # noqa: E402
from engine.evaluation.spans import Floats, hear_spans  # noqa: E402
from engine.evaluation.tagger_head import fit, read_head, write_head  # noqa: E402
from engine.evaluation.track_embeddings import EXCERPT, MOST_EXCERPTS, spans_of  # noqa: E402
from engine.meter.files import Heard  # noqa: E402
from musmed_tui.commands.fit_tagger import fit_tagger as command  # noqa: E402

HEADER = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\r\n"
RATE = 16_000
KINDS = ("calm", "dark", "happy")
COUNTS = {"train": 9, "validation": 6, "test": 9}
HAPPY, DARK = (next(n for n, m in enumerate(MOODS) if m.name == name) for name in ("happy", "dark"))


@pytest.fixture(scope="module", autouse=True)
def light() -> Iterator[None]:
    """Few draws; and threads that wait for each other take longer than one."""
    threads, draws = torch.get_num_threads(), resampling.RESAMPLES
    torch.set_num_threads(1)
    resampling.RESAMPLES = 40
    yield
    torch.set_num_threads(threads)
    resampling.RESAMPLES = draws


def quiet(_done: float, _total: float | None) -> None:
    pass


def sound_of(kind: str, seconds: float, seed: int) -> np.ndarray[Any, Any]:
    """A low hum, a high tone, or noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    if kind == "calm":
        return rng.normal(0.0, 0.1, len(time))
    hertz = {"dark": 110.0, "happy": 2000.0}[kind] * rng.uniform(0.9, 1.1)
    return 0.3 * np.sin(2 * np.pi * hertz * time) + rng.normal(0.0, 0.003, len(time))


def write_split(folder: Path, change: Callable[[str], str] = lambda text: text) -> None:
    """Tracks of 9 s, each kind in turn, three of an artist; 'dark' ones are 'film' too."""
    folder.mkdir()
    number = 0
    for part in PARTS:
        lines = []
        for at in range(COUNTS[part]):
            kind = KINDS[at % 3]
            tags = "\t".join(f"mood/theme---{t}" for t in (kind, *["film"] * (kind == "dark")))
            artist = f"artist_{part}{at // 3}"
            path = f"{number % 100:02}/{number}.mp3"
            lines.append(f"track_{number:07}\t{artist}\talbum_1\t{path}\t9.0\t{tags}\r\n")
            number += 1
        (folder / LIST.format(part)).write_text(change(HEADER + "".join(lines)), newline="")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the hub's cache, the lists and the sounds, every other one as '.low.mp3'."""
    home = tmp_path_factory.mktemp("made")
    write_cached(home / "hub")
    write_split(home / "splits")
    for part in read_split(home / "splits").values():
        for number, track in enumerate(part):
            kind = next(MOODS[mood].name for mood in track.moods if MOODS[mood].name in KINDS)
            path = home / "audio" / track.path
            path = path.with_suffix(".low.mp3") if number % 2 else path
            path.parent.mkdir(parents=True, exist_ok=True)
            made = sound_of(kind, track.seconds, int(track.name[6:]))
            soundfile.write(path, made, RATE, format="MP3")
    return home


@pytest.fixture(scope="module")
def fitted(made: Path, light: None) -> tuple[Fitted, list[tuple[float, float | None]]]:
    told: list[tuple[float, float | None]] = []
    before = os.environ.get("HF_HUB_CACHE")
    os.environ["HF_HUB_CACHE"] = str(made / "hub")
    try:
        found = fit_tagger(
            made / "audio",
            made / "splits",
            made / "head.safetensors",
            Clap,
            lambda *at: told.append(at),
            seed=0,
        )
    finally:
        os.environ.pop("HF_HUB_CACHE")
        if before is not None:
            os.environ["HF_HUB_CACHE"] = before
    return found, told


@pytest.fixture
def world(made: Path, fitted: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all of it, fitted once."""
    shutil.copytree(made, tmp_path / "made")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "made/hub"))
    return tmp_path / "made"


def again(world: Path, name: str = "head", open_clap: Any = Clap) -> Fitted:
    for end in ("safetensors", "md"):
        (world / f"{name}.{end}").unlink(missing_ok=True)
    head = world / f"{name}.safetensors"
    return fit_tagger(world / "audio", world / "splits", head, open_clap, quiet, seed=0)


# fitting


def test_the_head_tells_moods_better_than_chance(
    fitted: tuple[Fitted, list[tuple[float, float | None]]],
) -> None:
    found, told = fitted
    precision, roc = found.rows
    assert precision.figure == "AUPRC"
    assert precision.value > 0.9
    assert precision.chance == pytest.approx(1 / 3)
    assert precision.low is None, "of so few albums there is no interval"
    assert roc.value > 0.9
    assert roc.chance == 0.5
    assert {(row.mood, row.tracks) for row in found.moods} == {
        ("calm", 3),
        ("dark", 3),
        ("film", 3),
        ("happy", 3),
    }
    assert len(found.unlearnt) == 52
    assert [(one.part, one.used, one.missing, one.damaged) for one in found.parts] == [
        (part, COUNTS[part], 0, 0) for part in PARTS
    ]
    assert found.clap == f"{REPO}@{COMMIT[:8]}"
    best = max(one.precision for one in found.penalties)
    assert found.l2 == next(one.l2 for one in found.penalties if one.precision == best)
    assert told[-1] == (pytest.approx(24 * 9.0), pytest.approx(24 * 9.0))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_head_that_learnt_nothing_is_no_better_than_chance(world: Path) -> None:
    """The same sounds under moods that have nothing to do with them."""
    shutil.rmtree(world / "splits")
    words = iter(np.random.default_rng(5).permutation(24) % 2)

    def shuffled(text: str) -> str:
        head, *lines = text.splitlines(keepends=True)
        tags = (f"mood/theme---{('dark', 'happy')[next(words)]}" for _ in lines)
        return head + "".join(
            "\t".join([*line.split("\t")[:5], tag]) + "\r\n"
            for line, tag in zip(lines, tags, strict=True)
        )

    write_split(world / "splits", shuffled)
    found = again(world).rows[1]
    assert found.chance_low is not None
    assert found.chance_high is not None
    assert found.chance_low <= found.value <= found.chance_high


def test_the_same_again_is_the_same_file(world: Path) -> None:
    first = (world / "head.safetensors").read_bytes(), (world / "head.md").read_bytes()
    again(world)
    second = (world / "head.safetensors").read_bytes(), (world / "head.md").read_bytes()
    assert first[0] == second[0]
    assert len(second[1]) > 1000


def test_the_card_says_what_was_measured(
    world: Path, fitted: tuple[Fitted, list[tuple[float, float | None]]]
) -> None:
    text = (world / "head.md").read_text()
    for row in fitted[0].rows:
        assert row.chance is not None
        assert f"| {row.figure} | {row.value:.4f} |  | {row.chance:.4f} | " in text
    for word in (f"{REPO}@{COMMIT[:8]}", "CC BY-NC-SA 4.0", "| train | 9 | 9 | 0 | 0 |"):
        assert word in text
    assert "not comparable" not in text
    assert str(world) not in text


class Quick:
    """Embeds by how loud sixteen bands are; ends it after ``limit`` sounds."""

    record = JudgeRecord(name="quick", version="quick", domain="It hears bands.", licence="none")

    def __init__(self, limit: float = np.inf) -> None:
        self.limit = limit
        self.heard: list[str] = []

    def windows(self, mono: Floats) -> Embeddings:
        powers = np.square(np.abs(np.fft.rfft(mono)))[: len(mono) // 6]
        return np.array([[np.log(band.mean() + 1e-9) for band in np.array_split(powers, 16)]])

    def clips(self, sound: Path, spans: Any, progress: Any) -> tuple[list[Embeddings], Heard]:
        if len(self.heard) >= self.limit:
            raise KeyboardInterrupt
        self.heard.append(sound.name)
        found: list[Embeddings] = []
        heard = hear_spans(sound, spans, lambda _, mono: found.append(self.windows(mono)), progress)
        return found, heard


@pytest.fixture
def quick(world: Path) -> Path:
    """The same world with what ``Quick`` embedded."""
    shutil.rmtree(world / "head.embeddings")
    again(world, open_clap=Quick)
    return world


def test_who_was_stopped_goes_on(quick: Path) -> None:
    expected = (quick / "head.safetensors").read_bytes()
    shutil.rmtree(quick / "head.embeddings")
    first, second = Quick(10), Quick()
    with pytest.raises(KeyboardInterrupt):
        again(quick, open_clap=lambda: first)
    assert not (quick / "head.safetensors").exists()
    again(quick, open_clap=lambda: second)
    assert (len(first.heard), len(second.heard)) == (10, 14)
    assert not set(first.heard) & set(second.heard)
    assert (quick / "head.safetensors").read_bytes() == expected
    again(quick, open_clap=lambda: Quick(0))


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:100],
        lambda data: b"",
        lambda data: data[:-4] + np.float32(np.nan).tobytes(),
        lambda data: npy(np.ones((1, 3), np.float32)),
        lambda data: npy(np.ones((5, 16), np.float32)),
        lambda data: npy(np.array([{}], object), allow_pickle=True),
    ],
)
def test_a_damaged_embedding_is_made_again(harm: Callable[[bytes], bytes], quick: Path) -> None:
    kept = quick / "head.embeddings/track_0000003.npy"
    whole = kept.read_bytes()
    kept.write_bytes(harm(whole))
    clap = Quick(1)
    again(quick, open_clap=lambda: clap)
    assert clap.heard == ["3.low.mp3"]
    assert kept.read_bytes() == whole


def npy(array: np.ndarray[Any, Any], *, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


def test_missing_and_damaged_tracks_are_counted(world: Path) -> None:
    (world / "audio/00/0.mp3").unlink()
    (world / "audio/02/2.mp3").write_bytes(b"no sound" * 500)
    soundfile.write(world / "audio/15/15.mp3", np.zeros(RATE * 9), RATE, format="MP3")
    for number in (2, 15):
        (world / f"head.embeddings/track_{number:07}.npy").unlink()
    found = again(world)
    assert [(one.part, one.used, one.missing, one.damaged) for one in found.parts] == [
        ("train", 7, 1, 1),
        ("validation", 6, 0, 0),
        ("test", 8, 0, 1),
    ]
    assert len(found.remarks) == 2
    assert "2.mp3" in found.remarks[0]
    assert "15.mp3 is silent" in found.remarks[1]
    text = (world / "head.md").read_text()
    assert "| train | 9 | 7 | 1 | 1 |" in text
    assert "3 tracks of the split were not used, so these figures are not comparable" in text


def test_excerpts_lie_evenly_over_a_track() -> None:
    assert spans_of(20.0) == [(0.0, EXCERPT)]
    assert spans_of(45.0) == [(7.5, 37.5)]
    assert spans_of(60.0) == [(0.0, 30.0), (30.0, 60.0)]
    spans = spans_of(400.0)
    assert spans == [(35.0, 65.0), (135.0, 165.0), (235.0, 265.0), (335.0, 365.0)]
    assert len(spans) == MOST_EXCERPTS


def test_fitting_finds_scikit_learns_minimum() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    rows = rng.normal(1.0, 3.0, (200, 5))
    truth = rows @ rng.normal(size=(5, 3)) + rng.normal(0.0, 4.0, (200, 3)) > 1.0
    truth[:, 2] = False
    counts = rng.uniform(0.5, 2.0, 200)
    found = fit(rows, truth, counts, 0.01)
    even = (rows - found.mean) / found.scale
    np.testing.assert_allclose(counts @ even, 0.0, atol=1e-9)
    for tag in (0, 1):
        theirs = LogisticRegression(C=1 / (0.01 * counts.sum()), tol=1e-10, max_iter=5000)
        theirs.fit(even, truth[:, tag], counts)
        np.testing.assert_allclose(found.weight[tag], theirs.coef_[0], atol=1e-3)
        assert found.bias[tag] == pytest.approx(theirs.intercept_[0], abs=1e-3)
        told = theirs.predict_proba(even)[:, 1]
        np.testing.assert_allclose(found.activations(rows)[:, tag], told, atol=1e-3)
    assert not found.weight[2].any()
    assert found.activations(rows)[:, 2].max() < 0.01


# the judge


def test_the_judge_hears_30_seconds_every_ten(world: Path) -> None:
    halves = [sound_of("dark", 30.0, 1), sound_of("happy", 35.0, 2)]
    soundfile.write(world / "a.wav", np.concatenate(halves), RATE)
    judge = open_judge(f"clap-tagger={world / 'head.safetensors'}")
    judged = judge.judge(world / "a.wav", quiet)
    spans = [(window.start, window.end) for window in judged.windows]
    assert spans == [(at, at + 30.0) for at in (0.0, 10.0, 20.0, 30.0)]
    assert judge.tags == tuple(mood.name for mood in MOODS)
    assert not judge.scaled
    assert not judge.hears_affect
    assert "chance 0.333" in judge.domain
    assert judge.version.endswith(f"{REPO}@{COMMIT[:8]}")
    head, clap = read_head(world / "head.safetensors"), Clap()
    clips, _ = clap.clips(world / "a.wav", spans, quiet)
    for window, clip in zip(judged.windows, clips, strict=True):
        assert (window.valence, window.arousal) == (None, None)
        assert window.activations is not None
        assert window.activations.shape == (56,)
        expected = head.weights.activations(mean_embedding(clip)[None])[0]
        np.testing.assert_allclose(window.activations, expected, atol=1e-3)
    first, last = judged.windows[0].activations, judged.windows[-1].activations
    assert first is not None
    assert last is not None
    assert first[DARK] > first[HAPPY]
    assert last[HAPPY] > last[DARK]


def test_what_the_judge_cannot_hear_is_a_sentence(world: Path) -> None:
    judge = open_judge(f"clap-tagger={world / 'head.safetensors'}")
    soundfile.write(world / "short.wav", sound_of("dark", 29.0, 1), RATE)
    soundfile.write(world / "silent.wav", np.zeros(40 * RATE), RATE)
    with pytest.raises(MusmedError, match="too short"):
        judge.judge(world / "short.wav", quiet)
    with pytest.raises(MusmedError, match="silent"):
        judge.judge(world / "silent.wav", quiet)


def test_a_head_of_another_clap_is_refused(world: Path) -> None:
    shutil.rmtree(world / "hub")
    write_cached(world / "hub", seed=7, commit="e" * 40)
    with pytest.raises(MusmedError, match="eeeeeeee is another CLAP"):
        open_judge(f"clap-tagger={world / 'head.safetensors'}")
    with pytest.raises(MusmedError, match="embeddings of another CLAP"):
        again(world)


def test_a_clap_from_a_folder_lies_beside_its_head(world: Path) -> None:
    snapshot = world / f"hub/models--laion--larger_clap_music/snapshots/{COMMIT}"
    shutil.copytree(snapshot, world / "mine")
    head = read_head(world / "head.safetensors")
    record = type(head.record)(**{**_fields(head.record), "clap": "mine"})
    write_head(head._replace(record=record), world / "other.safetensors")
    judge = open_judge(f"clap-tagger={world / 'other.safetensors'}")
    assert judge.version.endswith(" on mine")
    (world / "mine").rename(world / "elsewhere")
    with pytest.raises(MusmedError, match="must lie beside it"):
        open_judge(f"clap-tagger={world / 'other.safetensors'}")


@pytest.mark.parametrize("name", ["..", "../mine", "/etc", ".", "", "a/b"])
def test_a_head_names_no_folder_elsewhere(name: str, world: Path) -> None:
    head = read_head(world / "head.safetensors")
    record = type(head.record)(**{**_fields(head.record), "clap": name})
    write_head(head._replace(record=record), world / "x.safetensors")
    with pytest.raises(MusmedError, match="must lie beside it"):
        open_judge(f"clap-tagger={world / 'x.safetensors'}")


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


def test_what_is_no_head_is_a_sentence(world: Path) -> None:
    head = read_head(world / "head.safetensors")
    path = world / "bad.safetensors"

    def refused(words: str) -> None:
        with pytest.raises(MusmedError, match=words):
            open_judge(f"clap-tagger={path}")

    with pytest.raises(MusmedError, match="needs a head"):
        open_judge("clap-tagger")
    refused("There is no file")
    path.write_bytes((world / "head.safetensors").read_bytes()[:-9])
    refused("cut short")
    path.write_bytes(b"{}" * 40)
    refused("not a safetensors file")
    snapshot = world / f"hub/models--laion--larger_clap_music/snapshots/{COMMIT}"
    shutil.copy(snapshot / "model.safetensors", path)
    refused("no head of clap-tagger")
    weights = head.weights
    for change in (
        {"weight": weights.weight[:, :-1]},
        {"bias": weights.bias[:-1]},
        {"scale": np.zeros_like(weights.scale)},
        {"mean": np.full_like(weights.mean, np.nan)},
    ):
        write_head(head._replace(weights=weights._replace(**change)), path)
        refused("no head of clap-tagger")
    for said in ({"format": "another"}, {"clap": "a\x1b[31mb"}, {"tags": ("happy",)}):
        record = type(head.record)(**{**_fields(head.record), **said})
        write_head(head._replace(record=record), path)
        refused("no head of clap-tagger")


# the lists


def test_the_lists_are_read(world: Path) -> None:
    split = read_split(world / "splits")
    assert {part: len(some) for part, some in split.items()} == COUNTS
    first = split["train"][1]
    assert (first.name, first.path, first.seconds) == ("track_0000001", "01/1.mp3", 9.0)
    assert {MOODS[mood].name for mood in first.moods} == {"dark", "film"}
    assert first.sound(world / "audio") == world / "audio/01/1.low.mp3"
    assert split["train"][0].sound(world / "audio") == world / "audio/00/0.mp3"
    assert Track("a", "b", "00/99.mp3", 1.0, ()).sound(world / "audio") is None


PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "mtg-jamendo"


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="needs ../shared/data/mtg-jamendo")
def test_the_published_lists_are_read_and_share_no_artist() -> None:
    split = read_split(PUBLISHED)
    assert {part: len(some) for part, some in split.items()} == {
        "train": 9949,
        "validation": 3802,
        "test": 4231,
    }
    artists = [{track.artist for track in some} for some in split.values()]
    assert sum(map(len, artists)) == len(set.union(*artists))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("TRACK_ID", "track", "no list of MTG-Jamendo's"),
        ("mood/theme---dark", "genre---rock", "none of the 56 moods"),
        ("mood/theme---dark", "mood/theme---gloomy", "none of the 56 moods"),
        ("\t01/1.mp3", "\t../1.mp3", "none of MTG's"),
        ("\t01/1.mp3", "\t/etc/1.mp3", "none of MTG's"),
        ("track_0000001", "../x", "none of MTG's"),
        ("\t9.0\t", "\tnan\t", "no duration"),
        ("\t9.0\t", "\t1e9\t", "no duration"),
        ("\t9.0\t", "\t", "a track has an id"),
    ],
)
def test_other_lists_are_a_sentence(old: str, new: str, words: str, tmp_path: Path) -> None:
    write_split(tmp_path / "splits", lambda text: text.replace(old, new))
    with pytest.raises(MusmedError, match=words):
        read_split(tmp_path / "splits")


# the command


def told_by(world: Path, **changes: Any) -> int:
    said = {
        "audio": str(world / "audio"),
        "splits": str(world / "splits"),
        "output": str(world / "new.safetensors"),
        "clap": None,
        "seed": 0,
        "as_json": True,
        **changes,
    }
    return command(said.pop("audio"), **said)


def test_the_command_prints_and_writes(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(world / "head.embeddings", world / "new.embeddings")
    assert told_by(world) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"][0]["figure"] == "AUPRC"
    assert found["head"] == str(world / "new.safetensors")
    assert (world / "new.md").is_file()
    for end in ("safetensors", "md"):
        (world / f"new.{end}").unlink()
    assert told_by(world, as_json=False) == 0
    out = capsys.readouterr().out
    assert "AUPRC" in out
    assert "0.333" in out


def test_a_stop_keeps_what_is_embedded(
    world: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = []

    class Stopped(Quick):
        def __init__(self, place: str | None) -> None:
            super().__init__()

        def clips(self, sound: Path, spans: Any, progress: Any) -> Any:
            heard.append(sound)
            if len(heard) == 5:
                signal.raise_signal(signal.SIGINT)
            return super().clips(sound, spans, progress)

    monkeypatch.setattr("engine.evaluation.judges.clap.Clap", Stopped)
    assert told_by(world) == 130
    assert "goes on from there" in capsys.readouterr().err
    assert len(list((world / "new.embeddings").glob("track_*.npy"))) == 4
    assert not list(world.glob("new.safetensors"))
    assert told_by(world) == 0
    assert len(heard) == 5 + 20


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"audio": None}, "folder of sounds is missing"),
        ({"splits": None}, "--splits FOLDER is missing"),
        ({"output": None}, "-o HEAD.safetensors is missing"),
        ({"audio": "{}/nowhere"}, "There is no folder"),
        ({"audio": "{}/splits"}, "None of the split's tracks lies under"),
        ({"splits": "{}/nowhere"}, "There is no folder"),
        ({"splits": "{}/audio"}, "data/splits/split-0"),
        ({"output": "{}/head.npz"}, "no name for a head"),
        ({"output": "{}/head.safetensors"}, "is there already"),
        ({"output": "{}/nowhere/head.safetensors"}, "make it first"),
        ({"clap": "{}/nowhere"}, "There is no CLAP"),
    ],
)
def test_what_can_not_be_fitted_is_a_sentence(
    changes: dict[str, str | None], words: str, world: Path
) -> None:
    filled = {key: value and value.format(world) for key, value in changes.items()}
    with pytest.raises(MusmedError, match=words):
        told_by(world, **filled)
    assert not (world / "new.safetensors").exists()


def test_what_is_not_installed_is_a_sentence(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MusmedError, match=r"needs sklearn: pip install"):
        told_by(world)
