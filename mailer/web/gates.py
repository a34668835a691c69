"""Who may pass: every endpoint names its gate, and :func:`require_gates` refuses one without.

:func:`guard` stands before all of them, for the host, the origin and the token of a form.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import Mount

from mailer.accounts.models import Role
from mailer.accounts.users import signed_in
from mailer.web.desk import Desk, desk_of
from mailer.web.security import holder_of, host_name
from runtime.clock import now
from runtime.refusal import Refusal

PROBES = frozenset({"/healthz", "/readyz"})
"""Asked by machines, under whatever name they know."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_TOKEN = 200


class SignInNeededError(Refusal):
    """Sign in to see this."""


class RoleMissingError(Refusal):
    """This needs the role “{needed}”, and yours is “{role}”. Ask an admin of Jianbao for it."""


class ForeignFormError(Refusal):
    """The form did not come from these pages, or you have signed in or out since it was opened. Go
    back, load the page again, and repeat.
    """


class UnknownHostError(Refusal):
    """These pages answer under {url}. Open that address; if another is used, set MAILER_BASE_URL to
    it.
    """


class GateMissingError(RuntimeError):
    """An endpoint does not say who may use it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """A person who is signed in."""

    name: str
    role: Role

    @property
    def actor(self) -> str:
        """Return the name that events carry."""
        return f"web:{self.name}"

    @property
    def may_steer(self) -> bool:
        """Return whether this person may change an issue's state."""
        return self.role.includes(Role.APPROVER)


@dataclass(frozen=True, slots=True)
class RoleGate:
    """Lets through who is signed in with a role that includes ``role``."""

    role: Role

    def __call__(self, request: Request) -> Visitor:
        """Return who asks.

        Raises:
            SignInNeededError: nobody is signed in.
            RoleMissingError: the person may do less.

        """
        visitor = visitor_of(desk_of(request), request)
        if visitor is None:
            raise SignInNeededError
        request.state.visitor = visitor
        if not visitor.role.includes(self.role):
            raise RoleMissingError(needed=self.role, role=visitor.role)
        return visitor


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Lets everybody through; an endpoint has to say so."""

    async def __call__(self) -> None:
        """Let through."""


Viewer = Annotated[Visitor, Depends(RoleGate(Role.VIEWER))]
Approver = Annotated[Visitor, Depends(RoleGate(Role.APPROVER))]
for_anyone = Depends(OpenGate())


def visitor_of(desk: Desk, request: Request) -> Visitor | None:
    """Return who is signed in, looking it up in the database; None if nobody is."""
    token = request.cookies.get(desk.cookies.session, "")
    if not token:
        return None
    with desk.runtime.database.transaction() as session:
        user = signed_in(session, token, now=now())
        return Visitor(name=user.name, role=Role(user.role)) if user else None


async def guard(request: Request) -> None:
    """Refuse a request under a foreign name, and a form that is not from these pages.

    The host is checked against DNS rebinding; origin and token, each by itself, against forged
    forms. A browser that tells no origin still has to bring the token.

    Raises:
        UnknownHostError: the name in the Host header is not ours.
        ForeignFormError: the origin is another's, or the token is missing or wrong.

    """
    desk = desk_of(request)
    host = request.headers.get("host", "").lower()
    if host_name(host) not in desk.hosts and request.url.path not in PROBES:
        raise UnknownHostError(url=desk.origin)
    if request.method in _SAFE:
        return
    origin = request.headers.get("origin")
    if origin is not None and origin not in (desk.origin, f"{request.url.scheme}://{host}"):
        raise ForeignFormError
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignFormError
    token = (await request.form()).get("csrf", "")
    if (
        not isinstance(token, str)
        or len(token) > _LONGEST_TOKEN
        or not desk.seal.holds(holder_of(request, desk.cookies), token)
    ):
        raise ForeignFormError


def require_gates(app: FastAPI) -> None:
    """Raise :class:`GateMissingError` unless each endpoint has one gate, behind the guard."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, Mount):
            continue
        calls = _calls(getattr(route, "dependant", None))
        if sum(isinstance(call, RoleGate | OpenGate) for call in calls) != 1 or guard not in calls:
            raise GateMissingError(getattr(route, "path", route))


def _calls(dependant: Dependant | None) -> list[object]:
    """Return everything that is called before an endpoint."""
    if dependant is None:
        return []
    inner = [call for dependency in dependant.dependencies for call in _calls(dependency)]
    return [*inner, *(dependency.call for dependency in dependant.dependencies)]
