"""An issue becomes a rendition: done once, when the issue is submitted."""

import hashlib
import re
from dataclasses import replace
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailer.reading.model import IssueDocument
from mailer.rendering.addresses import header_address, needs_smtputf8
from mailer.rendering.cutting import cut, encoded_lines
from mailer.rendering.errors import SecretDocument, SenderNotAscii, UnknownZone, UnsafeHeaderValue
from mailer.rendering.findings import (
    HTML_LIMIT,
    MESSAGE_LIMIT,
    SUBJECT_LIMIT,
    Finding,
    FindingCode,
)
from mailer.rendering.headers import checked_text, mailbox_header, text_header, token_header
from mailer.rendering.html_part import html_part
from mailer.rendering.model import SenderIdentity
from mailer.rendering.pictures import SafePicture
from mailer.rendering.rendition import (
    BodySlot,
    HeaderSlot,
    MarkableLines,
    Phrases,
    Rendition,
    Segment,
)
from mailer.rendering.text_part import text_part
from mailer.rendering.themes import Words, load_theme
from mailer.rendering.view import IssueView, PictureView, clean, issue_view
from runtime.text import translate as _

_LIST_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_CRLF = "\r\n"


def compose(
    document: IssueDocument,
    identity: SenderIdentity,
    *,
    theme: str = "red-head",
    language: str = "zh_CN",
    links: bool = False,
) -> Rendition:
    """Return the mail of an issue with places for what each recipient has of its own.

    With ``links`` it has places for reading on the web and for signing. The same input gives the
    same rendition, byte for byte. Raises the refusals of :mod:`mailer.rendering.errors`.
    """
    if document.secrecy is not None:
        raise SecretDocument(secrecy=document.secrecy.value)
    loaded = load_theme(theme)
    words = loaded.words_in(language)
    view = issue_view(document, identity.bulletin_name, words)
    identity = _checked(identity)
    subject = checked_text(
        words.subject.format(title=view.title, number=view.number_line), _("subject")
    )
    reason = _reason(view, identity, words)
    pictures = _pictures(view)
    content_ids = tuple(
        f"picture-{number}.{hashlib.sha256(picture.data).hexdigest()[:16]}@{identity.list_id}"
        for number, picture in enumerate(pictures, 1)
    )
    text = text_part(view, identity, words, reason=reason, links=links)
    html = html_part(
        view,
        identity,
        loaded,
        words,
        subject=subject,
        reason=reason,
        links=links,
        content_ids=content_ids,
    )
    segments = _message(
        identity, subject, text, html, tuple(zip(content_ids, pictures, strict=True))
    )
    return Rendition(
        theme=theme,
        subject=subject,
        zone=identity.zone,
        links=links,
        phrases=_phrases(identity, view, words),
        segments=segments,
        lint=_lint(view, subject, len(html.encode()), segments),
    )


