"""``--before``, ``--feelings``, ``musmed rate`` and ``musmed history``: the real commands."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.commands import musmed

from engine.listener.ratings import Felt, Rating
from engine.session.library.library import Library
from musmed_tui.app import Left
from musmed_tui.asked import Asked
from musmed_tui.commands.screen import _farewell
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.session_view import expected_of
from musmed_tui.settings import Loaded, Settings

BEGUN = datetime(2026, 11, 12, 18, 30, tzinfo=UTC)
Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUSMED_SINK", "null")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def kept() -> str:
    library = Library(folders().library)
    asked = Asked(start="tense", target="calm", minutes="2", seed="5")
    session = library.create(
        build_request(asked, Loaded(Settings(), {})), "embedded", 1, None, BEGUN
    )
    library.set_state(session, "finished")
    library.close()
    return session


def felt(session: str) -> Felt:
    library = Library(folders().library)
    found = library.listener.felt([session])[session]
    library.close()
    return found


def file_of(folder: Path, text: str) -> str:
    file = folder / "feelings.toml"
    file.write_text(text, "utf-8")
    return str(file)


def planned(monkeypatch: Patch, capsys: Printed, *options: str) -> Any:
    assert musmed(monkeypatch, "plan", "--seed", "1", "--json", *options) == 0
    return json.loads(capsys.readouterr().out)["request"]


def test_the_way_begins_where_it_was_rated(monkeypatch: Patch, capsys: Printed) -> None:
    request = planned(monkeypatch, capsys, "--before", "30,70", "--to", "calm")
    assert request["start"] == {"valence": -0.4, "arousal": 0.4}
    assert request["start_word"] is None


def test_a_word_says_where_it_begins_whatever_was_rated(
    monkeypatch: Patch, capsys: Printed
) -> None:
    said = ("--from", "tense", "--to", "calm")
    rated = planned(monkeypatch, capsys, *said, "--before", "30,70")
    assert rated == planned(monkeypatch, capsys, *said)


@pytest.mark.parametrize("rating", ["-", "30,-"])
def test_a_rating_that_is_left_out_is_no_beginning(
    rating: str, monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "plan", "--before", rating, "--to", "calm") == 2
    assert "--from is missing" in capsys.readouterr().err


def test_feelings_from_a_file_are_those_of_the_options(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    file = file_of(home, 'from = "tense"\nto = "calm"\nbefore = "30,70"\n')
    options = ("--from", "tense", "--to", "calm", "--before", "30,70")
    found = planned(monkeypatch, capsys, "--feelings", file)
    assert found == planned(monkeypatch, capsys, *options)


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        ('from = "tense"', ("--from", "sad", "--to", "calm"), "both say it"),
        ('after = "1,2"', ("--to", "calm"), "comes after a session"),
        ('before = 3\nfrom = "quicksand"', (), "can't be understood"),
        ('feel = "quicksand"', (), "can't be understood"),
        ("quicksand", (), "can't be understood"),
        ("# " + "quicksand" * 8_000, (), "over 64 KiB"),
    ],
)
def test_a_file_that_can_t_be_heeded_is_refused(
    text: str, options: tuple[str, ...], why: str, monkeypatch: Patch, capsys: Printed
) -> None:
    file = file_of(Path(folders().data).parents[1], text)
    assert musmed(monkeypatch, "plan", *options, "--feelings", file) == 2
    told = capsys.readouterr()
    assert why in told.err
    assert told.err.count("\n") == 1
    assert "quicksand" not in told.out + told.err


def test_help_is_offered_for_what_a_file_says(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    said = ("plan", "--to", "calm")
    assert musmed(monkeypatch, *said, "--from", "suicidal") in {0, 2}
    told = capsys.readouterr().err.splitlines()[0]
    assert musmed(monkeypatch, *said, "--feelings", file_of(home, 'from = "suicidal"')) in {0, 2}
    assert capsys.readouterr().err.splitlines()[0] == told


def test_a_session_that_is_played_keeps_how_it_was_before(
    monkeypatch: Patch, capsys: Printed
) -> None:
    monkeypatch.setattr("musmed_tui.session_control.SessionControl.end", _stop_at_once)
    monkeypatch.setattr("musmed_tui.plain.player.PlainPlayer.follow", lambda *_: None)
    options = ("--before", "30,70", "--to", "calm", "--minutes", "1", "--seed", "1", "--plain")
    assert musmed(monkeypatch, "play", *options) == 0
    library = Library(folders().library)
    (row,) = library.sessions()
    library.close()
    assert felt(row.id).before == Rating(30, 70)
    assert row.request.start_word is None


def _stop_at_once(control: Any) -> None:
    runner, control._runner = control._runner, None
    if runner is not None:
        runner.stop()
        runner.close()


def test_rate_keeps_what_is_said_and_history_shows_it(
    kept: str, monkeypatch: Patch, capsys: Printed
) -> None:
    rate = ("rate", kept, "--before", "30,70", "--after", "60,-", "--note", "Rain\tand rest")
    assert musmed(monkeypatch, *rate) == 0
    told = capsys.readouterr().out
    assert told == f"{kept}: before 30,70, after 60,-, a note of 13 characters.\n"
    assert musmed(monkeypatch, "history") == 0
    row = capsys.readouterr().out.splitlines()[1].split("\t")
    assert row[0] == kept
    assert row[4:] == ["30,70", "60,-", "+30,-", "", "Rain and rest"]
    assert musmed(monkeypatch, "history", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["sessions"]
    assert found["change"] == {"valence": 30, "arousal": None}
    assert found["after"] == {"valence": 60, "arousal": None}


def test_rate_leaves_what_it_does_not_name(kept: str, monkeypatch: Patch) -> None:
    assert musmed(monkeypatch, "rate", "--before", "30,70", "--note", "Rain") == 0
    assert musmed(monkeypatch, "rate", "--after", "60,40") == 0
    found = felt(kept)
    assert (found.before, found.after, found.note) == (Rating(30, 70), Rating(60, 40), "Rain")
    assert musmed(monkeypatch, "rate", "--after", "-", "--before", "-") == 0
    found = felt(kept)
    assert (found.before, found.after, found.note) == (Rating(), Rating(), "Rain")
    assert musmed(monkeypatch, "rate", "--note", "") == 0
    assert felt(kept) == Felt()


def test_rate_takes_a_file(kept: str, monkeypatch: Patch, home: Path) -> None:
    file = file_of(home, 'after = "60,40"\nnote = """Two\nlines"""\n')
    assert musmed(monkeypatch, "rate", kept, "--feelings", file) == 0
    assert (felt(kept).after, felt(kept).note) == (Rating(60, 40), "Two\nlines")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("rate",), 'after = "quicksand"'),
        (("rate",), 'before = "quicksand,5"'),
        (("plan", "--to", "calm"), 'before = "quicksand"'),
        (("plan", "--to", "calm"), 'from = "quicksand"'),
        (("plan", "--from", "calm"), 'to = "quicksand"'),
    ],
)
def test_what_a_file_says_is_repeated_nowhere(
    command: tuple[str, ...], text: str, kept: str, monkeypatch: Patch, capsys: Printed
) -> None:
    file = file_of(Path(folders().data).parents[1], text)
    assert musmed(monkeypatch, *command, "--feelings", file) == 2
    told = capsys.readouterr()
    assert text.split(maxsplit=1)[0] in told.err
    assert "quicksand" not in told.out + told.err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_rate_asks_and_enter_leaves_out(kept: str, monkeypatch: Patch, capsys: Printed) -> None:
    """What is not understood is asked again."""
    long = "x" * 2001
    monkeypatch.setattr("sys.stdin", _Terminal(f"\nsixty\n60,40\n{long}\nquiet\n"))
    assert musmed(monkeypatch, "rate") == 0
    told = capsys.readouterr()
    assert "must be two whole numbers" in told.err
    assert "at most 2000 characters" in told.err
    assert (felt(kept).before, felt(kept).after, felt(kept).note) == (
        Rating(),
        Rating(60, 40),
        "quiet",
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "Nothing was said"),
        (("--after", "sixty"), "after must be two whole numbers"),
        (("--note", "x" * 2001), "at most 2000 characters"),
        (("20200101-000000-aa", "--after", "1,2"), "There is no session"),
    ],
)
def test_what_can_t_be_kept_is_refused_and_nothing_is(
    words: tuple[str, ...], why: str, kept: str, monkeypatch: Patch, capsys: Printed
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert musmed(monkeypatch, "rate", *words, *(("--before", "1,2") if words else ())) == 2
    assert why in capsys.readouterr().err
    assert felt(kept) == Felt()


def test_without_a_library_there_is_nothing_to_rate(
    monkeypatch: Patch, capsys: Printed, home: Path
) -> None:
    assert musmed(monkeypatch, "rate", "--after", "1,2") == 2
    assert "no session to rate yet" in capsys.readouterr().err
    assert not (home / "home/data").exists()


@pytest.mark.parametrize(("heard", "said"), [(0.2, False), (61.0, True)])
def test_who_leaves_the_screen_is_told_how_to_rate(
    heard: float, said: bool, kept: str, capsys: Printed
) -> None:
    library = Library(folders().library)
    seen = expected_of(library.load(kept), 1.0)
    library.close()
    left = Left(None, msgspec.structs.replace(seen, position_s=heard))
    assert _farewell(left, goes_on=False) == 0
    assert (f"'musmed rate {kept}' keeps how you feel now." in capsys.readouterr().out) == said
