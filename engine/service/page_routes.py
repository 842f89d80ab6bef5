"""What the service's page asks beside what programs ask: words for feelings and for a session's
way, and how it was afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from litestar import get, post
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body, Parameter

from engine.listener.ratings import Rating
from engine.service.routes import Id, hall_of, problems
from engine.service.seen import (
    FeelingMeant,
    FeelingSaid,
    FeelingsAnswer,
    FeltAfter,
    WayAnswer,
    WaysAnswer,
    feelings_answer,
    meant,
    way_answer,
    ways_answer,
)


async def list_feelings() -> FeelingsAnswer:
    """Every word with its place, its other forms, and ways that are offered."""
    return feelings_answer()


def find_feeling(data: Annotated[FeelingSaid, Body()]) -> FeelingMeant:
    """By what somebody typed: 'a bit sad today' is sad. Nothing of it is kept."""
    return meant(data)


def list_ways(
    state: State,
    limit: Annotated[int, Parameter(ge=1, le=50, description="How many at most.")] = 8,
) -> WaysAnswer:
    """The newest first."""
    return ways_answer(hall_of(state), limit)


def get_way(state: State, session: Id) -> WayAnswer:
    """As it stands now: what was steered is in it."""
    return way_answer(hall_of(state), session)


def rate_session(state: State, session: Id, data: Annotated[FeltAfter, Body()]) -> None:
    """How the listener feels behind it, in place of what was said before; without both sliders
    that is taken back."""
    hall = hall_of(state)
    hall.job(session)
    record = hall.library.listener
    rating = Rating(data.valence, data.arousal)
    if rating.is_none:
        record.take_back(session, "after")
    else:
        record.rate(session, "after", rating, datetime.now(UTC))


def make_page_routes() -> list[HTTPRouteHandler]:
    """All of them, for one application; each in a thread, since they read the library."""
    one = "/sessions/{session:str}"
    return [
        get("/feelings", summary="The feelings that are known", responses=problems())(
            list_feelings
        ),
        post(
            "/feelings",
            summary="The feeling that somebody means",
            status_code=200,
            responses=problems(413),
            sync_to_thread=True,
        )(find_feeling),
        get(
            "/ways",
            summary="The newest sessions in words",
            responses=problems(),
            sync_to_thread=True,
        )(list_ways),
        get(
            f"{one}/way",
            summary="Its way over the plane, and what is played",
            responses=problems(404),
            sync_to_thread=True,
        )(get_way),
        post(
            f"{one}/rating",
            summary="How it was",
            status_code=204,
            responses=problems(404, 413),
            sync_to_thread=True,
        )(rate_session),
    ]
