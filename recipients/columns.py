"""Column types that the tables of this package share."""

from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, Enum, Identity, String, Text
from sqlalchemy.orm import mapped_column

NAME_LENGTH = 200
"""The longest name of a unit, group, list, person or post, in characters."""
ADDRESS_LENGTH = 320
"""The longest address: 64 for the local part, ``@``, 255 for the domain (RFC 5321, 4.5.3.1)."""
NOTE_LENGTH = 2000
"""The longest note, in characters."""
PRINTED_LENGTH = 1000
"""The longest printed entry of a block, in characters."""

NAMED = "name <> '' AND key <> '' AND name !~ '[[:cntrl:]]'"
"""The check of a table with ``name`` and ``key``; a control character would get into a header."""

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Name = Annotated[str, mapped_column(String(NAME_LENGTH))]
Key = Annotated[str, mapped_column(String(NAME_LENGTH))]
"""What two spellings of one name have in common; see :func:`recipients.names.key`."""
SortKey = Annotated[str, mapped_column(Text)]
"""Pinyin or its initials, since the database has no Chinese collation."""
Note = Annotated[str, mapped_column(String(NOTE_LENGTH), server_default="")]


def choice(kind: type[StrEnum], name: str) -> Enum:
    """Return a text column that holds the values of ``kind`` only, checked by the database.

    The check is named ``ck_<table>_<name>``. Text and a check, not a PostgreSQL type: a new value
    is then an ordinary migration.
    """
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )
