import pytest

from mailer.reading.model import Article, Paragraph, Picture, Subhead
from tests.reading.conftest import ReadText

HEAD = "河湾镇工作信息\n2026年第5期（总第50期）\n河湾镇党政办公室编    2026年4月4日\n\n"
TAIL = "\n\n报：县委办公室，县政府办公室。\n"
ONE = "4月1日，镇政府召开春耕工作会议，部署春耕备耕。"
TWO = "4月2日，镇卫生院组织医生下村义诊，服务群众80人次。"


def _titles(articles: tuple[Article, ...]) -> list[str]:
    return [article.title for article in articles]


@pytest.mark.parametrize(
    ("body", "titles"),
    [
        (f"我镇部署春耕\n\n{ONE}\n\n医生下村义诊\n\n{TWO}", ["我镇部署春耕", "医生下村义诊"]),
        (f"【我镇部署春耕】\n{ONE}\n【医生下村义诊】\n{TWO}", ["我镇部署春耕", "医生下村义诊"]),
        (f"■我镇部署春耕\n{ONE}\n■医生下村义诊\n{TWO}", ["我镇部署春耕", "医生下村义诊"]),
        (f"★ 我镇部署春耕\n{ONE}\n◎医生下村义诊\n{TWO}", ["我镇部署春耕", "医生下村义诊"]),
        (
            f"一、我镇部署春耕\n{ONE}\n二、医生下村义诊\n{TWO}",
            ["一、我镇部署春耕", "二、医生下村义诊"],
        ),
        (f"1.我镇部署春耕\n{ONE}\n2.医生下村义诊\n{TWO}", ["1.我镇部署春耕", "2.医生下村义诊"]),
        (f"我镇部署春耕\n\n备耕早谋划\n\n{ONE}", ["我镇部署春耕 备耕早谋划"]),
        (f"春耕，我们准备好了吗？\n——河湾镇见闻\n{ONE}", ["春耕，我们准备好了吗？"]),
        (f"河湾镇：\n春耕一线党旗红\n{ONE}", ["河湾镇： 春耕一线党旗红"]),
    ],
)
def test_headlines(read_text: ReadText, body: str, titles: list[str]) -> None:
    """Headlines of every printed kind, over one line or two."""
    assert _titles(read_text(HEAD + body + TAIL).articles) == titles


def test_columns_number_their_headlines_anew(read_text: ReadText) -> None:
    """【…】 above headlines is a column; 一、 begins again in each."""
    text = f"【要闻】\n一、我镇部署春耕\n{ONE}\n二、义诊\n{TWO}\n【村讯】\n一、河东村修渠\n{ONE}"
    articles = read_text(HEAD + text + TAIL).articles
    assert [(article.column, article.title) for article in articles] == [
        ("要闻", "一、我镇部署春耕"),
        ("要闻", "二、义诊"),
        ("村讯", "一、河东村修渠"),
    ]


def test_numbered_heading_under_a_headline_is_a_subhead(read_text: ReadText) -> None:
    """Run-in headings and items of lists stay paragraphs."""
    text = (
        f"我镇部署春耕\n{ONE}\n一、早谋划\n{TWO}\n（一）备种子。早购早备。\n1.看水渠；\n2.看农机。"
    )
    assert read_text(HEAD + text + TAIL).articles[0].body == (
        Paragraph(text=ONE),
        Subhead(text="一、早谋划"),
        Paragraph(text=TWO),
        Paragraph(text="（一）备种子。早购早备。"),
        Paragraph(text="1.看水渠；"),
        Paragraph(text="2.看农机。"),
    )


@pytest.mark.parametrize(
    "mark",
    ["\n", "\n\n", "\n— 3 —\n", "\n- 1 -\n", "\n\f\n", "\n第 1 页 共 2 页\n", "\n\n2/3\n\n",
     "\n河湾镇工作信息    2026年第5期\n"],
)  # fmt: skip
@pytest.mark.parametrize("place", [12, 21, 34, 44])
def test_page_breaks_inside_a_sentence_are_joined(
    read_text: ReadText, mark: str, place: int
) -> None:
    """A paragraph goes on after a page mark, after a comma or inside a word."""
    whole = (
        "4月1日，镇政府召开春耕工作会议，通报前期准备情况，"
        "会议要求各村抓紧检修水渠和提灌设施，确保适时开灌。"
    )
    broken = whole[:place] + mark + whole[place:]
    text = f"{HEAD}我镇部署春耕备耕工作\n\n{ONE}\n\n{broken}\n\n医生下村义诊\n\n{TWO}{TAIL}"
    articles = read_text(text).articles
    assert _titles(articles) == ["我镇部署春耕备耕工作", "医生下村义诊"]
    assert articles[0].body == (Paragraph(text=ONE), Paragraph(text=whole))


