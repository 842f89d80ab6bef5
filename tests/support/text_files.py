"""Texts and small files that musmed reads: whole ones, who reads them, and how they are mutated."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import msgspec
from support.binary_files import mutated
from support.filled_sheets import filled
from support.mood_tables import signed
from support.mutations import NASTY

from engine.composers.speeds import Speeds
from engine.evaluation.moodtheme_split import LIST, PARTS, read_split
from engine.hub_cache import snapshots
from engine.listener.signal_lines import Lines, parse
from engine.session.library.lock import NAME, last_word
from musmed_tui.commands.train_recipe import recipe_of
from musmed_tui.felt import read_feelings
from musmed_tui.following import read_course
from musmed_tui.hosts import read_hosts
from musmed_tui.settings import load_settings
from musmed_tui.theming import theme_folder
from musmed_tui.there import Models, document

_WORDS = [value for value in NASTY if isinstance(value, str)]
_SIGNS = "=[]{}\"',;:.#-+\t\n\r\0\x1b\u202e\ufeff"


def mutated_text(data: bytes, dice: random.Random) -> bytes:
    """Lines exchanged, doubled, left out or put together; a word or a sign in the place of another;
    now and then any bytes."""
    if dice.random() < 0.2:
        return mutated(data, dice)
    lines = data.decode().splitlines(keepends=True)
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = dice.randrange(len(lines)) if lines else 0
        match dice.randrange(6):
            case 0 if lines:
                del lines[at]
            case 1 if lines:
                lines[at:at] = [lines[at]] * dice.choice((1, 2, 50))
            case 2 if lines:
                other = dice.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case 3 if lines:
                lines[at] = lines[at].rstrip("\n")
            case 4:
                lines[at:at] = [dice.choice(_WORDS)]
            case _ if lines:
                lines[at] = _other_word(lines[at], dice)
            case _:
                pass
    return "".join(lines).encode("utf-8", "surrogatepass")


def _other_word(line: str, dice: random.Random) -> str:
    begin = dice.randrange(len(line) + 1)
    end = begin + dice.randrange(8)
    new = dice.choice((dice.choice(_SIGNS), dice.choice(_SIGNS) * 3, dice.choice(_WORDS)))
    return line[:begin] + new + line[end:]


SETTINGS = b"""\
# what is usual
theme = "dusk"
minutes = 20.0
volume = 0.8
temperature = 0.3
synthesis = "builtin"
adapters = ["a/b", "c/d=0.5"]
gentle = "leaps=6,held"
top_k = 250
sink = "auto"
latency = 0.5
library_gb = 2.0
"""


def read_settings(path: Path) -> None:
    load_settings(path, {})


@cache
def themes() -> list[bytes]:
    return [path.read_bytes() for path in sorted(theme_folder().glob("*.y*ml"))]


HOSTS = b"""\
[lab]
address = "user@server"
[gpu]
address = "gpu.example.org"
command = "~/venv/bin/musmed engine"
"""


def read_these_hosts(path: Path) -> None:
    read_hosts(SimpleNamespace(hosts=path, config=path.parent))  # type: ignore[arg-type]


FEELINGS = b"""\
from = "tense"
to = "calm"
before = "30,70"
after = "60,-"
note = "Rain."
"""


def read_these_feelings(path: Path) -> None:
    read_feelings(str(path))


COURSE = b"""\
title = "Evenings"
note = "Three weeks"
minutes = 10
every_days = 2
[[session]]
from = "tense"
to = "calm"
times = 2
note = "Lie down"
[[session]]
from = "-0.4,0.2"
to = "glad"
minutes = 20
every_days = 7
strategy = "direct"
[[session]]
from = "sad"
to = "content"
day = 2026-12-24
"""


def read_this_course(path: Path) -> None:
    read_course(str(path))


@cache
def tables() -> list[bytes]:
    return [msgspec.json.format(msgspec.json.encode(signed()))]


@cache
def sheets() -> list[bytes]:
    return [filled(separator=separator).encode() for separator in ",;\t"]


_TRACKS = "".join(
    f"track_{n:07}\tartist_{n}\talbum_{n}\t{n:02}/{n}.mp3\t{60 + n}.5\tmood/theme---{tag}\n"
    for n, tag in enumerate(("calm", "dark", "epic", "happy", "sad"))
)
LISTED = f"TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n{_TRACKS}".encode()


def read_lists(path: Path) -> None:
    for part in PARTS:
        other = path.parent / LIST.format(part)
        if not other.exists():
            other.write_bytes(LISTED)
    read_split(path.parent)


SPEEDS = json.dumps({"a device": {"musicgen-small": 2.5, "musicgen-large": 0.7}}).encode()


def read_speeds(path: Path) -> None:
    speeds = Speeds(path.parent, "a device")
    speeds.of("musicgen-small")
    speeds.keep("musicgen-small", 2.0)
    assert speeds.of("musicgen-small") == 2.0


REF = b"0123456789abcdef0123456789abcdef01234567"


def read_ref(path: Path) -> None:
    """``path``: CACHE/models--a--b/refs/main."""
    assert len(list(snapshots("a/b", path.parents[2]))) <= 1


WORD = b"stopped 12.500000".ljust(64)


def read_last_word(path: Path) -> None:
    assert path.name == NAME
    word = last_word(path.parent)
    assert word is None or word[1] >= 0.0


SIGNAL = b"".join(
    json.dumps(line).encode() + b"\n"
    for line in ({"t": 1.0, "hr": 71}, {"t": 2, "rr": [840, 860.5]}, {"t": 3.5, "arousal": -0.25})
)


def read_signal(path: Path) -> None:
    lines, data = Lines(), path.read_bytes()
    for at in range(0, len(data), 700):
        for line in lines.feed(data[at : at + 700], at / 700):
            parse(line)


MODEL = {"name": "musicgen-small", "repo": "facebook/musicgen-small", "bytes": 1_000}
PRINTED = (
    b"Welcome\n"
    + json.dumps(
        {
            "models": [MODEL | {"decoder": "ours", "channels": 1, "here": "yes", "note": ""}],
            "licence": "CC-BY-NC 4.0",
        }
    ).encode()
)


def read_document(path: Path) -> None:
    document(path.read_bytes(), Models)


CAPTIONS = b"""\
file,caption,mood,genre,valence,arousal,split
a.wav,"A calm ambient piece, slow",,,0.5,-0.5,train
deep/b.wav,,"sad, dark",edm,,,test
c.wav,drums that feels tense,,,,,
"""
CAPTION_LINES = b"".join(
    json.dumps(line).encode() + b"\n"
    for line in (
        {"file": "a.wav", "caption": ["one", "two"], "valence": 0.5, "arousal": 0},
        {"audio": {"path": "deep/b.wav"}, "mood": "sad", "genre": ["edm", "house"]},
    )
)
RECIPE = b"""\
preset = "paper"
steps = 40
learning_rate = 2e-4
[lora]
rank = 8
alpha = 8.0
"""


def read_recipe(path: Path) -> None:
    recipe_of(str(path), {"batch": "4"})
