import codecs

import pytest

from mailer.reading.errors import UnknownFormat
from mailer.reading.readers.encoding import decode
from mailer.reading.reading import read_bytes

TEXT = """湖滨区信访工作简报
2026年第4期（总第40期）
湖滨区信访局办公室编    2026年4月2日

区领导接待来访群众

4月1日，区委书记到区信访接待中心接待来访群众，现场协调解决问题三件。

报：市信访局，区委办公室。
送：各镇党委，区直各单位。
"""
TRADITIONAL = """南嶺商會會訊
第六期
南嶺商會秘書處編印    民國一一五年五月六日

會員大會順利召開

五月三日，本會召開會員大會，審議並通過年度工作報告。

報：市商業總會
送：各會員單位
"""

MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


@pytest.mark.parametrize("encoding", MARKS)
def test_byte_order_mark_decides(encoding: str) -> None:
    """A mark at the beginning says the encoding, and is no letter of the name."""
    marked = read_bytes(MARKS[encoding] + TEXT.encode(encoding), "a.txt")
    assert marked == read_bytes(TEXT.encode(), "b.txt")
    assert marked.title == "湖滨区信访工作简报"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encoding_is_told_without_a_mark(encoding: str, newline: str) -> None:
    """The bytes themselves tell the encoding, with any ends of lines."""
    data = TEXT.replace("\n", newline).encode(encoding)
    document = read_bytes(data, "a.txt")
    assert (document.title, document.number) == ("湖滨区信访工作简报", 4)
    assert document.articles == read_bytes(TEXT.encode(), "b.txt").articles
    assert document.warnings == ()


def test_big5_is_told_from_gb18030() -> None:
    """Both decode almost any bytes: the one with common letters is right."""
    assert read_bytes(TRADITIONAL.encode("big5"), "a.txt").title == "南嶺商會會訊"


def test_four_byte_letters_of_gb18030() -> None:
    """Rare names need the letters that GBK lacks."""
    document = read_bytes(TEXT.replace("三件", "三件，刘䶮陪同").encode("gb18030"), "a.txt")
    assert "刘䶮陪同" in str(document.articles[0].body[0])


def test_cut_letter_is_a_doubt() -> None:
    """A file that ends inside a letter is read up to there, with a warning."""
    document = read_bytes(TEXT.encode()[:-3], "a.txt")
    assert [doubt.code for doubt in document.warnings] == ["letters-lost"]


def test_control_letters_are_no_text() -> None:
    """Bytes that decode but hold control letters are some other format."""
    assert decode(b"abc\x00\x01\x02def") is None
    with pytest.raises(UnknownFormat):
        read_bytes(b"\x00\x01\x02\x03\xff\xfe\xfd" * 50, "a.txt")
