"""``musmed rate --clips``: heard, asked about, kept beside what the meter read; or as files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from support.commands import musmed

from engine.affect.circumplex import Affect
from engine.listener import clip_round as clips
from engine.listener.personal_meter import Rated
from engine.listener.ratings import Rating
from engine.session.library.library import Library
from musmed_tui.commands import clip_round
from musmed_tui.paths import folders

Printed = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
READ = Affect(0.25, -0.5)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUSMED_SINK", "null")
    return tmp_path


def kept() -> tuple[Rated, ...]:
    library = Library(folders().library)
    found = library.meter.clips()
    assert library.sessions() == ()
    library.close()
    return found


class Played:
    """A clip that sounds as far as ``heard``, a second at each look."""

    def __init__(self, heard: float) -> None:
        self.heard, self.now = heard, 0.0
        self.stopped = False

    def wait(self, _timeout: float | None = None) -> bool:
        return self.now >= self.heard

    def status(self) -> Any:
        self.now += 1.0
        playback = SimpleNamespace(heard=min(self.now, self.heard), volume=0.5)
        return SimpleNamespace(session="none", playback=playback, failure=None)


class Control:
    """In the place of what plays sessions: clips that are heard to their end, or not."""

    def __init__(self, asked: list[Any], heard: Callable[[int], float]) -> None:
        self.asked, self._heard = asked, heard
        self.meter = SimpleNamespace(read_at_end=self.read)
        self.library = SimpleNamespace(meter=self.meter)

    def begin(self, request: Any) -> Any:
        self.asked.append(request)
        return SimpleNamespace(runner=Played(self._heard(len(self.asked))), notice=None)

    def read(self, _session: str, heard: float) -> Affect | None:
        assert heard <= clips.CLIP_SECONDS
        return READ if heard >= 10 else None

    def end(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def asked(monkeypatch: Patch) -> list[Any]:
    """The clips that were played: the second one for three seconds only."""
    requests: list[Any] = []

    def made(*_: object) -> Control:
        return Control(requests, lambda number: 3.0 if number == 2 else 60.0)

    monkeypatch.setattr(clip_round, "SessionControl", made)
    monkeypatch.setattr(clip_round, "LOOK_SECONDS", 0.0)
    return requests


def test_each_is_asked_about_and_enter_skips(
    asked: list[Any], monkeypatch: Patch, capsys: Printed
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("70,30\n\nsixty\n60,-\n-\n1,2\n"))
    assert musmed(monkeypatch, "rate", "--clips") == 0
    assert len({request.start for request in asked}) == clips.CLIPS
    told = capsys.readouterr()
    assert "Of clip 2 too little was heard" in told.err
    assert "must be two whole numbers" in told.err
    assert "3 of 6 clips rated" in told.out
    assert "3 ratings of yours can be set beside it" in told.out
    assert kept() == tuple(
        Rated(READ, rating) for rating in (Rating(1, 2), Rating(60, None), Rating(70, 30))
    )


def test_a_closed_terminal_ends_the_asking_and_not_in_a_loop(
    asked: list[Any], monkeypatch: Patch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert musmed(monkeypatch, "rate", "--clips") == 0
    assert kept() == ()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--clips", "--after", "1,2"), "leave out all else"),
        (("--clips", "20261112-183000-7v"), "leave out all else"),
        (("--into", "x"), "leave out all else"),
        (("--clips", "--into", "home"), "is there already"),
        (("--clips", "--into", "/proc/nowhere"), "can't be written"),
    ],
)
def test_what_can_t_be_done_is_said(
    words: tuple[str, ...], why: str, home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    (home / "home").mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert musmed(monkeypatch, "rate", *words) == 2
    assert why in capsys.readouterr().err


def test_nobody_is_asked_behind_a_pipe(monkeypatch: Patch, capsys: Printed, home: Path) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1,2\n"))
    assert musmed(monkeypatch, "rate", "--clips", "--into", str(home / "out")) == 2
    assert "nobody is here to be asked" in capsys.readouterr().err
    assert not (home / "out").exists()


def test_without_sound_the_files_are_named_as_the_way(monkeypatch: Patch, capsys: Printed) -> None:
    monkeypatch.setattr(
        "engine.playback.sinks.choose.open_sink", lambda *_, **__: (None, "There is no sound.")
    )
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert musmed(monkeypatch, "rate", "--clips") == 2
    assert "There is no sound. Or let the clips be written" in capsys.readouterr().err


def two(dice: np.random.Generator) -> Any:
    return clips.clip_requests(dice)[:2]


def test_they_are_written_for_one_s_own_eyes_and_asked_about(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    """Two of them, composed for real."""
    monkeypatch.setattr(clip_round, "clip_requests", two)
    monkeypatch.setattr("sys.stdin", Terminal("70,30\n\n"))
    assert musmed(monkeypatch, "rate", "--clips", "--into", str(home / "out")) == 0
    assert "1 of 2 clips rated" in capsys.readouterr().out
    written = sorted((home / "out").iterdir())
    assert [one.name for one in written] == ["1.flac", "2.flac"]
    assert not [one for one in (home / "out", *written) if one.stat().st_mode & 0o077]
    for one in written:
        assert soundfile.info(one).duration == pytest.approx(30.0, abs=1.0)
    (found,) = kept()
    assert found.rating == Rating(70, 30)
    assert abs(found.reading.valence) <= 1.0


def test_one_is_played_as_sessions_are(monkeypatch: Patch, capsys: Printed) -> None:
    """Twelve seconds of one, through the whole player, into nothing."""
    monkeypatch.setattr(clip_round, "CLIP_SECONDS", 12.0)
    monkeypatch.setattr(clip_round, "clip_requests", lambda dice: two(dice)[:1])
    monkeypatch.setattr("sys.stdin", Terminal("70,30\n"))
    assert musmed(monkeypatch, "rate", "--clips") == 0
    assert "1 of 1 clips rated" in capsys.readouterr().out
    assert [one.rating for one in kept()] == [Rating(70, 30)]
