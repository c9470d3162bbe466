"""What a reader was shown, as the log and the kept revisions have it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text

from digest.store.get_or_create import among, chunks
from digest.store.tables import from_micros, revisions


@dataclass(frozen=True, slots=True)
class Mailing:
    """One mail that reached a reader, or may have: its items as the log keeps them."""

    delivery_id: int
    newsletter: str
    edition: str
    state: str
    at: datetime
    items: tuple[Mapping[str, Any], ...]


def mailings_of(connection: Connection, subscriber_id: int) -> list[Mailing]:
    """Return the mails to a reader that were sent or are in doubt, oldest first."""
    rows = connection.execute(
        text(
            "SELECT d.id, n.slug, e.period, d.state, COALESCE(d.finished_at, d.dated_at, d.planned_at) AS at, g.items"
            " FROM deliveries d JOIN digests g ON g.id = d.digest_id JOIN editions e ON e.id = d.edition_id"
            " JOIN newsletters n ON n.id = e.newsletter_id"
            " WHERE d.subscriber_id = :u AND d.state IN ('sent', 'in_doubt') ORDER BY d.id"
        ),
        {"u": subscriber_id},
    )
    return [Mailing(row[0], row[1], row[2], row[3], from_micros(row[4]), tuple(json.loads(row[5]))) for row in rows]


def begun_after(connection: Connection, subscriber_id: int, newsletter: str, moment: datetime) -> int:
    """Return how many mails of a newsletter to a reader were begun after *moment*."""
    found = text(
        "SELECT a.started_at FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
        " JOIN editions e ON e.id = d.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
        " WHERE d.subscriber_id = :u AND n.slug = :n AND d.state IN ('sent', 'in_doubt')"
    )
    starts = connection.execute(found, {"u": subscriber_id, "n": newsletter}).scalars()
    return sum(from_micros(start) > moment for start in starts)


def flags_of(connection: Connection, revision_ids: set[int]) -> dict[int, bool | None]:
    """Return by revision whether its article was AI-generated, None where nothing said so or otherwise."""
    found: dict[int, bool | None] = {}
    for part in chunks(sorted(revision_ids)):
        rows = connection.execute(
            select(revisions.c.id, revisions.c.content).where(among(connection, revisions.c.id, part))
        )
        found |= {row.id: row.content.get("ai_generated") for row in rows}
    return found
