"""What addresses and forms may carry, each with its bounds."""

from typing import Annotated, Literal

from fastapi import Form, Path, Query
from pydantic import AfterValidator

from mailer.web.standing import Standing

_INTEGER = 2**31 - 1
_BIG_INTEGER = 2**63 - 1


def _printable(text: str) -> str:
    """Refuse control characters: PostgreSQL cannot store NUL, and a search has use for none."""
    if not all(character.isprintable() or character == "\u3000" for character in text):
        raise ValueError("control characters")
    return text


IssueId = Annotated[int, Path(ge=1, le=_INTEGER)]
DeliveryId = Annotated[int, Path(ge=1, le=_BIG_INTEGER)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
After = Annotated[int, Query(ge=0, le=_BIG_INTEGER)]
Search = Annotated[str, Query(max_length=200), AfterValidator(_printable)]
StandingFilter = Annotated[Standing | Literal[""], Query()]
Next = Annotated[str, Query(alias="next", max_length=2000)]
UserName = Annotated[str, Form(max_length=63), AfterValidator(_printable)]
Password = Annotated[str, Form(max_length=256)]
NextField = Annotated[str, Form(alias="next", max_length=2000)]
