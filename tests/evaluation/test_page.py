"""The page of an evaluation: whole, alone, and saying no more than the figures do."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.evaluation.against_chance import Place, estimate_standing, row_standing
from engine.evaluation.drawing.axis import axis
from engine.evaluation.drawing.courses import OPEN, standardised
from engine.evaluation.drawing.markup import number
from engine.evaluation.likeness import Likeness, LikenessRow, Nearest, PieceLikeness
from engine.evaluation.page import page
from engine.evaluation.results import (
    CourseRecord,
    Distances,
    Estimate,
    Evaluation,
    Following,
    JudgeRecord,
    MoodRow,
    PromptedAffect,
    Reading,
    Row,
    SessionFigures,
    Subject,
    Tagging,
    TextMatch,
)
from engine.evaluation.wording import MEANINGS, PLAIN, WORDS

JUDGE = JudgeRecord("an ear", "7.1", "It hears what there is.", "CC0-1.0")
HOSTILE = '<img src=x onerror="alert(1)">\x1b[2J\u202e&amp;.flac'
VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Holds every element that is opened against the one that is closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.boxes: list[tuple[float, float]] = []
        self.points: list[tuple[float, float, float, float]] = []
        self.cells: list[str] = []
        self.said: list[str] = []
        self.style = ""
        self.feed(source)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        assert len(held) == len(attrs), "an attribute is given twice"
        self.elements.append((tag, held))
        if "id" in held:
            self.ids.append(held["id"] or "")
        if tag == "svg":
            _, _, width, height = map(float, (held["viewbox"] or "").split())
            self.boxes.append((width, height))
        if self.boxes:
            self.points += [(x, y, *self.boxes[-1]) for x, y in places(tag, held)]
        if tag in ("td", "th"):
            self.cells.append("")
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag
        if tag == "svg":
            self.boxes.pop()

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] == "style":
            self.style += data
            return
        self.said.append(data)
        if {"td", "th"} & set(self.stack):
            self.cells[-1] += data

    @property
    def text(self) -> str:
        return " ".join(self.said)


def places(tag: str, held: dict[str, Any]) -> list[tuple[float, float]]:
    """Where an element of a picture reaches."""

    def at(*names: str) -> list[float]:
        return [float(held[name]) for name in names]

    found: list[tuple[float, float]] = []
    if tag == "line":
        x1, y1, x2, y2 = at("x1", "y1", "x2", "y2")
        found = [(x1, y1), (x2, y2)]
    elif tag == "rect":
        x, y, width, height = at("x", "y", "width", "height")
        assert min(width, height) >= 0.0
        found = [(x, y), (x + width, y + height)]
    elif tag == "circle":
        x, y, r = at("cx", "cy", "r")
        found = [(x - r, y - r), (x + r, y + r)]
    elif tag == "text":
        x, y = at("x", "y")
        found = [(x, y)]
    elif tag == "polyline":
        found = [(float(x), float(y)) for x, y in (p.split(",") for p in held["points"].split())]
    elif tag == "path":
        found = [(float(x), float(y)) for x, y in re.findall(r"M([\d.-]+) ([\d.-]+)", held["d"])]
        assert found
    return found


def row(figure: str = "arousal_r", mean: float = 0.8, **changes: Any) -> Row:
    whole = Row(figure, mean, mean - 0.1, mean + 0.1, 6, -0.2, 0.3, 0.11, 0.07)
    return msgspec.structs.replace(whole, **changes)


def course(file: str = "one.flac", n: int = 12) -> CourseRecord:
    return CourseRecord(
        file,
        tuple(15.0 + 10.0 * i for i in range(n)),
        tuple((-0.5 + i / n, 0.6 - i / n) for i in range(n)),
        tuple((-0.4 + i / n, 0.5 - i / n) for i in range(n)),
    )


def following(**changes: Any) -> Following:
    figures = dict.fromkeys(WORDS, 0.4321) | {"valence_r": None}
    whole = Following(
        JUDGE,
        True,
        (SessionFigures("one.flac", 12, figures),),
        (course(),),
        (row(), row("end_error", 0.41, shuffled_low=0.6, shuffled_high=0.9)),
    )
    return msgspec.structs.replace(whole, **changes)


def whole() -> Evaluation:
    """Something of everything."""
    share = Estimate("AUPRC", 0.213, 0.151, 0.287, 0.062, 0.041, 0.109)
    hamming = Estimate("Hamming score", 0.91, 0.9, 0.93, 0.5, 0.4, 0.6, nothing=0.968)
    clap = Estimate("CLAP score", 0.312, None, None, 0.221, 0.197, 0.246)
    fad = Estimate("FAD", 0.623, 0.551, 0.712, 0.114, 0.092, 0.137)
    affect = PromptedAffect(
        JUDGE, 11, 3, (Estimate("valence r", 0.77, 0.66, 0.88, 0.0, -0.19, 0.18),)
    )
    moods = (MoodRow("calm", 4, 0.211, 0.0613), MoodRow("dark", 7, 0.512, 0.0717))
    return Evaluation(
        5,
        (Subject("one.flac", 120.0, 5, ("score",)),),
        (following(),),
        (Tagging(JUDGE, 11, 3, (share, hamming), moods),),
        affect=(affect,),
        matches=(TextMatch(JUDGE, 11, 1, clap),),
        distances=(Distances(JUDGE, 108, 400, (fad,)),),
        readings=(Reading("an ear", "two.flac", 17, 0.123, None),),
        remarks=("one.flac is short.",),
    )


def made(found: Evaluation) -> Reader:
    return Reader(page(found, "A title", "today"))


def test_it_is_whole_and_stands_alone() -> None:
    source = page(whole(), "A title", "today")
    read = Reader(source)
    assert source.startswith("<!DOCTYPE html>")
    assert len(read.ids) == len(set(read.ids))
    names = {name for name, _ in read.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "use"}
    for name, held in read.elements:
        assert not any(key.startswith("on") or key in ("src", "style") for key in held), name
        assert (held.get("href") or "#").startswith("#"), "a link leads away from the page"
        for key in ("aria-labelledby", "href"):
            for one in (held.get(key) or "").replace("#", "").split():
                assert one in read.ids, one
    assert "url(" not in read.style
    assert "@import" not in read.style
    policy = next(h["content"] for n, h in read.elements if h.get("http-equiv")) or ""
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_every_picture_and_table_can_be_read_without_seeing_it() -> None:
    read = made(whole())
    pictures = [h for n, h in read.elements if n == "svg" and h.get("aria-hidden") != "true"]
    assert len(pictures) == 8
    assert all(held["role"] == "img" and held["aria-labelledby"] for held in pictures)
    assert all(held.get("scope") in ("row", "col") for n, held in read.elements if n == "th")
    tables = [n for n, _ in read.elements if n == "table"]
    assert len(tables) == len([n for n, _ in read.elements if n == "caption"]) > 0
    levels = [int(n[1]) for n, _ in read.elements if re.fullmatch(r"h[1-6]", n)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_figure_stands_in_a_table_with_its_interval_n_and_chance() -> None:
    """Made of the record itself, so that no field is forgotten."""
    found = whole()
    cells = set(made(found).cells)
    for told in found.following[0].rows:
        for value in (told.mean, told.another_path, told.constant):
            assert number(value) in cells
        assert f"{number(told.low)} to {number(told.high)}" in cells
        assert f"{number(told.shuffled_low)} to {number(told.shuffled_high)}" in cells
        assert str(told.n) in cells
    assert number(0.4321) in cells, "each session's own"
    estimates = [
        *found.tagging[0].rows,
        *found.affect[0].rows,
        found.matches[0].score,
        *found.distances[0].rows,
    ]
    for one in estimates:
        for value in (one.value, one.chance, one.nothing):
            assert number(value, 3) in cells
        assert f"{number(one.chance_low, 3)} to {number(one.chance_high, 3)}" in cells
        if one.low is not None:
            assert f"{number(one.low, 3)} to {number(one.high, 3)}" in cells
    for mood in found.tagging[0].moods:
        held = {mood.mood, str(mood.clips), number(mood.average_precision, 3)}
        assert held | {number(mood.chance, 3)} <= cells
    assert {"two.flac", "17", "0.12"} <= cells
    record = found.following[0].courses[0]
    for planned, measured in zip(record.planned, record.measured, strict=True):
        assert {number(v) for v in (*planned, *measured) if v is not None} <= cells
    for said in (JUDGE.name, JUDGE.version, JUDGE.licence, JUDGE.domain):
        assert said in cells


def test_moods_stand_in_the_order_of_their_bars() -> None:
    cells = made(whole()).cells
    assert cells.index("dark") < cells.index("calm")


def test_what_a_file_is_called_is_no_markup() -> None:
    hostile = msgspec.structs.replace(
        whole(),
        subjects=(Subject(HOSTILE, 60.0, 1, (HOSTILE,)),),
        following=(
            following(
                judge=JudgeRecord(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
                sessions=(SessionFigures(HOSTILE, 3, {HOSTILE: 0.5}),),
                courses=(course(HOSTILE),),
                rows=(row(HOSTILE),),
            ),
        ),
        tagging=(Tagging(JUDGE, 1, 1, (), (MoodRow(HOSTILE, 1, 0.5, 0.2),)),),
        remarks=(HOSTILE,),
    )
    source = page(hostile, HOSTILE, HOSTILE)
    read = Reader(source)
    assert "img" not in {name for name, _ in read.elements}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", source)
    assert "<img src=x onerror=" in read.text
    assert "&amp;.flac" in read.text, "as it is, not read as markup"
    source.encode()


def test_what_is_not_known_is_a_dash() -> None:
    nothing = (None, None)
    hollow = Evaluation(
        0,
        (Subject("a", None, 0),),
        (
            following(
                scaled=False,
                sessions=(SessionFigures("a", 3, dict.fromkeys(WORDS)),),
                courses=(
                    CourseRecord("a", (1.0, 2.0), ((0.0, 0.0), (0.1, 0.1)), (nothing, nothing)),
                    CourseRecord("b", (), (), ()),
                ),
                rows=(
                    row(shuffled_low=None, shuffled_high=None, another_path=None, constant=None),
                ),
            ),
        ),
        (
            Tagging(
                JUDGE,
                1,
                1,
                (Estimate("AUPRC", float("nan"), None, None, 0.1, None, None),),
                (MoodRow("calm", 1, float("nan"), 0.1),),
            ),
        ),
    )
    source = page(hollow, "t", "m")
    read = Reader(source)
    assert not re.search(r"\b(None|nan|inf)\b", source)
    assert "Chance is not known for" in read.text


@pytest.mark.parametrize(
    ("gone", "heading"),
    [
        ("following", "Does the music follow its path?"),
        ("tagging", "Are the prompted moods heard?"),
        ("matches", "Does it match its prompt?"),
        ("distances", "How far is it from the reference?"),
        ("affect", "Is what is heard where the prompted moods lie?"),
        ("readings", "What else was heard"),
        ("remarks", "What was odd"),
        ("subjects", "What was evaluated"),
    ],
)
def test_of_what_there_is_not_nothing_is_said(gone: str, heading: str) -> None:
    assert heading in made(whole()).text
    assert heading not in made(msgspec.structs.replace(whole(), **{gone: ()})).text


def test_an_evaluation_of_nothing_is_a_page() -> None:
    assert "Nothing was evaluated." in made(Evaluation(0, ())).text


def test_the_same_evaluation_makes_the_same_bytes() -> None:
    assert page(whole(), "t", "m").encode() == page(whole(), "t", "m").encode()


def test_a_judge_with_a_scale_of_its_own_is_drawn_otherwise_and_that_is_said() -> None:
    said = "for drawing only"
    assert said not in made(whole()).text
    own = msgspec.structs.replace(whole(), following=(following(scaled=False),))
    read = made(own)
    assert said in read.text
    assert "plane" not in {held.get("class") for _, held in read.elements}


def test_on_a_scale_of_its_own_only_the_course_is_drawn() -> None:
    """Ten times as high is the same picture, and the table keeps what the judge said."""

    def drawn(factor: float, *, scaled: bool) -> tuple[list[str | None], list[str]]:
        one = course()
        measured = tuple((None, factor * (y or 0.0)) for _, y in one.measured)
        heard = msgspec.structs.replace(one, measured=measured)
        read = made(Evaluation(0, (), (following(scaled=scaled, courses=(heard,)),)))
        lines = [h["points"] for n, h in read.elements if n == "polyline"]
        return lines, read.cells

    lines, cells = drawn(10.0, scaled=False)
    assert len(lines) == 2
    assert drawn(1.0, scaled=False)[0] == lines
    assert drawn(1.0, scaled=True)[0] != drawn(0.5, scaled=True)[0]
    assert number(5.0) in cells


def test_standardised_has_the_mean_and_spread_of_the_path() -> None:
    drawn = standardised([10.0, None, 30.0, 20.0], [0.0, 0.5, 0.4, 0.2])
    assert drawn == pytest.approx([0.2 - 0.2, None, 0.2 + 0.2, 0.2])
    assert standardised([1.0, 1.0], [0.0, 0.5]) == [None, None], "what stands still"
    assert standardised([1.0, 2.0], [0.5, 0.5]) == [None, None], "a path that stands still"


# beyond chance


@pytest.mark.parametrize(
    ("figure", "low", "high", "chance", "place"),
    [
        ("arousal_r", 0.31, 0.9, (-0.2, 0.3), Place.BEYOND),
        ("arousal_r", 0.30, 0.9, (-0.2, 0.3), Place.WITHIN),
        ("arousal_r", -0.1, 0.1, (-0.2, 0.3), Place.WITHIN),
        ("arousal_r", -0.9, 0.9, (-0.2, 0.3), Place.WITHIN),
        ("arousal_r", -0.9, -0.21, (-0.2, 0.3), Place.OTHER_SIDE),
        ("end_error", 0.1, 0.29, (0.3, 0.6), Place.BEYOND),
        ("end_error", 0.1, 0.30, (0.3, 0.6), Place.WITHIN),
        ("end_error", 0.7, 0.9, (0.3, 0.6), Place.OTHER_SIDE),
        ("lag_s", 70.0, 80.0, (-30.0, 60.0), Place.OTHER_SIDE),
        ("lag_s", -5.0, 5.0, (10.0, 60.0), Place.BEYOND),
        ("lag_s", -90.0, -70.0, (10.0, 60.0), Place.OTHER_SIDE),
        ("arousal_r", 0.31, 0.9, (None, None), Place.UNKNOWN),
        ("arousal_r", float("nan"), 0.9, (0.0, 0.1), Place.UNKNOWN),
    ],
)
def test_on_both_sides_of_the_border(
    figure: str, low: float, high: float, chance: tuple[float, float], place: Place
) -> None:
    one = row(
        figure,
        (low + high) / 2,
        low=low,
        high=high,
        constant=None,
        another_path=None,
        shuffled_low=chance[0],
        shuffled_high=chance[1],
    )
    assert row_standing(one).place is place
    said = made(Evaluation(0, (), (following(rows=(one,)),))).text
    assert ("Beyond chance:" in said) == (place is Place.BEYOND)
    assert ("Not told from chance:" in said) == (place is Place.WITHIN)
    assert ("on the other side" in said) == (place is Place.OTHER_SIDE)


@pytest.mark.parametrize(
    ("low", "high", "place"),
    [(0.2, 0.3, Place.FARTHER), (0.1, 0.3, Place.WITHIN), (0.0, 0.04, Place.NEARER)],
)
def test_a_distance_is_neither_right_nor_wrong(low: float, high: float, place: Place) -> None:
    one = Estimate("FAD", (low + high) / 2, low, high, 0.07, 0.05, 0.1)
    assert estimate_standing(one).place is place
    said = made(Evaluation(0, (), distances=(Distances(JUDGE, 9, 9, (one,)),))).text
    assert "Beyond chance:" not in said


def test_one_session_stands_alone() -> None:
    """It has no interval, so nothing is called beyond chance."""
    one = row(low=None, high=None, n=1)
    read = made(Evaluation(0, (), (following(rows=(one,)), following(rows=(one,)))))
    assert row_standing(one).alone
    assert "Beyond chance:" not in read.text
    assert "Outside the middle 95 % of chance, by itself:" in read.text
    assert "0.80 to 0.80" not in read.text


def test_what_is_no_more_than_another_nothing_is_said() -> None:
    still = row("end_error", 0.4, shuffled_low=0.6, shuffled_high=0.9, constant=0.45)
    assert row_standing(still).below == (
        "music that stays where it is",
        "the paths of the other sessions",
    )
    read = made(Evaluation(0, (), (following(rows=(still,)),)))
    assert "but not beyond music that stays where it is" in read.text
    hamming = made(whole()).text
    assert "but not beyond saying nothing at all" in hamming


def test_no_word_of_praise() -> None:
    said = made(whole()).text.lower()
    praise = {"good", "great", "excellent", "significant", "successful", "proves", "well"}
    assert set(re.findall(r"[a-z]+", said.replace("what it is good for", ""))).isdisjoint(praise)


def test_every_figure_has_a_meaning_and_plain_words() -> None:
    assert set(WORDS) <= set(MEANINGS)
    assert set(WORDS) <= set(PLAIN)


# many


def test_hundreds_of_sessions_stay_a_few_megabytes() -> None:
    courses = tuple(course(f"{i}.flac", 60) for i in range(300))
    sessions = tuple(SessionFigures(one.file, 60, dict.fromkeys(WORDS, 0.1)) for one in courses)
    source = page(Evaluation(0, (), (following(courses=courses, sessions=sessions),)), "t", "m")
    assert len(source) < 4_000_000
    read = Reader(source)
    assert f"{300 - OPEN} more sessions" in read.text
    assert "th window is drawn" in read.text


# whatever an evaluation says

NUMBERS = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, -1.0, 1e-9, float("nan")])
MAYBE = st.none() | NUMBERS
NAMES = st.text(max_size=12) | st.just(HOSTILE)
FIGURES = st.sampled_from([*WORDS, "AUPRC", "FAD", "a new one"])
JUDGES = st.builds(JudgeRecord, NAMES, NAMES, NAMES, NAMES)
ROWS = st.builds(Row, FIGURES, NUMBERS, NUMBERS, NUMBERS, st.integers(1, 9), *[MAYBE] * 4)
ESTIMATES = st.builds(Estimate, FIGURES, NUMBERS, *[MAYBE] * 6)


@st.composite
def course_records(draw: Callable[..., Any]) -> CourseRecord:
    n = draw(st.integers(0, 5))
    pairs = st.tuples(NUMBERS, NUMBERS)
    return CourseRecord(
        draw(NAMES),
        tuple(15.0 + 10.0 * i for i in range(n)),
        tuple(draw(pairs) for _ in range(n)),
        tuple(draw(st.tuples(MAYBE, MAYBE)) for _ in range(n)),
    )


def some(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=2).map(tuple)


SESSIONS = st.builds(SessionFigures, NAMES, st.integers(0, 9), st.dictionaries(FIGURES, MAYBE))
MOODS = st.builds(MoodRow, NAMES, st.integers(0, 9), NUMBERS, NUMBERS)
COUNTS = st.integers(0, 999)
EVALUATIONS = st.builds(
    Evaluation,
    st.integers(0, 9),
    some(st.builds(Subject, NAMES, MAYBE, COUNTS, some(NAMES))),
    some(
        st.builds(
            Following, JUDGES, st.booleans(), some(SESSIONS), some(course_records()), some(ROWS)
        )
    ),
    tagging=some(st.builds(Tagging, JUDGES, COUNTS, COUNTS, some(ESTIMATES), some(MOODS))),
    affect=some(st.builds(PromptedAffect, JUDGES, COUNTS, COUNTS, some(ESTIMATES))),
    readings=some(st.builds(Reading, NAMES, NAMES, COUNTS, MAYBE, MAYBE)),
    matches=some(st.builds(TextMatch, JUDGES, COUNTS, COUNTS, ESTIMATES)),
    distances=some(st.builds(Distances, JUDGES, COUNTS, COUNTS, some(ESTIMATES))),
    remarks=some(NAMES),
)


@settings(max_examples=60, deadline=None)
@given(EVALUATIONS)
def test_whatever_is_found_makes_a_page(found: Evaluation) -> None:
    source = page(found, "t", "m")
    read = Reader(source)
    assert len(read.ids) == len(set(read.ids))
    numbers = [v for _, held in read.elements for k, v in held.items() if k in ("d", "points", "x")]
    assert not any("nan" in (value or "") or "inf" in (value or "") for value in numbers)
    for x, y, width, height in read.points:
        assert -0.01 <= x <= width + 0.01
        assert -0.01 <= y <= height + 0.01


@given(st.lists(st.floats(-1e9, 1e9), max_size=4), st.floats(-1e6, 0.0), st.floats(0.0, 1e6))
def test_an_axis_reaches_over_all_of_it(values: list[float], low: float, high: float) -> None:
    made_of = axis(values, low, high)
    whole = [low, high, *values]
    room = 1e-6 * (made_of.high - made_of.low)
    assert made_of.low - room <= min(whole) <= max(whole) <= made_of.high + room
    assert 2 <= len(made_of.ticks) <= 12
    assert len({made_of.label(tick) for tick in made_of.ticks}) == len(made_of.ticks)


def test_what_is_like_a_track_is_listed_likeliest_first() -> None:
    far = Nearest("b.flac", 61.0, 2.0, 0.512, None, None, 0.4, False)
    near = Nearest(HOSTILE, 125.0, 0.0, 0.987, -3, 1.02, 0.001, True)
    told = Likeness(
        7,
        (
            PieceLikeness("x.flac", 0.0, 30.0, far, None),
            PieceLikeness("y.flac", 30.0, 60.0, near, far),
        ),
        (LikenessRow("chroma", 2, 0.987, 0.5, 0.01, 400, 0.4, 0.6, 0.7),),
        ("One was silent.",),
    )
    assert "like a track" not in made(whole()).text
    read = made(Evaluation(0, (), likeness=told))
    assert "like a track" in read.text
    assert "img" not in {name for name, _ in read.elements}
    wanted = {"0.987", "50.0 %", "1.0 %", "400", "0.400", "0.600", "0.700", "2:05", "−3", "1.02"}
    assert wanted <= set(read.cells)
    assert [cell for cell in read.cells if cell in ("0.987", "0.512")] == [
        "0.987",  # of all
        "0.987",
        "0.512",
        "0.512",
    ]
    assert {"0.001", "beyond chance", "0.400", "not told from chance"} <= set(read.cells)
