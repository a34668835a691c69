"""The demo's office: a bulletin, a directory, groups, and how each mailbox's server behaves."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from mailer.cli.files import read_source
from mailer.reading.limits import Limits
from mailer.reading.reading import read_bytes
from runtime.paths import shipped
from runtime.refusal import Refusal

_BEHAVIOUR = "演示行为"
_MEMBERS = ("甲", "乙", "丙")


class DemoWithoutBlocksError(Refusal):
    """The file {name} has no distribution blocks (报, 送 …), so the demo has nobody to send it to.
    Try another bulletin, or see what is read in it with: mailer read {name}
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """The files that the demo hands over, and the behaviour of each address' server."""

    bulletin: Path
    directory: Path
    groups: Path
    behaviours: dict[str, str]


def sample_office() -> Office:
    """Return the office that comes along."""
    folder = shipped("templates") / "demo"
    directory = folder / "directory.csv"
    with directory.open(encoding="utf-8-sig", newline="") as file:
        behaviours = {
            row["邮箱"].strip(): row[_BEHAVIOUR].strip() or "accept"
            for row in csv.DictReader(file)
            if row["邮箱"].strip()
        }
    return Office(
        bulletin=folder / "bulletin.txt",
        directory=directory,
        groups=folder / "groups.csv",
        behaviours=behaviours,
    )


def office_of(bulletin: Path, folder: Path) -> Office:
    """Return an office made from the blocks of ``bulletin`` itself, its files put into ``folder``.

    Each entry becomes a unit of that name; one that begins with 各 a group of three. The first
    mailbox's server defers the first attempt, the others accept.

    Raises:
        DemoWithoutBlocksError: the bulletin names nobody.

    """
    document = read_bytes(read_source(bulletin), bulletin.name, Limits())
    entries = dict.fromkeys(entry for block in document.blocks for entry in block.entries)
    if not entries:
        raise DemoWithoutBlocksError(name=bulletin)
    units: list[tuple[str, str]] = []
    groups: list[tuple[str, str]] = []
    for entry in entries:
        if entry.startswith("各"):
            tag = f"演示：{entry}"[:200]
            groups.append((entry, tag))
            units += [(f"{entry[1:]}（演示{member}）", tag) for member in _MEMBERS]
        else:
            units.append((entry, ""))
    addresses = [f"unit{number:03d}@demo.example" for number in range(1, len(units) + 1)]
    behaviours = dict.fromkeys(addresses, "accept") | {addresses[0]: "defer-first"}
    office = Office(
        bulletin=bulletin,
        directory=folder / "directory.csv",
        groups=folder / "groups.csv",
        behaviours=behaviours,
    )
    _write(
        office.directory,
        ["单位名称", "邮箱", "标签", _BEHAVIOUR],
        [
            [name, address, tag, behaviours[address]]
            for (name, tag), address in zip(units, addresses, strict=True)
        ],
    )
    _write(office.groups, ["集合名称", "规则", "值"], [[name, "标签", tag] for name, tag in groups])
    return office


def write_behaviours(office: Office, path: Path) -> None:
    """Write the behaviours as the inbox reads them."""
    path.write_text(json.dumps(office.behaviours, ensure_ascii=False), encoding="utf-8")


def _write(path: Path, headings: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings)
        writer.writerows(rows)
