"""A whole session with a tiny random MusicGen through everything that is real: the engine process,
the link, finishing, the joiner, PortAudio's callbacks, the library; and its rendering."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ctypes.util import find_library
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import pytest
import soundfile
from support.commands import musmed
from support.required import lacking
from support.waiting import bytes_under, cpu_seconds, take, wait_for, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.composers.musicgen.files.adding import add
from engine.composers.musicgen.files.shelf import take_away
from engine.composers.options import ComposerOptions
from engine.composers.speeds import Speeds
from engine.link.client import EngineClient
from engine.link.deliveries import Delivery, EngineLost
from engine.link.protocol import Failure, Loading, Opened, Pong
from engine.plan.body import Reason
from engine.plan.drift import PERCUSSION
from engine.plan.events import Dwell, Event
from engine.plan.generation import Generation
from engine.plan.gentle import ALL
from engine.plan.request import Request
from engine.playback.sinks.null import NullSink
from engine.render import render_session
from engine.session.fingerprints import materials_of
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.preparation import prepare
from musmed_tui.paths import folders

pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).parents[1] / "support" / "musicgen_session.py"
DEVICE = "musmedfile"
RAMP = frames_of(0.1)
"""Who goes on with a session hears it fade in."""


@pytest.fixture(scope="module")
def adapter(tiny_model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter with effect, as peft saves one."""
    import copy

    import torch

    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj", "fc1"])
    made = peft.get_peft_model(copy.deepcopy(tiny_model), config)
    generator = torch.Generator().manual_seed(4)
    for parameter in made.parameters():
        if parameter.requires_grad:
            parameter.data.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    folder = tmp_path_factory.mktemp("adapters") / "tuned"
    made.save_pretrained(folder)
    return folder


@pytest.fixture
def request_of(tiny_checkpoint: Path, adapter: Path) -> Request:
    return Request(
        start=Affect(-0.4, 0.6),
        target=Affect(0.4, -0.6),
        minutes=2,
        seed=21,
        composer=str(tiny_checkpoint),
        generation=Generation(top_k=32, adapters=(f"{adapter}=0.5",)),
    )


