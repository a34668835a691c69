"""The pages: what they show, and what a hostile mail can do there."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.inbox.mail import read_headers, read_mail
from mailer.inbox.pages import PAGE, inbox_app
from mailer.inbox.store import Answer, Arrival, MessageStore
from runtime.clock import now
from tests.inbox.conftest import InboxProcesses

HOSTILE = (
    "<html><head><title>mail</title></head><body onload=\"document.title='RAN'+'1'\">"
    "<script>document.title='RAN'+'2'</script>"
    "<img src=x onerror=\"document.title='RAN'+'3'\">"
    "<form action='http://evil.example/'><input name=a></form>"
    "<a href='http://sign.example/'>sign</a></body></html>"
)


def mail(body: str = "<p>正文</p>", subject: str = "工作简报", **extra: bytes) -> bytes:
    """Return a message with a text, an HTML and perhaps a picture part."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "云湾市水利局 <b@office.example>"
    message["To"] = "a@unit.example"
    message["Subject"] = subject
    message["Message-ID"] = "<1@office.example>"
    message.set_content("正文 <b>text</b>\n")
    message.add_alternative(body, subtype="html")
    for name, data in extra.items():
        html = message.get_payload(1)
        assert isinstance(html, EmailMessage)
        html.add_related(data, "image", "png", cid=f"<{name}@office>", filename=f"{name}.png")
    return bytes(message)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MessageStore]:
    """An empty store."""
    with MessageStore(tmp_path, started_at=now()) as store:
        yield store


