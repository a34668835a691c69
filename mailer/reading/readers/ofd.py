"""OFD files (GB/T 33190): the Chinese page format, ZIP and XML with letters at their places."""

import math
import posixpath
import re
from collections.abc import Iterator

from lxml import etree

from mailer.reading.errors import DamagedFile, FileTooLarge, FileWithoutText, ScannedFile
from mailer.reading.glyphs import Glyph
from mailer.reading.letters import normalise, width
from mailer.reading.limits import Limits
from mailer.reading.lines import Source
from mailer.reading.pages import Page, read_pages
from mailer.reading.readers.archive import Archive, attribute, child, local, measure
from mailer.reading.strokes import Picture, Stroke
from runtime.text import translate as _

_POINTS = 72 / 25.4  # an OFD measures in millimetres
_A4 = (0.0, 0.0, 210.0, 297.0)
_FONT_SIZE = 3.5
_BOLD_WEIGHT = 600
_BOLD_FONTS = ("bold", "heavy", "黑体", "hei", "小标宋")
_MIN_PICTURE = 40.0
_REPEAT = re.compile(r"g\s+(\d+)\s+(\S+)")
_MOST_REPEATS = 10_000
_PATH = re.compile(r"([MLSCQBA])|(-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))")


def read_ofd(data: bytes, name: str, limits: Limits) -> Source:
    """Read the pages of an OFD's first document.

    Raises :class:`DamagedFile` where its parts are missing, :class:`FileWithoutText` and
    :class:`ScannedFile` where no letter is on the pages.
    """
    archive = Archive(data, name, limits)
    root = archive.xml("OFD.xml")
    place = child(root, "DocBody", "DocRoot")
    path = _resolve("", (place.text or "") if place is not None else "")
    document = archive.xml(path) if path else None
    if document is None:
        raise DamagedFile(name=name, reason=_("the document part is missing"))
    reader = _Reader(archive, posixpath.dirname(path), document)
    pages = list(reader.pages(document, limits))
    letters = sum(not glyph.text.isspace() for page in pages for glyph in page.glyphs)
    if letters > limits.letters:
        raise FileTooLarge(name=name, found=letters, unit=_("letters"), limit=limits.letters)
    if not letters:
        if any(page.pictures for page in pages):
            raise ScannedFile(name=name, pages=len(pages))
        raise FileWithoutText(name=name)
    return read_pages(pages)


class _Reader:
    """The parts of one document: its fonts and pages."""

    def __init__(self, archive: Archive, folder: str, document: etree._Element) -> None:
        self._archive = archive
        self._folder = folder
        self._bold_fonts = self._fonts(document)

    def pages(self, document: etree._Element, limits: Limits) -> Iterator[Page]:
        """Yield the pages in order."""
        box = _numbers_of(child(document, "CommonData", "PageArea", "PhysicalBox")) or list(_A4)
        listed = child(document, "Pages")
        elements = list(listed) if listed is not None else []
        if len(elements) > limits.pages:
            raise FileTooLarge(
                name=self._archive.name, found=len(elements), unit=_("pages"), limit=limits.pages
            )
        for element in elements:
            part = _resolve(self._folder, attribute(element, "BaseLoc") or "")
            root = self._archive.xml(part)
            if root is None:
                raise DamagedFile(
                    name=self._archive.name, reason=_("page {page} is missing").format(page=part)
                )
            own = _numbers_of(child(root, "Area", "PhysicalBox"))
            yield self._page(root, own or box)

    def _page(self, root: etree._Element, box: list[float]) -> Page:
        glyphs: list[Glyph] = []
        strokes: list[Stroke] = []
        pictures: list[Picture] = []
        for element in root.iter():
            kind = local(element)
            if kind == "TextObject":
                glyphs += self._text(element)
            elif kind == "PathObject":
                strokes += _path(element)
            elif kind == "ImageObject":
                pictures += _picture(element)
        return Page(
            width=box[2] * _POINTS,
            height=box[3] * _POINTS,
            glyphs=tuple(glyphs),
            strokes=tuple(strokes),
            pictures=tuple(pictures),
        )

    def _text(self, element: etree._Element) -> Iterator[Glyph]:
        """Yield the letters of a text object at their places."""
        bounds = _numbers(attribute(element, "Boundary"))
        if len(bounds) < 4:  # noqa: PLR2004 - x, y, width, height
            return
        matrix = _numbers(attribute(element, "CTM"))
        if len(matrix) != 6:  # noqa: PLR2004 - a, b, c, d, e, f
            matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
        if abs(matrix[1]) > abs(matrix[0]) / 10:
            return  # slanted: a watermark or a stamp
        size = measure(element, "Size") or _FONT_SIZE
        weight = measure(element, "Weight") or 0.0
        bold = weight >= _BOLD_WEIGHT or attribute(element, "Font") in self._bold_fonts
        color = _color(child(element, "FillColor"))
        x = y = 0.0
        for code in element:
            if local(code) != "TextCode":
                continue
            left, top = measure(code, "X"), measure(code, "Y")
            x, y = x if left is None else left, y if top is None else top
            steps = _steps(attribute(code, "DeltaX"))
            downs = _steps(attribute(code, "DeltaY"))
            across, down = x, y
            for index, letter in enumerate(code.text or ""):
                place = bounds[0] + matrix[0] * across + matrix[4]
                base = bounds[1] + matrix[3] * down + matrix[5]
                advance = size * matrix[0] * (1.0 if width(letter) > 1 else 0.5)
                if normalise(letter):
                    yield Glyph(
                        text=normalise(letter),
                        x0=place * _POINTS,
                        x1=(place + advance) * _POINTS,
                        y=base * _POINTS,
                        size=size * abs(matrix[3]) * _POINTS,
                        bold=bold,
                        color=color,
                    )
                across += steps[index] if index < len(steps) else (0.0 if downs else size)
                down += downs[index] if index < len(downs) else 0.0

    def _fonts(self, document: etree._Element) -> set[str]:
        """Return the identifiers of the bold fonts."""
        found: set[str] = set()
        for kind in ("PublicRes", "DocumentRes"):
            place = child(document, "CommonData", kind)
            part = _resolve(self._folder, (place.text or "") if place is not None else "")
            root = self._archive.xml(part)
            for font in root.iter() if root is not None else ():
                name = (attribute(font, "FontName") or "").lower()
                heavy = attribute(font, "Bold") == "true"
                if local(font) == "Font" and (heavy or any(each in name for each in _BOLD_FONTS)):
                    found.add(attribute(font, "ID") or "")
        return found


