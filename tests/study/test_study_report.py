"""The report of a study: counts, figures beside chance, pairs, listeners; of few and of many."""

from __future__ import annotations

import html.parser
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.studies import made_up, small

from engine.evaluation.results import CourseRecord, JudgeRecord
from engine.listener.ratings import Rating
from engine.study.comparing import LEAST_PAIRS, Comparison, compared, holm, sign_flip
from engine.study.design import Design, lay_out
from engine.study.figures import JudgedCourse
from engine.study.folder import StudyFolder
from engine.study.listening.answers import Answer
from engine.study.listening.joined import Joined
from engine.study.report_page import page
from engine.study.reported import Summary, summed_up
from engine.study.running import prepare_run
from engine.study.study_file import parse_study

JUDGE = JudgeRecord("an ear <b>", "1", "It hears what it is told.", "none")
FACTORS = '[factors]\nstrategy = ["iso", "direct"]'

# pairs


def test_holm_is_that_of_the_paper() -> None:
    given_p = [0.01, 0.04, 0.03, None, 0.005]
    found = [Comparison("f", "a", "b", 9, 0.0, None, None, p) for p in given_p]
    assert [one.corrected for one in holm(found)] == pytest.approx([0.03, 0.06, 0.06, None, 0.02])


@given(st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=14))
def test_a_sign_flip_is_a_share(values: list[float]) -> None:
    p = sign_flip(values, np.random.default_rng(1))
    assert 0.0 < p <= 1.0


def test_a_sign_flip_tells_what_is_there_from_what_is_not() -> None:
    rng = np.random.default_rng(1)
    assert sign_flip([1.0] * 10, rng) == pytest.approx(2 / 2**10)
    assert sign_flip([1.0] * 40, rng) < 0.001
    assert sign_flip([1.0, -1.0] * 5, rng) == 1.0


def test_only_shared_pairs_are_compared_and_few_are_not_tested() -> None:
    rng = np.random.default_rng(1)
    values = {"a": {n: n + 1.0 for n in range(9)}, "b": {n: float(n) for n in range(3, 20)}}
    (one,) = compared("f", values, rng)
    assert (one.n, one.difference, one.low) == (6, 1.0, 1.0)
    assert one.p is not None
    few = {name: {n: value for n, value in mine.items() if n < 6} for name, mine in values.items()}
    (one,) = compared("f", few, rng)
    assert one.n < LEAST_PAIRS
    assert (one.low, one.p) == (None, None)


# the whole


def _study(  # noqa: PLR0917
    folder: StudyFolder,
    seeds: int,
    windows: int = 20,
    fails: int = 0,
    short: int = 0,
    design: Design | None = None,
) -> Summary:
    """Each session's music follows its path, in the second condition less well. The first ``short``
    are too short to be shuffled."""
    design = design or small(seeds, FACTORS)
    place = prepare_run(design, folder.path).folder
    rng = np.random.default_rng(1)
    for number, job in enumerate(design.jobs):
        into = place.job(job.digest)
        into.mkdir(parents=True)
        if number < fails:
            place.fail(job.digest, "It <can't> be made.", "here")
            place.fail(job.digest, "It <can't> be made.", "here")
            continue
        count = 8 if number < short else windows
        line = np.linspace(-0.5, 0.5, count)
        noise = rng.normal(size=(count, 2)) * (0.02 if job.request.strategy == "iso" else 0.4)
        heard = np.stack([line, -line], axis=1) + noise
        course = CourseRecord(
            "",
            tuple(10.0 * at for at in range(count)),
            tuple((float(v), float(-v)) for v in line),
            tuple((float(v), float(a)) for v, a in heard),
        )
        result, spent = made_up(job)
        result = msgspec.structs.replace(
            result,
            figures={"loudness": -23.0 + 0.1 * number, "silence": 0.2},
            courses=(JudgedCourse(JUDGE, True, course),),
        )
        place.finish(result, spent)
    return summed_up(place, design, _answers())


def _answers() -> list[Joined]:
    rows = []
    for who in range(8):
        for place, (condition, gain) in enumerate((("iso", 20), ("direct", 5)), start=1):
            for what, rating, liking in (
                ("before", Rating(30, 70), None),
                ("moment", Rating(40, None), None),
                ("after", Rating(30 + gain + who, 60), 50 + gain),
            ):
                answer = Answer(
                    at=datetime(2026, 1, 1, tzinfo=UTC),
                    participant=f"P{who:03d}",
                    what=what,
                    place=place,
                    code="BCDF",
                    asked_at=30.0 if what == "moment" else None,
                    rating=rating,
                    liking=liking,
                )
                rows.append(Joined(answer, "1", condition, {}))
    return rows


