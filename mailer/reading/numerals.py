"""Numbers as bulletins print them: 42, ０４２, l08 (a scanner's 1), 第三十二, 一八六, 一千零六."""

import re
import unicodedata

_DIGITS = {
    **dict(zip("零〇○一二三四五六七八九", (0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)),
    **dict(zip("两壹贰叁肆伍陆柒捌玖", (2, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)),
}
_UNITS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_LOOKALIKES = str.maketrans({"O": "0", "О": "0", "o": "0", "l": "1", "I": "1", "|": "1"})

_CHINESE = "零〇○一二三四五六七八九两十百千壹贰叁肆伍陆柒捌玖拾佰仟"
_FIGURE = "0-9０-９"
_FIGURES = rf"{_FIGURE}OОolI|\s"
NUMBER = (
    rf"(?:[{_FIGURE}][{_FIGURES}]*|[OОolI|](?=\s*[{_FIGURE}])[{_FIGURES}]*"
    rf"|[{_CHINESE}][{_CHINESE}\s]*)"
)
"""Pattern of a number; what it matches is given to :func:`number`."""
_YEAR_DIGIT = "0-9０-９〇○零一二三四五六七八九OОo"
YEAR = rf"(?:[12１２][0-9０-９\sOol]{{3,6}}|[一二][{_YEAR_DIGIT}]{{3}})"
"""Pattern of a year of four figures, in either script, blanks allowed between the figures."""

_LONGEST = 9


def number(text: str) -> int | None:
    """Return the value of a printed number; None for what is no number."""
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text).replace("\u25cb", "〇"))
    if not text or len(text) > _LONGEST:
        return None
    plain = text.translate(_LOOKALIKES)
    if plain.isascii():
        return int(plain) if plain.isdigit() else None
    mixed = "".join(str(_DIGITS.get(letter, letter)) for letter in plain)
    if mixed.isascii() and mixed.isdigit():
        return int(mixed)
    return _by_units(text)


def year(text: str) -> int | None:
    """Return a year of four figures."""
    value = number(text)
    return value if value is not None and 1900 <= value < 2200 else None  # noqa: PLR2004 - plain bounds of a year of print


def _by_units(text: str) -> int | None:
    """Return the value of a number written with 十, 百, 千."""
    total = current = 0
    for letter in text:
        if letter in _UNITS:
            total += (current or 1) * _UNITS[letter]
            current = 0
        elif letter in _DIGITS:
            current = _DIGITS[letter]
        else:
            return None
    return total + current