def _steps(text: str | None) -> list[float]:
    """Return the advances of ``DeltaX``, in which ``g 3 5.6`` stands for three times 5.6."""
    if not text:
        return []
    expanded = _REPEAT.sub(
        lambda match: " ".join([match[2]] * min(int(match[1]), _MOST_REPEATS)), text
    )
    return _numbers(expanded)


def _path(element: etree._Element) -> Iterator[Stroke]:
    """Yield the straight lines of a path."""
    bounds = _numbers(attribute(element, "Boundary"))
    data = child(element, "AbbreviatedData")
    if len(bounds) < 4:  # noqa: PLR2004 - x, y, width, height
        return
    point: list[float] = []
    last: tuple[float, float] | None = None
    command = ""
    for letter, number in _PATH.findall((data.text or "") if data is not None else ""):
        if letter:
            command, point = letter, []
            continue
        point.append(float(number))
        if command in ("M", "L", "S") and len(point) == 2:  # noqa: PLR2004 - x and y
            here = (bounds[0] + point[0], bounds[1] + point[1])
            if command == "L" and last is not None:
                yield _stroke(last, here)
            last, point = here, []


def _stroke(one: tuple[float, float], other: tuple[float, float]) -> Stroke:
    return Stroke(
        x0=min(one[0], other[0]) * _POINTS,
        x1=max(one[0], other[0]) * _POINTS,
        y0=min(one[1], other[1]) * _POINTS,
        y1=max(one[1], other[1]) * _POINTS,
    )


def _picture(element: etree._Element) -> Iterator[Picture]:
    bounds = [value * _POINTS for value in _numbers(attribute(element, "Boundary"))]
    if len(bounds) == 4 and min(bounds[2:]) >= _MIN_PICTURE:  # noqa: PLR2004 - x, y, width, height
        x, y, wide, high = bounds
        yield Picture(x0=x, x1=x + wide, y0=y, y1=y + high)


def _color(element: etree._Element | None) -> str | None:
    values = _numbers(attribute(element, "Value")) if element is not None else []
    if len(values) != 3:  # noqa: PLR2004 - red, green, blue
        return None
    return "#" + "".join(f"{max(0, min(255, int(value))):02x}" for value in values)


def _numbers_of(element: etree._Element | None) -> list[float]:
    return _numbers(element.text) if element is not None else []


def _numbers(text: str | None) -> list[float]:
    try:
        values = [float(word) for word in (text or "").split()]
    except ValueError:
        return []
    return values if all(math.isfinite(value) for value in values) else []


def _resolve(folder: str, location: str) -> str:
    """Return the part that a location names: absolute, or relative to its folder."""
    location = location.strip()
    if not location:
        return ""
    return posixpath.normpath(
        location.lstrip("/") if location.startswith("/") else posixpath.join(folder, location)
    )
