"""The service as an ASGI application: Litestar's routes behind the gate.

Imported inside functions only: Litestar belongs to the extra 'serve'.
"""

from __future__ import annotations

import functools
import logging
import mimetypes
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from engine.errors import MusmedError
from engine.service.answers import Problem
from engine.service.gate import Asgi, Gate
from engine.service.hall import Hall
from engine.service.login import make_login
from engine.service.page_routes import make_page_routes
from engine.service.refusals import (
    BusyError,
    FullError,
    GoneError,
    NotPlayingError,
    SlowError,
    UnknownSessionError,
)
from engine.service.routes import make_routes
from engine.service.schema import openapi
from engine.service.token import Token

PAGE = Path(__file__).parent / "page"
OPEN = ("/", "/assets/", "/login", "/openapi.json", "/docs")
_SENTENCES = {
    "Not Found": "There is nothing here.",
    "Method Not Allowed": "This can't be done here; 'Allow' in the answer's head says what can.",
}
_NAMES = {"begin": "from", "kind": "format"}
"""Parameters that Python would not let be called as they are in the address."""

log = logging.getLogger(__name__)


def make_app(
    hall: Hall,
    token: Token,
    *,
    port: int,
    names: Iterable[str] = (),
    origins: Iterable[str] = (),
    more: Callable[[], Sequence[HTTPRouteHandler]] = tuple,
    more_open: Sequence[str] = (),
) -> Asgi:
    """The service over ``hall``, for who has ``token``. ``port``: where it listens, for the
    cookie's name. ``names`` and ``origins`` as the gate's. ``more`` makes further routes,
    ``more_open``: which of them need no token."""
    cookie = f"musmed-{port}"

    def handlers() -> list[HTTPRouteHandler]:
        return [*make_routes(), *make_page_routes(), make_login(token, cookie), *more()]

    schema = functools.cache(lambda: openapi(handlers()))

    @get("/openapi.json", include_in_schema=False, sync_to_thread=True)
    def described() -> Response[bytes]:
        return Response(schema(), media_type="application/json")

    app = Litestar(
        [*handlers(), described, *_pages(PAGE)],
        state=State({"hall": hall}),
        exception_handlers={Exception: _answer_of},
        openapi_config=None,
        request_max_body_size=hall.limits.body,
        logging_config=None,
        debug=False,
    )
    return Gate(
        app,  # type: ignore[arg-type]
        token,
        cookie=cookie,
        names=names,
        origins=origins,
        open_paths=(*OPEN, *more_open),
        body_limit=hall.limits.body,
        at_once=hall.limits.connections,
    )


def _pages(folder: Path) -> list[HTTPRouteHandler]:
    """The page's files, read once: 'index.html' at /, 'docs.html' at /docs, all others under
    /assets/. No path of a request is one of the disk."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }

    def sent(name: str) -> Response[bytes]:
        if name not in files:
            raise HTTPException(status_code=404, detail="There is nothing here.")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Response(files[name], media_type=kind, headers={"Cache-Control": "no-cache"})

    @get("/", include_in_schema=False, sync_to_thread=False)
    def page() -> Response[bytes]:
        return sent("index.html")

    @get("/docs", include_in_schema=False, sync_to_thread=False)
    def docs() -> Response[bytes]:
        return sent("docs.html")

    @get("/assets/{name:path}", include_in_schema=False, sync_to_thread=False)
    def asset(name: FromPath[str]) -> Response[bytes]:
        return sent(name.lstrip("/"))

    return [page, docs, asset]


def _answer_of(_: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Every error as one sentence."""
    status, sentence, headers = 500, "The service made a mistake; its log says where.", {}
    match error:
        case BusyError():
            status, sentence, headers = 429, str(error), {"Retry-After": str(error.after)}
        case FullError():
            status, sentence = 507, str(error)
        case UnknownSessionError():
            status, sentence = 404, str(error)
        case NotPlayingError():
            status, sentence = 409, str(error)
        case GoneError():
            status, sentence = 410, str(error)
        case SlowError():
            status, sentence = 408, str(error)
        case MusmedError():
            status, sentence = 400, str(error)
        case RecursionError():
            status, sentence = 400, "That is not understood: it is too deep."
        case ValidationException():
            status, sentence = 400, _wrong(error)
        case HTTPException():
            status, sentence = error.status_code, _said(error)
            headers = dict(error.headers or {})
        case _:
            log.error("a request failed", exc_info=error)
    return Response(Problem(sentence), status_code=status, headers=headers)


def _said(error: HTTPException) -> str:
    """Litestar's own refusals as sentences."""
    if isinstance(error.__cause__, SerializationException):
        return f"The body is not JSON that can be read ({error.detail.partition(' - at ')[0]})."
    return _SENTENCES.get(error.detail, error.detail)


def _wrong(error: ValidationException) -> str:
    """What does not fit, in one sentence."""
    extra = error.extra if isinstance(error.extra, list) else []
    if [one.get("message") for one in extra if isinstance(one, dict)] == ["'data'"]:
        return "The body is missing: send JSON."
    said = [
        str(one["message"])
        if one.get("key") in (None, "data")
        else f"{_NAMES.get(one['key'], one['key'])}: {one['message']}"
        for one in extra
        if isinstance(one, dict) and one.get("message")
    ]
    return f"That is not understood ({'; '.join(said[:3])})." if said else error.detail
