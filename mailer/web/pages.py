"""Pages from templates: what every one of them has, and how a value is written."""

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mailer.accounts.models import Role
from mailer.actions.exporting import local
from mailer.actions.wording import state_word
from mailer.deliveries.states import DeliveryState
from mailer.web.desk import desk_of
from mailer.web.security import HOME, give_form_cookie, holder_of, new_nonce, path_and_query
from mailer.web.standing import Standing, advice, standing_of
from mailer.web.telling import answer_of
from runtime.paths import shipped
from runtime.text import LANGUAGES, language, translate_plural
from runtime.text import translate as _

_NAMES = {"zh_CN": "中文", "en": "English"}


def static_folder() -> Path:
    """Return the folder of the style sheet and the script."""
    return shipped("templates") / "web" / "static"


def environment() -> Environment:
    """Return the templates of the pages. A name that a page forgot is an error, not a gap."""
    made = Environment(
        loader=FileSystemLoader(shipped("templates") / "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    versions = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        for file in static_folder().iterdir()
    }
    made.globals.update(
        _=_,
        ngettext=translate_plural,
        static=lambda name: f"/static/{name}?v={versions[name]}",
        state_word=state_word,
        role_word=role_word,
        standing_of=lambda state: standing_of(DeliveryState(state)),
        advice=lambda state: advice(DeliveryState(state)),
        Standing=Standing,
    )
    made.filters.update(local=local, long_date=long_date, answer=answer_of)
    return made


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """Return a page. A browser that has nothing of ours yet gets a cookie for its forms."""
    desk = desk_of(request)
    holder = holder_of(request, desk.cookies)
    nonce = "" if holder else new_nonce()
    content = desk.templates.get_template(template).render(
        visitor=getattr(request.state, "visitor", None),
        csrf=desk.seal.token(holder or f"form:{nonce}"),
        lang=language.get().replace("_", "-"),
        other_languages=[(code, _NAMES[code]) for code in LANGUAGES if code != language.get()],
        here=path_and_query(request) if request.method == "GET" else HOME,
        **values,
    )
    response = HTMLResponse(content, status_code=status, headers=headers)
    if nonce:
        give_form_cookie(response, desk.cookies, nonce)
    return response


def role_word(role: Role) -> str:
    """Return a role in the current language."""
    match role:
        case Role.VIEWER:
            return _("viewer")
        case Role.EDITOR:
            return _("editor")
        case Role.APPROVER:
            return _("approver")
        case Role.ADMIN:
            return _("admin")


def long_date(day: date | None) -> str:
    """Return a date as the current language writes it in full; empty for None."""
    return format_date(day, format="long", locale=language.get()) if day else ""
