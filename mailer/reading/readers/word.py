"""Word files (.docx, ISO/IEC 29500): paragraphs, tables, text boxes, pictures, as accepted."""

from lxml import etree

from mailer.reading.errors import DamagedFile
from mailer.reading.limits import Limits
from mailer.reading.lines import Figure, Grid, Item, Line, Ruling, Source
from mailer.reading.readers.archive import Archive, attribute, child, count, local
from mailer.reading.readers.word_numbering import Numbering
from mailer.reading.readers.word_paragraphs import Paragraph, read_paragraph
from mailer.reading.readers.word_styles import Styles
from runtime.text import translate as _

_MAIN = "word/document.xml"
_TRANSPARENT = {"sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml", "body", "document"}
_MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "emf": "image/x-emf",
    "wmf": "image/x-wmf",
    "tif": "image/tiff",
    "tiff": "image/tiff",
}


def read_word(data: bytes, name: str, limits: Limits) -> Source:
    """Read a .docx: tracked changes as accepted, headers and footers apart, no comments.

    Raises :class:`DamagedFile` where the ZIP, the XML or the main part is broken.
    """
    archive = Archive(data, name, limits)
    root = archive.xml(_MAIN)
    if root is None:
        raise DamagedFile(name=name, reason=_("part {part} is missing").format(part=_MAIN))
    reader = _Reader(archive)
    reader.walk(root)
    return Source(items=tuple(reader.items), asides=_asides(archive), styled=True)


class _Reader:
    """Walks the body and collects its items in reading order."""

    def __init__(self, archive: Archive) -> None:
        self.items: list[Item] = []
        self.page = 1
        self._number = 0
        self._archive = archive
        self._styles = Styles(archive.xml("word/styles.xml"))
        self._numbering = Numbering(archive.xml("word/numbering.xml"))
        self._targets = _relationships(archive)
        self._carried: Paragraph | None = None

    def walk(self, element: etree._Element) -> None:
        """Add what stands in a container: the body, a cell, a text box."""
        for each in element:
            kind = local(each)
            if kind == "p":
                self._paragraph(each)
            elif kind == "tbl":
                self._table(each)
            elif kind in _TRANSPARENT:
                self.walk(each)
            elif kind == "AlternateContent":
                choice = child(each, "Choice")
                self.walk(each if choice is None else choice)

    def _paragraph(self, element: etree._Element) -> None:
        properties = child(element, "pPr")
        look = self._styles.paragraph(properties)
        paragraph = read_paragraph(element, look, self._styles)
        paragraph.label = self._numbering.label(look) if paragraph.text() else ""
        if self._carried is not None:
            paragraph.lead(self._carried)
            self._carried = None
        if child(properties, "rPr", "del") is not None:
            self._carried = paragraph  # its mark is deleted: the text goes on in the next one
            return
        self._rule(properties, "top")
        early = [box for box in paragraph.boxes if not _holds_block(box)]
        for box in early:
            self.walk(box)
        for target in paragraph.pictures:
            self._picture(target)
        self._text(paragraph)
        for box in paragraph.boxes:
            if box not in early:
                self.walk(box)
        self._rule(properties, "bottom")

    def _text(self, paragraph: Paragraph) -> None:
        for index, (text, look) in enumerate(paragraph.lines()):
            if text == "\x0c":
                self.page += 1
            elif text.strip():
                self._number += 1
                self.items.append(
                    Line(
                        text=text.strip(),
                        number=self._number,
                        page=self.page,
                        size=look.size,
                        bold=bool(look.bold),
                        color=look.color,
                        align=look.align,
                        starts=index == 0,
                        indent=paragraph.indent(text, look),
                    )
                )

    def _rule(self, properties: etree._Element | None, side: str) -> None:
        border = child(properties, "pBdr", side)
        if border is not None and attribute(border, "val") not in ("nil", "none"):
            self.items.append(Ruling(number=self._number, page=self.page))

    def _picture(self, target: str) -> None:
        part = self._targets.get(target, "")
        data = self._archive.read(part) if part else None
        media_type = _MEDIA_TYPES.get(part.rpartition(".")[2].lower())
        self.items.append(
            Figure(number=self._number, page=self.page, media_type=media_type, data=data or b"")
        )

    def _table(self, element: etree._Element) -> None:
        rows: list[tuple[tuple[Line, ...], ...]] = []
        number = self._number + 1
        figures: list[Item] = []
        for row in element.iter():
            if local(row) != "tr" or _owner(row) is not element or _deleted(row):
                continue
            cells: list[tuple[Line, ...]] = []
            for cell in row.iter():
                if local(cell) == "tc" and _owner(cell) is element:
                    lines, others = self._cell(cell)
                    figures += others
                    span = count(child(cell, "tcPr", "gridSpan"), "val", 1)
                    cells += [lines] + [()] * (span - 1)
            rows.append(tuple(cells))
        if any(line for row in rows for line in row):
            self.items.append(Grid(rows=tuple(rows), number=number, page=self.page))
        self.items += figures

    def _cell(self, cell: etree._Element) -> tuple[tuple[Line, ...], list[Item]]:
        """Return the lines of a cell, those of a table inside it too, and its pictures."""
        outer, self.items = self.items, []
        self.walk(cell)
        inner, self.items = self.items, outer
        lines: list[Line] = []
        for item in inner:
            if isinstance(item, Line):
                lines.append(item)
            elif isinstance(item, Grid):
                lines += [line for row in item.rows for each in row for line in each]
        return tuple(lines), [item for item in inner if isinstance(item, Figure)]


def _owner(element: etree._Element) -> etree._Element | None:
    """Return the table that a row or cell belongs to."""
    parent = element.getparent()
    while parent is not None and local(parent) != "tbl":
        parent = parent.getparent()
    return parent


def _deleted(row: etree._Element) -> bool:
    return child(row, "trPr", "del") is not None


def _holds_block(box: etree._Element) -> bool:
    """Tell whether a text box holds the tail of the bulletin, which follows its anchor."""
    text = "".join(node.text or "" for node in box.iter() if local(node) == "t")
    return "：" in text[:6] or "共印" in text


def _relationships(archive: Archive) -> dict[str, str]:
    """Return the internal targets of the main part by their identifiers."""
    root = archive.xml("word/_rels/document.xml.rels")
    targets: dict[str, str] = {}
    for each in root if root is not None else ():
        if attribute(each, "TargetMode") != "External":
            target = attribute(each, "Target") or ""
            part = target.lstrip("/") if target.startswith("/") else f"word/{target}"
            targets[attribute(each, "Id") or ""] = part
    return targets


def _asides(archive: Archive) -> tuple[Line, ...]:
    """Return the lines of headers and footers, each text once."""
    lines: dict[str, Line] = {}
    for part in sorted(archive.parts):
        if part.startswith(("word/header", "word/footer")) and part.endswith(".xml"):
            root = archive.xml(part)
            reader = _Reader(archive)
            reader.walk(root if root is not None else etree.Element("none"))
            for item in reader.items:
                if isinstance(item, Line):
                    lines.setdefault(item.text, item)
    return tuple(lines.values())
