"""Fill the demo's rows from the database: each reader, what they follow, what they got and why."""

from __future__ import annotations

from collections.abc import Mapping

from digest.cli.demo.rows import ReaderRow
from digest.model.topic import Topic
from digest.pipeline.installation import Installation
from digest.scheduling.cadence import parse_rule
from digest.scheduling.zones import zone_of
from digest.store.audience import ReaderRecord, readers_of
from digest.store.engine import reading
from digest.store.newsletters import load_topics


def reader_rows(house: Installation, newsletter: str) -> list[ReaderRow]:
    """Return one row for each reader of *newsletter*, earliest slot first."""
    with reading(house.engine) as connection:
        topics = load_topics(connection)
        found = readers_of(connection, newsletter)
    return [_row(each, topics) for each in found]


def _row(record: ReaderRecord, topics: Mapping[str, Topic]) -> ReaderRow:
    names = [topics[follow.topic].name for follow in record.interests.follows if follow.topic in topics]
    return ReaderRow(
        address=record.address,
        name=record.name,
        locale=record.locale,
        zone=record.zone,
        hour=f"{parse_rule(record.rule).at:%H:%M}",
        follows=(*names, *(f"“{word}”" for word in record.interests.keywords)),
        slot_local=record.slot_at.astimezone(zone_of(record.zone)) if record.slot_at is not None else None,
        state=record.state,
        reason=record.reason,
        articles=tuple((item["title"], item["why"]) for item in record.items),
    )
