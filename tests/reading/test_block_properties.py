from hypothesis import given
from hypothesis import strategies as st

from mailer.reading.reading import read_bytes

PLACES = ("省", "市", "县", "区", "临江市", "白塔县", "柳堤街道")
BODIES = (
    *("财政局", "审计局", "发展改革委", "邮政管理局", "委办公室", "政府办公室", "总工会"),
    *("第一人民医院", "商业银行分行", "物流协会", "人民检察院", "融媒体中心", "交通和港航管理局"),
)
BRACKETS = ("", "", "", "（办公室）", "（市、区）", "（柳镇除外）")
COLLECTIVES = ("各县（市、区）人民政府", "局属各单位", "领导小组各成员单位", "各快递企业")

units = st.one_of(
    st.builds("".join, st.tuples(*map(st.sampled_from, (PLACES, BODIES, BRACKETS)))),
    st.sampled_from(COLLECTIVES),
)
blocks = st.lists(units, min_size=1, max_size=12, unique=True)
labels = st.lists(
    st.sampled_from(["报", "送", "发", "抄报", "抄送", "主送", "分送", "增发"]),
    min_size=1,
    max_size=4,
    unique=True,
)


@st.composite
def printed_blocks(draw: st.DrawFn) -> tuple[list[tuple[str, list[str]]], str]:
    """Return blocks and how an office might print them."""
    expected: list[tuple[str, list[str]]] = []
    text = ""
    for label in draw(labels):
        entries = draw(blocks)
        expected.append((label, entries))
        shown = label if len(label) == 1 else draw(st.sampled_from(["", " ", "　"])).join(label)
        text += f"{shown}{draw(st.sampled_from(['：', ':', ' ：', '　　：']))}"
        text += draw(_layouts(entries)) + "\n" + draw(st.sampled_from(["", "\n"]))
    return expected, text


def _layouts(entries: list[str]) -> st.SearchStrategy[str]:
    """Return ways to print entries: one separator for all, wrapped after any, or a line each."""
    separators = ["，", "；", "， "]
    # 、 alone would make one shared form of 各A、B, which the print cannot tell apart.
    if not any("各" in entry for entry in entries):
        separators.append("、")
    listed = st.builds(
        lambda separator, breaks, stop: "".join(
            entry
            + (separator + ("\n" if index in breaks else "") if index + 1 < len(entries) else stop)
            for index, entry in enumerate(entries)
        ),
        st.sampled_from(separators),
        st.sets(st.integers(0, len(entries))),
        st.sampled_from(["", "。"]),
    )
    return st.one_of(listed, st.just("\n".join(entries)), st.just("\n      ".join(entries)))


@given(printed_blocks())
def test_printed_blocks_are_read_back(case: tuple[list[tuple[str, list[str]]], str]) -> None:
    """Whatever separators and line breaks an office uses, the same blocks come back."""
    expected, text = case
    issue = (
        "临江市财政工作简报\n\n2026年第2期\n\n临江市财政局办公室编    2026年2月3日\n\n"
        "全市财政工作会议召开\n\n2月2日，全市财政工作会议召开，总结去年工作，部署今年任务。\n\n"
        f"{text}"
    )
    document = read_bytes(issue.encode(), "issue.txt")
    assert [(block.kind, list(block.entries)) for block in document.blocks] == expected
    assert [article.title for article in document.articles] == ["全市财政工作会议召开"]
