"""Pictures of the source file, made fit to travel: known formats only, without their metadata.

A photograph may carry the place where it was taken, the editor's name and earlier versions of
itself; none of that was approved, so it does not go out. The image data are not touched.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs"}
)
_JPEG = b"\xff\xd8\xff"
_JPEG_DROPPED = frozenset({*range(0xE1, 0xF0), 0xFE}) - {0xE2, 0xEE}
"""APP1 to APP15 and comments, but for APP2 (colour profile) and APP14 (how colours are coded)."""
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SCAN = 0xDA
_JPEG_APP1 = 0xE1
_JPEG_RESTARTS = range(0xD0, 0xD8)
_GIF = (b"GIF87a", b"GIF89a")
_EXIF_ORIENTATION = 0x0112
_SIDEWAYS = 5
"""EXIF orientations from 5 on swap width and height."""


class MediaType(StrEnum):
    """The formats that every mail programme shows."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"


@dataclass(frozen=True, kw_only=True, slots=True)
class SafePicture:
    """A picture that may be sent; ``width`` and ``height`` are pixels as shown."""

    media_type: MediaType
    data: bytes
    width: int
    height: int


def safe_picture(data: bytes) -> SafePicture | None:
    """Return the picture without its metadata; ``None`` if mail programmes could not show it.

    The format is taken from the bytes, whatever the file claims.
    """
    try:
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(_JPEG):
            return _jpeg(data)
        if data.startswith(_GIF):
            width, height = struct.unpack_from("<HH", data, 6)
            return SafePicture(media_type=MediaType.GIF, data=data, width=width, height=height)
    except (struct.error, IndexError, ValueError):
        return None  # cut off in the middle
    return None


def _png(data: bytes) -> SafePicture | None:
    """Keep the chunks that make the image (PNG 3rd edition, 5.3 and 11)."""
    kept = [_PNG]
    at = len(_PNG)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            return None
        if kind in _PNG_KEPT:
            kept.append(data[at:end])
        at = end
        if kind == b"IEND":
            break
    if len(kept) < 2 or kept[1][4:8] != b"IHDR" or kept[-1][4:8] != b"IEND":  # noqa: PLR2004
        return None
    width, height = struct.unpack_from(">II", kept[1], 8)
    return SafePicture(media_type=MediaType.PNG, data=b"".join(kept), width=width, height=height)


def _jpeg(data: bytes) -> SafePicture | None:
    """Keep the segments that make the image (ITU-T T.81 B.1), up to its end.

    Behind the end, cameras append previews and films.
    """
    kept: list[bytes] = []
    width = height = 0
    orientation, at = 1, 2
    while data[at : at + 2] != b"\xff\xd9":
        marker, end = _jpeg_segment(data, at)
        segment = data[at:end]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", segment, 5)
        if marker == _JPEG_APP1 and segment[4:10] == b"Exif\x00\x00":
            orientation = _orientation(segment[10:])
        if marker not in _JPEG_DROPPED:
            kept.append(segment)
        at = end
    if not width or not height:
        return None
    if orientation >= _SIDEWAYS:
        width, height = height, width
    head = b"\xff\xd8" + (_orientation_segment(orientation) if orientation > 1 else b"")
    image = head + b"".join(kept) + b"\xff\xd9"
    return SafePicture(media_type=MediaType.JPEG, data=image, width=width, height=height)


def _jpeg_segment(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker of the segment at ``at`` and where it ends, a scan with its image data."""
    marker = data[at + 1]
    (length,) = struct.unpack_from(">H", data, at + 2)
    end = at + 2 + length
    if data[at] != 0xFF or length < 2 or end > len(data):  # noqa: PLR2004 - the length counts itself
        raise struct.error("not a segment")
    while marker == _JPEG_SCAN:
        end = data.index(b"\xff", end)
        if data[end + 1] != 0 and data[end + 1] not in _JPEG_RESTARTS:
            break
        end += 2
    return marker, end


def _orientation(tiff: bytes) -> int:
    """Return the orientation (1 to 8) that the EXIF data state, 1 if they state none."""
    order = ">" if tiff[:2] == b"MM" else "<"
    try:
        (offset,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, offset)
        for entry in range(offset + 2, offset + 2 + 12 * count, 12):
            tag, _type, _count, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if tag == _EXIF_ORIENTATION and 1 <= value <= 8:  # noqa: PLR2004 - the eight of EXIF
                return int(value)
    except struct.error:
        pass  # broken metadata are dropped like sound ones
    return 1


def _orientation_segment(orientation: int) -> bytes:
    """Return an EXIF segment that holds the orientation alone: photographs stay upright."""
    tiff = b"MM\x00\x2a" + struct.pack(
        ">IHHHIHHI", 8, 1, _EXIF_ORIENTATION, 3, 1, orientation, 0, 0
    )
    body = b"Exif\x00\x00" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
