"""A backup that was put back: what waits in it may have gone out since, so it is put in doubt and held."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from digest.store.histories import history_ids, stories_by_history
from digest.store.tables import to_micros

RESTORED = "restored"  #: the reason in the log


def last_attempt(connection: Connection) -> int:
    """Return the number of the last attempt on record, 0 without any; it only grows."""
    return int(connection.execute(text("SELECT COALESCE(MAX(id), 0) FROM attempts")).scalar_one())


def hold_waiting(connection: Connection, now: datetime) -> int:
    """Put every planned row that is not terminal in doubt, for a person to decide; return how many.

    As with any message in doubt its stories count as shown; a reader of several gets the stories of all of them.
    """
    editions = connection.execute(
        text(
            "SELECT edition_id FROM deliveries WHERE digest_id IS NOT NULL"
            " AND (next_attempt_at IS NOT NULL OR lease_until IS NOT NULL) GROUP BY edition_id ORDER BY MIN(id)"
        )
    )
    return sum(_hold(connection, edition_id, now) for edition_id in list(editions.scalars()))


def _hold(connection: Connection, edition_id: int, now: datetime) -> int:
    held = connection.execute(
        text(
            "UPDATE deliveries SET state = 'in_doubt', reason = :reason, next_attempt_at = NULL, lease_until = NULL,"
            " token = token + 1, finished_at = :now,"
            " doubt_count = CASE WHEN doubt_count > 0 THEN doubt_count ELSE 1 END"
            " WHERE edition_id = :e AND digest_id IS NOT NULL"
            " AND (next_attempt_at IS NOT NULL OR lease_until IS NOT NULL)"
        ),
        {"e": edition_id, "now": to_micros(now), "reason": RESTORED},
    ).rowcount
    moves = [(row[0], row[1]) for row in connection.execute(text(_MOVES), {"e": edition_id, "reason": RESTORED})]
    shown = stories_by_history(connection, {each for move in moves for each in move})
    after = history_ids(connection, {shown[had] | shown[told] for had, told in moves})
    values = [
        {"had": had, "told": told, "after": after[shown[had] | shown[told]], "e": edition_id, "reason": RESTORED}
        for had, told in moves
    ]
    if values:
        connection.execute(
            text(
                "UPDATE subscribers SET history_id = :after WHERE history_id = :had AND id IN (SELECT d.subscriber_id"
                " FROM deliveries d JOIN digests g ON g.id = d.digest_id"
                " WHERE d.edition_id = :e AND d.reason = :reason AND g.history_after = :told)"
            ),
            values,
        )
    return held


_MOVES = """SELECT DISTINCT u.history_id, g.history_after FROM deliveries d JOIN digests g ON g.id = d.digest_id
 JOIN subscribers u ON u.id = d.subscriber_id
 WHERE d.edition_id = :e AND d.reason = :reason AND g.history_after IS NOT NULL"""
