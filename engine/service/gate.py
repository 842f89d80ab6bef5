"""What every request passes before anything else sees it, and every answer on its way out.

A page of somebody else's in the listener's browser can send requests to this machine. So the host
that is named must be an address or this machine's own name (against DNS rebinding), an origin that
is named must be the service itself or one that was let in, and who asks must have the token: in
'Authorization: Bearer', or, in a browser, as a cookie that no other site can send.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from typing import Any

from engine.service.refusals import BrokenOffError, SlowError
from engine.service.token import Token

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

PATIENCE_SECONDS = 120.0
"""Who takes nothing of an answer for so long is let go; a body has to be whole by then."""
SAFE = ("GET", "HEAD", "OPTIONS")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

log = logging.getLogger(__name__)


class Gate:
    """``app`` behind the gate.

    ``names``: hosts beside localhost and addresses; ``origins``: pages elsewhere that may ask with
    the token; ``open_paths``: what needs none, those that end in '/' with all beneath.
    ``cookie``: the name of the browser's cookie. ``body_limit``: bytes of a request's body;
    ``at_once``: how many requests are answered at a time.
    """

    def __init__(
        self,
        app: Asgi,
        token: Token,
        *,
        cookie: str,
        names: Iterable[str] = (),
        origins: Iterable[str] = (),
        open_paths: Iterable[str] = (),
        body_limit: int,
        at_once: int,
    ) -> None:
        self._app, self._token, self._cookie = app, token, cookie
        self._names = {"localhost", *(name.lower() for name in names)}
        self._origins = frozenset(origins)
        paths = tuple(open_paths)
        self._open = frozenset(path for path in paths if path == "/" or not path.endswith("/"))
        self._beneath = tuple(path for path in paths if path != "/" and path.endswith("/"))
        self._body_limit = body_limit
        self._at_once, self._asking = at_once, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = _Headers(scope)
        origin = headers.one("origin")
        answer = _Answer(send, origin if origin in self._origins else None)
        refusal = self._refusal(scope, headers, origin)
        if refusal is None and scope["method"] == "OPTIONS" and answer.origin is not None:
            await answer.preflight(headers)
        elif refusal is not None:
            await answer.refuse(*refusal)
        elif self._asking >= self._at_once:
            await answer.refuse(503, "Too many ask at once; ask again in a moment.")
        else:
            await self._let_in(scope, receive, answer)

    async def _let_in(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        self._asking += 1
        try:
            await self._app(scope, _patient(receive), answer)
        except Exception as error:
            if not any(isinstance(one, TimeoutError | BrokenOffError) for one in _within(error)):
                raise
            log.info("an answer was broken off: a client that took nothing, or the service ends")
        finally:
            self._asking -= 1

    def _refusal(
        self, scope: Scope, headers: _Headers, origin: str | None
    ) -> tuple[int, str] | None:
        host = headers.one("host")
        if host is None or not self._is_own(host):
            return 400, "The host that was named is not this service; use the address it printed."
        own = origin is not None and origin in (f"http://{host}", f"https://{host}")
        if origin is not None and not own and origin not in self._origins:
            return 403, "Pages of other origins may not ask; start it with --allow-origin for one."
        length = headers.one("content-length")
        if length is not None and length.isdecimal() and int(length) > self._body_limit:
            return 413, f"The body is longer than {self._body_limit} bytes; ask for less."
        if scope["method"] == "OPTIONS" or self._is_open(scope["path"]):
            return None
        return self._who(scope, headers, own=own)

    def _who(self, scope: Scope, headers: _Headers, *, own: bool) -> tuple[int, str] | None:
        said = headers.one("authorization")
        if said is not None:
            kind, _, token = said.partition(" ")
            if kind.lower() == "bearer" and self._token.is_token(token.strip()):
                return None
            return 401, "That is not the token of this service."
        cookie = _cookie(headers.one("cookie"), self._cookie)
        if cookie is None or not self._token.is_cookie(cookie):
            return 401, "The token is missing: send it as 'Authorization: Bearer TOKEN'."
        if scope["method"] not in SAFE and not own:
            return 403, "A cookie alone changes nothing from another page."
        return None

    def _is_open(self, path: str) -> bool:
        return path in self._open or path.startswith(self._beneath)

    def _is_own(self, host: str) -> bool:
        name = host.lower()
        if name.startswith("["):
            name = name[1:].partition("]")[0]
        elif name.count(":") == 1:
            name = name.partition(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return True


class _Headers:
    """Of a request: those that stand in it twice are not to be relied on, and count as none that
    is right."""

    def __init__(self, scope: Scope) -> None:
        self._found: dict[str, str] = {}
        for name, value in scope["headers"]:
            key = name.decode("latin-1").lower()
            text = value.decode("latin-1")
            self._found[key] = f"{self._found[key]}, {text}" if key in self._found else text

    def one(self, name: str) -> str | None:
        return self._found.get(name)


class _Answer:
    """Sends, with the headers that every answer has, to who takes it within reason."""

    def __init__(self, send: Send, origin: str | None) -> None:
        self._send, self.origin = send, origin

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": self._headers(message.get("headers", ()))}
        await asyncio.wait_for(self._send(message), PATIENCE_SECONDS)

    def _headers(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        headers = [*given, *_HEADERS]
        if not any(name.lower() == b"cache-control" for name, _ in headers):
            headers.append((b"cache-control", b"no-store"))
        resource = b"same-origin"
        if self.origin is not None:
            resource = b"cross-origin"
            headers.append((b"access-control-allow-origin", self.origin.encode("latin-1")))
            headers.append((b"access-control-expose-headers", b"Retry-After, Location"))
            headers.append((b"vary", b"Origin"))
        headers.append((b"cross-origin-resource-policy", resource))
        return headers

    async def refuse(self, status: int, sentence: str) -> None:
        body = json.dumps({"error": sentence}).encode()
        headers = [(b"content-type", b"application/json")]
        headers.append((b"content-length", str(len(body)).encode()))
        if status == 503:
            headers.append((b"retry-after", b"1"))
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self({"type": "http.response.body", "body": body})

    async def preflight(self, headers: _Headers) -> None:
        allowed = [
            (b"access-control-allow-methods", b"GET, POST, DELETE"),
            (b"access-control-allow-headers", b"authorization, content-type, range"),
            (b"access-control-max-age", b"600"),
        ]
        for kind in ("private", "local"):
            if headers.one(f"access-control-request-{kind}-network") == "true":
                name = f"access-control-allow-{kind}-network".encode()
                allowed.append((name, b"true"))
        await self({"type": "http.response.start", "status": 204, "headers": allowed})
        await self({"type": "http.response.body", "body": b""})


def _patient(receive: Receive) -> Receive:
    """A body that does not come, or drips, is not waited for; whoever has sent all of it may take
    long."""
    coming = True
    until = asyncio.get_running_loop().time() + PATIENCE_SECONDS

    async def received() -> Message:
        nonlocal coming
        if not coming:
            return await receive()
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise SlowError from None
        coming = bool(message.get("more_body", False))
        return message

    return received


def _within(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what is behind it: Litestar wraps what a stream ends by."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _within(one)
    if error.__cause__ is not None:
        yield from _within(error.__cause__)


def _cookie(text: str | None, name: str) -> str | None:
    """What ``name`` is. Other services of this host have their cookies in the same line, in forms
    of which Python's own reader takes none, and then not this one either."""
    for one in (text or "").split(";"):
        said, _, value = one.strip().partition("=")
        if said == name:
            return value
    return None
