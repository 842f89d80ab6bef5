"""The app over real sessions: ``SessionControl`` with its library and engine, on a card of the
tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.fake_session import until
from support.waiting import session_moves
from textual.pilot import Pilot

from engine.affect.feelings import feeling
from engine.plan.request import Request
from engine.playback.sinks.base import Sink
from musmed_tui.app import Left, MusmedApp
from musmed_tui.commands.screen import FirstSession, new_session
from musmed_tui.paths import folders
from musmed_tui.session_control import Options, SessionControl
from musmed_tui.settings import Loaded, Settings
from musmed_tui.theme_shelf import ThemeShelf

TENSE_TO_CALM = Request(
    start=feeling("tense").affect,
    target=feeling("calm").affect,
    start_word="tense",
    target_word="calm",
    minutes=1.5,
    seed=5,
    composer="embedded",
)


def a_control(home: Path, monkeypatch: pytest.MonkeyPatch, card: Sink) -> SessionControl:
    """Sessions kept under ``home``, heard by ``card``."""
    where = folders({"MUSMED_HOME": str(home)})
    monkeypatch.setattr(
        "engine.playback.sinks.choose.open_sink", lambda *_, **__: (card, "A card of the tests.")
    )
    return SessionControl(where, Loaded(Settings(), {}), Options(sink="auto", volume=1.0))


@contextlib.asynccontextmanager
async def real_app(
    control: SessionControl,
    first: FirstSession | None = None,
    size: tuple[int, int] = (80, 24),
    *,
    check_in: bool = False,
) -> AsyncIterator[Pilot[Left]]:
    """The app straight in a session (``TENSE_TO_CALM``, if no other ``first`` is named), or on the
    check-in."""
    session = None if check_in else (first or new_session(TENSE_TO_CALM))(control)
    app = MusmedApp(control, ThemeShelf(), session=session, driver_class=None)
    async with app.run_test(size=size) as pilot:
        yield pilot
        app.exit()


async def until_session(pilot: Pilot[Left], seen: Any) -> None:
    """``until``, for as long as the session that is shown moves."""
    screen: Any = pilot.app.screen
    moves = session_moves(screen._begun.runner) if getattr(screen, "_begun", None) else None
    await until(pilot, seen, moves or (lambda: None))
