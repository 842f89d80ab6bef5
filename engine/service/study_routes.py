"""A listening study's page: each participant has a link of their own, and sees their own alone.

A participant's token is made of the service's, so nothing more is kept; it opens neither the
service nor what others answer. Imported inside functions only: Litestar belongs to 'serve'.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body, FromPath
from msgspec import Meta

from engine.errors import MusmedError
from engine.listener.ratings import NOTE_LIMIT, Rating, Slider
from engine.service.routes import file_answer
from engine.service.token import Token
from engine.study.listening.sheet import ListeningList, read_list, sound_of
from engine.study.listening.sitting import After, Before, Consent, Done, Hear, Sitting, Step

OPEN = ("/study", "/study/")
"""Needs no token of the service's: the page has none, and the routes ask for a participant's."""
PAGE = Path(__file__).parent / "page" / "study.html"
_Seconds = Annotated[float, Meta(ge=0.0, le=86_400.0)]


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a participant did or said at the session at ``place``, by the names of an answer's
    line."""

    what: Literal["look", "consent", "before", "begun", "moment", "stopped", "ended", "after"]
    place: Annotated[int, Meta(ge=0, le=10_000)] = 0
    rating: Rating = Rating()
    liking: Slider | None = None
    note: Annotated[str, Meta(max_length=NOTE_LIMIT)] = ""
    asked_at: _Seconds = 0.0
    seconds: _Seconds = 0.0


class Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """The step that comes next."""

    step: Literal["consent", "before", "hear", "after", "done"]
    place: int = 0
    of: int = 0
    words: str = ""
    code: str = ""
    start: float = 0.0
    seconds: float = 0.0
    moments: tuple[float, ...] = ()
    ratings: bool = False
    liking: bool = False
    note: bool = False


class StudyDoor:
    """The list in ``folder``, for who has a link. Raises ``MusmedError`` for no list, or one whose
    pseudonyms are typed: here each participant has a link."""

    def __init__(
        self, folder: Path, token: Token, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.sheet: ListeningList = read_list(folder)
        if self.sheet.asked.pseudonyms != "given":
            raise MusmedError(
                'Over the service each participant has a link; set pseudonyms = "given" in '
                "[answers] and make the list anew."
            )
        self._folder, self._token, self._now = folder, token, now
        self._lock = threading.Lock()

    def links(self) -> dict[str, str]:
        """What stands behind '#' in each participant's link."""
        names = (one.participant for one in self.sheet.seats)
        return {name: f"{name}.{self._own(name)}" for name in names}

    def participant(self, authorization: str | None) -> str:
        """Whose request it is. Raises ``NotAuthorizedException``."""
        kind, _, said = (authorization or "").partition(" ")
        name, _, token = said.strip().partition(".")
        right = self._own(name)  # of any name, in the same time
        same = hmac.compare_digest(token.encode("utf-8", "surrogatepass"), right.encode())
        if kind.lower() != "bearer" or not same or self.sheet.seat(name) is None:
            raise NotAuthorizedException(
                "This link is not of this study; ask who runs it for yours.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return name

    def say(self, participant: str, said: Said) -> Shown:
        """Keep what was said, if it is about the step that comes next (a page that is open twice
        says things twice); the step after it. Raises ``MusmedError``."""
        with self._lock:
            it = Sitting(self._folder, self.sheet, participant, self._now)
            if said.what == "consent":
                it.consent()
            elif said.place and said.place == getattr(it.step, "place", 0):
                _say(it, said)
            return self._shown(it.step)

    def sound(self, participant: str, code: str) -> Path:
        """Of the session that comes next, and of no other. Raises ``NotFoundException``."""
        with self._lock:
            step = Sitting(self._folder, self.sheet, participant, self._now).step
        if not isinstance(step, Hear) or step.code != code:
            raise NotFoundException("That is not what comes next.")
        return sound_of(self._folder, step.code)

    def _own(self, name: str) -> str:
        what = f"study {self.sheet.ident} {name}".encode("utf-8", "surrogatepass")
        return hmac.new(self._token.text.encode(), what, hashlib.sha256).hexdigest()[:43]

    def _shown(self, step: Step) -> Shown:
        asked = self.sheet.asked
        match step:
            case Consent(words):
                return Shown("consent", words=words)
            case Before(place, of):
                return Shown("before", place, of, ratings=True)
            case Hear(place, of, code, start, seconds, moments):
                return Shown(
                    "hear", place, of, "", code, start=start, seconds=seconds, moments=moments
                )
            case After(place, of):
                return Shown(
                    "after",
                    place,
                    of,
                    ratings=asked.ratings,
                    liking=asked.liking,
                    note=asked.note,
                )
            case Done(of):
                return Shown("done", of=of)


def _say(it: Sitting, said: Said) -> None:
    match said.what:
        case "before":
            it.before(said.rating)
        case "begun":
            it.began(said.seconds)
        case "moment":
            it.moment(said.asked_at, said.seconds, said.rating)
        case "stopped":
            it.stopped(said.seconds)
        case "ended":
            it.ended(said.seconds)
        case "after":
            it.after(said.rating, said.liking, said.note)
        case _:
            pass


def make_study_routes(door: StudyDoor) -> list[HTTPRouteHandler]:
    """The page at /study, and what it asks."""
    page = PAGE.read_bytes()

    @get("/study", include_in_schema=False, sync_to_thread=False)
    def study_page() -> Response[bytes]:
        return Response(page, media_type="text/html", headers={"Cache-Control": "no-cache"})

    @post("/study/say", include_in_schema=False, status_code=200, sync_to_thread=True)
    def say(request: Request[Any, Any, Any], data: Annotated[Said, Body()]) -> Shown:
        return door.say(door.participant(request.headers.get("authorization")), data)

    @get("/study/sound/{code:str}", include_in_schema=False, sync_to_thread=True)
    def sound(request: Request[Any, Any, Any], code: FromPath[str]) -> Response[Any]:
        who = door.participant(request.headers.get("authorization"))
        return file_answer(door.sound(who, code), "audio/flac", request.headers.get("range"))

    return [study_page, say, sound]
