import pytest

from mailer.reading.model import Secrecy
from mailer.reading.reading import read_bytes
from tests.reading.conftest import ReadText
from tests.reading.pdf_writer import Press, masthead

ISSUE = """{mark}

城东区重点项目专报

第6期

城东区发展和改革局        2026年3月9日

三个项目提前开工

3月8日，全区三个重点项目提前开工，总投资12亿元。

{other}

送：区委办公室，区政府办公室。
"""


@pytest.mark.parametrize(
    ("mark", "grade"),
    [
        ("秘密", Secrecy.CONFIDENTIAL),
        ("秘 密", Secrecy.CONFIDENTIAL),
        ("机密", Secrecy.SECRET),
        ("绝密", Secrecy.TOP_SECRET),
        ("绝　密", Secrecy.TOP_SECRET),
        ("★秘密", Secrecy.CONFIDENTIAL),
        ("秘密★", Secrecy.CONFIDENTIAL),
        ("机密★1年", Secrecy.SECRET),
        ("机密 ★ 一 年", Secrecy.SECRET),
        ("秘密★长期", Secrecy.CONFIDENTIAL),
        ("绝密★启用前", Secrecy.TOP_SECRET),
        ("密级：机密", Secrecy.SECRET),
        ("【机密】", Secrecy.SECRET),
        ("（秘密）", Secrecy.CONFIDENTIAL),
        ("機密", Secrecy.SECRET),
        ("秘密★6个月        特急", Secrecy.CONFIDENTIAL),
        ("000123        机密★10年", Secrecy.SECRET),
        ("机密特急", Secrecy.SECRET),
    ],
)
def test_mark_above_the_name(read_text: ReadText, mark: str, grade: Secrecy) -> None:
    """A mark is read in every form, is a warning, and is no part of the name."""
    document = read_text(ISSUE.format(mark=mark, other=""))
    assert document.secrecy is grade
    assert document.title == "城东区重点项目专报"
    assert [(doubt.code, doubt.line) for doubt in document.warnings] == [("secrecy-mark", 1)]


@pytest.mark.parametrize(
    "text",
    [
        "会议强调，要严守国家秘密，机密文件不得外传。",
        "保守秘密从我做起",
        "机密档案数字化工作启动",
        "区国家保密局抽查绝密级载体管理情况。",
    ],
)
def test_the_words_in_running_text_are_no_mark(read_text: ReadText, text: str) -> None:
    """Only a line or cell that is nothing but the mark counts."""
    assert read_text(ISSUE.format(mark="内部资料", other=text)).secrecy is None


def test_highest_mark_wins_wherever_it_stands(read_text: ReadText) -> None:
    """A later page may carry the mark that the first lacks."""
    document = read_text(ISSUE.format(mark="秘密", other="机密★1年"))
    assert document.secrecy is Secrecy.SECRET


@pytest.mark.parametrize("urgency", ["特急", "加急", "急件", "紧急", "平急"])
def test_urgency(read_text: ReadText, urgency: str) -> None:
    """The urgency is read beside or without a secrecy mark."""
    assert read_text(ISSUE.format(mark=urgency, other="")).urgency == urgency
    beside = read_text(ISSUE.format(mark=f"秘密★1年      {urgency}", other=""))
    assert (beside.urgency, beside.secrecy) == (urgency, Secrecy.CONFIDENTIAL)


def test_mark_in_the_header_of_every_page() -> None:
    """A header that repeats is no text of the bulletin, but its mark is not overlooked."""
    press = Press(header="机密★1年")
    masthead(press)
    press.centred("三个项目提前开工", 22)
    press.paragraph("3月8日，全区三个重点项目提前开工，总投资12亿元。" * 30)
    document = read_bytes(press.finish(), "a.pdf")
    assert document.secrecy is Secrecy.SECRET
    assert [article.title for article in document.articles] == ["三个项目提前开工"]
