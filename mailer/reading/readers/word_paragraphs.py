"""One paragraph of a .docx: its runs, line breaks, text boxes and pictures."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from mailer.reading.letters import normalise, width
from mailer.reading.readers.archive import attribute, child, local
from mailer.reading.readers.word_styles import Look, Styles, look_of_run

_DROPPED = {"del", "moveFrom", "delText", "instrText", "pPr", "rPr", "Fallback", "rPh", "rt"}
_PAGE_FIELDS = ("PAGE", "NUMPAGES", "SECTIONPAGES")
_TEXTS = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}


@dataclass(kw_only=True, slots=True)
class Paragraph:
    """The runs of a paragraph while it is put together, line and page breaks among them."""

    look: Look
    runs: list[tuple[str, Look]] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    label: str = ""

    def text(self) -> str:
        """Return the whole text."""
        return "".join(text for text, _ in self.runs).strip()

    def lead(self, earlier: "Paragraph") -> None:
        """Put the content of a paragraph whose mark was deleted before this one's."""
        self.runs = [*earlier.runs, *self.runs]
        self.boxes = [*earlier.boxes, *self.boxes]
        self.pictures = [*earlier.pictures, *self.pictures]
        self.label = earlier.label or self.label

    def lines(self) -> Iterator[tuple[str, Look]]:
        """Return the lines between manual breaks, each with its look; a page break is a line."""
        rest: list[tuple[str, Look]] = [(self.label, self.look)] if self.label else []
        for text, look in self.runs:
            start = 0
            for index, letter in enumerate(text):
                if letter in "\n\x0c":
                    yield _line([*rest, (text[start:index], look)], self.look)
                    rest, start = [], index + 1
                    if letter == "\x0c":
                        yield "\x0c", self.look
            rest.append((text[start:], look))
        yield _line(rest, self.look)

    def indent(self, text: str, look: Look) -> float:
        """Return the blank before the first line, in letters."""
        blanks = (width(text) - width(text.lstrip())) / 2
        if look.indent_letters is not None:
            return look.indent_letters + blanks
        return (look.indent or 0) / (look.size or 1) + blanks


def read_paragraph(element: etree._Element, look: Look, styles: Styles) -> Paragraph:
    """Read a ``w:p``: insertions are in, deletions and page-number fields are out."""
    paragraph = Paragraph(look=look)
    _Walk(paragraph, styles).walk(element)
    return paragraph


class _Walk:
    """The state of a walk through a paragraph: which field we are inside."""

    def __init__(self, paragraph: Paragraph, styles: Styles) -> None:
        self.paragraph = paragraph
        self._styles = styles
        self._fields: list[bool] = []  # for each open field: is it a page number?

    def walk(self, element: etree._Element) -> None:
        for each in element:
            kind = local(each)
            if kind == "r":
                self._run(each)
            elif kind == "fldSimple" and _is_page_field(attribute(each, "instr") or ""):
                continue
            elif kind not in _DROPPED:
                self.walk(each)

    def _run(self, run: etree._Element) -> None:
        properties = child(run, "rPr")
        named = self._styles.named(attribute(child(properties, "rStyle"), "val"))
        look = look_of_run(properties).over(named).over(self.paragraph.look)
        if child(properties, "del") is None:
            self._content(run, look)

    def _content(self, element: etree._Element, look: Look) -> None:
        for each in element:
            kind = local(each)
            if kind in ("t", "br", *_TEXTS):
                self._add(_text_of(each), look)
            elif kind == "fldChar":
                self._field(attribute(each, "fldCharType"))
            elif kind == "instrText" and self._fields:
                self._fields[-1] = self._fields[-1] or _is_page_field(each.text or "")
            elif kind == "txbxContent":
                self.paragraph.boxes.append(each)
            elif kind in ("blip", "imagedata"):
                target = attribute(each, "embed") or attribute(each, "id")
                self.paragraph.pictures += [target] if target else []
            elif kind == "AlternateContent":
                choice = child(each, "Choice")
                self._content(each if choice is None else choice, look)
            elif kind not in _DROPPED:
                self._content(each, look)

    def _add(self, text: str, look: Look) -> None:
        if not any(self._fields) and not look.hidden:
            self.paragraph.runs.append((text, look))

    def _field(self, kind: str | None) -> None:
        if kind == "begin":
            self._fields.append(False)
        elif kind == "end" and self._fields:
            self._fields.pop()


def _text_of(element: etree._Element) -> str:
    kind = local(element)
    if kind == "t":
        return normalise(element.text or "")
    if kind == "br":
        return "\x0c" if attribute(element, "type") in ("page", "column") else "\n"
    return normalise(_TEXTS[kind]) if kind != "cr" else "\n"


def _is_page_field(instruction: str) -> bool:
    return (
        instruction.split()[:1] != [] and instruction.split(maxsplit=1)[0].upper() in _PAGE_FIELDS
    )


def _line(runs: list[tuple[str, Look]], base: Look) -> tuple[str, Look]:
    """Return the text of runs and the look that most of their letters have."""
    letters: dict[Look, int] = {}
    for text, look in runs:
        letters[look] = letters.get(look, 0) + len(text.strip())
    most = max(letters, key=lambda look: letters[look], default=base)
    return "".join(text for text, _ in runs), most if letters.get(most) else base
