"""The inbox in a browser: the list, one message, its HTML in a cage, its source.

A hostile mail can do nothing here. Its HTML is only ever served by itself, under a policy that
forbids scripts, forms, frames and everything remote, and is shown in a sandboxed frame: even opened
in a tab of its own it runs nothing and has no origin. Links open in a new tab, by a click only.
"""

import re
from datetime import datetime
from http import HTTPStatus

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.inbox.mail import read_headers, read_mail
from mailer.inbox.store import Answer, Kept, MessageStore, read_message
from runtime.paths import shipped
from runtime.text import language, translate, translate_plural

PAGE = 50
"""Messages on one page of the list."""
_SHOWN_HEADERS = 65_536
_TEMPLATES = shipped("templates") / "web" / "inbox"
_HEAD = re.compile(r"<head(?:\s[^>]*)?>|<html(?:\s[^>]*)?>|^\s*<!doctype[^>]*>", re.IGNORECASE)
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
_PAGE_POLICY = _POLICY + "style-src 'self'; frame-src 'self'"
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def inbox_app(store: MessageStore, *, hosts: tuple[str, ...] = ()) -> Starlette:
    """Return the application that shows ``store``.

    It answers to the names of the loopback and to ``hosts`` only, so that a page elsewhere cannot
    read it by pointing a name of its own at this machine (DNS rebinding).
    """
    pages = _Pages(store)
    allowed = ["localhost", "127.0.0.1", *hosts]
    return Starlette(
        routes=[
            Route("/", pages.show_list),
            Route("/inbox.css", pages.show_style),
            Route("/messages/{number:int}", pages.show_message),
            Route("/messages/{number:int}/html", pages.show_html),
            Route("/messages/{number:int}/source", pages.show_source),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=allowed)],
    )


class _Pages:
    """The pages. Each reads files, so Starlette runs them in threads, beside the SMTP sessions."""

    def __init__(self, store: MessageStore) -> None:
        self._store = store
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(_=translate, ngettext=translate_plural, Answer=Answer)
        self._templates.filters.update(size=_size, local=_local)

    def show_list(self, request: Request) -> Response:
        query = request.query_params.get("q", "").strip()[:200]
        found = self._find(query)
        pages = max(1, -(-len(found) // PAGE))
        page = min(max(1, _number(request.query_params.get("page", ""))), pages)
        rows = [
            (number, kept, read_headers(read_message(kept, limit=_SHOWN_HEADERS)))
            for number, kept in found[(page - 1) * PAGE : page * PAGE]
        ]
        return self._page(
            "list.html", rows=rows, query=query, page=page, pages=pages, total=len(found)
        )

    def show_message(self, request: Request) -> Response:
        kept = self._kept(request)
        if kept is None:
            return self._page("missing.html", status=HTTPStatus.NOT_FOUND)
        mail = read_mail(read_message(kept))
        return self._page(
            "message.html", number=request.path_params["number"], kept=kept, mail=mail
        )

    def show_html(self, request: Request) -> Response:
        kept = self._kept(request)
        mail = read_mail(read_message(kept)) if kept else None
        if mail is None or mail.html is None:
            return self._page("missing.html", status=HTTPStatus.NOT_FOUND)
        return HTMLResponse(
            _with_links_outside(mail.html),
            headers=_HEADERS | {"Content-Security-Policy": _MAIL_POLICY},
        )

    def show_source(self, request: Request) -> Response:
        kept = self._kept(request)
        if kept is None:
            return self._page("missing.html", status=HTTPStatus.NOT_FOUND)
        name = f"message-{request.path_params['number']}.eml"
        return Response(
            read_message(kept),
            media_type="message/rfc822",
            headers=_HEADERS
            | {
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    def show_style(self, _request: Request) -> Response:
        style = (_TEMPLATES / "inbox.css").read_text("utf-8")
        return Response(style, media_type="text/css", headers=_HEADERS)

    def _find(self, query: str) -> list[tuple[int, Kept]]:
        """Return the messages to show, newest first, each with its number from one."""
        numbered = list(enumerate(self._store.messages, start=1))[::-1]
        wanted = query.casefold()
        return [
            (number, kept)
            for number, kept in numbered
            if not wanted or wanted in " ".join((*kept.rcpt_to, kept.message_id)).casefold()
        ]

    def _kept(self, request: Request) -> Kept | None:
        number = request.path_params["number"]
        messages = self._store.messages
        return messages[number - 1] if 1 <= number <= len(messages) else None

    def _page(self, name: str, *, status: int = HTTPStatus.OK, **values: object) -> Response:
        lang = language.get().replace("_", "-")
        content = self._templates.get_template(name).render(lang=lang, **values)
        headers = _HEADERS | {"Content-Security-Policy": _PAGE_POLICY}
        return HTMLResponse(content, status_code=status, headers=headers)


def _with_links_outside(content: str) -> str:
    """Have links open outside the frame, which could show nothing but another mail's HTML."""
    heads = {match[0][:5].lower(): match.end() for match in reversed(list(_HEAD.finditer(content)))}
    place = heads.get("<head", heads.get("<html", max(heads.values(), default=0)))
    return f'{content[:place]}<base target="_blank">{content[place:]}'


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1  # noqa: PLR2004 - more is no page


def _size(octets: int) -> str:
    """Return a size as people read it, in steps of 1,024."""
    if octets < 1024:  # noqa: PLR2004 - one KiB
        return f"{octets} B"
    if octets < 1024 * 1024:
        return f"{octets / 1024:.0f} KB"
    return f"{octets / 1024 / 1024:.1f} MB"


def _local(instant: datetime) -> str:
    """Return an instant in this machine's zone."""
    return instant.astimezone().strftime("%Y-%m-%d %H:%M:%S")
