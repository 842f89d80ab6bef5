"""Sound, scores, models and sidecars that musmed reads: whole ones, who reads them, and how such
files are mutated. ``kinds_of_files.py`` has all kinds."""

from __future__ import annotations

import io
import json
import random
import struct
import tempfile
from functools import cache
from pathlib import Path

import mido
import numpy as np
from support.mutations import mutated as other_value
from support.odd_sounds import tune, written
from support.tensor_bundles import write_bundle, write_frozen
from support.tiny_soundfont import tiny_soundfont

from engine.affect.circumplex import Affect
from engine.audio.reading.sounds import SoundReader
from engine.composers.musicgen.files.adapters import check_adapter
from engine.composers.musicgen.opening import read_opening
from engine.composers.score.sound.soundfont import choose
from engine.composers.synthesis import Synthesis, built_in
from engine.errors import MusmedError
from engine.evaluation.following import course_of
from engine.evaluation.judges.base import Judged, Window
from engine.evaluation.judges.tensor_bundle import read_bundle
from engine.evaluation.tagger_head import FORMAT, Head, HeadRecord, Weights, write_head
from engine.evaluation.track_embeddings import read_excerpts
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.sidecar import read_report, write_report

_EDGES = (bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x80")


def mutated(data: bytes, dice: random.Random) -> bytes:
    """``data`` with some bits turned, numbers set to the ends of their ranges, stretches put in,
    left out or cut off; more often near its head, where containers say what they are."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        at = dice.randrange(max(1, len(out) if dice.random() < 0.5 else min(len(out), 200)))
        match dice.randrange(6):
            case 0 | 1 if at < len(out):
                out[at] ^= 1 << dice.randrange(8)
            case 2:
                out[at : at + 4] = dice.choice(_EDGES)
            case 3:
                out[at:at] = dice.randbytes(dice.randrange(40))
            case 4:
                del out[at : at + dice.randrange(1, 2_000)]
            case _:
                del out[at:]
    return bytes(out)


def flipped(data: bytes, dice: random.Random) -> bytes:
    """With one to three bits turned, where any other length is refused at once."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        out[dice.randrange(len(out))] ^= 1 << dice.randrange(8)
    return bytes(out)


def mutated_json(data: bytes, dice: random.Random) -> bytes:
    """With another value somewhere in it, most often; bytes by chance leave hardly any JSON."""
    if dice.random() < 0.2:
        return mutated(data, dice)
    new = other_value(data.decode(), dice)
    return new if isinstance(new, bytes) else str(new).encode("utf-8", "replace")


_JOINED = ("WAV", "FLAC", "OGG", "MP3")


@cache
def sounds() -> list[bytes]:
    forms = ("WAV", "AIFF", "RF64", "W64", "AU", "CAF", "FLAC", "OGG", "MP3")
    made = [written(tune(1.5), form) for form in forms]
    joined = [data + data for form, data in zip(forms, made, strict=True) if form in _JOINED]
    return [*made, *joined]


def read_sound(path: Path) -> None:
    with SoundReader(path) as reader:
        for piece in reader.pieces():
            assert np.isfinite(piece.audio).all()
            assert piece.audio.size <= 1 << 22
        assert all(remark.endswith(".") for remark in reader.remarks)


def read_as_opening(path: Path) -> None:
    audio, rate, _ = read_opening(str(path))
    assert np.abs(audio).max() <= 1.0
    assert len(audio) <= 8 * rate


def read_soundfont(path: Path) -> None:
    """A font that is taken sounds; what is wrong with another is a sentence."""
    chosen = choose(Synthesis("fluidsynth", str(path)))
    if built_in(chosen.identity):
        raise MusmedError(chosen.notice)
    for name in ("piano", "kick"):
        assert np.isfinite(chosen.instruments[name].make(60, 2, 4_800)).all()


def read_adapter(path: Path) -> None:
    check_adapter("it", path.parent)


TENSORS = json.dumps(
    {
        "__metadata__": {"format": "pt"},
        "a.lora_A.weight": {"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 32]},
        "a.lora_B.weight": {"dtype": "F16", "shape": [4, 2], "data_offsets": [32, 48]},
    }
).encode()
TENSOR_FILE = struct.pack("<Q", len(TENSORS)) + TENSORS + bytes(48)
ADAPTER = json.dumps(
    {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none", "target_modules": ["q_proj"]}
).encode()


@cache
def scores() -> list[bytes]:
    file = mido.MidiFile(type=1)
    for channel in range(2):
        track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=600_000)])
        track.append(mido.MetaMessage("time_signature", numerator=3, denominator=4))
        for key in range(60, 72):
            where = {"channel": channel, "note": key}
            track.append(mido.Message("note_on", velocity=64, time=0, **where))
            track.append(mido.Message("note_off", time=480, **where))
        file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return [out.getvalue()]


@cache
def sidecars() -> list[bytes]:
    request = Request(start=Affect(-0.4, 0.7), target=Affect(0.6, -0.6), minutes=4.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        write_report(path, request=request, plan=make_plan(request), events=(), clips=(), joins=())
        return [path.read_bytes()]


WINDOWS = tuple(Window(at - 30.0, at, 0.1, 0.2) for at in map(float, range(30, 240, 10)))


def read_sidecar(path: Path) -> None:
    course = course_of("a session", read_report(path), Judged(WINDOWS, ()))
    assert np.isfinite(course.planned).all()


@cache
def checkpoints() -> tuple[bytes, bytes]:
    tensors = {f"layer_{n}/kernel": np.ones((2, 3), np.float32) for n in range(9)}
    with tempfile.TemporaryDirectory() as folder:
        index, data = Path(folder) / "index", Path(folder) / "data"
        write_bundle(index, data, tensors)
        return index.read_bytes(), data.read_bytes()


def read_checkpoint(path: Path) -> None:
    data = path.with_suffix(".data")
    data.write_bytes(checkpoints()[1])
    assert all(values.size <= 54 for values in read_bundle(path, data).values())


FONT = tiny_soundfont([(0, 0), (0, 4), (128, 0)])


@cache
def graphs() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pb"
        write_frozen(path, {f"layer_{n}/kernel": np.ones((2, 3), np.float32) for n in range(4)})
        return [path.read_bytes()]


@cache
def arrays() -> list[bytes]:
    out = io.BytesIO()
    np.save(out, np.ones((3, 8), np.float32), allow_pickle=False)
    return [out.getvalue()]


def read_embeddings(path: Path) -> None:
    held = read_excerpts(path)
    assert held is None or np.isfinite(held).all()


@cache
def heads() -> list[bytes]:
    """Of clap-tagger: needs safetensors' own library to write and to read."""
    even = np.ones(4)
    record = HeadRecord(
        format=FORMAT,
        clap="a/b",
        tags=("calm", "dark"),
        l2=1.0,
        tracks=9,
        precision=0.5,
        chance=0.1,
    )
    weights = Weights(np.ones((2, 4)), np.zeros(2), np.zeros(4), even)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "head.safetensors"
        write_head(Head(record, weights, even), path)
        return [path.read_bytes()]
