"""The red-head theme: what mail programmes need of its HTML."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from mailer.reading.model import Article, IssueDocument, Paragraph
from mailer.rendering.composing import compose
from mailer.rendering.html_part import word_pieces
from mailer.rendering.model import SenderIdentity, SlotValues
from mailer.rendering.previewing import preview
from mailer.rendering.themes import load_theme, theme_names
from mailer.rendering.view import masthead_lines


@pytest.fixture(scope="module")
def page(document: IssueDocument, identity: SenderIdentity, values: SlotValues) -> str:
    """Return the HTML of a mail with every part that the theme can show."""
    rendition = compose(replace(document, urgency="特急"), identity, links=True)
    linked = replace(values, web_url="https://j.example/i/7", sign_url="https://j.example/s/k")
    return preview(rendition, linked).html


def find(page: str, path: str) -> list[Any]:
    """Return what an XPath finds in a page."""
    found = lxml_html.document_fromstring(page).xpath(path)
    assert isinstance(found, list)
    return found


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("ink", "sheet"),
        ("ink", "panel"),
        ("ink", "own"),
        ("mute", "sheet"),
        ("mute", "panel"),
        ("mute", "ground"),
        ("red", "sheet"),
        ("button-ink", "button"),
    ],
)
def test_text_can_be_read_by_everybody(scheme: str, ink: str, paper: str) -> None:
    """Every pair of colours that meets has a contrast of 4.5 to 1 at least (WCAG 2.2, 1.4.3)."""
    colours = load_theme("red-head").colours[scheme]
    dark, light = sorted((luminance(colours[ink]), luminance(colours[paper])))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_styles_are_on_the_elements(page: str) -> None:
    """The mail is whole without a style sheet, and the sheet is short enough for Gmail."""
    (sheet,) = find(page, "//head/style/text()")
    assert "data-css-inline" not in page
    assert len(sheet) < 8192
    assert set(re.findall(r"@[a-z-]+", sheet)) == {"@media"}
    styles = " ".join(find(page, "//@style"))
    for unsafe in ("var(", "flex", "grid", "position:", "calc(", "rem;", "@font-face", "$"):
        assert unsafe not in styles.replace(" ", "")
        assert unsafe not in sheet
    assert "http" not in sheet
    for paragraph in find(page, "//p[@class='p']"):
        assert "text-indent: 2em" in paragraph.get("style")


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    """No picture, font, script or sheet is fetched: opening a mail tells nobody anything."""
    assert not find(page, "//script | //link | //iframe | //form | //object | //@onclick")
    assert not find(page, "//@src[not(starts-with(., 'cid:'))]")
    assert "url(" not in page


def test_readers_without_eyes_find_their_way(page: str) -> None:
    """Language, one h1, headings in order, layout tables named as such, data tables with heads."""
    assert find(page, "/html/@lang") == ["zh-CN"]
    assert find(page, "/html/body/div/@lang") == ["zh-CN"]
    assert len(find(page, "//h1")) == 1
    levels = [int(heading.tag[1]) for heading in find(page, "//h1 | //h2 | //h3 | //h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in find(page, "//table"):
        assert (table.get("role") == "presentation") != (table.get("class") == "data")
    assert find(page, "//table[@class='data']//th/@scope") == ["col"] * 3


def test_outlook_and_lists_of_mails_are_served(page: str) -> None:
    """Ghost tables for the Word engine, each closed; the preheader comes first in the body."""
    assert page.count('<!--[if mso]><table role="presentation"') == page.count(
        "<!--[if mso]></td></tr></table><![endif]-->"
    )
    assert "<o:PixelsPerInch>96</o:PixelsPerInch>" in page
    first = next(t for t in find(page, "//body//text()") if t.strip())
    assert first.startswith("秋季堤防检查全部完成；水库值守实行“双人双岗”")
    (hidden,) = find(page, "//div[@class='preheader']/@style")
    assert "display: none" in hidden
    assert "mso-hide: all" in hidden


def test_the_html_is_as_it_was_written(page: str) -> None:
    """An independent parser finds the same tree: no table holds text that was moved out of it."""
    assert not re.search(r"</tr>\s*[^\s<]", page)
    assert page.count("<table") == page.count("</table>")
    assert "\ufdd0" not in page
    assert "{{" not in page.replace("{{7*7}}", "")


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("工作简报", ("工作简报",)),
        ("云湾水利工作简报", ("云湾水利工作简报",)),
        ("云湾市邮政快递行业工作简报", ("云湾市邮政快递行业", "工作简报")),
        ("云湾市人民代表大会常务委员会简报", ("云湾市人民代表大会常务委员会", "简报")),
        ("云湾市防汛抗旱指挥部办公室值班信息", ("云湾市防汛抗旱指挥部办公室值班信息",)),
    ],
)
def test_a_long_name_breaks_by_sense(title: str, lines: tuple[str, ...]) -> None:
    """The masthead breaks before 工作简报 and its like, never inside the word."""
    assert masthead_lines(title) == lines


@given(st.text(alphabet=st.sampled_from('a/<&"水 。'), max_size=200))
def test_long_words_may_break_and_nothing_else_changes(text: str) -> None:
    """A long web address does not widen the sheet; its text stays what it was."""
    pieces = word_pieces(text)
    assert "".join(pieces) == text
    assert all(len(word) <= 30 for piece in pieces for word in re.split(r"[\s水。]", piece))
    assert (len(pieces) > 1) == bool(re.search(r'[a/<&"]{31}', text))


def test_a_long_web_address_breaks_in_the_mail(
    document: IssueDocument, identity: SenderIdentity, values: SlotValues
) -> None:
    """The theme puts break opportunities into it, and no blank."""
    address = "https://water.yunwan.example/" + "a/b?c=d&" * 12
    article = Article(title=address, body=(Paragraph(text=f"见 {address}。"),))
    shown = preview(compose(replace(document, articles=(article,)), identity), values).html
    for path, text in (("//h2//text()", address), ("//p[@class='p']//text()", f"见 {address}。")):
        assert "".join(find(shown, path)) == text
    assert shown.count("<wbr>") == 2 * (len(address) // 16)


def test_every_shipped_theme_loads() -> None:
    """Each folder with a theme.toml has all words, colours and fonts."""
    assert "red-head" in theme_names()
    for name in theme_names():
        theme = load_theme(name)
        assert {"zh_CN", "en"} <= theme.words.keys()
        assert theme.colours["light"].keys() == theme.colours["dark"].keys()
