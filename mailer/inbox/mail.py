"""What a page shows of a message. Nothing in a message can make reading it fail."""

import base64
import html
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser

_PARTS_LIMIT = 200
_PICTURE_LIMIT = 2_000_000
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_CHARSET = re.compile(
    r"utf-?8|us-ascii|gb18030|hz-gb-2312|big5(-hkscs)?|iso-8859-[0-9]{1,2}|windows-125[0-9]"
    r"|utf-16(le|be)?|iso-2022-(jp|kr)|shift_jis|euc-(jp|kr)|koi8-[ru]"
)
_CID = re.compile(r"""(["'(])cid:([^"')\s]+)""", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A part that is neither of the texts; ``size`` is in octets, decoded."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A message, decoded for display. ``html`` is as it came: never put it into a page of ours."""

    subject: str
    sender: str
    to: str
    headers: tuple[tuple[str, str], ...]
    text: str | None = None
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()


def read_headers(data: bytes) -> Mail:
    """Return what the headers of ``data`` say; the rest may be missing."""
    return _headers_of(BytesHeaderParser(policy=policy.default).parsebytes(data))


def read_mail(data: bytes) -> Mail:
    """Return ``data`` for display, with pictures that it carries itself (``cid:``) put in place."""
    try:
        message = message_from_bytes(data, policy=policy.default)
        parts = [part for part, _ in zip(message.walk(), range(_PARTS_LIMIT), strict=False)]
    except RecursionError:  # parts nested a thousand deep: its headers and source still show
        return read_headers(data)
    text = body = None
    attachments: list[Attachment] = []
    pictures: dict[str, str] = {}
    for part in parts:
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        raw = _payload(part)
        inline = part.get_content_disposition() != "attachment"
        if inline and kind == "text/plain" and text is None:
            text = _decode(part, raw)
        elif inline and kind == "text/html" and body is None:
            body = _decode(part, raw)
        else:
            name = _header(part, "content-id").strip("<> ")
            if name and kind in _PICTURES and len(raw) <= _PICTURE_LIMIT:
                pictures[name] = f"data:{kind};base64,{base64.b64encode(raw).decode()}"
            attachments.append(Attachment(name=_file_name(part), media_type=kind, size=len(raw)))
    found = _headers_of(message)
    return Mail(
        subject=found.subject,
        sender=found.sender,
        to=found.to,
        headers=found.headers,
        text=text,
        html=_with_pictures(body, pictures) if body is not None else None,
        attachments=tuple(attachments),
    )


def _headers_of(message: EmailMessage) -> Mail:
    return Mail(
        subject=_header(message, "subject"),
        sender=_header(message, "from"),
        to=_header(message, "to"),
        headers=tuple((name, _one_line(str(value))) for name, value in message.raw_items()),
    )


def _header(message: EmailMessage, name: str) -> str:
    """Return a decoded header. The email package raises many things on hostile ones."""
    try:
        return _one_line(str(message.get(name, "")))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raw = {key.lower(): value for key, value in message.raw_items()}
        return _one_line(str(raw.get(name, "")))


def _payload(part: EmailMessage) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        return b""
    return payload if isinstance(payload, bytes) else b""


def _file_name(part: EmailMessage) -> str:
    try:
        return _one_line(part.get_filename() or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _decode(part: EmailMessage, raw: bytes) -> str:
    """Decode a text part. GB 2312 and GBK are read as GB 18030, which holds both."""
    try:
        charset = str(part.get_content_charset("utf-8")).lower()
    except (ValueError, LookupError, TypeError, AttributeError):
        charset = "utf-8"
    if charset in ("gb2312", "gbk"):
        charset = "gb18030"
    # Python has codecs that are no charsets, some of them slow on purpose-made input.
    if not _CHARSET.fullmatch(charset):
        charset = "utf-8"
    try:
        return raw.decode(charset, "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _one_line(text: str) -> str:
    """Return ``text`` on one line, with bytes that had no charset shown as question marks."""
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _with_pictures(body: str, pictures: dict[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        picture = pictures.get(html.unescape(match[2]))
        return match[0] if picture is None else match[1] + picture

    return _CID.sub(replace, body)
