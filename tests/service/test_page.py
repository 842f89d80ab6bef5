"""The page's files as the service sends them, and what it asks the service for its words."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from litestar.testing import TestClient

from engine.affect.feelings import FEELINGS
from engine.service.app import PAGE, make_app
from engine.service.hall import Hall
from engine.service.limits import Limits
from engine.service.token import new_token

QUICK = [sys.executable, "-P", str(Path(__file__).parents[1] / "support" / "quick_engine.py")]
TOKEN = new_token()
FILES = sorted(path for path in PAGE.iterdir() if path.is_file())
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
PLACES = re.compile(r"""(?:src|href|from|import|url\()\s*=?\s*["'(]([^"')]+)""")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    hall = Hall(tmp_path_factory.mktemp("service"), limits=Limits(jobs=1), engine_argv=QUICK)
    hall.start()
    with TestClient(make_app(hall, TOKEN, port=8000), base_url="http://127.0.0.1:8000") as client:
        client.headers["Authorization"] = f"Bearer {TOKEN.text}"
        yield client
    hall.close()


class _Page(HTMLParser):
    """The ids of a page, what it loads, and whatever its rules would keep back."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.labels: set[str] = set()
        self.inputs: set[str] = set()
        self.inline: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if said.get("id"):
            self.ids.append(str(said["id"]))
        self.loads += [str(said[key]) for key in ("src", "href") if said.get(key)]
        self.inline += [key for key in said if key.startswith("on") or key == "style"]
        self.inline += [tag] if tag == "style" else []
        if tag == "label" and said.get("for"):
            self.labels.add(str(said["for"]))
        if tag == "input" and said.get("type") != "radio":
            self.inputs.add(str(said["id"]))
        self._script = tag == "script"

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._script = False


def _read(name: str) -> _Page:
    page = _Page()
    page.feed((PAGE / name).read_text("utf-8"))
    return page


def test_every_file_of_the_page_is_sent_as_what_it_is(client: TestClient) -> None:
    for path in FILES:
        if path.suffix == ".html":
            continue
        answer = client.get(f"/assets/{path.name}", headers={"Authorization": ""})
        assert answer.content == path.read_bytes()
        assert answer.headers["Content-Type"].split(";")[0] == KINDS[path.suffix]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_needs_no_token_and_runs_under_strict_rules(client: TestClient) -> None:
    answer = client.get("/", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    rules = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in rules
    assert "unsafe" not in rules
    above = client.get("/assets/%2e%2e/app.py", headers={"Authorization": ""})
    assert above.status_code in (401, 404)


@pytest.mark.parametrize("name", [path.name for path in FILES if path.suffix == ".html"])
def test_a_page_has_nothing_inline_and_a_label_for_every_field(name: str) -> None:
    page = _read(name)
    assert page.inline == []
    assert len(page.ids) == len(set(page.ids))
    assert page.inputs <= page.labels
    for load in page.loads:
        own = load.startswith("#") or load in ("/", "/openapi.json")
        assert own or (PAGE / load.removeprefix("/assets/")).is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text, re.IGNORECASE)
    assert "eval(" not in text
    assert ".innerHTML" not in text
    if path.suffix == ".js":
        for place in re.findall(r'from "([^"]+)"', text):
            assert (PAGE / place).is_file()


def test_what_the_scripts_look_for_is_on_the_page() -> None:
    for path in PAGE.glob("*.js"):
        page = path.stem if path.stem in ("docs", "study") else "index"
        asked = set(re.findall(r'\$\("([\w-]+)"\)', path.read_text("utf-8")))
        assert asked <= set(_read(f"{page}.html").ids), path.name


def test_all_feelings_are_there_with_their_forms_and_whole_examples(client: TestClient) -> None:
    said = client.get("/feelings").json()
    known = {one["word"]: one for one in said["feelings"]}
    assert set(known) == {one.word for one in FEELINGS}
    assert sum(one["anchor"] for one in known.values()) == 8
    assert said["forms"]["ängstlich"] == "anxious"
    assert set(said["forms"].values()) <= set(known)
    for example in said["examples"]:
        assert {example["from"], example["to"]} <= set(known)


@pytest.mark.parametrize(
    ("said", "word"), [("a bit sad today", "sad"), ("Müde", "tired"), ("panicked", "panicky")]
)
def test_what_was_typed_is_understood(client: TestClient, said: str, word: str) -> None:
    answer = client.post("/feelings", json={"said": said})
    assert (answer.status_code, answer.json()["word"]) == (200, word)
    assert answer.json()["help"] == ""


def test_a_word_that_is_none_gets_a_sentence_without_a_command_line(client: TestClient) -> None:
    answer = client.post("/feelings", json={"said": "axolotl"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("musmed does not know this word.")
    near = client.post("/feelings", json={"said": "relxaed"})
    assert near.status_code == 400
    assert near.json()["error"].endswith("Did you mean relaxed?")


def test_words_of_danger_get_a_plain_sentence_and_music(client: TestClient) -> None:
    answer = client.post("/feelings", json={"said": "I want to die"}).json()
    assert answer["word"] == "low"
    assert "findahelpline.com" in answer["help"]
    assert client.post("/feelings", json={"said": "kms", "wanted": True}).json()["word"] == "calm"


def test_a_session_is_told_in_words_and_rated(client: TestClient) -> None:
    asked = {"from": "tense", "to": {"valence": 0.5, "arousal": -0.5}, "minutes": 1}
    session = client.post("/sessions", json=asked).json()["id"]
    way = client.get(f"/sessions/{session}/way").json()
    assert way["from"]["word"] == "tense"
    assert way["to"]["word"] is None
    assert way["path"][0]["time"] == 0.0
    assert way["path"][-1]["time"] == 60.0
    assert way["feels"][0] == {"at": 0.0, "said": "tense"}
    assert way["stretches"][0]["at"] == 0.0
    assert way["faders"] == {}
    client.get(f"/sessions/{session}/audio")  # to its end
    again = client.get(f"/sessions/{session}/way").json()
    assert again["path"] == way["path"]
    first = client.get("/ways").json()["ways"][0]
    assert (first["id"], first["way"]) == (session, way["way"])
    assert first["way"].startswith("tense to near ")
    for rating, code in (({"valence": 70, "arousal": 20}, 204), ({"valence": 101}, 400), ({}, 204)):
        assert client.post(f"/sessions/{session}/rating", json=rating).status_code == code
    gone = client.post("/sessions/20200101-000000-zz/rating", json={"valence": 1})
    assert gone.status_code == 404


def _colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text))


@pytest.mark.parametrize("theme", ["dusk", "dawn"])
def test_words_can_be_read_on_every_ground(theme: str) -> None:
    """4.5 to 1, the least that WCAG 2.2 asks of text; 3 to 1 for what is no text."""
    from musmed_tui.theming import contrast

    text = (PAGE / "style.css").read_text("utf-8")
    dark, light = text.split("@media (prefers-color-scheme: light)", 1)
    colours = _colours(dark if theme == "dusk" else light)
    for ground in ("ground", "surface", "raised"):
        for role in ("text", "muted", "now", "from", "to", "warning", "error"):
            assert contrast(colours[role], colours[ground]) >= 4.5, (role, ground)
    assert contrast(colours["on-now"], colours["now"]) >= 4.5
    assert contrast(colours["line"], colours["ground"]) >= 3.0
