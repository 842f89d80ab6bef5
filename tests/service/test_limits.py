"""What the service bears: connections that ask nothing, too many at once, heads that are too long;
and what it says before it begins."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

import engine.service.run as running
from engine.affect.harm import help_for
from engine.errors import MusmedError
from engine.service import gate
from engine.service.app import make_app
from engine.service.hall import Hall
from engine.service.limits import Limits
from engine.service.refusals import SlowError
from engine.service.token import Token
from musmed_tui.commands import serve
from tests.support.service import QUICK


@contextlib.contextmanager
def listened(hall: Hall, token: Token) -> Iterator[int]:
    """The port of a service over ``hall``."""
    ended = threading.Event()
    with running.listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        app = make_app(hall, token, port=port)
        thread = threading.Thread(target=running.run, args=(app, hall, taken, ended.is_set))
        thread.start()
        try:
            yield port
        finally:
            ended.set()
            thread.join()


def answer_to(port: int, sent: bytes) -> bytes:
    """All that comes until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(sent)
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while data := client.recv(1 << 16):
                found += data
    return found


def test_a_connection_that_asks_for_nothing_whole_is_closed(
    hall: Hall, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "IDLE_SECONDS", 0.05)
    with listened(hall, token) as port:
        assert answer_to(port, b"") == b""
        assert answer_to(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n") == b""


def test_a_head_that_is_too_long_is_refused(hall: Hall, token: Token) -> None:
    with listened(hall, token) as port:
        head = b"GET / HTTP/1.1\r\nX: " + b"x" * (2 * running.HEADER_BYTES) + b"\r\n\r\n"
        assert answer_to(port, head).startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))


def test_a_body_that_drips_is_not_waited_for(
    hall: Hall, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "PATIENCE_SECONDS", 0.05)
    with listened(hall, token) as port:
        head = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{"
        assert answer_to(port, head).startswith(b"HTTP/1.1 408")

    async def drips() -> gate.Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def taken() -> None:
        received = gate._patient(drips)
        while True:
            await received()

    with pytest.raises(SlowError):
        asyncio.run(taken())


def test_too_many_at_once_are_told_to_come_back(tmp_path: Path, token: Token) -> None:
    hall = Hall(tmp_path / "service", limits=Limits(connections=0), engine_argv=QUICK)
    with TestClient(make_app(hall, token, port=1), base_url="http://127.0.0.1:1") as client:
        answer = client.get("/")
    hall.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["error"]


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with running.listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MusmedError, match="choose another --port"):
            running.listening("127.0.0.1", port)
    with pytest.raises(MusmedError, match="name another"):
        running.listening("no.such.host.invalid", 0)


def test_without_its_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    nothing = serve.Served(None, None, None, [], None, None, None, None)
    with pytest.raises(MusmedError, match=r"pip install '.\[serve\]'"):
        serve.run_service(nothing)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.7", "::"])
def test_another_address_is_said(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = serve.Served(None, address, None, [], None, None, None, None)
    serve._say_more(asked, address)
    assert "unencrypted" in capsys.readouterr().err
    serve._say_more(asked, "127.0.0.2")
    assert "unencrypted" not in capsys.readouterr().err


def test_who_speaks_of_harm_is_told_where_help_is(client: TestClient) -> None:
    taken = client.post("/sessions", json={"from": "i want to die", "to": "calm"})
    assert taken.json()["help"] == help_for("i want to die")
    refused = client.post("/sessions", json={"from": "tense", "to": "i will kill myself"})
    assert help_for("i will kill myself") in refused.json().values()


@pytest.mark.parametrize(
    ("origin", "host"),
    [("https://music.example", "music.example"), ("http://music.example:8080", "music.example")],
)
def test_a_proxy_s_name_is_that_of_its_origin(origin: str, host: str) -> None:
    assert serve.host_of(origin) == host
