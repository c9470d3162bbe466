"""Pools, digests and the encoded pieces they are made of; kept so that the same bytes can be made again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from digest.scheduling.zones import zones_version
from digest.store.bulk import insert_rows
from digest.store.events import new_ids
from digest.store.get_or_create import chunks, values_by
from digest.store.origins import Origin
from digest.store.tables import digests, pieces, to_micros

_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One digest as stored: for whom, between which histories (None: exempt), what is in it, and its layout."""

    slot_id: int
    pool_id: int
    profile_id: int
    locale: str
    history_before: int | None
    history_after: int | None
    origin_id: int
    subject: str
    items: Sequence[Mapping[str, Any]]
    layout: str


def open_slot(connection: Connection, edition_id: int, slot_at: datetime, pool_id: int, now: datetime) -> int:
    """Return the id of the edition's slot at *slot_at*; ten planners at once get the same row."""
    connection.execute(
        text(
            "INSERT INTO slots (edition_id, slot_at, pool_id, planned_at, zones) VALUES (:e, :at, :pool, :now, :zones)"
            " ON CONFLICT (edition_id, slot_at) DO NOTHING"
        ),
        {
            "e": edition_id,
            "at": to_micros(slot_at),
            "pool": pool_id,
            "now": to_micros(now),
            "zones": zones_version(),
        },
    )
    found = connection.execute(
        text("SELECT id FROM slots WHERE edition_id = :e AND slot_at = :at"),
        {"e": edition_id, "at": to_micros(slot_at)},
    )
    return int(found.scalar_one())


def save_pool(connection: Connection, pool_hash: str, spec: str) -> int:
    """Return the id of the pool with this hash, stored when new."""
    connection.execute(
        text("INSERT INTO pools (hash, spec) VALUES (:h, :s) ON CONFLICT (hash) DO NOTHING"),
        {"h": pool_hash, "s": spec},
    )
    return int(connection.execute(text("SELECT id FROM pools WHERE hash = :h"), {"h": pool_hash}).scalar_one())


def save_pieces(connection: Connection, found: Mapping[str, bytes]) -> None:
    """Store encoded pieces under their hash; those that are there already cost nothing."""
    for part in chunks(found.items(), 500):
        connection.execute(
            text("INSERT INTO pieces (hash, content) VALUES (:h, :c) ON CONFLICT (hash) DO NOTHING"),
            [{"h": key, "c": content} for key, content in part],
        )


def load_pieces(connection: Connection, hashes: Collection[str]) -> dict[str, bytes]:
    """Return the pieces with these *hashes* that are still kept."""
    return values_by(connection, pieces.c.hash, pieces.c.content, sorted(hashes))


def save_digests(connection: Connection, rows: Sequence[DigestRow]) -> list[int]:
    """Store digests; return their ids in the same order."""
    if not rows:
        return []
    ids = new_ids(connection, digests, len(rows))
    names = ("slot_id", "pool_id", "profile_id", "locale", "history_before", "history_after", "origin_id", "subject")
    insert_rows(
        connection,
        digests,
        ("id", *names, "items", "layout"),
        [
            (number, *(getattr(row, name) for name in names), _as_json(row.items), row.layout)
            for number, row in zip(ids, rows, strict=True)
        ],
    )
    return list(ids)


def items_of(connection: Connection, digest_id: int) -> list[dict[str, Any]]:
    """Return the articles of a digest as the log keeps them."""
    found = connection.execute(text("SELECT items FROM digests WHERE id = :id"), {"id": digest_id}).scalar()
    return list(json.loads(found)) if found else []


class StoredDigest(NamedTuple):
    """What a message is made from: its layout, and whose mail of which period it is, planned where."""

    layout: str
    newsletter: str
    period: str
    origin: Origin


def load_digests(connection: Connection, digest_ids: Collection[int]) -> dict[int, StoredDigest]:
    """Return those of these digests that are there."""
    rows = connection.execute(
        text(
            "SELECT g.id, g.layout, n.slug, e.period, o.key_id, o.base_url FROM digests g"  # noqa: S608
            " JOIN origins o ON o.id = g.origin_id JOIN slots t ON t.id = g.slot_id"
            " JOIN editions e ON e.id = t.edition_id JOIN newsletters n ON n.id = e.newsletter_id"
            f" WHERE g.id IN ({','.join(map(str, digest_ids))})"
        )
    ).all()
    return {row.id: StoredDigest(row.layout, row.slug, row.period, Origin(row.key_id, row.base_url)) for row in rows}
