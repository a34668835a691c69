"""Text in the language of who reads it: compiled where there is a place for it, never half."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import text
from runtime.text import language, translate, translate_plural

_CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Language: zh_CN\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "An issue"
msgstr "一期简报"

msgid "{n} unit"
msgid_plural "{n} units"
msgstr[0] "{n}个单位"
"""


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Chinese catalogue of two messages, read as if it were ours; returns its source."""
    folder = tmp_path / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = folder / "jianbao.po"
    source.write_text(_CATALOGUE, "utf-8")
    monkeypatch.setattr(text, "shipped", lambda _name: tmp_path)
    text._catalogue.cache_clear()
    before = language.set("zh_CN")
    yield source
    language.reset(before)
    text._catalogue.cache_clear()


def test_messages_are_translated_into_the_current_language(catalogue: Path) -> None:
    """What nobody translated stays as it is, in every language."""
    assert catalogue.exists()
    assert translate("An issue") == "一期简报"
    assert translate_plural("{n} unit", "{n} units", 1) == "{n}个单位"
    assert translate_plural("{n} unit", "{n} units", 2) == "{n}个单位"
    assert translate("Never translated") == "Never translated"
    assert translate("") == "", "the empty message is the catalogue's head"
    language.set("en")
    assert translate("An issue") == "An issue"
    assert translate_plural("{n} unit", "{n} units", 1) == "{n} unit"
    assert translate_plural("{n} unit", "{n} units", 2) == "{n} units"


@pytest.mark.parametrize("name", ["de", "../../etc", ""])
def test_unknown_language_is_the_source(catalogue: Path, name: str) -> None:
    """A name from outside opens no file."""
    assert catalogue.exists()
    language.set(name)
    assert translate("An issue") == "An issue"


def test_each_thread_has_its_own_language(catalogue: Path) -> None:
    """As pages do that are made at once for different people."""
    assert catalogue.exists()
    found: dict[str, str] = {}

    def read(name: str) -> None:
        language.set(name)
        found[name] = translate("An issue")

    threads = [threading.Thread(target=read, args=[name]) for name in text.LANGUAGES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"zh_CN": "一期简报", "en": "An issue"}


def test_compiled_catalogue_is_kept_for_everybody_until_the_source_changes(catalogue: Path) -> None:
    """Also with root's umask; and a newer source is compiled again."""
    before = os.umask(0o077)
    try:
        translate("An issue")
    finally:
        os.umask(before)
    compiled = catalogue.with_suffix(".mo")
    assert compiled.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in catalogue.parent.iterdir()) == ["jianbao.mo", "jianbao.po"]
    first = compiled.stat().st_ino
    text._catalogue.cache_clear()
    assert translate("An issue") == "一期简报"
    assert compiled.stat().st_ino == first

    catalogue.write_text(_CATALOGUE.replace("一期简报", "一期"), "utf-8")
    os.utime(catalogue, (time.time() + 10, time.time() + 10))
    text._catalogue.cache_clear()
    assert translate("An issue") == "一期"


def test_folder_that_cannot_be_written_is_no_matter(catalogue: Path) -> None:
    """The catalogue is compiled in memory then."""
    catalogue.with_suffix(".mo").mkdir()
    assert translate("An issue") == "一期简报"
    assert sorted(path.name for path in catalogue.parent.iterdir()) == ["jianbao.mo", "jianbao.po"]


def test_missing_catalogue_is_the_source(catalogue: Path) -> None:
    """As in a checkout whose catalogue is not written yet."""
    shutil.rmtree(catalogue.parent)
    assert translate("An issue") == "An issue"
