"""Other keys: what is wrong is said and stays as it was, what is right is heard and shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fake_session import FakeControl, make_app, run, until
from textual.binding import Binding

from musmed_tui.every_screen import bindings_of_type, named_bindings, owners, places
from musmed_tui.key_words import bindings_of, key_name, mapped
from musmed_tui.keymap import FIXED, MOST_KEYS, Read, checked, default_keys, read_keymap
from musmed_tui.palette import Commands
from musmed_tui.screens.help import HelpScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.widgets.transport import Transport

SIZE = (120, 40)


def test_every_key_has_a_name_that_means_one_thing() -> None:
    first: dict[str, str] = {}
    for owner in owners():
        here: dict[str, list[Binding]] = {}
        for binding in bindings_of_type(owner):
            assert binding.id, f"{owner.__name__}: {binding.key} has no id"
            here.setdefault(binding.id, []).append(binding)
        for name, bindings in here.items():
            keys = [one.key for one in bindings]
            assert (
                len(keys) == 1
                or len({one.action for one in bindings}) == 1
                or (len(set(keys)) == 1)
            ), f"{owner.__name__}: {name} is two things"
            assert first.setdefault(name, keys[0].split(",")[0]) == keys[0].split(",")[0]


def test_every_action_is_in_help_and_palette_and_can_have_another_key() -> None:
    """Whatever a screen or the app does says what it is, or is another key for what does."""
    every = [binding for owner in owners() for binding in bindings_of_type(owner)]
    told = {binding.id for binding in every if binding.tooltip or binding.description}
    assert {binding.id for binding in every} == told


def test_a_key_that_is_given_is_heard_and_shown(control: FakeControl) -> None:
    async def go() -> None:
        keys = {"session.pause": "p", "session.louder": "f6,plus", "app.help": "f3"}
        app = make_app(control, playing=True, keymap=Read(keys, ()))
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            screen = app.screen
            line = {does: shown for _, shown, does in screen.query_one(Transport)._keys()}
            assert line["pause"] == "p"
            await pilot.press("p")
            await until(pilot, lambda: "pause" in control.runner.asked)
            rows = {row.does: row.key for row in Commands(screen).rows()}
            assert rows["Pause, and go on"] == "p"
            help_has = {one.id: key_name(mapped(one, app.keys)) for one, _ in bindings_of(screen)}
            assert help_has["session.pause"] == "p"
            await pilot.press("f3")
            await pilot.pause()
            assert app.screen is not screen

    run(go())


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"session.pose": "p"}, "nothing is called 'session.pose'; did you mean session.pause?"),
        ({"session.pause": "pp"}, "there is no key called 'pp'"),
        ({"session.pause": "ctrl+ctrl+p"}, "there is no key called"),
        ({"session.pause": 3}, "must be a key in quotes"),
        ({"session.pause": []}, "must be a key in quotes"),
        ({"session.pause": "ctrl+c"}, "can't be Ctrl-C, which does the same everywhere"),
        ({"session.pause": "e"}, "e can't be session.pause's, it is session.ease's"),
        ({"session.pause": "t"}, "it is app.theme's"),
        ({"app.back": "x"}, "works while one types"),
        ({"session.pause": "escape"}, "can't be Esc, which is needed as it is"),
        ({"check_in.begin": ["b", "tab"]}, "can't be Tab, which is needed as it is"),
        ({"session.stop": "ctrl+i"}, "can't be Ctrl-I, which is Tab in most terminals"),
        ({"words.jump": "x"}, "can't be another"),
    ],
)
def test_what_can_not_be_is_said_in_a_sentence(entries: dict[str, object], words: str) -> None:
    read = checked(entries, places(), "keys.toml")
    assert not read.keys
    (sentence,) = read.troubles
    assert words in sentence
    assert sentence.startswith("keys.toml: ")


def test_what_it_has_already_may_stand_in_the_file() -> None:
    for name, bindings in named_bindings().items():
        if name not in FIXED:
            keys = list(default_keys(bindings))[:MOST_KEYS]
            assert not checked({name: keys}, places(), "keys.toml").troubles
    both = checked({"session.off_stage": ["escape", "f6"]}, places(), "keys.toml")
    assert both.keys["session.off_stage"] == "escape,f6"


def test_two_may_change_places_and_the_later_of_two_gives_way() -> None:
    swapped = checked({"session.like": "d", "session.dislike": "l"}, places(), "k")
    assert swapped == Read({"session.like": "d", "session.dislike": "l"}, ())
    assert checked({"app.theme": "y"}, places(), "k").keys == {"app.theme": "y"}  # no question now
    both = checked({"session.like": "f6", "session.dislike": "f6"}, places(), "k")
    assert both.keys == {"session.like": "f6"}
    assert len(both.troubles) == 1
    assert "session.dislike stays d" in both.troubles[0]


def test_what_shares_a_key_at_another_moment_keeps_it(control: FakeControl) -> None:
    """Esc leaves the steering, and the stage."""
    read = checked({"session.leave": "f7"}, places(), "k")
    assert read.keys["session.leave"] == "f7"

    async def go() -> None:
        app = make_app(control, playing=True, keymap=read)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("s")
            await pilot.pause()
            assert app.screen.has_class("-steering")
            await pilot.press("escape")
            await pilot.pause()
            assert app.screen.has_class("-steering")
            await pilot.press("f7")
            await pilot.pause()
            assert not app.screen.has_class("-steering")
            await pilot.press("f")
            await pilot.pause()
            on_stage = set(app.screen.classes)
            await pilot.press("escape")
            await pilot.pause()
            assert set(app.screen.classes) != on_stage

    run(go())


@pytest.mark.parametrize("playing", [True, False])
def test_f1_is_help_too(control: FakeControl, *, playing: bool) -> None:
    async def go() -> None:
        app = make_app(control, playing=playing)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause()
            before = app.screen
            await pilot.press("f1")
            await pilot.pause()
            assert isinstance(app.screen, HelpScreen)
            await pilot.press("f1")
            await pilot.pause()
            assert app.screen is before

    run(go())


def test_the_file_is_read_with_and_without_quotes(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    assert read_keymap(path) == Read({}, ())
    path.write_text('session.pause = "P"\n"session.ease" = ["f6", "?+"]\n')
    read = read_keymap(path)
    assert read.keys == {"session.pause": "P"}
    assert "'?+'" in read.troubles[0]
    path.write_text("session.pause = [")
    assert "keymap file" in read_keymap(path).troubles[0]


def test_what_has_one_key_is_there() -> None:
    known = {one.id for owner in owners() for one in bindings_of_type(owner)}
    assert known >= FIXED
    assert SessionScreen in owners()
