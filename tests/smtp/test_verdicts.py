"""What replies mean: the table, and the rules that hold for every reply."""

import csv
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.smtp.replies import Reply, parse_reply
from mailer.smtp.verdicts import Concern, Outcome, Reason, Stage, classify

CASES = Path(__file__).parents[2] / ".." / "shared" / "cases" / "replies.tsv"
A, D, R = Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.REJECTED

# Own examples, after what the standards and providers say. An asterisk: we are being throttled.
TABLE = """
250 2.0.0 queued as 4F1A | rcpt | accepted - none
252 cannot verify | rcpt | accepted - none
421 4.3.2 closing | mail | deferred us rate *
421 4.7.28 unusual rate of mail | mail | deferred us rate *
450 4.2.0 greylisted, come back in five minutes | rcpt | deferred recipient greylisted
451 4.7.1 please try again later | rcpt | deferred us policy
451 4.7.650 temporarily rate limited | mail | deferred us rate *
452 4.2.2 mailbox full | rcpt | deferred recipient mailbox-full
452 4.5.3 too many recipients | rcpt | deferred us rate *
450 4.1.1 user unknown | rcpt | deferred recipient no-such-mailbox
450 try later | rcpt | deferred recipient unknown
450 try later | mail | deferred us unknown
550 5.1.1 no such user here | rcpt | rejected recipient no-such-mailbox
550 5.1.1 see the spam policy of the office | rcpt | rejected recipient no-such-mailbox
550 Mailbox not found | rcpt | rejected recipient no-such-mailbox
550 Invalid User | rcpt | rejected recipient no-such-mailbox
501 Bad address syntax | rcpt | rejected recipient no-such-mailbox
550 requested action not taken | rcpt | rejected recipient unknown
550 requested action not taken | mail | rejected us unknown
554 transaction failed | final-dot | rejected message unknown
550 5.2.1 account is disabled | rcpt | rejected recipient mailbox-disabled
550 5.2.1 the user is receiving mail at a rate that is high | rcpt | deferred us rate *
552 5.2.2 over quota | rcpt | deferred recipient mailbox-full
552 5.3.4 message size exceeds the maximum | mail | rejected message size
550 5.4.1 recipient address rejected: access denied | rcpt | rejected recipient no-such-mailbox
550 5.4.4 unable to route | rcpt | rejected recipient no-route
550 5.6.11 bare line feed | final-dot | rejected message content
550 5.7.1 relaying denied | rcpt | rejected us policy
554 5.7.1 blocked using a list | rcpt | rejected us blocked
550 5.7.26 unauthenticated sender | final-dot | rejected us authentication
550 5.7.606 banned | mail | rejected us blocked
553 5.7.2 [TSS09] permanently deferred | mail | rejected us blocked
530 5.7.0 authentication required | mail | deferred us credentials
535 5.7.8 wrong | auth | deferred us credentials
503 5.5.1 bad sequence | mail | rejected us protocol
550 Mailbox unavailable or access denied | rcpt | deferred us rate *
550 Ip frequency limited [token== IP: 192.0.2.1] | mail | deferred us rate *
550 Connection frequency limited | final-dot | deferred us rate *
550 Connection denied | mail | deferred us rate *
550 MI:STC 192.0.2.1,1 | mail | deferred us rate *
554 5.7.3 HL:ITC too many | final-dot | deferred us rate *
554 DT:SUM envelope and header differ | final-dot | rejected us sender
554 DT:SPM 163 | final-dot | rejected message spam
550 User suspended | rcpt | rejected recipient mailbox-disabled
553 NULL sender is not allowed | mail | rejected us sender
"""


def rows() -> list[list[str]]:
    """Return the cells of the table."""
    return [
        [cell.strip() for cell in line.split("|")] for line in TABLE.splitlines() if "|" in line
    ]


@pytest.mark.parametrize("row", rows(), ids=[f"{row[0][:40]}@{row[1]}" for row in rows()])
def test_the_table(row: list[str]) -> None:
    """Each answer means what the table says."""
    line, stage, meaning = row
    outcome, concern, reason, *throttled = meaning.split()
    verdict = classify(parse_reply([line.encode()]), Stage(stage))
    assert verdict.outcome == outcome
    assert (verdict.concern or "-") == concern
    assert verdict.reason == reason
    assert verdict.throttling is (throttled == ["*"])


@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.FINAL_DOT])
def test_answers_collected_from_providers(stage: Stage) -> None:
    """Soft stays soft, hard concerns the recipient, a block never does; rates throttle."""
    if not CASES.exists():
        pytest.skip("the collected answers are not beside this checkout")
    wrong = []
    with CASES.open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            severity, _, kind = row["proposed_class"].partition(":")
            verdict = classify(parse_reply([row["reply"].encode()]), stage)
            good = {
                "soft": verdict.outcome is D and verdict.concern is not Concern.RECIPIENT,
                "block": verdict.outcome is R and verdict.concern is not Concern.RECIPIENT,
                "hard": verdict.outcome is R and verdict.concern is Concern.RECIPIENT,
            }[severity]
            if kind.startswith("rate"):
                good = good and verdict.throttling
            if not good:
                wrong.append((row["reply"], row["proposed_class"], verdict))
    assert wrong == []


@given(
    st.integers(200, 599),
    st.none() | st.from_regex(r"[245]\.\d{1,3}\.\d{1,3}", fullmatch=True),
    st.text(max_size=80),
    st.sampled_from(Stage),
)
@example(421, "4.1.1", "no such user", Stage.RCPT)
@example(421, None, "greylisted", Stage.FINAL_DOT)
@example(599, "5.1.1", "", Stage.CONNECT)
def test_no_answer_is_hardened(code: int, enhanced: str | None, text: str, stage: Stage) -> None:
    """2yz accepts, 4yz never rejects, 5yz never accepts, and only a final no condemns."""
    verdict = classify(Reply(code=code, enhanced=enhanced, lines=(text,)), stage)
    if code < 300:
        assert verdict.outcome is A
    elif code < 500:
        assert verdict.outcome is D
    else:
        assert verdict.outcome in (D, R)
    if verdict.condemns_address:
        assert (verdict.outcome, verdict.concern) == (R, Concern.RECIPIENT)
    if verdict.throttling:
        assert verdict.outcome is D
        assert verdict.concern is Concern.US
    assert verdict.reason in Reason
