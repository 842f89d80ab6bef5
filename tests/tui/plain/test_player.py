"""The plain player against a session that only notes what it is asked for."""

from __future__ import annotations

import io
import json
import signal
from typing import get_args

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.affect.path import plan_path
from engine.plan.request import Request
from engine.plan.spec import Tags
from engine.plan.wanted import Faders
from engine.session.conductor.line_state import LineState
from engine.session.notices import Notice
from engine.session.status import Phase
from musmed_tui.exits import exit_code
from musmed_tui.faders import CAN_NOT
from musmed_tui.grounding import LINE
from musmed_tui.plain.events import EventPlayer
from musmed_tui.plain.keys import Keyboard
from musmed_tui.plain.output import Output
from musmed_tui.plain.player import PlainPlayer
from musmed_tui.session_view import Snapshot
from musmed_tui.terminal.terminal import Terminal, shows_unicode

LIVE = Terminal(live=True, keys=True, colour=None, unicode=False)
LINES = Terminal(live=False, keys=True, colour=None, unicode=False)


def a_snapshot() -> Snapshot:
    return Snapshot(
        session_id="20261121-101500-k3",
        state="playing",
        position_s=5.0,
        total_s=120.0,
        path=plan_path(feeling("tense").affect, feeling("calm").affect, 120.0, "iso"),
        affect=feeling("tense").affect,
        target=feeling("calm").affect,
        start_word="tense",
        target_word="calm",
        tags=Tags("dark", "tense", "piano", "classical"),
        next_tags=None,
        clip=0,
        clips=5,
        timeline=(),
        ahead_s=25.0,
        speed=None,
        restarts=0,
        gaps=0,
        volume=1.0,
        peak=(0.0, 0.0),
        sink="null",
        composer="embedded",
        failure=None,
    )


class Session:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.notices: list[Notice] = []
        self.snapshot = a_snapshot()
        self.request = Request(
            start=feeling("tense").affect, target=feeling("calm").affect, minutes=2, seed=1
        )

    def steer(self, target: Affect, word: str | None) -> None:
        self.asked.append((target, word))

    def ease(self) -> None:
        self.asked.append("ease")

    def skip(self) -> None:
        self.asked.append("skip")

    def shape(self, faders: Faders) -> None:
        self.asked.append(faders)

    def go_back(self) -> None:
        self.asked.append("go_back")

    def pause(self, wanted: bool) -> None:
        self.asked.append("pause")

    def pause_or_resume(self) -> None:
        self.asked.append("pause")

    @property
    def volume(self) -> float:
        return self.snapshot.volume

    def step_sleep(self) -> None:
        self.asked.append("sleep")

    def set_volume(self, volume: float) -> None:
        self.asked.append(("volume", volume))
        self.change(volume=volume)

    def seek(self, seconds: float) -> float:
        self.asked.append(("seek", seconds))
        return min(seconds, 30.0)

    def stop(self) -> None:
        self.asked.append("stop")

    def take_notices(self) -> list[Notice]:
        taken, self.notices = self.notices, []
        return taken

    def wait(self, timeout: float) -> bool:
        return "stop" in self.asked

    def change(self, **fields: object) -> None:
        self.snapshot = msgspec.structs.replace(self.snapshot, **fields)


class NoSignals:
    """Nothing comes from outside while a session is followed."""

    stop: int | None = None
    stops = 0
    suspend = False

    def wait(self, _seconds: float, _fd: int | None) -> bytes:
        return b""


