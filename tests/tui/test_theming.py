"""Themes: checked whole before a colour reaches a screen."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from textual.color import Color
from textual.style import Style as VisualStyle

from engine.errors import MusmedError, UnknownWordError
from musmed_tui.theming import (
    MIN_CONTRAST,
    Colours,
    contrast,
    load_theme,
    luminance,
    read_theme,
    theme_folder,
    theme_names,
)
from musmed_tui.widgets.cells import blended

MEASURED = ("contrast", "dark", "dawn", "dusk", "light", "mono", "safe")
"""The themes whose colours are known."""
GOOD = (theme_folder() / "dark.yaml").read_text()


def read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    read_theme(path)


def test_the_shipped_themes_are_sound() -> None:
    assert set(theme_names()) == {*MEASURED, "terminal"}
    for name in MEASURED:
        theme = load_theme(name)
        colours = theme.colours
        assert theme.name == name
        assert theme.dark == (luminance(colours.background) < luminance(colours.text))
        for role in set(Colours.__struct_fields__) - {"background", "surface"}:
            assert contrast(getattr(colours, role), colours.background) >= MIN_CONTRAST


MIN_SIGN_CONTRAST = 3.0
"""WCAG 2.2, success criterion 1.4.11: what carries meaning and is no text."""


@pytest.mark.parametrize("name", MEASURED)
def test_every_step_of_a_path_can_be_seen(name: str) -> None:
    """On both grounds, between any two colours that are blended."""
    colours = load_theme(name).colours
    ends = [
        VisualStyle(foreground=Color.parse(one)) for one in (colours.path_start, colours.path_end)
    ]
    for step in range(33):
        mixed = blended(*ends, step / 32).foreground
        assert mixed is not None
        for ground in (colours.background, colours.surface):
            assert contrast(mixed.hex6, ground) >= MIN_SIGN_CONTRAST, (step, ground)


SEEN = {
    "all three cones": np.eye(3),
    "no long": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "no middle": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "no short": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip
"""What is left of linear RGB for who lacks a kind of cone (Machado, Oliveira & Fernandes 2009,
severity 1)."""


def seen(colour: str, by: str) -> NDArray[np.float64]:
    """CIE Lab."""
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
         [0.0193339, 0.1191920, 0.9503041]]
    )  # fmt: skip
    xyz = to_xyz @ np.clip(SEEN[by] @ linear, 0.0, 1.0) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eyes", SEEN)
def test_in_the_safe_theme_no_two_colours_that_mean_something_are_alike(eyes: str) -> None:
    """Start, target, now and an error, to whichever eyes; 2.3 is a difference that is just seen."""
    colours = load_theme("safe").colours
    met = [
        seen(c, eyes) for c in (colours.path_start, colours.path_end, colours.now, colours.error)
    ]
    for one, other in itertools.combinations(met, 2):
        assert np.linalg.norm(one - other) > 25.0


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


MERGED = "".join(
    f"x{n}: &x{n} {{{'<<: [' + ', '.join([f'*x{n - 1}'] * 30) + ']' if n else 'a: 1'}}}\n"
    for n in range(12)
)
"""A thousand million keys and more, where aliases are followed."""


@pytest.mark.parametrize(
    "text",
    [
        MERGED,
        "a: &a [x]\nb: [*a, *a]\n",
        "[" * 20_000,
        "a: " + "{a: " * 5_000,
        f"name: {'9' * 10_000}\n",
        "name: 2026-99-99\n",
        "? [a, b]\n: 1\n",
        "? {a: 1}\n: 1\n",
        "name: !!python/object/apply:os.system [echo]\n",
        "name: \x00",
        "%YAML 9.9\n---\n",
    ],
)
def test_what_yaml_allows_and_no_theme_has(text: str, tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match=r"mine\.yaml"):
        read(tmp_path, text)


def test_an_unknown_theme_names_its_neighbours() -> None:
    with pytest.raises(UnknownWordError, match="'drak'; did you mean dark"):
        load_theme("drak")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("#e4e8ec", "#e4e8e", "text must be '#rrggbb', not '#e4e8e'"),
        ("#e4e8ec", "red", "text must be '#rrggbb', not 'red'"),
        ("#e4e8ec", "#333333", "text on background has a contrast of"),
        ("muted:", "mutted:", "unknown key 'mutted'; did you mean muted"),
        ("dark: true", "dark: maybe", "Expected `bool`"),
        ("dark: true", "dark: true\nextra: 1", "unknown key 'extra'"),
        ('  error: "#ff8f87"', "", "error"),
        ("colours:", "colors:", "needs the keys name, dark and colours"),
        ("name: dark", "name: [", "not valid YAML at line"),
        ("name: dark", "name: !!python/object:os.system x", "not valid YAML at line 1"),
    ],
)
def test_a_bad_theme_is_refused_in_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    with pytest.raises(MusmedError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert words in str(caught.value)
    assert "mine.yaml" in str(caught.value)


def test_a_good_copy_is_read(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
