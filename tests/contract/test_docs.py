"""The documents are true of the tree: what they name is there.

Of every document the files and the names of code are looked for; of the glossary each name in the
file that its entry says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from textual.binding import Binding

from engine.composers.score.parts.ensembles import STYLES
from engine.link.framing import PREAMBLE
from engine.link.protocol import ToEngine, ToFront
from engine.playback.sinks.choose import KNOWN
from musmed_tui.key_words import key_name
from musmed_tui.plain.keys import ASKING, KEYS
from musmed_tui.screens.session import SessionScreen

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "README.md"],
    key=lambda file: file.name,
)
SELF = "tests/contract/test_docs.py"
ROOMS = ("engine", "musmed_tui", "tests", "scripts", "themes", "docs", ".ci")
HOMES = {
    "composer.md": "engine/composers/score/",
    "musicgen.md": "engine/composers/musicgen/",
    "link.md": "engine/link/",
}
"""Where a document's bare names of modules are to be looked for (tests stand by themselves)."""
ELSEWHERE = {"Footer", "docs/assets/home-image-ad-15aug24.svg", "src/harlequin/app.tcss"}
"""What documents name of other projects."""

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:[\w.*-]+/)*[\w.*-]+\.(?:py|md|tcss|yaml)|\.ci/\w+")
FOLDER = re.compile(rf"(?:{'|'.join(map(re.escape, ROOMS))})(?:/[\w.*-]+)*/?")
MODULE = re.compile(r"(?:engine|musmed_tui|tests)(?:\.\w+)+")
TYPE = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*(?:\.\w+)*")
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
ENTRY = re.compile(r"^- \*\*.+?(?=^- \*\*|^#|\Z)", re.MULTILINE | re.DOTALL)


@cache
def files() -> frozenset[str]:
    """Every file of the repository, from its root on."""
    found = (file for room in ROOMS for file in (ROOT / room).rglob("*") if file.is_file())
    kept = [file for file in found if "__pycache__" not in file.parts]
    kept += [file for file in ROOT.iterdir() if file.is_file()]
    return frozenset(str(file.relative_to(ROOT)) for file in kept)


@cache
def words() -> frozenset[str]:
    """Every word of the code."""
    code = [name for name in files() if name.endswith((".py", ".toml")) and name != SELF]
    return frozenset(word for name in code for word in re.findall(r"\w+", read(name)))


@cache
def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def there(name: str, home: str = "") -> bool:
    """Whether a file or a folder is meant by ``name``: from the root on, or by its end, somewhere
    in ``home``."""
    plain = name.rstrip("/")
    if (ROOT / plain).exists() or any(ROOT.glob(plain)):
        return True
    if plain.rpartition("/")[2].startswith("test_"):
        home = ""
    pattern = re.compile(r"(?:.*/)?" + re.escape(plain).replace(r"\*", "[^/]*"))
    return any(pattern.fullmatch(file) for file in files() if file.startswith(home))


def module_there(dotted: str) -> bool:
    """``engine.plan.spec``, or a name in it."""
    path = dotted.replace(".", "/")
    if (ROOT / f"{path}.py").exists() or (ROOT / path).is_dir():
        return True
    parent, _, name = path.rpartition("/")
    file = ROOT / f"{parent}.py"
    return file.exists() and name in re.findall(r"\w+", file.read_text("utf-8"))


def missing(text: str, home: str) -> Iterator[str]:
    """What ``text`` names and the tree does not have."""
    for fence in FENCE.findall(text):
        for found in re.findall(
            r"(?<![\w/.-])[\w/]+\.(?:py|md)\b|\b(?:tests|scripts)/[\w./-]+", fence
        ):
            if not there(found.rstrip("."), home):
                yield found
    for code in CODE.findall(FENCE.sub("", text)):
        for part in code.split():
            if part in ELSEWHERE or "NAME" in part:
                continue
            if FILE.fullmatch(part) or FOLDER.fullmatch(part):
                if not there(part, home):
                    yield part
            elif MODULE.fullmatch(part):
                if not module_there(part):
                    yield part
            elif TYPE.fullmatch(code) and not words().issuperset(part.split(".")):
                yield part


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_what_a_document_names_is_there(document: Path) -> None:
    text = document.read_text("utf-8")
    lost = sorted(set(missing(text, HOMES.get(document.name, ""))))
    assert not lost, f"{document.name} names what is not there: {', '.join(lost)}"
    links = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    assert not links, f"{document.name} links to what is not there: {', '.join(links)}"