class Rig:
    def __init__(self, terminal: Terminal) -> None:
        self.session = Session()
        self.stream = io.StringIO()
        self.now = 0.0
        self.player = PlainPlayer(
            self.session,
            lambda: self.session.snapshot,
            Output(self.stream, terminal),
            Keyboard(["calm", "content", "tense"]),
            now=lambda: self.now,
        )

    def press(self, keys: str) -> None:
        for key in keys:
            self.player.press({"\n": "enter"}.get(key, key))

    def shown(self) -> str:
        """What was written since the last call."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text


@pytest.fixture
def live() -> Rig:
    return Rig(LIVE)


@pytest.fixture
def lines() -> Rig:
    return Rig(LINES)


def test_keys_reach_the_session(live: Rig) -> None:
    live.press(" en+-.,")
    assert live.session.asked == [
        *("pause", "ease", "skip"),
        *(("volume", 1.0), ("volume", 0.95), ("seek", 15.0), ("seek", 0.0)),
    ]


def test_volume_steps_do_not_wait_for_the_session(live: Rig) -> None:
    live.press("-" * 25)
    assert live.session.asked[-1] == ("volume", 0.0)
    live.press("++")
    assert live.session.asked[-1] == ("volume", 0.1)


def test_steering_by_word_and_by_coordinates(live: Rig) -> None:
    live.press("scalm\n")
    live.press("s0.5,-0.25\n")
    assert live.session.asked == [
        (feeling("calm").affect, "calm"),
        (Affect(0.5, -0.25), None),
    ]


def test_a_wrong_word_is_a_sentence_and_the_session_goes_on(live: Rig) -> None:
    live.press("sclam\n")
    assert live.session.asked == []
    assert "did you mean calm" in live.shown()


FELT = Faders(rhythm=0.5, density=0.5, register=0.5, brightness=0.5)


def test_faders_by_words(live: Rig) -> None:
    live.session.change(felt=FELT)
    live.press("afewer notes, higher\n")
    live.press("alower\n")
    live.press("alouder\n")
    assert live.session.asked == [
        Faders(density=0.3, register=0.7),
        Faders(density=0.3, register=0.5),
    ], "the second goes on from the first, which is not heard yet"
    assert "'louder' moves nothing; say steadier, busier" in live.shown()


def test_faders_that_pull_away_from_the_feeling_are_said_where_nothing_is_redrawn(
    lines: Rig,
) -> None:
    lines.session.change(felt=FELT)
    lines.press("anotes 0\n")
    shown = lines.shown()
    assert "How should it play? Such as: fewer notes, higher" in shown
    assert "notes 0 % pull apart" in shown
    assert "the fader holds." in shown
    assert lines.session.asked == [Faders(density=0.0)]
    lines.press("anotes 0\n")
    assert len(lines.session.asked) == 1, "there already"


def test_where_faders_move_nothing_it_is_said_and_nothing_is_typed(lines: Rig) -> None:
    lines.session.change(composer="musicgen-small")
    lines.press("ae")
    assert CAN_NOT in lines.shown()
    assert lines.session.asked == ["ease"]


def test_the_live_line_is_redrawn_four_times_a_second_and_only_when_it_changed(live: Rig) -> None:
    live.player.show()
    assert live.shown().count("playing") >= 1
    for tick in range(1, 100):
        live.now = tick / 100
        live.session.change(ahead_s=25.0 + tick)
        live.player.show()
    assert live.shown().count("\r") in {3, 4}
    for tick in range(100, 200):
        live.now = tick / 10
        live.player.show()
    assert live.shown().count("\r") <= 1


def test_lines_stay_above_the_live_line(live: Rig) -> None:
    live.player.show()
    live.shown()
    live.session.notices = [Notice(7.0, "The composer is back.")]
    live.player.show()
    shown = live.shown()
    assert shown.startswith("\r\x1b[K0:07 The composer is back.\n")
    assert "playing" in shown.split("\n")[1]


def test_a_clip_has_a_line_when_it_is_something_new(live: Rig) -> None:
    live.player.show()
    assert "0:05 tense: dark, piano, classical (clip 1 of 5)\n" in live.shown()
    live.session.change(clip=1, position_s=23.0)
    live.player.show()
    assert "\n" not in live.shown()
    live.session.change(clip=2, tags=Tags("dark", "tense", "harp", "classical"))
    live.player.show()
    assert "harp, classical (clip 3 of 5)\n" in live.shown()


def test_without_a_live_line_every_clip_and_state_has_a_line(lines: Rig) -> None:
    lines.player.show()
    lines.session.change(clip=1, position_s=23.0)
    lines.player.show()
    lines.session.change(state="paused")
    lines.player.show()
    lines.player.show()
    lines.session.change(state="playing")
    lines.player.show()
    shown = lines.shown()
    assert shown.splitlines() == [
        "0:05 tense: dark, piano, classical (clip 1 of 5)",
        "0:23 tense: dark, piano, classical (clip 2 of 5)",
        "0:23 paused",
        "0:23 playing",
    ]
    assert "\x1b" not in shown
    assert "\r" not in shown


STATES: dict[str, str | None] = {
    "starting": "0:05 composing the first seconds",
    "playing": "0:05 playing",
    "paused": "0:05 paused",
    "away": "0:05 no sound device",
    "composing": "0:05 composing",
    **dict.fromkeys(("ended", "stopped", "failed"), None),
}
"""The line of each; how it ended is the command's to say, with what can be done next."""


