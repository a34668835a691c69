"""Pictures: what may travel, and what of it."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from mailer.rendering.pictures import MediaType, safe_picture

PLACE = b"31.2304N"


def image(form: str, **options: Any) -> bytes:  # noqa: ANN401 - the options of Pillow
    """Return a picture of 40 by 20 pixels with a colour gradient."""
    picture = Image.new("RGB", (40, 20))
    picture.putdata([(x * 6, y * 12, 90) for y in range(20) for x in range(40)])
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> bytes:
    """Return the pixels as a viewer shows them, turned upright."""
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").tobytes()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF"])
def test_common_formats_go_out_as_they_look(form: str) -> None:
    """The format is found in the bytes, and no pixel changes."""
    data = image(form)
    safe = safe_picture(data)
    assert safe is not None
    assert safe.media_type is MediaType[form]
    assert (safe.width, safe.height) == (40, 20)
    assert pixels(safe.data) == pixels(data)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_photograph_loses_its_place_but_stays_upright(progressive: bool) -> None:  # noqa: FBT001 - as in the table
    """EXIF and comments are dropped, but for the orientation, which is part of how it looks."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = PLACE.decode()
    data = image("JPEG", exif=exif, comment=b"by Zhou", progressive=progressive) + b"film" * 9
    assert PLACE in data
    safe = safe_picture(data)
    assert safe is not None
    assert PLACE not in safe.data
    assert b"Zhou" not in safe.data
    assert b"film" not in safe.data
    assert (safe.width, safe.height) == (20, 40)
    assert pixels(safe.data) == pixels(data)
    with Image.open(io.BytesIO(safe.data)) as picture:
        assert dict(picture.getexif()) == {0x0112: 6}


def test_broken_metadata_do_not_cost_the_picture() -> None:
    """EXIF data that cannot be read are dropped like others."""
    data = image("JPEG", exif=b"Exif\x00\x00MM\x00\x2a\x00\x00\xff\xff")
    safe = safe_picture(data)
    assert safe is not None
    assert b"Exif" not in safe.data


def test_texts_inside_a_png_are_dropped() -> None:
    """A PNG's own texts and times say who made it and with what."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "周岚")
    info.add_text("GPS", PLACE.decode())
    data = image("PNG", pnginfo=info)
    safe = safe_picture(data + b"behind the end")
    assert safe is not None
    assert PLACE not in safe.data
    assert safe.data.endswith(b"IEND\xaeB`\x82")
    assert pixels(safe.data) == pixels(data)


@pytest.mark.parametrize(
    "data", [b"", b"BM0000", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a\x01", b"<svg/>"]
)
def test_other_and_broken_formats_are_left_out(data: bytes) -> None:
    """What mail programmes would not show is not sent."""
    assert safe_picture(data) is None


@given(st.sampled_from(["PNG", "JPEG", "GIF"]), st.integers(0, 800), st.binary(max_size=6))
def test_no_damage_is_an_error(form: str, at: int, junk: bytes) -> None:
    """A picture that is cut or overwritten anywhere is sent or left out, never an exception."""
    data = image(form)
    for damaged in (data[:at], data[:at] + junk + data[at + len(junk) :]):
        safe = safe_picture(damaged)
        assert safe is None or safe.data
