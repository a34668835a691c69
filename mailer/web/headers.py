"""What every answer carries, and the language that a request is answered in."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.text import LANGUAGES, language

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox"
)
"""For a mail's own HTML: in no frame and no tab does it run a script or reach anything."""
HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: under that, browsers say `Origin: null` for our own forms (Fetch, "append a
    # request Origin header"), and the origin could not be checked. Other sites get nothing either.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_STATIC_CACHE = "public, max-age=31536000, immutable"


class Headers:
    """Middleware: adds :data:`HEADERS` to each answer that does not say otherwise itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through the application."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"].startswith("/static/") and message["status"] == 200:  # noqa: PLR2004 - OK
                    # The address of a file changes with its content.
                    headers.setdefault("Cache-Control", _STATIC_CACHE)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)


class InLanguage:
    """Middleware: answers in the language of the reader's cookie, else in ``usual``."""

    def __init__(self, app: ASGIApp, *, cookie: str, usual: str) -> None:
        self._app = app
        self._cookie = cookie
        self._usual = usual

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer through the application."""
        if scope["type"] == "http":
            wanted = HTTPConnection(scope).cookies.get(self._cookie, "")
            # Never set back: each request has a context of its own, and what is shown when it
            # failed should be in the same language.
            language.set(wanted if wanted in LANGUAGES else self._usual)
        await self._app(scope, receive, send)
