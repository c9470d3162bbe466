"""Events that were taken back while a sender had their mail in hand: if that mail is put off, it goes without them.

Whoever asks is told that it is too late, since the mail may be leaving at that moment. The wish is kept with the event
(`gathered`, with a reason of its own), and looked at when the row waits again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from digest.model.event import Outcome
from digest.store.prepared import Ledger, Prepared

_WISHES = {Outcome.CANCELLED: "cancel_wished", Outcome.SUPPRESSED: "read_wished"}
_LISTED = ", ".join(f"'{each}'" for each in _WISHES.values())
# Of a joined mail the windows belong to its parts.
_ITS_WINDOWS = (
    "SELECT w.id FROM deliveries p JOIN event_windows w ON w.delivery_id = p.id WHERE p.id = ? OR p.part_of = ?"
)
_MADE_ANEW = Prepared(
    "UPDATE deliveries SET digest_id = NULL, plan_no = plan_no + 1, state = 'ready', attempt_no = 0"  # noqa: S608
    " WHERE id = ? AND state IN ('ready', 'deferred') AND doubt_count = 0 AND digest_id IS NOT NULL"
    f" AND EXISTS (SELECT 1 FROM events e WHERE e.reason IN ({_LISTED}) AND e.window_id IN ({_ITS_WINDOWS}))"
)
_FULFILLED = Prepared(
    "UPDATE events SET outcome = CASE reason WHEN 'cancel_wished' THEN 'cancelled' ELSE 'suppressed' END,"  # noqa: S608
    " reason = CASE reason WHEN 'cancel_wished' THEN '' ELSE 'read' END"
    f" WHERE reason IN ({_LISTED}) AND window_id IN ({_ITS_WINDOWS})"
    " AND EXISTS (SELECT 1 FROM deliveries d WHERE d.id = ? AND d.state = 'ready' AND d.digest_id IS NULL)"
)


def wish_out(connection: Connection, event_id: int, window_id: int, outcome: Outcome) -> None:
    """Note that an event is to be left out, should its mail, which a sender has in hand, be put off."""
    held = connection.execute(
        # Its row is written so that nobody settles it before this transaction ends.
        text(
            "UPDATE deliveries SET state = state WHERE state = 'claimed' AND doubt_count = 0"
            " AND id = (SELECT COALESCE(p.part_of, p.id) FROM event_windows w"
            "  JOIN deliveries p ON p.id = w.delivery_id WHERE w.id = :w)"
        ),
        {"w": window_id},
    )
    if held.rowcount:
        wish = {"id": event_id, "wish": _WISHES[outcome]}
        connection.execute(text("UPDATE events SET reason = :wish WHERE id = :id AND outcome = 'gathered'"), wish)


def fulfil(ledger: Ledger, delivery_ids: Sequence[int]) -> None:
    """Ask for a new plan of those rows, which wait again, that have an event to be left out."""
    _MADE_ANEW.run_many(ledger, [(each, each, each) for each in delivery_ids])
    _FULFILLED.run_many(ledger, [(each, each, each) for each in delivery_ids])
