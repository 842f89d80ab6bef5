"""The service does what its own description says, whatever it is sent."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from engine.service.app import make_app
from engine.service.hall import Hall
from engine.service.limits import Limits
from engine.service.token import new_token
from tests.support.service import QUICK, asked
from tests.support.waiting import HANG_SECONDS, begun_cpu, wait_for

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    ignored_auth,
]
TOKEN = new_token()
DICE = random.Random(5)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:
    folder: Path = tmp_path_factory.mktemp("described") / "service"
    hall = Hall(folder, limits=Limits(jobs=1, queue=2), engine_argv=QUICK)
    hall.start()
    app = make_app(hall, TOKEN, port=8000, names=["localhost", "testserver"])
    known.append(hall.submit(asked()).id)
    wait_for(lambda: hall.job(known[0]).over, moves=begun_cpu)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    schema.config.phases.coverage.enabled = bool(request.config.getoption("--long"))
    yield schema
    hall.close()


known: list[str] = []
schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_is_answered_is_what_is_described(case: schemathesis.Case) -> None:
    if case.path_parameters and case.method != "DELETE" and DICE.random() < 0.7:
        case.path_parameters["session"] = known[0]
    case.call_and_validate(
        checks=CHECKS,
        headers={"Authorization": f"Bearer {TOKEN.text}"},
        timeout=HANG_SECONDS,
    )
