"""The service's page for participants of a study: the same way as 'musmed play --study'."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from engine.service.app import PAGE, make_app
from engine.service.hall import Hall
from engine.service.study_routes import BODIES, OPEN, make_study_routes
from engine.service.token import Token
from engine.study.listening import answers
from tests.support.listening_list import a_list, ticking


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    a_list(tmp_path / "list", moments=(1.0,), note=True)
    return tmp_path / "list"


@pytest.fixture
def study(hall: Hall, token: Token, folder: Path) -> Iterator[TestClient]:
    page = (PAGE / "study.html").read_bytes()
    app = make_app(
        hall,
        token,
        port=8000,
        more=make_study_routes(folder, page, ticking()),
        more_open=OPEN,
        more_bodies=BODIES,
    )
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        client.headers["Authorization"] = f"Bearer {token.text}"
        yield client


def _say(client: TestClient, do: str, **more: object) -> dict[str, object]:
    answer = client.post("/study/step", json={"do": do, "who": "p001", **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_participant_goes_through_the_list(study: TestClient, folder: Path) -> None:
    assert "you will hear" in str(_say(study, "come")["words"]).lower()
    assert _say(study, "consent")["step"] == "before"
    step = _say(study, "before", valence=20, arousal=80)
    assert (step["step"], step["place"], step["start"]) == ("hear", 1, 0.0)
    seconds = float(str(step["seconds"]))
    sound = study.get(f"/study/sounds/{step['code']}", headers={"Range": "bytes=0-3"})
    assert (sound.status_code, sound.content) == (206, b"fLaC")
    _say(study, "began", seconds=0)
    assert _say(study, "moment", asked_at=1.0, seconds=1.4, valence=40)["moments"] == []
    assert _say(study, "stopped", seconds=1.5)["start"] == 1.5
    after = _say(study, "ended", seconds=seconds)
    assert (after["step"], after["liking"], after["note"]) == ("after", True, True)
    assert _say(study, "after", valence=70, arousal=30, liking=90, note="calm")["place"] == 2
    kept = answers.read(folder, "P001")
    assert [one.what for one in kept] == [
        "consent", "before", "begun", "moment", "stopped", "ended", "after",
    ]  # fmt: skip
    assert (kept[-1].liking, kept[-1].note, kept[3].seconds) == (90, "calm", 1.4)


def test_who_is_no_participant_gets_a_sentence(study: TestClient) -> None:
    answer = study.post("/study/step", json={"do": "come", "who": "P999"})
    assert answer.status_code == 400
    assert "no participant" in answer.json()["error"]
    assert study.get("/study/sounds/ZZZZ").status_code == 404
    assert study.get("/study/sounds/..%2Flist").status_code in (400, 404)


def test_the_page_needs_no_token_and_what_is_kept_does(study: TestClient) -> None:
    bare = {"Authorization": ""}
    assert study.get("/study", headers=bare).status_code == 200
    refused = study.post("/study/step", json={"do": "come", "who": "P001"}, headers=bare)
    assert refused.status_code == 401
    assert study.get("/study/sounds/AAAA", headers=bare).status_code == 401


def test_it_is_in_the_description(study: TestClient) -> None:
    described = study.get("/openapi.json").json()
    assert "/study/step" in described["paths"]
    assert "FeltBehind" in json.dumps(described["components"]["schemas"])
