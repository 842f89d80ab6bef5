"""The service as its clients see it: through the real application, over the quick engine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from engine.service.app import make_app
from engine.service.hall import Hall
from engine.service.limits import Limits
from engine.service.token import new_token

QUICK = [sys.executable, "-P", str(Path(__file__).parents[1] / "support" / "quick_engine.py")]
TOKEN = new_token()
ASKED = {"from": "tense", "to": "calm", "minutes": 1, "seed": 7}


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path / "service", limits=Limits(jobs=2, queue=2), engine_argv=QUICK)
    hall.start()
    yield hall
    hall.close()


@pytest.fixture
def client(hall: Hall) -> Iterator[TestClient]:
    app = make_app(hall, TOKEN, port=8000)
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        client.headers["Authorization"] = f"Bearer {TOKEN.text}"
        yield client


def test_a_session_is_asked_for_and_heard_while_it_is_composed(client: TestClient) -> None:
    answer = client.post("/sessions", json=ASKED)
    assert answer.status_code == 201
    place = answer.headers["Location"]
    streamed = client.get(f"{place}/audio").content
    assert client.get(place).json()["state"] == "finished"
    file = client.get(f"{place}/audio")
    assert file.headers["Content-Length"] == str(len(file.content))
    assert streamed[64:] == file.content[64:]  # all but the header, which says the length
    some = client.get(f"{place}/audio", headers={"Range": "bytes=10-19"})
    assert (some.status_code, some.content) == (206, file.content[10:20])
