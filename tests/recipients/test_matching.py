"""What a printed entry is taken to name."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from recipients.directory import Directory
from recipients.matching import Match, Unmatched, match
from recipients.suggestions import NearNames

UNITS = """
云湾市邮政管理局
云湾市邮政管理局文明办
云湾市文明办 = 市文明办 = 文明办
云湾市文化和旅游局 = 云湾市文化广电局*
云湾市财政局
云湾市教育局
市委 = 中共云湾市委员会
市政府
省委
县法院
县检察院
县人大常委会办公室
县政府办公室
县政协办公室
市直机关（工）委
甲区文明委 = 文明委
乙区文明委 = 文明委
"""
GROUPS = """
云湾市邮政管理局各处室
云湾市邮政管理局各管理局
各快递企业 = 全市快递企业
各县市区党委
各县市区人民政府
"""
MakeDirectory = Callable[..., Directory]


@pytest.fixture(scope="module")
def known(make_directory: MakeDirectory) -> Directory:
    """Return the directory of most tests here."""
    return make_directory(UNITS, GROUPS)


def bound(found: Match) -> list[tuple[str, str]]:
    """Return the names of the targets, and how each was matched."""
    return [(target.name, target.matched.value) for target in found.targets]


@pytest.mark.parametrize(
    ("printed", "targets"),
    [
        ("云湾市财政局", [("云湾市财政局", "exact")]),
        ("云湾市　财政局", [("云湾市财政局", "exact")]),
        ("市直机关(工)委", [("市直机关（工）委", "exact")]),
        ("市文明办", [("云湾市文明办", "alias")]),
        ("云湾市文化广电局", [("云湾市文化和旅游局", "alias")]),
        ("各快递企业", [("各快递企业", "group")]),
        ("全市快递企业", [("各快递企业", "group")]),
        (
            "云湾市邮政管理局各处室、管理局、文明办",
            [
                ("云湾市邮政管理局各处室", "group"),
                ("云湾市邮政管理局各管理局", "group"),
                ("云湾市邮政管理局文明办", "prefix"),
            ],
        ),
        (
            "各县市区党委、人民政府",
            [("各县市区党委", "group"), ("各县市区人民政府", "group")],
        ),
        ("云湾市财政局、教育局", [("云湾市财政局", "exact"), ("云湾市教育局", "prefix")]),
        ("县法院、县检察院", [("县法院", "exact"), ("县检察院", "exact")]),
        ("省委、市政府", [("省委", "exact"), ("市政府", "exact")]),
        ("市委、政府", [("市委", "exact"), ("市政府", "prefix")]),
        ("云湾市教育局、文明办", [("云湾市教育局", "exact"), ("云湾市文明办", "prefix")]),
        ("云湾市财政局、云湾市财政局", [("云湾市财政局", "exact")]),
        (
            "县人大常委会、县政府、县政协办公室",
            [
                ("县人大常委会办公室", "prefix"),
                ("县政府办公室", "prefix"),
                ("县政协办公室", "exact"),
            ],
        ),
    ],
)
def test_an_entry_is_bound_to_what_it_prints(
    known: Directory, printed: str, targets: list[tuple[str, str]]
) -> None:
    """Full names, other names, groups, lists in one entry, shared beginnings and endings."""
    assert bound(match(known, printed)) == targets


@pytest.mark.parametrize(
    ("printed", "reason", "missing"),
    [
        ("云湾市统计局", Unmatched.UNKNOWN, ("云湾市统计局",)),
        ("云湾市财政", Unmatched.UNKNOWN, ("云湾市财政",)),
        ("云湾市财政局、统计局", Unmatched.INCOMPLETE, ("云湾市统计局",)),
        ("文明委", Unmatched.AMBIGUOUS, ()),
        ("云湾市财政局、甲区文明委、文明委", Unmatched.INCOMPLETE, ("云湾市文明委",)),
    ],
)
def test_what_is_not_known_stays_unresolved(
    known: Directory, printed: str, reason: Unmatched, missing: tuple[str, ...]
) -> None:
    """No part of an entry is bound while another part is in doubt, and the reason is given."""
    found = match(known, printed)
    assert found.targets == ()
    assert found.reason is reason
    assert found.missing == missing
    assert found.explain()


def test_an_ambiguous_entry_names_its_candidates(known: Directory) -> None:
    """Whoever decides sees between what."""
    found = match(known, "文明委")
    assert [name.official for name in found.candidates] == ["甲区文明委", "乙区文明委"]
    assert "甲区文明委, 乙区文明委" in found.explain()


@pytest.mark.parametrize(
    ("printed", "gone"),
    [
        ("云湾市邮政管理局各处室、管理局、文明办", "云湾市邮政管理局文明办"),
        ("云湾市财政局", "云湾市财政局"),
        ("云湾市财政局、教育局", "云湾市教育局"),
        ("县人大常委会、县政府、县政协办公室", "县政府办公室"),
        ("市委、政府", "市政府"),
    ],
)
def test_a_unit_taken_out_is_not_replaced_by_the_next_best(
    known: Directory, make_directory: MakeDirectory, printed: str, gone: str
) -> None:
    """The short name 文明办 still finds another unit, and nothing is bound."""
    assert match(known, printed).targets
    lines = [line for line in UNITS.splitlines() if line.split(" = ")[0] != gone]
    remaining = make_directory("\n".join([*lines, "县政府", "政府"]), GROUPS)
    found = match(remaining, printed)
    assert found.targets == ()
    assert found.reason in {Unmatched.UNKNOWN, Unmatched.INCOMPLETE, Unmatched.AMBIGUOUS}


def test_a_namesake_of_a_whole_entry_is_a_question(make_directory: MakeDirectory) -> None:
    """A group with the very text of an enumeration competes with the units that it enumerates."""
    both = make_directory("县法院\n县检察院", "县法院、县检察院")
    found = match(both, "县法院、县检察院")
    assert found.reason is Unmatched.AMBIGUOUS
    assert match(make_directory("县法院", "县法院、县检察院"), "县法院、县检察院").targets


def test_suggestions_are_near_names_and_bind_nothing(known: Directory) -> None:
    """An abbreviation and a slip of the pen find what was probably meant."""
    near = NearNames.of(known)
    assert near.near("云湾市文旅局")[0].name == "云湾市文化和旅游局"
    assert near.near("云湾市财攻局")[0].name == "云湾市财政局"
    assert near.near("乌有协会") == []
    assert match(known, "云湾市文旅局").targets == ()


CASE = Path(__file__).parents[3] / "shared" / "cases" / "000-seed" / "truth.json"


@pytest.mark.skipif(not CASE.exists(), reason="the shared cases are not on this machine")
def test_the_entry_of_the_shared_case_expands_as_it_was_labelled(
    make_directory: MakeDirectory,
) -> None:
    """The prefix shared by several offices of one bureau is expanded as a person did it."""
    blocks = json.loads(CASE.read_text("utf-8"))["blocks"]
    expansions = {k: v for block in blocks for k, v in block.get("expansion", {}).items()}
    assert expansions
    for printed, expansion in expansions.items():
        units = make_directory("\n".join(expansion))
        assert [name for name, _how in bound(match(units, printed))] == expansion
