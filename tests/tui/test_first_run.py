"""The first-run card: three sentences, once, over whatever musmed opens on; never in lines."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from support.commands import musmed
from support.fake_session import FakeControl, make_app, run, settled
from support.promises import footer

from musmed_tui.first_run import is_first, remember
from musmed_tui.paths import folders
from musmed_tui.screens.check_in import CheckInScreen
from musmed_tui.screens.first_run import SENTENCES, FirstRunScreen
from musmed_tui.screens.session import SessionScreen
from musmed_tui.widgets.words import Words


def test_three_sentences_say_what_it_is_and_is_not() -> None:
    assert len(SENTENCES) == 3
    assert all(len(re.findall(r"\.(?:\s|$)", one)) == 1 for one in SENTENCES)
    told = " ".join(SENTENCES)
    for said in ("no medical device", "not instead of", "moderate", "q stops", "e eases"):
        assert said in told


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40)], ids=str)
@pytest.mark.parametrize("key", ["enter", "escape"])
def test_it_lies_over_the_check_in_until_it_is_put_away(
    control: FakeControl, key: str, size: tuple[int, int]
) -> None:
    called: list[str] = []

    async def go() -> None:
        app = make_app(control, welcomed=lambda: called.append("put away"))
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            assert isinstance(app.screen, FirstRunScreen)
            assert footer(app).keys() == {"enter", "q"}
            words = app.screen.query_one("#first-run-words", Words)
            told = " ".join(str(words.content).split())
            assert all(one in told for one in SENTENCES)
            card = app.screen.query_one("#first-run")
            assert card.region.bottom <= size[1] - 1 or card.max_scroll_y
            await pilot.press("w", "b", "slash")
            assert isinstance(app.screen, FirstRunScreen)
            assert called == []
            await pilot.press(key)
            await settled(pilot)
            assert isinstance(app.screen, CheckInScreen)
            assert called == ["put away"]

    run(go())


def test_the_keys_it_names_act_under_it(control: FakeControl) -> None:
    called: list[str] = []

    async def go() -> None:
        app = make_app(control, playing=True, welcomed=lambda: called.append("put away"))
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            assert isinstance(app.screen, FirstRunScreen)
            await pilot.press("space", "e")
            assert control.runner.asked == ["pause", "ease"]
            await pilot.press("enter")
            await settled(pilot)
            assert isinstance(app.screen, SessionScreen)

    run(go())


def test_leaving_is_not_putting_it_away(control: FakeControl) -> None:
    called: list[str] = []

    async def go() -> None:
        app = make_app(control, playing=True, welcomed=lambda: called.append("put away"))
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await pilot.press("q")
            await settled(pilot)
        assert "end" in control.asked

    run(go())
    assert called == []


def test_it_is_remembered_beside_the_settings(tmp_path: Path) -> None:
    where = folders({"MUSMED_HOME": str(tmp_path)})
    assert is_first(where)
    remember(where)
    remember(where)
    assert not is_first(where)
    assert where.welcomed.parent == where.settings.parent
    assert stat.S_IMODE(where.welcomed.stat().st_mode) == 0o600
    assert stat.S_IMODE(where.config.stat().st_mode) == 0o700


def test_where_it_can_not_be_remembered_it_comes_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where = folders({"MUSMED_HOME": str(tmp_path)})
    where.config.write_text("a file where the folder should be")
    remember(where)
    assert is_first(where)
    assert "can't be kept" in caplog.text


def test_scripts_never_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path))
    assert musmed(monkeypatch, "plan", "--from", "sad", "--to", "calm", "--json") == 0
    out = capsys.readouterr()
    json.loads(out.out)
    assert "medical device" not in out.out + out.err
    assert is_first(folders())
