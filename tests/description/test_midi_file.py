"""MIDI files are read within limits and as far as they are whole, the odd ones too."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.odd_midi import END, PLAIN, TEMPO, odd_files, tune, whole

from engine import midi_file
from engine.description.bars import describe_bars
from engine.description.described import describe_midi
from engine.description.text import as_text, parse_description
from engine.errors import MusmedError
from engine.evaluation.notes import piece_of, read_midi
from engine.midi_file import parse_midi, read_midi_file

ODD = odd_files()
VGMIDI = Path(__file__).parents[3] / "shared/data/vgmidi/midi"
NONE_AT_ALL = {"nothing", "a header alone", "half a header", "text", "changed 2"}


def test_there_are_fifty() -> None:
    assert len(ODD) >= 50


@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_described_or_said(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(ODD[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if name in NONE_AT_ALL:
            with pytest.raises(MusmedError, match=r"a\.mid is not a MIDI file that can be read"):
                describe_midi(path)
            return
        made = describe_midi(path)
    if made.description is not None:
        assert parse_description(as_text(made.description)) == made.description


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("type 2", "Its tracks are pieces of their own"),
        ("SMPTE 25", "It counts film frames and no beats"),
        ("division 0", "It has no ticks in a beat"),
        ("tempo 0", "Once, a tempo is 0"),
        ("metre 0/4", "a time signature is none that music has"),
        ("notes without ends", "40 times, a note never ends"),
        ("notes of no length", "40 times, a note has no length"),
        ("cut off", "It is cut off"),
        ("fewer tracks than it says", "Of its 9 tracks 1 are there"),
        ("data without a status", "a track is broken"),
        ("a text that runs on", "a track is broken"),
        ("a silence of years", "longer than 4,000 bars"),
        ("no note", "There is no note in it"),
    ],
)
def test_what_is_odd_is_said(name: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(ODD[name])
    assert any(said in remark for remark in describe_midi(path).remarks)


def test_running_status_is_the_same_music() -> None:
    notes = [bytes([0, 0x90, 60 + n, 80, 96, 0x80, 60 + n, 0]) for n in range(9)]
    runs = [bytes([0, 60 + n, 80, 96, 60 + n, 0]) for n in range(9)]
    plain = parse_midi(whole(b"".join(notes) + END), "a")
    running = parse_midi(whole(b"\x00\x90" + b"".join(runs)[1:] + END), "a")
    assert plain.notes == running.notes
    assert len(plain.notes) == 9


def test_a_tracks_own_programmes_count() -> None:
    """Two tracks on one channel, each with its instrument; one without has its channel's."""
    file = parse_midi(
        whole(
            b"\x00\xc0\x28" + tune(count=1) + END,
            b"\x00\xc0\x49" + tune(count=1) + END,
            b"\x81\x00\x91\x40\x40\x10\x81\x40\x00" + END,
            b"\x00\xc1\x07" + END,
        ),
        "a",
    )
    assert [note.programme for note in file.notes] == [40, 73, 7]


def test_tracks_of_type_2_follow_one_another() -> None:
    file = parse_midi(whole(tune(count=2) + END, tune(count=2) + END, kind=2), "a")
    assert [note.start for note in file.notes] == [0, 240, 480, 720]


def test_200_tracks_are_all_there() -> None:
    file = parse_midi(ODD["200 tracks"], "a")
    assert len(file.tracks) == 200
    assert len(file.notes) == 200 * 16


def test_what_is_too_long_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most, said in (
        ("MOST_EVENTS", 20, "over 20 events"),
        ("MOST_NOTES", 9, "holds more notes than a piece has"),
        ("MOST_TRACKS", 0, "more than 0 tracks"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(midi_file, name, most)
            with pytest.raises(MusmedError, match=said):
                parse_midi(PLAIN, "a")


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mid").write_bytes(PLAIN)
    monkeypatch.setattr(midi_file, "MOST_BYTES", 20)
    with pytest.raises(MusmedError, match="no score is so long"):
        read_midi_file(tmp_path / "a.mid")


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_in_a_track(data: bytes, at: int) -> None:
    made = piece_of(parse_midi(PLAIN[: 22 + at] + data, "a"))
    describe_bars(made)


def test_every_piece_of_vgmidi_is_read() -> None:
    """Without a word of its own where it is whole; their features are tests/bench/describe.py's."""
    if not VGMIDI.is_dir():
        pytest.skip("needs VGMIDI at ../shared/data/vgmidi")
    files = sorted(VGMIDI.glob("*.mid"))
    assert len(files) == 204
    assert all(len(read_midi(path).notes) > 20 for path in files)
    for path in files[::34]:
        made = describe_midi(path)
        assert made.description is not None
        assert all(figure.value is not None for figure in made.figures if figure.name == "energy")


def test_texts_are_utf_8_or_latin() -> None:
    track = b"\x00\xff\x01\x02\xc3\xa9" + b"\x00\xff\x01\x01\xe9" + TEMPO + END
    assert [text for _, text in parse_midi(whole(track), "a").texts] == ["é", "é"]


def test_a_kar_files_syllables_are_texts() -> None:
    words = b"".join(
        bytes([delta, 0xFF, 0x01, len(said)]) + said
        for delta, said in (
            (0, b"@KMIDI KARAOKE FILE"),
            (0, b"@TSong"),
            (96, b"\\La"),
            (96, b" la"),
        )
    )
    assert parse_midi(whole(words + END, tune() + END), "a").lyrics == (96, 192)
    plain = words.replace(b"@KMIDI", b"@-MIDI")
    assert parse_midi(whole(plain + END, tune() + END), "a").lyrics == ()
