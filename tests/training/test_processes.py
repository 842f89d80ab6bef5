"""A training in many processes: the weights of one process, one that writes and speaks, and an end
for all when one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("peft")

from safetensors.torch import load_file
from support.data_to_train import sound
from support.encoded_tracks import encoded_tracks
from support.many_processes import PLAIN, TRAININGS, trained
from support.many_workers import DONE, SILENT, in_processes
from support.waiting import cpu_seconds, end_of, wait_for

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.errors import MusmedError
from engine.training.cache import Cache
from engine.training.encoded import Window
from engine.training.encoding import EncodedData
from engine.training.folder import RunFolder
from engine.training.processes import Processes, open_processes
from engine.training.state import FILE
from engine.training.tracks import Data
from musmed_tui.terminal.terminal import Signals

CPU = torch.device("cpu")
ALONE = Processes(CPU)
TOLERANCE = 1e-4
"""Of weights, relative to the largest: sums are added in another order, and AdamW divides them."""
LAUNCH = (
    *(sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"),
    *("--num_machines", "1", "--main_process_port", "0"),
    *("--mixed_precision", "no", "--dynamo_backend", "no"),
)
ENDED = (
    "Another process of this training ended; what was trained is kept, and the same command with "
    "--resume goes on from it."
)


@dataclass(frozen=True)
class Launched:
    """What two processes left in ``folder``."""

    folder: Path

    def did(self, number: int) -> list[str]:
        return (self.folder / f"{number}.did").read_text().splitlines()


@pytest.fixture(scope="module")
def launched(tiny_base: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Launched:
    """All of ``TRAININGS`` in two processes under ``accelerate launch``, the last of which is ended
    by Ctrl-C to the launcher."""
    folder = tmp_path_factory.mktemp("launched")
    script = Path(__file__).parents[1] / "support" / "many_processes.py"
    words = [*LAUNCH, str(script), str(tiny_base.folder), str(folder), *TRAININGS]
    steps = RunFolder(folder / "endless").steps
    said = folder / "said"

    def begun() -> bool:
        return steps.exists() and len(steps.read_text().splitlines()) > 1

    with (
        said.open("w") as file,
        subprocess.Popen(words, stdout=file, stderr=file, env=_environment()) as process,
    ):
        wait_for(
            begun,
            moves=lambda: cpu_seconds(process.pid),
            alive=lambda: process.poll() is None,
            what=said.read_text,
        )
        process.send_signal(signal.SIGINT)
        end_of(process)
    return Launched(folder)


def _environment() -> dict[str, str]:
    tests = Path(__file__).parents[1]
    found = os.pathsep.join([str(tests), str(tests.parent)])
    return os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "1", "PYTHONPATH": found}


def weights(root: Path) -> dict[str, Any]:
    found = load_file(RunFolder(root).state / FILE)
    return {name: one for name, one in found.items() if name.startswith("weight.")}


def far(root: Path, other: Path) -> float:
    """How far the weights of two trainings lie apart at most, relative to the largest of each
    matrix."""
    here, there = weights(root), weights(other)
    assert here.keys() == there.keys()
    return max(float((here[n] - there[n]).abs().max() / here[n].abs().max()) for n in here)


@pytest.mark.parametrize("name", ["plain", "dropout"])
def test_two_processes_give_the_weights_of_one(
    name: str, launched: Launched, tiny_base: Checkpoint, tmp_path: Path
) -> None:
    """Also with LoRA's dropout, which a window's place in the batch decides."""
    trained(tiny_base, tmp_path, TRAININGS[name], ALONE)
    assert far(tmp_path, launched.folder / name) < TOLERANCE


def test_dropout_makes_another_adapter(launched: Launched) -> None:
    """Else the test above would prove nothing of it."""
    assert far(launched.folder / "plain", launched.folder / "dropout") > 0.1


def test_only_the_main_process_writes_watches_and_speaks(launched: Launched) -> None:
    main, other = launched.did(0), launched.did(1)
    assert [line for line in main if line.startswith("watched")][:3] == [
        "watched 0",
        "watched 2",
        "watched 4",
    ]
    assert {line.split()[0] for line in main} == {"wrote", "said", "watched", "ended"}
    assert other == [line for line in main if line.startswith("ended")]


def test_ctrl_c_to_the_launcher_keeps_the_checkpoint(
    launched: Launched, tiny_base: Checkpoint
) -> None:
    """After a step that is whole in all processes, and the training goes on from there in one."""
    stopped = launched.did(0)[-1]
    assert stopped.startswith("ended stopped ")
    step = int(stopped.split()[-1])
    root = launched.folder / "endless"
    assert len(RunFolder(root).steps.read_text().splitlines()) == step > 1
    ended = trained(
        tiny_base,
        root,
        TRAININGS["endless"],
        ALONE,
        stopped=after(step + 1, root),
        resume=True,
    )
    assert (ended.ended, ended.step) == ("stopped", step + 1)


Failing = Callable[[Processes], None]


def killed(processes: Processes) -> None:
    if processes.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def failed(processes: Processes) -> None:
    if processes.number == 1:
        raise MusmedError("The disk of the second is full.")


def all_failed(_: Processes) -> None:
    raise MusmedError("The loss is no number.")


@pytest.mark.parametrize(
    ("failing", "ends"),
    [
        (killed, [ENDED, "-9", SILENT]),
        (failed, [SILENT, "The disk of the second is full.", SILENT]),
    ],
)
def test_one_that_ends_ends_all_with_one_sentence(
    failing: Failing, ends: list[str], tiny_base: Checkpoint, tmp_path: Path
) -> None:
    def work(processes: Processes) -> None:
        def stopped() -> bool:
            if RunFolder(tmp_path / "run").steps.read_text():  # one step is made
                failing(processes)
            return False

        trained(tiny_base, tmp_path / "run", TRAININGS["endless"], processes, stopped=stopped)

    assert in_processes(3, work, tmp_path) == ends
    run = RunFolder(tmp_path / "run")
    steps = len(run.steps.read_text().splitlines())
    assert load_file(run.state / FILE)["step"] == steps == 1


def test_what_all_find_is_said_once(tmp_path: Path) -> None:
    ends = in_processes(3, all_failed, tmp_path)
    assert sorted(ends) == ["The loss is no number.", SILENT, SILENT]


def test_one_that_waits_for_others_to_come_can_be_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where signals are only noted, as ``musmed train`` has it; and it says who did not
    come."""
    met: list[Any] = []

    def accelerator(**_: object) -> Any:
        met.append(signal.getsignal(signal.SIGTERM))
        raise RuntimeError("Connection refused.\nMore of it")

    monkeypatch.setattr("accelerate.Accelerator", accelerator)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with Signals():
        noted = signal.getsignal(signal.SIGTERM)
        with pytest.raises(MusmedError, match=r"The 2 processes .* \(Connection refused\.\); look"):
            open_processes()
        assert signal.getsignal(signal.SIGTERM) == noted
    assert met == [signal.SIG_DFL]