class Browser:
    """A client of the pages, without a network between."""

    def __init__(self, store: MessageStore) -> None:
        self._app = inbox_app(store)

    def get(
        self,
        path: str,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Load a page."""

        async def load() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as client:
                return await client.get(path, params=params, headers=headers)

        return asyncio.run(load())


@pytest.fixture
def browser(store: MessageStore) -> Browser:
    """A client of the pages of the store."""
    return Browser(store)


def keep(
    store: MessageStore,
    data: bytes,
    to: str = "a@unit.example",
    answer: Answer = Answer.ACCEPTED,
) -> None:
    """Put a message into the store."""
    arrival = Arrival(mail_from="b@office.example", rcpt_to=(to,), received_at=now(), answer=answer)
    store.append(arrival, data)


def test_an_empty_inbox_says_what_to_do(browser: Browser) -> None:
    """It is no error, and not a blank page."""
    page = browser.get("/")
    assert page.status_code == 200
    assert "No message has come yet. Send an issue" in page.text


def test_the_list_shows_the_newest_first_and_is_cut_into_pages(
    store: MessageStore, browser: Browser
) -> None:
    """With subject, recipient, time and size; older ones are a link away."""
    for number in range(PAGE + 3):
        keep(store, mail(subject=f"第{number}期"), to=f"u{number}@unit.example")
    first, second = browser.get("/").text, browser.get("/?page=2").text
    assert f"{PAGE + 3} messages" in first
    assert first.index(f"第{PAGE + 2}期") < first.index(f"第{PAGE + 1}期")
    assert ">第0期<" not in first
    assert ">第0期<" in second
    assert "Older" in first
    assert "Newer" in second
    for odd in ("0", "-1", "99", "x", "²", "9" * 30):
        assert browser.get("/", params={"page": odd}).status_code == 200


def test_an_address_is_found(store: MessageStore, browser: Browser) -> None:
    """By any part, in any case; nothing found is said."""
    keep(store, mail(subject="找到"), to="Water@unit.example")
    keep(store, mail(subject="别的"), to="other@unit.example")
    assert "找到" in browser.get("/?q=water@").text
    assert "别的" not in browser.get("/?q=water@").text
    assert "No message matches" in browser.get("/?q=<script>").text
    assert "<script>" not in browser.get("/?q=<script>").text


def test_a_message_is_shown_from_all_sides(store: MessageStore, browser: Browser) -> None:
    """Envelope, text, headers and attachments on the page; the HTML in a frame; the source."""
    data = mail('<p>正文</p><img src="cid:seal@office">', seal=b"\x89PNG seal")
    keep(store, data)
    page = browser.get("/messages/1").text
    for text in ("工作简报", "b@office.example → a@unit.example", "seal.png", "Message-ID"):
        assert text in page
    assert "正文 &lt;b&gt;text&lt;/b&gt;" in page
    html = browser.get("/messages/1/html").text
    assert "<p>正文</p>" in html
    assert 'src="data:image/png;base64,iVBORyBzZWFs"' in html or "base64,iVBO" in html
    source = browser.get("/messages/1/source")
    assert source.content == data
    assert source.headers["content-type"] == "message/rfc822"
    assert source.headers["content-disposition"].startswith("attachment")


def test_an_unanswered_message_says_so(store: MessageStore, browser: Browser) -> None:
    """In the list and on its page: the sender cannot know."""
    keep(store, mail(), answer=Answer.NONE)
    assert "not answered" in browser.get("/").text
    assert "gave no answer" in browser.get("/messages/1").text


@pytest.mark.parametrize("path", ["/messages/0", "/messages/2", "/messages/2/html"])
def test_a_message_that_is_not_there(store: MessageStore, browser: Browser, path: str) -> None:
    """404, with the way back."""
    keep(store, mail())
    page = browser.get(path)
    assert page.status_code == 404
    assert "There is no such message" in page.text


def test_a_message_of_which_only_the_envelope_was_kept(tmp_path: Path) -> None:
    """It is listed and says what is missing."""
    with MessageStore(tmp_path / "counting", started_at=now(), bodies=False) as store:
        keep(store, mail())
        browser = Browser(store)
        assert "(no subject)" in browser.get("/").text
        assert "Only the envelope was kept" in browser.get("/messages/1").text


def test_every_answer_is_under_a_strict_policy(store: MessageStore, browser: Browser) -> None:
    """No page allows scripts; the mail's own HTML has no origin and reaches nothing."""
    keep(store, mail(HOSTILE, subject="<img src=x onerror=alert(1)>"))
    for path in ("/", "/messages/1", "/messages/1/html", "/messages/1/source"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    policy = browser.get("/messages/1/html").headers["content-security-policy"]
    assert "; sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "img-src data:;" in policy
    page = browser.get("/messages/1").text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "onerror=alert" not in page.replace("&lt;img src=x onerror=alert(1)&gt;", "")
    assert '<head><base target="_blank">' in browser.get("/messages/1/html").text


def test_other_names_are_not_answered(store: MessageStore, browser: Browser) -> None:
    """A page elsewhere that points its own name here reads nothing (DNS rebinding)."""
    keep(store, mail())
    assert browser.get("/", headers={"host": "evil.example"}).status_code == 400
    assert browser.get("/", headers={"host": "localhost:80"}).status_code == 200


def test_a_browser_runs_nothing_of_a_hostile_mail(
    processes: InboxProcesses, tmp_path: Path
) -> None:
    """Chromium runs none of it in a tab of its own; the same bytes from a file do run."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    with MessageStore(processes.folder, started_at=now()) as store:
        keep(store, mail(HOSTILE))
    inbox = processes.start()
    plain = tmp_path / "plain.html"
    plain.write_text(HOSTILE)

    def title(address: str) -> str:
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]
        command += ["--no-first-run", "--disable-background-networking", "--disable-sync"]
        command += ["--disable-component-update", f"--user-data-dir={tmp_path / 'profile'}"]
        done = subprocess.run(
            [*command, "--dump-dom", address],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout.partition("<title>")[2].partition("</title>")[0]

    assert title(plain.as_uri()).startswith("RAN")
    assert title(f"http://127.0.0.1:{inbox.http_port}/messages/1/html") == "mail"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"Subject: =?x-unknown?b?AAAA?=\r\n\r\nx",
        b"Subject: \xff\xfe raw bytes\r\nFrom: <<<>>>\r\nTo: \xe5\xb1\x80\r\n\r\n\xff",
        b"Content-Type: text/html; charset=idna\r\n\r\n<p>\xff</p>",
        b"Content-Type: text/plain; charset=raw_unicode_escape\r\n\r\n\\udcff",
        b"Content-Type: text/plain; charset=gb2312\r\n\r\n\xd5\xfd\xce\xc4\xe9F",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n--a\r\n--a--",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin nothing",
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth)
            for depth in range(2000)
        ),
        b"Content-Disposition: attachment; filename*=utf-8''%FF%FE\r\n\r\nx",
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx",
        b"Subject: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_a_broken_message_is_shown_all_the_same(
    store: MessageStore, browser: Browser, data: bytes
) -> None:
    """Unknown charsets, broken structure, endless nesting: the pages stay up."""
    keep(store, data)
    for path in ("/", "/messages/1", "/messages/1/source"):
        assert browser.get(path).status_code == 200


@given(st.binary(max_size=400))
def test_no_bytes_can_stop_the_reader(data: bytes) -> None:
    """Whatever a message is, reading it gives text that can be sent."""
    for shown in (read_mail(data), read_headers(data)):
        texts = [shown.subject, shown.sender, shown.to, shown.text or "", shown.html or ""]
        "".join(texts + [name + value for name, value in shown.headers]).encode()
