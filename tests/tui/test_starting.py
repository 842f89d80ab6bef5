"""What is put off while the program starts."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from support.fake_session import FakeControl, make_app, run, until
from textual.css import stylesheet
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.starting import leave, start, started


def test_cycles_are_looked_for_seldom_until_it_has_started() -> None:
    before = gc.get_threshold()
    try:
        start()
        assert gc.get_threshold()[0] > 100 * before[0]
        started()
        assert gc.get_threshold() == before
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_who_did_not_start_so_has_nothing_to_end() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    started()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, frozen)


def test_nothing_is_looked_through_at_the_end() -> None:
    try:
        with pytest.raises(SystemExit) as ended:
            leave(2)
        assert ended.value.code == 2
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


def test_musmed_s_sheets_are_parsed_once_and_each_widget_styled_as_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until the first question stands."""
    parsed: list[tuple[str, str]] = []
    restyled: list[int] = []
    parse, update = stylesheet.parse, Stylesheet.update_nodes

    def parsing(scope: str, css: str, read_from: tuple[str, str], **how: Any) -> Any:
        parsed.append(read_from)
        return parse(scope, css, read_from, **how)

    def updating(self: Stylesheet, nodes: Iterable[DOMNode], animate: bool = False) -> None:
        found = list(nodes)
        restyled.append(len(found))
        update(self, found, animate)

    async def go() -> None:
        app = make_app(FakeControl())
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, CheckInScreen) and app.screen._whole)
            monkeypatch.undo()

    monkeypatch.setattr(stylesheet, "parse", parsing)
    monkeypatch.setattr(Stylesheet, "update_nodes", updating)
    run(go())
    own = [Path(place).name for place, variable in parsed if not variable]
    assert sorted(own) == ["app.tcss", "check_in.tcss", "grid.tcss"]
    assert max(restyled) < 15
