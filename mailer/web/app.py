"""The pages as one application, put together from its parts."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from kombu.exceptions import OperationalError
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from celery_app import app as celery
from mailer.web import counts, deliveries, exports, health, issue_page, issues, mail, sign_in
from mailer.web.desk import Desk
from mailer.web.gates import guard, require_gates
from mailer.web.headers import Headers, InLanguage
from mailer.web.limiting import SignInTries
from mailer.web.pages import environment, static_folder
from mailer.web.refusals import add_handlers
from mailer.web.security import Cookies, FormSeal, origin_of
from mailer.web.streams import Streams
from runtime.process import Runtime
from runtime.redis_client import broker_url
from runtime.secrets import read_secret_key

_LARGEST_FORM = 16 * 1024
_PASSWORDS_AT_ONCE = 4
_PAGES = (sign_in, issues, issue_page, counts, exports, mail, deliveries, health)


def create_app(runtime: Runtime) -> FastAPI:
    """Return the application that shows what is in ``runtime``'s database.

    Raises:
        GateMissingError: an endpoint does not say who may use it.
        Refusal: there is no secret key, see :func:`runtime.secrets.read_secret_key`.

    """
    desk = make_desk(runtime)

    @asynccontextmanager
    async def while_open(_app: FastAPI) -> AsyncIterator[None]:
        yield
        desk.streams.stop()
        desk.tries.close()

    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=_LARGEST_FORM,
        lifespan=while_open,
        dependencies=[Depends(guard)],
        middleware=[
            Middleware(Headers),
            Middleware(InLanguage, cookie=desk.cookies.language, usual=runtime.settings.language),
        ],
    )
    app.state.desk = desk
    for part in _PAGES:
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=static_folder()))
    add_handlers(app)
    require_gates(app)
    return app


def make_desk(runtime: Runtime) -> Desk:
    """Return what the pages share."""
    settings = runtime.settings
    base = urlsplit(settings.base_url)
    return Desk(
        runtime=runtime,
        templates=environment(),
        origin=origin_of(settings.base_url),
        hosts=frozenset({"localhost", "127.0.0.1", "::1", settings.web_host, base.hostname or ""}),
        cookies=Cookies(secure=base.scheme == "https"),
        seal=FormSeal(read_secret_key(settings)),
        tries=SignInTries(runtime.redis_url),
        hashing=threading.BoundedSemaphore(_PASSWORDS_AT_ONCE),
        streams=Streams(),
        wake=_waker(runtime.redis_url),
    )


def _waker(redis_url: str) -> Callable[[str], None]:
    """Return a function that publishes a task; a message that is lost costs a moment."""
    celery.conf.broker_url = broker_url(redis_url)

    def wake(task: str) -> None:
        with suppress(OperationalError, OSError):
            celery.send_task(task, retry=False)

    return wake
