"""Who has not had an edition: the readers of whom `digest send --everyone` would ask, counted."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, text

from digest.scheduling.cadence import parse_rule, period_of, slot_for_today
from digest.store.planning import cadences_of


def unserved(connection: Connection, newsletter_id: int, now: datetime) -> dict[str, int]:
    """Return, by edition of today, how many active readers have no mail of it yet, or one that waits."""
    cadences: defaultdict[str, list[int]] = defaultdict(list)
    for row in cadences_of(connection, newsletter_id):
        rule = parse_rule(row.rule)
        cadences[period_of(rule.frequency, slot_for_today(rule, row.zone, now))].append(row.cadence_id)
    found = {}
    for period, ids in sorted(cadences.items()):
        counted = text(
            "SELECT COUNT(*) FROM subscriptions s WHERE s.state = 'active'"  # noqa: S608  # whole numbers of ours
            f" AND s.cadence_id IN ({', '.join(str(int(each)) for each in ids)})"
            " AND NOT EXISTS (SELECT 1 FROM deliveries d JOIN editions e ON e.id = d.edition_id"
            "  WHERE d.subscriber_id = s.subscriber_id AND e.newsletter_id = :n AND e.period = :p"
            "  AND d.state NOT IN ('ready', 'deferred', 'skipped'))"
        )
        found[period] = int(connection.execute(counted, {"n": newsletter_id, "p": period}).scalar_one())
    return {period: readers for period, readers in found.items() if readers}
