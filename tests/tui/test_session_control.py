"""``SessionControl`` itself, with real sessions: what is saved is what was heard."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from support.card import Card
from support.waiting import session_end, wait_for_session

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.composers import base
from engine.errors import MusmedError
from engine.plan.request import Request
from engine.session.library.records import StoredSession
from musmed_tui.asked import Asked
from musmed_tui.commands.render import render_to
from musmed_tui.paths import Folders, folders
from musmed_tui.session_control import Begun, Options, SessionControl
from musmed_tui.settings import Loaded, Settings

ENGINE = Path(__file__).parents[1] / "support" / "tones_engine.py"
REQUEST = Request(
    start=Affect(-0.04, 0.8),
    target=Affect(0.6, -0.5),
    minutes=1,
    seed=5,
    temperature=0,
    composer="tones",
)
FAST = 8.0
"""How much faster than ours a sound card's time runs once nothing can be late any more."""


def heard_by(card: Card) -> Frames:
    """From the first sample that sounds to before the stop's fade."""
    audio = np.concatenate(card.given)
    loud = np.flatnonzero(audio.any(axis=1))
    return audio[loud[0] : loud[-1] - frames_of(0.6)]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets every engine that is started to one that knows 'tones', which may die in a clip."""
    monkeypatch.setitem(base._COMPOSERS, "tones", "nowhere:Tones")

    def choose(*dies: str) -> None:
        argv = [sys.executable, str(ENGINE), str(tmp_path), "quick", *dies]
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


def test_a_library_that_cannot_be_opened_is_tried_once(
    control: SessionControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks while somebody else holds it waits for one attempt, not for one of their own."""
    tried: list[Path] = []

    def held(folder: Path) -> None:
        tried.append(folder)
        raise MusmedError("The library is in use.")

    monkeypatch.setattr("engine.session.library.library.Library", held)
    for ask in (control.open_library, lambda: control.begin(REQUEST)):
        with pytest.raises(MusmedError, match="in use"):
            ask()
    assert control.leaning(REQUEST) is REQUEST
    assert len(tried) == 1


def played(where: Folders, output: Path) -> tuple[SessionControl, Begun]:
    """A session that was heard to its end, into a file that waits for it."""
    options = Options(sink=f"file:{output}", volume=1.0)
    control = SessionControl(where, Loaded(Settings(), {}), options)
    begun = control.begin(REQUEST)
    session_end(begun.runner)
    control.end()
    return control, begun


def ahead(runner: Any) -> float:
    """Session seconds up to which audio is there without a gap."""
    with runner.playback.joiner() as joiner:
        return joiner.horizon() / SAMPLE_RATE


def saved(control: SessionControl, begun: Begun, folder: Path) -> Frames:
    """What ``w`` on the check-out writes."""
    (folder / "died").unlink(missing_ok=True)
    output = folder / "screen.flac"
    changed = control.save(begun.runner, output, lambda _done, _total: None, lambda: False)
    assert changed == ()
    return sound(output)


def rendered(session: str, folder: Path) -> Frames:
    """What ``musmed render --session`` writes."""
    output = folder / "command.flac"
    code = render_to(
        Asked(),
        str(output),
        midi=None,
        session=session,
        denoise=None,
        synthesis=None,
        as_json=False,
    )
    assert code == 0
    return sound(output)


def sound(path: Path) -> Frames:
    audio, _ = soundfile.read(path, dtype="float32")
    return np.asarray(audio)


def since_sounding(audio: Frames) -> Frames:
    return audio[np.flatnonzero(audio.any(axis=1))[0] :]


@pytest.mark.usefixtures("engine")
def test_a_session_of_another_composer(
    where: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is saved as it was heard, and what has changed since is said."""
    control, begun = played(where, tmp_path / "heard.flac")
    with contextlib.closing(control):
        stored = control.library.load(begun.look().session_id)
        assert {clip.record.composer for clip in stored.clips.values() if clip.record} == {"tones"}
        audio = saved(control, begun, tmp_path)
        np.testing.assert_array_equal(sound(tmp_path / "heard.flac"), audio)

        asked: list[StoredSession] = []
        monkeypatch.setattr("engine.render.render_kept", lambda one, *_, **__: asked.append(one))
        monkeypatch.setattr("engine.render.changed_materials", lambda *_: ("tones",))
        changed = control.save(begun.runner, tmp_path / "x.flac", lambda *_: None, lambda: False)
        assert asked == [stored]
    assert changed == (
        "The model tones is not the one that this session was begun with, so the rendering is not "
        "what was heard.",
    )


@pytest.mark.usefixtures("held_engines")
def test_a_session_in_which_a_composer_took_over(
    engine: Callable[..., None], control: SessionControl, card: Card, tmp_path: Path
) -> None:
    """Tones until it dies at 22 s, then embedded music: so it was heard, and so it is saved."""
    engine("0-0", "22")
    begun = control.begin(REQUEST)
    runner, status = begun.runner, begun.runner.status
    wait_for_session(runner, lambda: begun.look().position_s > 0.5)
    card.rate = 0.0  # all the rest lies ahead, however long the take-over takes
    (tmp_path / "may-answer").touch()
    wait_for_session(runner, lambda: ahead(runner) > 18.0)
    (tmp_path / "may-die").touch()
    wait_for_session(runner, lambda: status().composer == "embedded")
    wait_for_session(runner, lambda: status().clips[0].phase == "ready")
    card.waits_for, card.rate = runner, FAST
    wait_for_session(runner, lambda: begun.look().position_s > 28)
    control.end()
    stored = control.library.load(begun.look().session_id)
    record = next(clip.record for key, clip in stored.clips.items() if key.index == 0)
    assert record is not None
    assert record.handover is not None
    assert (record.composer, record.handover.composer) == ("embedded", "tones")
    heard = heard_by(card)
    assert len(heard) > frames_of(24)
    engine()  # tones is well again
    again = saved(control, begun, tmp_path)
    np.testing.assert_array_equal(heard, since_sounding(again)[: len(heard)])
    np.testing.assert_array_equal(rendered(stored.id, tmp_path), again)
