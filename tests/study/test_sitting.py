"""Listeners answer: step by step, from where they were, and nothing of it once they withdraw."""

from __future__ import annotations

import csv
import io
import stat
from pathlib import Path

import pytest
from support.listening_list import CODES, a_list, ticking

from engine.errors import MusmedError
from engine.listener.ratings import Rating
from engine.study.listening import answers, seats
from engine.study.listening.joined import answers_csv, joined
from engine.study.listening.key import key_path, read_key
from engine.study.listening.sheet import ListeningList
from engine.study.listening.sitting import After, Before, Consent, Done, Hear, Sitting


def _sits(folder: Path, sheet: ListeningList, who: str = "P001") -> Sitting:
    return Sitting(folder, sheet, who, ticking())


def _hear(it: Sitting) -> None:
    """One session, with all that is asked."""
    it.before(Rating(20, 80))
    step = it.step
    assert isinstance(step, Hear)
    it.began(step.start)
    for at in step.moments:
        it.moment(at, at + 0.5, Rating(50, None))
    it.ended(step.seconds)
    it.after(Rating(60, 40), 70, "=SUM(A1)")


def test_a_sitting_goes_through_consent_sessions_and_questions(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder, moments=(1.0, 2.0), note=True)
    it = _sits(folder, sheet)
    assert isinstance(it.step, Consent)
    it.before(Rating(1, 1))  # nothing is kept before they agree
    assert not (folder / answers.FOLDER).exists()
    it.consent()
    assert it.step == Before(1, 3)
    it.before(Rating(20, 80))
    assert it.step == Hear(1, 3, CODES[0], 0.0, 3.0, (1.0, 2.0))
    it.began(0.0)
    it.moment(1.0, 1.2, Rating(40, 60))
    it.ended(3.0)
    assert it.step == After(1, 3)
    it.after(Rating(70, 30), 90, "calm")
    _hear(it)
    _hear(it)
    assert it.step == Done(3)
    path = folder / answers.FOLDER / "P001.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(path.read_bytes().splitlines()) == len(answers.read(folder, "P001"))


def test_who_stops_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder, consent="", moments=(1.0, 2.0))
    it = _sits(folder, sheet)
    it.before(Rating(20, 80))
    it.began(0.0)
    it.moment(1.0, 1.2, Rating(40, 60))
    it.stopped(1.5)
    again = _sits(folder, sheet)
    assert again.step == Hear(1, 3, CODES[0], 1.5, 3.0, (2.0,))
    again.ended(1.9)  # long before its end: it has only stopped
    assert again.step == Hear(1, 3, CODES[0], 1.9, 3.0, (2.0,))
    again.stopped(99.0)
    assert _sits(folder, sheet).step == Hear(1, 3, CODES[0], 3.0, 3.0, (2.0,))


def test_only_what_is_asked_is_asked_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder, consent="", ratings=False, liking=True)
    it = _sits(folder, sheet)
    assert isinstance(it.step, Hear)
    it.moment(1.0, 1.0, Rating(1, 1))
    it.ended(3.0)
    it.after(Rating(1, 1), 70, "a note")
    (said,) = [one for one in answers.read(folder, "P001") if one.what == "after"]
    assert (said.rating, said.liking, said.note) == (Rating(), 70, "")


def test_a_line_that_was_cut_off_is_left_out_and_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder, consent="")
    _sits(folder, sheet).before(Rating(20, 80))
    path = folder / answers.FOLDER / "P001.jsonl"
    with path.open("ab") as file:
        file.write(b'{"at":"2026-')
    it = _sits(folder, sheet)
    assert isinstance(it.step, Hear)
    it.ended(3.0)
    assert [one.what for one in answers.read(folder, "P001")] == ["before", "ended"]
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(MusmedError, match="Line 1"):
        answers.read(folder, "P001")


def test_who_withdraws_is_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder, consent="")
    it = _sits(folder, sheet)
    it.before(Rating(20, 80))
    other = _sits(folder, sheet, "P002")
    other.before(Rating(1, 1))
    assert seats.forget(folder, sheet, "p001") == ("P001", 1)
    assert answers.read_all(folder, sheet).keys() == {"P002"}
    with pytest.raises(MusmedError, match="withdrawn"):
        it.ended(3.0)
    with pytest.raises(MusmedError, match="withdrawn"):
        _sits(folder, sheet)
    with pytest.raises(MusmedError, match="no participant"):
        seats.forget(folder, sheet, "P009")


def test_pseudonyms_that_are_made_up_take_the_next_place(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder, consent="", pseudonyms="typed")
    first = _sits(folder, sheet, "Blue Fox")
    assert (first.participant, _sits(folder, sheet, "blue fox").participant) == ("P001", "P001")
    assert _sits(folder, sheet, "elm").participant == "P002"
    with pytest.raises(MusmedError, match="are taken"):
        _sits(folder, sheet, "third")
    with pytest.raises(MusmedError, match="pseudonym"):
        _sits(folder, sheet, "../etc")
    first.before(Rating(5, 5))
    assert seats.forget(folder, sheet, "BLUE FOX") == ("P001", 1)
    assert seats.name_of(folder, "P001") == ""
    with pytest.raises(MusmedError, match="are taken"):  # a place is not given twice
        _sits(folder, sheet, "third")


def test_a_code_that_was_not_given_is_refused(tmp_path: Path) -> None:
    sheet = a_list(tmp_path / "list")
    with pytest.raises(MusmedError, match="P001 to P002"):
        _sits(tmp_path / "list", sheet, "P003")


def test_answers_and_key_become_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder, moments=(1.0,), note=True)
    it = _sits(folder, sheet, "P002")
    it.consent()
    _hear(it)
    key = read_key(key_path(folder), sheet.ident)
    text = answers_csv(joined(answers.read_all(folder, sheet), key))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["what"] for row in rows] == ["before", "moment", "after"]
    assert {row["condition"] for row in rows} == {"musicgen"}
    assert {row["order"] for row in rows} == {"1"}
    assert (rows[0]["valence"], rows[0]["arousal"]) == ("20", "80")
    assert (rows[1]["asked_at_s"], rows[1]["said_at_s"], rows[1]["arousal"]) == ("1", "1.5", "")
    assert rows[2]["note"] == "'=SUM(A1)"
    assert rows[2]["factor_composer"] == "musicgen"


def test_a_list_that_is_open_twice_is_answered_once(tmp_path: Path) -> None:
    folder = tmp_path / "list"
    sheet = a_list(folder)
    one, other = _sits(folder, sheet), _sits(folder, sheet)
    one.consent()
    with pytest.raises(MusmedError, match="somewhere else"):
        other.consent()
    one.before(Rating(1, 1))
    assert [said.what for said in answers.read(folder, "P001")] == ["consent", "before"]
    assert isinstance(_sits(folder, sheet).step, Hear)
