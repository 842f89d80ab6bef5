"""A hall over the quick engine, and a client that has its token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from engine.service.app import make_app
from engine.service.hall import Hall
from engine.service.limits import Limits
from engine.service.token import Token, new_token
from tests.support.service import QUICK


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(
        tmp_path / "service", limits=Limits(jobs=2, queue=2, minutes=20.0), engine_argv=QUICK
    )
    hall.start()
    yield hall
    hall.close()


@pytest.fixture
def token() -> Token:
    return new_token()


@pytest.fixture
def bare(hall: Hall, token: Token) -> Iterator[TestClient]:
    """A client that says nothing of itself."""
    app = make_app(hall, token, port=8000, origins=["https://lab.example"])
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def client(bare: TestClient, token: Token) -> TestClient:
    bare.headers["Authorization"] = f"Bearer {token.text}"
    return bare
