"""The history on the screen: read in pages, searched, opened; going on, naming, deleting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.card import Card
from support.fake_session import FakeControl, a_snapshot, make_app, run, settled, some_pasts, until
from support.made_up_month import SESSIONS, made_up_month
from support.rated_sessions import rated_sessions
from support.real_app import a_control, real_app
from support.waiting import HANG_SECONDS
from textual.pilot import Pilot
from textual.widgets import Input

from engine.affect.circumplex import Affect
from engine.listener.history import Past
from engine.listener.personal_meter import personal_meter
from engine.listener.ratings import Rating
from engine.listener.weeks import weeks_of
from engine.session.library.library import Library
from engine.session.library.past import past_sessions
from engine.session.library.rated import rated_music
from musmed_tui.app import Left, MusmedApp
from musmed_tui.commands.screen import _became
from musmed_tui.drawing.session_rows import heading, session_row
from musmed_tui.past_words import HEARING
from musmed_tui.screens.asking import ConfirmScreen, LineScreen
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.history import FIRST_PAGE, PAGE, HistoryScreen
from musmed_tui.screens.past import PastScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.screens.weeks import WeeksScreen
from musmed_tui.session_control import SessionControl
from musmed_tui.widgets.session_list import SessionList
from musmed_tui.widgets.words import Words
from musmed_tui.wording import nearest_word

pytestmark = pytest.mark.usefixtures("utc")
SIZE, SMALL = (80, 24), (40, 12)
ONE_FOR_THE_CHECK_IN = 1
"""It shows what was heard last."""
MANY = FIRST_PAGE + 2 * PAGE + 7


@pytest.fixture
def control() -> FakeControl:
    made = FakeControl()
    made.listener.pasts = some_pasts()
    return made


def rows(app: Any) -> list[str]:
    """The window's rows."""
    strips = app.screen._compositor.render_strips()
    return ["".join(part.text for part in strip) for strip in strips]


def said(app: MusmedApp, name: str) -> str:
    return str(app.screen.query_one(f"#{name}", Words).content)


def sessions(app: MusmedApp) -> SessionList:
    return app.screen.query_one(SessionList)


async def opened(pilot: Pilot[Left], *keys: str) -> None:
    await settled(pilot)
    await pilot.press("p")
    await settled(pilot)
    assert isinstance(pilot.app.screen, HistoryScreen)
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


@pytest.mark.parametrize("size", [SIZE, SMALL, (120, 40)], ids=str)
def test_the_newest_are_first_with_change_and_note(
    control: FakeControl, size: tuple[int, int]
) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=size) as pilot:
            await opened(pilot)
            shown = [row for row in rows(app) if "11-" in row and ":05" in row]
            assert len(shown) == 3
            for row, past in zip(shown, control.listener.pasts, strict=True):
                assert f"{past.begun.astimezone():%m-%d %H:%M}" in row
                assert "+30,-30" in row
                assert (past.felt.note in row) == (size != SMALL)
            assert ("evening: tense" if size != SMALL else "evening: tens…") in shown[0]
            assert "3 sessions" in said(app, "headline")
            assert "…" not in said(app, "headline")
            await pilot.press("escape")
            assert isinstance(app.screen, CheckInScreen)

    run(go())


def test_what_was_chosen_on_the_check_in_is_there_afterwards(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("slash", *"tense", "enter", "escape")
            await opened(pilot, "escape")
            assert app.screen.query_one("#start", Input).value == "tense"

    run(go())


def test_minutes_of_the_week_and_a_word_on_hearing(control: FakeControl) -> None:
    from datetime import UTC, datetime

    import msgspec

    now = datetime.now(UTC)
    recent = msgspec.structs.replace(
        control.listener.pasts[0], id=f"{now:%Y%m%d-%H%M%S}-zz", begun=now, heard=600.0
    )
    control.listener.pasts.insert(0, recent)

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot)
            week = 10.0 + sum(
                one.heard / 60
                for one in control.listener.pasts[1:]
                if one.begun.astimezone().isocalendar()[:2] == now.astimezone().isocalendar()[:2]
            )
            assert said(app, "headline").endswith(f"Heard this week: {week:.0f} minutes.")
            assert HEARING in " ".join(" ".join(row.split()) for row in rows(app))

    run(go())


