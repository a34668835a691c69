import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from string import Formatter
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from mailer.actions.doubt_words import SENTENCES
from mailer.reading.doubts import Code
from runtime.refusal import Refusal
from runtime.text import LANGUAGES, language, translate, translate_plural

ROOT = Path(__file__).resolve().parents[2]
EXTRACT = ROOT / "locale" / "extract.py"
COMMAND = r"(?:mailer|make|kill|chmod) [^.。]*$"
ENDS_AS_A_SENTENCE = re.compile(rf"[.}}]$|: {COMMAND}|://\S+$")
ENDS_IN_CHINESE = re.compile(rf"[。}}]$|：{COMMAND}|://\S+$")
HAN = re.compile(r"[\u4e00-\u9fff]")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!](?!\w)|[\u4e00-\u9fff]\.(?=\s|$)|[，。；：] ")
SAME_IN_CHINESE = {"Message-ID", ", "}
"""A term that mail programs show as it stands, and a separator."""


def catalogue(name: str) -> Catalog:
    """Return a catalogue as it stands in the repository."""
    with (ROOT / "locale" / name / "LC_MESSAGES" / "jianbao.po").open("rb") as file:
        return read_po(file)


def entries(name: str) -> list[Message]:
    """Return the entries of a catalogue, its header apart."""
    return [message for message in catalogue(name) if message.id]


def forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the singular and the plural of a string, or the one form that it has."""
    if text is None:
        return ("",)
    return (text,) if isinstance(text, str) else tuple(text)


def fields(text: str) -> set[tuple[str, str, str]]:
    """Return the placeholders of a string: name, format and conversion."""
    return {
        (name, form or "", conversion or "")
        for _text, name, form, conversion in Formatter().parse(text)
        if name is not None
    }


class Anything:
    """A value that can be put in any placeholder."""

    def __format__(self, _form: str) -> str:
        """Return a value, whatever form is asked for."""
        return "x"


@pytest.fixture
def extract() -> Iterator[ModuleType]:
    """The script that keeps the catalogues, as a module."""
    spec = spec_from_file_location("extract_messages", EXTRACT)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    path = sys.path[:]
    spec.loader.exec_module(module)
    yield module
    sys.path[:] = path


def test_the_catalogues_hold_the_strings_of_the_code() -> None:
    """``make messages`` would change nothing."""
    done = subprocess.run(
        [sys.executable, EXTRACT, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_string_is_translated() -> None:
    """Chinese is what people are met in: nothing is open, and nothing is a guess."""
    for message in entries("zh_CN"):
        assert all(forms(message.string)), f"not translated: {message.id}"
        assert not message.fuzzy, f"a guess: {message.id}"


@pytest.mark.parametrize("name", LANGUAGES)
def test_placeholders_are_those_of_the_source(name: str) -> None:
    """A translation fills in what the source string fills in, in the same form."""
    for message in entries(name):
        wanted = set().union(*(fields(form) for form in forms(message.id)))
        for form in forms(message.string):
            assert fields(form) == wanted, f"{message.id} / {form}"


def test_every_string_can_be_filled_in() -> None:
    """No stray brace stops a message just when somebody needs it."""
    for message in entries("zh_CN"):
        for form in (*forms(message.id), *forms(message.string)):
            form.format(**{name: Anything() for name, *_ in fields(form)})


def test_refusals_are_sentences(extract: ModuleType) -> None:
    """A refusal ends as a sentence does, or in the command or value that it names."""
    extract.collect()  # loads every module that may declare one
    known = catalogue("zh_CN")
    kinds = [Refusal]
    for kind in kinds:
        kinds += kind.__subclasses__()
        if not kind.__module__.startswith(("mailer.", "recipients.", "runtime.")):
            continue  # of a test
        message = kind.message
        assert message, f"{kind.__qualname__} has no docstring to show"
        assert message[0].isupper() or message[0] == "{", message
        assert ENDS_AS_A_SENTENCE.search(message), message
        entry = known.get(message)
        assert entry, f"not in the catalogue: {message}"
        assert ENDS_IN_CHINESE.search(forms(entry.string)[0]), entry.string


def test_chinese_is_chinese() -> None:
    """No English was copied over, and Chinese text has the punctuation of Chinese."""
    for message in entries("zh_CN"):
        for form in forms(message.string):
            assert HAN.search(form) or message.id in SAME_IN_CHINESE, form
            assert not HALF_WIDTH.search(form), form


def test_every_doubt_of_the_reader_has_its_sentence() -> None:
    """`mailer read` can say what it doubts, whatever the code."""
    assert set(SENTENCES) == set(Code)


def test_both_languages_load() -> None:
    """A string is shown in the language that is set; a plural follows the number."""
    shown = {}
    for name in LANGUAGES:
        token = language.set(name)
        shown[name] = (
            translate("to be sent"),
            translate_plural("{count} unit.", "{count} units.", 1),
            translate_plural("{count} unit.", "{count} units.", 2),
        )
        language.reset(token)
    assert shown["en"] == ("to be sent", "{count} unit.", "{count} units.")
    assert shown["zh_CN"] == ("待发", "共 {count} 个单位。", "共 {count} 个单位。")


def test_strings_are_found_wherever_they_are_shown(
    extract: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A string in parts, in a formatted string, in the plural and in a template is found."""
    monkeypatch.setattr(extract, "ROOT", tmp_path)
    code, template = tmp_path / "code.py", tmp_path / "page.html"
    code.write_text('_("in " "parts")\nf"{_(\'inside\')}"\n_(unknown)\nngettext("1", "{n}", n)\n')
    template.write_text('<p title="{{ _("a title") }}">{{ ngettext("one", "more", n) }}</p>')
    assert {found[1:] for found in extract._marked_in_code(code)} == {
        ("in parts", ""),
        ("inside", ""),
        ("1", "{n}"),
    }
    assert {found[1:] for found in extract._marked_in_template(template)} == {
        ("a title", ""),
        ("one", "more"),
    }


def test_an_update_keeps_translations_and_guesses_none(extract: ModuleType, tmp_path: Path) -> None:
    """What stays is kept, what went is dropped, and a similar sentence is no translation."""
    path = tmp_path / "zh.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Language: zh_CN\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "It stays."\nmsgstr "保留。"\n\n'
        'msgid "It changes a little."\nmsgstr "略有变化。"\n'
    )
    strings = [extract.Found("a.py", "It changed a little."), extract.Found("a.py", "It stays.")]
    known, text = extract.updated(path, strings)
    assert {message.id: message.string for message in known if message.id} == {
        "It stays.": "保留。",
        "It changed a little.": None,
    }
    assert "略有变化" not in text.decode()
    path.write_bytes(text)
    assert extract.updated(path, strings)[1] == text


def test_the_check_fails_without_changing_anything(
    extract: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new string fails the check, which names the catalogue and the command to run."""
    monkeypatch.setattr(sys, "argv", ["extract.py", "--check"])
    monkeypatch.setattr(extract, "collect", lambda: [extract.Found("a.py", "A new string.")])
    before = catalogue("zh_CN")
    assert extract.main() == 1
    assert "zh_CN. Run `make messages`." in capsys.readouterr().err
    assert len(catalogue("zh_CN")) == len(before)
