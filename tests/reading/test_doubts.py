import re
from pathlib import Path

import pytest

from mailer.reading.doubts import Code
from mailer.reading.reading import read_bytes

DOCUMENT = Path(__file__).parents[2] / "docs" / "warnings.md"

ISSUE = """沙洲区水利信息

2026年第2期

沙洲区水利局编    2026年3月3日

春修水利工程全面开工

3月2日，全区春修水利工程全面开工，计划疏浚沟渠60公里。

报：区委办公室，区政府办公室。
"""
HEAD, BODY, TAIL = (
    ISSUE.split("\n\n春", maxsplit=1)[0],
    "春修水利工程全面开工\n\n3月2日，全区开工。",
    "报：区委办。",
)

CASES: list[tuple[Code, str]] = [
    (Code.SECRECY_MARK, "机密\n" + ISSUE),
    (Code.NOT_A_BULLETIN, "春天来了。\n\n" + BODY),
    (Code.NO_TITLE, ISSUE.replace("沙洲区水利信息\n", "")),
    (Code.NO_NUMBER, ISSUE.replace("2026年第2期\n", "")),
    (Code.NO_DATE, ISSUE.replace("    2026年3月3日", "")),
    (Code.NO_PUBLISHER, ISSUE.replace("沙洲区水利局编", "")),
    (Code.PUBLISHER_INFERRED, "沙洲区水利局\n" + ISSUE.replace("沙洲区水利局编", "")),
    (Code.YEARS_DIFFER, ISSUE.replace("2026年第", "2025年第")),
    (Code.SUPPLEMENT, ISSUE.replace("2026年第2期", "增刊第二期")),
    (Code.NO_BLOCKS, ISSUE.split("报：", maxsplit=1)[0]),
    (Code.BLOCK_LABEL_UNSURE, ISSUE + "发；各镇水利站\n"),
    (Code.BLOCK_EMPTY, ISSUE + "送：\n"),
    (Code.ENTRY_REPEATED, ISSUE.replace("区政府办公室。", "区政府办公室，区委办公室。")),
    (Code.ENTRY_REMARK_LEFT_OUT, ISSUE.replace("区政府办公室。", "区政府办公室（待定）。")),
    (Code.ENTRIES_PARTED_BY_BLANKS, ISSUE.replace("办公室，区", "办公室 区")),
    (Code.NO_ARTICLES, f"{HEAD}\n\n{TAIL}"),
    (Code.ARTICLE_WITHOUT_HEADLINE, ISSUE.replace("春修水利工程全面开工\n", "")),
    (Code.ARTICLE_WITHOUT_BODY, f"{HEAD}\n\n■清淤启动\n\n■{BODY}\n\n{TAIL}"),
    (Code.PARAGRAPH_UNFINISHED, ISSUE.replace("60公里。", "60公里")),
    (Code.EDITOR_NOTE_LEFT_OUT, ISSUE.replace("\n\n春修", "\n\n编者按：春耕在即。\n\n春修", 1)),
    (Code.TEMPLATE_PLACEHOLDER, ISSUE.replace("\n\n春修", "\n\n%lead%\n\n春修", 1)),
    (Code.TEXT_AFTER_BLOCKS, ISSUE + "附件1：\n工程计划表\n"),
]


def _codes(text: str) -> list[str]:
    return [doubt.code for doubt in read_bytes(text.encode(), "issue.txt").warnings]


def test_the_plain_issue_raises_no_doubt() -> None:
    """The issue that the cases spoil is itself without a doubt."""
    assert _codes(ISSUE) == []


@pytest.mark.parametrize(("code", "text"), CASES, ids=[code for code, _ in CASES])
def test_each_doubt_is_raised(code: Code, text: str) -> None:
    """Every code comes from a file that deserves it."""
    assert code.value in _codes(text)


def test_lost_letters_are_counted() -> None:
    """A broken letter in the middle of a file is a doubt, not a refusal."""
    data = (ISSUE * 40).encode().replace("疏浚".encode(), b"\xff\xff", 1)
    doubts = {doubt.code: doubt.text for doubt in read_bytes(data, "issue.txt").warnings}
    assert doubts["letters-lost"] == "2"


def test_every_code_has_a_case() -> None:
    """A new code needs a file that raises it."""
    assert {code for code, _ in CASES} | {Code.LETTERS_LOST} == set(Code)


def test_every_code_is_documented() -> None:
    """docs/warnings.md has a row for each code, in the same order: its meaning, what to do."""
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (.+\.) \| (.+\.) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE
    )
    assert [code for code, _, _ in rows] == [code.value for code in Code]


def test_lines_count_from_one_in_reading_order() -> None:
    """A doubt about a line says which: the first line of the file is 1."""
    text = ISSUE.replace("60公里。", "60公里")
    (doubt,) = read_bytes(text.encode(), "issue.txt").warnings
    assert text.splitlines()[(doubt.line or 0) - 1].endswith("60公里")
