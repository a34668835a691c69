"""Text for people, in the language they read: Chinese by default, English on request.

Source strings are English; ``locale/<language>/LC_MESSAGES/jianbao.po`` holds the translations.
The current language is a context variable: a command sets it once from its settings, a page per
request.
"""

import functools
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
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        return _compile(source, compiled)
    with compiled.open("rb") as file:
        return Translations(file)


def _compile(source: Path, compiled: Path) -> NullTranslations:
    """Compile ``source`` in memory, and keep the result where that is possible."""
    import io  # noqa: PLC0415 - only on the first run after a change
    import os  # noqa: PLC0415 - as above
    import tempfile  # noqa: PLC0415 - as above

    with source.open("rb") as file:
        catalogue = read_po(file)
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    try:
        with tempfile.NamedTemporaryFile(dir=compiled.parent, delete=False) as partial:
            partial.write(buffer.getvalue())
        os.replace(partial.name, compiled)  # noqa: PTH105 - atomic, so no reader sees half a file
    except OSError:
        pass  # a read-only installation compiles again at the next start
    buffer.seek(0)
    return Translations(buffer)
