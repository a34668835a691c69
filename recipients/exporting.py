"""Writes the directory to a file that an import takes as no change, and the template of one."""

from collections.abc import Iterable, Mapping

from recipients.sheets import writer_for
from recipients.unit_cells import mailbox_cells, unit_cells
from recipients.unit_columns import Column, active_word, channel_word, heading, level_word, use_word
from recipients.unit_values import DirectoryUnit
from recipients.units import Channel, MailboxUse, UnitLevel
from runtime.text import translate as _


def export_units(units: Iterable[DirectoryUnit], name: str) -> bytes:
    """Return the file ``name`` (.csv or .xlsx): a row for each mailbox, or one for a unit without.

    Raises:
        recipients.sheets.UnknownFormatError: the name has another ending.

    """
    rows = []
    for unit in units:
        cells: list[Mapping[Column, str]] = [mailbox_cells(m) for m in unit.mailboxes]
        for of_mailbox in cells or [{}]:
            row = {**unit_cells(unit), **of_mailbox}
            rows.append([row.get(column, "") for column in Column])
    return writer_for(name)([heading(column) for column in Column], rows)


def unit_template(name: str) -> bytes:
    """Return a file with the headings, and below them, as remarks, what each column holds.

    Raises:
        recipients.sheets.UnknownFormatError: the name ends neither in .csv nor in .xlsx.

    """
    remarks = _remarks()
    rows = [[remarks[column] for column in Column]]
    return writer_for(name)([heading(column) for column in Column], (), rows)


def _remarks() -> Mapping[Column, str]:
    """Return what each column holds, for whoever fills it in."""
    levels = ", ".join(level_word(level) for level in UnitLevel)
    channels = ", ".join(channel_word(channel) for channel in Channel)
    uses = ", ".join(use_word(use) for use in MailboxUse)
    states = ", ".join(active_word(active=active) for active in (True, False))
    return {
        Column.NAME: _(
            "Required: the full name. Several rows with one name are several mailboxes of that "
            "unit. Rows that begin with # are left out."
        ),
        Column.ALIASES: _("Other names that blocks may print, parted by semicolons."),
        Column.FORMER_NAMES: _(
            "Former names, parted by semicolons. To rename a unit, put its old name here."
        ),
        Column.PARENT: _("The full name of the superior unit, in this file or in the directory."),
        Column.LEVEL: _("One of: {words}.").format(words=levels),
        Column.TAGS: _("Words by which groups are made, parted by semicolons."),
        Column.CHANNEL: _("One of: {words}. Empty is the first.").format(words=channels),
        Column.EMAIL: _("One address a row."),
        Column.PERSON: _("The person behind the address."),
        Column.POST: _("The post of that person."),
        Column.USE: _("One of: {words}. Empty is the first.").format(words=uses),
        Column.MAILBOX_ACTIVE: _("One of: {words}. Empty is the first.").format(words=states),
        Column.ACTIVE: _("One of: {words}. Empty is the first.").format(words=states),
        Column.NOTE: _("For the office only; never sent."),
    }
