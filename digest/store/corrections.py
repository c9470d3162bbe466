"""Corrections: whom an edition reached that has no correction yet, and their rows in the edition that corrects it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select, text

from digest.store.cohorts import live_among
from digest.store.get_or_create import among, chunks
from digest.store.tables import digests, editions, slots, to_micros

_ROWS_PER_WRITE = 20_000  # as in planning


@dataclass(frozen=True, slots=True)
class Reached:
    """A digest that was sent, or is in doubt; and its readers without a correction, by the reason for none ("")."""

    digest_id: int
    slot_at: datetime
    profile_id: int
    locale: str
    items: Sequence[Mapping[str, Any]]
    readers: Counter[str] = field(compare=False)


# A second try that waits or is under way does not undo the doubt about the first.
_MAY_HAVE_ARRIVED = """(d.state IN ('sent', 'in_doubt')
    OR d.doubt_count > 0 AND d.state IN ('ready', 'claimed', 'deferred')
    OR d.reason = 'together' AND EXISTS (SELECT 1 FROM deliveries m WHERE m.id = d.part_of AND m.id <> d.id
     AND (m.state IN ('sent', 'in_doubt') OR m.doubt_count > 0 AND m.state IN ('ready', 'claimed', 'deferred'))))"""
_NO_MAIL = """CASE WHEN s.state = 'active' OR s.state = 'paused' AND s.paused_until <= :now THEN ''
    WHEN s.state = 'paused' THEN 'paused' WHEN s.ended_reason = 'suppressed' THEN 'suppressed'
    ELSE 'unsubscribed' END"""
_UNCORRECTED = f"""FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id
    JOIN subscribers u ON u.id = d.subscriber_id
    LEFT JOIN deliveries c ON c.edition_id = :correction AND c.subscriber_id = d.subscriber_id
    WHERE d.edition_id = :edition AND (:fresh = 1 AND c.id IS NULL AND {_MAY_HAVE_ARRIVED}
     OR c.state = 'ready' AND c.digest_id IS NULL)"""

_COLUMNS = (digests.c.id, slots.c.slot_at, digests.c.profile_id, digests.c.locale, digests.c["items"])
_DIGESTS = select(*_COLUMNS).join(slots, slots.c.id == digests.c.slot_id)


def edition_of(connection: Connection, newsletter_id: int, period: str) -> int:
    """Return the id of the newsletter's edition of *period*; 0 when there is none."""
    found = select(editions.c.id).where(editions.c.newsletter_id == newsletter_id, editions.c.period == period)
    return int(connection.execute(found).scalar() or 0)


def reached(
    connection: Connection, edition_id: int, correction_id: int, *, now: datetime, fresh: bool = True
) -> list[Reached]:
    """Return what was sent of an edition to readers who have no row in its correction, or one that wants a new plan.

    *correction_id* 0: there is none yet. *fresh* False: only the rows that want a new plan.
    """
    counted = text(f"SELECT d.digest_id, {_NO_MAIL}, COUNT(*) {_UNCORRECTED} GROUP BY 1, 2")
    values = {"edition": edition_id, "correction": correction_id, "now": to_micros(now), "fresh": int(fresh)}
    readers: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for digest_id, reason, count in connection.execute(counted, values):
        readers[digest_id][reason] += count
    found: list[Reached] = []
    for part in chunks(sorted(readers)):
        query = _DIGESTS.where(among(connection, digests.c.id, part)).order_by(digests.c.id)
        for row in connection.execute(query):
            # What other newsletters told in the same mail is theirs to correct.
            own = [item for item in json.loads(row[4]) if "newsletter" not in item]
            found.append(Reached(*row[:4], own, readers[row[0]]))
    return found


def write_corrections(
    engine: Engine,
    edition_id: int,
    correction_id: int,
    made: Mapping[int, tuple[int | None, str]],
    *,
    revisions: Collection[int],
    now: datetime,
    fresh: bool = True,
) -> tuple[Counter[str], bool]:
    """Give the readers of `reached` their rows, in short transactions; return how many by reason, and if that is all.

    *made*: the new digest for each old one, or None and the reason for none. A reader who left meanwhile has that as
    the reason. It ends early once one of the *revisions* in the new digests is not the latest any more.
    """
    rows: Counter[str] = Counter()
    values = {"edition": edition_id, "correction": correction_id, "now": to_micros(now), "fresh": int(fresh)}
    with engine.connect() as connection:
        with connection.begin():
            _fill_made(connection, made)
            first, last = connection.execute(
                text("SELECT COALESCE(MIN(id), 0), COALESCE(MAX(id), -1) FROM deliveries WHERE edition_id = :e"),
                {"e": edition_id},
            ).one()
        for start in range(first, last + 1, _ROWS_PER_WRITE):
            with connection.begin():
                if live_among(connection, revisions) != set(revisions):
                    return rows, False
                rows += _write_rows(connection, {**values, "first": start, "end": start + _ROWS_PER_WRITE})
    return rows, True


def _fill_made(connection: Connection, made: Mapping[int, tuple[int | None, str]]) -> None:
    connection.execute(
        text("CREATE TEMP TABLE IF NOT EXISTS made_again (digest_id BIGINT PRIMARY KEY, again_id BIGINT, reason TEXT)")
    )
    connection.execute(text("DELETE FROM made_again"))
    connection.execute(
        text("INSERT INTO made_again VALUES (:old, :new, :reason)"),
        [{"old": old, "new": new, "reason": reason} for old, (new, reason) in made.items()],
    )


def _write_rows(connection: Connection, values: Mapping[str, int]) -> Counter[str]:
    written = connection.execute(
        text(
            "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, digest_id, state, reason,"  # noqa: S608
            " address, name, next_attempt_at, planned_at, finished_at)"
            " SELECT :correction, r.uid, r.sid, r.slot_at, CASE WHEN r.reason = '' THEN r.again_id END,"
            " CASE WHEN r.reason = '' THEN 'ready' ELSE 'skipped' END, r.reason, r.address, r.name,"
            " CASE WHEN r.reason = '' THEN :now END, :now, CASE WHEN r.reason <> '' THEN :now END"
            " FROM (SELECT u.id uid, s.id sid, d.id did, d.slot_at, k.again_id, u.address, u.name,"
            f"  COALESCE(NULLIF({_NO_MAIL}, ''), k.reason) reason"
            f"  {_UNCORRECTED.replace('WHERE', 'JOIN made_again k ON k.digest_id = d.digest_id WHERE', 1)}"
            "  AND d.id >= :first AND d.id < :end) r"
            " WHERE 1 = 1 ORDER BY r.again_id, r.did"
            " ON CONFLICT (edition_id, subscriber_id) DO UPDATE SET digest_id = excluded.digest_id,"
            " state = excluded.state, reason = excluded.reason, address = excluded.address, name = excluded.name,"
            " next_attempt_at = excluded.next_attempt_at, planned_at = excluded.planned_at,"
            " finished_at = excluded.finished_at, attempt_no = 0, doubt_count = 0, dated_at = NULL"
            " WHERE deliveries.state = 'ready' AND deliveries.digest_id IS NULL"
            " RETURNING reason"
        ),
        values,
    )
    return Counter(written.scalars())
