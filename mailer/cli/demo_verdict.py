"""Whether the demo ended as its mailboxes declare, judged by the log and the inbox's own bytes."""

import email
import email.policy
from collections import Counter
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from mailer.inbox.store import Answer, Kept, read_message, read_store
from mailer.reading.model import IssueDocument
from runtime.text import translate as _

_REJECTING = ("reject", "reject-data")


def faults(
    lines: list[dict[str, Any]],
    behaviours: Mapping[str, str],
    document: IssueDocument,
    folder: Path,
) -> list[str]:
    """Return what is not as it should be, a sentence each; nothing where all is well.

    ``lines`` is the log as ``mailer log --format json`` prints it, ``folder`` the inbox's.
    """
    kept = list(read_store(folder))
    accepted = Counter(one.message_id.strip("<>") for one in kept if one.answer is Answer.ACCEPTED)
    found = list(_wrong_states(lines, behaviours, accepted))
    known = {line["message_id"]: line for line in lines if line["id"]}
    for message in kept:
        line = known.get(message.message_id.strip("<>"))
        if line is None:
            found.append(_("The inbox got a mail that the log does not know."))
        else:
            found += _wrong_mail(message, line, document)
    return found


def _wrong_states(
    lines: list[dict[str, Any]], behaviours: Mapping[str, str], accepted: Counter[str]
) -> Iterator[str]:
    for line in lines:
        if line["id"] is None:
            continue
        behaviour = behaviours.get(line["address"], "accept")
        wanted = "rejected" if behaviour in _REJECTING else "accepted"
        if line["state"] != wanted:
            yield _("{address} declares {behaviour}, but its delivery ended as {state}.").format(
                address=line["address"], behaviour=behaviour, state=line["state"]
            )
        if behaviour == "defer-first" and line["attempts"] < 2:  # noqa: PLR2004 - first and second
            yield _("{address} defers first, but was tried once.").format(address=line["address"])
        if (wanted == "accepted") != (accepted[line["message_id"]] == 1):
            yield _("{address} got {count} mails.").format(
                address=line["address"], count=accepted[line["message_id"]]
            )


def _wrong_mail(kept: Kept, line: Mapping[str, Any], document: IssueDocument) -> Iterator[str]:
    """Yield what a careful reader of the mail's bytes would object to."""
    address = line["address"]
    message = email.message_from_bytes(
        read_message(kept), _class=EmailMessage, policy=email.policy.SMTP
    )
    defects = [*message.defects, *(d for part in message.walk() for d in part.defects)]
    if defects:
        yield _("The mail to {address} is malformed: {defects}.").format(
            address=address, defects=defects
        )
    if [one.addr_spec for one in message["To"].addresses] != [address]:
        yield _("The mail for {address} is addressed to somebody else.").format(address=address)
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        text = "".join(str(part.get_content()).split()) if part is not None else ""
        titles = ["".join(article.title.split()) for article in document.articles]
        if kind == "html":
            text = text.replace("<wbr>", "").replace("&amp;", "&")
        missing = [title for title in titles if title not in text]
        if missing:
            yield _("The {kind} part of the mail to {address} lacks: {missing}.").format(
                kind=kind, address=address, missing=", ".join(missing)
            )
