"""What a paragraph of a .docx looks like: direct formatting, then its styles, then the defaults."""

from dataclasses import dataclass, replace

from lxml import etree

from mailer.reading.lines import Align
from mailer.reading.readers.archive import attribute, child, count, local, measure

_HALF_POINTS = 2
_TWIPS = 20
_CHARS = 100  # firstLineChars counts hundredths of a letter
_ALIGNS = {"center": Align.CENTER, "right": Align.RIGHT, "end": Align.RIGHT}
_OFF = {"0", "false", "off", "none"}
_BOLD_FONTS = ("黑体", "小标宋", "SimHei", "Heiti")
_DEFAULT_SIZE = 10.5
_MAX_DEPTH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """The properties that matter for reading; None where nothing is said."""

    size: float | None = None
    bold: bool | None = None
    color: str | None = None
    align: Align | None = None
    indent: float | None = None
    """Points before the first line."""
    indent_letters: float | None = None
    numbering: tuple[str, int] | None = None
    hidden: bool | None = None

    def over(self, base: "Look") -> "Look":
        """Return this look with its gaps filled from ``base``."""
        return Look(
            size=base.size if self.size is None else self.size,
            bold=base.bold if self.bold is None else self.bold,
            color=base.color if self.color is None else self.color,
            align=base.align if self.align is None else self.align,
            indent=base.indent if self.indent is None else self.indent,
            indent_letters=(
                base.indent_letters if self.indent_letters is None else self.indent_letters
            ),
            numbering=base.numbering if self.numbering is None else self.numbering,
            hidden=base.hidden if self.hidden is None else self.hidden,
        )


class Styles:
    """The styles of one document."""

    def __init__(self, root: etree._Element | None) -> None:
        self._styles: dict[str, etree._Element] = {}
        self._default = Look(size=_DEFAULT_SIZE)
        self._normal: str | None = None
        for element in root if root is not None else ():
            if local(element) == "docDefaults":
                runs = look_of_run(child(element, "rPrDefault", "rPr"))
                self._default = runs.over(self._default)
            elif local(element) == "style":
                self._add(element)

    def paragraph(self, properties: etree._Element | None) -> Look:
        """Return the look of a paragraph with these ``w:pPr``."""
        direct = look_of_paragraph(properties)
        named = attribute(child(properties, "pStyle"), "val") or self._normal
        return direct.over(self.named(named)).over(self._default)

    def named(self, style: str | None) -> Look:
        """Return the look of a style, its bases included."""
        look = Look()
        for _ in range(_MAX_DEPTH):
            element = self._styles.get(style or "")
            if element is None:
                break
            own = look_of_run(child(element, "rPr")).over(look_of_paragraph(child(element, "pPr")))
            look = look.over(own)
            style = attribute(child(element, "basedOn"), "val")
        return look

    def _add(self, element: etree._Element) -> None:
        name = attribute(element, "styleId") or ""
        self._styles[name] = element
        is_default = attribute(element, "default") not in (None, *_OFF)
        if is_default and attribute(element, "type") == "paragraph":
            self._normal = name


def look_of_run(properties: etree._Element | None) -> Look:
    """Return what a ``w:rPr`` says."""
    if properties is None:
        return Look()
    size = measure(child(properties, "sz"), "val")
    fonts = attribute(child(properties, "rFonts"), "eastAsia") or ""
    bold = _switch(child(properties, "b"))
    if bold is None and any(font in fonts for font in _BOLD_FONTS):
        bold = True
    color = attribute(child(properties, "color"), "val")
    return Look(
        size=None if size is None else size / _HALF_POINTS,
        bold=bold,
        color=None if color in (None, "auto") else f"#{color.lower()}",
        hidden=_switch(child(properties, "vanish")),
    )


def look_of_paragraph(properties: etree._Element | None) -> Look:
    """Return what a ``w:pPr`` says."""
    if properties is None:
        return Look()
    alignment = attribute(child(properties, "jc"), "val")
    indent = child(properties, "ind")
    first = measure(indent, "firstLine")
    letters = measure(indent, "firstLineChars")
    numbering = child(properties, "numPr")
    look = Look(
        align=None if alignment is None else _ALIGNS.get(alignment, Align.LEFT),
        indent=None if first is None else first / _TWIPS,
        indent_letters=None if letters is None else letters / _CHARS,
    )
    if numbering is not None:
        level = count(child(numbering, "ilvl"), "val", 0)
        key = attribute(child(numbering, "numId"), "val") or "0"
        look = replace(look, numbering=(key, level))
    return look


def _switch(element: etree._Element | None) -> bool | None:
    """Return the value of an on/off property; None where it is absent."""
    if element is None:
        return None
    return (attribute(element, "val") or "1").lower() not in _OFF
