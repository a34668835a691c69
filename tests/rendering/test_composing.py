"""Composing an issue: structure, storage, odd issues, findings."""

import email
import email.policy
import io
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from PIL import Image

from mailer.reading.model import (
    Article,
    Block,
    BlockRole,
    DocumentKind,
    IssueDocument,
    Paragraph,
    Picture,
    Secrecy,
    Table,
)
from mailer.rendering.composing import compose
from mailer.rendering.errors import (
    HeaderValueTooLong,
    SecretDocument,
    SenderNotAscii,
    UnfinishedTheme,
    UnknownTheme,
    UnknownZone,
    UnreadableRendition,
    UnsafeAddress,
    UnsafeHeaderValue,
)
from mailer.rendering.findings import FindingCode
from mailer.rendering.model import Credited, SenderIdentity, SlotValues
from mailer.rendering.previewing import preview
from mailer.rendering.rendition import Rendition
from runtime.refusal import Refusal

STRICT = email.policy.SMTP + email.policy.strict


def png(side: int) -> bytes:
    """Return a square picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (200, 22, 29)).save(buffer, "PNG")
    return buffer.getvalue()


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
    assert first.digest() == second.digest()
    assert len(first.digest()) == 64
    other = replace(document, articles=document.articles[:-1])
    assert compose(other, identity).digest() != first.digest()


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
        assert loaded.digest() != rendition.digest()


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


def test_pictures_travel_inside(
    document: IssueDocument, identity: SenderIdentity, values: SlotValues
) -> None:
    """A sendable picture is related by cid; others leave their caption and a finding."""
    pictured = replace(
        document,
        articles=(
            Article(
                title="图文",
                body=(
                    Picture(caption="闸门一", data=png(900), media_type="image/png"),
                    Picture(caption="闸门二", data=b"WMF...", media_type="image/x-wmf"),
                    Picture(caption="闸门三", data=png(30)),
                    Picture(caption="无图"),
                ),
            ),
        ),
    )
    rendition = compose(pictured, identity)
    assert [finding.code for finding in rendition.lint] == [FindingCode.PICTURE_LEFT_OUT]
    assert "图文" in rendition.lint[0].text
    shown = preview(rendition, replace(values, credits=()))
    parsed = email.message_from_bytes(shown.message, _class=EmailMessage, policy=STRICT)
    plain, related = parsed.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert isinstance(related, EmailMessage)
    page, first, second = (part for part in related.iter_parts() if isinstance(part, EmailMessage))
    assert related.get_content_type() == "multipart/related"
    assert page.get_content_type() == "text/html"
    html = page.get_content()
    sources = find(html, "//img/@src")
    assert sources == [f"cid:{part['Content-ID'].strip(' <>')}" for part in (first, second)]
    assert find(html, "//img/@width") == ["592", "30"]
    assert find(html, "//img/@alt") == ["闸门一", "闸门三"]
    with Image.open(io.BytesIO(second.get_content())) as picture:
        assert picture.size == (30, 30)
    assert second.get_content_disposition() == "inline"
    for caption in ("闸门一", "闸门二", "闸门三", "无图"):
        assert caption in shown.text
        assert caption in visible(shown.html)
    assert shown.html.count("data:image/png;base64,") == 2


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


def test_heavy_pictures_are_found(document: IssueDocument, identity: SenderIdentity) -> None:
    """A message that many servers would refuse for its size is said to be one."""
    noise = Image.effect_noise((2400, 2400), 90)
    buffer = io.BytesIO()
    noise.convert("RGB").save(buffer, "PNG", compress_level=0)
    heavy = replace(
        document, articles=(Article(title="大图", body=(Picture(data=buffer.getvalue()),)),)
    )
    (finding,) = compose(heavy, identity).lint
    assert finding.code == FindingCode.MESSAGE_HEAVY
    assert finding.size >= 22


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"from_address": "简报@water.yunwan.example"}, SenderNotAscii),
        ({"reply_to": "办公室@water.yunwan.example"}, SenderNotAscii),
        ({"from_address": "a@b.example\r\nBcc: x"}, UnsafeAddress),
        ({"unsubscribe_mailto": "nobody"}, UnsafeAddress),
        ({"from_name": "办公室\r\nBcc: x"}, UnsafeHeaderValue),
        ({"from_name": "局" * 501}, HeaderValueTooLong),
        ({"list_id": "a b.example>\r\nX: y"}, UnsafeHeaderValue),
        ({"zone": "Asia/Yunwan"}, UnknownZone),
        ({"zone": "../../etc/passwd"}, UnknownZone),
    ],
)
def test_a_wrong_sender_is_refused_when_the_issue_is_composed(
    document: IssueDocument,
    identity: SenderIdentity,
    change: dict[str, Any],
    error: type[Refusal],
) -> None:
    """No recipient's mail is needed to find out that none could be sent."""
    with pytest.raises(error) as refusal:
        compose(document, replace(identity, **change))
    assert str(refusal.value).isprintable()


def test_a_name_that_hides_an_encoded_word_is_refused(
    document: IssueDocument, identity: SenderIdentity
) -> None:
    """The bulletin's name goes into the subject."""
    with pytest.raises(UnsafeHeaderValue):
        compose(replace(document, title="=?utf-8?q?a=0D=0ABcc:_x?="), identity)


@pytest.mark.parametrize("secrecy", list(Secrecy))
def test_a_marked_document_is_never_rendered(
    document: IssueDocument, identity: SenderIdentity, secrecy: Secrecy
) -> None:
    """A file marked 秘密, 机密 or 绝密 stops here too, whoever let it through."""
    with pytest.raises(SecretDocument, match=secrecy.value):
        compose(replace(document, secrecy=secrecy), identity)


def test_only_shipped_themes_and_their_languages(
    document: IssueDocument, identity: SenderIdentity, values: SlotValues
) -> None:
    """A theme is a name, never a path; a language without words is said to be missing."""
    for name in ("blue-head", "../red-head", ""):
        with pytest.raises(UnknownTheme, match="red-head"):
            compose(document, identity, theme=name)
    with pytest.raises(UnfinishedTheme, match="fr"):
        compose(document, identity, language="fr")
    shown = preview(compose(document, identity, language="en"), values)
    assert "No. 7 of 2026 (No. 128 in all)" in shown.text
    assert 'lang="en"' in shown.html
