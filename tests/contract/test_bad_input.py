"""What a listener can get wrong, and what can be wrong around them: one clear sentence each.

Every case is a process of its own (``forking_musmed.py``). It must end with exit code 2, exactly
one line on stderr that holds the words a listener needs, no traceback anywhere, and everything
that was there before.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from engine.affect.moods import MOODS

ROOT = Path(__file__).parents[2]
FORKING = Path(__file__).parents[1] / "support" / "forking_musmed.py"
LITTLE_DISK = 256 * 1024


class Case(NamedTuple):
    """``arguments``: '{home}' stands for the test's own folder. ``words`` must be on stderr.
    ``made``: files to be there before. ``environment``: over the usual one."""

    name: str
    arguments: str
    words: tuple[str, ...]
    made: dict[str, str | None] = {}  # noqa: RUF012 - never changed; None makes a folder
    environment: dict[str, str] = {}  # noqa: RUF012 - never changed
    little_disk: bool = False
    odd: dict[str, str] = {}  # noqa: RUF012 - never changed; name -> kind, see ``make_odd``


NO_ROOM = ("can't be written", "free some space")
ASK = "--from tense --to calm --minutes 1 --seed 1"
PLAN = "plan --from tense --to calm"
RENDER = f"render {ASK} -o"
PLAY = f"play {ASK} --sink null"
SMALL = f"{PLAY} --composer musicgen-small"
LONG = "x" * 300
STRANGER = "~nosuchuser/x"
WAV = (
    "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"
    "\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x10\x27\x00\x00zz"
)
"""The head of a WAV file of 8-bit samples at 8 kHz that ends after two of them."""
SETTINGS = "musmed/config/settings.toml"
MUSICGEN = '{"model_type": "musicgen", "decoder": {}, "text_encoder": {}, "audio_encoder": {}}'
LOG, ENGINE_LOG = "musmed/state/musmed.log", "musmed/state/engine.log"
SCORE = f"render {ASK} --midi"
ID = "20200101-000000-aa"
SESSION_OF = "render -o {home}/a.flac --session"
CLIMBING = '{"weight_map": {"a": "../x.safetensors"}}'

SHEET = "tag,answer\n" + "".join(
    f"{mood.name},{'pleasant low' if mood.name == 'calm' else 'none'}\n" for mood in MOODS
)
SHEETS: dict[str, str | None] = {"a": SHEET, "b": SHEET}
STRANGE = "tag,answer\n\x1b[2J,none\n"
AGREE = "moods agree {home}/a {home}/b"
TABLE = {"MUSMED_MOOD_TABLE": "{home}/t"}

CASES = (
    Case(
        "a sidecar in place of another's file",
        f"{RENDER} {{home}}/package.flac",
        ("package.json", "no sidecar"),
        {"package.json": '{"name": "x", "version": "1.0.0"}'},
    ),
    # what is asked for
    Case("unknown feeling", "play --from tens --to calm", ("'tens'", "tense")),
    Case("unknown target", "play --from tense --to clam", ("'clam'", "calm")),
    Case("feeling like nothing", "plan --from xqzw --to calm", ("'xqzw'", "musmed feelings")),
    Case("empty feeling", "plan --from= --to calm", ("feeling",)),
    Case("off the plane", "plan --from 0,2 --to calm", ("'0,2'", "between -1 and 1")),
    Case("three coordinates", "plan --from 0,0,0 --to calm", ("'0,0,0'", "two numbers")),
    Case("coordinates of words", "plan --from a,b --to calm", ("'a,b'", "two numbers")),
    Case("coordinates not a number", "plan --from nan,0 --to calm", ("'nan,0'", "-1 and 1")),
    Case("control characters", "plan --from \x1b[31m\x07 --to calm", ("feeling", "x1b")),
    Case("missing from", "play --to calm", ("--from", "missing", "musmed feelings")),
    Case("missing to", "play --from tense", ("--to", "missing")),
    Case("too short", f"{PLAN} --minutes 0.9", ("--minutes", "1 to 60", "'0.9'")),
    Case("too long", f"{PLAN} --minutes 61", ("--minutes", "1 to 60", "'61'")),
    Case("minutes of letters", f"{PLAN} --minutes abc", ("--minutes", "number", "'abc'")),
    Case("minutes nan", f"{PLAN} --minutes nan", ("--minutes", "1 to 60", "'nan'")),
    Case("minutes inf", f"{PLAN} --minutes inf", ("--minutes", "1 to 60", "'inf'")),
    Case("minutes negative", f"{PLAN} --minutes -5", ("--minutes", "1 to 60", "'-5'")),
    Case("minutes huge", f"{PLAN} --minutes 1{'0' * 400}", ("--minutes", "1 to 60")),
    Case("unknown strategy", f"{PLAN} --strategy zigzag", ("--strategy", "iso or direct")),
    Case("unknown instrument", f"{PLAN} --instrument piaano", ("'piaano'", "piano")),
    Case("unknown genre", f"{PLAN} --genre ambiant", ("'ambiant'", "ambient")),
    Case("unknown composer", f"{PLAN} --composer bach", ("'bach'", "auto", "embedded")),
    Case("temperature", f"{PLAN} --temperature 2", ("--temperature", "0 to 1", "'2'")),
    Case("seed of letters", f"{PLAN} --seed x", ("--seed", "whole number", "'x'")),
    Case("seed negative", f"{PLAN} --seed -1", ("--seed", "whole number", "'-1'")),
    Case("seed too large", f"{PLAN} --seed 9{'9' * 30}", ("--seed", "whole number")),
    Case("volume", f"{PLAY} --volume 1.5", ("--volume", "0 to 1", "'1.5'")),
    Case("sleep", f"{PLAY} --sleep 0", ("--sleep", "1 to 600", "'0'")),
    Case("volume of letters", f"{PLAY} --volume loud", ("--volume", "number", "'loud'")),
    Case("train on nothing", "train", ("folder of your music is missing", "-o my-adapter")),
    Case("train without a place", "train {home}", ("-o my-adapter",)),
    Case("train on no folder", "train check {home}/none", ("There is no folder", "none")),
    Case("train on a file", "train check {home}/a.wav", ("is no folder",), {"a.wav": WAV}),
    Case("train on an empty folder", "train check {home}/a", ("no sound",), {"a": None}),
    Case(
        "train on sounds without captions",
        "train check {home}/a",
        ("has a caption", "musmed train captions"),
        {"a/a.wav": WAV, "a/b.wav": WAV},
    ),
    Case(
        "train on one track",
        "train check {home}/a",
        ("one track",),
        {"a/a.wav": WAV, "a/a.txt": "calm"},
    ),
    Case("train on a file of 0 bytes", "train check {home}/a", ("0 bytes",), {"a/a.mp3": ""}),
    Case(
        "train on videos",
        "train check {home}/a",
        ("2 videos and no sound", "ffmpeg"),
        {"a/a.mp4": "x", "a/b.mkv": "x"},
    ),
    Case(
        "train by a table of something else",
        "train check {home}/a",
        ("captions.csv", "file,caption"),
        {"a/a.wav": WAV, "a/captions.csv": "id,name\n1,x\n"},
    ),
    Case(
        "captions over captions",
        "train captions {home}/a -o {home}/a/captions.csv",
        ("already", "another one"),
        {"a/a.wav": WAV, "a/captions.csv": "file,caption\na.wav,x\n"},
    ),
    Case("train by nobody", "train {home}/a -o {home}/b --judge nobody", ("nobody", "jamendo")),
    Case("train with odd numbers", "train {home}/a -o {home}/b --rank x", ("--rank", "1..1024")),
    Case(
        "train in front of a command",
        "train --seed 3 check {home}",
        ("--seed", "in front"),
    ),
    Case("train goes on with nothing", "train {home}/a -o {home}/b --resume", ("--resume",)),
    Case("evaluate nothing", "evaluate", ("nothing to evaluate", "musmed evaluate FILE")),
    Case(
        "evaluate with an option in front of its command",
        "evaluate --seed 3 fit-tagger x",
        ("--seed does nothing in front",),
    ),
    Case("evaluate no file", "evaluate {home}/a.wav", ("There is no file", "a.wav")),
    Case("evaluate an empty folder", "evaluate {home}", ("no sound file",)),
    Case("evaluate by nobody", "evaluate a.wav --judge nobody", ("nobody", "jamendo")),
    Case("evaluate by weights without a place", "evaluate a.wav --judge jamendo", ("jamendo",)),
    Case("evaluate a place too many", "evaluate a.wav --judge meter=x", ("takes no place",)),
    Case("evaluate seeds without a model", "evaluate a.wav --seeds 3", ("--seeds", "--model")),
    Case(
        "evaluate too many prompts", "evaluate --model embedded --prompts 57", ("--prompts", "56")
    ),
    Case("evaluate an unknown model", "evaluate --model nobody", ("nobody", "embedded")),
    Case(
        "evaluate an adapter on the embedded composer",
        "evaluate --model embedded --adapter x",
        ("--adapter", "MusicGen"),
    ),
    Case("evaluate onto no page", "evaluate a.wav --page x.pdf", ("x.pdf", ".html")),
    Case("evaluate beside no reference", "evaluate a.wav --reference {home}/no", ("no folder",)),
    Case(
        "evaluate with another's sidecar",
        "evaluate {home}/a.wav",
        ("a.json", "is no sidecar"),
        {"a.json": "{}"},
    ),
    Case("evaluate a pipe", "evaluate {home}/a.wav", ("a.json",), odd={"a.json": "pipe"}),
    Case("evaluate by a seed below zero", "evaluate a.wav --seed -1", ("--seed", "greater")),
    Case("measure nothing", "measure", ("missing", "musmed measure FILE")),
    Case("measure a missing file", "measure {home}/no.wav", ("no.wav", "no file")),
    Case("measure a folder", "measure {home}/f.wav", ("f.wav", "folder"), {"f.wav": None}),
    Case("measure text", "measure {home}/a.wav", ("a.wav", "can't be read"), {"a.wav": "no"}),
    Case("measure a device", "measure /dev/null", ("/dev/null", "regular file")),
    Case(
        "measure a file cut short",
        "measure {home}/a.wav",
        ("a.wav", "5 s of sound"),
        {"a.wav": WAV},
    ),
    Case("measure an unknown option", "measure a.wav --fast", ("No such option", "--fast")),
    Case("sessions limit", "sessions --limit 0", ("--limit", "1 to")),
    # models and adapters
    Case("get nothing", "models get", ("missing", "musmed models list")),
    Case("get an unknown model", "models get musicgen-smal", ("'musicgen-smal'", "musicgen-small")),
    Case("get a path", "models get ../../etc", ("'../../etc'", "musmed models list")),
    Case(
        "get when told to be offline",
        "models get musicgen-small",
        ("HF_HUB_OFFLINE", "unset it"),
        {},
        {"HF_HUB_OFFLINE": "1"},
    ),
    Case(
        "path of a model that is not here",
        "models path musicgen-small",
        ("not on this machine", "musmed models get musicgen-small", "--composer embedded"),
    ),
    Case(
        "path of a pickled model",
        "models path {home}/m",
        ("pickles only (pytorch_model.bin)", "safetensors"),
        {"m/config.json": MUSICGEN, "m/pytorch_model.bin": "no"},
    ),
    Case(
        "path of a model cut short",
        "models path {home}/m",
        ("model.safetensors", "not a safetensors file"),
        {"m/config.json": MUSICGEN, "m/model.safetensors": "no"},
    ),
    Case(
        "path of a model that names files elsewhere",
        "models path {home}/m",
        ("'../x.safetensors'", "no safetensors file beside it"),
        {"m/config.json": MUSICGEN, "m/model.safetensors.index.json": CLIMBING},
    ),
    Case("add nothing", "models add", ("missing", "models add FOLDER")),
    Case("add what is not there", "models add {home}/m", ("no adapter", "mend the path")),
    Case(
        "add a model",
        "models add {home}/m",
        ("holds no adapter", "adapter_config.json"),
        {"m/config.json": MUSICGEN},
    ),
    Case("remove nothing", "models remove", ("missing", "musmed models list")),
    Case("remove what is not here", "models remove musicgen-small --yes", ("nothing to remove",)),
    Case("remove a path", "models remove {home} --yes", ("no model called",)),
    Case("models of no such kind", "models put x", ("No such command", "put", "--help")),
    Case(
        "play a model that is not here",
        f"{PLAY} --composer musicgen-small",
        ("musicgen-small", "--composer embedded"),
    ),
    Case(
        "render with a model that is not here",
        f"render {ASK} --composer musicgen-small -o {{home}}/a.flac",
        ("musicgen-small", "--composer embedded"),
    ),
    Case(
        "play a model of no such folder",
        f"{PLAY} --composer {{home}}/no",
        ("no", "--composer embedded"),
    ),
    Case("play a model of no such name", f"{PLAY} --composer musicgen-smal", ("musicgen-small",)),
    Case("adapter for embedded", f"{PLAY} --adapter x", ("--adapter", "--composer musicgen")),
    Case(
        "adapter of no scale",
        f"{PLAY} --composer musicgen-small --adapter x=loud",
        ("-2 to 2", "'loud'"),
    ),
    Case(
        "adapter of nothing",
        f"{PLAY} --composer musicgen-small --adapter =1",
        ("--adapter", "folder"),
    ),
    Case("adapter without value", f"{PLAY} --adapter", ("--adapter", "argument")),
    Case(
        "too many adapters",
        PLAY + " --composer musicgen-small" + " --adapter x" * 9,
        ("--adapter", "8 times"),
    ),
    # places that can't be looked at
    Case("composer of a long name", f"{PLAY} --composer /{LONG}", ("no checkpoint", "too long")),
    Case("composer of a stranger", f"{PLAY} --composer {STRANGER}", ("no checkpoint", "home")),
    Case("adapter of a long name", f"{SMALL} --adapter {LONG}=0.5", ("musicgen-small",)),
    Case("adapter of a stranger", f"{SMALL} --adapter {STRANGER}", ("no adapter", "home")),
    Case("opening of a stranger", f"{SMALL} --opening {STRANGER}", ("no opening", "home")),
    Case("path of a long name", f"models path /{LONG}", ("no checkpoint", "too long")),
    Case("path of a stranger", f"models path {STRANGER}", ("no checkpoint", "home")),
    Case("hub's cache of a stranger", "models list", ("HF_HOME",), {}, {"HF_HOME": STRANGER}),
    Case("home of a stranger", PLAN, ("MUSMED_HOME",), {}, {"MUSMED_HOME": STRANGER}),
    Case("measure a long name", f"measure /{LONG}", ("no sound file", "too long")),
    Case("output of a stranger", f"{RENDER} {STRANGER}.flac", ("no sound file", "home")),
    Case("settings, adapters", PLAN, ("adapters", "line 1"), {SETTINGS: "adapters = [1]\n"}),
    Case(
        "settings, scale of an adapter",
        PLAN,
        ("settings.toml, line 1", "-2 to 2", "'9'"),
        {SETTINGS: 'adapters = ["x=9"]\n'},
    ),
    # the command line itself
    Case("unknown command", "paly", ("No such command", "paly", "--help")),
    Case("unknown option", f"{PLAN} --colour red", ("No such option", "--colour", "--help")),
    Case("option without value", "plan --from", ("--from", "argument")),
    Case("stray argument", f"{PLAN} now", ("unexpected", "now", "--help")),
    # where the sound goes
    Case("unknown sink", f"play {ASK} --sink radio", ("'radio'", "sounddevice", "null")),
    Case("sink null with a word", f"play {ASK} --sink null:x", ("'null:x'",)),
    Case("sink file without a path", f"play {ASK} --sink file", ("file", "path")),
    Case(
        "sink file of no format",
        f"play {ASK} --sink file:{{home}}/a.mp3",
        (".flac", ".wav", ".ogg"),
    ),
    Case("sink file in no folder", f"play {ASK} --sink file:{{home}}/no/a.flac", ("no", "folder")),
    Case("no such device", f"play {ASK} --sink sounddevice:nosuchcard", ("nosuchcard",)),
    Case("no such miniaudio device", f"play {ASK} --sink miniaudio:nosuchcard", ("nosuchcard",)),
    # the output of a rendering
    Case("no output", f"render {ASK}", ("-o", "missing")),
    Case("output of a long name", f"{RENDER} {LONG}.flac", ("can't be written", "too long")),
    Case("score of a long name", f"render {ASK} --midi {LONG}.mid", ("no score", "too long")),
    Case("score in a long folder", f"render {ASK} --midi {LONG}/a.mid", ("no", "too long")),
    Case(
        "sidecar of a long name",
        f"{RENDER} {{home}}/{'x' * 251}.wav",
        ("no sidecar", "too long"),
    ),
    Case("empty output", f"{RENDER} ''", ("-o", "missing")),
    Case("output is a folder", f"{RENDER} {{home}}/f.flac", ("f.flac", "folder"), {"f.flac": None}),
    Case("unknown suffix", f"{RENDER} {{home}}/a.mp3", (".flac", ".wav", ".ogg")),
    Case("no suffix", f"{RENDER} {{home}}/a", (".flac", ".wav", ".ogg")),
    Case("missing parent", f"{RENDER} {{home}}/no/a.flac", ("no", "folder")),
    Case("parent is a file", f"{RENDER} {{home}}/x/a.flac", ("folder",), {"x": "kept"}),
    Case("unwritable folder", f"{RENDER} /proc/a.flac", ("/proc",)),
    Case("sidecar is a folder", f"{RENDER} {{home}}/a.flac", ("a.json",), {"a.json": None}),
    Case(
        "rendering, disk full",
        f"{RENDER} {{home}}/a.wav",
        ("can't be written", "free some space"),
        little_disk=True,
    ),
    # what is stored
    Case("settings, no TOML", PLAN, ("settings.toml", "line 2"), {SETTINGS: "\nminutes =\n"}),
    Case(
        "settings, unknown key",
        PLAN,
        ("settings.toml, line 3", "'minuts'", "did you mean minutes"),
        {SETTINGS: "# mine\nvolume = 0.5\nminuts = 20\n"},
    ),
    Case(
        "settings, wrong type",
        PLAN,
        ("settings.toml, line 1", "minutes", "'twenty'"),
        {SETTINGS: 'minutes = "twenty"\n'},
    ),
    Case(
        "settings, out of range",
        PLAN,
        ("settings.toml, line 1", "latency", "0.05 to 5"),
        {SETTINGS: "latency = 50\n"},
    ),
    Case(
        "settings, table",
        PLAN,
        ("line 1", "'sinks'", "mean sink"),
        {SETTINGS: "[sinks]\nauto = true\n"},
    ),
    Case("settings, a folder", PLAN, ("settings.toml", "can't be read"), {SETTINGS: None}),
    Case("settings, not text", PLAN, ("not UTF-8", "line 1"), {SETTINGS: "\udcff\udcfe"}),
    Case(
        "settings, unknown theme",
        PLAY,
        ("'drak'", "dark"),
        {SETTINGS: 'theme = "drak"\n'},
    ),
    Case(
        "settings, unknown genre",
        PLAN,
        ("'ambiant'", "ambient", "settings.toml, line 1"),
        {SETTINGS: 'genre = "ambiant"\n'},
    ),
    Case("environment", PLAN, ("MUSMED_MINUTES", "1 to 60"), {}, {"MUSMED_MINUTES": "99"}),
    Case("environment of letters", PLAN, ("MUSMED_VOLUME",), {}, {"MUSMED_VOLUME": "loud"}),
    Case("library is a file", PLAY, ("library", "MUSMED_HOME"), {"musmed/data": "kept"}),
    Case("log folder is a file", PLAY, ("logs", "MUSMED_HOME"), {"musmed/state": "kept"}),
    Case("nothing to resume", "resume", ("no unfinished session", "musmed play")),
    Case("resume unknown", "resume 20200101-000000-aa", ("20200101-000000-aa", "musmed sessions")),
    Case("resume a path", "resume ../../etc", ("'../../etc'", "musmed sessions")),
    Case("resume nothing", "resume ''", ("musmed sessions",)),
    Case("playing, disk full", PLAY, NO_ROOM, little_disk=True),
    *(
        Case(f"settings, {kind}", PLAN, ("settings.toml", *words), odd={SETTINGS: kind})
        for kind, words in {
            "pipe": ("no regular file", "mend or remove it"),
            "endless device": ("no regular file", "mend or remove it"),
            "link to itself": ("can't be read", "mend or remove it"),
            "a gigabyte": ("over 64 KiB", "mend or remove it"),
        }.items()
    ),
    *(
        Case(f"settings, {name}", PLAN, ("settings.toml", *words), {SETTINGS: text})
        for name, text, words in (
            ("lists in lists", f"sink = {'[' * 30_000}", ("within each other", "mend")),
            ("lists that end", f"sink = {'[' * 300}{']' * 300}", ("line 1", "word in quotes")),
            ("tables in tables", f"a = {'{a=' * 9_000}", ("within each other", "mend")),
            ("a number without end", f"minutes = {'9' * 60_000}", ("far too long",)),
            ("a hexadecimal without end", f"minutes = 0x{'f' * 60_000}", ("1 to 60", "too long")),
            ("a key of many parts", f"{'.'.join('a' * 32_000)} = 1", ("line 1", "too many dots")),
            ("a table of many parts", f"[{'.'.join('a' * 30_000)}]", ("line 1", "too many dots")),
            ("many tables", "[[a]]\n" * 9_000, ("line 1", "'a'")),
            ("a date", "minutes = 1979-05-27", ("line 1", "1 to 60")),
            ("no number", "volume = nan", ("line 1", "0 to 1")),
            ("without end", "latency = inf", ("line 1", "0.05 to 5")),
            ("a truth", "minutes = true", ("line 1", "True")),
            ("a broken letter", 'sink = "\\ud800"', ("not valid TOML",)),
            ("a NUL", "minutes = 5\0", ("not valid TOML",)),
            ("twice the same", "minutes = 5\nminutes = 6", ("not valid TOML",)),
            ("no end of a text", 'sink = "null', ("not valid TOML",)),
            ("an empty word", 'sink = ""', ("line 1", "word in quotes")),
            ("a word of 300 letters", f'sink = "{LONG}"', ("line 1", "word in quotes")),
            ("a sequence for terminals", 'strategy = "\\u001b[2J"', ("iso or direct", "x1b")),
            ("a log level", 'log_level = "loud"', ("debug", "warning")),
            ("glyphs", 'glyphs = "runes"', ("auto", "ascii")),
            ("numbers there are not", 'precision = "int4"', ("line 1", "bfloat16 or int8")),
            ("a half code", "top_k = 2.5", ("whole number",)),
            ("a folder as adapter", 'adapters = ["=1"]', ("adapter",)),
        )
    ),
    Case("settings folder is a pipe", PLAN, ("settings.toml",), odd={"musmed/config": "pipe"}),
    Case("settings folder in a circle", PLAN, ("links",), odd={"musmed/config": "link to itself"}),
    *(
        Case(f"log is a {kind}", PLAY, ("musmed.log", "can't be written"), odd={LOG: kind})
        for kind in ("pipe", "link to itself")
    ),
    Case("log is a folder", PLAY, ("musmed.log", "can't be written"), {LOG: None}),
    *(
        Case(f"engine's log is a {kind}", PLAY, ("engine.log",), odd={ENGINE_LOG: kind})
        for kind in ("pipe", "link to itself")
    ),
    Case("engine's log is a folder", PLAY, ("engine.log", "move away"), {ENGINE_LOG: None}),
    Case("state is a pipe", PLAY, ("logs", "MUSMED_HOME"), odd={"musmed/state": "pipe"}),
    Case("data is a pipe", PLAY, ("library", "MUSMED_HOME"), odd={"musmed/data": "pipe"}),
    Case(
        "data is a circle", PLAY, ("library", "MUSMED_HOME"), odd={"musmed/data": "link to itself"}
    ),
    Case(
        "home is a file",
        PLAY,
        ("settings.toml", "Not a dir"),
        {"x": "kept"},
        {"MUSMED_HOME": "{home}/x"},
    ),
    Case("home is a device", PLAY, ("/dev/null/config", "mend"), {}, {"MUSMED_HOME": "/dev/null"}),
    Case("home of a long name", PLAN, ("settings",), {}, {"MUSMED_HOME": f"/{LONG}"}),
    Case("measure a pipe", "measure {home}/a.wav", ("no regular file",), odd={"a.wav": "pipe"}),
    Case("measure a circle", "measure {home}/a", ("a", "links"), odd={"a": "link to itself"}),
    Case("measure an endless device", "measure /dev/zero", ("/dev/zero", "regular file")),
    Case("measure nothing at all", "measure ''", ("missing", "musmed measure FILE")),
    Case("measure an empty file", "measure {home}/a.wav", ("a.wav",), {"a.wav": ""}),
    Case("measure a terminal sequence", "measure \x1b[2J\x9b", ("x1b[2J", "x9b")),
    Case("output is a pipe", f"{RENDER} {{home}}/a.flac", ("a pipe",), odd={"a.flac": "pipe"}),
    Case("sidecar is a pipe", f"{RENDER} {{home}}/a.flac", ("a pipe",), odd={"a.json": "pipe"}),
    Case("output of a long path", f"{RENDER} {{home}}/{LONG}.flac", (LONG[:50],)),
    Case("output in a circle", f"{RENDER} {{home}}/l/a.flac", ("l",), odd={"l": "link to itself"}),
    Case("score is a pipe", f"{SCORE} {{home}}/a.mid", ("a pipe",), odd={"a.mid": "pipe"}),
    Case("score is a folder", f"{SCORE} {{home}}/a.mid", ("folder",), {"a.mid": None}),
    Case("score of no suffix", f"{SCORE} {{home}}/a.txt", (".mid",)),
    Case("score in no folder", f"{SCORE} {{home}}/no/a.mid", ("no", "folder")),
    Case("score of a stranger", f"{SCORE} {STRANGER}.mid", ("no score", "home")),
    Case(
        "score of another composer",
        f"{SCORE} {{home}}/a.mid --composer musicgen-small",
        ("embedded",),
    ),
    Case(
        "model is a pipe",
        "models path {home}/m",
        ("config.json",),
        {"m": None},
        odd={"m/config.json": "pipe"},
    ),
    Case("model is a circle", "models path {home}/m", ("links",), odd={"m": "link to itself"}),
    Case(
        "adapter is a pipe", f"{SMALL} --adapter {{home}}/a", ("musicgen-small",), odd={"a": "pipe"}
    ),
    Case("guidance", f"{SMALL} --guidance 11", ("--guidance", "1 to 10", "'11'")),
    Case("top-k", f"{SMALL} --top-k 1.5", ("--top-k", "whole number", "'1.5'")),
    Case("sampling temperature", f"{SMALL} --sampling-temperature x", ("0 to 2", "'x'")),
    Case("unknown decoder", f"{SMALL} --decoder theirs", ("ours", "reference", "audiocraft")),
    Case("unknown precision", f"{SMALL} --precision int4", ("auto", "float32", "int8", "'int4'")),
    Case("unknown synthesis", f"{PLAY} --synthesis fm", ("auto", "builtin", "fluidsynth")),
    Case("opening for embedded", f"{PLAY} --opening {{home}}/a.wav", ("--opening", "MusicGen")),
    Case("empty minutes", f"{PLAN} --minutes ''", ("--minutes", "''")),
    Case("minutes in Arabic figures", f"{PLAN} --minutes ١٢٣٤", ("--minutes", "1 to 60")),
    Case("seed in other figures", f"{PLAN} --seed ²", ("--seed", "whole number")),
    Case("seed with a sign", f"{PLAN} --seed +1", ("--seed", "whole number")),
    Case("feeling of signs of direction", "plan --from \u202emlac --to calm", ("u202e",)),
    Case("feeling of 10,000 letters", f"plan --from {'x' * 10_000} --to calm", ("xxx",)),
    Case("sessions limit of letters", "sessions --limit many", ("--limit", "'many'")),
    Case("sessions limit huge", f"sessions --limit {'9' * 400}", ("--limit", "1 to")),
    Case("render a session of no id", "render --session x -o {home}/a.flac", ("no session x",)),
    Case("render a session with a path", f"{SESSION_OF} ../../etc", ("musmed sessions",)),
    Case("render a session and more", f"{SESSION_OF} {ID} --to calm", ("--session", "leave out")),
    Case("render an unknown session", f"{SESSION_OF} {ID}", (ID, "musmed sessions")),
    Case("resume with a terminal sequence", "resume \x1b]0;x\x07", ("x1b]0;x",)),
    Case("a switch with a value", f"{PLAN} --json=yes", ("--json", "value")),
    Case("half an option", f"{PLAN} --instr piano", ("No such option", "--instr")),
    Case("options of another command", "feelings --minutes 5", ("No such option", "--minutes")),
    Case("a list and a word", "genres dark", ("unexpected", "dark")),
    Case("moods and a word", "moods dark", ("'dark'", "moods --help")),
    Case("an option in front of a sheet", "moods --json export", ("--json", "in front")),
    Case("a sheet over another", "moods export {home}/a.csv", ("a.csv", "already"), {"a.csv": "x"}),
    Case("a sheet that is a folder", "moods export {home}/a", ("folder",), {"a": None}),
    Case("a sheet in no folder", "moods export {home}/no/a.csv", ("no folder",)),
    Case("a sheet that is a pipe", "moods export {home}/a", ("already",), odd={"a": "pipe"}),
    Case("agree on nothing", "moods agree", ("missing", "SHEET SHEET")),
    Case("agree with oneself", "moods agree {home}/a {home}/a", ("twice",), {"a": SHEET}),
    Case("agree alone", "moods agree {home}/a", ("two people",), {"a": SHEET}),
    Case("agree on no file", "moods agree {home}/a", ("can't be read", "No such file")),
    Case("agree on a pipe", "moods agree {home}/a", ("no regular file",), odd={"a": "pipe"}),
    Case("agree on a gigabyte", "moods agree {home}/a", ("256 KiB",), odd={"a": "a gigabyte"}),
    Case("agree on text", "moods agree {home}/a", ("no column 'tag'", "export"), {"a": "hello"}),
    Case(
        "agree on an unknown tag", "moods agree {home}/a", ("row 2", "'\\x1b[2J'"), {"a": STRANGE}
    ),
    Case("a table without a name", f"{AGREE} -o {{home}}/t", ("--name", "missing"), SHEETS),
    Case("a table without a hand", f"{AGREE} -o {{home}}/t --name x", ("--signed",), SHEETS),
    Case("a name without a table", f"{AGREE} --name x", ("-o TABLE",), SHEETS),
    Case(
        "a table of musmed's name",
        f"{AGREE} -o {{home}}/t --name Musmed --signed x",
        ("No table is written", "musmed's own"),
        SHEETS,
    ),
    Case(
        "a table over another",
        f"{AGREE} -o {{home}}/a --name x --signed y",
        ("already", "not written over"),
        SHEETS,
    ),
    Case(
        "a table without a majority",
        f"{AGREE} -o {{home}}/t --name x --signed y",
        ("no majority (action)", "--settle"),
        SHEETS | {"b": SHEET.replace("action,none", "action,middle")},
    ),
    Case(
        "a table of themes alone",
        f"{AGREE} -o {{home}}/t --name x --signed y",
        ("No table is written", "different places"),
        {name: SHEET.replace("calm,pleasant low", "calm,none") for name in "ab"},
    ),
    Case("a port that is none", "serve --port 70000", ("--port", "65535")),
    Case("no jobs", "serve --jobs 0", ("--jobs", "from 1")),
    Case("an origin with a path", "serve --allow-origin https://a.example/x", ("--allow-origin",)),
    Case("minutes of a service", "serve --minutes-most 61", ("--minutes-most", "60")),
    Case("a token that is none", "serve --token-file {home}/t", ("no token",), {"t": "abc"}),
    Case("an address that is none", "serve --bind no.such.invalid", ("no.such.invalid",)),
    Case("a mood table that is not there", PLAN, ("MUSMED_MOOD_TABLE", "No such"), {}, TABLE),
    Case(
        "a mood table that is none",
        PLAN,
        ("MUSMED_MOOD_TABLE", "no mood table", "musmed moods agree"),
        {"t": "{}"},
        TABLE,
    ),
    Case(
        "a mood table of the settings that is not there",
        PLAN,
        ("settings.toml, line 2", "no.json", "No such"),
        {SETTINGS: 'minutes = 5\nmood_table = "/nowhere/no.json"\n'},
    ),
    Case("environment, a choice", PLAN, ("MUSMED_STRATEGY",), {}, {"MUSMED_STRATEGY": "zigzag"}),
    Case("environment, a terminal sequence", PLAN, ("x1b",), {}, {"MUSMED_GLYPHS": "\x1b[2J"}),
)


def split(arguments: str, home: Path) -> list[str]:
    """Words by spaces ('' stands for an empty one); '{home}' is replaced."""
    return ["" if a == "''" else a.replace("{home}", str(home)) for a in arguments.split(" ")]


def environment_for(home: Path, case: Case) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MUSMED_", "HF_"))}
    places = {"MUSMED_HOME": "musmed", "TMPDIR": "tmp", "HF_HOME": "hf"}
    own = {name: value.replace("{home}", str(home)) for name, value in case.environment.items()}
    return kept | {name: str(home / place) for name, place in places.items()} | own


def make(home: Path, made: dict[str, str | None]) -> None:
    (home / "tmp").mkdir()
    for name, text in made.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.mkdir()
        else:
            path.write_bytes(text.encode("utf-8", "surrogateescape"))


def make_odd(home: Path, odd: dict[str, str]) -> None:
    """What is no file and stands where one should."""
    for name, kind in odd.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "link to itself":
                path.symlink_to(path)
            case "endless device":
                path.symlink_to("/dev/zero")
            case "a gigabyte":
                with path.open("wb") as file:
                    file.truncate(1 << 30)


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class Musmed:
    """``forking_musmed.py``, up and waiting."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(FORKING)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, home: Path, case: Case) -> Done:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        stdout, stderr = home / "stdout.txt", home / "stderr.txt"
        wanted = {
            "arguments": split(case.arguments, home),
            "environment": environment_for(home, case),
            "stdout": str(stdout),
            "stderr": str(stderr),
            # No file may grow past this: to a program that is a disk that is full.
            "file_size": LITTLE_DISK if case.little_disk else None,
        }
        self._process.stdin.write(msgspec.json.encode(wanted) + b"\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        return Done(status, stdout.read_text(), stderr.read_text())

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def musmed() -> Iterator[Musmed]:
    process = Musmed()
    yield process
    process.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_one_clear_sentence(musmed: Musmed, case: Case, tmp_path: Path) -> None:
    make(tmp_path, case.made)
    make_odd(tmp_path, case.odd)
    done = musmed.run(tmp_path, case)
    assert done.returncode == 2, (done.stdout, done.stderr)
    said = done.stderr.splitlines()
    assert len(said) == 1, done.stderr
    assert said[0].startswith("musmed: ")
    assert said[0].endswith((".", "?", ")", "flac")), said[0]
    for word in case.words:
        assert word in said[0]
    assert "Traceback" not in done.stdout + done.stderr
    assert said[0].isprintable()
    for name, text in case.made.items():
        path = tmp_path / name
        if text is None:
            assert path.is_dir()
        else:
            assert path.read_bytes() == text.encode("utf-8", "surrogateescape")
    for name in case.odd:
        assert os.path.lexists(tmp_path / name)
    assert not list((tmp_path / "tmp").iterdir()), "something was left behind"
    assert not list(tmp_path.glob("*.part*")), "something was left behind"


def test_there_are_many_cases() -> None:
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_full_device_under_stdout(tmp_path: Path) -> None:
    case = Case("", f"{PLAN} --json --seed 1", ())
    make(tmp_path, {})
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "musmed_tui", *split(case.arguments, tmp_path)],
            cwd=ROOT,
            env=environment_for(tmp_path, case),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("musmed: Standard output can't be written (no space left")
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    case = Case("", "moods", ())
    make(tmp_path, {})
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "musmed_tui", "moods"],
        cwd=ROOT,
        env=environment_for(tmp_path, case),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_defect_is_a_sentence_that_names_its_log(tmp_path: Path) -> None:
    """The traceback is in the log and nowhere else."""
    make(tmp_path, {})
    code = (
        "import sys; sys.argv = ['musmed', 'feelings']\n"
        "import musmed_tui.commands.lists as tables\n"
        "tables.show_feelings = lambda **_: 1 / 0\n"
        "from musmed_tui.cli import main; main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment_for(tmp_path, Case("", "", ())),
        capture_output=True,
        text=True,
        check=False,
    )
    log = tmp_path / "musmed/state/defect.log"
    assert done.returncode == 1
    assert str(log) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "ZeroDivisionError" in log.read_text()
    shutil.rmtree(tmp_path / "musmed")
