"""The description's file: what is written is read again, and what is wrong is said by its line."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.described import CHORDS, descriptions

from engine.description.grammar import repaired
from engine.description.text import (
    HEAD,
    MOST_BYTES,
    as_text,
    parse_description,
    read_description,
    write_description,
)
from engine.errors import MusmedError
from engine.plan.described import INSTRUMENTS, MAX_BARS, DescribedBar, Description

WHOLE = f"""{HEAD}
# Of a waltz: tempo 96

bar 1: 3/4; density 2.4; pitch 63.2; velocity 71; duration 0.52; with violin, Drums; chords C:maj
bar 2: chords Bb:min7 n G#:dom7; with Lead 8 (bass + lead)
BAR 3:
bar 4
"""


def test_all_of_it_is_read() -> None:
    first, second, third, fourth = parse_description(WHOLE).bars
    assert first == DescribedBar(
        time_signature="3/4",
        note_density=2.4,
        mean_pitch=63.2,
        mean_velocity=71.0,
        mean_duration=0.52,
        instruments=("Violin", "drums"),
        chords=("C:maj",),
    )
    assert second.chords == ("A#:min7", "N", "G#:dom7")
    assert second.instruments == ("Lead 8 (bass + lead)",)
    assert third == fourth == DescribedBar()


@settings(max_examples=60)
@given(descriptions, st.text(max_size=60))
def test_what_is_written_is_read_again(description: Description, remark: str) -> None:
    assert parse_description(as_text(description, [remark])) == description


@pytest.mark.parametrize("name", ["a.txt", "a.json", "a"])
def test_a_file_is_for_its_owner_and_new(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    description = parse_description(WHOLE)
    write_description(path, description, ["Of a waltz"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_description(path) == description
    with pytest.raises(MusmedError, match="is there already"):
        write_description(path, description)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("bar 2: 4/4", "line 2: bar 1 should stand there, not bar 2."),
        ("bar 1: 4/4\nbar 1: 4/4", "line 3: bar 2 should stand there, not bar 1."),
        ("bar 1: densty 2", "'densty' is no time signature and none of density,"),
        ("bar 1: density two", "density wants a number, not 'two'."),
        ("bar 1: density nan", "density wants a number"),
        ("bar 1: density -1", "density wants a number"),
        ("bar 1: density", "density wants a number, not ''."),
        ("bar 1: pitch 128", "line 2: pitch is at most 127."),
        ("bar 1: velocity 0", "velocity is at least 1."),
        ("bar 1: duration 0", "duration is more than 0."),
        ("bar 1: 4/5", "the time signature is out of range"),
        ("bar 1: 0/4", "the time signature is out of range"),
        ("bar 1: 4/4; 3/4", "'3/4' stands there twice."),
        ("bar 1: with Voilin", "no instrument 'voilin'; did you mean Violin"),
        ("bar 1: with piano", "did you mean Acoustic Grand Piano or Bright Acoustic Piano or"),
        ("bar 1: with violins", "no instrument 'violins'; did you mean Violin"),
        ("bar 1: with xxyyzz", "General MIDI has no instrument 'xxyyzz'."),
        ("bar 1: chords C", "'C' is no chord: a root, a colon and one of maj, min"),
        ("bar 1: chords", "a bar has 1 to 32 of them, not 0."),
        ("bar 1: chords " + "N " * 33, "not 33."),
        ("4/4", "'bar 1: ...' should stand there."),
        ("", "has no bar; it wants 'musmed description 1'"),
        ("bar 1:" + " " * 4000, "more than 4000 letters"),
        ("bar 1: with \x1b[31m", r"no instrument '\\x1b[31m'"),
    ],
)
def test_what_is_wrong_is_said_by_its_line(lines: str, said: str) -> None:
    with pytest.raises(MusmedError, match=re.escape(said).replace("voilin", "[Vv]oilin")) as caught:
        parse_description(f"{HEAD}\n{lines}\n")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"bar 1: 4/4\n", "line 1: the first line of a description is"),
        (b"musmed description 2\n", "reads 'musmed description 1' only"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
        (b"", "has no bar"),
        (b"{", "is no description"),
        (b'{"bars": []}', "is no description"),
        (b'{"bars": [{"chords": ["H:maj"]}]}', "is no description"),
        (b'{"bars": [{"chords": ["C:maj\\n"]}]}', "is no description"),
        (b'{"a":' * 5000, "is no description"),
        (b"#" * (MOST_BYTES + 1), "is longer than 2 MiB"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "d.txt"
    path.write_bytes(data)
    with pytest.raises(MusmedError, match=re.escape(said)):
        read_description(path)


def test_as_many_bars_as_there_may_be() -> None:
    most = Description(bars=(DescribedBar(time_signature="4/4"),) * MAX_BARS)
    assert parse_description(as_text(most)) == most
    with pytest.raises(MusmedError, match=f"at most {MAX_BARS} bars"):
        parse_description(as_text(most) + f"bar {MAX_BARS + 1}:\n")


def test_no_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match="can't be read"):
        read_description(tmp_path / "none.txt")


@pytest.mark.parametrize("name", [*INSTRUMENTS, "Bagpipes"])
def test_the_type_itself_knows_the_vocabulary(name: str) -> None:
    said = {"instruments": (name,), "chords": CHORDS[:32]}
    if name in INSTRUMENTS:
        msgspec.convert(said, DescribedBar)
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(said, DescribedBar)


@pytest.mark.parametrize("first", ["Time Signature_3/4", "Bar_1", "<bos>", "\nChord_N:N"])
def test_tokens_are_known_by_their_first_line(tmp_path: Path, first: str) -> None:
    file = tmp_path / "a.tokens"
    file.write_text(f"{first}\nInstrument_Violin\n", "utf-8")
    if "Chord" in first:
        assert read_description(file).bars[0].chords == ("N",)
    else:
        made = repaired([first, "Instrument_Violin"])
        assert read_description(file) == made


def test_what_describe_says_to_programs_is_no_file_of_bars(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"of": "a.mid", "kind": "score", "bars": [{}]}', "utf-8")
    with pytest.raises(MusmedError, match=re.escape("describe -o FILE.json' writes")):
        read_description(file)
