"""Refusals: the docstring is the message, and the details are kept."""

import copy
import pickle

import pytest

from runtime.refusal import Refusal
from runtime.text import language


class ExampleError(Refusal):
    """The thing {name} in {place} is not
    there. Look again.

    This paragraph is for programmers: {nothing} of it is shown.
    """


def test_message_is_the_first_paragraph_with_the_details() -> None:
    """On one line; braces in a detail are text."""
    refusal = ExampleError(name="{x}", place="a\nb")
    assert str(refusal) == "The thing {x} in a\nb is not there. Look again."
    assert refusal.in_english() == str(refusal)
    assert refusal.name == "{x}"
    assert refusal.details == {"name": "{x}", "place": "a\nb"}
    with pytest.raises(AttributeError):
        _ = refusal.other


def test_english_stays_english() -> None:
    """What is stored does not depend on who asked."""
    before = language.set("zh_CN")
    try:
        refusal = ExampleError(name="a", place="b")
        assert refusal.in_english() == "The thing a in b is not there. Look again."
    finally:
        language.reset(before)


def test_refusal_travels_between_processes() -> None:
    """With its class and its details."""
    refusal = ExampleError(name="a", place=3)
    for other in (pickle.loads(pickle.dumps(refusal)), copy.copy(refusal)):  # noqa: S301 - our own
        assert type(other) is ExampleError
        assert other.details == refusal.details
        assert str(other) == str(refusal)
