"""What every page works with; put together once, by :mod:`mailer.web.app`."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from jinja2 import Environment
from starlette.requests import Request

from mailer.web.limiting import SignInTries
from mailer.web.security import Cookies, FormSeal
from mailer.web.streams import Streams
from runtime.process import Runtime


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """The parts that pages share.

    ``origin`` is that of the base URL; ``hosts`` are the names under which the pages answer;
    ``hashing`` bounds how many passwords are checked at once, since each takes 64 MiB; ``wake``
    publishes a task by its name and may be lost.
    """

    runtime: Runtime
    templates: Environment
    origin: str
    hosts: frozenset[str]
    cookies: Cookies
    seal: FormSeal
    tries: SignInTries
    hashing: threading.BoundedSemaphore
    streams: Streams
    wake: Callable[[str], None]


def desk_of(request: Request) -> Desk:
    """Return the desk of the application that got ``request``."""
    return cast("Desk", request.app.state.desk)
