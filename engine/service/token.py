"""The service's token: who has it may ask for everything."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from engine.errors import MusmedError
from engine.places import look_at, read_small
from engine.private import narrow, write_new

BYTES = 32
_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


class Token:
    """A token, and the cookie that a browser gets for it: which tells nothing of the token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.cookie = hmac.new(text.encode(), b"musmed cookie", hashlib.sha256).hexdigest()

    def is_token(self, said: str) -> bool:
        """In the same time whatever was said."""
        return _same(said, self.text)

    def is_cookie(self, said: str) -> bool:
        return _same(said, self.cookie)


def _same(said: str, right: str) -> bool:
    return hmac.compare_digest(said.encode("utf-8", "surrogatepass"), right.encode())


def new_token() -> Token:
    return Token(secrets.token_urlsafe(BYTES))


def token_in(path: Path) -> Token:
    """The token in the file at ``path``, which others can't read; where there is none, a new one is
    written to it. Raises ``MusmedError``."""
    if look_at(path, "token") != "nothing":
        text = read_small(path, f"The token in {path}", 200).decode("ascii", "replace").strip()
        if _FORM.fullmatch(text) is None:
            raise MusmedError(f"{path} holds no token of musmed's; name another file.")
        narrow(path)
        return Token(text)
    token = new_token()
    try:
        write_new(path, f"{token.text}\n".encode())
    except OSError as error:
        raise MusmedError(
            f"The token can't be written to {path} ({error.strerror}); name another file."
        ) from error
    return token
