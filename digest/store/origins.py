"""Origins: under which key and address mails were planned, so that each try of one is made with the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from digest.store.tables import to_micros


@dataclass(frozen=True, slots=True)
class Origin:
    """The id of the key that signs a mail's links (`Tokens.key_id`), and the address they begin with."""

    key_id: str
    base_url: str


def save_origin(connection: Connection, origin: Origin) -> int:
    """Return the id of *origin*, stored when new."""
    values = {"k": origin.key_id, "b": origin.base_url}
    connection.execute(
        text("INSERT INTO origins (key_id, base_url) VALUES (:k, :b) ON CONFLICT (key_id, base_url) DO NOTHING"), values
    )
    found = connection.execute(text("SELECT id FROM origins WHERE key_id = :k AND base_url = :b"), values)
    return int(found.scalar_one())


def part_from_lost_keys(connection: Connection, key_ids: Collection[str], *, now: datetime) -> None:
    """Settle due rows whose mail was planned with a key that is not among *key_ids* any more.

    Such a mail cannot be made again. One that may have arrived stays in doubt, for good: under another key it
    would have another Message-ID, and be a double. Any other is planned anew, with the key there is.
    """
    known = connection.execute(text("SELECT id, key_id FROM origins"))
    lost = [{"origin": row.id, "now": to_micros(now)} for row in known if row.key_id not in key_ids]
    if not lost:
        return
    theirs = (
        " WHERE next_attempt_at <= :now AND digest_id IS NOT NULL"
        " AND (SELECT g.origin_id FROM digests g WHERE g.id = deliveries.digest_id) = :origin"
    )
    connection.execute(
        text(
            "UPDATE deliveries SET state = 'in_doubt', reason = 'key_gone', next_attempt_at = NULL,"  # noqa: S608
            f" finished_at = :now {theirs} AND doubt_count > 0"
        ),
        lost,
    )
    connection.execute(
        text(
            "UPDATE deliveries SET digest_id = NULL, plan_no = plan_no + 1, state = 'ready', attempt_no = 0"  # noqa: S608
            f" {theirs} AND doubt_count = 0 AND state IN ('ready', 'deferred')"
        ),
        lost,
    )
