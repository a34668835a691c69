"""The pages of issues and deliveries: what they tell, how the log is searched, and hostile text."""

import csv
import datetime as dt
import io
import re
import time
from html import unescape
from http import HTTPStatus

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from mailer.accounts.models import Role
from mailer.deliveries.models import Dispatch
from mailer.deliveries.states import DeliveryState
from mailer.issues.models import Issue
from mailer.web import issue_page, overview
from tests.web.desk_issues import Recipient
from tests.web.office import Office, OpenOffice
from tests.web.relay_answers import Answer

UNITS = [
    Recipient(unit="市委办公室", address="swb@yunwan.example", block="报"),
    Recipient(unit="市应急管理局", address="yjj@yunwan.example"),
    Recipient(unit="顺达快递云湾分公司", address="sd@kuaidi.example", entry="各快递企业"),
    Recipient(unit="市文明办", address="wmb@yunwan.example"),
    Recipient(unit="市老干部局", address=""),
]
REJECTED = Answer(
    state=DeliveryState.REJECTED, code=550, status="5.1.1", reply="User not found <b>here</b>"
)
ACCEPTED = Answer(state=DeliveryState.ACCEPTED, code=250, status="2.0.0", reply="Ok: queued")
LATER = Answer(
    state=DeliveryState.DEFERRED, code=451, reply="Greylisted", later=dt.timedelta(hours=1)
)
IN_DOUBT = Answer(state=DeliveryState.UNCONFIRMED, code=None, reply="lost after the final dot")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def text_of(html: str) -> str:
    """Return what a page says, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def log_of(html: str) -> str:
    """Return what the table of the log says."""
    return text_of(html.partition('<table class="rows log">')[2].partition("</table>")[0])


def test_the_list_shows_the_newest_first(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """With state and counts, page by page."""
    monkeypatch.setattr(overview, "PAGE", 2)
    office.draft()
    sending = office.sending(UNITS)
    accepted, rejected, *_ = sending.deliveries.values()
    office.answer({accepted: ACCEPTED, rejected: REJECTED})
    newest = office.draft(title="云湾市水利专报")
    browser = office.signed_in(Role.VIEWER)
    first = browser.get("/issues").text
    assert re.findall(r'href="/issues/(\d+)"', first) == [str(newest), str(sending.id)]
    assert "2026年第3期（总第123期） 云湾市水利工作简报 · 云湾市水利专报 draft" in text_of(first)
    row = text_of(first.partition(f"/issues/{sending.id}")[2].partition("</tr>")[0])
    assert row.endswith("4 1 2 1")
    assert "Older" in first
    second = browser.get("/issues?page=2").text
    assert "2026年第1期" in second
    assert "Newer" in second
    assert "Older" not in second
    assert "There are no older issues." in browser.get("/issues?page=3").text


def test_an_issue_tells_its_life_and_what_needs_a_person(office: Office) -> None:
    """Steps, counts, and each delivery that cannot go on by itself, with the server's words."""
    issue = office.sending(UNITS)
    answers = (ACCEPTED, REJECTED, LATER, IN_DOUBT)
    office.answer(dict(zip(issue.deliveries.values(), answers, strict=True)))
    shown = office.signed_in(Role.VIEWER).get(f"/issues/{issue.id}").text
    said = text_of(shown)
    assert "云湾市水利局办公室 November 20, 2026 报 1 送 2 sending" in said
    assert "Read : done 1 article" in said
    assert "List : done 4 addresses, 1 on paper" in said
    assert "Approved : done li 20" in said
    assert "Sending : now since 20" in said
    assert "Finished : not yet" in said
    for group, n in (("Accepted", 1), ("Retrying", 1), ("Failed", 1), ("In doubt", 1)):
        assert f"{group} {n}" in said
    needs = text_of(shown.partition('id="needs"')[2].partition("</section>")[0])
    assert "市应急管理局 rejected 550 5.1.1 User not found <b>here</b> Ask the unit" in needs
    assert "市文明办 in doubt lost after the final dot" in needs
    assert "顺达" not in needs
    assert f'src="/issues/{issue.id}/mail"' in shown
    assert 'sandbox=""' in shown


