"""Changes of players in the score: where they are made, and how they are written."""

from __future__ import annotations

import functools
import itertools

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.affect.path import Path, Waypoint
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.parts.arrangement import arrange
from engine.composers.score.parts.ensembles import ensemble_for
from engine.composers.score.parts.handover import notes_of
from engine.composers.score.parts.writer import Writer
from engine.composers.score.session_score import session_score
from engine.composers.score.writing.casting import Cast
from engine.composers.score.writing.course import Course
from engine.composers.score.writing.form import Bar, first_state, next_bar
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import Change, Players, SeedStep

PIANO, FLUTE, HARP = (Players(tag, "soundtrack") for tag in ("piano", "flute", "harp"))
STILL = Path((Waypoint(0.0, Affect(0.2, 0.1)),))


def bars_of(path: Path, total: float, seed: int, changes: tuple[Change, ...]) -> list[Bar]:
    course = Course(path, (SeedStep(0.0, seed),), total, changes)
    state = first_state(course)
    bars: list[Bar] = []
    while not state.done:
        bar, state = next_bar(state, course)
        bars.append(bar)
    return bars


def first(players: Players) -> Change:
    return Change(0.0, 0.0, players)


def opens_section(bar: Bar) -> bool:
    return bar.kind == "body" and (bar.section_bar, bar.phrase_bar) == (0, 0)


PAIRS = [("tense", "calm"), ("angry", "serene"), ("tired", "excited")]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("start", "target"), PAIRS)
def test_every_planned_change_is_made_at_a_sections_start(
    start: str, target: str, seed: int
) -> None:
    request = Request(
        start=feeling(start).affect,
        target=feeling(target).affect,
        minutes=8,
        temperature=1.0,
        seed=seed,
    )
    plan = make_plan(request)
    bars = bars_of(plan.path, plan.total, seed, plan.changes)
    made = [(one, two) for one, two in itertools.pairwise(bars) if one.cast.since != two.cast.since]
    assert [two.cast.since for _, two in made] == [c.not_before for c in plan.changes[1:]]
    for one, two in made:
        change = next(c for c in plan.changes if c.not_before == two.cast.since)
        assert opens_section(two)
        assert frames_of(change.not_before) <= two.start <= frames_of(change.not_after)
        assert two.cast.players == change.players
        between = [b for b in bars if frames_of(change.not_before) <= b.start < two.start]
        assert not any(opens_section(bar) for bar in between), "the first one that comes"
        assert two.cast.before == one.cast.players


def test_a_change_that_finds_no_section_is_made_at_the_next_phrase() -> None:
    bars = bars_of(STILL, 120.0, 3, (first(PIANO),))
    inside = next(b for b in bars if b.kind == "body" and b.section_bar == 1 and b.number > 8)
    at = inside.start / SAMPLE_RATE
    changes = (first(PIANO), Change(at, at, FLUTE))
    changed = bars_of(STILL, 120.0, 3, changes)
    new = next(bar for bar in changed if bar.cast.players == FLUTE)
    opening = next(b for b in changed if b.start > inside.start and b.opens_phrase)
    assert new.number == opening.number


def test_of_two_that_are_due_the_newer_is_made_and_what_was_taken_back_is_not() -> None:
    def played(*changes: Change) -> set[Players]:
        return {bar.cast.players for bar in bars_of(STILL, 120.0, 3, (first(PIANO), *changes))}

    bars = bars_of(STILL, 120.0, 3, (first(PIANO),))
    opening = [bar.start / SAMPLE_RATE for bar in bars if opens_section(bar)]
    at = opening[1] + 1.0
    older, newer = Change(at, at + 75.0, FLUTE), Change(at + 0.5, at + 75.0, HARP)
    assert played(older) == {PIANO, FLUTE}
    assert played(older, newer) == {PIANO, HARP}
    assert played(msgspec.structs.replace(older, until=at + 0.5)) == {PIANO}
    assert played(msgspec.structs.replace(older, until=119.0)) == {PIANO, FLUTE}, "made before that"


@functools.cache
def changed() -> list[Bar]:
    bars = bars_of(STILL, 120.0, 3, (first(PIANO),))
    at = [bar.start / SAMPLE_RATE for bar in bars if opens_section(bar)][1] + 1.0
    return bars_of(STILL, 120.0, 3, (first(PIANO), Change(at, at + 75.0, FLUTE)))


def test_those_who_leave_fall_back_and_those_who_come_grow() -> None:
    bars = changed()
    turn = next(bar for bar in bars if bar.cast.before is not None).number
    gains: list[tuple[int, float]] = []
    for bar in bars[turn - 3 : turn + 3]:
        written = arrange(bar, ensemble_for(bar.cast.players), STILL)
        for plain, note in zip(written, notes_of(bar, STILL), strict=True):
            assert note._replace(gain=plain.gain) == plain, "only how loud it is"
            others = bar.cast.coming or bar.cast.before
            if note.part == "lead" and others is not None:
                stays = note.instrument in ensemble_for(others).players
                assert stays == (note.gain == plain.gain) or note.gain == plain.gain
                gains.append((bar.number - turn, note.gain / plain.gain))
            if others is None:
                assert note == plain
    assert {number for number, _ in gains} <= {-2, -1, 0, 1}
    assert min(gain for _, gain in gains) >= 0.699, "the melody stays"
    here = [gain for number, gain in gains if number == 0]
    later = [gain for number, gain in gains if number == 1]
    assert here == sorted(here)
    assert here[0] == pytest.approx(0.7, abs=0.05)
    assert later[-1] > here[0]


def test_a_damaged_cast_is_none() -> None:
    assert Cast(PIANO).sane
    assert not Cast(Players("x" * 100, "y")).sane
    assert not Cast(PIANO, bars=9).sane


def test_a_sessions_score_is_played_by_its_cast() -> None:
    """The lead is the instrument of the newest change, and of the one before until it is made."""
    request = Request(
        start=feeling("tense").affect,
        target=feeling("calm").affect,
        minutes=5,
        temperature=1.0,
        seed=4,
    )
    score = session_score(request)
    assert len({bar.cast.players for bar in score.bars}) > 1
    for bar in score.bars:
        lead = ensemble_for(bar.cast.players).voice.lead
        notes = [n for n in score.notes if bar.start <= n.onset < bar.end and n.part == "lead"]
        # A pick-up or a late hand may belong to a neighbour.
        middle = [n for n in notes if bar.start + 9600 < n.onset < bar.end - 9600]
        assert all(note.instrument == lead for note in middle)


@pytest.mark.parametrize(("low", "high"), [(-0.9, 0.9), (0.9, -0.9)])
def test_within_a_section_nobody_comes_or_goes(low: float, high: float) -> None:
    """Who has drums, and who joins in as the music wakes, is decided where a section begins."""
    path = Path((Waypoint(0.0, Affect(0.2, low)), Waypoint(300.0, Affect(0.2, high))))
    for genre in ("pop", "orchestral", "house"):
        players = Players("piano", genre)
        sections: dict[int, list[Writer]] = {}
        for bar in bars_of(path, 300.0, 4, (first(players),)):
            if bar.kind == "body":
                made = Writer(bar, ensemble_for(players), path)
                sections.setdefault(bar.section, []).append(made)
        there = []
        for writers in sections.values():
            layers = {tuple(w.presence(k / 20) > 0.0 for k in range(20)) for w in writers}
            assert len(layers) == 1
            there.append(sum(layers.pop()))
        assert len(set(there)) > 4, "over the session they do"
