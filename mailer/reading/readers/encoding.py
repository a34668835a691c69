"""In which encoding a text file is written: told by its bytes, since Chinese files do not say."""

import codecs
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CANDIDATES = ("utf-8", "gb18030", "big5", "utf-16-le", "utf-16-be")
# Letters and marks that any bulletin is full of, in both scripts: a wrong decoding has few.
_COMMON = frozenset(
    "，。、：（）“”《》年月日第期一二三四五六七八九十的和在了有为是中国市县区局委办公室党工作会议"
    "人大政府单位各全上下发展管理部门开展组织服务建设領導國會縣區辦議員為發與關報送发报"
    "0123456789 \n\r\u3000"
)
_CONTROLS = frozenset(chr(code) for code in range(32)) - set("\t\n\x0b\x0c\r\x1a")
_TOLERATED = 0.002  # of all letters may be broken before the file counts as no text
_LEAST_FAMILIAR = 0.05  # of the letters are common ones in any text; far fewer in any other bytes
_CUT = 3  # bytes of an unfinished letter at the end of a file


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """Text out of bytes, its encoding and how many letters were broken."""

    text: str
    encoding: str
    broken: int = 0


def decode(data: bytes) -> Decoded | None:
    """Return the text of ``data``; None where the bytes are no text in any encoding we know."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _lenient(data[len(bom) :], encoding)
    plain = _strict(data, "utf-8")
    if plain:
        return plain
    found = [_strict(data, name) or _lenient(data, name) for name in _CANDIDATES]
    likely = [each for each in found if each is not None and _familiar(each) >= _LEAST_FAMILIAR]
    return max(likely, key=_familiar, default=None)


def _strict(data: bytes, encoding: str) -> Decoded | None:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return Decoded(text=text, encoding=encoding) if _is_text(text) else None


def _lenient(data: bytes, encoding: str) -> Decoded | None:
    """Decode with few broken letters allowed, as a file cut short or hurt in transit has."""
    text = data.decode(encoding, errors="replace")
    broken = text.count("\ufffd")
    unfinished = broken <= 1 and text.rstrip("\ufffd") != text and len(data) > _CUT
    if not _is_text(text) or (broken > len(text) * _TOLERATED and not unfinished):
        return None
    return Decoded(text=text, encoding=encoding, broken=broken)


def _is_text(text: str) -> bool:
    return not any(letter in _CONTROLS for letter in text)


def _familiar(decoded: Decoded) -> float:
    """Return the share of common letters: among valid decodings the right one has most."""
    return sum(letter in _COMMON for letter in decoded.text) / max(1, len(decoded.text))
