"""What can be held of the look without eyes: contrast, no inline code, a colour for each state."""

import re
from pathlib import Path

import pytest

from mailer.deliveries.states import DeliveryState
from mailer.web.pages import static_folder
from mailer.web.standing import NEEDS_A_PERSON, Standing, advice, grouped, standing_of, states_of
from runtime.paths import shipped

STYLE = (static_folder() / "desk.css").read_text("utf-8")
PAGES = sorted((shipped("templates") / "web").glob("*.html"))
TEXT = ("ink", "mute", "red", "accepted", "deferred", "failed", "doubtful")


def scheme(name: str) -> dict[str, str]:
    """Return the colours of a scheme; the dark one replaces those of the light one."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", light))
    if name == "dark":
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", dark))
    return found


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2) of #rgb or #rrggbb."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_greatest_contrast() -> None:
    """The measure itself is right."""
    assert contrast("#000000", "#fff") == pytest.approx(21)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_can_be_read(name: str) -> None:
    """4.5 at least for every colour of text on every ground; 3 for the border of a field."""
    colours = scheme(name)
    poor = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text in TEXT
        for ground in ("paper", "ground", "tint")
        if contrast(colours[text], colours[ground]) < 4.5
    }
    assert poor == {}
    assert contrast(colours["on-button"], colours["button"]) >= 4.5
    assert contrast(colours["field"], colours["paper"]) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_have_no_code_of_their_own(page: Path) -> None:
    """The policy would block it: no style attribute, no handler, no script without a source."""
    text = page.read_text("utf-8")
    assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:|<style|<script(?! src=)", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_forms_that_change_something_bring_the_token(page: Path) -> None:
    """A form that is forgotten would never work; better to know it here."""
    for form in re.findall(r"<form[^>]*post.*?</form>", page.read_text("utf-8"), re.DOTALL):
        assert 'name="csrf" value="{{ csrf }}"' in form


def test_every_state_has_a_group_and_each_group_a_colour() -> None:
    """The groups share the states out among them, and none is without word and colour."""
    assert sorted(state for group in Standing for state in states_of(group)) == sorted(
        DeliveryState
    )
    for group in Standing:
        assert group.word
        assert re.search(rf"\.{group.value}\b[^{{]*\{{ --tone", STYLE)


def test_counts_are_grouped_and_none_is_lost() -> None:
    """The sum stays, and empty groups are there too."""
    counts = {state: place for place, state in enumerate(DeliveryState, start=1)}
    assert sum(grouped(counts).values()) == sum(counts.values())
    assert grouped({}) == dict.fromkeys(Standing, 0)
    assert grouped({DeliveryState.HELD: 2, DeliveryState.UNCONFIRMED: 1})[Standing.DOUBTFUL] == 3


def test_who_is_needed_is_told_what_to_do() -> None:
    """Every state that needs a person comes with advice; accepted mail does not."""
    assert all(advice(state) for state in NEEDS_A_PERSON)
    assert not advice(DeliveryState.ACCEPTED)
    assert all(standing_of(state) is not Standing.ACCEPTED for state in NEEDS_A_PERSON)
