"""What can be asked of the service, as Litestar's handlers. Each answers what ``answers.py`` has,
or a ``Problem``."""

from __future__ import annotations

import re
from asyncio import to_thread
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter, QueryParameter
from litestar.response import Stream

from engine.audio.format import frames_of
from engine.description.described import Document
from engine.plan.clock import MAX_MINUTES
from engine.service.answers import Problem, SessionAnswer, SessionsAnswer, session_answer
from engine.service.asked import (
    MAX_SEED,
    Deed,
    EaseNow,
    GoOnNow,
    HoldNow,
    SessionAsked,
    ShapeTo,
    SkipNow,
    SteerTo,
)
from engine.service.events import told
from engine.service.hall import Hall
from engine.service.later import from_frame
from engine.service.refusals import GoneError, NotPlayingError
from engine.service.results import PlanAnswer, description_of, plan_answer, score_of, sidecar_of
from engine.service.sound import cut_short, grown, part
from engine.sidecar import SessionReport

Id = Annotated[
    str,
    Parameter(pattern=r"^\d{8}-\d{6}-[0-9a-z]{2}$", description="As POST /sessions answered it."),
]
PAGE = 50
RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def problems(*codes: int) -> dict[int, ResponseSpec]:
    """The error answers of a route."""
    said = {
        400: "What was asked for is not understood, or can't be done",
        401: "The token is missing or wrong",
        403: "A page of another origin asked",
        404: "There is no such session",
        409: "It is over, or has not begun yet",
        408: "The body did not come",
        410: "Its sound is kept no more",
        413: "The body is too long",
        416: "The range lies outside the file",
        429: "Too much is waiting; Retry-After says when to ask again",
        503: "Too many ask at once; Retry-After says when to ask again",
        507: "The disk is full",
    }
    return {
        code: ResponseSpec(Problem, generate_examples=False, description=said[code])
        for code in (400, 401, 403, 503, *((408,) if 413 in codes else ()), *codes)
    }


def streamed(kind: str) -> dict[int, ResponseSpec]:
    """What is no JSON."""
    return {200: ResponseSpec(bytes, False, "All of it, as it comes", kind)}


def ranged(kind: str) -> dict[int, ResponseSpec]:
    return {206: ResponseSpec(bytes, False, "The range that was asked for", kind)}


def hall_of(state: State) -> Hall:
    found: Hall = state.hall
    return found


async def submit(state: State, data: JSONBody[SessionAsked]) -> Response[SessionAnswer]:
    """It is composed as soon as there is room for it."""
    answer = await to_thread(_submitted, hall_of(state), data)
    return Response(answer, headers={"Location": f"/sessions/{answer.id}"})


def _submitted(hall: Hall, asked: SessionAsked) -> SessionAnswer:
    answer = session_answer(hall, hall.submit(asked))
    return msgspec.structs.replace(answer, help=asked.help_here)


async def list_sessions(
    state: State,
    limit: Annotated[int, Parameter(ge=1, le=200, description="How many at most.")] = PAGE,
    before: Annotated[
        int | None,
        Parameter(ge=0, le=MAX_SEED, description="Only older ones: as the page before says it."),
    ] = None,
) -> SessionsAnswer:
    """A page of them; ``before`` of the answer asks for the next one."""
    return await to_thread(_listed, hall_of(state), limit, before)


def _listed(hall: Hall, limit: int, before: int | None) -> SessionsAnswer:
    jobs = hall.jobs()
    if before is not None:
        jobs = tuple(job for job in jobs if job.number < before)
    shown = tuple(session_answer(hall, job) for job in jobs[:limit])
    return SessionsAnswer(shown, jobs[limit - 1].number if len(jobs) > limit else None)


async def get_session(state: State, session: Id, request: Request[Any, Any, Any]) -> Response[Any]:
    """State, progress and the time left. To who accepts 'text/event-stream', as a browser's
    EventSource does: server-sent events 'status' with the same, whenever it changes, until the
    session is over."""
    hall = hall_of(state)
    answer = session_answer(hall, hall.job(session))
    if "text/event-stream" in request.headers.get("accept", "").lower():
        return Stream(told(hall, session), media_type="text/event-stream")
    return Response(answer)


async def delete_session(state: State, session: Id) -> None:
    """Cancels one that waits or runs: what was composed of it is kept. Removes one that is over."""
    await to_thread(hall_of(state).end, session)


async def steer_session(state: State, session: Id, data: JSONBody[Deed]) -> SessionAnswer:
    """As a listener's keys do. It is heard within some seconds of what is composed then; a 'live'
    session keeps close to who listens. The plan says when it is heard."""
    hall = hall_of(state)
    runner = hall.playing(session)
    match data:
        case SteerTo():
            runner.steer(*data.affect())
        case EaseNow():
            runner.ease()
        case SkipNow():
            runner.skip()
        case ShapeTo():
            runner.shape(data.faders)
        case HoldNow() | GoOnNow():
            hall.hold(session, isinstance(data, HoldNow))
    return session_answer(hall, hall.job(session))


