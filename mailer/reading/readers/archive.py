"""Opening ZIP-based files (.docx, .ofd) and their XML without trusting either."""

import io
import lzma
import math
import struct
import zipfile
import zlib

from lxml import etree

from mailer.reading.errors import DamagedFile, EncryptedFile, FileTooLarge
from mailer.reading.limits import MIB, Limits
from runtime.text import translate as _

_ENCRYPTED_FLAG = 0x1
# What zipfile and its decompressors raise for a directory or a part that is broken.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
)


class Archive:
    """The parts of a ZIP-based file, within the limits of what may be unpacked."""

    def __init__(self, data: bytes, name: str, limits: Limits) -> None:
        self.name = name
        self._left = limits.expanded
        self._limit = limits.expanded
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise DamagedFile(name=name, reason=_("the ZIP directory is missing")) from error
        infos = self._zip.infolist()
        if len(infos) > limits.parts:
            raise FileTooLarge(name=name, found=len(infos), unit=_("parts"), limit=limits.parts)
        declared = sum(info.file_size for info in infos)
        if declared > limits.expanded:
            raise self._too_large(declared)
        if any(info.flag_bits & _ENCRYPTED_FLAG for info in infos):
            raise EncryptedFile(name=name)
        self.parts = tuple(info.filename for info in infos)

    def read(self, part: str) -> bytes | None:
        """Return the bytes of a part; None where there is none of that name."""
        part = part.lstrip("/")
        if part not in self.parts:
            return None
        try:
            with self._zip.open(part) as stream:
                # A directory may lie about sizes: count what really comes out.
                data = stream.read(self._left + 1)
        except _BROKEN as error:
            raise DamagedFile(
                name=self.name, reason=_("part {part} is broken").format(part=part)
            ) from error
        self._left -= len(data)
        if self._left < 0:
            raise self._too_large(self._limit - self._left)
        return data

    def xml(self, part: str) -> etree._Element | None:
        """Return the root element of an XML part; None where there is no such part."""
        data = self.read(part)
        return None if data is None else parse_xml(data, self.name, part)

    def _too_large(self, size: int) -> FileTooLarge:
        return FileTooLarge(
            name=self.name, found=size // MIB, unit=_("MiB unpacked"), limit=self._limit // MIB
        )


def parse_xml(data: bytes, name: str, part: str) -> etree._Element:
    """Parse XML that comes from outside: no entities, no network, no document type.

    Raises :class:`DamagedFile` for XML that is not well formed or declares a document type, which
    no office file does and an attack needs.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DamagedFile(
            name=name, reason=_("part {part} is not valid XML").format(part=part)
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise DamagedFile(
            name=name, reason=_("part {part} declares a document type").format(part=part)
        )
    return root


def local(element: etree._Element) -> str:
    """Return the tag without its namespace: strict and transitional files differ only there."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: etree._Element | None, name: str) -> str | None:
    """Return an attribute by its local name."""
    if element is None:
        return None
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """Return the first descendant along a path of local names."""
    for name in path:
        if element is None:
            return None
        element = next((each for each in element if local(each) == name), None)
    return element


def measure(element: etree._Element | None, name: str) -> float | None:
    """Return a numeric attribute by its local name; None where it is absent or no number."""
    try:
        value = float(attribute(element, name) or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def count(element: etree._Element | None, name: str, default: int, most: int = 100) -> int:
    """Return a counting attribute, within bounds: a broken file may claim any number."""
    value = measure(element, name)
    return default if value is None else max(0, min(most, int(value)))
