"""``musmed train``, typed, over a training that is made up."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from support.commands import musmed
from support.data_to_train import sound

from engine.errors import MusmedError
from engine.training.folder import RunFolder
from engine.training.outcome import Outcome
from engine.training.recipe import PRESETS, Lora, Recipe
from engine.training.said import Progress, SaidElsewhereError, Step
from engine.training.wanted import Wanted
from engine.training.watched import Figure, Watched
from musmed_tui.commands import train as command
from musmed_tui.commands.train_recipe import recipe_of
from musmed_tui.commands.train_shown import Lines, shown
from musmed_tui.commands.train_words import Pace, time_left

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
Train = Callable[[Wanted, Callable[[Progress], None], Callable[[], bool]], Outcome]


def step(number: int, seconds: float = 2.0) -> Step:
    return Step(number, 4.25, (3.0, 4.0, 4.75, 5.25), 1e-4, 0.5, 3_400_000_000, seconds)


def watched(at: int, score: float) -> Watched:
    figure = Figure("meter", "valence correlation", score, 0.0)
    return Watched(at, score, (figure,), by="valence correlation of meter")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RANK", raising=False)
    sound(tmp_path / "music/a.wav")
    return tmp_path


def made_up(monkeypatch: Patch, train: Train) -> None:
    monkeypatch.setattr(command, "_loaded", lambda: SimpleNamespace(train_adapter=train))


def ended(wanted: Wanted, **changed: Any) -> Outcome:
    usual: dict[str, Any] = {
        "folder": wanted.output,
        "ended": "done",
        "step": 4,
        "steps": 4,
        "best": 4,
        "watched": (watched(0, 0.1), watched(4, 0.3)),
        "remarks": ("It moved its base.",),
    }
    return Outcome(**usual | changed)


def test_what_is_typed_is_wanted_and_what_came_of_it_is_said(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    asked: list[Wanted] = []

    def train(wanted: Wanted, say: Callable[[Progress], None], _: Callable[[], bool]) -> Outcome:
        asked.append(wanted)
        say(Progress("encoding", 1, 2))
        for number in range(1, 5):
            say(Progress("training", number, 4, step(number)))
        return ended(wanted)

    made_up(monkeypatch, train)
    typed = "--base musicgen-medium --preset paper --steps 4 --rank 8 --judge musicnn --judge clap"
    typed += " --clips 6 --clip-seconds 12.5"
    code = musmed(
        monkeypatch, "train", str(home / "music"), *typed.split(), "-o", str(home / "made")
    )
    assert code == 0
    (wanted,) = asked
    assert (wanted.data, wanted.output) == (home / "music", home / "made")
    assert wanted.base == "musicgen-medium"
    assert wanted.judges == ("musicnn", "clap")
    assert (wanted.recipe.steps, wanted.recipe.learning_rate) == (4, 7e-6)
    assert (wanted.recipe.clips, wanted.recipe.clip_seconds) == (6, 12.5)
    assert wanted.recipe.lora == Lora(rank=8, alpha=8.0)
    assert wanted.cache == home / "home/cache/encoded"
    out = capsys.readouterr().out
    assert "Encoding: 1 of 2 windows." in out
    assert "Training: 1 of 4 steps, loss 4.250 (by codebook 3.00 4.00 4.75 5.25)" in out
    assert "2.0 s a step, 3.4 GB" in out
    assert "valence correlation\tmeter\t0.100\t0.300" in out
    assert "It moved its base." in out
    assert f"musmed play --composer musicgen-medium --adapter {home / 'made'}" in out


def test_ctrl_c_keeps_what_there_is_and_says_how_to_go_on(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    def train(wanted: Wanted, _: object, stopped: Callable[[], bool]) -> Outcome:
        assert not stopped()
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        assert stopped()
        return ended(wanted, ended="stopped", step=3, best=None)

    made_up(monkeypatch, train)
    assert musmed(monkeypatch, "train", str(home / "music"), "-o", str(home / "made")) == 130
    told = capsys.readouterr()
    assert told.err.count("Stopping; ") == 1
    assert "Stopped after 3 of 4 steps" in told.err
    assert "--resume" in told.err
    assert "Wrote" not in told.out


def test_json_is_a_line_for_each_event(home: Path, monkeypatch: Patch, capsys: Printed) -> None:
    def train(wanted: Wanted, say: Callable[[Progress], None], _: object) -> Outcome:
        say(Progress("training", 1, 4, step(1)))
        return ended(wanted)

    made_up(monkeypatch, train)
    where = (str(home / "music"), "-o", str(home / "made"), "--json")
    assert musmed(monkeypatch, "train", *where) == 0
    first, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["event"], first["stage"], first["done"]) == ("progress", "training", 1)
    assert first["step"]["losses"] == [3.0, 4.0, 4.75, 5.25]
    assert (last["event"], last["outcome"]["best"]) == ("end", 4)


def test_json_says_what_was_watched_and_is_whole_and_nothing_twice(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    heard: list[Watched] = []
    monkeypatch.setattr(command, "_heard", lambda _: tuple(heard))

    def train(wanted: Wanted, say: Callable[[Progress], None], _: object) -> Outcome:
        for done in (0, 0, 1, 1, 1, 2, 2):
            say(Progress("watching", done, 2))
        heard.append(watched(0, 0.1))
        say(Progress("training", 1, 4, step(1)))
        return ended(wanted, remarks=("It is long. " * 400,))

    made_up(monkeypatch, train)
    where = (str(home / "music"), "-o", str(home / "made"), "--json")
    assert musmed(monkeypatch, "train", *where) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["event"], one.get("stage"), one.get("done")) for one in told] == [
        ("progress", "watching", 0),
        ("progress", "watching", 2),
        ("watched", None, None),
        ("progress", "training", 1),
        ("end", None, None),
    ]
    assert told[2]["watched"]["score"] == 0.1
    assert len(told[-1]["outcome"]["remarks"][0]) > 4000


@pytest.mark.parametrize("fails", [False, True])
def test_of_many_processes_the_first_alone_speaks(
    fails: bool, home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    def train(wanted: Wanted, say: Callable[[Progress], None], _: object) -> Outcome:
        say(Progress("training", 1, 4, step(1)))
        if fails:
            raise SaidElsewhereError("Said by another.")
        return ended(wanted)

    monkeypatch.setenv("RANK", "1")
    made_up(monkeypatch, train)
    where = (str(home / "music"), "-o", str(home / "made"))
    # --resume: what lies in the folder is the main one's to look at, whose disk it may be
    assert musmed(monkeypatch, "train", *where, "--resume") == (2 if fails else 0)
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "FOLDER -o my-adapter"),
        ("{home}/music", "-o my-adapter is missing"),
        ("{home}/music {home}/music -o {home}/made", "one too many"),
        ("{home}/music -o {home}/music/made", "lies among the music"),
        ("{home}/music -o {home}/made --judge nobody", "no judge 'nobody'"),
        ("{home}/music -o {home}/made --resume", "no training"),
        ("{home}/music -o {home}/made --rank 0", "--rank takes 1..1024"),
        ("{home}/music -o {home}/made --batch many", "--batch takes 1..4096"),
        ("{home}/music -o {home}/made --epochs nan", "--epochs takes"),
        ("{home}/music -o {home}/made --epochs 1 --steps 1", "give one of them"),
        ("{home}/music -o {home}/made --preset best", "no preset 'best'"),
        ("{home}/music -o {home}/made --recipe {home}/none.toml", "can't be read"),
        ("{home}/music -o {home}/made --recipe {home}/odd.toml", "unknown field"),
        ("{home}/music -o {home}/made --recipe {home}/bad.toml", "can't be read"),
        ("--seed 1 check {home}/music", "--seed does nothing in front"),
    ],
)
def test_what_cannot_be_wanted_is_refused_before_anything_is_loaded(
    typed: str, words: str, home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    (home / "odd.toml").write_text("rate = 1\n")
    (home / "bad.toml").write_text("rate = \n")
    monkeypatch.setattr(command, "_loaded", lambda: pytest.fail("it was loaded"))
    assert musmed(monkeypatch, "train", *typed.format(home=home).split()) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.err.count("\n") == 1
    assert not (home / "made").exists()


def test_a_mistyped_command_is_no_folder_too_many(monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "train", "chekc", "music") == 2
    assert "did you mean 'musmed train check'?" in capsys.readouterr().err


def test_a_base_that_is_a_folder_is_played_by_its_whole_path(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    """A bare word is a name to --composer."""
    (home / "base").mkdir()
    monkeypatch.chdir(home)
    made_up(monkeypatch, lambda wanted, _, __: ended(wanted))
    assert musmed(monkeypatch, "train", "music", "--base", "base", "-o", "made") == 0
    out = capsys.readouterr().out
    assert f"\n  musmed play --composer {home / 'base'} --adapter {home / 'made'}\n" in out
    assert f"\n  musmed models add {home / 'made'}\n" in out


def test_it_says_at_once_that_it_is_getting_ready(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    def loaded() -> Any:
        assert capsys.readouterr().out == "Getting ready.\n"
        return SimpleNamespace(train_adapter=lambda wanted, _, __: ended(wanted))

    monkeypatch.setattr(command, "_loaded", loaded)
    assert musmed(monkeypatch, "train", str(home / "music"), "-o", str(home / "made")) == 0


def test_a_training_that_is_there_is_not_begun_again(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    folder = RunFolder(home / "made")
    folder.work.mkdir(parents=True)
    folder.run.write_text("{}")
    assert musmed(monkeypatch, "train", str(home / "music"), "-o", str(home / "made")) == 2
    assert "--resume" in capsys.readouterr().err


def test_without_its_packages_it_says_what_to_install(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert musmed(monkeypatch, "train", str(home / "music"), "-o", str(home / "made")) == 2
    assert "Training needs torch: pip install '.[train]'" in capsys.readouterr().err


def test_a_recipe_is_a_preset_a_file_and_options(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('preset = "paper"\nbatch = 4\nsteps = 9\n[lora]\nalpha = 32\n')
    recipe = recipe_of(str(file), {"batch": "8", "epochs": "3", "seed": None})
    paper = PRESETS["paper"]
    assert (recipe.preset, recipe.learning_rate) == ("paper", paper.learning_rate)
    assert (recipe.batch, recipe.steps, recipe.epochs) == (8, None, 3.0)
    assert recipe.lora == Lora(alpha=32.0)
    assert recipe_of(str(file), {"rank": "8"}).lora == Lora(rank=8, alpha=16.0)
    assert recipe_of(None, {}) == Recipe()
    assert recipe_of(None, {}, checkpointing=True).checkpointing
    file.write_text("lora = 3\n")
    with pytest.raises(MusmedError, match="is wrong"):
        recipe_of(str(file), {})


def test_on_a_terminal_a_bar_and_what_the_step_came_to(monkeypatch: Patch, capsys: Printed) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    live = SimpleNamespace(live=True)
    monkeypatch.setattr("musmed_tui.commands.train_shown.look_at_terminal", lambda plain: live)
    heard = [watched(0, 0.5)]
    with shown(Recipe(), lambda: heard, as_json=False) as told:
        told(Progress("watching", 1, 20))
        heard.append(msgspec.structs.replace(watched(2, 0.75), by="[red]any judge\x1b"))
        told(Progress("training", 3, 20, step(3)))
    out = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out)
    assert "Watched at step 2: 0.750 by [red]any judge\\x1b; the best so far." in out
    assert "Training: 3 of 20 steps" in out
    assert "loss 4.250 (by codebook 3.00 4.00 4.75 5.25), 2.0 s a step, 3.4 GB" in out
    assert "about 34 s left" in out


class Clock:
    """Moves by hand."""

    time = 0.0

    def __call__(self) -> float:
        return self.time


def test_time_left_counts_steps_and_watchings() -> None:
    clock = Clock()
    pace = Pace(Recipe(watch_every=10))
    assert pace.left(Progress("training", 0, 100), clock.time) is None
    pace.left(Progress("watching", 0, 20), clock.time)
    clock.time = 60.0
    left = pace.left(Progress("training", 1, 100, step(1)), clock.time)
    assert left == 99 * 2.0 + 10 * 60.0
    assert pace.left(Progress("training", 95, 100, step(95)), clock.time) == 5 * 2.0 + 60.0
    assert pace.left(Progress("training", 100, 100, step(100)), clock.time) == 60.0


def test_time_left_of_what_is_encoded() -> None:
    clock = Clock()
    pace = Pace(Recipe())
    for clock.time in (0.0, 1.0):
        assert pace.left(Progress("encoding", 5 + int(clock.time), 10), clock.time) is None
    clock.time = 4.0
    assert pace.left(Progress("encoding", 7, 10), clock.time) == 6.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.2, "about 1 s left"),
        (80.0, "about 80 s left"),
        (600.0, "about 10 min left"),
        (12_000.0, "about 3 h 20 min left"),
    ],
)
def test_time_left_in_words(seconds: float | None, words: str) -> None:
    assert time_left(seconds) == words


def test_lines_are_few_and_say_what_was_watched() -> None:
    clock = Clock()
    heard = [watched(0, 0.5)]
    said: list[str] = []
    lines = Lines(Recipe(), lambda: heard, clock, said.append)
    for number in range(1, 11):
        lines.told(Progress("training", number, 20, step(number)))
    assert len(said) == 1
    clock.time = 31.0
    lines.told(Progress("training", 11, 20, step(11)))
    assert len(said) == 2
    lines.told(Progress("watching", 1, 20))
    heard.append(watched(11, 0.25))
    lines.told(Progress("training", 12, 20, step(12)))
    assert said[-2] == (
        "Watched at step 11: 0.250 by valence correlation of meter; the base alone was better."
    )
    lines.told(Progress("training", 20, 20, step(20)))
    assert said[-1].startswith("Training: 20 of 20 steps, loss 4.250")
