"""Themes: a folder under templates/email/ with a template, two style sheets and a theme.toml.

The fixed words of a mail (本期要目, 责任编辑) are the theme's, not the catalogue's: they are
printed matter that is approved with the issue, in whatever language a person uses the desk.
"""

import dataclasses
import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import css_inline
import jinja2

from mailer.rendering.errors import UnfinishedTheme, UnknownTheme
from runtime.paths import shipped

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The fixed words of a mail in one language; ``{names}`` are filled in."""

    lang: str
    """The language tag (BCP 47) of the HTML."""
    year_and_number: str
    number: str
    total: str
    number_and_total: str
    date: str
    articles: str
    contents: str
    kind_mark: str
    entry_mark: str
    block_end: str
    unit_mark: str
    block_mark: str
    editor: str
    phone: str
    copies: str
    picture: str
    table: str
    read_on_web: str
    sign: str
    signed_by: str
    why_listed: str
    why_registered: str
    change: str
    unsubscribe: str
    change_subject: str
    unsubscribe_subject: str
    write_to: str
    subject: str
    contributor: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """A loaded theme, ready to lay out mails."""

    name: str
    words: Mapping[str, Words]
    colours: Mapping[str, Mapping[str, str]]
    """``light`` and ``dark``: what is coloured → #rrggbb."""
    template: jinja2.Template
    adaptive_css: str
    """The rules that cannot be inlined: dark scheme, phones, print."""
    inliner: css_inline.CSSInliner

    def words_in(self, language: str) -> Words:
        """Return the words of ``language``. Raises :class:`UnfinishedTheme` if there are none."""
        if language not in self.words:
            raise UnfinishedTheme(name=self.name, missing=f"[words.{language}]")
        return self.words[language]


def theme_names() -> tuple[str, ...]:
    """Return the names of the shipped themes, in alphabetical order."""
    return tuple(sorted(p.parent.name for p in shipped("templates").glob("email/*/theme.toml")))


@functools.cache
def load_theme(name: str) -> Theme:
    """Load a theme once per process.

    Raises :class:`UnknownTheme`, and :class:`UnfinishedTheme` where its theme.toml has gaps.
    """
    folder = shipped("templates") / "email" / name
    if not _NAME.fullmatch(name) or not (folder / "theme.toml").is_file():
        raise UnknownTheme(name=name, known=", ".join(theme_names()))
    settings = tomllib.loads((folder / "theme.toml").read_text(encoding="utf-8"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return Theme(
        name=name,
        words={key: _words(name, key, value) for key, value in settings["words"].items()},
        colours=settings["colours"],
        template=environment.get_template("mail.html"),
        adaptive_css=_style(folder / "adaptive.css", settings),
        inliner=css_inline.CSSInliner(
            load_remote_stylesheets=False, extra_css=_style(folder / "inline.css", settings)
        ),
    )


def _words(theme: str, language: str, table: Mapping[str, Any]) -> Words:
    names = {field.name for field in dataclasses.fields(Words)}
    if gaps := sorted(names ^ table.keys()):
        raise UnfinishedTheme(name=theme, missing=f"[words.{language}] {', '.join(gaps)}")
    return Words(**table)


def _style(path: Path, settings: Mapping[str, Any]) -> str:
    """Return a style sheet with the theme's ``$names`` put in; mails know no CSS variables."""
    values = {
        **{f"font-{key}": value for key, value in settings["fonts"].items()},
        **{
            f"{scheme}-{key}": value
            for scheme, table in settings["colours"].items()
            for key, value in table.items()
        },
    }

    def value_of(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise UnfinishedTheme(name=path.parent.name, missing=match[1])
        return str(values[match[1]])

    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"\$([a-z-]+)", value_of, text)).strip()
