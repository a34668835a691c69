"""For whoever watches over the process: does it live, can it work."""

from functools import cache
from http import HTTPStatus

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from mailer.actions.revisions import DatabaseNotReadyError, head, standing
from mailer.web.desk import desk_of
from mailer.web.gates import for_anyone
from mailer.web.refusals import DatabaseAwayError
from runtime.refusal import Refusal

router = APIRouter(dependencies=[for_anyone])


@router.get("/healthz")
async def tell_health() -> Response:
    """Say that the process answers, whatever else is wrong."""
    return PlainTextResponse("ok")


@router.get("/readyz")
def tell_readiness(request: Request) -> Response:
    """Say whether the database answers and stands where this version needs it."""
    wanted = _head()
    try:
        with desk_of(request).runtime.database.engine.connect() as connection:
            found = standing(connection)
    except SQLAlchemyError:
        return _not_ready(DatabaseAwayError())
    if found != wanted:
        return _not_ready(DatabaseNotReadyError(found=found or "-", wanted=wanted))
    return PlainTextResponse("ready")


def _not_ready(refusal: Refusal) -> Response:
    return PlainTextResponse(refusal.in_english(), HTTPStatus.SERVICE_UNAVAILABLE)


@cache
def _head() -> str:
    """Read the newest migration once: it comes with the code, and health is asked often."""
    return head()
