"""Issues and senders that are refused when the issue is composed."""

from dataclasses import replace
from typing import Any

import pytest

from mailer.reading.model import (
    IssueDocument,
    Secrecy,
)
from mailer.rendering.composing import compose
from mailer.rendering.errors import (
    HeaderValueTooLong,
    SecretDocument,
    SenderNotAscii,
    UnfinishedTheme,
    UnknownTheme,
    UnknownZone,
    UnsafeAddress,
    UnsafeHeaderValue,
)
from mailer.rendering.model import SenderIdentity, SlotValues
from mailer.rendering.previewing import preview
from runtime.refusal import Refusal


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