def test_wrapped_text_is_joined(read_text: ReadText) -> None:
    """A file whose lines are wrapped by hand gives whole paragraphs."""
    width = 28
    whole = "　　" + ONE + TWO + ONE
    rows = [whole[start : start + width] for start in range(0, len(whole), width)]
    text = f"{HEAD}        我镇部署春耕\n" + "\n".join(rows + rows) + TAIL
    body = read_text(text).articles[0].body
    assert body == (Paragraph(text=whole.strip()), Paragraph(text=whole.strip()))


def test_contents_are_no_articles(read_text: ReadText) -> None:
    """A list of contents repeats headlines; some that it names have no text in the file."""
    contents = (
        "目  录\n要闻 1\n· 我镇部署春耕…………1\n· 县里来人检查………2\n村讯 3\n· 医生下村义诊 3\n\n"
    )
    text = f"{HEAD}{contents}我镇部署春耕\n\n{ONE}\n\n医生下村义诊\n\n{TWO}{TAIL}"
    assert _titles(read_text(text).articles) == ["我镇部署春耕", "医生下村义诊"]


def test_editors_note_belongs_to_no_article(read_text: ReadText) -> None:
    """编者按 is a warning that quotes it."""
    text = f"{HEAD}编者按：今年春早，各村各有办法。\n\n我镇部署春耕\n\n{ONE}{TAIL}"
    document = read_text(text)
    assert document.articles == (Article(title="我镇部署春耕", body=(Paragraph(text=ONE),)),)
    assert [doubt.text for doubt in document.warnings] == ["编者按：今年春早，各村各有办法。"]


@pytest.mark.parametrize(
    ("printed", "contributor"),
    [
        ("（农业农村办供稿）", "农业农村办"),
        ("(农业农村办)", "农业农村办"),
        ("（河东村 王小川）", "河东村 王小川"),
        ("（农业农村办供稿，执笔：尉迟敏）", "农业农村办"),
        ("供稿：农业农村办", "农业农村办"),
    ],
)
def test_contributor_lines(read_text: ReadText, printed: str, contributor: str) -> None:
    """Who supplied an article is no paragraph of it."""
    text = f"{HEAD}我镇部署春耕\n\n{ONE}\n\n{printed}\n\n医生下村义诊\n\n{TWO}{TAIL}"
    article = read_text(text).articles[0]
    assert (article.contributor, article.body) == (contributor, (Paragraph(text=ONE),))


def test_captions_are_no_paragraphs(read_text: ReadText) -> None:
    """图 and 表 with their numbers, and 图为…, name pictures and tables."""
    text = f"{HEAD}我镇部署春耕\n\n{ONE}\n图1 春耕现场\n表2 各村进度\n图为义诊现场\n{TWO}{TAIL}"
    assert read_text(text).articles[0].body == (
        Paragraph(text=ONE),
        Picture(caption="图1 春耕现场"),
        Subhead(text="表2 各村进度"),
        Picture(caption="图为义诊现场"),
        Paragraph(text=TWO),
    )


def test_body_may_begin_with_the_words_of_a_block(read_text: ReadText) -> None:
    """Only the last run of labels that hold receivers is the distribution."""
    sentence = "送：镇里向种粮大户送上农资补贴明白纸200份。"
    text = f"{HEAD}我镇部署春耕\n\n{ONE}\n\n{sentence}\n\n医生下村义诊\n\n{TWO}{TAIL}"
    document = read_text(text)
    assert [block.kind for block in document.blocks] == ["报"]
    assert len(document.articles[0].body) == 2


def test_blocks_may_stand_above_the_body(read_text: ReadText) -> None:
    """Some offices print 主送 under the masthead."""
    block = "主送：县委办公室，县政府办公室。"
    text = f"{HEAD}{block}\n\n我镇部署春耕\n\n{ONE}\n\n医生下村义诊\n\n{TWO}\n"
    document = read_text(text)
    assert [block.entries for block in document.blocks] == [("县委办公室", "县政府办公室")]
    assert _titles(document.articles) == ["我镇部署春耕", "医生下村义诊"]
    assert document.warnings == ()
