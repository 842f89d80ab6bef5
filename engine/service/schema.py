"""The service's own description, OpenAPI 3.1: Litestar says which routes there are, msgspec what is
in a body, from the very types that read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from engine import __version__
from engine.description.described import Document
from engine.service.answers import Problem, SessionAnswer, SessionsAnswer
from engine.service.asked import EaseNow, GoOnNow, HoldNow, SessionAsked, ShapeTo, SkipNow, SteerTo
from engine.service.login import LoginAsked
from engine.service.results import PlanAnswer
from engine.service.seen import (
    FeelingMeant,
    FeelingSaid,
    FeelingsAnswer,
    FeltAfter,
    WayAnswer,
    WaysAnswer,
)
from engine.sidecar import SessionReport

BODIES = (
    SessionAsked,
    SteerTo,
    EaseNow,
    SkipNow,
    ShapeTo,
    HoldNow,
    GoOnNow,
    LoginAsked,
    SessionAnswer,
    SessionsAnswer,
    PlanAnswer,
    SessionReport,
    Document,
    FeelingsAnswer,
    FeelingSaid,
    FeelingMeant,
    WaysAnswer,
    WayAnswer,
    FeltAfter,
    Problem,
)
_REFERENCE = "#/components/schemas/{name}"
_EXAMPLES: dict[tuple[str, str], dict[str, object]] = {
    ("/sessions", "post"): {
        "words": {"from": "tense", "to": "calm", "minutes": 15},
        "coordinates": {
            "from": {"valence": -0.4, "arousal": 0.7},
            "to": {"valence": 0.5, "arousal": -0.5},
            "minutes": 5,
            "seed": 7,
            "pace": "live",
            "faders": {"density": 0.3},
        },
    },
    ("/sessions/{session}/steer", "post"): {
        "steer": {"do": "steer", "to": "serene"},
        "ease": {"do": "ease"},
        "faders": {"do": "shape", "faders": {"rhythm": 0.2, "brightness": 0.4}},
    },
}


def openapi(handlers: Sequence[HTTPRouteHandler]) -> bytes:
    """The description of ``handlers`` as JSON."""
    scheme = SecurityScheme(
        type="http", scheme="bearer", description="The token that 'musmed serve' prints."
    )
    config = OpenAPIConfig(
        title="musmed",
        version=__version__,
        description="Sessions of music medicine for other programs.",
        components=Components(security_schemes={"token": scheme}),
        security=[{"token": []}],
        use_handler_docstrings=True,
    )
    app = Litestar(handlers, openapi_config=config, logging_config=None)
    told: dict[str, Any] = app.openapi_schema.to_schema()
    _, schemas = msgspec.json.schema_components(BODIES, ref_template=_REFERENCE)
    told["components"]["schemas"] = schemas
    for path, operation, found in _operations(told):
        _with_examples(found, _EXAMPLES.get((path, operation), {}))
        if (path, operation) == _TOLD:
            found["responses"]["200"]["content"]["text/event-stream"] = {}
        for answer in found["responses"].values():
            _with_kinds(answer.get("content", {}))
        for later in (found["responses"].get(code) for code in ("429", "503")):
            if later is None:
                continue
            later["headers"] = {
                "Retry-After": {
                    "description": "Seconds after which to ask again.",
                    "schema": {"type": "integer", "minimum": 1},
                }
            }
    return msgspec.json.encode(told)


_TOLD = ("/sessions/{session}", "get")
"""What is told as it changes, too."""
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"const": "status"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": _REFERENCE.format(name="SessionAnswer")},
        },
    },
}
"""One of the server-sent events."""


def _operations(told: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in told["paths"].items():
        for name, found in item.items():
            if isinstance(found, dict) and "responses" in found:
                yield path, name, found


def _with_examples(operation: dict[str, Any], examples: dict[str, object]) -> None:
    if examples:
        content = operation["requestBody"]["content"]["application/json"]
        content["examples"] = {name: {"value": value} for name, value in examples.items()}


def _with_kinds(content: dict[str, Any]) -> None:
    """Sound by its two kinds, and what is no text as bytes."""
    for kind in [kind for kind in content if kind.startswith(("audio/", "text/"))]:
        del content[kind]
        for one in ("audio/flac", "audio/ogg") if kind == "audio/*" else (kind,):
            content[one] = {"schema": {"type": "string", "format": "binary"}}
    if "text/event-stream" in content:
        content["text/event-stream"] = {"schema": _EVENT}
