"""Behaviours: words to what is done, attempt by attempt."""

import json
from pathlib import Path

import pytest

from mailer.inbox.behaviours import (
    Behaviours,
    BehavioursFileError,
    Kind,
    UnknownBehaviourError,
    parse_behaviour,
    read_behaviours,
)


@pytest.mark.parametrize(
    ("word", "kinds"),
    [
        ("accept", "accept accept"),
        ("defer-first", "defer accept accept"),
        ("defer:2", "defer defer accept"),
        ("reject", "reject reject"),
        ("reject-data", "reject-data reject-data"),
        ("hang", "hang hang"),
        ("hang:1", "hang accept accept"),
        ("drop", "drop drop"),
        ("drop:2", "drop drop accept"),
        ("drop-after-250", "drop-after-250 drop-after-250"),
        ("slow:1500", "slow slow"),
    ],
)
def test_a_word_says_what_is_done(word: str, kinds: str) -> None:
    """At RCPT or at the dot, for the attempts that it names."""
    behaviours = Behaviours({"A@unit.example": word})
    for kind in kinds.split():
        at_rcpt = behaviours.at_rcpt("a@UNIT.example")
        seen = at_rcpt if at_rcpt is not Kind.ACCEPT else behaviours.at_dot("a@unit.example")
        assert seen == kind
        assert behaviours.at_rcpt("other@unit.example") is Kind.ACCEPT


def test_delays_are_in_milliseconds() -> None:
    """slow:1500 is a second and a half."""
    assert parse_behaviour("slow:1500").delay == 1.5


def test_the_star_stands_for_all_others() -> None:
    """Addresses that are named are not touched by it; each address counts for itself."""
    behaviours = Behaviours({"*": "defer:1", "a@unit.example": "accept"})
    assert behaviours.at_rcpt("a@unit.example") is Kind.ACCEPT
    assert behaviours.at_rcpt("b@unit.example") is Kind.DEFER
    assert behaviours.at_rcpt("c@unit.example") is Kind.DEFER
    assert behaviours.at_rcpt("b@unit.example") is Kind.ACCEPT


@pytest.mark.parametrize(
    "word",
    [
        "",
        "Accept",
        "defer",
        "slow",
        "accept:1",
        "reject:2",
        "hang:",
        "hang:x",
        "slow:-1",
        "drop:1:2",
    ],
)
def test_a_word_that_is_none_is_refused(word: str) -> None:
    """With the word, the address and the words that there are."""
    with pytest.raises(UnknownBehaviourError, match=r"a@unit\.example\. Use accept, defer-first"):
        Behaviours({"a@unit.example": word})


def test_behaviours_are_read_from_json(tmp_path: Path) -> None:
    """One object, address to word; anything else is refused by the file's name."""
    path = tmp_path / "behaviours.json"
    path.write_text(json.dumps({"a@unit.example": "reject"}))
    assert read_behaviours(path).at_rcpt("a@unit.example") is Kind.REJECT
    for content in ("[]", '{"a": 1}', "{", '"x"'):
        path.write_text(content)
        with pytest.raises(BehavioursFileError, match=str(path)):
            read_behaviours(path)
    with pytest.raises(BehavioursFileError, match="No such file"):
        read_behaviours(tmp_path / "missing.json")
