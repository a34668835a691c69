"""A unit as cells of a directory file: what an export writes and what a difference shows. Pure."""

from collections.abc import Mapping

from recipients.unit_columns import Column, active_word, channel_word, level_word, use_word
from recipients.unit_values import DirectoryMailbox, DirectoryUnit

SEPARATOR = "；"
"""Parts several names in one cell."""


def unit_cells(unit: DirectoryUnit) -> Mapping[Column, str]:
    """Return the cells that are about the unit itself."""
    return {
        Column.NAME: unit.name,
        Column.ALIASES: SEPARATOR.join(unit.aliases),
        Column.FORMER_NAMES: SEPARATOR.join(unit.former_names),
        Column.PARENT: unit.parent or "",
        Column.LEVEL: level_word(unit.level),
        Column.TAGS: SEPARATOR.join(unit.tags),
        Column.CHANNEL: channel_word(unit.channel),
        Column.ACTIVE: active_word(active=unit.active),
        Column.NOTE: unit.note,
    }


def mailbox_cells(mailbox: DirectoryMailbox) -> Mapping[Column, str]:
    """Return the cells that are about one mailbox."""
    return {
        Column.EMAIL: mailbox.address,
        Column.PERSON: mailbox.person,
        Column.POST: mailbox.post,
        Column.USE: use_word(mailbox.use),
        Column.MAILBOX_ACTIVE: active_word(active=mailbox.active),
    }
