"""Where on a web page the document is: not in the site's navigation, heading or footer."""

import re
from functools import reduce

from lxml import etree

from mailer.reading.issue_number import find_issue_number
from mailer.reading.labels import find_labels
from mailer.reading.letters import compact
from mailer.reading.readers.web_lines import SKIPPED, hidden

_MAIN_SHARE = 0.6  # of the letters outside links that the content of a page holds
_LONGEST_BLOCK = 400  # letters
_FRAME = re.compile(
    r"nav|menu|foot|header|crumb|share|breadcrumb|toolbar|related|sidebar|copyright|pagination"
    r"|prev|next|login|search",
    re.IGNORECASE,
)
_CONTENT = re.compile(
    r"zoom|content|article|ucap|trs_editor|vsb_content|detail|main|正文", re.IGNORECASE
)
_TELLING = {"p", "div", "td", "h1", "h2", "h3", "center", "span", "li"}


def main_element(body: etree._Element) -> etree._Element:
    """Return the smallest element that holds most of the text, the masthead and the blocks."""
    elements = [each for each in body.iter() if _is_box(each)]
    letters = _letters(elements)
    wanted = [each for each in elements if _is_telling(each, letters) and not in_frame(each)]
    shared = reduce(
        set.intersection,
        ({mark, *mark.iterancestors()} for mark in wanted),
        set(elements),
    )
    best = body
    for element in elements:
        large = letters[element] >= _MAIN_SHARE * letters[body]
        smaller = letters[element] <= letters[best]
        if large and smaller and element in shared and not in_frame(element):
            best = element
    return best


def in_frame(element: etree._Element) -> bool:
    """Tell whether an element belongs to the site and not to the document."""
    for each in (element, *element.iterancestors()):
        names = f"{each.get('class') or ''} {each.get('id') or ''}"
        if each.tag in ("nav", "header", "footer", "aside"):
            return True
        if _FRAME.search(names) and not _CONTENT.search(names):
            return True
    return False


def text_within(element: etree._Element) -> str:
    """Return the text of an element with its blanks drawn together."""
    return " ".join("".join(str(text) for text in element.itertext()).split())


def _is_box(element: etree._Element) -> bool:
    return str(element.tag) not in SKIPPED and not hidden(element)


def _letters(elements: list[etree._Element]) -> dict[etree._Element, int]:
    """Return how many letters outside links and hidden parts each element holds."""
    found: dict[etree._Element, int] = {}
    for element in reversed(elements):  # children come after their parents
        own = 0 if element.tag == "a" else len(compact(element.text or ""))
        for each in element:
            own += found.get(each, 0) + len(compact(each.tail or ""))
        found[element] = 0 if element.tag == "a" else own
    return found


def _is_telling(element: etree._Element, letters: dict[etree._Element, int]) -> bool:
    """Tell whether an element is a number line or a block, which the content must hold."""
    if str(element.tag) not in _TELLING or not 0 < letters[element] <= _LONGEST_BLOCK:
        return False
    text = text_within(element)
    number = find_issue_number(text)
    if number is not None and not number.rest.strip("（）() "):
        return True
    labels = find_labels(text)
    return bool(labels) and not labels[0].weak and labels[0].start == 0
