"""Health, readiness, and what is shown when something is wrong."""

from collections.abc import Iterator
from http import HTTPStatus

import psycopg
import pytest
from fastapi import FastAPI

from mailer.accounts.models import Role
from mailer.web.gates import for_anyone
from runtime.database import Database
from tests.web.office import Office, OpenOffice

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"


@pytest.fixture
def away() -> Iterator[Database]:
    """A database that does not answer."""
    database = Database(NOWHERE)
    yield database
    database.close()


def test_it_lives_and_is_ready(office: Office) -> None:
    """Both probes answer without a sign-in, and under whatever name the prober knows."""
    browser = office.browser(headers={"Host": "10.1.2.3"})
    assert browser.get("/healthz").text == "ok"
    assert browser.get("/readyz").text == "ready"


def test_without_its_database_it_lives_but_is_not_ready(
    open_office: OpenOffice, away: Database
) -> None:
    """The process is not killed for it, traffic goes elsewhere, and people are told to wait."""
    browser = open_office(away=away).browser()
    assert browser.get("/healthz").status_code == HTTPStatus.OK
    ready = browser.get("/readyz")
    assert ready.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "The database does not answer" in ready.text
    assert "127.0.0.1" not in ready.text
    browser.cookies.set("jianbao-session", "anything")
    page = browser.get("/issues")
    assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert page.headers["retry-after"] == "5"
    assert "The database does not answer just now" in page.text


def test_an_older_database_is_not_ready(office: Office) -> None:
    """A version that was started before its migration says what to run."""
    with psycopg.connect(office.runtime.owner_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    ready = office.browser().get("/readyz")
    assert ready.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "The database stands at 0000" in ready.text
    assert "mailer init" in ready.text


def test_a_failure_tells_nothing_of_its_cause(office: Office) -> None:
    """Whatever breaks, the answer is a plain sentence under the strict policy."""
    app = office.server.config.app
    assert isinstance(app, FastAPI)

    @app.get("/broken", dependencies=[for_anyone])
    def broken() -> None:
        raise LookupError("the secret is 42")

    answer = office.browser().get("/broken")
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.text.startswith("Something went wrong on our side")
    assert "42" not in answer.text


def test_what_is_not_there_is_not_found(office: Office) -> None:
    """Unknown paths, numbers that are none, and methods that a page does not know."""
    browser = office.signed_in(Role.ADMIN)
    issue = office.draft()
    for path in (
        "/nowhere",
        "/issues/",
        "/issues/0",
        "/issues/x",
        "/issues/2147483648",
        "/issues/99",
        "/issues/99/counts",
        "/issues/99/mail",
        "/issues/99/log.csv",
        "/issues/99/deliveries/1",
        f"/issues/{issue}/deliveries/1",
        f"/issues/{issue}/deliveries/9223372036854775808",
        f"/issues/{issue}/deliveries/1/mail",
        "/static/../desk.html",
        "/static/%2e%2e/desk.html",
        "/static/nothing.css",
        "/docs",
        "/openapi.json",
    ):
        assert browser.get(path).status_code == HTTPStatus.NOT_FOUND, path
    assert browser.put("/issues").status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert browser.get("/sign-out").status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_values_out_of_bounds_are_refused(office: Office) -> None:
    """Each parameter has its bounds; the answer names the one that is wrong."""
    browser = office.signed_in(Role.VIEWER)
    issue = office.draft()
    for path, name in (
        ("/issues?page=0", "page"),
        ("/issues?page=x", "page"),
        ("/issues?page=99999999999", "page"),
        (f"/issues/{issue}?q={'x' * 201}", "q"),
        (f"/issues/{issue}?q=%00", "q"),
        (f"/issues/{issue}?standing=%27", "standing"),
        (f"/issues/{issue}?after=-1", "after"),
        (f"/issues/{issue}/log.csv?standing=sent", "standing"),
    ):
        answer = browser.get(path)
        assert answer.status_code == HTTPStatus.BAD_REQUEST, path
        assert f"a value that cannot be used: {name}" in answer.text, path
