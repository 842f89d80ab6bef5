"""Themes of one's own, the order of use, and the terminal's own colours."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from support.fake_session import FakeControl, make_app, run
from textual.color import Color
from textual.filter import Monochrome, NoColor
from textual.style import Style as VisualStyle

from engine.errors import MusmedError, UnknownWordError
from musmed_tui.commands.picture import _inks
from musmed_tui.screens.session import SessionScreen
from musmed_tui.settings import Loaded, Settings
from musmed_tui.textual_themes import OwnColours
from musmed_tui.theme_shelf import FIRST, ThemeShelf
from musmed_tui.theming import contrast, load_theme, read_theme, theme_folder, theme_names
from musmed_tui.widgets.cells import blended

SIZE = (80, 24)
DARK = (theme_folder() / "dark.yaml").read_text()
TERMINAL = (theme_folder() / "terminal.yaml").read_text()
XTERM = {
    "red": "#cd0000", "magenta": "#cd00cd", "bright_red": "#ff0000", "bright_blue": "#5c5cff",
}  # fmt: skip
"""XTerm-col.ad, its defaults since patch 184."""


def mine(folder: Path, name: str = "sea", text: str = DARK) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("name: dark", f"name: {name}"))
    return path


def test_one_of_ones_own_is_there_and_live(tmp_path: Path) -> None:
    path = mine(tmp_path)
    shelf = ThemeShelf(tmp_path)
    assert shelf.find("sea").colours == load_theme("dark").colours
    assert shelf.look().names == frozenset()
    path.write_text(path.read_text().replace("#7fd1c7", "#aaffee"))
    assert shelf.look().names == {"sea"}
    assert shelf.find("sea").colours.now == "#aaffee"
    path.write_text("colours: no")
    changed = shelf.look()
    assert str(path) in changed.troubles[0]
    assert shelf.find("sea").colours.now == "#aaffee"
    path.unlink()
    assert shelf.look().names == {"sea"}
    with pytest.raises(UnknownWordError, match="sea"):
        shelf.find("sea")


def test_a_bad_one_stops_no_other(tmp_path: Path) -> None:
    mine(tmp_path)
    mine(tmp_path, "other", DARK.replace("name: dark", "name: ether"))
    shelf = ThemeShelf(tmp_path)
    assert "sea" in shelf.themes
    (trouble,) = shelf.troubles
    assert "calls itself 'ether'" in trouble


def test_the_order_is_that_of_use_and_is_kept(tmp_path: Path) -> None:
    used = tmp_path / "state" / "used"
    shelf = ThemeShelf(None, used)
    assert shelf.order() == FIRST
    assert set(FIRST) == set(theme_names())
    shelf.note_use("dusk")
    shelf.note_use("light")
    again = ThemeShelf(None, used)
    assert again.order()[:3] == ("light", "dusk", "dark")
    assert stat.S_IMODE(used.stat().st_mode) == 0o600
    assert again.first(Loaded(Settings(), {})) == "light"
    assert again.first(Loaded(Settings(theme="mono"), {"theme": "MUSMED_THEME"})) == "mono"
    used.write_bytes(b"\xff\x00 gone \n" * 3000)
    assert ThemeShelf(None, used).first(Loaded(Settings(), {})) == "dark"
    assert ThemeShelf(None, used, sixteen=True).first(Loaded(Settings(), {})) == "terminal"
    assert again.first(Loaded(Settings(), {})) == "light"


def test_a_theme_in_use_follows_its_file(control: FakeControl, tmp_path: Path) -> None:
    async def go() -> None:
        path = mine(tmp_path)
        app = make_app(control, playing=True, shelf=ThemeShelf(tmp_path))
        async with app.run_test(size=SIZE) as pilot:
            app.choose_theme("sea")
            await pilot.pause()
            path.write_text(path.read_text().replace("#101418", "#000000"))
            app.look_at_themes()
            await pilot.pause()
            assert app.screen.styles.background == Color.parse("#000000")
            path.unlink()
            app.look_at_themes()
            await pilot.pause()
            assert app.theme in theme_names()

    run(go())


def test_a_theme_is_previewed_and_escape_gives_the_old_one_back(control: FakeControl) -> None:
    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("colon", *"theme: dusk")
            await app.workers.wait_for_complete()
            await pilot.press("down")
            await pilot.pause()
            assert app.theme == "dusk"
            await pilot.press("escape")
            await pilot.pause()
            assert app.theme == "dark"
            assert app.shelf.order()[0] == "dark"

    run(go())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("text: default", "text: white", "text must be default where background is default"),
        ("muted: dim", "muted: bright_black", "muted must be default or dim"),
        ("now: magenta", "now: pink", "now must be one of the terminal's colours"),
        ("now: magenta", 'now: "#ffffff"', "now must be one of the terminal's colours"),
    ],
)
def test_the_terminals_own_are_checked(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in TERMINAL
    path = tmp_path / "terminal.yaml"
    path.write_text(TERMINAL.replace(old, new))
    with pytest.raises(MusmedError, match=words):
        read_theme(path)


def test_the_terminals_own_can_be_seen_on_black_and_on_white_in_xterm() -> None:
    colours = load_theme("terminal").colours
    for role in ("now", "path_start", "path_end", "warning", "error"):
        for ground in ("#000000", "#ffffff"):
            assert contrast(XTERM[getattr(colours, role)], ground) >= 3.0


def test_no_picture_has_the_terminals_own() -> None:
    with pytest.raises(MusmedError, match="the terminal's own colours, which a picture lacks"):
        _inks(ThemeShelf(), "terminal", Loaded(Settings(), {}))


def test_between_two_of_the_terminals_own_there_is_the_nearer() -> None:
    red = VisualStyle(foreground=Color.parse("ansi_bright_red"))
    blue = VisualStyle(foreground=Color.parse("ansi_bright_blue"))
    steps = [blended(red, blue, share / 7).foreground for share in range(8)]
    assert steps == [red.foreground] * 4 + [blue.foreground] * 4


def test_text_on_a_colour_is_that_colour_the_wrong_way_round() -> None:
    def shown(style: Style, *, dims: bool = True) -> Style:
        (segment,) = OwnColours(dims=dims).apply([Segment("a", style)], Color(0, 0, 0))
        assert segment.style is not None
        return segment.style

    default = RichColor.default()
    pill = shown(Style(color=default, bgcolor="magenta"))
    assert (pill.color, pill.bgcolor, pill.reverse) == (RichColor.parse("magenta"), default, True)
    quiet = shown(Style(color="bright_black", bgcolor=default))
    assert (quiet.color, quiet.dim) == (default, True)
    assert not shown(Style(color="bright_black"), dims=False).dim


def colours_drawn(app: object) -> set[str]:
    lines = app.screen._compositor.render_strips()  # type: ignore[attr-defined]
    return {
        colour.type.name
        for line in lines
        for segment in line
        if segment.style is not None
        for colour in (segment.style.color, segment.style.bgcolor)
        if colour is not None
    }


def test_the_terminals_own_and_back(control: FakeControl) -> None:
    """Nothing but its sixteen is written, whatever the screen; and all of it is RGB afterwards."""

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=(120, 40)) as pilot:
            assert isinstance(app.screen, SessionScreen)
            app.theme = "terminal"
            await pilot.pause()
            assert colours_drawn(app) <= {"DEFAULT", "STANDARD"}
            app.theme = "dark"
            await pilot.pause()
            assert colours_drawn(app) == {"TRUECOLOR"}

    run(go())


def test_without_colour_the_terminals_own_are_not_made_black(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def go() -> None:
        app = make_app(control, playing=True)
        async with app.run_test(size=SIZE) as pilot:
            for theme, filtered in (("terminal", NoColor), ("dark", Monochrome)):
                app.theme = theme
                await pilot.pause()
                kinds = {type(one) for one in app.get_line_filters()}
                assert kinds & {NoColor, Monochrome} == {filtered}

    run(go())


def test_a_link_to_nothing_hides_no_other(tmp_path: Path) -> None:
    """Emacs locks a file that is changed with a link to nothing beside it."""
    mine(tmp_path)
    mine(tmp_path, "wood")
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / ".#sea.yaml").symlink_to("someone@somewhere.1:2")
    (tmp_path / ".sea.yaml").write_text("half of a theme")
    shelf = ThemeShelf(tmp_path)
    assert {"sea", "wood"} <= shelf.themes.keys()
    assert shelf.troubles == ()
    (tmp_path / "another.yaml").symlink_to(tmp_path / "nowhere")
    assert shelf.look() == (frozenset(), ())


def test_an_order_that_is_no_file_is_as_good_as_none(tmp_path: Path) -> None:
    used = tmp_path / "themes-used"
    os.mkfifo(used)
    writer = os.open(used, os.O_RDWR)
    try:
        assert ThemeShelf(used=used).order() == FIRST
    finally:
        os.close(writer)


def test_a_picture_has_the_listeners_own_colours_and_never_the_terminals(tmp_path: Path) -> None:
    mine(tmp_path, text=DARK.replace("#7fd1c7", "#aaffee"))
    shelf = ThemeShelf(tmp_path)
    for name, now in (("sea", "#aaffee"), ("terminal", load_theme(FIRST[0]).colours.now)):
        loaded = Loaded(Settings(theme=name), {"theme": "settings.toml, line 1"})
        assert _inks(shelf, None, loaded).now == now
    assert _inks(shelf, "sea", Loaded(Settings(), {})).now == "#aaffee"
