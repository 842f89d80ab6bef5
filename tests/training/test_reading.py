"""People's data, read as it lies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from support.data_to_train import quiet, sound

from engine.affect.feelings import feeling
from engine.affect.moods import mood
from engine.errors import MusmedError
from engine.training.reading.data import look_over, read_data
from engine.training.reading.names import Names
from engine.training.reading.split import split
from engine.training.said import Progress
from engine.training.tracks import Data, Track


def read(folder: Path) -> dict[str, Track]:
    return {track.name: track for track in read_data(folder, quiet).tracks}


def why(data: Data) -> dict[str, str]:
    return {one.name: one.sentence for one in data.problems}


def test_a_text_beside_each_sound(tmp_path: Path) -> None:
    sound(tmp_path / "one.wav", 0.5)
    sound(tmp_path / "deep/two.flac")
    sound(tmp_path / "three.ogg")
    (tmp_path / "one.txt").write_text("\ufeffSlow  piano\n\nA calm piece\n")
    (tmp_path / "deep/two.flac.txt").write_text("loud drums")
    data = read_data(tmp_path, quiet)
    assert [track.name for track in data.tracks] == ["deep/two.flac", "one.wav"]
    assert data.tracks[1].captions == ("Slow piano", "A calm piece")
    assert data.tracks[1].seconds == 0.5
    assert (data.tracks[1].group, data.tracks[1].mood) == ("one.wav", "calm")
    assert data.layout == "a .txt beside each sound"
    assert "no caption" in why(data)["three.ogg"]


def test_a_text_or_a_name_in_other_letters(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", "c.wav", "d.wav"):
        sound(tmp_path / name)
    (tmp_path / "a.txt").write_bytes("müde".encode("latin-1"))
    (tmp_path / "b.txt").write_bytes("müde".encode("utf-16"))
    (tmp_path / "c.txt").write_text("x" * 70_000)
    odd = os.fsencode(tmp_path) + b"/\xe4.wav"
    shutil.copy(tmp_path / "a.wav", odd)
    data = look_over(tmp_path, quiet)
    assert [(track.name, track.captions) for track in data.tracks] == [("b.wav", ("müde",))]
    said = why(data)
    assert "not in UTF-8" in said["a.txt"]
    assert "KiB" in said["c.txt"]
    assert "Its name" in said["\udce4.wav"]
    assert said["a.wav"] == said["d.wav"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_of_captions(delimiter: str, tmp_path: Path) -> None:
    for name in ("a.wav", "sub/b.wav", "c.wav"):
        sound(tmp_path / name)
    rows = [
        ("File", "Caption", "Artist", "split"),
        ("./a.wav", "A sad ambient piece for piano that feels miserable", "Ann", "train"),
        ("b", "drums", "Ben", "test"),
        ("sub\\b.wav", "more drums", "", ""),
        ("lost.wav", "x", "", ""),
        ("../a.wav", "out", "", ""),
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    (tmp_path / "captions.csv").write_text(text)
    data = read_data(tmp_path, quiet)
    a, b = data.tracks
    assert (a.name, a.mood, a.group, a.part) == ("a.wav", "sad", "Ann", "train")
    assert a.affect == feeling("miserable").affect
    assert (b.name, b.captions, b.part) == ("sub/b.wav", ("drums", "more drums"), "held-out")
    assert split(data, 0.5, 0) == split(data, 0.5, 1)
    assert split(data, 0.5, 0).held_out == (1,)
    assert sorted(why(data)) == ["../a.wav", "c.wav", "lost.wav"]


def test_columns_make_the_caption_that_musmed_asks_with(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        sound(tmp_path / name)
    (tmp_path / "captions.csv").write_text(
        "file,mood,genre,instrument,valence,arousal\n"
        "a.wav,calm,easy listening,acoustic guitar,,\n"
        'b.wav,"film, dark",,,0.5,-0.25\n'
        "c.wav,,edm,,,\n"
    )
    a, b, c = read(tmp_path).values()
    assert a.captions[0].startswith("A calm easy listening piece for acoustic guitar that feels ")
    assert a.affect == mood("calm").affect
    assert b.captions[0].startswith("A dark piece that feels ")
    assert b.affect is not None
    assert (b.affect.valence, b.affect.arousal) == (0.5, -0.25)
    assert c.captions == ("An EDM piece",)


def test_a_table_without_a_line_of_names(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        sound(tmp_path / name)
    (tmp_path / "mine.csv").write_text('a.wav,"slow, soft"\nb.wav,not calm\n')
    a, b = read(tmp_path).values()
    assert a.captions == ("slow, soft",)
    assert b.mood is None


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({}, "no sound"),
        ({"a.wav": "sound"}, "no sound in"),
        ({"a.wav": "sound", "a.txt": "x"}, "one track"),
        ({"a.mp4": "", "b.mkv": ""}, "2 videos"),
        ({"a.mp3": ""}, "0 bytes"),
        ({"a.mp3": "no sound", "a.txt": "x"}, "can't be read as sound"),
        ({"captions.csv": "a,b\n1,2\n"}, "file,caption"),
        ({"captions.csv": b"\xff\xfe\x00"}, "UTF-8"),
    ],
)
def test_what_is_nothing_to_train_with(
    made: dict[str, str | bytes], words: str, tmp_path: Path
) -> None:
    for name, text in made.items():
        if text == "sound":
            sound(tmp_path / name)
        elif isinstance(text, bytes):
            (tmp_path / name).write_bytes(text)
        else:
            (tmp_path / name).write_text(text)
    with pytest.raises(MusmedError, match=r"(?i)" + words):
        read_data(tmp_path, quiet)


def test_a_sound_is_known_by_how_its_path_ends() -> None:
    names = Names(["a.wav", "deep/a.wav", "deep/48/b.flac", "train/1.wav"])
    for said, meant in {
        "a.wav": "a.wav",
        "A": None,  # two end so
        "deep/a": "deep/a.wav",
        "48/b.mp3": "deep/48/b.flac",
        "B.WAV": "deep/48/b.flac",
        "test/1.wav": None,
        "1": "train/1.wav",
        "/home/me/music/deep/a.wav": "deep/a.wav",
        "C:\\music\\train\\1.wav": "train/1.wav",
        "../a.wav": None,
        "": None,
    }.items():
        assert names.meant(said) == meant, said
    assert names.meant("a.wav", "deep") == "deep/a.wav"


def test_lines_of_json(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        sound(tmp_path / name)
    sound(tmp_path / "c.wav")
    sound(tmp_path / "d.wav")
    (tmp_path / "data.jsonl").write_text(
        '{"path": "a.wav", "text": ["one", "two"], "valence": 0.5, "arousal": 0}\n\n'
        '{"audio": {"path": "b.wav"}, "mood": ["sad", "dark"], "genre": "idm"}\n'
        '{"file": "c", "tags": "piano, Calm, genre---ambient, film, odd"}\n'
        '{"file": "d", "tags": ["odd", "ends"]}\n'
    )
    a, b, c, d = read(tmp_path).values()
    assert c.captions == ("A calm ambient piece for piano that feels calm",)
    assert d.captions == ("odd, ends",)
    assert a.captions == ("one", "two")
    assert a.affect is not None
    assert (a.affect.valence, a.affect.arousal) == (0.5, 0.0)
    assert [one.partition(" that")[0] for one in b.captions] == [
        "A sad IDM piece",
        "A dark IDM piece",
    ]
    assert b.mood == "sad"
    assert b.affect is not None
    assert b.affect != mood("sad").affect, "it lies between both"


def test_an_audiofolder(tmp_path: Path) -> None:
    """Hugging Face's: 'metadata.csv' in any folder, 'file_name' from there on."""
    for part in ("train", "test"):
        sound(tmp_path / part / "1.wav")
        (tmp_path / part / "metadata.csv").write_text(f"file_name,text\n1.wav,{part}ed\n")
    (tmp_path / "licences.csv").write_text("a,b\n")
    told = {name: track.captions for name, track in read(tmp_path).items()}
    assert told == {"test/1.wav": ("tested",), "train/1.wav": ("trained",)}


