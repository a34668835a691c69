import pytest

from mailer.reading.entries import BlockText, plausible, read_entries


def _entries(*lines: str, full: bool | None = None) -> tuple[str, ...]:
    return read_entries([BlockText(text=line, full=full) for line in lines]).entries


@pytest.mark.parametrize(
    ("printed", "entries"),
    [
        ("市委办，市政府办。", ("市委办", "市政府办")),
        ("市委办、市政府办", ("市委办", "市政府办")),
        ("市委办；市政府办，市财政局", ("市委办", "市政府办", "市财政局")),
        ("县人大、县政协，县法院、县检察院", ("县人大、县政协", "县法院、县检察院")),
        ("各省、自治区、直辖市财政厅（局）。", ("各省、自治区、直辖市财政厅（局）",)),
        ("各分局、队、所", ("各分局、队、所",)),
        ("各分站、各部办", ("各分站", "各部办")),
        ("各县（市、区）教育局、市直各学校", ("各县（市、区）教育局", "市直各学校")),
        ("某局各处室、管理局、文明办，各企业", ("某局各处室、管理局、文明办", "各企业")),
        ("各乡镇党委、综治中心", ("各乡镇党委、综治中心",)),
        ("市交通和港航管理局、应急与减灾处", ("市交通和港航管理局", "应急与减灾处")),
        ("省厅（局、委），市“三防”办、市局", ("省厅（局、委）", "市“三防”办、市局")),
        ("《甲、乙日报》社、市台", ("《甲、乙日报》社", "市台")),
        ("校长办公室  党委宣传部　人事处", ("校长办公室", "党委宣传部", "人事处")),
        ("各 单 位", ("各单位",)),
        ("市委办（5份）、市政府办（各3份）、县局2份", ("市委办", "市政府办", "县局")),
        ("市委办、市政府办（模拟）", ("市委办", "市政府办")),
        ("甲局（柳镇除外），乙局（含二级单位）", ("甲局（柳镇除外）", "乙局（含二级单位）")),
        ("晓春书记，严副县长，分管副县长", ("晓春书记", "严副县长", "分管副县长")),
        ("市政府领导、局领导、局机关各科室。）", ("市政府领导", "局领导", "局机关各科室")),
        ("市委（", ("市委（",)),
        ("", ()),
        ("。", ()),
    ],
)
def test_one_line(printed: str, entries: tuple[str, ...]) -> None:
    """The top level alone is split; brackets, quotes, 和 and 与 hold a name together."""
    assert _entries(printed) == entries


@pytest.mark.parametrize(
    ("lines", "full", "entries"),
    [
        (("市委办公室", "市财政局"), None, ("市委办公室", "市财政局")),
        (
            ("市委、市邮政管理局办公", "室、市商务局"),
            None,
            ("市委", "市邮政管理局办公室", "市商务局"),
        ),
        (("甲局，", "乙局"), None, ("甲局", "乙局")),
        (("甲局", "，乙局"), None, ("甲局", "乙局")),
        (("市委，人民银行桐溪市", "分行，县局"), True, ("市委", "人民银行桐溪市分行", "县局")),
        (("各县（市、", "区）局，甲局"), None, ("各县（市、区）局", "甲局")),
        (("校办  人事处", "图书馆  医院"), None, ("校办", "人事处", "图书馆", "医院")),
        (("甲局", "乙局、丙局", "丁局"), None, ("甲局", "乙局、丙局", "丁局")),
        (("市甲局、市乙局", "市丙局、市丁局"), None, ("市甲局", "市乙局", "市丙局", "市丁局")),
    ],
)
def test_several_lines(
    lines: tuple[str, ...], *, full: bool | None, entries: tuple[str, ...]
) -> None:
    """An end of line ends an entry where each line is a unit, and wraps a full line."""
    assert _entries(*lines, full=full) == entries


def test_doubts_are_told() -> None:
    """Remarks, single blanks and repetitions are named with their text."""
    read = read_entries([BlockText(text="市委办（示例），市政府办，市委办")])
    assert read.doubts == (
        ("entry-remark-left-out", "（示例）"),
        ("entry-repeated", "市委办"),
    )
    spaced = read_entries([BlockText(text="市委办公室 市政府办公室")])
    assert spaced.entries == ("市委办公室", "市政府办公室")
    assert spaced.doubts == (("entries-parted-by-blanks", "市委办公室市政府办公室"),)


@pytest.mark.parametrize(
    "entries",
    [
        ("各地各校要于9月5日前完成开学情况摸排", "并填写附表"),
        ("局机关党委向困难学生送上书包",),
        ("当场发放政策明白纸1500份",),
        ("会议要求。各单位抓好落实",),
        (),
    ],
)
def test_sentences_are_no_distribution(entries: tuple[str, ...]) -> None:
    """A paragraph of the body may begin 报：; its text gives it away."""
    assert not plausible(entries)
