"""The office that publishes: printed with 编 or 主办, beside the date, or above the name."""

import re

from mailer.reading.letters import is_han, tidy
from mailer.reading.names import is_bulletin_name, looks_like_unit

_LABELLED = re.compile(
    r"^(?:主\s*办(?:单位)?|主\s*编(?:单位)?|编\s*印(?:单位)?|编\s*发(?:单位)?"
    r"|主管(?:单位)?|编制(?:单位)?|编辑(?:单位|部门)?|报送单位|印发单位|发布单位|编写单位"
    r"|發行|主辦(?:單位)?|编)\s*[:：]\s*(?P<unit>\S.*)$"
)
_VERB = re.compile(
    r"^(?P<unit>.*?\S)\s*(?:编\s*印|編\s*印|编\s*发|編\s*發|编\s*制|合\s*编|合\s*編"
    r"|主\s*办|主\s*辦|主\s*编|承\s*办|编\s*辑|编\s*写|编\s*报|编\s*录|汇\s*编|整\s*理"
    r"|主\s*管|印\s*发|印\s*制|印|编|編|（编）|（主办）)$"
)
_OTHER_LABEL = re.compile(
    r"\s*(?:签\s*发(?:\s*人)?|簽\s*發(?:\s*人)?|审\s*核|审\s*签|核\s*稿|责任编辑|责\s*编"
    r"|编\s*辑|主\s*编|值班\S{0,4}|电\s*话|联系\S{0,3}|承\s*办|协\s*办|印\s*数|印\s*发"
    r"|第\S{1,3}版|共\S{1,4}版)\s*[:：].*$"
)
_REMARK = re.compile(r"\s*[（(](?:模拟|演练|样例|示例)[）)]")
_LONGEST = 60
_JOINED = re.compile(r"\s{2,}|\u3000+")


def publisher_in(text: str) -> str | None:
    """Return the publisher that a masthead line names by a word (编, 主办：); None otherwise."""
    text = _cleaned(text)
    labelled = _LABELLED.match(text)
    if labelled:
        return tidy_unit(labelled["unit"])
    verb = _VERB.match(text)
    if verb and len(verb["unit"]) <= _LONGEST and not is_bulletin_name(text):
        return tidy_unit(verb["unit"])
    return None


def publisher_cell(text: str) -> str | None:
    """Return what a line without its date and number names as the publisher, if anything.

    Such a line stands on the same line as the date, so that a unit's ending is not asked for.
    """
    text = _cleaned(text)
    if not text or len(text) > _LONGEST or "。" in text or re.search("[:：]$|[：:]", text):
        return None
    return tidy_unit(text) or None


def is_unit_line(text: str) -> bool:
    """Tell whether a masthead line is only the name of a unit."""
    bare = _cleaned(text)
    if not bare or len(bare) > _LONGEST or re.search("[，。；：:！？%]", bare):
        return False
    return looks_like_unit(bare) and not is_bulletin_name(bare)


def tidy_unit(text: str) -> str:
    """Return a unit's name; letters spread for looks are drawn together, two units stay apart."""
    words = _JOINED.sub(" ", text).split()
    if len(words) > 1 and all(len(word) == 1 and is_han(word) for word in words):
        return "".join(words)
    result = " ".join(tidy(word) for word in words)
    return result.strip("，,、；;　 ")


def _cleaned(text: str) -> str:
    text = _REMARK.sub("", text.strip())
    return _OTHER_LABEL.sub("", text).strip().strip("|｜")