def test_a_draft_says_what_is_open(office: Office) -> None:
    """Before it is sent there is no log, and nothing to export."""
    shown = office.signed_in(Role.VIEWER).get(f"/issues/{office.draft()}").text
    said = text_of(shown)
    assert "Read : now 1 article" in said
    assert "Approved : not yet not submitted" in said
    assert "The log begins when the issue is sent." in said
    assert "log.csv" not in shown
    assert "data-live=" not in shown


def test_the_log_has_a_row_for_each_unit(office: Office) -> None:
    """Also for two units that share an address, and for one on paper."""
    shared = Recipient(unit="市应急管理局防汛科", address="yjj@yunwan.example")
    issue = office.sending([*UNITS, shared])
    office.answer({issue.deliveries["swb@yunwan.example"]: ACCEPTED})
    log = log_of(office.signed_in(Role.VIEWER).get(f"/issues/{issue.id}").text)
    assert "市委办公室 swb@yunwan.example 报 市委办公室 accepted by the server 250 2.0.0" in log
    assert "顺达快递云湾分公司 sd@kuaidi.example 送 各快递企业 to be sent — 0 due 20" in log
    assert "市应急管理局防汛科 yjj@yunwan.example" in log
    assert "市老干部局 送 市老干部局 on paper printed; signed by hand" in log


SEARCHES: dict[str, set[str]] = {
    "q=应急": {"市应急管理局"},
    "q=各快递企业": {"顺达快递云湾分公司"},
    "q=KUAIDI.example": {"顺达快递云湾分公司"},
    "q=queued": {"市委办公室"},
    "q=%25": set(),
    "q=nobody": set(),
    "standing=accepted": {"市委办公室"},
    "standing=failed": {"市应急管理局"},
    "standing=failed&q=文明": set(),
    "standing=&q=": {unit.unit for unit in UNITS},
    "standing=waiting": {"顺达快递云湾分公司", "市文明办"},
}


def test_the_log_is_searched_and_filtered(office: Office) -> None:
    """By unit, entry, address, answer and standing, also together; files follow the same rules."""
    issue = office.sending(UNITS)
    accepted, rejected, *_ = issue.deliveries.values()
    office.answer({accepted: ACCEPTED, rejected: REJECTED})
    browser = office.signed_in(Role.VIEWER)
    for asked, units in SEARCHES.items():
        shown = browser.get(f"/issues/{issue.id}?{asked}").text
        log = log_of(shown)
        assert {unit.unit for unit in UNITS if f"{unit.unit} " in log} == units, asked
        assert ("No delivery is like this." in shown) == (not units), asked
        exported = browser.get(f"/issues/{issue.id}/log.csv?{asked}").content.decode("utf-8-sig")
        assert {row["Unit"] for row in csv.DictReader(io.StringIO(exported))} == units, asked


def test_the_log_goes_on_page_by_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every unit is on exactly one page, those on paper on the last."""
    monkeypatch.setattr(issue_page, "LOG_PAGE", 2)
    issue = office.sending(UNITS)
    browser = office.signed_in(Role.VIEWER)
    path, seen = f"/issues/{issue.id}", []
    for _ in range(5):
        shown = browser.get(path).text
        log = log_of(shown)
        seen.append([unit.unit for unit in UNITS if f"{unit.unit} " in log])
        following = re.search(r'href="(\?[^"]+)#log" rel="next"', shown)
        if not following:
            break
        path = f"/issues/{issue.id}{unescape(following[1])}"
    units = [unit.unit for unit in UNITS]
    assert seen == [units[:2], units[2:]]


def test_hostile_text_is_shown_as_text(office: Office) -> None:
    """In a unit's name, an entry, an answer, a headline, a title and a search."""
    recipients = [Recipient(unit=HOSTILE, address="x@yunwan.example", entry=HOSTILE)]
    issue = office.sending(recipients, headline=HOSTILE)
    (delivery,) = issue.deliveries.values()
    hostile = Answer(state=DeliveryState.REJECTED, code=550, reply=HOSTILE)
    office.answer({delivery: hostile})
    with office.database.transaction() as session:
        session.execute(update(Issue).values(title=HOSTILE, publisher=HOSTILE, number=None))
    browser = office.signed_in(Role.ADMIN)
    for path in (
        "/issues",
        f"/issues/{issue.id}",
        f"/issues/{issue.id}?q={'%3Cscript%3Ealert(1)%3C/script%3E'}",
        f"/issues/{issue.id}/deliveries/{delivery}",
        f"/issues/{issue.id}/mail",
        f"/issues/{issue.id}/deliveries/{delivery}/mail",
    ):
        shown = browser.get(path)
        assert shown.status_code == HTTPStatus.OK, path
        assert "<script>alert" not in shown.text, path
        assert "<img src=x" not in shown.text, path
        assert "script&gt;" in shown.text, path


