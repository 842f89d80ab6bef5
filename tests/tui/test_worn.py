"""What is worn, from the command line to the session: what goes together, and who closes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.fake_session import REQUEST

from engine.errors import MusmedError
from engine.plan.request import Request
from musmed_tui.commands.screen import new_session
from musmed_tui.session_control import Begun
from musmed_tui.worn import Worn


@pytest.mark.parametrize(
    ("worn", "plain", "as_json"),
    [
        (Worn("-"), True, False),
        (Worn("-"), False, False),
        (Worn("-", no_keys=True), False, False),
        (Worn(None, no_keys=True), False, False),
    ],
)
def test_what_does_not_go_together_is_refused(worn: Worn, plain: bool, as_json: bool) -> None:
    with pytest.raises(MusmedError, match="--plain"), worn.reading(plain=plain, as_json=as_json):
        pass


def test_nobody_wears_anything() -> None:
    with Worn().reading(plain=False, as_json=False) as reader:
        assert reader is None


@pytest.mark.parametrize("plain", [True, False])
def test_a_place_is_read_on_the_screen_too_and_closed(plain: bool, tmp_path: Path) -> None:
    place = tmp_path / "heart"
    place.touch()
    with Worn(str(place)).reading(plain=plain, as_json=False) as reader:
        assert reader is not None
        assert reader._thread.is_alive()
    assert not reader._thread.is_alive()


def test_the_screens_first_session_hears_it() -> None:
    class Control:
        volume = 1.0
        heard: object = None

        def leaning(self, request: Request) -> Request:
            return request

        def begin(self, request: Request, *, before: object, signal: object) -> Begun:
            self.heard = signal
            return Begun(None, lambda: None, None)  # type: ignore[arg-type, return-value]

    control: Any = Control()
    worn: Any = object()
    begin, _ = new_session(REQUEST, signal=worn)(control)
    begin()
    assert control.heard is worn
