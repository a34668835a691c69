"""Which revision of the database this version of the code needs, known without Alembic.

Every process asks at its start, and Alembic takes longer to load than all else that it does then.
"""

from sqlalchemy import Connection, text

from runtime.paths import shipped
from runtime.refusal import Refusal


class DatabaseNotReadyError(Refusal):
    """The database stands at {found} and this version needs {wanted}. Run: mailer init"""


def head() -> str:
    """Return the newest revision: the number that the last migration's file begins with."""
    files = sorted((shipped("migrations") / "versions").glob("[0-9]*.py"))
    return files[-1].name.partition("_")[0]


def standing(connection: Connection) -> str | None:
    """Return the revision at which the database stands, or None for an empty one."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found
