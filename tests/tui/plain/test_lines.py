"""A Snapshot as text: it fits, and what matters most is kept longest."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.affect.path import plan_path
from engine.listener.ratings import Felt, Rating
from engine.plan.spec import Tags
from engine.session.conductor.line_state import LineState, Standing
from engine.session.status import Phase
from musmed_tui.plain.lines import clip_line, prompt_line, state_line, status_line
from musmed_tui.session_view import Snapshot
from musmed_tui.wording import (
    ASCII,
    UNICODE,
    change_in_words,
    clock,
    length,
    rating_in_words,
)

SNAPSHOT = Snapshot(
    session_id="20261121-101500-k3",
    state="playing",
    position_s=187.4,
    total_s=900.0,
    path=plan_path(feeling("tense").affect, feeling("calm").affect, 900.0, "iso"),
    affect=feeling("tense").affect,
    target=feeling("calm").affect,
    start_word="tense",
    target_word="calm",
    tags=Tags("dark", "tense", "piano", "classical"),
    next_tags=None,
    clip=8,
    clips=40,
    timeline=(),
    ahead_s=42.4,
    speed=20.0,
    restarts=0,
    gaps=0,
    volume=1.0,
    peak=(-20.0, -20.0),
    sink="null",
    composer="embedded",
    failure=None,
)


def whole(width: int) -> str:
    line = status_line(SNAPSHOT, width, UNICODE)
    return line.head + line.rest


def test_a_model_that_is_being_loaded_is_named_with_its_share() -> None:
    loading = msgspec.structs.replace(
        SNAPSHOT, state="starting", composer="musicgen-small", loading=0.404
    )
    assert status_line(loading, 100, ASCII).head == "o loading musicgen-small, 40 %"
    playing = msgspec.structs.replace(loading, state="playing")
    assert status_line(playing, 100, ASCII).head == "> playing", "nobody waits for it"


def test_everything_in_its_order() -> None:
    assert whole(100) == "▸ playing  3:07/15:00  tense → calm  piano, classical  42 s ahead"


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (60, "▸ playing  3:07/15:00  tense → calm  piano, classical"),
        (40, "▸ playing  3:07/15:00  tense → calm"),
        (25, "▸ playing  3:07/15:00"),
        (12, "▸ playing"),
        (5, "▸ pla"),
        (0, ""),
    ],
)
def test_a_narrow_terminal_keeps_what_matters(width: int, line: str) -> None:
    assert whole(width) == line


@given(
    width=st.integers(0, 300),
    position=st.floats(0, 3600),
    ahead=st.floats(0, 300),
    volume=st.floats(0, 1),
    gaps=st.integers(0, 10**6),
    state=st.sampled_from(
        ["starting", "playing", "paused", "away", "composing", "ended", "failed"]
    ),
    valence=st.floats(-1, 1),
)
def test_never_wider_than_the_terminal(
    *,
    width: int,
    position: float,
    ahead: float,
    volume: float,
    gaps: int,
    state: str,
    valence: float,
) -> None:
    snapshot = msgspec.structs.replace(
        SNAPSHOT,
        position_s=position,
        ahead_s=ahead,
        volume=volume,
        gaps=gaps,
        state=state,
        affect=Affect(valence, 0.3),
        target_word=None,
    )
    line = status_line(snapshot, width, ASCII)
    assert len(line.head + line.rest) <= width
    assert (line.head + line.rest).isascii()
    assert snapshot.doing in line.head or width <= len(snapshot.doing) + 2


def test_volume_and_gaps_are_shown_when_there_is_something_to_say() -> None:
    told = msgspec.structs.replace(SNAPSHOT, volume=0.8, gaps=3)
    assert "  volume 80 %  gaps 3" in status_line(told, 60, ASCII).rest


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        ("up", ""),
        ("down", "  no line to lab: 4:30 here"),
        ("login", "  no line to lab: 4:30 here"),
        ("left", ""),
        ("answers", "  lab answers: b"),
        ("going", ""),
    ],
)
def test_a_line_that_is_down_stands_behind_the_time(standing: Standing, words: str) -> None:
    told = msgspec.structs.replace(SNAPSHOT, line=LineState("lab", standing), ahead_s=270.9)
    assert status_line(told, 80, ASCII).rest.startswith(f"  3:07/15:00{words}  ")


def test_every_glyph_is_one_column_but_the_arrow() -> None:
    for glyphs in (ASCII, UNICODE):
        states = glyphs._asdict()
        states.pop("arrow")
        assert {len(glyph) for glyph in states.values()} == {1}
    assert "".join(ASCII).isascii()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.99, "0:59"), (60, "1:00"), (3599, "59:59"), (3600, "1:00:00"), (-1, "0:00")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_the_lines_that_stay() -> None:
    assert clip_line(SNAPSHOT) == "3:07 tense: dark, piano, classical (clip 9 of 40)"
    paused = msgspec.structs.replace(SNAPSHOT, state="paused")
    assert state_line(paused) == "3:07 paused"


@pytest.mark.parametrize(
    ("seconds", "now", "whereto"),
    [
        (300.0, "a little less tense", "a little less tense -> calm"),
        (450.0, "less tense", "less tense -> calm"),
        (600.0, "less tense, nearly calm", "less tense, nearly calm"),
        (899.0, "calm", "calm"),
    ],
)
def test_how_it_feels_is_said_by_words_that_are_near(
    seconds: float, now: str, whereto: str
) -> None:
    """The word nearest to the plane's middle is none for what lies between tense and calm."""
    told = msgspec.structs.replace(SNAPSHOT, position_s=seconds, affect=SNAPSHOT.path.at(seconds))
    assert f"  {whereto}  piano" in status_line(told, 100, ASCII).rest
    assert clip_line(told).startswith(f"{clock(seconds)} {now}: dark, piano")


