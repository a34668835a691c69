"""A message as a person can look at it in a browser or an editor, taken from its very bytes."""

import base64
import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage

from mailer.rendering.filling import fill
from mailer.rendering.model import SlotValues
from mailer.rendering.rendition import Rendition


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """One recipient's message, and its two parts decoded.

    In ``html`` the pictures are data URIs, because a browser cannot follow ``cid:``.
    """

    message: bytes
    html: str
    text: str


def preview(rendition: Rendition, values: SlotValues) -> Preview:
    """Fill the rendition and decode what came out. Raises what :func:`fill` raises."""
    message = b"".join(fill(rendition, values))
    parsed = email.message_from_bytes(message, _class=EmailMessage, policy=email.policy.SMTP)
    html = text = ""
    pictures: dict[str, str] = {}
    for part in parsed.walk():
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        kind = part.get_content_type()
        if kind == "text/html":
            html = content.decode()
        elif kind == "text/plain":
            text = content.decode()
        else:
            data = base64.b64encode(content).decode()
            pictures[str(part["Content-ID"]).strip(" <>")] = f"data:{kind};base64,{data}"
    for content_id, uri in pictures.items():
        html = html.replace(f'src="cid:{content_id}"', f'src="{uri}"')
    return Preview(message=message, html=html, text=text)
