"""A participant's link: their own steps, their own sound, and nothing else of the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from support.listening_list import CODES, CONDITIONS, a_list

from engine.errors import MusmedError
from engine.service.app import make_app
from engine.service.hall import Hall
from engine.service.study_routes import OPEN, StudyDoor, make_study_routes
from engine.service.token import Token
from engine.study.listening import answers


@pytest.fixture
def door(tmp_path: Path, token: Token) -> StudyDoor:
    a_list(tmp_path / "list", moments=(1.0,), note=True)
    return StudyDoor(tmp_path / "list", token)


@pytest.fixture
def study(hall: Hall, token: Token, door: StudyDoor) -> Iterator[TestClient]:
    more: dict[str, Any] = {"more": lambda: make_study_routes(door), "more_open": OPEN}
    app = make_app(hall, token, port=8000, **more)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def _as(door: StudyDoor, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {door.links()[name]}"}


def test_a_participant_goes_through_their_list(
    study: TestClient, door: StudyDoor, tmp_path: Path
) -> None:
    own = _as(door, "P002")

    def say(**said: Any) -> dict[str, Any]:
        answer = study.post("/study/say", json=said, headers=own)
        assert answer.status_code == 200, answer.text
        assert not any(word in answer.text for word in CONDITIONS)
        return dict(answer.json())

    assert study.get("/study").status_code == 200
    assert say(what="look")["step"] == "consent"
    assert say(what="consent")["step"] == "before"
    rating = {"valence": 20, "arousal": None}
    for place, code in enumerate((CODES[1], CODES[2], CODES[0]), start=1):
        step = say(what="before", place=place, rating=rating)
        assert (step["step"], step["code"], step["moments"]) == ("hear", code, [1.0])
        sound = study.get(f"/study/sound/{code}", headers=own)
        assert sound.content == (tmp_path / "list" / f"{code}.flac").read_bytes()
        say(what="begun", place=place, seconds=0.0)
        say(what="moment", place=place, asked_at=1.0, seconds=1.1, rating=rating)
        assert say(what="ended", place=place, seconds=3.0)["step"] == "after"
        say(what="ended", place=place, seconds=3.0)  # a page that is open twice
        last = say(what="after", place=place, rating=rating, liking=70, note="fine")
    assert last == {"step": "done", "of": 3}
    kinds = [one.what for one in answers.read(tmp_path / "list", "P002")]
    assert kinds == ["consent", *["before", "begun", "moment", "ended", "after"] * 3]
    assert answers.read(tmp_path / "list", "P001") == []


def test_a_link_opens_nothing_of_the_service_and_of_others(
    study: TestClient, door: StudyDoor, token: Token
) -> None:
    own = door.links()["P001"].partition(".")[2]
    for said in (f"P002.{own}", f"P009.{own}", own, token.text, "P001.", "", "P001.\u00e9"):
        headers = {"Authorization": f"Bearer {said}".encode("latin-1")}
        assert study.post("/study/say", json={"what": "look"}, headers=headers).status_code == 401
        assert study.get(f"/study/sound/{CODES[0]}", headers=headers).status_code == 401
    mine = _as(door, "P001")
    assert study.get("/sessions", headers=mine).status_code == 401
    assert study.get(f"/study/sound/{CODES[0]}", headers=mine).status_code == 404  # not yet
    assert study.get("/study/sound/..%2Flist.json", headers=mine).status_code == 404


def test_wrong_words_are_refused(study: TestClient, door: StudyDoor) -> None:
    own = _as(door, "P001")
    for wrong in ({"what": "dance"}, {"what": "before", "rating": {"valence": 900}}, {"x": 1}):
        assert study.post("/study/say", json=wrong, headers=own).status_code == 400


def test_links_are_for_codes_that_are_given(tmp_path: Path, token: Token) -> None:
    a_list(tmp_path / "list", pseudonyms="typed")
    with pytest.raises(MusmedError, match="given"):
        StudyDoor(tmp_path / "list", token)
