"""``w`` on the check-out and ``musmed render --session ID --heard`` write what was heard: the same
samples, from the clips that are kept, or composed again where some are gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from support.card import SteppedFile
from support.fake_session import run, until
from support.real_app import a_control, real_app, until_session
from textual.widgets import Input

from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.errors import MusmedError
from engine.session.library.lock import delete_folder
from engine.session.library.room import make_room
from musmed_tui.asked import Asked
from musmed_tui.commands.render import render_to
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.session_control import SessionControl

pytestmark = pytest.mark.usefixtures("quick_engine")


@pytest.fixture
def card(tmp_path: Path) -> SteppedFile:
    """What the listener hears, as a file that waits for audio and for the test."""
    return SteppedFile(tmp_path / "ear.wav", until=12.0)


@pytest.fixture
def control(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, card: SteppedFile
) -> Iterator[SessionControl]:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    made = a_control(tmp_path / "home", monkeypatch, card)
    yield made
    made.close()


def sound(path: Path) -> Frames:
    audio, rate = soundfile.read(path, dtype="float32")
    assert rate == SAMPLE_RATE
    return np.asarray(audio)


def check(ear: Frames, saved: Frames, position: float) -> None:
    """``ear``: all that was given to it, the stop's fade last."""
    fade = frames_of(0.4)
    assert abs(len(saved) - frames_of(position) - fade) <= 1
    count = min(len(saved) - fade, len(ear) - frames_of(0.6))
    assert count > frames_of(15.0)
    np.testing.assert_array_equal(ear[:count], saved[:count])
    assert abs(saved[-1]).max() < 1e-3  # it ends softly, as it was heard to end


def test_what_was_heard_is_saved_by_key_and_by_command(
    control: SessionControl, card: SteppedFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, phone = tmp_path / "screen.flac", tmp_path / "phone.ogg"
    kept: list[Any] = []

    async def go() -> None:
        async with real_app(control) as pilot:
            app = pilot.app
            await until(pilot, lambda: getattr(app.screen, "_begun", None) is not None)
            screen: Any = app.screen
            runner = screen._begun.runner
            await until_session(pilot, lambda: screen.shown.position_s > 10.0)
            await pilot.press("s", "slash", "ctrl+u", *"glad", "enter")
            await until_session(pilot, lambda: len(runner.status().events) == 1)
            card.until = runner.status().events[0].at + 9.5
            await until_session(pilot, lambda: screen.shown.position_s > card.until - 2.0)
            await until_session(pilot, lambda: runner.status().ahead > 35.0)
            await pilot.press("q")
            await until(pilot, lambda: isinstance(app.screen, CheckOutScreen))
            await until(pilot, lambda: not app.workers)  # the sound has ended
            monkeypatch.setattr("engine.render.render_session", composed_nothing)
            for keys, place in (((), output), (("down",), phone)):
                await pilot.press("w", *keys, "enter")
                app.screen.query_one("#file", Input).value = str(place)
                await pilot.press("enter")
                await until(pilot, lambda place=place: place.exists())
                await until(pilot, lambda: not app.screen._saving)  # type: ignore[attr-defined]
            kept.append(control.library.load(screen.shown.session_id))

    run(go())
    (stored,) = kept
    check(sound(tmp_path / "ear.wav"), sound(output), stored.position)
    report = json.loads(output.with_suffix(".json").read_text())
    assert report["heard_s"] == stored.position
    assert len(report["events"]) == 1
    assert max(clip["end_s"] for clip in report["clips"]) <= stored.position
    assert len(sound(phone)) == len(sound(output))
    assert phone.stat().st_size < output.stat().st_size
    by_command = tmp_path / "command.flac"
    assert rendered(stored.id, by_command) == 0
    np.testing.assert_array_equal(sound(by_command), sound(output))
    monkeypatch.undo()


def composed_nothing(*_: object, **__: object) -> None:
    raise AssertionError("what was heard is on the disk already")


def rendered(session: str, output: Path) -> int:
    return render_to(
        Asked(),
        str(output),
        midi=None,
        session=session,
        heard=True,
        denoise=None,
        synthesis=None,
    )


def test_what_is_gone_of_it_is_composed_again(
    control: SessionControl, card: SteppedFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a listener's screen: stopped in the midst, saved, a clip damaged in its midst, saved,
    and lost, saved again."""
    from support.real_app import TENSE_TO_CALM
    from support.waiting import wait_for_session

    card.until = 34.0
    begun = control.begin(TENSE_TO_CALM)
    wait_for_session(begun.runner, lambda: begun.look().position_s > 32.0)
    wait_for_session(begun.runner, lambda: begun.runner.status().ahead > 35.0)
    control.end()
    stored = control.library.load(begun.look().session_id)
    saves = []
    folder = control.library.clip_folder(stored.id)
    newest = control.library.create(
        stored.request, stored.composer, 1, None, datetime.now(UTC) + timedelta(minutes=1)
    )
    control.library.set_state(newest, "finished")
    monkeypatch.setattr("engine.render.said_of_changes", lambda _: ("A file is not what it was.",))
    for name in ("kept.flac", "damaged.flac", "gone.flac"):
        calls: list[float] = []

        def progress(
            done: float, _total: float, calls: list[float] = calls, name: str = name
        ) -> None:
            if name == "kept.flac" and not calls:  # another musmed makes room, or deletes it
                make_room(control.library, 1.0)
                with pytest.raises(MusmedError, match="saved by another musmed"):
                    delete_folder(folder)
            calls.append(done)

        said = control.save(begun.runner, tmp_path / name, progress, lambda: False, heard=True)
        assert calls[-1] == stored.position
        changed = ("A file is not what it was.",) if name != "kept.flac" else ()
        assert said == changed, "only what is composed again can be other than what was heard"
        saves.append(sound(tmp_path / name))
        for clip in folder.glob("0001-*.flac"):
            data = bytearray(clip.read_bytes())
            data[len(data) // 2 : len(data) // 2 + 2_000] = bytes(2_000)
            clip.write_bytes(data) if name == "kept.flac" else clip.unlink()
    for again in saves[1:]:
        np.testing.assert_array_equal(again, saves[0])
    check(sound(tmp_path / "ear.wav"), saves[0], stored.position)

    with pytest.raises(MusmedError, match="called off"):
        control.save(begun.runner, tmp_path / "off.flac", lambda *_: None, lambda: True, heard=True)
    left = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert left == sorted(
        [
            "ear.wav",
            *(f"{one}.{kind}" for one in ("damaged", "gone", "kept") for kind in ("flac", "json")),
        ]
    )


@pytest.mark.parametrize(
    "more",
    [{"session": None}, {"midi": "x.mid"}, {"synthesis": "builtin"}, {"denoise": True}],
    ids=str,
)
def test_heard_is_about_the_sound_of_a_kept_session(more: dict[str, Any], tmp_path: Path) -> None:
    asked: dict[str, Any] = {
        "output": str(tmp_path / "x.flac"),
        "midi": None,
        "session": "20261121-101500-k3",
        "heard": True,
        "denoise": None,
        "synthesis": None,
    }
    asked |= more
    with pytest.raises(MusmedError, match="--heard"):
        render_to(Asked(), asked.pop("output"), **asked)
