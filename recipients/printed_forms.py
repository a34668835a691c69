"""The form of a printed entry, read without any directory. Pure.

An entry such as 云湾市邮政局各处室、管理局、文明办 shortens its later items: a part that the first
one prints governs them. Which part that can be is a matter of form, and it is decided here by
form alone. Were it decided by which reading happens to find known units, then taking a unit out
of the directory would make the next best reading win.
"""

import re

SEPARATORS = "、，,；;"
_OPENING = "（([〔【“「『《〈"
_CLOSING = "）)]〕】”」』》〉"

_ENDS_A_UNIT = re.compile(
    """
    省(?!直) | 市(?!场|容|民|直|政(?!府|协|法|务)) | 县(?!直|域|志) | 区(?!域|划|直)
    | [州旗盟] | 镇(?!街) | 乡(?!镇|村) | 街道
    | 局(?!属|直) | 厅 | 委(?!员|托) | 部(?!门|队|属) | 院(?!士|校|属)
    | 会(?!计|议|展|员) | 府 | 司(?!法) | 署 | 社(?!会|区|科|保) | 行(?!政|业)
    | 校(?!区|园) | 学(?!校|院|会|科) | 站(?!点) | 所(?!属|有|辖) | 台(?!湾|办|胞)
    | 馆 | 队(?!伍) | 处(?!室) | 办(?!公|事) | 协(?!会|调|同) | 联(?!合|系|社)
    | 中心 | 公司 | 集团(?!公司) | 党组 | 各 | \\)
    """,
    re.VERBOSE,
)
"""Where a governing part can end: after the last letters of a unit's or a place's name.

The look-aheads are words that merely contain such a letter (市场, 办公室, 社会, 行政 …).
"""

_RANKED = re.compile(
    "自治区|省|市(?!场|容|民|政(?!府|协|法|务))|县(?!志)|区(?!域|划)|州|旗|盟|镇|乡|街道|州直|市直"
)
_SUPREME = re.compile("国家|中央|全国|中国|国务院|最高")
_PLACED = re.compile(
    "[\u4e00-\u9fff]{1,7}?(?<!城)(?<!社)(?<!园)(?<!地)(?<!都)(?<!辖)(?<!校)(?<!厂)(?<!景)(?<!税)"
    "(?<!发)(?<!新)(?<!开)(?:自治区|省|市(?!场|容|民|政)|县|区(?!域|划)|州|旗|盟)(?=[\u4e00-\u9fff])"
)

_SIGN_OF_RANK = re.compile("[国省市县区州旗盟镇乡局委厅府部院会司]|中央|公司|集团|中心")

_SHARED_ENDINGS = (
    *(
        "办公室",
        "办公厅",
        "办",
        "值班室",
        "秘书处",
        "主要负责同志",
        "负责同志",
        "主要负责人",
        "负责人",
    ),
    *("主要领导", "分管领导", "领导同志", "领导"),
)
_TOO_SMALL_FOR_AN_OFFICE = re.compile("(?:[处科室办组股司站队馆]|中心)$")


def split_items(printed: str) -> list[str]:
    """Return the items of ``printed``: parted at separators, but never inside brackets."""
    items = [""]
    depth = 0
    for character in printed:
        depth += (character in _OPENING) - (character in _CLOSING)
        if character in SEPARATORS and depth <= 0:
            items.append("")
        else:
            items[-1] += character
    return [item.strip() for item in items if item.strip()]


def governing_part(first: str) -> str:
    """Return the longest part at the beginning of ``first`` that is a unit's or place's by form.

    ``first`` is a key (:func:`recipients.names.key`), and at least two letters of it remain, one
    after a part of one or two (县法院). Empty where there is none.
    """
    ends = [match.end() for match in _ENDS_A_UNIT.finditer(first)]
    return max((first[:end] for end in ends if len(first) - end >= _rest(end)), key=len, default="")


def might_govern(first: str) -> bool:
    """Return whether ``first`` holds any sign of a place or rank before its last letter.

    Wider than :func:`governing_part`, which must also know where the part ends: an item that
    follows such a first one is never taken by its bare name.
    """
    return _SIGN_OF_RANK.search(first[:-1]) is not None


def _rest(end: int) -> int:
    """Return how many letters must remain after a governing part of ``end`` letters."""
    return 1 if end <= 2 else 2  # noqa: PLR2004 - 市委, 各县局: what remains may be one letter


def stands_alone(item: str, first: str) -> bool:
    """Return whether ``item`` names its own place or rank, and so borrows nothing from ``first``.

    Both are keys. 县检察院 after 县法院 does; 文明办 after 云湾市邮政局办公室 does not, even
    where some unit is called 文明办 for short.
    """
    if _SUPREME.match(item):
        return _SUPREME.match(first) is not None
    if item.startswith("各"):
        return first.startswith("各")
    return bool(item[:2] == first[:2] or _RANKED.match(item) or _PLACED.match(item))


def shared_ending(items: list[str]) -> str:
    """Return the office that the last item may print for all: 办公室 of 县委、县政府、县政协办公室.

    Empty where the last item has none behind the name of a unit (文明办 is no unit's office), or
    where every other item is an office already, so that 综合处、党委办公室 shares nothing.
    """
    last = items[-1]
    ending = next((end for end in _SHARED_ENDINGS if last.endswith(end)), "")
    owner = last.removesuffix(ending)
    if not any(match.end() == len(owner) for match in _ENDS_A_UNIT.finditer(owner)):
        return ""
    others = items[:-1]
    return ending if ending and any(takes_ending(item, ending) for item in others) else ""


def takes_ending(item: str, ending: str) -> bool:
    """Return whether ``item`` can be meant to go on with ``ending``."""
    return not item.endswith(ending) and not _TOO_SMALL_FOR_AN_OFFICE.search(item)