def entries() -> list[str]:
    return ENTRY.findall((ROOT / "docs/glossary.md").read_text("utf-8"))


def test_the_glossary_says_where_each_word_is_defined() -> None:
    """An entry begins ``- **word** (`file`)``; the names it gives of the code are in its files."""
    assert len(entries()) > 60
    lost = []
    for entry in entries():
        word = re.match(r"- \*\*(.+?)\*\*", entry)
        assert word is not None
        codes = CODE.findall(entry)
        named = [code for code in codes if code in files()]
        assert named, f"{word[1]}: which file defines it?"
        known = {found for file in named for found in re.findall(r"\w+", read(file))}
        names = [code for code in codes if code not in named and NAME.fullmatch(code)]
        lost += [f"{word[1]}: {name}" for name in names if not known.issuperset(name.split("."))]
    assert not lost, f"names in the glossary that are not in the code: {', '.join(lost)}"


def test_no_word_stands_twice_in_the_glossary() -> None:
    found = [match[1] for entry in entries() if (match := re.match(r"- \*\*(.+?)\*\*", entry))]
    assert sorted(found) == sorted(set(found))


def test_the_page_on_the_link_has_its_preamble_and_every_message() -> None:
    page = read("docs/link.md")
    assert f"`{PREAMBLE.decode().strip()}`" in page
    messages = [message.__name__ for message in (*get_args(ToEngine), *get_args(ToFront))]
    assert not [name for name in messages if f"| `{name}` |" not in page]


def test_the_page_on_playback_and_the_help_have_every_sink() -> None:
    page = read("docs/playback.md")
    help_of_options = read("musmed_tui/cli/__init__.py") + read("musmed_tui/asked.py")
    for word in KNOWN:
        assert re.search(rf"^\| `{word}[`:\[]", page, re.MULTILINE), word
        assert re.search(rf"Where sound goes:.*\b{word}\b", help_of_options), word


def test_the_page_on_the_screen_has_every_key_of_a_session() -> None:
    page = read("docs/screen.md")
    keys = page[page.index("| session |") : page.index("| check-out |")]
    written = {*CODE.findall(keys), *re.findall(r"\w{2,}", keys)}
    bindings = [one for one in SessionScreen.BINDINGS if isinstance(one, Binding)]
    told = [one for one in bindings if one.show or one.tooltip]  # the others are second keys of one
    names = {key_name(binding) for binding in told} - {"?"}  # that one is everywhere's
    assert len(names) > 12
    assert not sorted(names - written)


def test_the_keys_of_the_guide_are_those_of_a_session_on_screen_and_lines() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", read("docs/guide.md"), re.MULTILINE)
    named = {key for row in rows for key in CODE.findall(row)}
    assert len(named) > 12
    told = [one for one in SessionScreen.BINDINGS if isinstance(one, Binding)]
    shown = {key for one in told for key in key_name(one).split()}
    assert not named - shown
    lines = {"space" if key == " " else key for key in (*KEYS, *ASKING)}
    assert not named - lines


def test_every_room_is_on_the_map() -> None:
    """Every package of the engine and of the screen is named in ``docs/architecture.md``."""
    page = read("docs/architecture.md")
    packages = {file.rpartition("/")[0] for file in files() if file.endswith("/__init__.py")}
    assert not sorted(name for name in packages if f"`{name}" not in page)


def test_the_page_on_the_composer_has_every_ensemble() -> None:
    page = read("docs/composer.md")
    assert not [name for name in STYLES if f"| {name} |" not in page]
