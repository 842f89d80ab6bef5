"""What is said on the screen is said in words of every day."""

from __future__ import annotations

import re

import pytest
from support.fake_session import FakeControl, make_app, run

from musmed_tui.every_screen import bindings_of_type, owners
from musmed_tui.setting_words import GROUPS

FOREIGN = re.compile(
    r"\b(arousal|valence|affect|iso|temperature|seed|coordinates)\b|[+-][01]\.\d\d", re.IGNORECASE
)


def test_no_key_speaks_of_what_it_is_inside() -> None:
    for owner in owners():
        for binding in bindings_of_type(owner):
            for words in (binding.description, binding.tooltip):
                assert not FOREIGN.search(words), f"{owner.__name__}: {words}"


def test_no_setting_does() -> None:
    for name, group in GROUPS:
        for words in group:
            shown = (name, words.title, words.sentence, *(text for _, text in words.values))
            assert not any(map(FOREIGN.search, shown)), words.key


@pytest.mark.parametrize(
    ("key", "playing"),
    [("question_mark", True), ("question_mark", False), ("o", True), ("colon", True)],
)
def test_nothing_that_lies_over_a_screen_does(
    control: FakeControl, key: str, *, playing: bool
) -> None:
    async def go() -> None:
        app = make_app(control, playing=playing)
        async with app.run_test(size=(80, 60)) as pilot:
            await pilot.pause()
            await pilot.press(key)
            await app.workers.wait_for_complete()
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            said = "\n".join("".join(one.text for one in strip) for strip in strips)
            assert len(app.screen_stack) > 2
            assert not FOREIGN.search(said)

    run(go())
