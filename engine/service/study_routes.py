"""The service's page for participants of a study: what is asked or played next, and what they say.

``Sitting`` decides and keeps all of it (``engine/study/listening``); the same list may be answered
by ``musmed play --study``. Conditions are in nothing that is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, Parameter
from msgspec import Meta

from engine.listener.ratings import NOTE_LIMIT, Rating, Slider
from engine.service.routes import file_answer, problems, ranged
from engine.study.listening.sheet import ListeningList, read_list, sound_of
from engine.study.listening.sitting import After, Before, Consent, Done, Hear, Sitting

OPEN = ("/study",)
"""What of it needs no token: the page's own file."""
Who = Annotated[str, Meta(min_length=1, max_length=40)]
Seconds = Annotated[float, Meta(ge=0.0, le=86_400.0)]


class _Said(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """Of whom: the code that they were given, or the word that they made up."""

    who: Who


class Come(_Said, frozen=True, tag="come", forbid_unknown_fields=True):
    """Somebody is here: what comes next?"""


class Agree(_Said, frozen=True, tag="consent", forbid_unknown_fields=True):
    """They agree to the words as they stand."""


class FeltBefore(_Said, frozen=True, tag="before", forbid_unknown_fields=True):
    """How it feels before a session, 0 to 100 each; null for what is left out."""

    valence: Slider | None = None
    arousal: Slider | None = None


class Began(_Said, frozen=True, tag="began", forbid_unknown_fields=True):
    """It is heard from this second on."""

    seconds: Seconds


class FeltNow(_Said, frozen=True, tag="moment", forbid_unknown_fields=True):
    """How it feels at the moment that was asked for, said at ``seconds``."""

    asked_at: Seconds
    seconds: Seconds
    valence: Slider | None = None
    arousal: Slider | None = None


class Left(_Said, frozen=True, tag="stopped", forbid_unknown_fields=True):
    """It was left at this second."""

    seconds: Seconds


class Ended(_Said, frozen=True, tag="ended", forbid_unknown_fields=True):
    """It was heard to its end."""

    seconds: Seconds


class FeltBehind(_Said, frozen=True, tag="after", forbid_unknown_fields=True):
    """How it feels after a session, how much it was liked, and a note."""

    valence: Slider | None = None
    arousal: Slider | None = None
    liking: Slider | None = None
    note: Annotated[str, Meta(max_length=NOTE_LIMIT)] = ""


Told = Come | Agree | FeltBefore | Began | FeltNow | Left | Ended | FeltBehind


class StepAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What comes next of a participant's way; session seconds."""

    step: Literal["consent", "before", "hear", "after", "done"]
    participant: str
    words: str = ""
    """To agree to."""
    place: int = 0
    of: int = 0
    """Which session of how many."""
    code: str = ""
    start: float = 0.0
    seconds: float = 0.0
    moments: tuple[float, ...] = ()
    """At which it is still to be asked how it feels."""
    ratings: bool = True
    liking: bool = False
    note: bool = False
    """What is asked behind a session."""


def make_study_routes(
    folder: Path, page: bytes, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Callable[[], list[HTTPRouteHandler]]:
    """The routes of the listening list in ``folder``, for one application each time; ``page``: its
    HTML. Raises ``MusmedError`` where there is no list."""
    sheet = read_list(folder)
    codes = frozenset(one.code for one in sheet.sounds)
    one_at_a_time = threading.Lock()

    async def study_page() -> Response[bytes]:
        return Response(page, media_type="text/html", headers={"Cache-Control": "no-cache"})

    def study_step(data: JSONBody[Told]) -> StepAnswer:
        """Say what happened, and hear what comes next; 'come' says nothing."""
        with one_at_a_time:
            sitting = Sitting(folder, sheet, data.who, now)
            _take(sitting, data)
            return _answer(sitting, sheet)

    async def study_sound(
        code: Annotated[
            str, Parameter(pattern=r"^[A-Z0-9]{4}$", description="As the step said it.")
        ],
        request: Request[Any, Any, Any],
    ) -> Response[Any]:
        """A session's sound, or a range of it."""
        path = sound_of(folder, code)
        if code not in codes or not path.is_file():
            raise HTTPException(status_code=404, detail="There is no such sound.")
        return file_answer(path, "audio/flac", request.headers.get("range"))

    return lambda: [
        get("/study", include_in_schema=False)(study_page),
        post(
            "/study/step",
            summary="A participant's way through a study",
            status_code=200,
            responses=problems(413),
            sync_to_thread=True,
        )(study_step),
        get(
            "/study/sounds/{code:str}",
            summary="A sound of a study",
            responses=problems(404, 416) | ranged("audio/flac"),
        )(study_sound),
    ]


def _take(sitting: Sitting, said: Told) -> None:
    match said:
        case Come():
            pass
        case Agree():
            sitting.consent()
        case FeltBefore():
            sitting.before(Rating(said.valence, said.arousal))
        case Began():
            sitting.began(said.seconds)
        case FeltNow():
            rating = Rating(said.valence, said.arousal)
            sitting.moment(said.asked_at, said.seconds, rating)
        case Left():
            sitting.stopped(said.seconds)
        case Ended():
            sitting.ended(said.seconds)
        case FeltBehind():
            sitting.after(Rating(said.valence, said.arousal), said.liking, said.note)


def _answer(sitting: Sitting, sheet: ListeningList) -> StepAnswer:
    who, step = sitting.participant, sitting.step
    match step:
        case Consent():
            return StepAnswer(step="consent", participant=who, words=step.words)
        case Before():
            return StepAnswer(step="before", participant=who, place=step.place, of=step.of)
        case Hear():
            return _hearing(who, step)
        case After():
            asked = sheet.asked
            return StepAnswer(
                step="after",
                participant=who,
                place=step.place,
                of=step.of,
                ratings=asked.ratings,
                liking=asked.liking,
                note=asked.note,
            )
        case Done():
            return StepAnswer(step="done", participant=who, of=step.of)


def _hearing(who: str, step: Hear) -> StepAnswer:
    return StepAnswer(
        step="hear",
        participant=who,
        place=step.place,
        of=step.of,
        code=step.code,
        start=step.start,
        seconds=step.seconds,
        moments=step.moments,
    )


BODIES: Sequence[type] = (
    Come,
    Agree,
    FeltBefore,
    Began,
    FeltNow,
    Left,
    Ended,
    FeltBehind,
    StepAnswer,
)
