"""A block's text becomes its printed entries."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mailer.reading.letters import CLOSERS, compact, is_han, outside_brackets, tidy
from mailer.reading.names import (
    begins_like_receiver,
    looks_like_person,
    looks_like_receiver,
)

_LEVEL_ONE = "，；,;"
_LEVEL_TWO = "、"
_FINAL = "。．.；;，,、 \u3000"
_COUNT = re.compile(
    r"[（(]?\s*(?:各|共|计)?\s*[0-9０-９一二三四五六七八九十百]+\s*份\s*[）)]?$"
    r"|[（(]\s*[0-9０-９]{1,4}\s*[）)]$"
)
_REMARK = re.compile(r"\s*[（(]([^（()）]*)[）)]$")
_REMARK_WORDS = re.compile(
    "模拟|演练|示例|样例|请示|发布时|未包括|需[要经]?|另行|略|待定|暂|如有|注[:：]|备注"
    "|阅后|此件|以上|排名不分"
)
_KEPT_REMARK = re.compile("除外|不含|含|挂靠|代管|不发|只发|仅")
_WIDE = re.compile(r"\s{2,}|\u3000\s*")
# What a wrap leaves alone in the next line.
_REST = re.compile(
    "(?:公室|[委总分协学商]会|[分支总]行|[分支总大中]队|[理管分总]局|中心|公司|集团|政府"
    "|机关|单位)$"
)
_NEAR = 200  # letters around the end of a line in which a bracket is looked for
_STEM = re.compile("^(?:.{2,20})?各")
_BARE_CLASSES = re.compile(
    "^(?:省|自治区|直辖市|市|县|区|州|旗|盟|乡镇|镇|乡|街道|县区|市区|队|所|站|庭|室|科"
    "|处|股|部|院|校|园|中心|分局|支局"
    "|综治中心|服务中心|派出所|司法所|卫生院|工会|妇联|团委|纪委|武装部|专职|微型|工委"
    "|党工委|党组|党总支|党支部|处室|科室|部门|单位|机构|党委|政府|人民政府|管理局|管委会"
    "|事业单位|企业|公司|学校|医院|网点|社区|村|办事处)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockText:
    """One printed line of a block and whether it goes on to the margin (None: unknown)."""

    text: str
    full: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entries:
    """The entries in print order, and what was doubtful about them: (code, text)."""

    entries: tuple[str, ...]
    doubts: tuple[tuple[str, str], ...] = ()


def read_entries(lines: Sequence[BlockText]) -> Entries:
    """Split the lines of one block at its top level.

    Where ， or ； stands outside brackets it is the top level; else 、 is, unless the whole is one
    shared form (各A、B、C); else the ends of lines and runs of blanks are. Nothing is split inside
    brackets or quotes, or at 和, 与, 及.
    """
    doubts: list[tuple[str, str]] = []
    pieces: list[str] = []
    texts = [_unframed(text) for text in _unwrap([line for line in lines if line.text.strip()])]
    unit_a_line = _is_unit_a_line(texts)
    for text in texts:
        pieces += [text] if unit_a_line else _split(text, doubts)
    entries: list[str] = []
    for piece in pieces:
        entry = _entry(piece, doubts)
        if entry:
            entries.append(entry)
    doubts += [("entry-repeated", each) for each in _repeated(entries)]
    return Entries(entries=tuple(entries), doubts=tuple(doubts))


def _unframed(text: str) -> str:
    """Return the text without an unmatched bracket at its end: （本期送：…。） leaves one."""
    text = text.strip()
    while text[-1:] in ("）", ")"):
        opened = text.count("（") + text.count("(")
        if opened >= text.count("）") + text.count(")"):
            break
        text = text[:-1].rstrip()
    return text


def _unwrap(lines: list[BlockText]) -> list[str]:
    """Return the texts between line ends that end an entry."""
    parts: list[str] = []
    listed = any(_separators(line.text, _LEVEL_ONE + _LEVEL_TWO) for line in lines)
    for index, line in enumerate(lines):
        text = line.text.strip()
        before = lines[index - 1] if index else None
        if before is not None and _goes_on(before, text, parts[-1], listed=listed):
            parts[-1] += text
        else:
            parts.append(text)
    return parts


def _is_unit_a_line(texts: list[str]) -> bool:
    """Tell whether the ends of lines are the top level: then 、 inside a line is the second."""
    level_one = any(_separators(text, _LEVEL_ONE) for text in texts)
    level_two = sum(_separators(text, _LEVEL_TWO) > 0 for text in texts)
    blanks = any(_WIDE.search(text.strip()) for text in texts)
    return len(texts) > 1 and not level_one and not blanks and 0 < level_two * 2 < len(texts)


def _goes_on(before: BlockText, text: str, whole: str, *, listed: bool) -> bool:
    """Tell whether the entry that ends a line goes on in the next one, ``text``."""
    if not text or whole[-1] in _LEVEL_ONE + _LEVEL_TWO or text[0] in _LEVEL_ONE + _LEVEL_TWO:
        return True
    near = whole[-_NEAR:]
    if whole[-1] not in CLOSERS and not outside_brackets(near + text[:_NEAR])[len(near) - 1]:
        return True
    last, first = _last_piece(whole), _first_piece(text).rstrip(_FINAL)
    complete = looks_like_receiver(last)
    if len(first) == 1 or _REST.match(first):
        return before.full is True or not complete or len(first) == 1
    if before.full is not None and listed:
        return before.full
    begins = begins_like_receiver(first)
    if before.full:
        return not (complete and begins)
    return not complete and not begins and before.full is None and listed


def _last_piece(text: str) -> str:
    return re.split(f"[{_LEVEL_ONE}{_LEVEL_TWO}]", text)[-1]


def _first_piece(text: str) -> str:
    return re.split(f"[{_LEVEL_ONE}{_LEVEL_TWO}]", text)[0]


def _separators(text: str, of: str) -> int:
    """Count the separators outside brackets, the last letter apart."""
    text = text.strip().rstrip(_FINAL)
    outside = outside_brackets(text)
    return sum(letter in of and outside[index] for index, letter in enumerate(text))


def _split(text: str, doubts: list[tuple[str, str]]) -> list[str]:
    for level in (_LEVEL_ONE, _LEVEL_TWO):
        if _separators(text, level):
            pieces = _cut(text, level)
            if level == _LEVEL_TWO and _is_shared_form(pieces):
                return [text]
            return pieces
    wide = [piece for piece in _WIDE.split(text.strip()) if piece]
    if len(wide) > 1:
        return wide if not _is_spread(wide) else [text]
    words = text.split()
    if len(words) > 1 and all(len(word) > 1 and looks_like_receiver(word) for word in words):
        doubts.append(("entries-parted-by-blanks", tidy(text)))
        return words
    return [text]


def _cut(text: str, separators: str) -> list[str]:
    outside = outside_brackets(text)
    ends = [index for index, letter in enumerate(text) if letter in separators and outside[index]]
    return [text[start + 1 : end] for start, end in pairwise([-1, *ends, len(text)])]


def _is_spread(pieces: list[str]) -> bool:
    """Tell whether blanks only spread the letters of one name (各　单　位)."""
    return all(len(piece) == 1 and is_han(piece) for piece in pieces)


def _is_shared_form(pieces: list[str]) -> bool:
    """Tell whether the whole is one form 各A、B、C, whose members share the 各 or a last word.

    Members that name a class only (县、区; 科室、队、所) cannot stand alone; one that has its own
    各, level word or name can.
    """
    texts = [compact(piece).rstrip(_FINAL) for piece in pieces if compact(piece).rstrip(_FINAL)]
    if len(texts) < 2 or not _STEM.match(texts[0]):  # noqa: PLR2004 - one piece shares nothing
        return False
    return all("各" not in text and _BARE_CLASSES.match(text) for text in texts[1:])


def _entry(piece: str, doubts: list[tuple[str, str]]) -> str:
    """Return one entry without final stops, counts and remarks to the editor."""
    text = tidy(piece).strip(_FINAL)
    while True:
        shorter = _COUNT.sub("", text).strip(_FINAL)
        remark = _REMARK.search(shorter)
        if remark and _REMARK_WORDS.search(remark[1]) and not _KEPT_REMARK.match(remark[1]):
            doubts.append(("entry-remark-left-out", remark[0].strip()))
            shorter = shorter[: remark.start()].strip(_FINAL)
        if shorter == text or not shorter:
            break
        text = shorter
    return re.sub(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", text)


def _repeated(entries: list[str]) -> list[str]:
    seen: set[str] = set()
    again: list[str] = []
    for entry in entries:
        if compact(entry) in seen:
            again.append(entry)
        seen.add(compact(entry))
    return again


def plausible(entries: Sequence[str]) -> bool:
    """Tell whether entries read as a distribution and not as sentences of the body."""
    if not entries or any(_is_sentence(entry) for entry in entries):
        return False
    fitting = sum(looks_like_receiver(entry) or looks_like_person(entry) for entry in entries)
    return fitting * 2 >= len(entries)


_LONGEST = 60
_MEASURES = re.compile(
    r"\d+(?:\.\d+)?(?:余)?(?:万|亿)?(?:份|套|人|件|个|元|次|家|户|名|吨|台|%|％)"
)
_VERBS = re.compile(
    "[^，。]{2,}(?:要于|将于|已于|正在|应于|进行了|召开了|送上|完成了|做好|抓好|并填写)"
)


def _is_sentence(entry: str) -> bool:
    bare = re.sub(r"[（(][^（）()]*[）)]", "", entry)
    return (
        len(bare) > _LONGEST
        or any(stop in bare for stop in "。！？：")
        or _MEASURES.search(bare) is not None
        or _VERBS.search(bare) is not None
    )
