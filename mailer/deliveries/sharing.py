"""How a claim is shared among the dispatches that are being sent (pure)."""

from collections.abc import Sequence


def fair_shares(dispatches: Sequence[tuple[int, int]], room: int) -> list[tuple[int, int]]:
    """Share ``room`` among (id, priority) pairs; return (id, share) with shares above zero.

    The most urgent class (smallest number) may fill the room alone, in equal parts; each later
    class is offered what an equal part of the whole would leave it, and at least one place, so
    that no issue is starved. A share is a limit: what a dispatch cannot use goes to the others
    with the next claim, milliseconds later.
    """
    shares: list[tuple[int, int]] = []
    left = room
    for priority in sorted({priority for _, priority in dispatches}):
        members = [dispatch for dispatch, own in dispatches if own == priority]
        reserve = sum(1 for _, own in dispatches if own > priority)
        available = max(left - reserve, min(left, len(members)))
        for place, dispatch in enumerate(members):
            share = available // len(members) + (place < available % len(members))
            if share:
                shares.append((dispatch, share))
                left -= share
    return shares
