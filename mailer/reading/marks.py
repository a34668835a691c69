"""Marks above the name: secrecy (秘密 机密 绝密), urgency (特急 加急), restrictions (内部资料)."""

import re
from collections.abc import Iterable, Sequence

from mailer.reading.letters import compact
from mailer.reading.lines import Grid, Item, Line, lines_of
from mailer.reading.model import Secrecy

_CELLS = re.compile(r"\s{2,}|\u3000+")
_STARS = "★☆▲△*＊✩⭐"
_TERM = (
    r"(?:长期|(?:[0-9]+|[零〇一二三四五六七八九十两]+)(?:年|个月|月|天|日)"
    r"|[启發发]封?[前后]|启用前|解密[前时]|[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日)"
)
_URGENT = "特急|加急|急件|紧急|平急|特提"
_URGENCY = re.compile(rf"(?:紧急程度[:：])?[{_STARS}]?({_URGENT})[{_STARS}]?")
_SECRECY = re.compile(
    rf"(?:密级[:：]|保密等级[:：]|秘级[:：])?[【\[〔（(《]?[{_STARS}]*(秘密|机密|機密|绝密|絕密)"
    rf"(?:级|件|文件|资料|材料)?(?:[{_STARS}·]*{_TERM}?"
    rf"|\(?{_TERM}\)?)(?:保存)?[】\]〕）)》]?(?:(?:{_URGENT})件?)?(?:[NnＮ][OoＯ][.．:：]?[0-9]+"
    rf"|[0-9]{{4,8}})?"
)
_RESTRICTION = re.compile(
    r"[【\[（(〔]?(?:★|注意[:：]?)?(?:内部|對内|对内|内刊|仅供|僅供|注意保|请勿|不得|禁止"
    r"|严禁|妥善|阅后|参阅件|党内|密级|份号|编号|副本|草稿|讨论稿|征求意见稿|送审稿|资料性"
    r"|保存期|秘密级"
    r"|工作秘密|仅限|限内部|只供|供领导|参考资料|學習資料).{0,30}"
)
_COPY_NUMBER = re.compile(r"(?:[NnＮ][OoＯ]?[.．:：]?|份号[:：]?|编号[:：]?|第)?[0-9]{4,8}(?:份)?")
_FILLED = str.maketrans("機絕", "机绝")
_HEAD_LINES = 12


def secrecy_of(items: Sequence[Item], asides: Iterable[Line]) -> tuple[Secrecy | None, int | None]:
    """Return the highest secrecy mark and its line.

    A mark stands alone in its line or cell, possibly with ★ and a term; the same words in running
    text or in a headline are no mark. The whole file is looked at: a mark in a later page's
    header counts as much as one on the first page.
    """
    found: list[tuple[Secrecy, int]] = []
    lines = [*asides]
    for item in items:
        if not isinstance(item, Grid) or item.number <= _HEAD_LINES:
            lines += lines_of(item)
    for line in lines:
        for cell in _cells(line.text):
            match = _SECRECY.fullmatch(cell)
            if match:
                found.append((Secrecy(match[1].translate(_FILLED)), line.number))
    if not found:
        return None, None
    return max(found, key=lambda mark: list(Secrecy).index(mark[0]))


def urgency_of(items: Sequence[Item]) -> str | None:
    """Return the urgency that is printed above the name (特急, 加急, 急件 …)."""
    head = [item for item in items if isinstance(item, Line)][:_HEAD_LINES]
    for line in head:
        for cell in _cells(line.text):
            secret = _SECRECY.fullmatch(cell)
            plain = _URGENCY.fullmatch(cell)
            if plain:
                return plain[1]
            if secret:
                ending = re.search(f"(?:{_URGENT})件?$", cell)
                if ending:
                    return ending[0]
    return None


def is_mark(text: str) -> bool:
    """Tell whether a line above the name is only marks and copy numbers."""
    cells = _cells(text)
    return bool(cells) and all(
        any(pattern.fullmatch(cell) for pattern in (_SECRECY, _URGENCY, _RESTRICTION, _COPY_NUMBER))
        for cell in cells
    )


def _cells(text: str) -> list[str]:
    """Return the cells of a line, and the whole line where blanks only spread its letters."""
    whole = compact(text)
    if _SECRECY.fullmatch(whole) or _URGENCY.fullmatch(whole):
        return [whole]
    return [compact(cell) for cell in _CELLS.split(text.strip()) if cell.strip()]
