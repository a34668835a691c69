import pytest

from tests.reading.conftest import ReadText

ISSUE = """城东区城建工作信息
2026年第3期
城东区城建局办公室编    2026年3月1日

全区城建会议召开

2月28日，全区城建工作会议召开，部署今年城建重点项目。

{tail}
"""


@pytest.mark.parametrize(
    ("tail", "blocks"),
    [
        ("报：区委办。\n送：各街道。", [("报", ["区委办"]), ("送", ["各街道"])]),
        ("报送：区委办、区政府办", [("报送", ["区委办", "区政府办"])]),
        ("抄  报：区委办\n抄　送：各街道", [("抄报", ["区委办"]), ("抄送", ["各街道"])]),
        ("> 抄送：区委办", [("抄送", ["区委办"])]),
        ("1.报：区委办\n2.送：各街道", [("报", ["区委办"]), ("送", ["各街道"])]),
        ("（本期送：区领导、局领导。）", [("送", ["区领导", "局领导"])]),
        ("報：區商會\n發：各會員單位", [("报", ["區商會"]), ("发", ["各會員單位"])]),
        ("报：区委办。送：各街道。    发：各科室。",
         [("报", ["区委办"]), ("送", ["各街道"]), ("发", ["各科室"])]),
        ("报：区委办 送：各街道 共印30份", [("报", ["区委办"]), ("送", ["各街道"])]),
        ("报：\n区委办\n区政府办\n送：\n各街道\n印：50份",
         [("报", ["区委办", "区政府办"]), ("送", ["各街道"])]),
        ("【报】区委办\n【送】各街道", [("报", ["区委办"]), ("送", ["各街道"])]),
        ("发送范围：区委、区政府领导，各街道", [("发送范围", ["区委、区政府领导", "各街道"])]),
        ("抄送：区委办\n主题词：城建  会议\n城东区城建局办公室    2026年3月2日印发",
         [("抄送", ["区委办"])]),
        ("报：区委办\n──────────\n送：各街道\n──────────\n（共印30份）",
         [("报", ["区委办"]), ("送", ["各街道"])]),
        ("主报：区委办\n增发：商会\n分送：各街道\n存档（2）",
         [("主报", ["区委办"]), ("增发", ["商会"]), ("分送", ["各街道"])]),
    ],
)  # fmt: skip
def test_labels(read_text: ReadText, tail: str, blocks: list[tuple[str, list[str]]]) -> None:
    """Every printed form of a label opens a block; what follows the entries is none."""
    document = read_text(ISSUE.format(tail=tail))
    assert [(block.kind, list(block.entries)) for block in document.blocks] == blocks
    assert [article.title for article in document.articles] == ["全区城建会议召开"]
    assert len(document.articles[0].body) == 1


@pytest.mark.parametrize(
    ("tail", "roles"),
    [
        ("报：区委办\n送：各街道\n发：各科室", ["report", "send", "issue_to"]),
        ("呈报：区委办\n报送：各街道", ["report", "send"]),
        ("报送：区委办", ["mixed"]),
        ("主送：区委办\n抄送：各街道", ["main", "copy"]),
        ("主报：区委办\n抄报：区政府办\n分送：各街道\n增发：商会",
         ["report", "report", "send", "issue_to"]),
    ],
)  # fmt: skip
def test_roles(read_text: ReadText, tail: str, roles: list[str]) -> None:
    """Each kind has one direction; 报送 beside 呈报 means the level one only."""
    document = read_text(ISSUE.format(tail=tail))
    assert [block.role.value for block in document.blocks] == roles


@pytest.mark.parametrize(
    ("line", "copies", "editor", "phone"),
    [
        ("共印60份", 60, None, None),
        ("（共印80份）", 80, None, None),
        ("（本期共印１２０份）", 120, None, None),
        ("本期共印三百份", 300, None, None),
        ("印数：120份        审稿：乔若谷        编辑：沈清和", 120, "沈清和", None),
        ("责任编辑：许一、毛二    电话：021－53896141", None, "许一、毛二", "021-53896141"),
        ("编制单位：区环境中心联系电话：0571-88880000", None, None, "0571-88880000"),
        ("编校 ：何 若 水   审签 ： 冯 知 微", None, "何若水", None),
        ("本期责编：桂晓枫        （共印75份）", 75, "桂晓枫", None),
        ("联系人：鱼北冥　电话：5550818　　（共印40份）", 40, None, "5550818"),
        ("制作：            审核：", None, None, None),
    ],
)
@pytest.mark.parametrize("blocks", ["报：区委办。\n", ""])
def test_imprint(
    read_text: ReadText,
    blocks: str,
    line: str,
    copies: int | None,
    editor: str | None,
    phone: str | None,
) -> None:
    """Copies, editor and telephone, with and without blocks above them."""
    document = read_text(ISSUE.format(tail=blocks + line))
    found = document.imprint
    assert (found.copies, found.editor, found.phone) == (copies, editor, phone)
    assert len(document.articles[0].body) == 1


@pytest.mark.parametrize(
    "tail",
    [
        "送：" + "（“" * 20_000 + "，”" * 20_000,
        "“" * 50_000,
        "报：" * 20_000,
        "\n".join(["报：要于9月完成了工作任务并填写。"] * 2_000),
        "送：" + "\n".join(f"第{number}街道办事处" for number in range(3_000)),
        " " * 200_000 + "电 " * 2_000,
        "1" * 100_000,
        "目录\n" + "\n".join(f"标题{number}" for number in range(3_000)),
    ],
    ids=["brackets", "quotes", "labels", "sentences", "units", "blanks", "figures", "contents"],
)
def test_hostile_texts_take_time_by_their_length(read_text: ReadText, tail: str) -> None:
    """What would take minutes by the square of its length is read with the other tests."""
    assert read_text(ISSUE.format(tail=tail)).title == "城东区城建工作信息"


def test_ten_thousand_units_in_one_block(read_text: ReadText) -> None:
    """A block has no largest number of entries."""
    units = [f"第{number}街道办事处" for number in range(10_000)]
    document = read_text(ISSUE.format(tail=f"送：{'，'.join(units)}。"))
    assert document.blocks[0].entries == tuple(units)
