"""What can be asked of the service, as Litestar's handlers. Each answers what ``answers.py`` has,
or a ``Problem``."""

from __future__ import annotations

import re
from asyncio import to_thread
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, Parameter
from litestar.response import Stream

from engine.service.answers import Problem, SessionAnswer, SessionsAnswer, session_answer
from engine.service.asked import SessionAsked
from engine.service.hall import Hall
from engine.service.sound import grown, part

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
        410: "Its sound is kept no more",
        413: "The body is too long",
        416: "The range lies outside the file",
        429: "Too much is waiting; Retry-After says when to ask again",
        507: "The disk is full",
    }
    return {
        code: ResponseSpec(Problem, generate_examples=False, description=said[code])
        for code in (400, 401, 403, *codes)
    }


def hall_of(state: State) -> Hall:
    found: Hall = state.hall
    return found


async def submit(state: State, data: JSONBody[SessionAsked]) -> Response[SessionAnswer]:
    """It is composed as soon as there is room for it."""
    answer = await to_thread(_submitted, hall_of(state), data)
    return Response(answer, headers={"Location": f"/sessions/{answer.id}"})


def _submitted(hall: Hall, asked: SessionAsked) -> SessionAnswer:
    return session_answer(hall, hall.submit(asked))


async def list_sessions(
    state: State,
    limit: Annotated[int, Parameter(ge=1, le=200, description="How many at most.")] = PAGE,
    before: Annotated[
        str | None,
        Parameter(pattern=r"^\d{8}-\d{6}-[0-9a-z]{2}$", description="Only older ones than this."),
    ] = None,
) -> SessionsAnswer:
    """A page of them; ``before`` of the answer asks for the next one."""
    return await to_thread(_listed, hall_of(state), limit, before)


def _listed(hall: Hall, limit: int, before: str | None) -> SessionsAnswer:
    jobs = hall.jobs()
    if before is not None:
        number = hall.job(before).number
        jobs = tuple(job for job in jobs if job.number < number)
    shown = tuple(session_answer(hall, job) for job in jobs[:limit])
    return SessionsAnswer(shown, shown[-1].id if len(jobs) > limit else None)


async def get_session(state: State, session: Id) -> SessionAnswer:
    """State, progress and the time left."""
    hall = hall_of(state)
    return session_answer(hall, hall.job(session))


async def delete_session(state: State, session: Id) -> None:
    """Cancels one that waits or runs: what was composed of it is kept. Removes one that is over."""
    await to_thread(hall_of(state).end, session)


AUDIO = {
    200: ResponseSpec(
        bytes, generate_examples=False, media_type="audio/flac", description="All, or a stream"
    ),
    206: ResponseSpec(
        bytes, generate_examples=False, media_type="audio/flac", description="A range of it"
    ),
}


async def get_audio(state: State, session: Id, request: Request[Any, Any, Any]) -> Response[Any]:
    """While it is composed, a stream from its beginning that ends where it does; then a file, of
    which a Range can be asked for."""
    hall = hall_of(state)
    path = hall.sound(session)
    if not path.is_file():
        if hall.settled(session):
            raise HTTPException(status_code=410, detail="There is no sound of this session.")
        return Stream(grown(hall, session, path), media_type="audio/flac")
    size = path.stat().st_size
    first, count = range_of(request.headers.get("range"), size)
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(count)}
    status = 200
    if count != size:
        status = 206
        headers["Content-Range"] = f"bytes {first}-{first + count - 1}/{size}"
    return Stream(
        part(path, first, count), media_type="audio/flac", headers=headers, status_code=status
    )


def range_of(said: str | None, size: int) -> tuple[int, int]:
    """The first byte and how many, of a file of ``size``; all of it for what is no single range.
    Raises Litestar's exception for one that lies outside."""
    found = None if said is None else RANGE.fullmatch(said.strip())
    if found is None or found.group() == "bytes=-":
        return 0, size
    first, last = found.groups()
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
        get("/sessions", summary="The sessions, the newest first", responses=problems(404))(
            list_sessions
        ),
        get(one, summary="How it stands", responses=problems(404))(get_session),
        delete(one, summary="Cancel or remove it", responses=problems(404))(delete_session),
        get(f"{one}/audio", summary="Its sound", responses=problems(404, 410, 416) | AUDIO)(
            get_audio
        ),
    ]