def test_a_delivery_tells_what_happened(office: Office) -> None:
    """Claims, attempts and answers in time, and the mail with its own recipient."""
    issue = office.sending(UNITS)
    delivery = issue.deliveries["yjj@yunwan.example"]
    office.answer({delivery: LATER})
    browser = office.signed_in(Role.VIEWER)
    path = f"/issues/{issue.id}/deliveries/{delivery}"
    said = text_of(browser.get(path).text)
    steps = said.partition("What happened")[2]
    order = ["frozen", "being sent", "attempt", "451 Greylisted", "(again at 20"]
    places = [steps.index(step) for step in order]
    assert places == sorted(places)
    assert "T" not in steps.partition("(again at ")[2].partition(")")[0]
    assert "yjj@yunwan.example" in said
    mail = browser.get(f"{path}/mail").text
    assert "市应急管理局" in mail
    assert "秋季堤防检查完成" in mail


def test_a_delivery_belongs_to_its_issue(office: Office) -> None:
    """Under another issue's number there is no such delivery."""
    issue = office.sending(UNITS)
    other = office.sending(UNITS)
    delivery = issue.deliveries["yjj@yunwan.example"]
    browser = office.signed_in(Role.VIEWER)
    for path in ("", "/mail"):
        answer = browser.get(f"/issues/{other.id}/deliveries/{delivery}{path}")
        assert answer.status_code == HTTPStatus.NOT_FOUND


def test_the_mail_can_do_nothing(office: Office) -> None:
    """It is sandboxed wherever it is opened, and framed by our own pages only."""
    issue = office.sending(UNITS)
    draft = office.draft()
    browser = office.signed_in(Role.VIEWER)
    for path in (
        f"/issues/{issue.id}/mail",
        f"/issues/{draft}/mail",
        f"/issues/{issue.id}/deliveries/999/mail",
    ):
        policy = browser.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert policy.endswith("; sandbox")
        assert "frame-ancestors 'self'" in policy
        assert "script-src" not in policy


def test_exports_hold_no_formulas(office: Office) -> None:
    """A unit that is named like a formula stays text in a spreadsheet."""
    issue = office.sending([Recipient(unit='=HYPERLINK("//evil.example")', address="a@b.example")])
    browser = office.signed_in(Role.VIEWER)
    file = browser.get(f"/issues/{issue.id}/log.csv")
    assert file.headers["content-disposition"] == (
        f'attachment; filename="delivery-log-{issue.id}.csv"'
    )
    (row,) = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    assert row["Unit"] == '\'=HYPERLINK("//evil.example")'
    book = load_workbook(io.BytesIO(browser.get(f"/issues/{issue.id}/log.xlsx").content))
    cells = [cell for line in book.worksheets[0].iter_rows() for cell in line]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert row["Unit"] in {cell.value for cell in cells}


def test_resuming_works_without_redis(open_office: OpenOffice) -> None:
    """The ledger says what is due; the wake-up is only a courtesy."""
    office = open_office(redis_url="redis://127.0.0.1:1/0")
    issue = office.sending(UNITS)
    browser = office.signed_in(Role.APPROVER)
    office.send(browser, f"/issues/{issue.id}/pause")
    began = time.monotonic()
    answer = office.send(browser, f"/issues/{issue.id}/resume")
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert time.monotonic() - began < 2
    with office.database.transaction() as session:
        assert session.scalar(select(Dispatch.state)) == "sending"