def test_it_is_read_in_pages_and_never_by_who_draws(control: FakeControl) -> None:
    control.listener.pasts = some_pasts(MANY)
    drawing, readers = threading.current_thread(), []
    page = control.listener.page
    goes_on = threading.Event()

    def noted(count: int, before: str | None = None) -> tuple[Past, ...]:
        readers.append(threading.current_thread())
        if before is not None:
            goes_on.wait(HANG_SECONDS)
        return page(count, before)

    control.listener.page = noted  # type: ignore[method-assign]

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("p")
            await until(pilot, lambda: app.screen.query(SessionList))
            await until(pilot, lambda: len(sessions(app).pasts) == FIRST_PAGE)
            assert f"{FIRST_PAGE} sessions so far" in said(app, "headline")
            await pilot.press("down", "down")
            chosen = sessions(app).chosen
            assert chosen == control.listener.pasts[2]
            goes_on.set()
            await settled(pilot)
            assert list(sessions(app).pasts) == control.listener.pasts
            assert sessions(app).chosen == chosen
            assert f"{MANY} sessions " in f"{said(app, 'headline')} "
            await pilot.press("end")
            assert sessions(app).chosen == control.listener.pasts[-1]
            assert "2024" in "".join(rows(app)) or "2025" in "".join(rows(app))

    try:
        run(go())
    finally:
        goes_on.set()
    assert drawing not in readers
    counts = [asked[1] for asked in control.listener.asked]
    assert counts == [ONE_FOR_THE_CHECK_IN, FIRST_PAGE, PAGE, PAGE, PAGE, PAGE]


def test_leaving_while_it_reads_ends_the_reading(control: FakeControl) -> None:
    control.listener.pasts = some_pasts(MANY)
    page = control.listener.page
    goes_on = threading.Event()

    def held(count: int, before: str | None = None) -> tuple[Past, ...]:
        if before is not None:
            goes_on.wait(HANG_SECONDS)
        return page(count, before)

    control.listener.page = held  # type: ignore[method-assign]

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await settled(pilot)
            await pilot.press("p")
            await until(pilot, lambda: app.screen.query(SessionList))
            await until(pilot, lambda: sessions(app).pasts)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, CheckInScreen))
            goes_on.set()
            await settled(pilot)
        counts = [asked[1] for asked in control.listener.asked]
        assert sum(count != ONE_FOR_THE_CHECK_IN for count in counts) <= 2

    try:
        run(go())
    finally:
        goes_on.set()


@pytest.mark.parametrize(
    ("words", "found"),
    [("GLAD", [1]), ("note", [0, 1, 2]), ("evening", [0]), ("2026-11-18", [2]), ("xyz", []),
     ("note happy", [2])],
)  # fmt: skip
def test_typing_searches(control: FakeControl, words: str, found: list[int]) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, "slash")
            await pilot.press(*("space" if c == " " else "minus" if c == "-" else c for c in words))
            await settled(pilot)
            expected = [control.listener.pasts[i] for i in found]
            assert list(sessions(app).pasts) == expected
            if not found:
                assert "No session has these words" in said(app, "headline")
            else:
                assert f"{len(found)} of 3 sessions" in said(app, "headline")
                await pilot.press("enter")
                assert sessions(app).has_focus
                await pilot.press("slash", "x", "x")
                await settled(pilot)
            await pilot.press("escape")
            await settled(pilot)
            assert len(sessions(app).pasts) == 3
            assert not app.screen.query_one("#search").display
            await pilot.press("escape")
            assert isinstance(app.screen, CheckInScreen)

    run(go())


@pytest.mark.parametrize("size", [SIZE, SMALL, (120, 40)], ids=str)
def test_one_session_is_told_whole(control: FakeControl, size: tuple[int, int]) -> None:
    past = control.listener.pasts[0]

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=size) as pilot:
            await opened(pilot, "enter")
            assert isinstance(app.screen, PastScreen)
            told = " ".join(f"{said(app, 'about')} {said(app, 'clips')}".split())
            for piece in (
                "tense to calm",
                "heard 2:00 of 6:00: stopped at 2:00",
                "before pleasant 30, awake 70 after pleasant 60, awake 40",
                "change pleasant +30, awake -30",
                "0:50 liked piano, ambient (calm)",
                "note note 0",
                "time planned sounded mood 0:00 tense",
            ):
                assert piece in told, piece
            assert "evening" in said(app, "headline")
            clips = said(app, "clips").count("\n") - 2
            assert clips == len(control.listener.past(past.id).clips) == 6
            await pilot.press("end")
            scroll = app.screen.query_one("#told")
            assert scroll.scroll_y == scroll.max_scroll_y
            await pilot.press("escape")
            assert isinstance(app.screen, HistoryScreen)

    run(go())


@pytest.mark.parametrize("where", [(), ("enter",)], ids=["list", "opened"])
@pytest.mark.parametrize(("key", "from_start"), [("c", False), ("r", True)])
def test_it_is_played_again(
    control: FakeControl, key: str, from_start: bool, where: tuple[str, ...]
) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, *where, key)
            await until(pilot, lambda: isinstance(app.screen, SessionScreen))
            await settled(pilot)
            assert len(app.screen_stack) == 2
        assert ("again", control.listener.pasts[0].id, from_start) in control.asked

    run(go())


