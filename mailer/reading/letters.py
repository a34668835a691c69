"""Letters: what is Han, what ends a sentence, and how printed text becomes clean text."""

import re
import unicodedata
from functools import cache
from itertools import accumulate, pairwise

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f"
CJK = HAN + "\u3000-\u303f\uff01-\uff60\u2018-\u201d\u2014\u2026\u00b7\u2500-\u25ff\u2605\u2606"
STOPS = "。！？!?；;…"
CLOSERS = "”’」』）)】〕]》〉"
OPENERS = "“‘「『（(【〔[《〈"
SEPARATORS = "，、；,;"
_PAIRS = dict(zip(OPENERS, "”’」』）)】〕]》〉", strict=True))

# Radicals that PDF fonts give instead of the letter and that no Unicode normalisation maps.
_RADICALS = str.maketrans(
    "⺁⺇⺌⺎⺏⺕⺗⺝⺟⺠⺡⺤⺧⺩⺫⺬⺭⺮⺯⺰⺱⺲⺳⺷⺸⺹⺺⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻈⻉⻋⻍⻎⻐⻑⻒⻓⻔⻖⻗⻘⻙⻚⻛⻜⻝⻟⻠⻢⻣⻤⻥⻦⻧⻨⻩⻪⻬⻮⻯⻰⻳",
    "厂几小兀尣彐心月母民水爪牛王目示示竹糸纟罒罓网羊羊老聿月臼艹艹艹虎衣覀西见角讠贝车辶辶钅長镸长门阝雨青韦页风飞食饣食马骨鬼鱼鸟卤麦黄黾齐齿龍龙龟",
)
_COMPATIBLE = re.compile("[\u2f00-\u2fdf\uf900-\ufaff\U0002f800-\U0002fa1f]")
_DROPPED = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_NARROW_BLANK = re.compile("[\u00a0\u2002\u2004-\u200a\u202f\u205f]")
_WIDE_BLANK = re.compile("[\u2001\u2003]")
_RULE = re.compile(r"[\s>|]*[-─━═—_=*~﹏–－┄┈﹉‐#·]{6,}[\s|]*")
_MOST_BLANKS = 120  # more white than a line of print has; a hostile file may have any amount
_LONG_BLANK = re.compile(rf"[ \u3000]{{{_MOST_BLANKS},}}")
_BLANKS = re.compile(r"[\s\u3000]+")
_QUOTED = re.compile("[“《‘][^“”《》‘’]*[”》’]")
_BETWEEN_HAN = re.compile(rf"(?<=[{CJK}])[\s\u3000]+(?=[{CJK}])")


def normalise(text: str) -> str:
    """Return ``text`` in NFC with ordinary letters: no radicals, no compatibility ideographs.

    Tabs become four blanks, foreign blanks their nearest plain or ideographic one; runs of
    blanks stay, because in a masthead or a block they separate.
    """
    text = unicodedata.normalize("NFC", text.translate(_RADICALS))
    text = _COMPATIBLE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    text = _DROPPED.sub("", text.replace("\t", "    "))
    text = _LONG_BLANK.sub(lambda match: match[0][:_MOST_BLANKS], text)
    return _WIDE_BLANK.sub("\u3000", _NARROW_BLANK.sub(" ", text))


def tidy(text: str) -> str:
    """Return a running text without stray blanks.

    Blanks between Han letters go, except inside quotation marks, where they part the halves of a
    slogan; around Latin words and figures one blank stays where the print has one or more.
    """
    text = _BLANKS.sub(" ", text).strip()
    parts: list[str] = []
    end = 0
    for quoted in _QUOTED.finditer(text):
        parts += [_BETWEEN_HAN.sub("", text[end : quoted.start()]), quoted[0]]
        end = quoted.end()
    parts.append(_BETWEEN_HAN.sub("", text[end:]))
    return "".join(parts)


def tidy_heading(text: str) -> str:
    """Return a headline with one blank at most between its parts.

    Letters that are spread for looks (简　　报) are drawn together; a blank between two phrases is
    a broken line of the print and stays.
    """
    pieces = _BLANKS.sub(" ", text).strip().split(" ")
    result = pieces[0]
    for before, after in pairwise(pieces):
        spread = min(len(before), len(after)) == 1 and is_han(before[-1:]) and is_han(after[:1])
        result += after if spread else f" {after}"
    return result


def compact(text: str) -> str:
    """Return ``text`` without any blank, full-width forms narrowed: the form for comparing."""
    return dense(unicodedata.normalize("NFKC", text))


def dense(text: str) -> str:
    """Return ``text`` without any blank, its letters and punctuation as printed."""
    return _BLANKS.sub("", text)


def is_han(text: str) -> bool:
    """Tell whether ``text`` is not empty and every letter of it is Han."""
    return bool(text) and all(_is_han_letter(letter) for letter in text)


def join(before: str, after: str) -> str:
    """Join two pieces of a running text that a line or page break parted."""
    before, after = before.rstrip(), after.lstrip()
    if not before or not after:
        return before + after
    latin = before[-1].isascii() and before[-1].isalnum() and after[0].isascii()
    return f"{before} {after}" if latin and after[0].isalpha() else before + after


def ends_sentence(text: str) -> bool:
    """Tell whether ``text`` ends as a sentence does, closing quotes and brackets allowed."""
    bare = text.rstrip().rstrip(CLOSERS)
    return bool(bare) and bare[-1] in STOPS + "：:"


def ends_piece(text: str) -> bool:
    """Tell whether a paragraph may end here: a stop, or a closing quote or bracket."""
    text = text.rstrip()
    return bool(text) and (text[-1] in CLOSERS or ends_sentence(text))


def is_rule(text: str) -> bool:
    """Tell whether a line is a rule drawn with dashes."""
    return _RULE.fullmatch(text) is not None


def has_sentence(text: str) -> bool:
    """Tell whether ``text`` holds the stop of a sentence anywhere."""
    return any(stop in text for stop in "。！？；")


def width(text: str) -> int:
    """Return the columns that ``text`` takes in a fixed-width print: 2 for a wide letter."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in text)


def outside_brackets(text: str) -> list[bool]:
    """Tell for each letter of ``text`` whether it stands outside all brackets and quotes.

    A bracket that is never closed encloses nothing. One pass, whatever the text holds.
    """
    depth = [0] * (len(text) + 1)  # how many brackets open, less how many close, at each letter
    opened: list[tuple[str, int]] = []
    waiting: dict[str, int] = {}
    for index, letter in enumerate(text):
        if letter in _PAIRS:
            closer = _PAIRS[letter]
            opened.append((closer, index))
            waiting[closer] = waiting.get(closer, 0) + 1
            continue
        closer = "）" if letter == ")" and not waiting.get(")") else letter
        start = index
        while waiting.get(closer) and start == index:
            other, place = opened.pop()
            waiting[other] -= 1
            start = place if other == closer else index
        if start != index:
            depth[start] += 1
            depth[index + 1] -= 1
    return [level == 0 for level in accumulate(depth[:-1])]


@cache
def _is_han_letter(letter: str) -> bool:
    return re.match(f"[{HAN}]", letter) is not None
