"""Sheets of moods: written without a bias, read whatever a spreadsheet did to them, settled."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.filled_sheets import Cells, filled, own_answers

from engine.affect.categories import Category, category_of, centre_of, fits
from engine.affect.circumplex import Affect
from engine.affect.moods import MOODS, mood
from engine.affect.quarters import quarter_of
from engine.errors import MusmedError
from engine.evaluation.mood_agreement import agreed
from engine.evaluation.mood_settling import overruled, settled, sharing
from engine.evaluation.mood_sheets import MAX_BYTES, Answer, Sheet, empty_sheet, read_sheet

axis = st.floats(-1, 1)
affects = st.builds(Affect, axis, axis)
HAPPY: dict[str, Cells] = {"happy": ("pleasant high", "0,8", "0,6", "sunny")}
PLAIN = filled(HAPPY)


def read(folder: Path, data: str | bytes, *, whole: bool = True) -> Sheet:
    path = folder / "ann.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_sheet(path, whole=whole)


def sheet(name: str, **answers: Cells) -> Sheet:
    """As ``filled``, without a file."""
    found = {}
    for tag, (category, valence, arousal, note) in (own_answers() | answers).items():
        place = Affect(float(valence), float(arousal)) if valence else None
        found[tag] = Answer(Category(category), place, note)
    return Sheet(name, found)


@given(affects)
def test_a_place_is_in_its_category_and_the_centres_are_too(affect: Affect) -> None:
    own = category_of(affect)
    assert fits(own, affect)
    if own is not Category.MIDDLE:
        quarter = quarter_of(affect)
        assert quarter is not None
        assert own.value == quarter.value.replace(",", "").removesuffix(" energy")
    for category in Category:
        centre = centre_of(category)
        assert (centre is None) == (category is Category.NONE)
        assert centre is None or category_of(centre) is category


def test_an_empty_sheet_asks_of_every_tag_and_says_nothing_of_musmeds_own_places() -> None:
    rows = list(csv.reader(io.StringIO(empty_sheet())))
    assert [row[0] for row in rows[1:]] == [one.name for one in MOODS]
    assert len(rows) == 57
    assert all(category.value in rows[0][1] for category in Category)
    assert all(row[1:5] == [""] * 4 for row in rows[1:])
    said = " ".join(row[5] for row in rows[1:])
    for word in ("middle:", "none:", "valence and arousal:"):
        assert word in said
    assert not re.search(r"\d\.\d|norm|theme", empty_sheet())


def semicolons(text: str) -> str:
    rows = csv.reader(io.StringIO(text))
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.replace("\n", "\r\n").encode("utf-8-sig"),
        filled(HAPPY, ";").encode(),
        ("sep=;\r\n" + semicolons(PLAIN)).encode("utf-8-sig"),
        filled(HAPPY, "\t").encode(),
        "\n".join([PLAIN.splitlines()[0], *reversed(PLAIN.splitlines()[1:])]).encode(),
        PLAIN.replace("\n", "\n,,,,,\n\n").encode(),
        (";;;;;\n" + filled(HAPPY, ";")).encode(),
        PLAIN.replace("happy,pleasant high", 'happy," Pleasant,  HIGH energy "').encode(),
        PLAIN.replace("pleasant high", "high-pleasant").replace("happy,", " Happy ,").encode(),
        PLAIN.replace("middle", "The Middle").replace("none", "NONE").encode(),
        "".join(f"{line},,\n" for line in PLAIN.splitlines()).encode(),
    ],
    ids=[
        *("plain", "Windows", "semicolons", "sep", "tabs", "reversed", "empty rows"),
        *("empty rows first", "quoted", "another order", "capitals", "empty columns"),
    ],
)
def test_what_spreadsheets_do_to_a_sheet_changes_no_answer(data: bytes, tmp_path: Path) -> None:
    found = read(tmp_path, data)
    assert found.name == "ann.csv"
    assert found.answers == read(tmp_path, PLAIN).answers
    assert found.answers["happy"] == Answer(Category.PLEASANT_HIGH, Affect(0.8, 0.6), "sunny")
    assert found.answers["film"] == Answer(Category.NONE)


def changed(tag: str, line: str) -> str:
    return re.sub(rf"^{tag},.*$", line, PLAIN, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed("calm", "calm,,,,"), ("row 7", "'calm'", "no answer", "middle, none")),
        (empty_sheet(), ("row 2", "'action'", "no answer, and 55 more")),
        (re.sub(r"^(calm|dark),.*\n", "", PLAIN, flags=re.M), ("no row for calm, dark", "export")),
        (changed("calm", "clam,none,,,"), ("row 7", "'clam'", "calm")),
        (changed("calm", "dark,none,,,"), ("row 13", "'dark'", "row 7", "already")),
        (changed("calm", ",none,,,"), ("row 7", "no tag")),
        (changed("calm", "calm,quiet,,,"), ("row 7", "'quiet'", "'calm'", "pleasant low")),
        (changed("calm", f"calm,{'quiet' * 20},,,"), ("row 7", "...'")),
        (changed("calm", "calm,pleasant low,2,0,"), ("row 7", "valence", "-1 to 1", "'2'")),
        (changed("calm", "calm,pleasant low,0,nan,"), ("row 7", "arousal", "'nan'")),
        (changed("calm", "calm,pleasant low,\u0661,0,"), ("row 7", "valence", "'\u0661'")),
        (changed("calm", "calm,pleasant low,0.5,,"), ("row 7", "no arousal", "both")),
        (changed("calm", "calm,,0.5,-0.5,"), ("row 7", "no answer", "place")),
        (changed("calm", "calm,pleasant low,-0.5,-0.5,"), ("row 7", "'pleasant low'", "-0.5")),
        (changed("calm", "calm,middle,0.5,-0.5,"), ("row 7", "0.2 far")),
        (changed("calm", "calm,none,0.5,-0.5,"), ("row 7", "'none'")),
        (changed("calm", "calm,pleasant low,,,a,b,c"), ("row 7", "more cells", "quotes")),
        (changed("calm", 'calm,"pleasant low,,,'), ("no CSV", "CSV UTF-8")),
        (PLAIN.replace("answer", "reply"), ("no column 'answer'", "export")),
        (PLAIN.replace("note", "tag", 1), ("two columns", "'tag'")),
        ("", ("no column 'tag'",)),
        ("tag,answer\n" + "\n" * 3_000 + "calm,none", ("2000 rows",)),
        ('{"a": 1}', ("no column 'tag'",)),
        (PLAIN.encode("utf-16"), ("not UTF-8", "line 1", "CSV UTF-8")),
        (PLAIN.replace("sunny", "s\u00fc\u00df").encode("latin-1"), ("not UTF-8", "line 28")),
        (b"PK\x03\x04\x14\x00\x00\x00", ("no CSV", "CSV UTF-8")),
        (b"a" * (MAX_BYTES + 1), ("over 256 KiB",)),
        ("tag,answer\n" + 'x,"' + "a" * 200_000 + '"', ("no CSV", "field")),
    ],
    ids=map(str, range(28)),
)
def test_what_is_wrong_with_a_sheet_is_one_sentence(
    data: str | bytes, words: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(MusmedError) as caught:
        read(tmp_path, data)
    sentence = str(caught.value)
    for word in (str(tmp_path / "ann.csv"), *words):
        assert word in sentence
    assert "\n" not in sentence


@settings(deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_whatever_stands_in_a_file_is_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "whatever.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    with pytest.raises(MusmedError):
        read_sheet(path)


def test_a_sheet_that_settles_may_leave_tags_out(tmp_path: Path) -> None:
    found = read(tmp_path, "note,Answer,TAG\nwhy,middle,dark\n,,calm\n", whole=False)
    assert found.answers == {"dark": Answer(Category.MIDDLE, None, "why")}


def test_sheets_that_agree() -> None:
    found = agreed([sheet("a"), sheet("b"), sheet("c")])
    assert (found.kappa, found.low, found.high) == (1.0, 1.0, 1.0)
    assert found.chance_high is not None
    assert found.chance_high < 0.3
    assert (found.disagreements, found.differences, found.undecided) == ((), (), ())
    assert found.tags == 56


def test_who_differs_is_told_the_most_divided_first_and_where_the_majority_leaves_musmed() -> None:
    none = ("none", "", "", "")
    sheets = [
        sheet("a", dark=("unpleasant low", "", "", "like a cellar"), film=none),
        sheet("b", dark=("middle", "", "", ""), fun=("pleasant low", "", "", "")),
        sheet("c", dark=("unpleasant high", "", "", ""), calm=none, sad=none),
        sheet("d", dark=("unpleasant low", "", "", ""), calm=none, sad=none),
        sheet("e", dark=("unpleasant high", "", "", ""), calm=none, sad=none),
    ]
    found = agreed(sheets)
    assert [one.tag for one in found.disagreements] == ["dark", "calm", "sad", "fun"]
    dark = found.disagreements[0]
    assert [(vote.category.value, vote.raters) for vote in dark.votes] == [
        ("unpleasant high", ("c", "e")),
        ("unpleasant low", ("a", "d")),
        ("middle", ("b",)),
    ]
    assert dark.agreement == pytest.approx(0.2)
    assert dark.notes == ("like a cellar",)
    assert found.undecided == ("dark",)
    assert [(one.tag, one.majority.value, one.musmed.value) for one in found.differences] == [
        ("calm", "none", "pleasant low"),
        ("sad", "none", "unpleasant low"),
    ]
    assert agreed(sheets) == found
    with pytest.raises(MusmedError, match="two people"):
        agreed(sheets[:1])


def test_where_a_tag_lies_is_said_by_the_raters_else_by_the_norms_else_it_is_the_centre() -> None:
    high = "pleasant high"
    sheets = [
        sheet(
            "a", happy=(high, "0.9", "0.2", ""), film=(high, "", "", ""), fun=(high, "1", "1", "")
        ),
        sheet(
            "b", happy=(high, "0.7", "0.4", ""), film=(high, "", "", ""), party=(high, "", "", "")
        ),
        sheet("c", happy=("pleasant low", "0.1", "-1", ""), sad=("none", "", "", "")),
    ]
    found = settled(sheets)
    assert set(found) == {one.name for one in MOODS}
    assert (found["happy"].affect, found["happy"].source) == (Affect(0.8, 0.3), "raters")
    assert (found["fun"].affect, found["fun"].source) == (mood("fun").affect, "norms")
    assert (found["film"].affect, found["film"].source) == (Affect(0.5, 0.5), "centre")
    assert (found["party"].affect, found["party"].category) == (None, Category.NONE)
    assert found["sad"].votes == {"unpleasant low": 2, "none": 1}
    assert not any(tag.settled for tag in found.values())
    assert sharing(found) == ()


def test_a_tie_is_never_settled_silently() -> None:
    sheets = [
        sheet("a", dark=("middle", "", "", ""), epic=("pleasant high", "", "", "")),
        sheet("b", dark=("unpleasant low", "-0.6", "-0.2", "")),
    ]
    with pytest.raises(MusmedError, match=r"2 tags have no majority \(dark, epic\).*--settle"):
        settled(sheets)
    half = Sheet("t", {"dark": Answer(Category.MIDDLE)})
    with pytest.raises(MusmedError, match=r"1 tag has no majority \(epic\)"):
        settled(sheets, half)
    whole = sheet(
        "t", dark=("unpleasant low", "-0.3", "-0.3", ""), epic=("pleasant high", "", "", "")
    )
    answers = {**whole.answers, "calm": Answer(Category.NONE)}
    ties = Sheet("t", answers)
    found = settled(sheets, ties)
    assert (found["dark"].affect, found["dark"].source) == (Affect(-0.3, -0.3), "settling")
    assert found["dark"].settled
    assert (found["epic"].affect, found["epic"].source) == (Affect(0.5, 0.5), "centre")
    assert found["calm"].category is Category.PLEASANT_LOW, "a majority stands"
    assert overruled(sheets, ties) == ("calm",)


def test_moods_in_one_place_are_named() -> None:
    high = ("pleasant high", "", "", "")
    both = [sheet(name, film=high, epic=high, action=high) for name in "ab"]
    assert sharing(settled(both)) == ("epic", "film")
