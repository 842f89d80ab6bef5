"""How a browser that was told the token gets its cookie."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, post
from litestar.datastructures import Cookie
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta

from engine.service.routes import problems
from engine.service.token import Token


class LoginAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands behind '#' in the address that 'musmed serve' printed."""

    token: Annotated[str, Meta(max_length=200)]


def make_login(token: Token, cookie: str) -> HTTPRouteHandler:
    """The route of ``token``: its cookie is called ``cookie``."""

    @post(
        "/login",
        summary="Exchange the token for a browser's cookie",
        status_code=204,
        responses=problems(413),
        security=[{}],
        sync_to_thread=False,
    )
    def login(data: JSONBody[LoginAsked]) -> Response[None]:
        """For a page of the service's own; programs send the token with each request."""
        if not token.is_token(data.token):
            raise NotAuthorizedException(
                "That is not the token of this service.", headers={"WWW-Authenticate": "Bearer"}
            )
        own = Cookie(key=cookie, value=token.cookie, httponly=True, samesite="strict")
        return Response(None, status_code=204, cookies=[own])

    return login
