"""The sample office: complete, invented, and enough for the sample bulletin."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from mailer.inbox.behaviours import parse_behaviour
from mailer.reading.reading import read_bytes
from recipients.files import load_sheet
from recipients.group_importing import apply_groups, plan_groups
from recipients.importing import apply_import, plan_import
from recipients.list_tables import BlockRole
from recipients.lists import create_list, mirror
from recipients.mirroring import PrintedBlock
from recipients.resolving import resolve
from recipients.unit_loading import load_units
from recipients.units import Channel

DEMO = Path(__file__).parents[2] / "templates" / "demo"
BULLETIN = DEMO / "bulletin.txt"


@pytest.fixture
def office(session: Session) -> Session:
    """Return a session on the sample office, as `mailer demo` loads it."""
    plan = plan_import(session, load_sheet(DEMO / "directory.csv"))
    assert plan.refused == ()
    apply_import(session, plan)
    groups = plan_groups(session, load_sheet(DEMO / "groups.csv"))
    assert groups.refused == ()
    apply_groups(session, groups)
    return session


def test_the_sample_office_has_units_of_every_sort(office: Session) -> None:
    """A shared address, a unit on paper, one with two mailboxes; all of it invented."""
    units = load_units(office)
    assert 55 <= len(units) <= 70
    addresses = Counter(box.normalised for unit in units for box in unit.mailboxes)
    assert max(addresses.values()) == 2
    assert all(address.endswith(".example") for address in addresses)
    assert [unit.name for unit in units if unit.channel is Channel.PAPER] == ["云湾市供销合作社"]
    assert [unit.name for unit in units if len(unit.mailboxes) == 2] == ["飞鹭速运云湾分公司"]


def test_every_sample_mailbox_declares_how_its_server_behaves() -> None:
    """Most accept; a few defer, a few reject, one hangs; an address behaves in one way."""
    with (DEMO / "directory.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["邮箱"]]
    kinds = {address: parse_behaviour(word).kind.value for address, word in behaviours().items()}
    assert len({(row["邮箱"], row["演示行为"]) for row in rows}) == len(kinds)
    count = Counter(kinds.values())
    assert count["accept"] > len(kinds) * 0.8
    assert (count["defer"], count["reject"], count["hang"]) == (3, 3, 1)


def test_the_sample_bulletin_reaches_everybody_whom_it_names(office: Session) -> None:
    """Each printed entry is resolved, with nobody left out and no problem."""
    document = read_bytes(BULLETIN.read_bytes(), BULLETIN.name)
    blocks = [
        PrintedBlock(kind=block.kind, role=BlockRole(block.role.value), entries=block.entries)
        for block in document.blocks
    ]
    assert blocks
    list_id = create_list(office, "云湾简报")
    report = mirror(office, list_id, blocks, "演示")
    assert [entry.printed for entry in report.unresolved] == []
    resolved = resolve(office, list_id)
    assert resolved.problems == ()
    reached = {
        box.normalised
        for block in resolved.blocks
        for entry in block.entries
        for target in entry.targets
        for unit in target.units
        for box in unit.mailboxes
    }
    odd = {address for address, word in behaviours().items() if word != "accept"}
    assert odd <= reached


def behaviours() -> dict[str, str]:
    """Return the declared behaviour of each address."""
    with (DEMO / "directory.csv").open(encoding="utf-8", newline="") as file:
        return {row["邮箱"]: row["演示行为"] for row in csv.DictReader(file) if row["邮箱"]}