def test_a_batch_that_is_too_small_for_all_is_a_sentence(
    tiny_base: Checkpoint, tmp_path: Path
) -> None:
    recipe = msgspec.structs.replace(PLAIN, batch=2)
    with pytest.raises(MusmedError, match=r"A batch of 2 .* by 3 processes; choose --batch 3"):
        trained(tiny_base, tmp_path / "run", recipe, Processes(CPU, number=1, count=3))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("items", "count"), [(5, 2), (16, 3), (3, 3), (1, 4), (0, 2)])
def test_every_item_is_somebody_s_and_nobody_has_two_more_than_others(
    items: int, count: int
) -> None:
    shares = [Processes(CPU, number=n, count=count).share(range(items)) for n in range(count)]
    assert [item for share in shares for item in share] == list(range(items))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_what_the_main_process_makes_is_everybody_s(tmp_path: Path) -> None:
    """Also that whose parts msgspec does not know: paths, and the cache."""
    data, _, _ = encoded_tracks()
    found = EncodedData((Window(0, 0.0, 12),), (), Cache(tmp_path), (("key", 0),), "digest")

    def work(processes: Processes) -> None:
        def once(what: Any) -> Any:
            assert processes.main
            return what

        assert processes.from_main(lambda: once(data), Data) == data
        given = processes.from_main(lambda: once(found), EncodedData)
        assert given.windows == found.windows
        assert given.cache.folder == tmp_path
        numbers = torch.arange(3.0) + processes.number
        processes.copy_main([numbers])
        assert numbers.tolist() == [0.0, 1.0, 2.0]

    assert in_processes(2, work, tmp_path) == [DONE, DONE]


def test_two_processes_resume_from_what_the_main_one_reads(
    tiny_base: Checkpoint, tmp_path: Path
) -> None:
    """The others may be on machines with other disks."""
    ended = trained(tiny_base, tmp_path / "0", PLAIN, ALONE, stopped=after(2, tmp_path / "0"))
    assert ended.step == 2

    def work(processes: Processes) -> None:
        root = tmp_path / f"{processes.number}"
        assert trained(tiny_base, root, PLAIN, processes, resume=True).step == PLAIN.steps

    assert in_processes(2, work, tmp_path) == [DONE, DONE]
    trained(tiny_base, tmp_path / "unbroken", PLAIN, ALONE)
    assert far(tmp_path / "0", tmp_path / "unbroken") < TOLERANCE
    assert not (tmp_path / "1").exists()


def after(count: int, root: Path) -> Callable[[], bool]:
    """Stops a training once so many steps are made."""
    return lambda: len(RunFolder(root).steps.read_text().splitlines()) >= count


def test_what_the_main_process_holds_is_agreed_and_numbers_are_added(tmp_path: Path) -> None:
    def work(processes: Processes) -> None:
        numbers = torch.arange(3.0) + processes.number
        processes.add_up(numbers)
        assert numbers.tolist() == [1.0, 3.0, 5.0]
        assert processes.agreed(processes.main)
        assert not processes.agreed(not processes.main)
        processes.wait()

    assert in_processes(2, work, tmp_path) == [DONE, DONE]


@pytest.mark.long
def test_the_command_in_two_processes_says_and_writes_everything_once(
    tiny_base: Checkpoint, tmp_path: Path
) -> None:
    for number, caption in enumerate(("calm piano", "dark drums", "calm guitar", "epic drums")):
        path = tmp_path / "music" / f"{number}.wav"
        sound(path, 6.0)
        path.with_suffix(".txt").write_text(caption)
    words = ["-m", "musmed_tui", "train", f"{tmp_path / 'music'}", "-o", f"{tmp_path / 'made'}"]
    words += ["--base", f"{tiny_base.folder}", "--batch", "2", "--steps", "2", "--watch-every", "2"]
    environment = _environment() | {"MUSMED_HOME": f"{tmp_path / 'home'}"}
    with (
        (tmp_path / "said").open("w") as file,
        subprocess.Popen([*LAUNCH, *words], stdout=file, stderr=file, env=environment) as one,
    ):
        end_of(one)
    said = (tmp_path / "said").read_text()
    assert one.returncode == 0, said
    for once in ("Watched before the training", "Watched at step 2", "Wrote ", "Best is "):
        assert said.count(once) == 1, said
    assert (tmp_path / "made" / "adapter_model.safetensors").exists()
