"""An ease and a stop within a minute of it: one line on the check-out, and nothing kept."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from support.card import Card
from support.fake_session import FakeControl, make_app, run, settled, until
from support.real_app import a_control, real_app

from musmed_tui.grounding import LINE, SOON_SECONDS, Grounding
from musmed_tui.screens.check_out import CheckOutScreen


@pytest.mark.parametrize(
    ("done", "offered"),
    [
        ([], False),
        ([("stopped", 0.0)], False),
        ([("eased", 0.0)], False),
        ([("eased", 0.0), ("stopped", SOON_SECONDS)], True),
        ([("eased", 0.0), ("stopped", SOON_SECONDS + 0.1)], False),
        ([("eased", 0.0), ("eased", 50.0), ("stopped", 100.0)], True),
    ],
    ids=str,
)
def test_when_it_is_offered(done: list[tuple[str, float]], offered: bool) -> None:
    now = 0.0
    grounding = Grounding(lambda: 1000.0 + now)
    for what, now in done:  # noqa: B007 - the clock reads it
        getattr(grounding, what)()
    assert grounding.offered is offered


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (120, 40)], ids=str)
@pytest.mark.parametrize(
    ("keys", "later", "offered"),
    [
        (("e", "q"), 0.0, True),
        (("e", "space", "question_mark", "escape", "q"), 0.0, True),
        (("question_mark", "e", "escape", "q"), 0.0, True),
        (("q",), 0.0, False),
        (("e", "q"), 61.0, False),
    ],
    ids=str,
)
def test_the_line_is_on_the_check_out(
    control: FakeControl,
    size: tuple[int, int],
    keys: tuple[str, ...],
    later: float,
    offered: bool,
) -> None:
    async def go() -> None:
        app: Any = make_app(control, playing=True)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            now = [0.0]
            app.screen._grounding = Grounding(lambda: now[0])
            await pilot.press(*keys[:-1])
            now[0] += later
            await pilot.press(keys[-1])
            await settled(pilot)
            assert isinstance(app.screen, CheckOutScreen)
            strips = app.screen._compositor.render_strips()
            rows = ["".join(part.text for part in strip) for strip in strips]
            left, top = next((one.region.offset for one in app.screen.query("#grounding")), (0, 0))
            text = " ".join(" ".join(row[left:] for row in rows[top:]).split())
            assert (LINE in text) == offered
            await pilot.press("w")
            await settled(pilot)
            assert not any(one.region.area for one in app.screen.query("#grounding"))

    run(go())


@pytest.mark.usefixtures("quick_engine")
def test_nothing_of_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    control = a_control(tmp_path / "home", monkeypatch, Card(rate=8.0))

    async def go() -> None:
        async with real_app(control) as pilot:
            app: Any = pilot.app
            await until(pilot, lambda: getattr(app.screen, "has_begun", False))
            await pilot.press("e", "q")
            await until(pilot, lambda: isinstance(app.screen, CheckOutScreen))
            await until(pilot, lambda: app.screen.query("#grounding"))
            await until(pilot, lambda: not app.workers)

    with contextlib.closing(control):
        run(go())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert b"ground" not in path.read_bytes().lower(), path
