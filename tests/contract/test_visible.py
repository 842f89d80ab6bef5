"""Whatever others wrote (an engine, a library, a file's name, the hub), a terminal gets nothing of
it but characters that are seen: no sequence that moves its cursor or answers in the listener's
stead, no sign that turns the order of what is read, none that shows nothing."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import logging
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_session import FakeControl, a_snapshot, make_app, run, settled
from textual.widgets import Input

from engine.affect.feelings import feeling, parse_affect
from engine.errors import MusmedError, UnknownWordError
from engine.plan.request import Request
from engine.printable import MOST, MOST_MARKS, is_visible, one_line
from engine.session.library.library import Library
from engine.session.notices import Notice, Notices
from musmed_tui.app import MusmedApp
from musmed_tui.exits import guarded
from musmed_tui.logs import start_logging
from musmed_tui.paths import Folders
from musmed_tui.plain.keys import Keyboard
from musmed_tui.plain.output import Output
from musmed_tui.plain.player import PlainPlayer
from musmed_tui.session_view import expected
from musmed_tui.terminal.streams import json_line, remark, say, say_json, tell
from musmed_tui.terminal.table import print_table
from musmed_tui.terminal.terminal import Terminal

ROOT = Path(__file__).parents[2]
QUICK_MUSMED = Path(__file__).parents[1] / "support" / "quick_musmed.py"
LINES = Terminal(live=False, keys=True, colour=None, unicode=True)
LIVE = Terminal(live=True, keys=True, colour=None, unicode=True)
OURS = re.compile("\r|\x1b\\[K")
"""What the plain player itself writes between lines on a live terminal."""

ABUSE = (
    "\x1b]0;title\x07",  # the window's title
    "\x1b[2J\x1b[H",
    "\x1bP+q544e\x1b\\",  # asks the terminal for an answer
    "\x9b31m",
    "\x90\x9c",
    "\u202egnp.exe",
    "\u2066\u2069\u200f\u061c",
    "\u200b\u200d\ufeff\u2060",
    "\u3164\u115f\u034f",
    "\U000e0041\U000e007f",
    "\x08\x08\x08\x7f\x00",
    "\r\n\x0b\x0c\x85\u2028\u2029",
    "e" + "\u0301" * 40,
    "\udcff",
    "[red]x[/]",
)
TEXTS = st.lists(
    st.one_of(st.sampled_from(ABUSE), st.text(max_size=8), st.just("calm, at 3:00 ")), max_size=8
).map("".join)


def assert_plain(shown: str) -> None:
    """Lines of visible characters, no letter with more marks than a script writes."""
    marks = 0
    for character in shown.replace("\n", "").replace("\t", ""):
        assert is_visible(character), repr(shown)
        assert unicodedata.category(character)[0] != "C", repr(shown)
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        assert marks <= MOST_MARKS, repr(shown)


@pytest.mark.parametrize("text", ABUSE)
def test_none_of_these_is_seen_as_it_is(text: str) -> None:
    """What the tests below hold against: each of them is an abuse, and is told from words."""
    assert_plain(one_line(f"calm {text} sea"))
    assert one_line("Grüße, ὠδή, 静か, नमस्ते, שָׁלוֹם 🎹") == "Grüße, ὠδή, 静か, नमस्ते, שָׁלוֹם 🎹"


@given(TEXTS)
def test_one_line_is_one_line_and_stays_it(text: str) -> None:
    line = one_line(text)
    assert_plain(line)
    assert "\n" not in line
    assert one_line(line) == line
    assert len(one_line(text * 500)) <= MOST


def test_what_was_escaped_can_be_read() -> None:
    assert one_line(" a\n b\x1b[31m\u202e\u3164 ") == "a b\\x1b[31m\\u202e\\u3164"
    assert one_line("x" * 5000).endswith("x...")


class Heard:
    """Standard output and error, while a door is tried."""

    def __enter__(self) -> Heard:
        self._out, self._err = io.StringIO(), io.StringIO()
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(contextlib.redirect_stdout(self._out))
        self._stack.enter_context(contextlib.redirect_stderr(self._err))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def all(self) -> str:
        return self._out.getvalue() + self._err.getvalue()


def by_table(text: str) -> None:
    print_table(text, ("session", text), [(text, text), ("a", "b")])


def by_json(text: str) -> None:
    say_json({"file": text, text: [text]})
    print(json_line({"event": "notice", "text": text}))


def by_error(text: str) -> None:
    def fails() -> int:
        raise UnknownWordError("feeling", text, ["calm"], "Say another.")

    assert guarded(fails) == 2


def by_full_disk(text: str) -> None:
    def fails() -> int:
        raise OSError(28, "No space", text)

    assert guarded(fails) == 2


def a_player(output: Output, text: str) -> PlainPlayer:
    request = Request(
        start=feeling("tense").affect,
        target=feeling("calm").affect,
        start_word=text,
        target_word=text,
        composer=text or "x",
    )
    seen = msgspec.structs.replace(
        expected(request), state="starting", loading=0.5, failure=text, sink=text
    )

    class Runner:
        def take_notices(self) -> list[Notice]:
            return [Notice(5.0, text)]

    return PlainPlayer(Runner(), lambda: seen, output, Keyboard(["calm"]))  # type: ignore[arg-type]


def by_plain_player(text: str) -> None:
    a_player(Output(sys.stdout, LINES), text).show()


DOORS: dict[str, Callable[[str], None]] = {
    "say": say,
    "tell": tell,
    "remark": remark,
    "table": by_table,
    "json": by_json,
    "error": by_error,
    "full disk": by_full_disk,
    "plain player": by_plain_player,
    "a line of the plain player": lambda text: Output(sys.stdout, LINES).line(text),
}


@pytest.mark.parametrize("door", DOORS)
@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_nothing_unseen_leaves_by(door: str, text: str) -> None:
    with Heard() as heard:
        DOORS[door](text)
    assert_plain(heard.all)


@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_on_a_live_terminal_only_our_own_sequences(text: str) -> None:
    stream = io.StringIO()
    output = Output(stream, LIVE)
    output.redraw(text, text)
    a_player(output, text).show()
    output.clear()
    assert_plain(OURS.sub("", stream.getvalue()))


@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_json_gives_the_same_text_back(text: str) -> None:
    with Heard() as heard:
        say_json([text])
    assert json.loads(heard.all) == [text.encode("utf-8", "backslashreplace").decode()]


def test_a_notice_is_clean_from_where_the_engine_said_it(tmp_path: Path) -> None:
    """So is what the library keeps of it."""
    library = Library(tmp_path)
    request = Request(start=feeling("tense").affect, target=feeling("calm").affect)
    kept = library.create(request, "embedded", 1, None, datetime(2026, 11, 21, tzinfo=UTC))
    notices = Notices(library, kept, lambda: 3.0)
    for text in ABUSE:
        notices.tell(text)
        notices.say(text)
    for notice in (*notices.take(), *library.load(kept).notes):
        assert_plain(notice.text)
    library.close()


def test_the_log_is_read_on_terminals_too(tmp_path: Path) -> None:
    where = Folders(*(tmp_path / name for name in ("data", "config", "state", "cache")))
    handlers = logging.getLogger().handlers[:]
    start_logging(where, "debug")
    try:
        for text in ABUSE:
            logging.getLogger("engine").warning("it says %s", text)
        try:
            parse_affect("\n".join(ABUSE))
        except MusmedError:
            logging.getLogger("engine").exception("failed")
    finally:
        for handler in logging.getLogger().handlers[:]:
            handler.close()
        logging.getLogger().handlers = handlers
    said = where.log.read_text("utf-8")
    assert said.count("it says") == len(ABUSE)
    assert_plain(said)


SAYS = "".join(text for text in ABUSE if "\0" not in text and "\udcff" not in text)


def play(home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """The real player with an engine that says ``SAYS``, and after that fails for good."""
    return subprocess.run(
        [
            *(sys.executable, str(QUICK_MUSMED), "play", "--from", "tense", "--to", "calm"),
            *("--minutes", "1", "--seed", "1", "--sink", f"file:{home}/a.flac", *arguments),
        ],
        env=os.environ | {"MUSMED_HOME": str(home), "QUICK_ENGINE_SAYS": SAYS},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def test_an_engine_that_speaks_so_is_heard_in_visible_characters(tmp_path: Path) -> None:
    done = play(tmp_path, "--plain")
    assert done.returncode == 2, done
    out, err = done.stdout.decode(), done.stderr.decode()
    assert out.count("\\x1b]0;title\\x07") >= 3, "said when it opened, and at each failure"
    assert "\\x1b]0;title\\x07" in err, "and why the session ended"
    assert_plain(out + err)
    assert_plain((tmp_path / "state/musmed.log").read_text("utf-8"))


def test_the_screen_draws_only_what_is_seen() -> None:
    control = FakeControl()
    text = "".join(t for t in ABUSE if "\udcff" not in t)

    def strips(app: MusmedApp) -> Iterator[str]:
        for strip in app.screen._compositor.render_strips():
            yield strip.text

    async def go() -> None:
        control.runner.snapshot = a_snapshot(
            target_word=text, start_word=text, composer=text, sink=text
        )
        app = make_app(control, playing=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            control.runner.notices = [Notice(387.0, text)]
            await pilot.press("i")
            app.notify(text, title=text, markup=False)
            await settled(pilot)
            await pilot.press("s")
            app.screen.query_one(Input).value = text
            await settled(pilot)
            shown = "\n".join(strips(app))
            assert "\\x1b]0;title" in shown, "it is there, and written so that it is seen"
            for line in shown.splitlines():
                assert_plain(line)

    run(go())


def test_nothing_is_printed_but_through_the_place_that_cleans() -> None:
    """Who writes to standard output or error elsewhere goes round it."""
    allowed = {"terminal/streams.py", "terminal/table.py", "cli/__init__.py"}
    found = set()
    for path in (ROOT / "musmed_tui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in {"print", "typer.echo", "sys.stdout.write", "sys.stderr.write"}:
                    found.add(path.relative_to(ROOT / "musmed_tui").as_posix())
    assert found <= allowed, found - allowed


def test_a_session_is_told_in_json(tmp_path: Path) -> None:
    """Also by an engine that speaks so; the last line says how it ended."""
    done = play(tmp_path, "--json")
    assert done.returncode == 2, done
    assert_plain(done.stdout.decode())
    events = [json.loads(line) for line in done.stdout.decode().splitlines()]
    names = [event["event"] for event in events]
    assert (names[0], names[-1]) == ("begin", "end")
    assert {"state", "clip", "notice"} <= set(names)
    assert all(isinstance(event["time_s"], float) for event in events)
    assert (events[0]["from"]["word"], events[0]["seed"]) == ("tense", 1)
    assert events[-1]["state"] == "failed"
    assert "title" in events[-1]["failure"]
    page = (ROOT / "docs/json.md").read_text("utf-8")
    for event in events:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{event['event']}`"))
        assert all(f"`{key}`" in row for key in set(event) - {"event", "time_s"}), row
