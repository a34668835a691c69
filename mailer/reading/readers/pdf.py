"""PDF files with a text layer, read by PDFium: letters with places, rules, pictures."""

import ctypes
import math
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from mailer.reading.errors import (
    DamagedFile,
    EncryptedFile,
    FileTooLarge,
    FileWithoutText,
    ScannedFile,
)
from mailer.reading.glyphs import Glyph
from mailer.reading.letters import normalise
from mailer.reading.limits import Limits
from mailer.reading.lines import Source
from mailer.reading.pages import Page, read_pages
from mailer.reading.strokes import Picture, Stroke
from runtime.text import translate as _

_BOLD_WEIGHT = 600
_BOLD_FONTS = ("bold", "heavy", "black", "hei", "黑体", "小标宋", "xiaobiaosong", "fzxbs")
_UNMAPPED = {0, 0xFFFE, 0xFFFD}
_SLANT = 0.1  # radians: text at a greater angle is a watermark or a stamp
_THIN = 2.5  # points: a filled shape this flat is a rule
_SURROGATES = range(0xD800, 0xDC00)
_JPEG = b"\xff\xd8\xff"
_MIN_PICTURE = 40.0  # points: smaller pictures are ornaments


def read_pdf(data: bytes, name: str, limits: Limits) -> Source:
    """Read a PDF.

    Raises :class:`EncryptedFile`, :class:`DamagedFile`, :class:`FileTooLarge`, and
    :class:`ScannedFile` where the pages hold no letters.
    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise EncryptedFile(name=name) from error
        raise DamagedFile(name=name, reason=_("PDFium finds no valid document")) from error
    try:
        if len(document) > limits.pages:
            raise FileTooLarge(name=name, found=len(document), unit=_("pages"), limit=limits.pages)
        return _read(document, name, limits)
    finally:
        document.close()


def _read(document: pypdfium2.PdfDocument, name: str, limits: Limits) -> Source:
    pages: list[Page] = []
    unmapped = letters = 0
    for index in range(len(document)):
        try:
            page = document[index]
            read, missing = _page(page)
            page.close()
        except pypdfium2.PdfiumError as error:
            reason = _("page {page} is broken").format(page=index + 1)
            raise DamagedFile(name=name, reason=reason) from error
        pages.append(read)
        unmapped += missing
        letters += sum(not glyph.text.isspace() for glyph in read.glyphs)
        if letters > limits.letters:
            raise FileTooLarge(name=name, found=letters, unit=_("letters"), limit=limits.letters)
    if not letters:
        if any(page.pictures for page in pages):
            raise ScannedFile(name=name, pages=len(pages))
        raise FileWithoutText(name=name)
    doubts = (("letters-lost", str(unmapped)),) if unmapped else ()
    return read_pages(pages, doubts)


def _page(page: pypdfium2.PdfPage) -> tuple[Page, int]:
    """Return a page and how many of its letters have no Unicode value."""
    height = page.get_height()
    text = page.get_textpage()
    glyphs: list[Glyph] = []
    unmapped = 0
    for glyph in _glyphs(text, height):
        if glyph is None:
            unmapped += 1
        else:
            glyphs.append(glyph)
    text.close()
    strokes: list[Stroke] = []
    pictures: list[Picture] = []
    for shape in page.get_objects(max_depth=4):
        if shape.type == pdfium.FPDF_PAGEOBJ_PATH:
            strokes += _strokes(shape, height)
        elif shape.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            pictures += _picture(shape, height)
    return (
        Page(
            width=page.get_width(),
            height=height,
            glyphs=tuple(glyphs),
            strokes=tuple(strokes),
            pictures=tuple(pictures),
        ),
        unmapped,
    )


def _glyphs(text: pypdfium2.PdfTextPage, height: float) -> Iterator[Glyph | None]:
    """Yield the letters of a page; None for one that cannot be told."""
    high: int | None = None
    for index in range(text.count_chars()):
        if pdfium.FPDFText_IsGenerated(text, index) == 1:
            continue
        code = int(pdfium.FPDFText_GetUnicode(text, index))
        if code in _SURROGATES:
            high = code
            continue
        if high is not None:
            code, high = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00), None
        angle = float(pdfium.FPDFText_GetCharAngle(text, index))
        if min(angle, math.tau - angle) > _SLANT:
            continue
        if code in _UNMAPPED:
            yield None
            continue
        letter = normalise(chr(code))
        if letter:
            yield _glyph(text, index, letter, height)


def _glyph(text: pypdfium2.PdfTextPage, index: int, letter: str, height: float) -> Glyph:
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text, index, box)
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text, index, x, y)
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text, index, matrix)
    scale = math.hypot(matrix.c, matrix.d) or 1.0
    size = float(pdfium.FPDFText_GetFontSize(text, index)) * scale
    colors = [ctypes.c_uint() for _ in range(4)]
    pdfium.FPDFText_GetFillColor(text, index, *colors)
    red, green, blue = (color.value for color in colors[:3])
    return Glyph(
        text=letter,
        x0=box.left,
        x1=max(box.right, box.left),
        y=height - y.value,
        size=size or box.top - box.bottom,
        bold=_is_bold(text, index),
        color=f"#{red:02x}{green:02x}{blue:02x}",
    )


def _is_bold(text: pypdfium2.PdfTextPage, index: int) -> bool:
    if int(pdfium.FPDFText_GetFontWeight(text, index)) >= _BOLD_WEIGHT:
        return True
    buffer = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text, index, buffer, len(buffer), flags)
    font = buffer.value.decode("utf-8", errors="replace").lower()
    return any(mark in font for mark in _BOLD_FONTS)


def _strokes(shape: pypdfium2.PdfObject, height: float) -> Iterator[Stroke]:
    """Yield the straight lines of a path; a flat filled shape is one line."""
    left, bottom, right, top = shape.get_bounds()
    if top - bottom <= _THIN or right - left <= _THIN:
        yield Stroke(x0=left, x1=right, y0=height - top, y1=height - bottom)
        return
    matrix = shape.get_matrix()
    fill, stroked = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(shape, fill, stroked)
    if not stroked.value:
        return
    start = last = (0.0, 0.0)
    for index in range(pdfium.FPDFPath_CountSegments(shape)):
        segment = pdfium.FPDFPath_GetPathSegment(shape, index)
        x, y = ctypes.c_float(), ctypes.c_float()
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.on_point(x.value, y.value)
        if pdfium.FPDFPathSegment_GetType(segment) == pdfium.FPDF_SEGMENT_MOVETO:
            start = point
        else:
            yield _stroke(last, point, height)
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield _stroke(point, start, height)
        last = point


def _stroke(one: tuple[float, float], other: tuple[float, float], height: float) -> Stroke:
    (x0, y0), (x1, y1) = one, other
    return Stroke(x0=min(x0, x1), x1=max(x0, x1), y0=height - max(y0, y1), y1=height - min(y0, y1))


def _picture(shape: pypdfium2.PdfObject, height: float) -> Iterator[Picture]:
    """Yield a picture; its bytes only where the file keeps them as a JPEG."""
    left, bottom, right, top = shape.get_bounds()
    if right - left < _MIN_PICTURE or top - bottom < _MIN_PICTURE:
        return
    length = pdfium.FPDFImageObj_GetImageDataRaw(shape, None, 0)
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFImageObj_GetImageDataRaw(shape, buffer, length)
    is_jpeg = buffer.raw.startswith(_JPEG)
    yield Picture(
        x0=left,
        x1=right,
        y0=height - top,
        y1=height - bottom,
        media_type="image/jpeg" if is_jpeg else None,
        data=buffer.raw if is_jpeg else b"",
    )