def perform(folder: Path, round_: int) -> tuple[int, Frames]:
    """One run of the script: its exit status and what PortAudio was given."""
    if find_library("portaudio") is None:
        lacking("needs: apt install libportaudio2")
    home, raw = folder / "home", folder / f"played{round_}.raw"
    home.mkdir(exist_ok=True)
    (home / ".asoundrc").write_text(
        f'pcm.{DEVICE} {{ type file slave.pcm "null" file "{raw}" format "raw" }}\n'
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PULSE_", "ALSA_", "XDG_"))}
    env = kept | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, str(SCRIPT), str(folder), DEVICE, "9", "40"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seen: list[psutil.Process] = []

    def ended() -> bool:
        nonlocal seen
        with contextlib.suppress(psutil.NoSuchProcess):
            seen = psutil.Process(process.pid).children() or seen
        return process.poll() is not None

    try:
        wait_for(
            ended,
            moves=lambda: (bytes_under(folder), cpu_seconds(process.pid)),
            what="the session's end",
            look_every=0.05,
        )
    finally:
        process.kill()
        out, _ = process.communicate()
    wait_for(
        lambda: not psutil.wait_procs(seen, timeout=0.1)[1],
        moves=lambda: cpu_seconds(*(engine.pid for engine in seen)),
        what="an engine whose player is gone to end by itself",
    )
    assert process.returncode in (0, -9), out.decode()
    samples = np.fromfile(raw, np.float32)
    return process.returncode, samples[: len(samples) // 2 * 2].reshape(-1, 2)


def rendering(folder: Path, request: Request, events: list[Event]) -> tuple[Frames, dict[str, Any]]:
    result = render_session(
        request,
        folder / "whole.flac",
        events=events,
        progress=lambda _done, _total: None,
        log_file=folder / "render.log",
    )
    audio, rate = soundfile.read(result.path, dtype="float32")
    assert rate == SAMPLE_RATE
    sidecar: dict[str, Any] = json.loads(result.sidecar.read_text())
    return audio, sidecar


def kept(folder: Path) -> StoredSession:
    library = Library(folder / "library")
    session = library.load(library.sessions()[0].id)
    library.close()
    return session


def sounding(audio: Frames) -> Frames:
    """Without the silence around it."""
    loud = np.flatnonzero(audio.any(axis=1))
    return audio[loud[0] : loud[-1] + 1]


def test_a_session_steered_killed_and_resumed_is_its_rendering(
    tmp_path: Path, request_of: Request
) -> None:
    (tmp_path / "request.json").write_bytes(msgspec.json.encode(request_of))
    status, first = perform(tmp_path, 1)
    assert status == -9
    events = kept(tmp_path).events
    with ThreadPoolExecutor() as pool:  # two processes that have nothing to do with each other
        going_on = pool.submit(perform, tmp_path, 2)
        whole, sidecar = rendering(tmp_path, request_of, list(events))
        status, second = going_on.result()
    assert status == 0
    name = request_of.composer
    assert (tmp_path / "state.txt").read_text() == (
        f"finished {name} restarts=0 gaps=0 failure=None"
    )
    measured = Speeds(tmp_path).of(name)
    assert measured is not None
    assert measured > 0.0
    stored = kept(tmp_path)
    assert stored.request == request_of
    assert stored.events == events
    adapter = Path(request_of.generation.adapters[0].removesuffix("=0.5"))
    digest = hashlib.sha256((adapter / "adapter_model.safetensors").read_bytes()).hexdigest()
    model = materials_of(request_of, name)[name]
    assert stored.materials == {name: model, str(adapter): digest}
    assert len(events) == 1
    assert 9.0 < events[0].at < 20.0

    assert len(whole) == frames_of(120)
    assert np.abs(whole).max() > 0.05
    played = sounding(first)
    assert len(played) > frames_of(36), "what lay in buffers died with the player"
    onset = int(np.flatnonzero(whole.any(axis=1))[0])
    assert np.array_equal(played, whole[onset : onset + len(played)])
    rest = sounding(second)
    end = int(np.flatnonzero(whole.any(axis=1))[-1]) + 1
    assert frames_of(70) < len(rest) < frames_of(90)
    assert np.array_equal(rest[RAMP:], whole[end - len(rest) : end][RAMP:])

    clips = sidecar["clips"]
    assert [clip["join"]["kind"] for clip in clips[1:]] == ["splice", *["join"] * 4]
    for clip in clips[2:]:
        assert clip["join"]["correlation"] > 0.999, "the next clip is a continuation"
        assert clip["join"]["lag_s"] == 0.0
    assert {clip["composer"] for clip in clips} == {Path(name).name}
    assert sidecar["request"]["composer"] == Path(name).name, "no path of this machine is told"
    assert sidecar["request"]["generation"]["adapters"] == ["tuned=0.5"]
    assert str(tmp_path) not in json.dumps(sidecar)


def test_an_adapter_that_was_added_goes_by_its_name(
    tmp_path: Path, request_of: Request, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the engine's process too: the same music, and a name is all that is kept."""
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    by_path = msgspec.structs.replace(request_of, minutes=1)
    add(str(adapter), "mine")
    generation = msgspec.structs.replace(by_path.generation, adapters=("mine=0.5",))
    by_name = msgspec.structs.replace(by_path, generation=generation)
    made = []
    for name, request in (("path", by_path), ("name", by_name)):
        (tmp_path / name).mkdir()
        made.append(rendering(tmp_path / name, request, []))
    (one, _), (other, sidecar) = made
    assert np.array_equal(one, other)
    assert sidecar["request"]["generation"]["adapters"] == ["mine=0.5"]
    digest = hashlib.sha256((adapter / "adapter_model.safetensors").read_bytes()).hexdigest()
    assert materials_of(by_name, by_name.composer)["mine"] == digest


def test_a_session_whose_adapter_was_removed_says_so(
    tmp_path: Path,
    request_of: Request,
    adapter: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither is it gone on with nor made again with the base alone."""
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    add(str(adapter), "mine")
    generation = msgspec.structs.replace(request_of.generation, adapters=("mine=0.5",))
    named = msgspec.structs.replace(request_of, generation=generation)
    library = Library(folders().library)
    materials = materials_of(named, named.composer)
    session = library.create(named, named.composer, 1, None, datetime.now(UTC), materials=materials)
    library.set_state(session, "stopped")
    library.close()
    assert take_away("mine") > 0
    for words in (
        ("resume", session, "--sink", "null", "--plain"),
        ("render", "--session", session, "-o", str(tmp_path / "again.flac")),
    ):
        assert musmed(monkeypatch, *words) == 2
        told = capsys.readouterr().err
        assert "There is no adapter called mine on this machine" in told
        assert told.count("\n") == 1
    assert not (tmp_path / "again.flac").exists()


def brightness(audio: Frames) -> float:
    """The energy from 12 to 14 kHz over that from 1 to 2 kHz, in decibels."""
    power = np.abs(np.fft.rfft(audio.mean(axis=1))) ** 2
    hertz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
    high, low = (
        power[(hertz > begin) & (hertz < end)].sum()
        for begin, end in ((12_000.0, 14_000.0), (1_000.0, 2_000.0))
    )
    return float(10.0 * np.log10(high / low))


def test_gentle_ears_and_a_dwell_are_kept_and_made_again(
    tmp_path: Path, tiny_checkpoint: Path
) -> None:
    """What of the caps a model can keep: the low-pass, also over a splice, and no percussion."""
    free = Request(
        start=Affect(0.3, 0.9),
        target=Affect(0.4, -0.6),
        strategy="direct",
        minutes=1,
        seed=21,
        temperature=1.0,
        composer=str(tiny_checkpoint),
        generation=Generation(top_k=32),
    )
    gentle = msgspec.structs.replace(free, gentle=ALL)
    events: list[Event] = [Dwell(12.0, 10.0, Reason("heart", 70.0, 71.0, 0.2))]
    made = []
    for name, request in (("free", free), ("one", gentle), ("two", gentle)):
        (tmp_path / name).mkdir()
        made.append(rendering(tmp_path / name, request, events))
    (loud, _), (soft, sidecar), (again, _) = made
    assert len(soft) == frames_of(60)
    assert np.array_equal(soft, again)
    assert brightness(soft) < brightness(loud) - 22.0, "two octaves of 12 dB, less the knee"
    assert [event["type"] for event in sidecar["events"]] == ["dwell"]
    assert sidecar["clips"][1]["join"]["kind"] == "splice"
    assert not PERCUSSION & {clip["tags"]["instrument"] for clip in sidecar["clips"]}


Engine = tuple[EngineClient, Callable[[], Delivery]]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    told: queue.Queue[Delivery] = queue.Queue()
    with (tmp_path / "log").open("ab") as log:
        client = EngineClient(told.put, log=log)

    def hear() -> Delivery:
        heard = take(told, client.pid)
        assert not isinstance(heard, EngineLost), heard
        return heard

    yield client, hear
    client.close()


def test_loading_is_told_and_the_engine_answers_meanwhile(
    engine: Engine, tiny_checkpoint: Path
) -> None:
    client, hear = engine
    client.open(str(tiny_checkpoint))
    shares: list[float] = []
    ponged_at: list[float] = []
    while not isinstance(heard := hear(), Opened):
        if isinstance(heard, Loading):
            shares.append(heard.share)
            if len(shares) == 1:
                client.ping(7)
        elif isinstance(heard, Pong):
            ponged_at.append(shares[-1])
        else:
            assert not isinstance(heard, Failure), heard
    assert shares == sorted(set(shares))
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert ponged_at
    assert ponged_at[0] < 1.0, "it answers before the model is loaded"
    assert heard.composer == str(tiny_checkpoint)


def test_what_can_t_be_loaded_is_refused_in_a_sentence(engine: Engine, tmp_path: Path) -> None:
    client, hear = engine
    client.open(str(tmp_path / "nothing"))
    while not isinstance(heard := hear(), Failure):
        pass
    assert "nothing" in heard.reason
    assert "\n" not in heard.reason


def test_an_adapter_that_nobody_added_is_refused_in_a_sentence(
    engine: Engine, tiny_checkpoint: Path
) -> None:
    client, hear = engine
    generation = Generation(adapters=("nobody",))
    client.open(str(tiny_checkpoint), ComposerOptions(generation=generation))
    while not isinstance(heard := hear(), Failure):
        pass
    assert "There is no adapter called nobody on this machine" in heard.reason
    assert "models add FOLDER --name nobody" in heard.reason


def test_a_living_engine_takes_what_goes_by_the_name_now(
    engine: Engine, tiny_checkpoint: Path, adapter: Path, tmp_path: Path
) -> None:
    """That of a service composes for weeks; meanwhile a name may come to mean another adapter."""
    client, hear = engine
    lying = tmp_path / "tuned"
    options = ComposerOptions(generation=Generation(adapters=(str(lying),)))

    def opened() -> tuple[bool, Delivery]:
        client.open(str(tiny_checkpoint), options)
        loaded = False
        while not isinstance(heard := hear(), Opened | Failure):
            loaded = loaded or (isinstance(heard, Loading) and heard.share > 0.0)
        return loaded, heard

    shutil.copytree(adapter, lying)
    assert [opened()[0], opened()[0]] == [True, False], "the same one is not loaded again"
    shutil.rmtree(lying)
    shutil.copytree(adapter, lying)
    assert opened()[0]
    shutil.rmtree(lying)
    _, heard = opened()
    assert isinstance(heard, Failure)
    assert "tuned" in heard.reason


def test_where_the_model_can_t_be_loaded_the_embedded_composer_plays(
    tmp_path: Path, tiny_checkpoint: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_checkpoint, broken)
    config = json.loads((broken / "config.json").read_text())
    config["decoder"]["activation_function"] = "relu"
    (broken / "config.json").write_text(json.dumps(config))
    request = Request(
        start=Affect(-0.4, 0.6), target=Affect(0.4, -0.6), minutes=2, seed=2, composer=str(broken)
    )
    library = Library(tmp_path / "library")
    runner = prepare(request, library=library, sink=NullSink(), log_file=tmp_path / "engine.log")
    try:
        runner.start()
        wait_for_session(runner, lambda: runner.playback.state().heard >= 0.5)
        said = " ".join(notice.text for notice in runner.take_notices())
        assert "The embedded composer takes over from" in said
        assert "relu" in said
        assert runner.status().composer == "embedded"
        assert runner.status().failure is None
    finally:
        runner.stop()
        runner.close()
        library.close()
