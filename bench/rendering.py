"""Measure rendering: composing an issue once, filling it per recipient, and the naive way beside.

Run: python bench/rendering.py [--recipients N] [--json]
"""

import argparse
import datetime as dt
import email.policy
import json
import re
import sys
import time
from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage

from mailer.reading.model import (
    Article,
    Block,
    BlockRole,
    DocumentKind,
    Imprint,
    IssueDocument,
    Paragraph,
)
from mailer.rendering.composing import compose
from mailer.rendering.filling import fill
from mailer.rendering.html_part import html_part
from mailer.rendering.message_ids import message_id
from mailer.rendering.model import Credited, SenderIdentity, SlotValues
from mailer.rendering.rendition import Rendition
from mailer.rendering.text_part import text_part
from mailer.rendering.themes import load_theme
from mailer.rendering.view import issue_view

_MARK = re.compile("\ufdd0[^\ufdd1]*\ufdd1")

IDENTITY = SenderIdentity(
    bulletin_name="云湾市水利工作简报",
    from_name="云湾市水利局办公室",
    from_address="bulletin@water.yunwan.example",
    reply_to="office@water.yunwan.example",
    list_id="gongzuo.water.yunwan.example",
    unsubscribe_mailto="unsubscribe@water.yunwan.example",
    contact="联系电话：0000-2345678",
)
SENTENCE = "市水利局组织三个检查组，对全市二十四座小型水库的闸门、溢洪道和值守制度逐项核对，" * 3
AT = dt.datetime(2026, 11, 20, 1, 0, tzinfo=dt.UTC)


def issue() -> IssueDocument:
    """Return an issue of common size: eight articles of four paragraphs, forty entries."""
    article = tuple(Paragraph(text=f"第{n}段：{SENTENCE}") for n in range(4))
    return IssueDocument(
        document_kind=DocumentKind.BULLETIN,
        title="云湾市水利工作简报",
        number=7,
        year=2026,
        total=128,
        publisher="云湾市水利局办公室",
        date="2026-11-20",
        articles=tuple(
            Article(title=f"第{n}批水库安全检查完成", body=article) for n in range(1, 9)
        ),
        blocks=(
            Block(
                kind="送",
                role=BlockRole.SEND,
                entries=tuple(f"第{n}水利管理站" for n in range(1, 41)),
            ),
        ),
        imprint=Imprint(copies=40, editor="办公室"),
    )


def values(number: int) -> SlotValues:
    """Return the values of one recipient."""
    address = f"station{number}@water.yunwan.example"
    return SlotValues(
        to_address=address,
        to_name=f"第{number % 40 + 1}水利管理站",
        message_id=message_id(b"bench", "1", address, "water.yunwan.example"),
        date=AT,
        credits=(
            Credited(kind="送", unit=f"第{number % 40 + 1}水利管理站", block=0, entry=number % 40),
        ),
        reference="k3Jx9",
    )


def naive(document: IssueDocument, one: SlotValues) -> bytes:
    """Make one message as most programmes do: template, inliner and EmailMessage each time."""
    theme = load_theme("red-head")
    words = theme.words_in("zh_CN")
    view = issue_view(document, IDENTITY.bulletin_name, words)
    html = html_part(
        view,
        IDENTITY,
        theme,
        words,
        subject=view.title,
        reason="",
        links=False,
        content_ids=(),
    )
    text = text_part(view, IDENTITY, words, reason="", links=False)
    message = EmailMessage(policy=email.policy.SMTP.clone(max_line_length=998))
    message["From"] = Address(IDENTITY.from_name, addr_spec=IDENTITY.from_address)
    message["To"] = Address(one.to_name, addr_spec=one.to_address)
    message["Subject"] = document.title
    message["Message-ID"] = one.message_id
    message.set_content(_MARK.sub(one.credits[0].unit, text), cte="base64")
    message.add_alternative(_MARK.sub(one.credits[0].unit, html), subtype="html", cte="base64")
    return message.as_bytes()


def seconds(work: Callable[[], object], times: int) -> float:
    """Return the mean seconds of ``work`` over ``times`` runs, after one to warm up."""
    work()
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipients", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    document = issue()
    rendition = compose(document, IDENTITY)
    stored = rendition.to_bytes()
    recipients = [values(number) for number in range(options.recipients)]
    fills = iter(recipients * 2)
    joins = iter(recipients * 2)
    size = len(b"".join(fill(rendition, recipients[0])))
    result = {
        "message KB": size / 1024,
        "compose ms": seconds(lambda: compose(document, IDENTITY), 50) * 1e3,
        "store ms": seconds(rendition.to_bytes, 50) * 1e3,
        "load ms": seconds(lambda: Rendition.from_bytes(stored), 50) * 1e3,
        "fill µs": seconds(lambda: fill(rendition, next(fills)), options.recipients) * 1e6,
        "fill and join µs": seconds(
            lambda: b"".join(fill(rendition, next(joins))), options.recipients
        )
        * 1e6,
        "naive µs": seconds(lambda: naive(document, recipients[0]), 20) * 1e6,
    }
    if options.json:
        json.dump(result, sys.stdout)
        return
    for name, figure in result.items():
        print(f"{name:<18} {figure:>12,.1f}")
    print(f"{'naive / fill':<18} {result['naive µs'] / result['fill µs']:>12,.0f} times")


if __name__ == "__main__":
    main()
