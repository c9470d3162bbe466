"""What is wrong now, as the rows say; each question is answered by an index, whatever else is in the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import Connection, text

from digest.model.alert import AlertKind, Cause
from digest.model.newsletter import InDoubt
from digest.store.guarding import paused_newsletters
from digest.store.newsletters import load_newsletters
from digest.store.tables import from_micros, to_micros

LATE = timedelta(hours=1)
SOON = timedelta(hours=2)  #: before its first readers an edition that waits for an approval is told of
FAILURES = 3  #: visits of a source in a row
_DOUBT_TOLD = timedelta(days=7)  # older ones are history
_LOOKED_AT = 2_000  # rows that are due the longest


def causes_in(connection: Connection, now: datetime) -> Iterator[Cause]:
    """Give everything that is wrong at *now*."""
    for slug, why in paused_newsletters(connection).items():
        says = f"{slug} paused itself: {why}. Look at it, then: digest resume {slug}"
        yield Cause(AlertKind.NEWSLETTER_PAUSED, slug, says, 1, slug)
    yield from _failing_sources(connection)
    yield from _in_doubt(connection, now)
    yield from _late(connection, now)
    yield from _not_planned(connection, now)
    yield from _approvals(connection, now)
    rows = connection.execute(
        text("SELECT id, url, last_error, disabled_because FROM webhooks WHERE failing_since IS NOT NULL ORDER BY id")
    )
    for row in rows:
        why = row.disabled_because or row.last_error
        # Its host alone: what follows is often a secret, and alerts are read by many.
        where = f"webhook {row.id} ({urlsplit(row.url).hostname})"
        says = f"{where} takes nothing: {why}. Mend it, then: digest webhooks test {row.id}"
        yield Cause(AlertKind.WEBHOOK_FAILING, str(row.id), says)


def _failing_sources(connection: Connection) -> Iterator[Cause]:
    rows = connection.execute(
        text("SELECT slug, failures, last_error FROM sources WHERE failures >= :n ORDER BY slug"), {"n": FAILURES}
    )
    for row in rows:
        says = f"source {row.slug} failed {row.failures} times in a row: {row.last_error}"
        yield Cause(AlertKind.SOURCE_FAILING, row.slug, says[:500], row.failures)


def _in_doubt(connection: Connection, now: datetime) -> Iterator[Cause]:
    newsletters = load_newsletters(connection)
    rows = connection.execute(
        text(
            "SELECT e.id, n.slug, e.period, COUNT(*) AS mails FROM deliveries d JOIN editions e ON e.id = d.edition_id"
            " JOIN newsletters n ON n.id = e.newsletter_id WHERE d.state NOT IN ('ready', 'claimed', 'sent')"
            " AND d.state = 'in_doubt' AND d.next_attempt_at IS NULL AND COALESCE(d.finished_at, d.planned_at) > :since"
            " GROUP BY e.id, n.slug, e.period ORDER BY e.id"
        ),
        {"since": to_micros(now - _DOUBT_TOLD)},
    )
    for row in rows:
        if newsletters[row.slug].in_doubt is InDoubt.ASSUME_SENT:
            continue
        name = f"{row.slug}/{row.period}"
        says = (
            f"{name}: of {row.mails} mails nobody knows whether they arrived. "
            f"Those that did not: digest deliveries --edition {row.id} --state in_doubt --retry"
        )
        yield Cause(AlertKind.IN_DOUBT, name, says, row.mails, row.slug)


def _late(connection: Connection, now: datetime) -> Iterator[Cause]:
    rows = connection.execute(
        text(
            "SELECT e.id, n.slug, e.period, MIN(d.next_attempt_at) AS since FROM (SELECT edition_id, next_attempt_at"  # noqa: S608
            " FROM deliveries WHERE next_attempt_at IS NOT NULL AND next_attempt_at <= :late"
            # Rows of paused editions stay due, and would hide all others.
            "  AND edition_id IN (SELECT id FROM editions WHERE state = 'open')"
            f" ORDER BY next_attempt_at, id LIMIT {_LOOKED_AT}) AS d JOIN editions e ON e.id = d.edition_id"
            " JOIN newsletters n ON n.id = e.newsletter_id"
            " GROUP BY e.id, n.slug, e.period ORDER BY e.id"
        ),
        {"late": to_micros(now - LATE)},
    )
    for row in rows:
        name, since = f"{row.slug}/{row.period}", f"{from_micros(row.since):%Y-%m-%d %H:%M} UTC"
        says = f"{name}: mails that were due at {since} have not gone out. Is a sender running? See: digest doctor"
        yield Cause(AlertKind.EDITION_LATE, name, says, 1, row.slug)


def _not_planned(connection: Connection, now: datetime) -> Iterator[Cause]:
    rows = connection.execute(
        text(
            "SELECT n.slug, MIN(c.next_slot_at) AS since FROM cadences c JOIN newsletters n ON n.id = c.newsletter_id"
            " WHERE c.next_slot_at <= :late AND EXISTS (SELECT 1 FROM subscriptions s WHERE s.cadence_id = c.id"
            "  AND s.state = 'active') GROUP BY n.slug ORDER BY n.slug"
        ),
        {"late": to_micros(now - LATE)},
    )
    for row in rows:
        since = f"{from_micros(row.since):%Y-%m-%d %H:%M} UTC"
        says = f"{row.slug}: what was due at {since} has not been planned; the program's log says why"
        yield Cause(AlertKind.EDITION_LATE, row.slug, says, 1, row.slug)


def _approvals(connection: Connection, now: datetime) -> Iterator[Cause]:
    rows = connection.execute(
        text(
            "SELECT e.id, n.slug, e.period, COALESCE((SELECT MIN(s.slot_at) FROM slots s WHERE s.edition_id = e.id),"
            " (SELECT MIN(c.next_slot_at) FROM cadences c WHERE c.newsletter_id = n.id)) AS first FROM editions e"
            " JOIN newsletters n ON n.id = e.newsletter_id WHERE e.state = 'awaiting' ORDER BY e.id"
        )
    )
    for row in rows:
        if row.first is None or from_micros(row.first) > now + SOON:
            continue
        name, first = f"{row.slug}/{row.period}", f"{from_micros(row.first):%Y-%m-%d %H:%M} UTC"
        says = f"{name} waits for an approval; its first readers are due at {first}: digest editions approve {name}"
        yield Cause(AlertKind.APPROVAL_DUE, name, says, 1, row.slug)