def test_what_was_heard_to_its_end_can_only_be_replayed(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, "down", "c")
            assert isinstance(app.screen, HistoryScreen)
            assert any("heard to its end" in one.message for one in app._notifications)

    run(go())


@pytest.mark.parametrize("where", [(), ("enter",)], ids=["list", "opened"])
def test_naming(control: FakeControl, where: tuple[str, ...]) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, *where, "n")
            assert isinstance(app.screen, LineScreen)
            assert app.screen.query_one(Input).value == "evening"
            await pilot.press("ctrl+u", *"quiet", "enter")
            await settled(pilot)
            assert "quiet" in " ".join(rows(app))
            await pilot.press("n", "ctrl+u", "escape")
            assert control.listener.pasts[0].name == "quiet"
            if where:
                await pilot.press("escape")
            assert "quiet: tense" in " ".join(rows(app))

    run(go())


@pytest.mark.parametrize("where", [(), ("enter",)], ids=["list", "opened"])
def test_deleting_asks(control: FakeControl, where: tuple[str, ...]) -> None:
    first, second, third = control.listener.pasts

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, "down", *where, "x")
            for no in ("enter", "n", "x", "escape"):
                if isinstance(app.screen, ConfirmScreen):
                    await pilot.press(no)
                    await settled(pilot)
            assert len(control.listener.pasts) == 3
            await pilot.press("x")
            assert "sad to glad" in said(app, "asking-question")
            await pilot.press("y")
            await settled(pilot)
            assert isinstance(app.screen, HistoryScreen)
            assert control.listener.pasts == [first, third] == list(sessions(app).pasts)
            assert sessions(app).chosen == third
            assert second.begun.strftime("%m-%d") not in " ".join(rows(app))

    run(go())


def test_how_it_was_can_be_said_later(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, "s", "end", "enter", "minus", "enter")
            assert "11-20" in next(row for row in rows(app) if "+70,-" in row)
        kept = control.listener.pasts[0].felt
        assert (kept.after, kept.note) == (Rating(100, None), "note 0")

    control.listener.kept[control.listener.pasts[0].id] = control.listener.pasts[0].felt
    run(go())


@pytest.mark.parametrize("size", [SIZE, SMALL, (120, 40)], ids=str)
@pytest.mark.parametrize(("count", "sure"), [(5, False), (40, True)])
def test_weeks_and_no_verdict_under_six(
    control: FakeControl, size: tuple[int, int], count: int, sure: bool
) -> None:
    control.listener.pasts = some_pasts(count)
    weeks = weeks_of(control.listener.pasts)

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=size) as pilot:
            await opened(pilot, "w")
            assert isinstance(app.screen, WeeksScreen)
            told = said(app, "weeks-said")
            assert ("Pleasantness rose: by +30" in told) == sure
            assert ("Wakefulness fell: by -30" in told) == sure
            assert (f"before and after {count} times" in told) == (not sure)
            lines = said(app, "weeks-lines").splitlines()
            assert [line.split()[0] for line in lines[2:]] == [str(w.monday) for w in weeks]
            if size != SMALL:
                assert any(str(weeks[-1].monday) in row and "●" in row for row in rows(app))
            await pilot.press("escape")
            assert isinstance(app.screen, HistoryScreen)

    run(go())


def test_weeks_are_those_of_what_was_found(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, "slash", *"glad", "enter", "w")
            assert "before and after once" in said(app, "weeks-said")

    run(go())


def test_an_empty_history_and_one_that_can_not_be_read(control: FakeControl) -> None:
    control.listener.pasts = []

    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot, "enter", "x", "n", "s", "c", "r")
            assert isinstance(app.screen, HistoryScreen)
            assert "Nothing was heard yet" in said(app, "headline")
            await pilot.press("escape")
            control.listener.refusal = "The library is busy; try again."
            await opened(pilot)
            assert any("busy" in one.message for one in app._notifications)

    run(go())


def test_the_mouse_chooses_and_opens(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control)
        async with app.run_test(size=SIZE) as pilot:
            await opened(pilot)
            await pilot.click(SessionList, offset=(5, 2))
            assert sessions(app).chosen == control.listener.pasts[2]
            await pilot.click(SessionList, offset=(5, 1), times=2)
            await settled(pilot)
            assert isinstance(app.screen, PastScreen)
            assert "sad to glad" in said(app, "about")

    run(go())


@pytest.mark.parametrize("width", [24, 40, 59, 60, 80, 120, 200])
def test_a_row_is_as_wide_as_there_is_room_whatever_is_in_it(width: int) -> None:
    import msgspec
    from rich.cells import cell_len

    past = some_pasts(1)[0]
    wide = msgspec.structs.replace(past, name="夜の音楽" * 12)
    for one in (past, wide):
        text = "".join(cell for cell, _ in session_row(one, width, "…"))
        assert cell_len(text) <= max(width, 40) + 2
        assert cell_len(text) == cell_len("".join(c for c, _ in session_row(past, width, "…")))
    assert len(heading(width)) <= width


