"""The table of states against what PostgreSQL lets happen."""

import pytest
from psycopg import Error as PsycopgError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.deliveries.states import FINAL, TRANSITIONS, DeliveryState
from tests.deliveries.dispatches import sending

_INSERT = text(
    "INSERT INTO deliveries (dispatch_id, address, normalised, message_id, credited, state,"
    " state_before, due_at, owner, lease_until, finished_at)"
    " VALUES (:dispatch, 'a@b.example', 'a@b.example', 'x@b.example', '[]', :state, :before,"
    " CASE WHEN :due THEN now() END, CASE WHEN :owner THEN gen_random_uuid() END,"
    " CASE WHEN :lease THEN now() END, CASE WHEN :finished THEN now() END)"
)


def accepts(
    session: Session, dispatch: int, state: str, before: str | None, **changed: bool
) -> str:
    """Try a row; return the name of the CHECK that refused it, or nothing."""
    usual = {
        "due": state in ("pending", "deferred"),
        "owner": state == "claimed",
        "lease": state == "claimed",
        "finished": state in FINAL,
    }
    savepoint = session.begin_nested()
    try:
        session.execute(
            _INSERT, {"dispatch": dispatch, "state": state, "before": before, **usual, **changed}
        )
    except IntegrityError as error:
        assert isinstance(error.orig, PsycopgError)  # noqa: PT017 - for mypy
        return str(error.orig.diag.constraint_name)
    finally:
        savepoint.rollback()
    return ""


def test_the_check_accepts_exactly_the_table(session: Session) -> None:
    """Each of the 182 pairs of states is accepted where the table has it, refused where not."""
    dispatch = sending(session, [])
    pairs: set[tuple[DeliveryState | None, DeliveryState]]
    pairs = {(step.before, step.after) for step in TRANSITIONS}
    pairs |= {(None, DeliveryState.PENDING), (None, DeliveryState.SUPPRESSED)}
    for before in (None, *DeliveryState):
        for state in DeliveryState:
            refused = accepts(session, dispatch, state, before)
            wanted = "" if (before, state) in pairs else "ck_deliveries_transition"
            assert refused == wanted, f"{before} → {state}"


@pytest.mark.parametrize(
    ("state", "before", "changed", "check"),
    [
        *((s, "claimed", {"finished": False}, "finished") for s in ("accepted", "rejected")),
        ("deferred", "claimed", {"finished": True}, "finished"),
        ("claimed", "pending", {"lease": False}, "lease"),
        ("claimed", "pending", {"owner": False}, "lease"),
        ("accepted", "claimed", {"lease": True}, "lease"),
        ("accepted", "claimed", {"owner": True}, "lease"),
        ("deferred", "claimed", {"due": False}, "due"),
        ("pending", None, {"due": False}, "due"),
    ],
)
def test_the_other_checks(
    session: Session, state: str, before: str | None, changed: dict[str, bool], check: str
) -> None:
    """Final ⇔ finished, claimed ⇔ lease and owner, open ⇒ due: whoever writes the row."""
    dispatch = sending(session, [])
    assert accepts(session, dispatch, state, before, **changed) == f"ck_deliveries_{check}"


def test_no_state_but_those_of_the_table(session: Session) -> None:
    """A state with another name cannot be stored."""
    assert accepts(session, sending(session, []), "done", "claimed")


def test_every_state_is_reached_and_final_states_are_few() -> None:
    """The table has no dead ends but the final states, and no step out of most of those."""
    befores = {step.before for step in TRANSITIONS}
    afters = {step.after for step in TRANSITIONS}
    assert afters | {DeliveryState.PENDING} == set(DeliveryState)
    assert set(DeliveryState) - befores == FINAL - {DeliveryState.ACCEPTED}
    assert {step.after for step in TRANSITIONS if step.before is DeliveryState.ACCEPTED} == {
        DeliveryState.DELIVERED,
        DeliveryState.BOUNCED,
    }
