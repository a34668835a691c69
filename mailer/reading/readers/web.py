"""HTML files: a page of a public site, or a document saved as a web page."""

import contextlib
import re

from lxml import etree, html

from mailer.reading.errors import FileTooLarge, FileWithoutText
from mailer.reading.issue_number import find_issue_number
from mailer.reading.letters import compact
from mailer.reading.limits import Limits
from mailer.reading.lines import Item, Line, Source
from mailer.reading.readers.encoding import decode
from mailer.reading.readers.web_lines import items_of
from mailer.reading.readers.web_main import main_element, text_within
from runtime.text import translate as _

_START = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    rb"<(?:!doctype\s+html|html|head|body|div|p|table|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]+)", re.IGNORECASE)
_WINDOW = 4096  # bytes in which a page says what it is
_HEAD_LINES = 30
_CHROME = re.compile(
    r"^(?:上一[篇页条]|下一[篇页条]|分享到|打印|关闭|【?字[体号]|浏览次数|阅读次数"
    r"|点击[数率]?|您现在的位置|当前位置|首页\s*[>＞]|来源[:：].*(?:发布|浏览|时间)"
    r"|发布时间|发布日期|信息来源[:：].*(?:发布|时间)|扫一扫|相关链接|附件下载|版权所有"
    r"|网站标识码|\S{0,4}ICP备|我要纠错|返回顶部)"
)


def looks_like_html(data: bytes) -> bool:
    """Tell whether the bytes begin as a web page does."""
    head = data[:_WINDOW]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.decode("utf-16", errors="ignore").encode()
    return _START.match(head) is not None


def read_web(data: bytes, name: str, limits: Limits) -> Source:
    """Read the main content of a web page, without the site's own navigation and footers.

    Raises :class:`FileWithoutText` where nothing is left.
    """
    text = _decoded(data)
    if len(text) > limits.letters:
        raise FileTooLarge(name=name, found=len(text), unit=_("letters"), limit=limits.letters)
    root = _parsed(text)
    if root is None:
        raise FileWithoutText(name=name)
    body = root.find(".//body")
    main = main_element(body if body is not None else root)
    items = items_of(main)
    if not _has_number(items):
        items = [*_page_heading(root, main), *items]
    return Source(items=tuple(_without_chrome(items)), styled=True)


def _decoded(data: bytes) -> str:
    """Decode by the page's own charset where it holds, else by the bytes."""
    found = _CHARSET.search(data[:_WINDOW])
    if found:
        charset = found[1].decode("ascii").lower()
        charset = "gb18030" if charset in ("gb2312", "gbk") else charset
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            return data.decode("utf-8-sig" if charset == "utf-8" else charset)
    decoded = decode(data)
    return decoded.text if decoded else data.decode("gb18030", errors="replace")


def _parsed(text: str) -> etree._Element | None:
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, recover=True)
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        return html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _has_number(items: list[Item]) -> bool:
    lines = [item for item in items if isinstance(item, Line)]
    return any(find_issue_number(line.text) for line in lines[:_HEAD_LINES])


def _page_heading(root: etree._Element, main: etree._Element) -> list[Item]:
    """Return the page's own heading where the content has no masthead."""
    for heading in root.iter("h1", "h2"):
        text = re.sub(r"^【[^】]*】", "", text_within(heading))
        if find_issue_number(text) and main not in heading.iterancestors():
            return _as_lines(text)
    return []


def _as_lines(text: str) -> list[Item]:
    """Return a page heading 某某简报2026年第11期 as a name and its number."""
    match = re.search(r"\s*[（(]?(?:\d{4}\s*年)?\s*(?:第|总第|增刊)", text)
    cut = match.start() if match and match.start() else len(text)
    parts = [part.strip() for part in (text[:cut], text[cut:]) if part.strip()]
    return [Line(text=part, number=0, starts=True) for part in parts]


def _without_chrome(items: list[Item]) -> list[Item]:
    return [
        item for item in items if not (isinstance(item, Line) and _CHROME.match(compact(item.text)))
    ]
