"""Signing in and out, and how often somebody may try."""

import datetime as dt
import hashlib
import uuid
from http import HTTPStatus

import httpx
import pytest
from redis import Redis
from sqlalchemy import select, update

from mailer.accounts.models import Role, SignIn, User
from mailer.accounts.users import set_password
from mailer.web import limiting
from mailer.web import sign_in as sign_in_page
from mailer.web.limiting import MOST_A_NAME, MOST_AN_ADDRESS, WINDOW, LocalCounts, site_of
from runtime.clock import now
from tests.web.office import PASSWORD, Office, OpenOffice

NOWHERE = "redis://127.0.0.1:1/0"


def sign_in(
    office: Office, browser: httpx.Client, name: str, password: str = PASSWORD, **values: str
) -> httpx.Response:
    """Fill in the form and send it."""
    return office.send(browser, "/sign-in", name=name, password=password, **values)


def test_a_person_signs_in_and_out(office: Office) -> None:
    """The way leads back to the page that was asked for; signed out, its token opens nothing."""
    name = office.person(Role.VIEWER)
    issue = office.draft()
    browser = office.browser()
    led = browser.get(f"/issues/{issue}?q=x", follow_redirects=True)
    assert str(led.url) == f"{office.url}/sign-in?next=%2Fissues%2F{issue}%3Fq%3Dx"
    assert f'name="next" value="/issues/{issue}?q=x"' in led.text
    back = sign_in(office, browser, name, next=f"/issues/{issue}?q=x")
    assert back.headers["location"] == f"/issues/{issue}?q=x"
    assert name in browser.get("/issues").text
    token = browser.cookies["jianbao-session"]
    out = office.send(browser, "/sign-out")
    assert out.headers["location"] == "/sign-in"
    assert "jianbao-session" not in browser.cookies
    thief = office.browser()
    thief.cookies.set("jianbao-session", token)
    assert thief.get("/issues").status_code == HTTPStatus.SEE_OTHER


def test_a_wrong_name_reads_like_a_wrong_password(office: Office) -> None:
    """The answer does not tell which names there are."""
    known, unknown = office.person(Role.VIEWER), f"nobody-{uuid.uuid4().hex[:12]}"
    answers = [sign_in(office, office.browser(), name, "not this one") for name in (known, unknown)]
    assert {answer.status_code for answer in answers} == {HTTPStatus.FORBIDDEN}
    assert all("The name or the password is wrong." in answer.text for answer in answers)
    texts = {answer.text.partition("<main")[2].replace(known, unknown) for answer in answers}
    assert len({text.partition('name="csrf"')[0] for text in texts}) == 1


def test_no_sign_in_leads_elsewhere(office: Office) -> None:
    """A link to the sign-in cannot name another site as the place to go on to."""
    name = office.person(Role.VIEWER)
    browser = office.browser()
    shown = browser.get("/sign-in", params={"next": "//evil.example/x"})
    assert '<input type="hidden" name="next" value="/issues">' in shown.text
    back = sign_in(office, browser, name, next="https://evil.example/")
    assert back.headers["location"] == "/issues"
    again = browser.get("/sign-in", params={"next": "/\\evil.example"})
    assert again.headers["location"] == "/issues"


def test_a_sign_in_ends(office: Office) -> None:
    """By its time, by another password, and for a person who is no longer active."""
    browser = office.signed_in(Role.ADMIN, "li.ming")
    assert browser.get("/issues").status_code == HTTPStatus.OK
    past, later = now() - dt.timedelta(seconds=1), now() + dt.timedelta(hours=1)
    for change, undo in (
        (update(SignIn).values(expires_at=past), update(SignIn).values(expires_at=later)),
        (update(User).values(active=False), update(User).values(active=True)),
    ):
        for statement, expected in ((change, HTTPStatus.SEE_OTHER), (undo, HTTPStatus.OK)):
            with office.database.transaction() as session:
                session.execute(statement)
            assert browser.get("/issues").status_code == expected
    with office.database.transaction() as session:
        set_password(session, "li.ming", "another long winter")
    assert browser.get("/issues").status_code == HTTPStatus.SEE_OTHER


def test_signing_in_again_ends_the_sign_in_before(office: Office) -> None:
    """One browser has one sign-in, and each has a token of its own."""
    browser = office.signed_in(Role.VIEWER, "zhou")
    name = office.person(Role.ADMIN)
    before = browser.cookies["jianbao-session"]
    assert sign_in(office, browser, name).status_code == HTTPStatus.SEE_OTHER
    kept = {cookie.value for cookie in browser.cookies.jar if cookie.name == "jianbao-session"}
    assert kept - {before}
    with office.database.transaction() as session:
        (found,) = session.scalars(select(SignIn)).all()
        assert found.user.name == name


