"""A session's path as an SVG file."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.feelings import feeling
from engine.affect.path import plan_path, steer
from musmed_tui.drawing.path_picture import MOST_TOLD, Deed, HeardPath, Inks, path_svg
from musmed_tui.drawing.plane_layout import plane_words
from musmed_tui.theming import load_theme

SVG = "{http://www.w3.org/2000/svg}"
_COLOURS = msgspec.structs.asdict(load_theme("dusk").colours)
INKS = Inks(**{name: _COLOURS[name] for name in Inks.__dataclass_fields__})
TENSE, CALM, GLAD = (feeling(word).affect for word in ("tense", "calm", "glad"))


def _seen(heard: float, **changes: object) -> HeardPath:
    path = steer(plan_path(TENSE, CALM, 600.0, "iso"), 300.0, GLAD, 600.0)
    usual: dict[str, object] = {
        "path": path,
        "heard": heard,
        "total": 600.0,
        "start_word": "tense",
        "target_word": "glad",
        "words": plane_words(),
        "measured": (Affect(-0.4, 0.7), Affect(0.1, 0.2)),
        "deeds": (Deed(300.0, "steered to glad at 5:00"),),
        "caption": ("Tense to calm", "10 minutes, 21 November 2026."),
    }
    return HeardPath(**{**usual, **changes})  # type: ignore[arg-type]


def _drawn(seen: HeardPath) -> ET.Element:
    return ET.fromstring(path_svg(seen, INKS))


def _of(root: ET.Element, name: str, class_: str) -> list[ET.Element]:
    return [one for one in root.iter(SVG + name) if class_ in (one.get("class") or "").split()]


def _said(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter(SVG + "text")]


def test_what_was_heard_is_thick_and_what_was_not_is_dotted() -> None:
    half, whole, none = (_drawn(_seen(heard)) for heard in (350.0, 600.0, 0.0))
    assert _of(half, "line", "heard")
    assert _of(half, "line", "tocome")
    assert not _of(whole, "line", "tocome")
    assert not _of(none, "line", "heard")
    assert {"heard", "still to come", "where it was left"} <= set(_said(half))
    assert not {"still to come", "where it was left"} & set(_said(whole))


def test_the_path_goes_from_the_one_colour_to_the_other() -> None:
    colours = [one.get("stroke") for one in _of(_drawn(_seen(600.0)), "line", "heard")]
    assert colours[0] == INKS.path_start
    assert len(set(colours)) > 20


def test_what_was_done_has_its_number_at_its_place_and_below() -> None:
    root = _drawn(_seen(600.0))
    assert len(_of(root, "polygon", "deed")) == 1
    assert "1. steered to glad at 5:00" in _said(root)


def test_many_deeds_are_counted() -> None:
    deeds = tuple(Deed(20.0 * n, f"eased at {n}") for n in range(1, MOST_TOLD + 4))
    root = _drawn(_seen(600.0, deeds=deeds))
    assert len(_of(root, "polygon", "deed")) == len(deeds)
    assert "and 3 more" in _said(root)


def test_nothing_measured_is_nothing_drawn() -> None:
    assert not _of(_drawn(_seen(600.0, measured=())), "circle", "reading")
    assert len(_of(_drawn(_seen(600.0)), "circle", "reading")) == 3  # one of them in the key


def test_words_of_others_are_words() -> None:
    root = _drawn(_seen(600.0, target_word="<b>&\x1b[2J", caption=("<script>", "\u202e")))
    assert not list(root.iter("b"))
    assert any(said.startswith("<b>&") for said in _said(root))
    assert not re.search("[\x00-\x1f\u202e]", "".join(_said(root)))


def test_all_of_it_lies_on_the_picture() -> None:
    seen = _seen(100.0, deeds=tuple(Deed(20.0 * n, "eased") for n in range(1, 20)))
    root = _drawn(seen)
    height = float((root.get("viewBox") or "").split()[3])
    below = root.findall(f"{SVG}g")[1]
    moved = float((below.get("transform") or "").split()[1].rstrip(")"))
    lowest = max(float(one.get("y") or 0) for one in below.iter(SVG + "text"))
    assert moved + lowest < height
