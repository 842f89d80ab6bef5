"""Who may ask: the token, the cookie, hosts and origins; and what every answer carries."""

from __future__ import annotations

import re
from typing import Any

import pytest
from litestar.testing import TestClient

from engine.service.app import OPEN
from engine.service.token import Token, new_token, token_in

OWN = "http://127.0.0.1:8000"
ASKED = {"from": "tense", "to": "calm", "minutes": 1}


def test_without_the_token_nothing_but_the_page_is_had(bare: TestClient) -> None:
    described = bare.get("/openapi.json").json()
    for path, item in described["paths"].items():
        if path in OPEN:
            continue
        for method in item:
            answer = bare.request(method, path.replace("{session}", "20261130-120000-aa"))
            assert answer.status_code == 401, path
            assert answer.json()["error"]
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_description_is_whole(bare: TestClient) -> None:
    text = bare.get("/openapi.json").text
    schemas = bare.get("/openapi.json").json()["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) <= schemas.keys()


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer x", "Basic eDp5", "bearer \u00e9"])
def test_another_token_is_none(bare: TestClient, said: str) -> None:
    answer = bare.get("/sessions", headers={"Authorization": said.encode("latin-1")})
    assert answer.status_code == 401


def test_the_token_in_the_address_is_none(bare: TestClient, token: Token) -> None:
    assert bare.get(f"/sessions?token={token.text}").status_code == 401


@pytest.mark.parametrize(
    ("host", "let"),
    [
        ("127.0.0.1:8000", True),
        ("localhost:9000", True),  # through ssh -L
        ("[::1]:8000", True),
        ("192.168.1.7", True),
        ("evil.example", False),
        ("localhost.evil.example:8000", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("", False),
    ],
)
def test_a_host_that_is_a_name_of_somebody_elses_is_refused(
    client: TestClient, host: str, let: bool
) -> None:
    answer = client.get("/sessions", headers={"Host": host})
    assert answer.status_code == (200 if let else 400)


@pytest.mark.parametrize(
    ("origin", "let"),
    [
        (OWN, True),
        ("https://lab.example", True),
        ("https://evil.example", False),
        ("http://127.0.0.1:9000", False),
        ("null", False),
    ],
)
def test_a_page_of_another_origin_is_refused(client: TestClient, origin: str, let: bool) -> None:
    answer = client.get("/sessions", headers={"Origin": origin})
    assert answer.status_code == (200 if let else 403)
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    assert allowed == (origin if let and origin != OWN else None)
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_browser_gets_a_cookie_for_the_token_and_changes_only_from_its_own_page(
    bare: TestClient, token: Token
) -> None:
    assert bare.post("/login", json={"token": new_token().text}).status_code == 401
    answer = bare.post("/login", json={"token": token.text})
    cookie = answer.headers["Set-Cookie"]
    assert answer.status_code == 204
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert token.text not in cookie
    assert bare.get("/sessions").status_code == 200
    assert bare.post("/sessions", json=ASKED).status_code == 403  # who asks does not say
    lab = {"Origin": "https://lab.example"}
    assert bare.post("/sessions", json=ASKED, headers=lab).status_code == 403
    assert bare.post("/sessions", json=ASKED, headers={"Origin": OWN}).status_code == 201


def test_the_cookies_of_other_services_on_this_machine_are_in_nobody_s_way(
    bare: TestClient, token: Token
) -> None:
    bare.post("/login", json={"token": token.text})
    name, value = next(iter(bare.cookies.items()))
    bare.cookies.clear()
    line = f'theirs={{"a": [1, 2]}}; {name}={value}; x'
    assert bare.get("/sessions", headers={"Cookie": line}).status_code == 200
    assert bare.get("/sessions", headers={"Cookie": f"not-{name}={value}"}).status_code == 401


def test_a_page_that_was_let_in_asks_first(bare: TestClient) -> None:
    asks = {"Origin": "https://lab.example", "Access-Control-Request-Method": "POST"}
    answer = bare.options("/sessions", headers=asks)
    assert answer.status_code == 204
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]
    asks["Origin"] = "https://evil.example"
    assert bare.options("/sessions", headers=asks).status_code == 403


@pytest.mark.parametrize("path", ["/", "/sessions", "/nothing", "/openapi.json"])
def test_every_answer_is_closed_to_other_pages(bare: TestClient, path: str) -> None:
    headers = bare.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-" in headers["Cache-Control"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[1]", 400),
        (b'{"from": "tense", "to": "calm", "path": "/etc/passwd"}', 400),
        (b'{"from": "tense", "to": "calm", "composer": "/etc"}', 400),
        (b'{"from": "tense", "to": "calm", "minutes": 21}', 400),
        (b'{"from": "tense", "to": "calm", "instrument": "../../x"}', 400),
        (b"x" * 1_100_000, 413),
        (b"[" * 100_000, 400),
    ],
    ids=("cut", "list", "unknown", "composer", "long", "word", "large", "deep"),
)
def test_a_wrong_body_is_one_sentence(client: TestClient, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/sessions", content=body, headers=headers)
    assert answer.status_code == status
    sentence: Any = answer.json()["error"]
    assert sentence
    assert "Traceback" not in sentence


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/sessions", b"", "body is missing"),
        ("POST", "/sessions", b'{"minutes": 1e999}', r"not JSON .*out of range\)\.$"),
        ("GET", "/sessions/20261130-120000-aa/audio?from=-1", b"", "from: Expected"),
        ("GET", "/sessions/20261130-120000-aa/audio?format=mp3", b"", "format: Invalid"),
        ("GET", "/nothing", b"", "There is nothing here"),
        ("HEAD", "/sessions", b"", ""),
        ("PUT", "/sessions", b"", "can't be done here"),
    ],
)
def test_what_is_wrong_is_said_in_the_client_s_words(
    client: TestClient, method: str, path: str, body: bytes, said: str
) -> None:
    answer = client.request(method, path, content=body)
    assert answer.status_code in (400, 404, 405)
    assert re.search(said, "" if method == "HEAD" else answer.json()["error"])


def test_paths_stay_in_the_service(client: TestClient) -> None:
    for path in ("/assets/../app.py", "/assets/%2e%2e/app.py", "/sessions/..%2f..%2fetc/plan"):
        assert client.get(path).status_code in (400, 404)


def test_the_token_s_file_is_its_owner_s_alone_and_is_read_again(tmp_path: Any) -> None:
    path = tmp_path / "token"
    first = token_in(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert token_in(path).text == first.text
