"""Notifications: of what, to which terminals, and in which bytes."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support.fake_session import FakeControl, a_snapshot, make_app, run, settled

from engine.session.conductor.line_state import LineState
from musmed_tui.desktop.announcer import Announcer
from musmed_tui.desktop.news import WAITS_SECONDS, News
from musmed_tui.desktop.notifications import Kind, encoded, kind_of, kind_outside
from musmed_tui.settings import Loaded, Settings


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"TERM": "xterm-kitty"}, "osc99"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "osc99"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "osc9"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "osc9"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "osc777"),
        ({"TERM": "xterm-ghostty"}, "osc777"),
        ({"TERM": "foot-extra"}, "osc777"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "osc777"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, None),
        ({"TERM": "xterm-256color", "WT_SESSION": "x"}, None),
        ({"TERM": "linux"}, None),
        ({"TERM": "screen-256color", "KITTY_WINDOW_ID": "1"}, None),
        ({}, None),
    ],
)
def test_which_terminal_takes_what(environment: dict[str, str], kind: Kind | None) -> None:
    assert kind_of(environment) == kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("1|xterm-kitty|kitty(0.31.0)\n", "osc99"),
        ("on|xterm-256color|iTerm2 3.5\n", "osc9"),
        ("2|foot|\n", "osc777"),
        ("1|xterm-256color|\n", None),
        ("0|xterm-kitty|kitty(0.31.0)\n", None),
        ("|xterm-kitty|\n", None),
        ("", None),
    ],
)
def test_tmux_is_asked_what_is_outside(answer: str, kind: Kind | None) -> None:
    assert kind_outside(answer) == kind


def test_the_bytes() -> None:
    assert encoded("osc9", "Over.") == "\x1b]9;musmed: Over.\x07"
    assert encoded("osc777", "Over; done.") == "\x1b]777;notify;musmed;Over, done.\x07"
    assert encoded("osc99", "Over.") == "\x1b]99;i=musmed:o=unfocused;musmed: Over.\x1b\\"
    in_tmux = encoded("osc99", "Over.", in_tmux=True)
    inner = "\x1b\x1b]99;i=musmed:o=unfocused;musmed: Over.\x1b\x1b\\"
    assert in_tmux == f"\x1bPtmux;{inner}\x1b\\"


@pytest.mark.parametrize("kind", ["osc9", "osc777", "osc99"])
def test_what_others_wrote_ends_no_sequence(kind: Kind) -> None:
    sequence = encoded(kind, "a\x1b\\b\x07c\x9cd\ne")
    ends = "\x1b\\" if kind == "osc99" else "\x07"
    inside = sequence.removeprefix("\x1b]").removesuffix(ends)
    assert inside.isprintable()


def test_news_are_told_once_and_without_a_feeling() -> None:
    news = News(words=False)
    at = a_snapshot()
    line = LineState("studio", "down")
    assert news.look(at, 0.0) is None
    told = news.look(a_snapshot(state="away"), 1.0)
    assert told == "There is no sound device, and the session waits."
    assert news.look(a_snapshot(state="away"), 2.0) is None
    assert news.look(at, 3.0) is None
    assert news.look(a_snapshot(line=line), 4.0) == "The line to the other machine is down."
    assert news.look(a_snapshot(state="ended"), 5.0) == "The session is over."
    assert news.look(a_snapshot(state="ended"), 6.0) is None
    assert News(words=False).look(a_snapshot(state="stopped"), 0.0) is None
    with_words = News(words=True).look(a_snapshot(state="ended"), 0.0)
    assert with_words == "The session is over (tense to calm)."


def test_music_that_is_late_for_a_moment_is_no_news() -> None:
    news = News(words=False)
    late = a_snapshot(state="composing")
    assert news.look(late, 0.0) is None
    assert news.look(a_snapshot(), WAITS_SECONDS) is None
    assert news.look(late, WAITS_SECONDS + 1.0) is None
    assert news.look(late, 2 * WAITS_SECONDS + 1.0) == "The music waits for its composer."


def test_the_setting_decides() -> None:
    for notify, terminal, kind in (
        ("off", "foot", None),
        ("auto", "xterm", None),
        ("auto", "foot", "]777;"),
        ("osc9", "xterm", "]9;"),
    ):
        written: list[str] = []
        settings = Settings(notify=notify)  # type: ignore[arg-type]
        Announcer(written.append, settings, {"TERM": terminal}).look(a_snapshot(state="ended"), 0.0)
        assert [kind in one for one in written if kind] == ([True] if kind else [])


def test_tmux_is_asked_beside_the_drawing() -> None:
    written: list[str] = []
    there, environment = threading.Event(), {"TERM": "tmux-256color", "TMUX": "/tmp/x,1,0"}

    def write(text: str) -> None:
        written.append(text)
        there.set()

    ask = lambda: "1|foot|foot(1.16)"  # noqa: E731
    Announcer(write, Settings(), environment, ask).look(a_snapshot(state="ended"), 0.0)
    assert there.wait(60)
    assert written == [encoded("osc777", "The session is over.", in_tmux=True)]


def test_the_screen_notifies_when_a_session_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "foot")
    monkeypatch.delenv("TMUX", raising=False)
    written: list[str] = []

    async def go() -> None:
        control = FakeControl()
        app: Any = make_app(control, playing=True)
        async with app.run_test() as pilot:
            await settled(pilot)
            app._announcer._write = written.append
            assert written == []
            control.runner.change(state="ended")
            control.runner.over = True
            await settled(pilot)
            app.exit()

    run(go())
    assert written == [encoded("osc777", "The session is over.")]


def test_from_the_next_session_on_the_settings_of_then_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who finds feelings on their lock screen and takes them off has them off, as it was said."""
    monkeypatch.setenv("TERM", "foot")
    monkeypatch.delenv("TMUX", raising=False)
    written: list[str] = []

    async def go() -> None:
        control = FakeControl()
        control.loaded = Loaded(Settings(desktop="words"), {})
        app: Any = make_app(control, playing=True)
        monkeypatch.setattr(app, "_write", written.append)
        async with app.run_test() as pilot:
            await settled(pilot)
            control.loaded = Loaded(Settings(desktop="quiet"), {})
            app._play_again("20260101-000000-aa", from_start=True)
            await settled(pilot)
            control.runner.change(state="ended")
            control.runner.over = True
            await settled(pilot)
            app.exit()

    run(go())
    assert written == [encoded("osc777", "The session is over.")]
