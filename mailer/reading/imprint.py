"""The imprint (版记): copies, editor, telephone, and who printed it when."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailer.reading.dates import find_date
from mailer.reading.labels import IMPRINT, PRINTED
from mailer.reading.letters import compact, has_sentence, normalise, tidy
from mailer.reading.lines import Item, Line, Ruling
from mailer.reading.model import Imprint
from mailer.reading.names import looks_like_unit
from mailer.reading.numerals import number
from mailer.reading.publisher import tidy_unit
from mailer.reading.tail import ATTACHMENT

_EDITORS = (
    "责任编辑",
    "責任編輯",
    "本期责任编辑",
    "责编",
    "本期责编",
    "编辑",
    "編輯",
    "执行编辑",
    "编校",
    "编审",
)
_PHONES = (
    "联系电话",
    "电话",
    "電話",
    "值班电话",
    "编辑部电话",
    "咨询电话",
    "办公电话",
    "聯絡電話",
    "投稿电话",
    "服务电话",
)
_PHONE = re.compile(r"[+（(]?[0-9][0-9\-—–（）() /转、]{4,40}[0-9]")
_COUNT = re.compile(r"[0-9０-９零〇一二三四五六七八九十百千]+")
_LONGEST = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class ImprintText:
    """The imprint, and what its lines say of the publisher and the date."""

    imprint: Imprint
    publisher: str | None = None
    printer: str | None = None
    printed: str | None = None


def read_imprint(lines: Iterable[str]) -> ImprintText:
    """Read the lines of an imprint; later lines fill what earlier ones leave open."""
    fields: dict[str, str] = {}
    publisher = printer = printed = None
    for line in lines:
        match = PRINTED.search(line)
        date = find_date(line) if match else None
        if match and date:
            printer = printer or (tidy_unit(match["unit"]) if match["unit"] else None)
            printed = printed or date.value
            continue
        for label, value in _fields(line):
            fields.setdefault(label, value)
        publisher = publisher or _contact_unit(line)
    copies = _copies(fields)
    editor = next((fields[name] for name in _EDITORS if fields.get(name)), None)
    phone = next((fields[name] for name in _PHONES if fields.get(name)), None)
    return ImprintText(
        imprint=Imprint(copies=copies, editor=editor, phone=_phone(phone)),
        publisher=fields.get("编制单位") or publisher,
        printer=printer,
        printed=printed,
    )


def trailing_imprint(items: Sequence[Item], start: int, end: int) -> tuple[int, tuple[str, ...]]:
    """Return where the body ends before lines of an imprint or attachments, and those lines."""
    lines: list[str] = []
    while end > start:
        item = items[end - 1]
        if isinstance(item, Line):
            if is_imprint_line(item.text):
                lines.insert(0, item.text)
            elif not (ATTACHMENT.match(item.text) and not has_sentence(item.text)):
                break
        elif not isinstance(item, Ruling):
            break
        end -= 1
    return end, tuple(lines)


def is_imprint_line(text: str) -> bool:
    """Tell whether a line is only labels of the imprint and their values."""
    text = text.strip()
    if len(text) > _LONGEST or has_sentence(text.rstrip("。")):
        return False
    if PRINTED.search(text) and find_date(text):
        return True
    match = IMPRINT.search(text)
    if match is None:
        return False
    return match.start() == 0 or (looks_like_unit(text[: match.start()]) and bool(match["label"]))


def _fields(line: str) -> Iterable[tuple[str, str]]:
    """Yield label and value of each field, also where no blank stands between two."""
    matches = list(IMPRINT.finditer(line))
    for index, match in enumerate(matches):
        until = matches[index + 1].start() if index + 1 < len(matches) else len(line)
        if match["count"]:
            yield "共印", match["count"]
        elif match["label"]:
            label = "".join(match["label"].split())
            yield label, _value(line[match.end() : until])


def _value(text: str) -> str:
    words = re.split(r"\s{2,}|\u3000", text.strip())
    spread = all(len(word) == 1 for word in text.split())
    value = "".join(text.split()) if spread else (words[0] if words else "")
    value = re.sub(r"[（(]模拟[）)]", "", tidy(value))
    return value.strip(" ，。；,;（(|")


def _copies(fields: dict[str, str]) -> int | None:
    for name in ("共印", "印数", "印份数", "印发份数", "印刷份数", "印发数"):
        found = _COUNT.search("".join(fields.get(name, "").split()))
        if found:
            return number(found[0])
    return None


def _phone(text: str | None) -> str | None:
    """Return the telephone number with plain hyphens and figures."""
    if not text:
        return None
    narrow = compact(normalise(text)).replace("—", "-").replace("–", "-")
    found = _PHONE.search(narrow)
    return found[0] if found else None


def _contact_unit(line: str) -> str | None:
    """Return the unit that a line names before its telephone (某市应急管理局值班电话：…)."""
    match = IMPRINT.search(line)
    if match is None or not match["label"] or not match.start():
        return None
    before = line[: match.start()].strip()
    return tidy_unit(before) if looks_like_unit(before) else None