@pytest.mark.parametrize("state", get_args(Phase))
def test_every_state_has_one_line_where_nothing_is_redrawn(lines: Rig, state: Phase) -> None:
    lines.session.change(state="paused" if state == "playing" else "playing")
    lines.player.show()
    lines.shown()
    lines.session.change(state=state)
    for _ in range(3):
        lines.player.show()
    expected = STATES[state]
    assert lines.shown().splitlines() == ([] if expected is None else [expected])


def test_a_session_that_begins_says_so_and_then_what_plays(lines: Rig) -> None:
    lines.session.change(state="starting", position_s=0.0)
    lines.player.show()
    lines.session.change(state="playing")
    lines.player.show()
    assert lines.shown().splitlines() == [
        "0:00 composing the first seconds",
        "0:00 tense: dark, piano, classical (clip 1 of 5)",
    ]


def test_loading_is_told_in_quarters_while_nothing_plays(lines: Rig) -> None:
    lines.session.change(state="starting", composer="musicgen-small", position_s=0.0)
    for percent in (0, 1, 20, 25, 40, 74, 76, 99, 100):
        lines.session.change(loading=percent / 100)
        lines.player.show()
    assert lines.shown().splitlines() == [
        f"0:00 loading musicgen-small, {percent} %" for percent in (0, 25, 74, 76, 100)
    ]
    lines.session.change(state="playing", loading=0.1, position_s=9.0)
    lines.player.show()
    assert "loading" not in lines.shown()


def test_typing_is_echoed_where_nothing_is_redrawn(lines: Rig) -> None:
    lines.press("scal")
    lines.player.press("tab")
    lines.player.press("backspace")
    lines.press("m\n")
    shown = lines.shown()
    assert shown.startswith("Steer to which feeling?")
    assert shown.endswith(": calm\b \bm\n")
    assert lines.session.asked == [(feeling("calm").affect, "calm")]


@pytest.mark.parametrize(("later", "offered"), [(59.0, True), (61.0, False)])
def test_a_stop_soon_after_an_ease_is_followed_by_a_line(
    live: Rig, later: float, offered: bool
) -> None:
    live.press("e")
    live.now += later
    live.press("q")
    live.player.follow(NoSignals(), None)
    assert live.session.asked == ["ease", "stop"]
    assert live.shown().endswith(f"{LINE}\n") is offered


def test_a_terminal_that_is_gone_is_left_alone() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    output = Output(Gone(), LIVE)
    output.line("one")
    assert output.gone
    output.redraw("two")


def test_exit_codes() -> None:
    assert exit_code(None) == 0
    assert exit_code(signal.SIGINT) == 130
    assert exit_code(signal.SIGTERM) == 143
    assert exit_code(signal.SIGHUP) == 129


@pytest.mark.parametrize(
    ("variables", "encoding", "shown"),
    [
        ({"LANG": "C.UTF-8"}, "utf-8", True),
        ({"LANG": "en_GB.utf8", "LC_ALL": "C"}, "utf-8", False),
        ({"LC_ALL": "", "LANG": "de_DE.UTF-8"}, "utf-8", True),
        ({"LANG": "C.UTF-8"}, "ascii", False),
        ({}, "utf-8", False),
    ],
)
def test_what_glyphs_a_locale_shows(variables: dict[str, str], encoding: str, shown: bool) -> None:
    assert shows_unicode(variables, encoding) is shown


def test_what_is_left_while_a_line_is_down_is_said_at_every_minute_of_it() -> None:
    rig = Rig(LINES)
    for ahead in (170.0, 150.0, 110.0, 100.0, 20.0):
        rig.session.change(line=LineState("lab", "down"), ahead_s=ahead)
        rig.player.show()
    rig.session.change(line=LineState("lab"), ahead_s=20.0)
    rig.player.show()
    told = [line for line in rig.shown().splitlines() if "no line" in line]
    assert told == ["0:05 no line to lab: 1:50 here", "0:05 no line to lab: 0:20 here"]
    rig.press("b")
    assert rig.session.asked == ["go_back"]


def test_a_program_is_told_of_the_line_when_it_changes() -> None:
    session, stream = Session(), io.StringIO()
    player = EventPlayer(session, lambda: session.snapshot, Output(stream, LINES), Keyboard([]))
    for standing in ("up", "up", "down", "down", "left", "answers", "going", "up"):
        session.change(line=LineState("lab", standing))
        player.show()
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    lines = [one for one in told if one["event"] == "line"]
    assert [one["state"] for one in lines] == ["down", "left", "answers", "going", "up"]
    assert lines[0] == {
        "event": "line",
        "time_s": 5.0,
        "host": "lab",
        "state": "down",
        "here_s": 25.0,
    }