def test_a_word_within_a_word_does_not_hide_where_it_leads() -> None:
    path = plan_path(feeling("unhappy").affect, feeling("happy").affect, 900.0, "iso")
    told = msgspec.structs.replace(
        SNAPSHOT,
        path=path,
        position_s=0.0,
        start_word="unhappy",
        target_word="happy",
        target=feeling("happy").affect,
    )
    assert "  unhappy -> happy  " in status_line(told, 100, ASCII).rest


HEADS: dict[str, str] = {
    "starting": "o starting",
    "playing": "> playing",
    "paused": "= paused",
    "away": "! no sound device",
    "composing": "~ composing",
    "ended": ". ended",
    "stopped": ". stopped",
    "failed": "x failed",
}


@pytest.mark.parametrize("state", get_args(Phase))
def test_every_state_is_on_the_live_line(state: Phase) -> None:
    told = msgspec.structs.replace(SNAPSHOT, state=state)
    assert status_line(told, 100, ASCII).head == HEADS[state]


@pytest.mark.parametrize(("minutes", "said"), [(20, "sleep in 20 min"), (0, "falling asleep")])
def test_the_sleep_timer_stands_behind_the_way(minutes: int, said: str) -> None:
    told = msgspec.structs.replace(SNAPSHOT, sleep_minutes=minutes)
    assert f"tense -> calm  {said}  " in status_line(told, 100, ASCII).rest


def test_players_are_told_in_words() -> None:
    tags = Tags("dark", "tense", "computer", "newage")
    told = clip_line(msgspec.structs.replace(SNAPSHOT, tags=tags))
    assert told == "3:07 tense: dark, computer, new age (clip 9 of 40)"


@pytest.mark.parametrize(
    ("minutes", "said"), [(1.0, "1 minute"), (15.0, "15 minutes"), (1.2, "1:12"), (2.5, "2:30")]
)
def test_how_long_a_session_is(minutes: float, said: str) -> None:
    assert length(minutes) == said


def test_a_rating_in_words() -> None:
    assert rating_in_words(Rating()) == "not said"
    assert rating_in_words(Rating(0, None)) == "pleasant 0"
    assert rating_in_words(Rating(30, 70)) == "pleasant 30, awake 70"
    felt = Felt(Rating(30, 70), Rating(60, None))
    assert change_in_words(felt) == "pleasant +30"
    assert change_in_words(Felt()) == ""


def test_the_prompt_shows_suggestions_while_they_fit() -> None:
    assert prompt_line("cal", ("calm",), 40, UNICODE) == "Steer to: cal_  (Tab: calm)"
    assert prompt_line("cal", ("calm", "glad"), 15, UNICODE) == "Steer to: cal_ "
    line = prompt_line("low", ("lower",), 40, UNICODE, "faders")
    assert line == "Adjust: low_  (Tab: lower)"


@given(text=st.text("abc ,.-", max_size=60), width=st.integers(2, 80))
def test_the_prompt_fits_and_keeps_the_cursor_when_the_text_is_long(text: str, width: int) -> None:
    line = prompt_line(text, (), width, ASCII)
    assert len(line) <= width
    if len(text) + 1 >= width:
        assert line.endswith("_")
