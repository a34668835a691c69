"""What the form of an entry says before any directory is asked."""

import pytest

from recipients.printed_forms import (
    governing_part,
    might_govern,
    shared_ending,
    split_items,
    stands_alone,
)


@pytest.mark.parametrize(
    ("printed", "items"),
    [
        ("市委、市政府", ["市委", "市政府"]),
        ("各县（市、区）税务局", ["各县（市、区）税务局"]),
        ("“两新、三小”办、市局", ["“两新、三小”办", "市局"]),
        ("甲局，乙局；丙局,丁局", ["甲局", "乙局", "丙局", "丁局"]),
        ("、甲局、、", ["甲局"]),
        ("甲局）、乙局", ["甲局）", "乙局"]),
    ],
)
def test_items_are_parted_outside_brackets(printed: str, items: list[str]) -> None:
    """Never inside brackets or quotes, also where a bracket is never opened."""
    assert split_items(printed) == items


@pytest.mark.parametrize(
    ("first", "part"),
    [
        ("云湾市邮政管理局各处室", "云湾市邮政管理局各"),
        ("云湾市邮政管理局办公室", "云湾市邮政管理局"),
        ("各县市区党委", "各县市区"),
        ("各乡镇(街道)党(工)委", "各乡镇(街道)"),
        ("县法院", "县"),
        ("市委", "市"),
        ("市政府主要领导", "市政府"),
        ("云湾市市场监管局", "云湾市"),
        ("市委办公室", "市委"),
        ("公司领导", "公司"),
        ("财政局", ""),
        ("许小远", ""),
    ],
)
def test_the_part_that_governs_is_found_by_form(first: str, part: str) -> None:
    """The longest beginning that ends as a unit or a place ends; 市场 and 办公 are no such ends."""
    assert governing_part(first) == part
    assert might_govern(first) or not part


@pytest.mark.parametrize(
    ("item", "first", "alone"),
    [
        ("县检察院", "县法院", True),
        ("市政府", "省委", True),
        ("云湾市教育局", "云湾市财政局", True),
        ("宁波市气象局", "青岛市气象局", True),
        ("文明办", "云湾市邮政局办公室", False),
        ("市场监管处", "云湾市邮政局办公室", False),
        ("城市管理科", "云湾县建设局办公室", False),
        ("国家安全局", "云湾市公安局", False),
        ("国家发改委", "中央组织部", True),
        ("各直属机构", "国务院各部委", False),
        ("各部办", "各分站", True),
        ("区教育局", "市教育局", True),
    ],
)
def test_an_item_with_a_place_or_rank_of_its_own_stands_alone(
    item: str, first: str, *, alone: bool
) -> None:
    """Others borrow from the first item, or nothing is known of them."""
    assert stands_alone(item, first) == alone


@pytest.mark.parametrize(
    ("items", "ending"),
    [
        (["县人大常委会", "县政府", "县政协办公室"], "办公室"),
        (["县委", "县人大", "县政府", "县政协领导"], "领导"),
        (["市民政局", "市住建局", "市卫健委主要负责同志"], "主要负责同志"),
        (["综合处", "党委办公室"], ""),
        (["市委办公室", "市政府办公室"], ""),
        (["云湾市邮政局各处室", "管理局", "文明办"], ""),
        (["综合处", "办公室"], ""),
    ],
)
def test_an_office_printed_last_is_shared(items: list[str], ending: str) -> None:
    """By bodies that can have one; 处 and 科 have no office of their own."""
    assert shared_ending(items) == ending
