"""Who may open what. The table is the expectation: a route that is not in it fails the test."""

from http import HTTPStatus

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import select
from starlette.routing import Mount

from mailer.accounts.models import Role
from mailer.issues.events import Event
from mailer.issues.models import Issue
from mailer.web.app import create_app
from mailer.web.gates import GateMissingError, require_gates
from tests.web.desk_issues import Recipient
from tests.web.office import Office

NEEDED: dict[tuple[str, str], Role | None] = {
    ("GET", "/sign-in"): None,
    ("POST", "/sign-in"): None,
    ("POST", "/sign-out"): None,
    ("POST", "/language"): None,
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/"): Role.VIEWER,
    ("GET", "/issues"): Role.VIEWER,
    ("GET", "/issues/{issue_id}"): Role.VIEWER,
    ("GET", "/issues/{issue_id}/counts"): Role.VIEWER,
    ("GET", "/issues/{issue_id}/log.csv"): Role.VIEWER,
    ("GET", "/issues/{issue_id}/log.xlsx"): Role.VIEWER,
    ("GET", "/issues/{issue_id}/mail"): Role.VIEWER,
    ("GET", "/issues/{issue_id}/deliveries/{delivery_id}"): Role.VIEWER,
    ("GET", "/issues/{issue_id}/deliveries/{delivery_id}/mail"): Role.VIEWER,
    ("POST", "/issues/{issue_id}/pause"): Role.APPROVER,
    ("POST", "/issues/{issue_id}/resume"): Role.APPROVER,
}


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Return method and path of each route."""
    return {
        (method, str(route.path))
        for route in iter_route_contexts(app.routes)
        if not isinstance(route.original_route, Mount)
        for method in route.methods or ()
    }


def ask(office: Office, browser: httpx.Client, method: str, path: str) -> int:
    """Return the status that a browser gets which follows no redirect and reads no body."""
    values = {"csrf": office.token(browser)} if method == "POST" else None
    with browser.stream(method, path, data=values) as response:
        return response.status_code


def test_every_route_is_in_the_table(office: Office) -> None:
    """A route that is added must be added here, with its role."""
    app = office.server.config.app
    assert isinstance(app, FastAPI)
    assert routes_of(app) == set(NEEDED)


def test_each_role_reaches_what_it_may(office: Office) -> None:
    """Nobody gets further than their role, whatever the method; a stranger is led to sign in."""
    issue = office.sending([Recipient(unit="市文明办", address="wmb@yunwan.example")])
    (delivery,) = issue.deliveries.values()
    for role in (None, *Role):
        browser = office.signed_in(role) if role else office.browser()
        for (method, pattern), needed in NEEDED.items():
            if needed is None:
                continue
            path = pattern.format(issue_id=issue.id, delivery_id=delivery)
            status = ask(office, browser, method, path)
            if role is None:
                assert status == HTTPStatus.SEE_OTHER, path
            elif not role.includes(needed):
                assert status == HTTPStatus.FORBIDDEN, (role, path)
            else:
                assert status in (HTTPStatus.OK, HTTPStatus.SEE_OTHER), (role, path)


def test_what_is_forbidden_is_not_done(office: Office) -> None:
    """An editor's pause changes nothing, and the page says which role it needs."""
    issue = office.sending([Recipient(unit="市文明办", address="wmb@yunwan.example")])
    answer = office.send(office.signed_in(Role.EDITOR), f"/issues/{issue.id}/pause")
    assert "“approver”, and yours is “editor”" in answer.text
    with office.database.transaction() as session:
        assert session.scalar(select(Issue.state)) == "sending"


def test_an_approver_pauses_and_resumes(office: Office) -> None:
    """The change is made in the person's name, and the page then offers the way back."""
    issue = office.sending([Recipient(unit="市文明办", address="wmb@yunwan.example")])
    browser = office.signed_in(Role.APPROVER, "li.ming")
    for verb, state, offered in (
        ("pause", "paused", "Resume sending"),
        ("resume", "sending", "Pause sending"),
    ):
        answer = office.send(browser, f"/issues/{issue.id}/{verb}")
        assert answer.status_code == HTTPStatus.SEE_OTHER
        assert offered in browser.get(answer.headers["location"]).text
        with office.database.transaction() as session:
            assert session.scalar(select(Issue.state)) == state
            last = session.scalar(select(Event).order_by(Event.id.desc()).limit(1))
            assert last is not None
            assert (last.actor, last.data["after"]) == ("web:li.ming", state)


def test_viewers_are_offered_no_steering(office: Office) -> None:
    """Buttons are shown to those who may press them."""
    issue = office.sending([Recipient(unit="市文明办", address="wmb@yunwan.example")])
    shown = office.signed_in(Role.VIEWER).get(f"/issues/{issue.id}").text
    assert "/pause" not in shown


def test_an_impossible_change_says_what_is_possible(office: Office) -> None:
    """Resuming what is not paused is a conflict, told in a sentence."""
    issue = office.draft()
    answer = office.send(office.signed_in(Role.ADMIN), f"/issues/{issue}/resume")
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "is draft and cannot be resumed now" in answer.text


def test_a_route_without_a_gate_keeps_the_pages_from_starting(office: Office) -> None:
    """Who forgets the role of a new page finds out before anybody else does."""
    app = create_app(office.runtime)
    require_gates(app)

    @app.get("/new")
    def forgotten() -> str:
        return "open to everybody"

    with pytest.raises(GateMissingError, match="/new"):
        require_gates(app)