def _checked(identity: SenderIdentity) -> SenderIdentity:
    """Return the identity once its addresses and list id are known to be safe in headers."""
    for field, address in (
        ("From", identity.from_address),
        ("Reply-To", identity.reply_to or identity.from_address),
        ("List-Unsubscribe", identity.unsubscribe_mailto),
    ):
        header_address(address, field)
        if needs_smtputf8(address):
            raise SenderNotAscii(field=field, value=address)
    if not _LIST_ID.fullmatch(identity.list_id):
        found = _("something else than letters, digits and hyphens joined by dots")
        raise UnsafeHeaderValue(field="List-Id", value=ascii(identity.list_id), found=found)
    try:
        ZoneInfo(identity.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise UnknownZone(name=ascii(identity.zone)) from None
    return replace(identity, contact=clean(identity.contact), postal=clean(identity.postal))


def _reason(view: IssueView, identity: SenderIdentity, words: Words) -> str:
    """Say who sends the mail and why one gets it: by the printed blocks, or registered."""
    sender = view.publisher or identity.from_name
    if not view.blocks:
        return words.why_registered.format(sender=sender)
    kinds = words.unit_mark.join(dict.fromkeys(kind for kind, _entries in view.blocks))
    return words.why_listed.format(sender=sender, kinds=kinds)


def _phrases(identity: SenderIdentity, view: IssueView, words: Words) -> Phrases:
    return Phrases(
        unsubscribe_address=header_address(identity.unsubscribe_mailto, "List-Unsubscribe"),
        unsubscribe_subject=words.unsubscribe_subject.format(title=view.title),
        change_address=header_address(identity.reply_to or identity.from_address, "Reply-To"),
        change_subject=words.change_subject.format(title=view.title),
        write_to=words.write_to,
        kind_mark=words.kind_mark,
        unit_mark=words.unit_mark,
        block_mark=words.block_mark,
    )


def _pictures(view: IssueView) -> tuple[SafePicture, ...]:
    return tuple(
        part.image
        for article in view.articles
        for part in article.parts
        if isinstance(part, PictureView) and part.image
    )


def _message(
    identity: SenderIdentity,
    subject: str,
    text: str,
    html: str,
    pictures: tuple[tuple[str, SafePicture], ...],
) -> tuple[Segment, ...]:
    """Lay out the message (RFC 2046 5.1.4, 2387): text first, HTML with its pictures last."""
    # Taken from the content, so that the same issue gives the same bytes. No line of base64
    # begins with two hyphens, so no part can hold a boundary.
    outer = f"=_{hashlib.sha256(f'{text}{html}'.encode()).hexdigest()[:24]}"
    inner = f"{outer}-html"
    page: list[Segment] = [
        _bytes(*_part_head("text/html; charset=utf-8")),
        *cut(html, markup=True),
    ]
    if pictures:
        page = [
            _bytes(
                f'Content-Type: multipart/related; type="text/html";{_CRLF}'
                f' boundary="{inner}"{_CRLF}{_CRLF}',
                f"--{inner}{_CRLF}",
            ),
            *page,
            *(_picture(inner, number, *each) for number, each in enumerate(pictures, 1)),
            _bytes(f"--{inner}--{_CRLF}"),
        ]
    return _merged(
        *_head(identity, subject, outer),
        _bytes(f"--{outer}{_CRLF}", *_part_head("text/plain; charset=utf-8")),
        *cut(text, markup=False),
        _bytes(f"--{outer}{_CRLF}"),
        *page,
        _bytes(f"--{outer}--{_CRLF}"),
    )


def _head(identity: SenderIdentity, subject: str, boundary: str) -> tuple[Segment, ...]:
    """Return the header. Sender is left out on purpose: some receivers want it equal to From."""
    reply_to = mailbox_header("Reply-To", "", identity.reply_to) if identity.reply_to else ""
    return (
        HeaderSlot.DATE,
        _bytes(mailbox_header("From", identity.from_name, identity.from_address), reply_to),
        HeaderSlot.TO,
        _bytes(text_header("Subject", subject)),
        HeaderSlot.MESSAGE_ID,
        _bytes(token_header("List-Id", f"<{identity.list_id}>")),
        HeaderSlot.LIST_UNSUBSCRIBE,
        _bytes(
            f"Auto-Submitted: auto-generated{_CRLF}",
            f"Precedence: bulk{_CRLF}",
            f"MIME-Version: 1.0{_CRLF}",
            f'Content-Type: multipart/alternative;{_CRLF} boundary="{boundary}"{_CRLF}{_CRLF}',
        ),
    )


def _part_head(content_type: str) -> tuple[str, str]:
    return (
        f"Content-Type: {content_type}{_CRLF}",
        f"Content-Transfer-Encoding: base64{_CRLF}{_CRLF}",
    )


def _picture(boundary: str, number: int, content_id: str, picture: SafePicture) -> bytes:
    name = f"picture-{number}.{picture.media_type.name.lower()}"
    head = (
        f"--{boundary}{_CRLF}"
        f'Content-Type: {picture.media_type}; name="{name}"{_CRLF}'
        f"Content-Transfer-Encoding: base64{_CRLF}"
        f"Content-ID:{_CRLF} <{content_id}>{_CRLF}"
        f'Content-Disposition: inline; filename="{name}"{_CRLF}{_CRLF}'
    )
    return head.encode() + encoded_lines(picture.data)


def _merged(*segments: Segment) -> tuple[Segment, ...]:
    """Join neighbouring bytes, so that a message is made of few pieces."""
    merged: list[Segment] = []
    for fixed, group in groupby(segments, key=lambda segment: isinstance(segment, bytes)):
        if fixed:
            merged.append(b"".join(part for part in group if isinstance(part, bytes)))
        else:
            merged.extend(group)
    return tuple(merged)


def _bytes(*lines: str) -> bytes:
    return "".join(lines).encode()


def _lint(
    view: IssueView, subject: str, html_size: int, segments: tuple[Segment, ...]
) -> tuple[Finding, ...]:
    """Return what deserves a look before the issue is approved."""
    size = sum(_size(segment) for segment in segments)
    found: list[Finding] = []
    if html_size > HTML_LIMIT:
        found.append(Finding(code=FindingCode.HTML_CLIPPED, size=html_size // 1024))
    if size > MESSAGE_LIMIT:
        found.append(Finding(code=FindingCode.MESSAGE_HEAVY, size=size // 1024 // 1024))
    if len(subject) > SUBJECT_LIMIT:
        found.append(Finding(code=FindingCode.SUBJECT_LONG, size=len(subject)))
    for article in view.articles:
        if not article.parts:
            found.append(Finding(code=FindingCode.ARTICLE_EMPTY, detail=article.title))
        found += [
            Finding(code=FindingCode.PICTURE_LEFT_OUT, detail=article.title)
            for part in article.parts
            if isinstance(part, PictureView) and part.left_out
        ]
    return tuple(found)


def _size(segment: Segment) -> int:
    match segment:
        case bytes():
            return len(segment)
        case MarkableLines():
            return len(segment.lines)
        case BodySlot():
            return len(segment.before)
        case HeaderSlot():
            return 0
