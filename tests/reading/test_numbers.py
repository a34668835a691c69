import pytest

from mailer.reading.dates import find_date
from mailer.reading.issue_number import find_issue_number
from mailer.reading.numerals import number


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("42", 42),
        ("０４２", 42),
        ("l08", 108),
        ("1O", 10),
        ("1 2", 12),
        ("三十二", 32),
        ("十二", 12),
        ("一八六", 186),
        ("一千零六", 1006),
        ("二百", 200),
        ("〇", 0),
        ("壹佰贰拾", 120),
        ("", None),
        ("甲", None),
        ("1234567890", None),
    ],
)
def test_numerals(printed: str, value: int | None) -> None:
    """Figures, full-width figures, a scanner's letters and both ways of Chinese numbers."""
    assert number(printed) == value


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("2024年第3期（总第454期）", (2024, 3, 454)),
        ("2025年 第42期（总第1268期）", (2025, 42, 1268)),
        ("2024年第2期 (总第118期)", (2024, 2, 118)),
        ("第 12 期", (None, 12, None)),
        ("（总第 345 期）", (None, None, 345)),
        ("〔2025〕第XX期", (2025, None, None)),
        ("(2025)第4期    总第 37 期", (2025, 4, 37)),
        ("应急值〔2025〕第 042 期（模拟）", (2025, 42, None)),
        ("〔2024〕11", (2024, 11, None)),
        ("〔2026〕2 号", (2026, 2, None)),
        ("第十二期", (None, 12, None)),
        ("第三十二期（總第一八六期）", (None, 32, 186)),
        ("增刊第二期（总第一千零六期）", (None, 2, 1006)),
        ("第2019-X期", (2019, None, None)),
        ("2024年12月号   总第72期", (2024, 12, 72)),
        ("总第3766期", (None, None, 3766)),
        ("２０２５年第 ５ 期（总 第 l08 期）", (2025, 5, 108)),
        ("2026年度第18号", (2026, 18, None)),
        ("第 %issue_id% 期", (None, None, None)),
        ("二〇二六年第七期", (2026, 7, None)),
    ],
)
def test_number_lines(printed: str, expected: tuple[int | None, int | None, int | None]) -> None:
    """Every printed form gives year, number and running total."""
    found = find_issue_number(printed)
    assert found is not None
    assert (found.year, found.number, found.total) == expected


@pytest.mark.parametrize("text", ["全市召开推进会", "2024年全国邮政管理工作会议", "报：市委"])
def test_other_lines_have_no_number(text: str) -> None:
    """A year alone is no number of an issue."""
    assert find_issue_number(text) is None


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("2024年1月15日", "2024-01-15"),
        ("2016年1月27日16时", "2016-01-27"),
        ("二〇二五年三月十八日", "2025-03-18"),
        ("二0一七年一月十二日", "2017-01-12"),
        ("2024.3.5", "2024-03-05"),
        ("2024-03-05", "2024-03-05"),
        ("２０２４年３月５日", "2024-03-05"),
        ("2026 年 5 月 9 日", "2026-05-09"),
        ("民國一一三年四月十五日", "2024-04-15"),
        ("2024年2月30日", None),
        ("2024年13月1日", None),
        ("年 月 日", None),
    ],
)
def test_dates(printed: str, value: str | None) -> None:
    """Both scripts, both calendars; a day that does not exist is no date."""
    found = find_date(f"甲局办公室    {printed}")
    assert (found.value if found else None) == value
