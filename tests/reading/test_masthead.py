import pytest

from mailer.reading.model import DocumentKind
from tests.reading.conftest import ReadText

BODY = """
全市召开文物保护工作会议

6月1日，全市文物保护工作会议召开，通报去年考古发掘情况，部署今年重点任务。

送：市委宣传部，市财政局。
"""


@pytest.mark.parametrize(
    ("head", "title", "publisher", "date"),
    [
        (
            "文物工作简报\n2026年第3期\n清河市文物局编    2026年6月2日",
            "文物工作简报",
            "清河市文物局",
            "2026-06-02",
        ),
        (
            "文物工作简    报\n第3期\n清河市文物局办公室\n2026年6月2日",
            "文物工作简报",
            "清河市文物局办公室",
            "2026-06-02",
        ),
        (
            "清河市文物局\n文物保护\n工 作 简 报\n第 3 期\n清河市文物局办公室主办    2026.6.2",
            "清河市文物局文物保护工作简报",
            "清河市文物局办公室",
            "2026-06-02",
        ),
        ("清河市文物局\n文物值班日报\n（第3期）", "文物值班日报", "清河市文物局", None),
        (
            "内部资料 注意保存\n000123\n文物信息\n第3期\n主办：清河市文物局    签发人：李一鸣",
            "文物信息",
            "清河市文物局",
            None,
        ),
        (
            "文物专报\n——考古专刊\n第3期\n2026年6月2日    报送单位：清河市考古所",
            "文物专报",
            "清河市考古所",
            "2026-06-02",
        ),
        (
            "文物简讯    第3期\n清河市文物局 清河市博物馆 合编    二〇二六年六月二日",
            "文物简讯",
            "清河市文物局 清河市博物馆",
            "2026-06-02",
        ),
        (
            "文物动态\nWEN WU DONG TAI\n第3期\n清河市文物局办公室（研究室）    2026年6月2日",
            "文物动态",
            "清河市文物局办公室（研究室）",
            "2026-06-02",
        ),
    ],
)
def test_forms(
    read_text: ReadText, head: str, title: str, publisher: str, date: str | None
) -> None:
    """Name, number, publisher and date in the forms that offices print."""
    document = read_text(head + "\n" + BODY)
    assert (document.title, document.publisher, document.date) == (title, publisher, date)
    assert document.number == 3
    assert document.document_kind is DocumentKind.BULLETIN
    assert [article.title for article in document.articles] == ["全市召开文物保护工作会议"]


def test_numbers_in_the_body_are_not_the_issue(read_text: ReadText) -> None:
    """A headline or sentence may name an issue of something else."""
    body = BODY.replace("全市召开文物保护工作会议", "第8期文物修复培训班开班")
    document = read_text("文物信息\n清河市文物局    2026年6月2日\n" + body)
    assert (document.title, document.number) == ("文物信息", None)
    assert [article.title for article in document.articles] == ["第8期文物修复培训班开班"]


def test_statutory_document(read_text: ReadText) -> None:
    """Not a bulletin, but its title, receivers, signature and blocks are labelled."""
    document = read_text(
        "清河市文物局文件\n清文〔2026〕8号\n\n关于做好汛期文物安全\n工作的通知\n\n"
        "各县（区）文物局，局属各单位：\n近期降雨较多，现将有关事项通知如下：\n"
        "一、开展排查\n各单位要对文物建筑逐处排查。\n附件：排查表\n\n"
        "清河市文物局\n2026年6月2日\n\n抄送：市应急管理局。\n"
        "清河市文物局办公室        2026年6月3日印发\n"
    )
    assert document.document_kind is DocumentKind.OFFICIAL_DOCUMENT
    assert document.title == "关于做好汛期文物安全工作的通知"
    assert (document.number, document.year) == (None, None)
    assert (document.publisher, document.date) == ("清河市文物局", "2026-06-02")
    assert [(block.kind, block.entries) for block in document.blocks] == [
        ("主送", ("各县（区）文物局", "局属各单位")),
        ("抄送", ("市应急管理局",)),
    ]
    assert len(document.articles[0].body) == 3
    assert "not-a-bulletin" in {doubt.code for doubt in document.warnings}


def test_publisher_and_date_from_the_imprint(read_text: ReadText) -> None:
    """Where the masthead is silent, the line of printing speaks."""
    document = read_text(
        "文物信息\n第3期\n" + BODY + "清河市文物局办公室        2026年6月3日印发\n"
    )
    assert (document.publisher, document.date) == ("清河市文物局办公室", "2026-06-03")
    assert [doubt.code for doubt in document.warnings] == ["publisher-inferred"]
