"""Fill the demo's rows from the database: each reader, what they follow, what they got and why."""

from __future__ import annotations

import json

from sqlalchemy import text

from digest.cli.demo.rows import ReaderRow
from digest.pipeline.installation import Installation
from digest.scheduling.cadence import parse_rule, zone_of
from digest.store.engine import reading
from digest.store.newsletters import load_topics
from digest.store.profiles import interests_from_text
from digest.store.tables import from_micros

_READERS = """
SELECT u.address, u.name, u.locale, c.rule, c.zone AS rule_zone, p.interests, d.slot_at, d.state, d.reason, g.items
FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id JOIN newsletters n ON n.id = s.newsletter_id
JOIN profiles p ON p.id = s.profile_id JOIN cadences c ON c.id = s.cadence_id
LEFT JOIN deliveries d ON d.subscription_id = s.id LEFT JOIN digests g ON g.id = d.digest_id
WHERE n.slug = :newsletter ORDER BY d.slot_at, u.id
"""


def reader_rows(house: Installation, newsletter: str) -> list[ReaderRow]:
    """Return one row for each reader of *newsletter*, earliest slot first."""
    with reading(house.engine) as connection:
        topics = load_topics(connection)
        found = connection.execute(text(_READERS), {"newsletter": newsletter}).all()
    rows = []
    for row in found:
        interests = interests_from_text(row.interests)
        names = [topics[follow.topic].name for follow in interests.follows if follow.topic in topics]
        _, hour = parse_rule(row.rule)
        slot = from_micros(row.slot_at).astimezone(zone_of(row.rule_zone)) if row.slot_at is not None else None
        items = json.loads(row.items) if row.items else []
        rows.append(
            ReaderRow(
                address=row.address,
                name=row.name,
                locale=row.locale,
                zone=row.rule_zone,
                hour=f"{hour:%H:%M}",
                follows=(*names, *(f"“{word}”" for word in interests.keywords)),
                slot_local=slot,
                state=row.state or "",
                reason=row.reason or "",
                articles=tuple((item["title"], item["why"]) for item in items),
            )
        )
    return rows
