"""Events whose mail did not leave: those that expired while it waited, and those of a mail that was given up."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from digest.store.events import add_windows, new_ids
from digest.store.tables import event_windows, to_micros
from digest.store.windows import HELD

_WITHIN = timedelta(days=3)  # mails are given up after a day unless a newsletter says more
RELEASED = "released"


def drop_expired(connection: Connection, newsletter_id: int, now: datetime) -> int:
    """Ask for a new plan of the stream's waiting mails that tell of what expired since; return how many."""
    return connection.execute(
        text(
            "UPDATE deliveries SET digest_id = NULL, plan_no = plan_no + 1, state = 'ready', attempt_no = 0"
            " WHERE state IN ('ready', 'deferred') AND doubt_count = 0 AND digest_id IS NOT NULL AND id IN"
            " (SELECT COALESCE(p.part_of, p.id) FROM events e JOIN event_windows w ON w.id = e.window_id"
            "  JOIN deliveries p ON p.id = w.delivery_id WHERE e.newsletter_id = :n AND e.outcome = 'gathered'"
            "   AND e.expires_at <= :now AND e.expires_at > :since)"
        ),
        {"n": newsletter_id, "now": to_micros(now), "since": to_micros(now - _WITHIN)},
    ).rowcount


def release_given_up(connection: Connection, newsletter_id: int, now: datetime) -> int:
    """Put the events of the stream's mails that were given up into a window that is due; return how many mails.

    Once: what is given up a second time stays so.
    """
    rows = connection.execute(
        text(
            "SELECT w.id, w.subscription_id, w.subscriber_id, w.policy FROM ("
            " SELECT d.id FROM deliveries d JOIN editions e ON e.id = d.edition_id"
            " WHERE d.state = 'expired' AND d.state NOT IN ('ready', 'claimed', 'sent')"  # as the index says it
            " AND e.newsletter_id = :n AND d.finished_at > :since UNION ALL"
            " SELECT p.id FROM deliveries d JOIN deliveries p ON p.part_of = d.id AND p.id <> d.id"
            " JOIN editions e ON e.id = p.edition_id"
            " WHERE d.state = 'expired' AND d.state NOT IN ('ready', 'claimed', 'sent')"
            " AND e.newsletter_id = :n AND d.finished_at > :since"
            ") given_up JOIN event_windows w ON w.delivery_id = given_up.id WHERE EXISTS"
            " (SELECT 1 FROM events v WHERE v.window_id = w.id AND v.outcome = 'gathered' AND v.reason = '')"
            " ORDER BY w.id"
        ),
        {"n": newsletter_id, "since": to_micros(now - _WITHIN)},
    ).all()
    at = to_micros(now)
    windows = [
        (number, newsletter_id, row.subscription_id, row.subscriber_id, HELD, "due", row.policy, at, at, at, 0, 0)
        for number, row in zip(new_ids(connection, event_windows, len(rows)), rows, strict=True)
    ]
    add_windows(connection, windows)
    for window, row in zip(windows, rows, strict=True):
        connection.execute(
            text(
                "UPDATE events SET window_id = :new, outcome = '', reason = :reason"
                " WHERE window_id = :old AND outcome = 'gathered' AND reason = ''"
            ),
            {"new": window[0], "old": row.id, "reason": RELEASED},
        )
    return len(rows)
