"""``SessionControl`` itself, with real sessions: what is saved is what was heard."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.composers import base
from engine.plan.request import Request
from engine.playback.sinks.base import Fill
from engine.playback.sinks.null import NullSink
from engine.session.library.records import StoredSession
from musmed_tui.asked import Asked
from musmed_tui.commands.render import render_to
from musmed_tui.paths import Folders, folders
from musmed_tui.session_control import Begun, Options, SessionControl
from musmed_tui.settings import Loaded, Settings

ENGINE = Path(__file__).with_name("tones_engine.py")
REQUEST = Request(
    start=Affect(-0.04, 0.8),
    target=Affect(0.6, -0.5),
    minutes=2,
    seed=5,
    temperature=0,
    composer="tones",
)
HANGS = 200.0
SLOW = 0.3
"""Slower than the time that processes need to begin, on a machine that is busy."""
UNHURRIED = 4.0
"""How much faster than ours a sound card's time runs where what it is given is compared."""


class Card(NullSink):
    """A sound card that keeps what it is given; its time runs ``rate`` times as fast as ours, and
    stands while ``ready`` says no."""

    def __init__(self) -> None:
        self.rate = UNHURRIED
        self.ready: Callable[[], bool] = lambda: True
        self._time, self._since = 0.0, time.monotonic()
        self.given: list[Frames] = []
        super().__init__(clock=self._now)

    def start(self, fill: Fill) -> None:
        def kept(out: Frames) -> int:
            valid = fill(out)
            self.given.append(out.copy())
            return valid

        super().start(kept)

    def _now(self) -> float:
        now = time.monotonic()
        self._time += self.rate * (now - self._since) * self.ready()
        self._since = now
        return self._time

    def heard(self) -> Frames:
        """From the first sample that sounds to before the stop's fade."""
        audio = np.concatenate(self.given)
        loud = np.flatnonzero(audio.any(axis=1))
        return audio[loud[0] : loud[-1] - frames_of(0.6)]


def until(begun: Begun, condition: Callable[[], bool]) -> None:
    """Waits for ``condition``: a bound that only a defect reaches."""
    deadline = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < deadline, begun.runner.status()
        begun.runner.wait(0.01)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets every engine that is started to one that knows 'tones', which may die in a clip."""
    monkeypatch.setitem(base._COMPOSERS, "tones", "nowhere:Tones")

    def choose(*dies: str) -> None:
        argv = [sys.executable, str(ENGINE), str(tmp_path / "died"), *dies]
        monkeypatch.setattr("engine.link.client.default_argv", lambda: argv)

    choose()
    return choose


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    for name in [name for name in os.environ if name.startswith("MUSMED_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUSMED_SYNTHESIS", "builtin")
    return folders()


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    made = Card()
    monkeypatch.setattr(
        "engine.playback.sinks.choose.open_sink", lambda *_, **__: (made, "A card of the tests.")
    )
    return made


@pytest.fixture
def control(where: Folders) -> Iterator[SessionControl]:
    made = SessionControl(where, Loaded(Settings(), {}), Options(sink="auto", volume=1.0))
    yield made
    made.close()


def played(where: Folders, output: Path) -> tuple[SessionControl, Begun]:
    """A session that was heard to its end, into a file that waits for it."""
    options = Options(sink=f"file:{output}", volume=1.0)
    control = SessionControl(where, Loaded(Settings(), {}), options)
    begun = control.begin(REQUEST)
    until(begun, lambda: begun.runner.wait(0.0))
    control.end()
    return control, begun


def written_ahead(begun: Begun) -> float:
    """Seconds that are written and not heard, so that a busy machine tears no hole."""
    state = begun.runner.playback.state()  # type: ignore[attr-defined]
    return float(state.written / SAMPLE_RATE - state.heard)


def saved(control: SessionControl, begun: Begun, folder: Path) -> Frames:
    """By ``w`` on the check-out and by ``musmed render --session``: the same samples."""
    by_screen, by_command = folder / "screen.flac", folder / "command.flac"
    (folder / "died").unlink(missing_ok=True)
    changed = control.save(begun.runner, by_screen, lambda _done, _total: None, lambda: False)
    assert changed == ()
    code = render_to(
        Asked(start=None, target=None),
        str(by_command),
        midi=None,
        session=begun.look().session_id,
        denoise=None,
        synthesis=None,
    )
    assert code == 0
    audio = sound(by_screen)
    np.testing.assert_array_equal(audio, sound(by_command))
    return audio


def sound(path: Path) -> Frames:
    audio, _ = soundfile.read(path, dtype="float32")
    return np.asarray(audio)


def since_sounding(audio: Frames) -> Frames:
    return audio[np.flatnonzero(audio.any(axis=1))[0] :]


@pytest.mark.usefixtures("engine")
def test_a_session_of_another_composer(where: Folders, tmp_path: Path) -> None:
    control, begun = played(where, tmp_path / "heard.flac")
    with contextlib.closing(control):
        stored = control.library.load(begun.look().session_id)
        assert {clip.record.composer for clip in stored.clips.values() if clip.record} == {"tones"}
        audio = saved(control, begun, tmp_path)
    np.testing.assert_array_equal(sound(tmp_path / "heard.flac"), audio)


def test_a_session_in_which_a_composer_took_over(
    engine: Callable[..., None], control: SessionControl, card: Card, tmp_path: Path
) -> None:
    """Tones until it dies at 22 s, then embedded music: so it was heard, and so it is saved."""
    engine("0-0", "22")
    card.rate = SLOW
    begun = control.begin(REQUEST)
    status = begun.runner.status
    until(begun, lambda: status().composer == "embedded" and status().clips[1].phase == "ready")
    card.rate, card.ready = UNHURRIED, lambda: written_ahead(begun) > 0.5
    until(begun, lambda: begun.look().position_s > 28)
    control.end()
    stored = control.library.load(begun.look().session_id)
    record = next(clip.record for key, clip in stored.clips.items() if key.index == 0)
    assert record is not None
    assert record.handover is not None
    assert (record.composer, record.handover.composer) == ("embedded", "tones")
    heard = card.heard()
    assert len(heard) > frames_of(24)
    engine()  # tones is well again
    again = since_sounding(saved(control, begun, tmp_path))
    np.testing.assert_array_equal(heard, again[: len(heard)])


@pytest.mark.usefixtures("engine")
def test_what_has_changed_since_is_said(
    where: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control, begun = played(where, tmp_path / "heard.flac")
    asked: list[StoredSession] = []
    monkeypatch.setattr("engine.render.render_kept", lambda one, *_, **__: asked.append(one))
    monkeypatch.setattr("engine.render.changed_materials", lambda *_: ("tones",))
    with contextlib.closing(control):
        changed = control.save(begun.runner, tmp_path / "x.flac", lambda *_: None, lambda: False)
        assert asked == [control.library.load(begun.look().session_id)]
    assert changed == (
        "The model tones is not the one that this session was begun with, so the rendering is not "
        "what was heard.",
    )
