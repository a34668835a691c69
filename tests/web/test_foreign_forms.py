"""Forms that are not ours do nothing, and pages answer under their own names only."""

from http import HTTPStatus

import pytest
from sqlalchemy import select

from mailer.accounts.models import Role, SignIn
from mailer.issues.models import Issue
from mailer.web.security import FormSeal, host_name, origin_of, safe_path
from tests.web.desk_issues import Recipient
from tests.web.office import PASSWORD, Office, OpenOffice
from tests.web.test_roles import NEEDED

POSTS = [path for method, path in NEEDED if method == "POST"]


def state(office: Office) -> str | None:
    """Return the state of the only issue."""
    with office.database.transaction() as session:
        return session.scalar(select(Issue.state))


def test_no_form_works_without_its_token(office: Office) -> None:
    """Missing, empty, wrong, too long: refused before anything is looked at."""
    issue = office.sending([Recipient(unit="市文明办", address="wmb@yunwan.example")])
    browser = office.signed_in(Role.ADMIN)
    office.token(browser)
    for path in POSTS:
        for token in (None, "", "0" * 64, "é", "x" * 300):
            values = {} if token is None else {"csrf": token}
            answer = browser.post(path.format(issue_id=issue.id), data=values)
            assert answer.status_code == HTTPStatus.FORBIDDEN, (path, token)
            assert "did not come from these pages" in answer.text
    assert state(office) == "sending"
    assert browser.get("/issues").status_code == HTTPStatus.OK


def test_the_token_of_another_is_no_token(office: Office) -> None:
    """A token is bound to the sign-in that it was made for."""
    issue = office.sending([Recipient(unit="市文明办", address="wmb@yunwan.example")])
    theirs = office.token(office.signed_in(Role.ADMIN))
    mine = office.signed_in(Role.ADMIN)
    answer = mine.post(f"/issues/{issue.id}/pause", data={"csrf": theirs})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert state(office) == "sending"


FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


def test_a_foreign_origin_is_refused_whatever_its_token(office: Office) -> None:
    """Even a stolen token is of no use to another site; another port is another site, too."""
    issue = office.sending([Recipient(unit="市文明办", address="wmb@yunwan.example")])
    browser = office.signed_in(Role.ADMIN)
    values = {"csrf": office.token(browser)}
    for path in POSTS:
        for headers in FOREIGN:
            answer = browser.post(path.format(issue_id=issue.id), data=values, headers=headers)
            assert answer.status_code == HTTPStatus.FORBIDDEN, (path, headers)
    assert state(office) == "sending"


def test_our_own_origin_is_let_through(office: Office) -> None:
    """A browser that says where the form was is believed when it was here."""
    issue = office.sending([Recipient(unit="市文明办", address="wmb@yunwan.example")])
    browser = office.signed_in(Role.ADMIN)
    answer = browser.post(
        f"/issues/{issue.id}/pause",
        data={"csrf": office.token(browser)},
        headers={"Origin": office.url, "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert state(office) == "paused"


def test_nobody_is_signed_in_from_elsewhere(office: Office) -> None:
    """A foreign page cannot sign a browser in as somebody else: the form cookie is missing."""
    name = office.person(Role.ADMIN)
    token = office.token(office.browser())
    answer = office.browser().post(
        "/sign-in", data={"csrf": token, "name": name, "password": PASSWORD}
    )
    assert answer.status_code == HTTPStatus.FORBIDDEN
    with office.database.transaction() as session:
        assert session.scalar(select(SignIn)) is None


def test_an_unknown_name_is_refused(office: Office) -> None:
    """A page elsewhere that points its own name at this machine gets nothing (DNS rebinding)."""
    browser = office.browser(headers={"Host": "evil.example"})
    for path in ("/sign-in", "/issues", "/issues/1/log.csv"):
        answer = browser.get(path)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert f"These pages answer under {office.url}" in answer.text


def test_a_form_that_is_too_long_is_not_read(office: Office) -> None:
    """Memory is not for strangers to fill, whether the length is told or not."""
    browser = office.browser()
    long = b"csrf=" + b"0" * 40_000
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    told = browser.post("/sign-in", content=long, headers=form)
    untold = browser.post("/sign-in", content=iter([long]), headers=form)
    assert told.status_code == untold.status_code == 413


def test_every_answer_has_the_headers(office: Office) -> None:
    """Pages, refusals, files and what is not there: each is under the strict policy."""
    browser = office.signed_in(Role.VIEWER)
    issue = office.draft()
    css = "/static/desk.css"
    for path in ("/issues", f"/issues/{issue}", "/issues/99", "/nowhere", "/sign-out", css):
        headers = browser.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; "), path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
        assert headers["cache-control"] == "no-store" or path == css, path
        assert "server" not in headers, path


def test_cookies_over_https_cannot_be_read_or_planted(
    open_office: OpenOffice,
) -> None:
    """Under https they are Secure and bound to the host; no script reads them."""
    office = open_office(base_url="https://desk.yunwan.example")
    browser = office.browser(headers={"Host": "desk.yunwan.example"})
    name = office.person(Role.VIEWER)
    shown = browser.get("/sign-in")
    form = shown.headers["set-cookie"]
    assert form.startswith("__Host-jianbao-form=")
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(form.split("; "))
    token = shown.text.partition('name="csrf" value="')[2][:64]
    nonce = form.partition("=")[2].partition(";")[0]
    answer = browser.post(
        "/sign-in",
        data={"csrf": token, "name": name, "password": PASSWORD},
        headers={
            "Cookie": f"__Host-jianbao-form={nonce}",
            "Origin": "https://desk.yunwan.example",
        },
    )
    session = answer.headers.get_list("set-cookie")[0]
    assert session.startswith("__Host-jianbao-session=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(session.split("; "))
    assert "Max-Age=43200" in session


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/" + "x" * 600,
    ],
)
def test_a_sign_in_leads_nowhere_else(wanted: str) -> None:
    """What is not a path of ours leads to the issues."""
    assert safe_path(wanted) == "/issues"


def test_a_sign_in_leads_back() -> None:
    """A path of ours is kept with its query."""
    assert safe_path("/issues/3?q=市文明办&after=4") == "/issues/3?q=市文明办&after=4"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://desk.example/", "https://desk.example"),
        ("https://desk.example:443", "https://desk.example"),
        ("http://DESK.example:8025/path", "http://desk.example:8025"),
        ("http://[::1]:8025", "http://[::1]:8025"),
    ],
)
def test_origins_are_written_as_browsers_do(url: str, origin: str) -> None:
    """Without the usual port, in small letters."""
    assert origin_of(url) == origin


def test_host_names_of_nonsense_are_none() -> None:
    """A header that cannot be parsed names no host."""
    assert [host_name(h) for h in ("[::1", "", "desk.example:80", "[::1]:80")] == [
        "",
        "",
        "desk.example",
        "::1",
    ]


def test_seals_of_different_secrets_differ() -> None:
    """A token is worth nothing under another secret, and nobody's token is never good."""
    one, other = FormSeal(b"a" * 43), FormSeal(b"b" * 43)
    assert one.holds("session:x", one.token("session:x"))
    assert not other.holds("session:x", one.token("session:x"))
    assert not one.holds("form:x", one.token("session:x"))
    assert not one.holds("", one.token(""))
