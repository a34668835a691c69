"""Text for people, in the language they read: Chinese by default, English on request.

Source strings are English; ``locale/<language>/LC_MESSAGES/jianbao.po`` holds the translations.
The current language is a context variable: a command sets it once from its settings, a page per
request.
"""

import contextlib
import functools
import io
import os
import tempfile
from contextvars import ContextVar
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from runtime.paths import shipped

LANGUAGES = ("zh_CN", "en")
DOMAIN = "jianbao"

language: ContextVar[str] = ContextVar("language", default="zh_CN")


def translate(message: str) -> str:
    """Return ``message`` in the current language; the message itself where no one translated it."""
    return _catalogue(language.get()).gettext(message) if message else ""


def translate_plural(singular: str, plural: str, count: int) -> str:
    """Return the form of the message that ``count`` takes in the current language."""
    return _catalogue(language.get()).ngettext(singular, plural, count)


@functools.cache
def _catalogue(name: str) -> NullTranslations:
    """Load a catalogue, compiled beside its source where that is newer and the folder writable."""
    if name not in LANGUAGES:
        return NullTranslations()
    source = shipped("locale") / name / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = source.with_suffix(".mo")
    if not source.exists():
        return NullTranslations()
    try:
        with compiled.open("rb") as file:
            if os.fstat(file.fileno()).st_mtime >= source.stat().st_mtime:
                return Translations(file)
    except OSError:
        pass  # there is none, or it is another user's
    return _compile(source, compiled)


def _compile(source: Path, compiled: Path) -> NullTranslations:
    """Compile ``source`` in memory, and keep the result where that is possible."""
    with source.open("rb") as file:
        catalogue = read_po(file)
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    # A read-only installation, or a full disk, compiles again at the next start.
    with contextlib.suppress(OSError):
        _keep(buffer.getvalue(), compiled)
    buffer.seek(0)
    return Translations(buffer)


def _keep(compiled: bytes, path: Path) -> None:
    """Replace ``path`` at once, so that no reader sees half a file, and for every user to read."""
    handle, partial = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(compiled)
            os.fchmod(file.fileno(), 0o644)
        Path(partial).replace(path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise
