"""The screens that everybody meets speak in words of every day: no name of the research, no pair of
figures for a place on the plane."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.fake_session import FakeControl, make_app, run, settled, some_pasts, some_preferences
from textual.containers import ScrollableContainer

WORDS = re.compile(r"\b(?:arousal|valence|affect|iso|temperature|seed|coordinates)\b", re.I)
PLACE = re.compile(r"[+-]\d\.\d+\s*,\s*[+-]?\d\.\d+")
SCREENS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "first-run": (False, ()),
    "check-in": (False, ()),
    "check-in-chosen": (False, ("slash", *"tense", "enter", *"calm", "enter")),
    "check-in-more": (False, ("a",)),
    "check-in-more-open": (False, ("a", "enter")),
    "check-in-list": (False, ("w",)),
    "check-in-sliders": (False, ("s",)),
    "session": (True, ()),
    "session-steering": (True, ("s", "up", "up")),
    "session-view": (True, ("v",)),
    "check-out": (True, ("q",)),
    "check-out-saving": (True, ("q", "w")),
    "check-out-sliders": (True, ("q", "s")),
    "help": (True, ("question_mark",)),
    "help-check-in": (False, ("question_mark",)),
    "palette": (True, ("colon",)),
    "history": (False, ("p",)),
    "past": (False, ("p", "enter")),
    "weeks": (False, ("p", "w")),
}


@pytest.mark.parametrize(
    "size", [(80, 24), pytest.param((120, 40), marks=pytest.mark.long)], ids=str
)
@pytest.mark.parametrize("name", SCREENS)
def test_no_word_of_the_research(control: FakeControl, name: str, size: tuple[int, int]) -> None:
    playing, keys = SCREENS[name]
    control.listener.pasts = some_pasts(8)
    control.listener.preferences = some_preferences()
    welcomed = (lambda: None) if name == "first-run" else None

    async def go() -> None:
        app: Any = make_app(control, playing=playing, welcomed=welcomed)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            for _ in range(6):  # whatever can be scrolled, to its end
                rows = app.screen._compositor.render_strips()
                text = "\n".join("".join(part.text for part in row) for row in rows)
                assert len(text.split()) > 10
                for found in (*WORDS.findall(text), *PLACE.findall(text)):
                    raise AssertionError(f"{found!r} stands on {name}")
                for one in app.screen.query(ScrollableContainer):
                    one.scroll_page_down(animate=False)
                await pilot.pause()
            app.exit()

    run(go())
