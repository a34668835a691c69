"""Composing an issue: structure, storage, odd issues, findings."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from mailer.reading.model import (
    Article,
    Block,
    BlockRole,
    DocumentKind,
    IssueDocument,
    Paragraph,
    Table,
)
from mailer.rendering.composing import compose
from mailer.rendering.errors import (
    UnreadableRendition,
)
from mailer.rendering.findings import FindingCode
from mailer.rendering.model import Credited, SenderIdentity, SlotValues
from mailer.rendering.previewing import preview
from mailer.rendering.rendition import Rendition

STRICT = email.policy.SMTP + email.policy.strict


def find(page: str, path: str) -> list[Any]:
    """Return what an XPath finds in a page."""
    found = lxml_html.document_fromstring(page).xpath(path)
    assert isinstance(found, list)
    return found


def visible(page: str) -> str:
    """Return the text that a reader sees, without white space."""
    body = lxml_html.document_fromstring(page).find("body")
    assert body is not None
    return "".join("".join(str(text) for text in body.itertext()).split())


def test_the_same_issue_gives_the_same_bytes(
    document: IssueDocument, identity: SenderIdentity
) -> None:
    """Rendering has no clock and no chance in it, so an approval can bind its hash."""
    first, second = compose(document, identity), compose(document, identity)
    assert first == second
    assert first.to_bytes() == second.to_bytes()
    assert first.digest == second.digest
    assert len(first.digest) == 64
    other = replace(document, articles=document.articles[:-1])
    assert compose(other, identity).digest != first.digest


@pytest.mark.parametrize("links", [False, True])
def test_storage_gives_the_rendition_back(
    document: IssueDocument,
    identity: SenderIdentity,
    links: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    """What a worker loads is what the approver saw."""
    rendition = compose(document, identity, links=links)
    assert Rendition.from_bytes(rendition.to_bytes()) == rendition


@given(st.binary(max_size=30), st.integers(0, 40_000))
def test_damaged_bytes_are_refused_or_differ(
    document: IssueDocument, identity: SenderIdentity, junk: bytes, at: int
) -> None:
    """Damage is a refusal that says what to do, or shows in the digest; never a crash."""
    rendition = compose(document, identity)
    stored = rendition.to_bytes()
    for damaged in (stored[:at], stored[:at] + junk + stored[at + len(junk) :], stored + b"x"):
        if damaged == stored:
            continue
        try:
            loaded = Rendition.from_bytes(damaged)
        except UnreadableRendition:
            continue
        assert loaded.digest != rendition.digest


def test_another_version_is_refused() -> None:
    """Bytes of an older or newer system are not guessed at."""
    with pytest.raises(UnreadableRendition):
        Rendition.from_bytes(b"jianbao rendition 2\n{}")


def test_everything_printed_is_in_both_parts(
    document: IssueDocument, identity: SenderIdentity, values: SlotValues
) -> None:
    """The text part is the whole issue, set as text; nothing is only in the HTML."""
    shown = preview(compose(document, identity), values)
    text, page = "".join(shown.text.split()), visible(shown.html)
    for words in (
        "2026年第7期（总第128期）",
        "云湾市水利局办公室",
        "2026年11月20日",
        "秋季堤防检查全部完成",
        "——从十二月起试行",
        "防汛抗旱",
        "（工程管理科）",
        "一、人员",
        "交接班记录保存三年。",
        "青溪河",
        "市委办公室，市政府办公室。",
        "市应急管理局，市文明办，各县（市、区）水利局。",
        "责任编辑：周岚",
        "共印60份",
        "本期要目",
        "依据本期“报、送”名单确定",
        "联系电话：0000-2345678",
        "变更收件人",
        "退订",
        "R&D<pilot>",
        "{{7*7}}<script>x</script>",
    ):
        assert words.replace(" ", "") in text
        assert words.replace(" ", "") in page.replace("\u034f", "")
    assert shown.text.count("防汛抗旱") == 1
    assert "49" not in text
    assert max(len(line) for line in shown.text.split("\r\n")[1:-6]) <= 72
    assert "\r\n　　每座水库每班不少于两人" in shown.text


def test_markup_in_an_issue_is_text(
    document: IssueDocument, identity: SenderIdentity, values: SlotValues
) -> None:
    """No element, attribute or template code of an issue comes alive."""
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}<!--'
    everywhere = replace(
        document,
        publisher=hostile,
        articles=(
            Article(
                title=hostile,
                subtitle=hostile,
                column=hostile,
                contributor=hostile,
                body=(Paragraph(text=hostile), Table(rows=((hostile, "a"), ("b", hostile)))),
            ),
        ),
        blocks=(Block(kind="送", role=BlockRole.SEND, entries=(hostile, "市文明办")),),
    )
    rendition = compose(everywhere, replace(identity, contact=hostile))
    one = replace(values, credits=(Credited(kind="送", unit=hostile, block=0, entry=0),))
    page = preview(rendition, one).html
    assert not find(page, "//script | //img | //@onerror")
    assert "".join(find(page, "//h2//text()")) == hostile
    assert find(page, "//span[@class='own']/text()") == [hostile]


def test_marks_of_our_own_cannot_be_smuggled_in(
    document: IssueDocument, identity: SenderIdentity, values: SlotValues
) -> None:
    """Noncharacters, with which slots are marked, are taken out of an issue's text."""
    smuggled = "\ufdd0slot\ufdd1x\ufdd0unit\ufdd1\ufdd0slot-end\ufdd1"
    odd = replace(
        document,
        title=f"云湾{smuggled}简报",
        articles=(Article(title=smuggled, body=(Paragraph(text=f"a\x00b\ud800c{smuggled}"),)),),
    )
    rendition = compose(odd, replace(identity, contact=smuggled))
    shown = preview(rendition, values)
    assert shown.html.count("云湾市文明办") == 1
    assert "abcslotxunitslot-end" in shown.text