@pytest.mark.parametrize("redis", ["there", "away"])
def test_a_name_may_be_tried_a_few_times(open_office: OpenOffice, redis: str) -> None:
    """After ten failures even the right password waits, whether Redis is there or not."""
    office = open_office(**({"redis_url": NOWHERE} if redis == "away" else {}))
    name, other = office.person(Role.ADMIN), office.person(Role.VIEWER)
    for _ in range(MOST_A_NAME):
        answer = sign_in(office, office.browser(), name, "not this one")
        assert answer.status_code == HTTPStatus.FORBIDDEN
    refused = sign_in(office, office.browser(), name)
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "Wait 15 minutes" in refused.text
    assert sign_in(office, office.browser(), other).status_code == HTTPStatus.SEE_OTHER


def test_names_that_do_not_exist_are_limited_alike(office: Office) -> None:
    """The limit does not tell which names there are."""
    ghost = f"ghost-{uuid.uuid4().hex[:12]}"
    for _ in range(MOST_A_NAME):
        office.desk.tries.begin(ghost, "192.0.2.1")
    refused = sign_in(office, office.browser(), ghost)
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_failures_outlive_a_restart(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other processes, and this one after a restart, know the failures from Redis."""
    monkeypatch.setattr(limiting, "_PATIENCE", 30)  # however busy this machine is
    first, second = open_office(), open_office()
    name = first.person(Role.ADMIN)
    for _ in range(MOST_A_NAME):
        first.desk.tries.begin(name, "192.0.2.2")
    refused = sign_in(second, second.browser(), name)
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_an_emptied_redis_opens_nothing(office: Office) -> None:
    """The counts of this process hold when those in Redis are gone."""
    name = office.person(Role.ADMIN)
    for _ in range(MOST_A_NAME):
        office.desk.tries.begin(name, "192.0.2.3")
    redis = Redis.from_url(office.runtime.redis_url)
    key = f"jianbao:sign-in:name:{hashlib.sha256(name.encode()).hexdigest()[:32]}"
    assert redis.delete(key) == 1
    redis.close()
    refused = sign_in(office, office.browser(), name)
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_a_good_sign_in_forgets_the_failures(office: Office) -> None:
    """Who remembers the password in the end starts anew."""
    name = office.person(Role.ADMIN)
    for _ in range(2):
        for _ in range(MOST_A_NAME - 1):
            office.desk.tries.begin(name, "192.0.2.4")
        assert sign_in(office, office.browser(), name).status_code == HTTPStatus.SEE_OTHER


def test_a_place_may_try_many_names_but_not_for_ever(office: Office) -> None:
    """One client that goes through names is stopped; its good tries do not count."""
    browser = office.browser()
    name = office.person(Role.ADMIN)
    office.desk.tries.begin(name, browser.headers["x-forwarded-for"])
    office.desk.tries.succeeded(name, browser.headers["x-forwarded-for"])
    for number in range(MOST_AN_ADDRESS):
        office.desk.tries.begin(f"name{number}", browser.headers["x-forwarded-for"])
    refused = sign_in(office, browser, name)
    assert refused.status_code == HTTPStatus.TOO_MANY_REQUESTS


def test_passwords_are_checked_a_few_at_a_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check takes 64 MiB; who comes when all are taken is told to wait, and none is lost."""
    monkeypatch.setattr(sign_in_page, "_PATIENCE", 0.01)
    name = office.person(Role.ADMIN)
    taken = 0
    while office.desk.hashing.acquire(blocking=False):
        taken += 1
    refused = sign_in(office, office.browser(), name)
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert "Many people are signing in just now" in refused.text
    for _ in range(taken):
        office.desk.hashing.release()
    assert sign_in(office, office.browser(), name).status_code == HTTPStatus.SEE_OTHER


def test_the_language_is_remembered(office: Office) -> None:
    """The switch leads back to the same page; a language that there is not changes nothing."""
    browser = office.signed_in(Role.VIEWER)
    assert '<html lang="en">' in browser.get("/issues").text
    answer = office.send(browser, "/language", language="zh_CN", next="/issues?page=2")
    assert answer.headers["location"] == "/issues?page=2"
    assert '<html lang="zh-CN">' in browser.get("/issues").text
    office.send(browser, "/language", language="xx", next="//evil.example")
    assert '<html lang="en">' in browser.get("/issues").text


def test_counts_are_forgotten_after_their_time() -> None:
    """The time runs from the first failure, so nobody is kept out by going on trying."""
    counts = LocalCounts()
    assert counts.add("a", now=0) == (1, WINDOW)
    assert counts.add("a", now=WINDOW - 1) == (2, 1)
    assert counts.add("a", now=WINDOW) == (1, WINDOW)
    counts.take_back("a", whole=True)
    assert counts.add("a", now=WINDOW)[0] == 1


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "elsewhere"),
        ("unix:", "elsewhere"),
    ],
)
def test_ipv6_addresses_count_by_their_network(address: str, site: str) -> None:
    """Of an IPv6 address the client chooses the last 64 bits itself."""
    assert site_of(address) == site
