"""Live counts: a stream that follows the ledger, ends by itself, and cannot be had without end."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from http import HTTPStatus

import httpx
import pytest

from mailer.accounts.models import Role
from mailer.deliveries.states import DeliveryState
from mailer.web import counts, streams
from tests.web.desk_issues import Recipient
from tests.web.office import Office
from tests.web.relay_answers import Answer

ACCEPTED = Answer(state=DeliveryState.ACCEPTED, code=250, reply="Ok")
LATER = Answer(
    state=DeliveryState.DEFERRED, code=451, reply="Greylisted", later=dt.timedelta(hours=1)
)
UNITS = [
    Recipient(unit="市委办公室", address="swb@yunwan.example", block="报"),
    Recipient(unit="市文明办", address="wmb@yunwan.example"),
]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look twenty times a second."""
    monkeypatch.setattr(counts, "LOOK_SECONDS", 0.05)


def events(response: httpx.Response) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the events of a stream; comments are not events."""
    kind = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def groups(data: dict[str, object]) -> dict[str, int]:
    """Return the counts of an event."""
    found = data["counts"]
    assert isinstance(found, dict)
    return found


def wait_until_closed(office: Office) -> None:
    """Wait until every place is free again."""
    deadline = time.monotonic() + 5
    while office.desk.streams.open and time.monotonic() < deadline:
        office.browser().get("/healthz")
    assert office.desk.streams.open == 0


def test_counts_follow_the_ledger_and_end(office: Office) -> None:
    """One event a change, and a last one once every delivery is final."""
    issue = office.sending(UNITS)
    first, second = issue.deliveries.values()
    browser = office.signed_in(Role.VIEWER)
    with browser.stream("GET", f"/issues/{issue.id}/counts") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        told = events(response)
        kind, data = next(told)
        assert kind == "counts"
        assert (data["state"], data["total"], data["final"]) == ("sending", 2, 0)
        assert office.desk.streams.open == 1
        office.answer({first: ACCEPTED})
        while groups(data)["accepted"] != 1:
            kind, data = next(told)
        office.answer({second: ACCEPTED})
        rest = list(told)
    assert rest[-1][0] == "end"
    assert rest[-2][1]["final"] == 2
    wait_until_closed(office)


def test_a_browser_that_goes_frees_its_place(office: Office) -> None:
    """A closed page costs nothing from the next look on."""
    issue = office.sending(UNITS)
    browser = office.signed_in(Role.VIEWER)
    with browser.stream("GET", f"/issues/{issue.id}/counts") as response:
        next(events(response))
    wait_until_closed(office)


def test_signing_out_ends_the_stream(office: Office) -> None:
    """What a person may not see any more is not told any more."""
    issue = office.sending(UNITS)
    browser = office.signed_in(Role.VIEWER)
    with browser.stream("GET", f"/issues/{issue.id}/counts") as response:
        told = events(response)
        next(told)
        office.send(browser, "/sign-out")
        assert [kind for kind, _ in told] == ["end"]


def test_streams_are_bounded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has too many is refused, and others are not; the page says how to go on without."""
    monkeypatch.setattr(streams, "MOST_A_PERSON", 1)
    issue = office.sending(UNITS)
    path = f"/issues/{issue.id}/counts"
    browser, other = office.signed_in(Role.VIEWER), office.signed_in(Role.VIEWER)
    with browser.stream("GET", path) as response:
        told = events(response)
        next(told)
        refused = browser.get(path)
        assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
        with other.stream("GET", path) as another:
            assert next(events(another))[0] == "counts"
        monkeypatch.setattr(streams, "MOST", 1)
        assert other.get(path).status_code == HTTPStatus.TOO_MANY_REQUESTS
        assert office.desk.streams.open == 1
    wait_until_closed(office)


def test_a_stopping_server_ends_its_streams(office: Office) -> None:
    """The pages stop at once, not after the grace that open requests have."""
    issue = office.sending(UNITS)
    browser = office.signed_in(Role.VIEWER)
    with browser.stream("GET", f"/issues/{issue.id}/counts") as response:
        told = events(response)
        next(told)
        began = time.monotonic()
        office.server.should_exit = True
        assert list(told) == []
        assert time.monotonic() - began < 2
    assert office.desk.streams.open == 0


def test_a_stream_holds_no_connection_to_the_database(office: Office) -> None:
    """More streams than the pool has connections, and pages still open."""
    issue = office.sending(UNITS)
    browsers = [office.signed_in(Role.VIEWER) for _ in range(2)]
    open_ones = []
    try:
        for browser in browsers * 8:
            request = browser.build_request("GET", f"/issues/{issue.id}/counts")
            response = browser.send(request, stream=True)
            told = events(response)
            next(told)
            open_ones.append((response, told))
        assert office.desk.streams.open == 16
        assert office.signed_in(Role.VIEWER).get("/issues").status_code == HTTPStatus.OK
    finally:
        for response, _ in open_ones:
            response.close()
    wait_until_closed(office)


def test_a_stranger_gets_no_stream(office: Office) -> None:
    """A script is told so, and not led to a page that it cannot read."""
    issue = office.sending(UNITS)
    answer = office.browser().get(
        f"/issues/{issue.id}/counts", headers={"Accept": "text/event-stream"}
    )
    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_deferred_deliveries_keep_the_stream_open(office: Office) -> None:
    """A delivery that is tried again later is not final."""
    issue = office.sending(UNITS)
    office.answer(dict.fromkeys(issue.deliveries.values(), LATER))
    browser = office.signed_in(Role.VIEWER)
    with browser.stream("GET", f"/issues/{issue.id}/counts") as response:
        told = events(response)
        _, data = next(told)
        assert data["final"] == 0
        assert groups(data)["deferred"] == 2
        assert office.desk.streams.open == 1