async def get_plan(state: State, session: Id) -> PlanAnswer:
    """Its path, its clips and what was done while it played."""
    return await to_thread(plan_answer, hall_of(state), session)


async def get_midi(state: State, session: Id) -> Response[bytes]:
    """Its score, of the embedded composer, with what was done so far."""
    data = await to_thread(score_of, hall_of(state), session)
    return Response(data, media_type="audio/midi")


async def get_description(state: State, session: Id) -> Document:
    """What it is, in ten features and bar by bar, as 'musmed describe' says it of its score."""
    return await to_thread(description_of, hall_of(state), session)


async def get_sidecar(state: State, session: Id) -> Response[bytes]:
    """What was measured of a finished session, as 'musmed render' writes it beside the sound."""
    hall = hall_of(state)
    hall.job(session)
    data = await to_thread(sidecar_of, hall, session)
    if data is None:
        raise NotPlayingError("There is a sidecar once the session is finished.")
    return Response(data, media_type="application/json")


async def get_audio(
    state: State,
    session: Id,
    request: Request[Any, Any, Any],
    kind: Annotated[
        Literal["flac", "ogg"],
        QueryParameter(name="format", description="FLAC of 24 bits, or Ogg Vorbis."),
    ] = "flac",
    begin: Annotated[
        float,
        QueryParameter(
            name="from",
            ge=0,
            le=MAX_MINUTES * 60,
            description="The session second it begins at: later ones are a stream.",
        ),
    ] = 0.0,
) -> Response[Any]:
    """While it is composed, a stream from its beginning that ends where it does; then a file, of
    which a Range can be asked for."""
    hall = hall_of(state)

    def whole() -> bool:
        return not hall.cut(session)

    settled: Callable[[], bool] = partial(hall.settled, session)
    path, over = hall.sound(session), settled()
    if over and not path.is_file():
        raise GoneError("There is no sound of this session any more.")
    if begin:
        later = from_frame(
            path,
            frames_of(begin),
            suffix=f".{kind}",
            taken=partial(hall.taken, session),
            settled=settled,
        )
        return Stream(cut_short(later, whole), media_type=f"audio/{kind}")
    if kind == "ogg":
        path, settled = await to_thread(hall.ogg, session)
        whole = path.is_file
    media = f"audio/{kind}"
    if not path.is_file():
        frames = frames_of(hall.job(session).seconds) if kind == "flac" else None
        return Stream(cut_short(grown(path, settled, frames), whole), media_type=media)
    return file_answer(path, media, request.headers.get("range"))


def file_answer(path: Path, media: str, said: str | None) -> Response[Any]:
    """A file that is whole, or the range of it that was ``said``."""
    size = path.stat().st_size
    found = range_of(said, size)
    first, count = found or (0, size)
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(count)}
    status = 200
    if found is not None:
        status = 206
        headers["Content-Range"] = f"bytes {first}-{first + count - 1}/{size}"
    return Stream(part(path, first, count), media_type=media, headers=headers, status_code=status)


def range_of(said: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and how many, of a file of ``size``; None for what is no single range.
    Raises Litestar's exception for one that lies outside."""
    found = None if said is None else RANGE.fullmatch(said.strip())
    if found is None or found.group() == "bytes=-":
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    begin = max(0, size - int(last)) if not first else int(first)
    end = size - 1 if not first or not last else min(int(last), size - 1)
    if begin > end:
        raise HTTPException(
            status_code=416,
            detail=f"The file has {size} bytes.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return begin, end - begin + 1


def make_routes() -> list[HTTPRouteHandler]:
    """All of them, for one application: a handler belongs to the first that takes it."""
    one = "/sessions/{session:str}"
    return [
        post("/sessions", summary="Ask for a session", responses=problems(413, 429, 507))(submit),
        get("/sessions", summary="The sessions, the newest first", responses=problems())(
            list_sessions
        ),
        get(
            one,
            summary="How it stands",
            responses=problems(404) | {200: ResponseSpec(SessionAnswer, False, "How it stands")},
        )(get_session),
        delete(one, summary="Cancel or remove it", responses=problems(404))(delete_session),
        post(
            f"{one}/steer",
            summary="Change it while it plays",
            status_code=202,
            responses=problems(404, 409, 413),
        )(steer_session),
        get(
            f"{one}/audio",
            summary="Its sound",
            responses=problems(404, 410, 416) | streamed("audio/*") | ranged("audio/*"),
        )(get_audio),
        get(f"{one}/plan", summary="Its plan", responses=problems(404))(get_plan),
        get(f"{one}/midi", summary="Its score", responses=problems(404) | streamed("audio/midi"))(
            get_midi
        ),
        get(f"{one}/description", summary="What it is", responses=problems(404))(get_description),
        get(
            f"{one}/sidecar",
            summary="What was measured of it",
            responses=problems(404, 409)
            | {200: ResponseSpec(SessionReport, False, "As beside a rendering")},
        )(get_sidecar),
    ]
