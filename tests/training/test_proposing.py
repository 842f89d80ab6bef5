"""Captions proposed by the meter, names and tags; the real command writes them, and they are read
back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.commands import musmed
from support.data_to_train import RATE, quiet, sound

from engine.affect.moods import mood
from engine.training.reading.data import read_data
from engine.training.reading.proposing import Words, words_of

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def noise(path: Path, **tags: str) -> None:
    """Six seconds of it, with ``tags`` in the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    audio = np.random.default_rng(1).normal(0.0, 0.1, 6 * RATE)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for name, value in tags.items():
            setattr(file, name, value)
        file.write(audio)


def test_what_names_and_tags_say() -> None:
    words = words_of("Dark Ambient/acoustic_guitar-03.flac", {"title": "A Sad Jazz Piano"})
    assert (words.mood, words.genre, words.instrument) == ("dark", "darkambient", "acousticguitar")
    assert words_of("Discography/track 1.wav", {}) == Words()
    assert words_of("1.wav", {"genre": "Hip-Hop", "comment": "with a cello"}) == Words(
        None, "hiphop", "cello", ("genre by genre", "instrument by comment")
    )


def test_the_command_proposes_and_what_it_wrote_is_read(
    tmp_path: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    music = tmp_path / "music"
    noise(music / "sad/a.flac", artist="Ann", genre="Jazz")
    noise(music / "b.wav")
    sound(music / "short.wav")
    sound(music / "said.wav")
    (music / "said.txt").write_text("mine")
    table = music / "captions.csv"
    command = ("train", "captions", str(music), "-o", str(table))
    assert musmed(monkeypatch, *command) == 0
    told = capsys.readouterr()
    assert "2 captions" in told.out
    assert "short.wav\tleft out" in told.out
    rows = list(csv.DictReader(table.open(encoding="utf-8")))
    assert [row["file"] for row in rows] == ["b.wav", "sad/a.flac"]
    assert rows[0]["because"] == "mood by the meter"
    assert rows[1]["caption"].startswith("A sad jazz piece that feels ")

    tracks = {one.name: one for one in read_data(music, quiet).tracks}
    assert sorted(tracks) == ["b.wav", "sad/a.flac", "said.wav"]
    sad = tracks["sad/a.flac"]
    assert (sad.mood, sad.group) == ("sad", "Ann")
    assert sad.affect is not None
    assert mood("sad").affect is not None
    assert sad.affect.distance(mood("sad").affect) < 0.01  # type: ignore[arg-type]
    assert tracks["b.wav"].mood is not None
    assert tracks["b.wav"].affect is not None

    before = table.read_bytes()
    assert musmed(monkeypatch, *command) == 2
    assert "name another one" in capsys.readouterr().err
    assert table.read_bytes() == before


def test_check_says_what_is_wrong_and_what_there_is(
    tmp_path: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    for name in ("a", "b"):
        sound(tmp_path / f"{name}.wav", 90.0)
        (tmp_path / f"{name}.txt").write_text("x")
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "film.mp4").touch()
    assert musmed(monkeypatch, "train", "check", str(tmp_path)) == 0
    out = capsys.readouterr().out
    assert "empty.mp3\tleft out\tIt is empty (0 bytes)" in out
    assert "film.mp4\tleft out\tIt is a video" in out
    assert "2 tracks with captions, 3:00 long" in out
    assert "1 of them would be kept for judging." in out
    assert "How it feels is known of 0 of them." in out
    assert "2 files left out." in out
    assert musmed(monkeypatch, "train", "check", str(tmp_path), "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert [track["name"] for track in data["tracks"]] == ["a.wav", "b.wav"]
    assert [one["name"] for one in data["problems"]] == ["empty.mp3", "film.mp4"]


def test_check_says_by_what_tracks_are_kept(
    tmp_path: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    for name in "abc":
        sound(tmp_path / f"{name}.wav")
    table = tmp_path / "captions.csv"
    table.write_text("file,caption,artist\na,x,one\nb,y,one\nc,z,two\n")
    assert musmed(monkeypatch, "train", "check", str(tmp_path)) == 0
    assert "1 of them would be kept for judging, whole artists." in capsys.readouterr().out
    table.write_text("file,caption,split\na,x,test\nb,y,test\nc,z,train\n")
    assert musmed(monkeypatch, "train", "check", str(tmp_path)) == 0
    assert "2 of them would be kept for judging, as the data says." in capsys.readouterr().out


def test_what_has_no_caption_and_no_sound_is_not_all_there_is(
    tmp_path: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    sound(tmp_path / "a.wav")
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.mp3").touch()
    made = tmp_path / "captions.csv"
    assert musmed(monkeypatch, "train", "captions", str(tmp_path), "-o", str(made)) == 2
    told = capsys.readouterr()
    assert "b.mp3\tleft out\tIt is empty" in told.out
    assert "No sound without a caption could be heard, so nothing is written" in told.err
    assert not made.exists()


def test_check_of_nothing_lists_the_files_and_ends_with_2(
    tmp_path: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    for name in ("a.mp4", "b.mkv"):
        (tmp_path / name).touch()
    assert musmed(monkeypatch, "train", "check", str(tmp_path)) == 2
    told = capsys.readouterr()
    assert "a.mp4\tleft out" in told.out
    assert told.err.count("\n") == 1
    assert "2 videos and no sound" in told.err
    (tmp_path / "b.mkv").unlink()
    assert musmed(monkeypatch, "train", "check", str(tmp_path)) == 2
    assert "holds a video and no sound" in capsys.readouterr().err
