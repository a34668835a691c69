"""Issues with pictures: what is sent of them, and where it stands in the mail."""

import email
import email.policy
import io
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from lxml import html as lxml_html
from PIL import Image

from mailer.reading.model import (
    Article,
    IssueDocument,
    Picture,
)
from mailer.rendering.composing import compose
from mailer.rendering.findings import FindingCode
from mailer.rendering.model import SenderIdentity, SlotValues
from mailer.rendering.previewing import preview

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


def png(side: int) -> bytes:
    """Return a square picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (200, 22, 29)).save(buffer, "PNG")
    return buffer.getvalue()


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
