"""What keeps other sites out: cookies, sealed forms, origins, and where a sign-in may lead.

Everything here is a rule over values; :mod:`mailer.web.gates` applies the rules to requests.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from runtime.secrets import derive_key

HOME = "/issues"
"""Where a sign-in leads that was not on the way to a page."""
_LONGEST_PATH = 500
_FORM_HOURS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Cookies:
    """The names and properties of our cookies; ``secure`` where the pages are reached by https.

    ``__Host-`` makes a browser refuse a cookie that a neighbouring host has set for ours.
    """

    secure: bool

    @property
    def session(self) -> str:
        """The cookie that holds the token of a sign-in."""
        return self._named("jianbao-session")

    @property
    def form(self) -> str:
        """The cookie that forms are bound to where nobody is signed in."""
        return self._named("jianbao-form")

    @property
    def language(self) -> str:
        """The cookie that remembers in which language the pages are read."""
        return self._named("jianbao-language")

    def keep(
        self,
        response: Response,
        name: str,
        value: str,
        *,
        seconds: int,
        # Lax, not Strict, for the session: a link in a mail or a chat opens the page it names.
        site: Literal["lax", "strict"] = "lax",
    ) -> None:
        """Have the browser keep a cookie that no script can read."""
        response.set_cookie(
            name, value, max_age=seconds, httponly=True, secure=self.secure, samesite=site
        )

    def drop(self, response: Response, name: str) -> None:
        """Have the browser forget a cookie."""
        response.delete_cookie(name, httponly=True, secure=self.secure, samesite="lax")

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name


class FormSeal:
    """Makes and checks the tokens of forms: an HMAC over what only this browser holds."""

    def __init__(self, secret: bytes) -> None:
        self._key = derive_key(secret, "csrf")

    def token(self, holder: str) -> str:
        """Return the token for the forms of ``holder``, see :func:`holder_of`."""
        return hmac.new(self._key, holder.encode(), hashlib.sha256).hexdigest()

    def holds(self, holder: str, token: str) -> bool:
        """Return whether ``token`` is that of ``holder``; nobody's is never."""
        return bool(holder) and hmac.compare_digest(self.token(holder).encode(), token.encode())


def holder_of(request: Request, cookies: Cookies) -> str:
    """Return what tells this browser from others: its sign-in, or else its form cookie."""
    session = request.cookies.get(cookies.session, "")
    if session:
        return f"session:{session}"
    form = request.cookies.get(cookies.form, "")
    return f"form:{form}" if form else ""


def give_form_cookie(response: Response, cookies: Cookies, nonce: str) -> None:
    """Have the browser keep ``nonce``, so that its forms can be told from others'."""
    cookies.keep(response, cookies.form, nonce, seconds=_FORM_HOURS * 3600, site="strict")


def new_nonce() -> str:
    """Return a value for the form cookie that nobody can guess."""
    return secrets.token_urlsafe(24)


def origin_of(url: str) -> str:
    """Return the origin of ``url`` as browsers write it: https://desk.example:8443."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (
        f":{parts.port}" if parts.port not in (None, usual) else ""
    )


def host_name(authority: str) -> str:
    """Return the host of a Host header in small letters, without port; empty if it has none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def path_and_query(request: Request) -> str:
    """Return what of the address names the page, to come back to it."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}"


def safe_path(wanted: str) -> str:
    """Return ``wanted`` if it is a path of these pages, else :data:`HOME`.

    Browsers take two slashes at the beginning, of either kind, for the name of another host, also
    with control characters between them.
    """
    harmless = (
        len(wanted) <= _LONGEST_PATH
        and wanted.startswith("/")
        and not wanted.startswith("//")
        and "\\" not in wanted
        and wanted.isprintable()
    )
    return wanted if harmless else HOME
