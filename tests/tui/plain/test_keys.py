"""Bytes -> keys -> what they ask for."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from musmed_tui.plain.keys import (
    ASKING,
    HELP,
    KEYS,
    Act,
    FadersText,
    Keyboard,
    KeyDecoder,
    SteerText,
)
from musmed_tui.wording import MAX_TYPED, suggest

WORDS = ("calm", "content", "at ease", "tense", "tired")


def keys(*pieces: bytes) -> list[str]:
    decoder = KeyDecoder()
    return [key for piece in pieces for key in decoder.feed(piece)] + decoder.flush()


def press(keyboard: Keyboard, *pressed: str) -> list[Act | SteerText | None]:
    return [keyboard.press(key) for key in pressed]


def test_letters_arrows_and_the_rest() -> None:
    assert keys(b"s \x1b[A\x1b[D\x1bOC\r\n\t\x7f\b") == [
        *("s", " ", "up", "left", "right"),
        *("enter", "enter", "tab", "backspace", "backspace"),
    ]


def test_unknown_sequences_are_swallowed_whole() -> None:
    assert keys(b"\x1b[1;5Ca\x1b[200~b\x1b[<0;1;1Mc") == ["a", "b", "c"]


def apart(*pressed: bytes) -> list[str]:
    """The same keys with time between them."""
    decoder = KeyDecoder()
    return [key for one in pressed for key in (*decoder.feed(one), *decoder.flush())]


def test_escape_is_a_key_whatever_follows_at_once() -> None:
    assert keys(b"\x1b") == ["escape"]
    assert keys(b"\x1bq") == ["escape", "q"]
    assert keys(b"\x1b\x1b\x1b[A") == ["escape", "escape", "up"]
    assert keys(b"\x1b\r\x1b\xc3\xa9") == ["escape", "enter", "escape", "é"]


PRESSED = st.sampled_from(
    [b"\x1b", b"\x1b[A", b"\x1bOC", b"\x1b[15~", b"\r", b"\t", b"\x7f", b"\x15", b"s", b"q", b" "]
    + [word.encode() for word in ("é", "A", "~", "-", "1")]
)


@given(st.lists(PRESSED, max_size=8))
@example([b"\x1b", b"q"])
def test_keys_at_once_are_the_keys_apart(pressed: list[bytes]) -> None:
    """But for an escape before '[' or 'O', which a terminal sends for other keys."""
    assert keys(b"".join(pressed)) == apart(*pressed)


def test_a_burst_is_acted_on_as_keys_apart() -> None:
    keyboard = Keyboard(WORDS)
    assert press(keyboard, *keys(b"s\x1bq")) == [Act.ASK, Act.CANCEL, Act.QUIT]


@given(st.lists(st.sampled_from([b"\x1b[A", "é".encode(), b"q", b"\x1b[15~", b"\r"]), max_size=8))
def test_pieces_make_no_difference(parts: list[bytes]) -> None:
    data = b"".join(parts)
    assert keys(*(bytes([byte]) for byte in data)) == keys(data)


@given(st.binary(max_size=60))
def test_any_bytes_decode_to_printable_keys(data: bytes) -> None:
    for key in keys(data):
        assert key.isprintable()
        assert key


@pytest.mark.parametrize(
    ("key", "act"),
    [
        (" ", Act.PAUSE),
        ("e", Act.EASE),
        ("n", Act.SKIP),
        ("+", Act.LOUDER),
        ("-", Act.SOFTER),
        (",", Act.BACK),
        (".", Act.FORWARD),
        ("<", Act.BACK),
        (">", Act.FORWARD),
        ("q", Act.QUIT),
        ("b", Act.GO_BACK),
        ("?", Act.HELP),
        ("x", None),
    ],
)
def test_transport_keys(key: str, act: Act | None) -> None:
    assert Keyboard(WORDS).press(key) is act


def test_every_key_of_the_list_does_something() -> None:
    listed = [found for line in HELP for found in re.findall(r"  (\S(?: \S)?)  ", line)]
    named = {key for part in listed for key in part.split()}
    assert named == {"s", "a", "e", "n", "l", "d", "L", "D", "b", "z", "q", "?", "+", "-", ",", "."}
    assert named <= KEYS.keys() | ASKING.keys()
    assert all(len(line) < 80 for line in HELP)


def test_steering_to_a_word() -> None:
    keyboard = Keyboard(WORDS)
    told = press(keyboard, "s", "c", "a", "tab", "enter")
    assert told == [Act.ASK, Act.EDIT, Act.EDIT, Act.EDIT, SteerText("calm")]
    assert keyboard.typed is None
    assert keyboard.press("q") is Act.QUIT


def test_transport_letters_are_letters_while_typing() -> None:
    keyboard = Keyboard(WORDS)
    press(keyboard, "s", *"qen -,.")
    assert keyboard.typed == "qen -,."
    assert press(keyboard, "backspace", "clear", *"0.5,-0.5", "enter")[-1] == SteerText("0.5,-0.5")


def test_faders_by_words() -> None:
    keyboard = Keyboard(WORDS)
    told = press(keyboard, "a", *"few", "tab", ",", "h", "tab", "enter")
    assert told[0] is Act.ASK
    assert told[-1] == FadersText("fewer notes, higher")
    assert press(keyboard, "s", "c", "tab", "enter")[-1] == SteerText("calm")


@pytest.mark.parametrize("way_out", ["escape", "enter"])
def test_nothing_typed_changes_nothing(way_out: str) -> None:
    keyboard = Keyboard(WORDS)
    assert press(keyboard, "s", way_out) == [Act.ASK, Act.CANCEL]
    assert keyboard.typed is None


def test_escape_drops_what_was_typed() -> None:
    keyboard = Keyboard(WORDS)
    assert press(keyboard, "s", "c", "escape")[-1] is Act.CANCEL


def test_typing_has_an_end() -> None:
    keyboard = Keyboard(WORDS)
    press(keyboard, "s", *"a" * (MAX_TYPED + 20))
    assert keyboard.typed == "a" * MAX_TYPED
    assert keyboard.press("a") is None


def test_suggestions_begin_with_the_text_or_resemble_it() -> None:
    assert suggest("t", WORDS) == ("tense", "tired")
    assert suggest(" CAL", WORDS) == ("calm",)
    assert suggest("clam", WORDS) == ("calm",)
    assert suggest("", WORDS) == ()
    assert len(suggest("a", ["a" + str(i) for i in range(9)])) == 4