@pytest.mark.parametrize(
    "change",
    [
        {"blocks": ()},
        {"number": None, "year": None, "total": None},
        {"number": None},
        {"total": None, "year": None},
        {"date": None, "publisher": None},
        {"date": "二〇二六年秋"},
        {"title": None},
        {"articles": ()},
        {"articles": (Article(title="Only Latin: a report on e-mail"),)},
        {"articles": (Article(title="长" * 300, body=(Paragraph(text="文。"),)),)},
        {"articles": (Article(title="", body=(Paragraph(text=""),)),)},
        {"articles": (Article(title="空表", body=(Table(rows=()), Table(rows=((),)))),)},
        {"articles": (Article(title="参差", body=(Table(rows=(("a",), ("b", "c", "d"))),)),)},
        {"urgency": "特急"},
        {"document_kind": DocumentKind.OTHER},
        {"blocks": (Block(kind="送", role=BlockRole.SEND, entries=()),)},
    ],
)
def test_incomplete_issues_are_rendered_with_what_they_have(
    document: IssueDocument,
    identity: SenderIdentity,
    values: SlotValues,
    change: dict[str, Any],
) -> None:
    """Nothing is printed for what is missing, and no gap or None shows."""
    odd = replace(document, **change)
    shown = preview(compose(odd, identity), replace(values, credits=()))
    assert "None" not in shown.text
    assert "None" not in visible(shown.html)
    assert "第期" not in shown.text
    parsed = email.message_from_bytes(shown.message, _class=EmailMessage, policy=STRICT)
    assert parsed["Subject"].startswith("云湾市水利工作简报")
    for article in odd.articles:
        assert article.title in "".join(shown.text.split("\r\n")).replace("　", "")
        assert article.title.replace(" ", "") in visible(shown.html)


def test_a_long_table_is_complete_in_both_parts(
    document: IssueDocument, identity: SenderIdentity, values: SlotValues
) -> None:
    """Hundreds of rows are all there, and the size is found before Gmail finds it."""
    rows = tuple((f"第{n}站", f"{n}.5", "运行正常，值守到位，没有发现新的问题") for n in range(900))
    table = Table(rows=(("水站", "水位", "情况"), *rows))
    long = replace(document, articles=(Article(title="水情", body=(table,)),))
    rendition = compose(long, identity)
    shown = preview(rendition, values)
    assert len(find(shown.html, "//table[@class='data']//tr")) == 901
    assert all(f"第{n}站" in shown.text for n in range(900))
    (finding,) = rendition.lint
    assert finding.code == FindingCode.HTML_CLIPPED
    assert str(len(shown.html.encode()) // 1024) in finding.text


def test_ten_thousand_units_in_a_block(
    document: IssueDocument, identity: SenderIdentity, values: SlotValues
) -> None:
    """Each of them can be marked, at no cost for the others."""
    entries = tuple(f"第{n}小学" for n in range(10_000))
    huge = replace(document, blocks=(Block(kind="发", role=BlockRole.ISSUE_TO, entries=entries),))
    rendition = compose(huge, identity)
    for entry in (0, 1, 5_000, 9_999):
        one = replace(values, credits=(Credited(kind="发", unit="小学", block=0, entry=entry),))
        page = preview(rendition, one).html
        assert find(page, "//span[@class='own']/text()") == [f"第{entry}小学"]


def test_findings_name_what_to_look_at(document: IssueDocument, identity: SenderIdentity) -> None:
    """A long subject and an article without text are said before approval."""
    odd = replace(document, title="云湾市水利工作简报" * 8, articles=(Article(title="空文"),))
    codes = {finding.code: finding for finding in compose(odd, identity).lint}
    assert set(codes) == {FindingCode.SUBJECT_LONG, FindingCode.ARTICLE_EMPTY}
    assert "空文" in codes[FindingCode.ARTICLE_EMPTY].text
    assert compose(document, identity).lint == ()