class _Tags(html.parser.HTMLParser):
    """Every tag is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _well_formed(text: str) -> None:
    tags = _Tags()
    tags.feed(text)
    assert tags.open == []
    assert len(set(tags.ids)) == len(tags.ids)
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|<script|@import", text)


def test_a_study_is_summed_up(tmp_path: Path) -> None:
    found = _study(StudyFolder(tmp_path), 8, fails=1)
    counts = found.counts
    assert (counts.planned, counts.done, counts.failed, counts.waiting) == (16, 15, 1, 0)
    (judged,) = found.judged
    by = {one.condition: {row.figure: row for row in one.rows} for one in judged.conditions}
    good, bad = by["strategy=iso"]["valence_r"], by["strategy=direct"]["valence_r"]
    assert good.mean > 0.98 > bad.mean
    assert good.shuffled_high is not None
    assert good.shuffled_high < 0.5
    assert good.another_path is None  # there is one path only
    (compares,) = [one for one in judged.comparisons if one.figure == "valence_r"]
    assert compares.n == 7  # the one that failed has no pair
    assert compares.corrected is not None
    assert compares.p is not None
    assert compares.p <= compares.corrected < 0.1
    assert [one.levels[0].mean for one in found.speeds] == [30.0]
    listened = found.listened
    assert listened is not None
    assert listened.participants == 8
    change = {one.figure: one for one in listened.levels}["valence_change"]
    assert [(one.condition, one.n, one.mean) for one in change.levels] == [
        ("direct", 8, 8.5),
        ("iso", 8, 23.5),
    ]
    text = page(found, "made <now>")
    _well_formed(text)
    for said in ("1 failed", "It &lt;can", "valence at 30 s", "p, Holm", "made &lt;now&gt;"):
        assert said in text
    assert "an ear &lt;b&gt;" in text
    assert "&lt;0.001" in page(_study(StudyFolder(tmp_path / "more"), 20), "made")
    assert page(found, "made <now>") == text


def test_of_three_sessions_nothing_is_said(tmp_path: Path) -> None:
    found = _study(StudyFolder(tmp_path), 2, fails=1)
    text = page(found, "made")
    _well_formed(text)
    assert "beyond chance</td>" not in text
    assert "too few to say" in text
    assert "settle nothing" in text
    assert all(one.p is None for judged in found.judged for one in judged.comparisons)


def test_sessions_too_short_to_be_shuffled_are_said_to_be(tmp_path: Path) -> None:
    text = page(_study(StudyFolder(tmp_path), 3, windows=8), "made")
    assert "too short to shuffle" in text


def test_where_some_are_too_short_to_be_shuffled_nothing_is_beyond_chance(tmp_path: Path) -> None:
    found = _study(StudyFolder(tmp_path), 8, short=3)
    by = {one.condition: one for one in found.judged[0].conditions}
    assert {row.shuffled_high for row in by["strategy=iso"].rows} == {None}
    assert all(row.shuffled_high is not None for row in by["strategy=direct"].rows[:2])
    _well_formed(page(found, "made"))


def test_listeners_with_the_same_words_are_one_session(tmp_path: Path) -> None:
    """They hear the same bytes: forty times the same difference is one difference."""
    people = "".join(f"L{number},sad,calm\n" for number in range(40))
    (tmp_path / "people.csv").write_text(f"listener,from,to\n{people}")
    said = f'title = "x"\nminutes = 1\n[paths]\nlisteners = "people.csv"\n{FACTORS}'
    design = lay_out(parse_study(said.encode()), tmp_path)
    found = _study(StudyFolder(tmp_path / "study"), 1, design=design)
    assert (found.counts.planned, found.counts.done) == (80, 80)
    assert [one.n for one in found.judged[0].conditions] == [1, 1]
    assert {(one.n, one.p) for one in found.judged[0].comparisons} == {(1, None)}
    assert {level.n for one in found.levels for level in one.levels} == {1}


def test_of_nothing_there_is_a_page_too(tmp_path: Path) -> None:
    design = small(2)
    folder = prepare_run(design, tmp_path).folder
    found = summed_up(folder, design, None)
    assert found.counts.done == 0
    _well_formed(page(found, "made"))


def test_of_a_thousand(tmp_path: Path) -> None:
    found = _study(StudyFolder(tmp_path), 500)
    assert found.counts.done == 1_000
    _well_formed(page(found, "made"))