def test_captions_that_lie_elsewhere(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        sound(tmp_path / "music" / name)
    (tmp_path / "mine.csv").write_text("file,caption\na,one\nb,two\n")
    data = read_data(tmp_path / "music", quiet, tmp_path / "mine.csv")
    assert [track.captions for track in data.tracks] == [("one",), ("two",)]
    for place in ("none.csv", "music", "music/a.wav"):
        with pytest.raises(MusmedError, match="There are no captions"):
            read_data(tmp_path / "music", quiet, tmp_path / place)


def test_a_table_that_cannot_be_read_spoils_nothing_that_can(tmp_path: Path) -> None:
    for name in ("a", "b"):
        sound(tmp_path / f"{name}.wav")
        (tmp_path / f"{name}.txt").write_text("x")
    (tmp_path / "licences.csv").write_text("who,what\nme,cc\n")
    data = read_data(tmp_path, quiet)
    assert len(data.tracks) == 2
    assert "no column" in why(data)["licences.csv"]


JAMENDO = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"


def jamendo(path: Path, *rows: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for row in rows:
        number, artist, tags = row.split(" ", 2)
        listed = "\t".join(tags.split())
        lines.append(
            f"track_{number}\tartist_{artist}\talbum_1\t0{number}/{number}.mp3\t9\t{listed}"
        )
    path.write_text(JAMENDO + "\n".join(lines))


def test_mtg_jamendo_in_one_list(tmp_path: Path) -> None:
    for name in ("01/1.mp3", "02/2.low.mp3", "03/3.mp3"):
        sound(tmp_path / "audio" / name)
    jamendo(
        tmp_path / "data/autotagging_moodtheme.tsv",
        "1 7 mood/theme---calm mood/theme---film",
        "2 7 mood/theme---film",
        "4 8 mood/theme---sad",
    )
    jamendo(tmp_path / "data/autotagging_genre.tsv", "1 7 genre---ambient")
    jamendo(tmp_path / "data/autotagging_instrument.tsv", "1 7 instrument---piano")
    data = read_data(tmp_path, quiet)
    assert data.layout == "MTG-Jamendo"
    one, two = data.tracks
    assert one.captions == ("A calm ambient piece for piano that feels calm",)
    assert (one.mood, one.affect, one.group) == ("calm", mood("calm").affect, "artist_7")
    assert (two.captions, two.mood, two.affect) == (("A film piece",), None, None)
    assert why(data) == {
        "autotagging_moodtheme.tsv": "Of its 3 tracks 2 have a sound here, which are used."
    }


def test_mtg_jamendo_split(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        sound(tmp_path / f"music/0{number}/{number}.mp3")
    for part, number in (("train", 1), ("validation", 2), ("test", 3)):
        jamendo(
            tmp_path / f"lists/autotagging_moodtheme-{part}.tsv", f"{number} 1 mood/theme---sad"
        )
    data = read_data(tmp_path / "music", quiet, tmp_path / "lists")
    assert [(one.name, one.part) for one in data.tracks] == [
        ("01/1.mp3", "train"),
        ("02/2.mp3", "held-out"),
    ]
    assert split(data, 0.1, 0).held_out == (1,)
    jamendo(
        tmp_path / "lists/autotagging_moodtheme.tsv",
        *(f"{number} 1 mood/theme---sad" for number in (1, 2, 3)),
    )
    assert read_data(tmp_path / "music", quiet, tmp_path / "lists").tracks == data.tracks


PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "mtg-jamendo"


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="needs ../shared/data/mtg-jamendo")
def test_mtg_jamendo_as_it_is_published(tmp_path: Path) -> None:
    for name in ("48/948.low.mp3", "50/950.mp3"):
        sound(tmp_path / name)
    one, two = read_data(tmp_path, quiet, PUBLISHED).tracks
    assert {one.group, two.group} == {"artist_000087"}
    assert {one.part, two.part} == {"train"}
    assert one.captions[0].endswith("piece") or " piece for " in one.captions[0]


def test_another_caption_or_sound_is_another_digest(tmp_path: Path) -> None:
    for name in ("a", "b"):
        sound(tmp_path / f"{name}.wav")
        (tmp_path / f"{name}.txt").write_text("x")
    before = read_data(tmp_path, quiet).digest
    assert read_data(tmp_path, quiet).digest == before
    (tmp_path / "b.txt").write_text("y")
    other = read_data(tmp_path, quiet).digest
    (tmp_path / "captions.csv").write_text("file,caption,artist\na,x,\nb,y,Ann\n")
    assert read_data(tmp_path, quiet).digest != other
    (tmp_path / "captions.csv").unlink()
    sound(tmp_path / "b.wav", 0.2)
    assert len({before, other, read_data(tmp_path, quiet).digest}) == 3


def test_progress_is_told_and_may_end_it(tmp_path: Path) -> None:
    for name in ("a", "b"):
        sound(tmp_path / f"{name}.wav")
    told: list[Progress] = []
    look_over(tmp_path, told.append)
    assert told == [Progress("reading", 1, 2), Progress("reading", 2, 2)]


def made_up(groups: str) -> Data:
    tracks = tuple(Track(str(n), Path(str(n)), ("x",), group) for n, group in enumerate(groups))
    return Data(Path(), "", tracks, (), "")


@pytest.mark.parametrize("seed", range(20))
def test_groups_are_never_split_apart(seed: int) -> None:
    groups = "aaaabbbbbcccdddddddde"
    made = split(made_up(groups), 0.2, seed)
    assert sorted((*made.train, *made.held_out)) == list(range(len(groups)))
    assert not {groups[n] for n in made.train} & {groups[n] for n in made.held_out}
    assert 1 <= len(made.held_out) <= 4


def test_one_group_alone_is_split_by_track() -> None:
    assert len(split(made_up("a" * 20), 0.1, 0).held_out) == 2
    assert split(made_up("a" * 20), 0.0, 0).held_out == ()
    assert len(split(made_up("ab"), 0.1, 0).held_out) == 1
    assert len(split(made_up("ab"), 0.9, 0).train) == 1
