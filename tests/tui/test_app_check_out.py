"""The check-out: what was played, replay, saving, a new session."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_session import REQUEST, SESSION, FakeControl, make_app, run, settled, until
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, ProgressBar

from engine.affect.circumplex import Affect
from engine.clip_record import ClipRecord
from engine.meter.reading import Reading
from engine.plan.planner import heard_clips
from engine.session.stretches import stretches
from musmed_tui.app import Left, MusmedApp
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.check_out import CheckOutScreen
from musmed_tui.screens.check_out_words import choices, folded, headline
from musmed_tui.screens.history import HistoryScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.widgets.circumplex import Circumplex
from musmed_tui.widgets.words import Words
from musmed_tui.wording import UNICODE


def said(app: MusmedApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Words).content)


async def to_the_check_out(
    control: FakeControl, app: MusmedApp, pilot: Pilot[Left], state: str = "stopped"
) -> None:
    await settled(pilot)
    control.runner.change(state=state)
    control.runner.over = True
    await settled(pilot)
    assert isinstance(app.screen, CheckOutScreen)


def test_what_was_played_and_where_it_is_kept(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            assert said(app, "headline") == " ■ stopped   6:27 of 15:00, tense towards calm."
            assert SESSION in said(app, "kept")
            assert str(control.folder) in unfolded(said(app, "kept"))
            listed = said(app, "clips").splitlines()
            heard = control.runner.snapshot.position_s
            expected = list(stretches(heard_clips(REQUEST, (), heard)))
            assert len(listed) == len(expected) > 1
            assert listed[0].split()[:2] == ["0:00", expected[0][1]]
        assert "end" in control.asked

    run(go())


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24), (120, 40)], ids=str)
def test_the_folder_is_broken_behind_slashes(control: FakeControl, size: tuple[int, int]) -> None:
    control.folder = Path("/home/listener/.local/share/musmed/somewhere/library")

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await to_the_check_out(control, app, pilot)
            kept = app.screen.query_one("#kept")
            rows = [
                "".join(part.text for part in kept.render_line(y)).strip()
                for y in range(kept.size.height)
            ]
            assert all(row.endswith("/") for row in rows[1:-1] if row)
            assert "".join(rows[1:]) == str(control.folder)

    run(go())


def test_stretches_are_what_was_heard_and_no_more() -> None:
    def played(heard: float) -> list[tuple[float, str, str, str]]:
        return list(stretches(heard_clips(REQUEST, (), heard)))

    assert len(played(0.0)) == 1
    whole = played(REQUEST.seconds)
    assert all(one[1:] != other[1:] for one, other in itertools.pairwise(whole))
    assert [time for time, *_ in played(300.0)] == [time for time, *_ in whole if time < 300.0]


@pytest.mark.parametrize(("key", "from_start"), [("r", True), ("c", False)])
def test_playing_it_again(control: FakeControl, key: str, from_start: bool) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press(key)
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)
        assert ("again", SESSION, from_start) in control.asked

    run(go())


def test_nothing_to_continue_after_the_whole_session(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot, "ended")
            assert said(app, "headline") == (" ■ played to its end   15 minutes, tense to calm.")
            await pilot.press("c")
            await settled(pilot)
            assert isinstance(app.screen, CheckOutScreen)

    run(go())


def test_a_failure_is_said(control: FakeControl) -> None:
    async def go() -> None:
        control.runner.change(failure="The disk is full; make room.")
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot, "failed")
            assert "ended by a failure   6:27 of 15:00" in said(app, "headline")
            assert "The disk is full; make room." in said(app, "failure")

    run(go())


def test_saving(control: FakeControl, tmp_path: Path) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("w", "enter")
            file = app.screen.query_one("#file", Input)
            assert file.has_focus
            assert file.value.endswith(f"musmed-{SESSION}.flac")
            file.value = str(tmp_path / "session.flac")
            await pilot.press("enter")
            await settled(pilot)
            assert (tmp_path / "session.flac").read_bytes().startswith(b"fLaC")
            assert unfolded(said(app, "saved")).startswith(f"Saved as {tmp_path / 'session.flac'}")

    run(go())


def unfolded(text: str) -> str:
    """A sentence as it was before it was folded between words and behind slashes."""
    return text.replace("/\n", "/").replace("\n", " ")


@given(
    st.lists(st.text("ab/.x", min_size=1, max_size=30), min_size=1, max_size=12),
    st.integers(20, 90),
)
def test_a_path_is_folded_behind_slashes_and_nothing_is_lost(words: list[str], width: int) -> None:
    lines = folded(" ".join(words), width).split("\n")
    assert "".join(lines).replace(" ", "") == "".join(words)
    for line, after in itertools.pairwise([*lines, ""]):
        pieces = [p for word in line.split(" ") for p in re.findall(r"[^/]*/|[^/]+", word)]
        assert len(line) <= width or len(pieces) == 1
        assert not after or line.endswith("/") or " ".join(words).find(after.split("/")[0]) >= 0


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (50, 20), (40, 12)], ids=str)
def test_all_that_saving_asks_and_says_is_in_the_window(
    control: FakeControl, tmp_path: Path, size: tuple[int, int]
) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("w", "enter")
            for name in ("#what", "#file"):
                region = app.screen.query_one(name).region
                assert region.area
                assert region.bottom <= size[1] - 1, name
            place = tmp_path / "session.flac"
            app.screen.query_one("#file", Input).value = str(place)
            await pilot.press("enter")
            await settled(pilot)
            told = said(app, "saved")
            assert "\\x" not in told
            assert unfolded(told) == f"Saved as {place} (0.0 MB)."
            assert "(0.0 MB)." in told.splitlines()[-1]

    run(go())


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ((), (True, ".flac")),
        (("down",), (True, ".ogg")),
        (("down", "down"), (False, ".flac")),
        (("down", "down", "down"), (False, ".ogg")),
        (("down", "up"), (True, ".flac")),
    ],
)
def test_what_is_saved_can_be_chosen(
    control: FakeControl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, ...],
    what: tuple[bool, str],
) -> None:
    monkeypatch.chdir(tmp_path)

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("w", *keys, "enter", "enter")
            await settled(pilot)
        saves = [one for one in control.asked if isinstance(one, tuple) and one[0] == "save"]
        assert saves == [("save", tmp_path / f"musmed-{SESSION}{what[1]}", what[0])]

    run(go())


def test_what_was_heard_whole_is_offered_once_and_from_the_disk() -> None:
    """Nothing of it has to be composed again, so it is not offered a second time as the whole."""
    assert [(c.heard, c.seconds, c.suffix) for c in choices(900.0, 900.0)] == [
        (True, 900.0, ".flac"),
        (True, 900.0, ".ogg"),
    ]
    assert all(len(c.said) <= 40 for c in choices(473.0, 3600.0))


def test_a_place_that_is_none_is_said_and_another_can_be_given(
    control: FakeControl, tmp_path: Path
) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            for place, words in (
                ("~nosuchuser/x.flac", "no sound file to be seen at"),
                (str(tmp_path / "session.flac"), "Saved as"),
            ):
                await pilot.press("w", "enter")
                app.screen.query_one("#file", Input).value = place
                await pilot.press("enter")
                await settled(pilot)
                assert words in unfolded(said(app, "saved"))

    run(go())


def test_saving_called_off(control: FakeControl, tmp_path: Path) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("w", "down", "down", "enter")
            app.screen.query_one("#file", Input).value = str(tmp_path / "slow.flac")
            await pilot.press("enter")
            bar = app.screen.query_one(ProgressBar)
            await until(pilot, lambda: bar.percentage == 0.5)
            assert bar.display
            assert "whole session is composed again" in said(app, "saved")
            await pilot.press("r")  # not while saving
            assert isinstance(app.screen, CheckOutScreen)
            await pilot.press("escape")
            await settled(pilot)
            assert "called off" in said(app, "saved")
            assert not (tmp_path / "slow.flac").exists()

    run(go())


def test_a_new_session_begins_with_the_check_in(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("n")
            await settled(pilot)
            assert isinstance(app.screen, CheckInScreen)
        assert "warm" in control.asked

    run(go())


def test_q_leaves_with_how_it_stood(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("q")
            await until(pilot, lambda: app.return_value is not None)
        left = app.return_value
        assert isinstance(left, Left)
        assert left.last is not None
        assert left.last.state == "stopped"

    run(go())


def test_the_volume_is_carried_into_the_next_session(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("minus", "minus")
            await to_the_check_out(control, app, pilot)
            assert control.volume == 0.9
            await pilot.press("r")
            await settled(pilot)
            await pilot.press("minus")
        assert ("volume", 0.85) in control.runner.asked

    run(go())


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (50, 20), (44, 12)], ids=str)
@pytest.mark.parametrize("stopped", [False, True])
def test_the_choices_by_arrows_and_by_letters(
    control: FakeControl,
    size: tuple[int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    stopped: bool,
) -> None:
    """Four, and before them going on with what was stopped."""
    monkeypatch.chdir(tmp_path)

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await to_the_check_out(control, app, pilot, "stopped" if stopped else "ended")
            listed = app.screen.query_one("#choices", OptionList)
            assert listed.has_focus
            shown = [str(one.prompt) for one in listed.options]
            going_on, *four = ["c go on from 6:27", "r again", "w save what was heard"]
            four += ["p history", "q done"]
            assert shown == ([going_on, *four] if stopped else four)
            assert listed.region.height == len(shown)
            await pilot.press(*["down"] * (1 + stopped), "enter")
            await settled(pilot)
            assert app.screen.query_one("#what").has_focus
            await pilot.press("escape")
            assert listed.has_focus
            await pilot.press("down", "enter")
            await settled(pilot)
            assert isinstance(app.screen, HistoryScreen)
            await pilot.press("escape", "p")
            await settled(pilot)
            assert isinstance(app.screen, HistoryScreen)
            await pilot.press("escape", "home", "enter")
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)
        assert ("again", SESSION, not stopped) in control.asked

    run(go())


def test_done_is_done(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            await pilot.press("end", "enter")
            await until(pilot, lambda: app.return_value is not None)

    run(go())


def test_what_the_music_sounded_like_is_on_the_plane(control: FakeControl) -> None:
    last = control.runner.snapshot
    record = ClipRecord(
        composer="embedded",
        version=1,
        loudness=-23.0,
        true_peak=-6.0,
        gating="off",
        seconds=30.0,
        speed=20.0,
        readings=(
            Reading(
                start=0.0,
                end=10.0,
                valence=0.2,
                arousal=-0.1,
                valence_error=0.4,
                arousal_error=0.4,
                known=True,
            ),
        ),
    )
    views = (msgspec.structs.replace(last.timeline[0], record=record), *last.timeline[1:])
    control.runner.change(timeline=views)

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(80, 24)) as pilot:
            await to_the_check_out(control, app, pilot)
            assert app.screen.query_one(Circumplex).state.measured == (Affect(0.2, -0.1),)
            assert "small dots" in said(app, "kept")

    run(go())


@pytest.mark.parametrize("room", [36, 58, 78])
def test_the_headline_has_room(control: FakeControl, room: int) -> None:
    last = msgspec.structs.replace(control.runner.snapshot, state="stopped")
    told = "".join(one if isinstance(one, str) else one[0] for one in headline(last, UNICODE, room))
    assert all(len(line) <= room for line in told.split("\n"))
    if room >= 58:
        assert told == " ■ stopped   6:27 of 15:00, tense towards calm."