# the real library


@pytest.fixture
def month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionControl]:
    library = Library(tmp_path / "home" / "data" / "library")
    made_up_month(library)
    library.close()
    made = a_control(tmp_path / "home", monkeypatch, Card(rate=8.0))
    yield made
    made.close()


def test_a_note_alone_leaves_when_it_was_rated(month: SessionControl) -> None:
    past = next(one for one in past_sessions(month.library) if not one.felt.after.is_none)
    felt = month.listener.rate(past.id, past.felt.after, "only a note")
    assert (felt.after, felt.after_at, felt.note) == (
        past.felt.after,
        past.felt.after_at,
        "only a note",
    )
    assert month.listener.rate(past.id, Rating(1, 2), None).after_at != past.felt.after_at


def test_a_session_that_was_deleted_meanwhile_is_no_trouble_at_the_end(
    month: SessionControl,
) -> None:
    stopped = next(one for one in past_sessions(month.library) if one.state == "stopped")
    last = month.first_look(stopped.id, from_start=False)
    month.listener.rate(stopped.id, Rating(), "")
    assert _became(month, last) == (True, False)
    month.listener.rate(stopped.id, Rating(50, None), None)
    assert _became(month, last) == (True, True)
    month.listener.delete(stopped.id)
    assert _became(month, last) == (False, True)
    assert _became(month, a_snapshot(session_id="")) == (False, True)
    assert _became(month, None) == (False, True)


def test_pages_are_the_whole_history(month: SessionControl) -> None:
    whole = past_sessions(month.library)
    assert len(whole) == SESSIONS
    found: list[Past] = []
    while page := month.listener.page(5, found[-1].id if found else None):
        assert len(page) <= 5
        found += page
    assert tuple(found) == whole


@pytest.mark.usefixtures("quick_engine")
def test_a_real_history_is_named_rated_deleted_and_gone_on_with(month: SessionControl) -> None:
    whole = past_sessions(month.library)
    stopped = next(i for i, past in enumerate(whole) if past.state == "stopped")
    doomed = next(i for i in range(len(whole)) if i != stopped)

    async def go() -> None:
        async with real_app(month, check_in=True) as pilot:
            app: Any = pilot.app
            await opened(pilot, *["down"] * stopped, "n")
            await pilot.press(*"mine", "enter")
            await settled(pilot)
            await pilot.press("s", "end", "enter", "home", "enter", *"good", "enter")
            await settled(pilot)
            felt = month.listener.felt(whole[stopped].id)
            assert felt.after == Rating(100, 0)
            assert felt.note.endswith("good")
            assert month.library.load(whole[stopped].id).name == "mine"
            await pilot.press("home", *["down"] * doomed, "x", "y")
            await settled(pilot)
            assert whole[doomed].id not in month.library.ids()
            assert not month.library.clip_folder(whole[doomed].id).exists()
            assert len(sessions(app).pasts) == SESSIONS - 1
            await pilot.press("slash", *"mine", "enter", "c")
            await until(pilot, lambda: isinstance(app.screen, SessionScreen))
            await until(pilot, lambda: app.screen.has_begun)
            assert app.screen._begun.runner.status().session == whole[stopped].id
            await pilot.press("q")

    run(go())


@pytest.mark.parametrize("size", [SIZE, (120, 40)], ids=str)
def test_where_the_meter_is_bent_to_the_listener_both_readings_stand_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    library = Library(tmp_path / "home" / "data" / "library")
    ids = rated_sessions(library)
    meter = personal_meter(rated_music(library))
    library.close()
    control = a_control(tmp_path / "home", monkeypatch, Card(rate=8.0))
    seen = [one for _, one in control.listener.past(ids[-1]).clips if one is not None]

    async def go() -> None:
        async with real_app(control, check_in=True, size=size) as pilot:
            app: Any = pilot.app
            await opened(pilot, "enter")
            assert isinstance(app.screen, PastScreen)
            told = " ".join(said(app, "clips").split())
            assert "time planned sounded for you 0:00 " in told
            for one in seen:
                here = Affect(meter.valence.line.at(one.valence).value, one.arousal)
                assert f"{nearest_word(one)} {nearest_word(here)}" in told
            assert "bent to how you rated" in said(app, "about")
            control.library.meter.forget()
            await pilot.press("escape", "enter")
            await settled(pilot)
            told = " ".join(said(app, "clips").split())
            assert "time planned sounded mood" in told
            assert "bent" not in said(app, "about")

    run(go())
    control.close()
