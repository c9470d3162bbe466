"""Taking a person out of events: what was told to them, what they follow, and the mails that were made for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, text, update

from digest.store.get_or_create import among, chunks
from digest.store.tables import deliveries, digests, event_windows, events, follows, pieces, reader_rules, thoughts

_HASH = re.compile(r"\b[0-9a-f]{32,64}\b")
# Of mails that were taken apart, or made anew: no delivery has them, and nobody needs them any more. What has a link
# to leave a part is of a joined mail.
_LEFT_OVER = (
    "(g.id NOT IN (SELECT digest_id FROM deliveries WHERE digest_id IS NOT NULL) AND (g.layout LIKE '%\"leave!_%'"
    " ESCAPE '!' OR g.slot_id IN (SELECT t.id FROM slots t JOIN editions e ON e.id = t.edition_id"
    "  WHERE e.period LIKE '%+events%')))"
)
_OF_EVENTS = (
    "SELECT g.id, g.layout FROM digests g WHERE (g.slot_id IN (SELECT t.id FROM slots t JOIN editions e"  # noqa: S608  # constants
    "  ON e.id = t.edition_id WHERE e.period LIKE '%+events%')"
    # Of mails that have events as a part.
    " OR g.id IN (SELECT m.digest_id FROM deliveries p JOIN deliveries m ON m.id = p.part_of AND m.id <> p.id"
    "  JOIN editions e ON e.id = p.edition_id WHERE p.part_of IS NOT NULL AND e.period LIKE '%+events%')"
    f" OR {_LEFT_OVER})"
)

_ALL = "SELECT g.id, g.layout FROM digests g WHERE g.layout <> ''"


def forget_events(conn: Connection, subscriber_id: int) -> None:
    """Take the words of a subscriber's events, and of their digests; what waits ends.

    A digest of events is one reader's, but pieces of it (frame, date, an event that many heard of) may be in
    another's mail too, and those stay.
    """
    _forget_digests(conn, subscriber_id)
    own = events.c.subscriber_id == subscriber_id
    conn.execute(update(events).where(own, events.c.outcome == "").values(outcome="suppressed", reason="unsubscribed"))
    conn.execute(update(events).where(own).values(content="{}", dedupe_key=None, object_key=""))
    windows = event_windows.c.subscriber_id == subscriber_id
    conn.execute(update(event_windows).where(windows).values(state="closed", group_key=""))
    conn.execute(delete(follows).where(follows.c.subscriber_id == subscriber_id))
    conn.execute(delete(thoughts).where(thoughts.c.subscriber_id == subscriber_id))
    conn.execute(delete(reader_rules).where(reader_rules.c.subscriber_id == subscriber_id))


def part_from_deliveries(conn: Connection, delivery_ids: Sequence[int]) -> None:
    """Let go of deliveries that are about to be deleted: what was told in them goes, that it was told stays.

    So an event that comes again after years is still no news. Pieces stay, as those of newsletters do: which of them
    others need would take a look at every digest.
    """
    c = event_windows.c
    told = select(c.id).where(among(conn, c.delivery_id, delivery_ids))
    mine = select(deliveries.c.digest_id).where(
        among(conn, deliveries.c.id, delivery_ids), deliveries.c.id == c.delivery_id
    )
    made = digests.c.id.in_(mine.select_from(deliveries.join(event_windows, c.delivery_id == deliveries.c.id)))
    conn.execute(update(digests).where(made).values(subject="", items="[]", layout=""))
    mail, part = deliveries.alias(), deliveries.alias()
    with_events = (
        select(mail.c.digest_id)
        .join_from(mail, part, part.c.part_of == mail.c.id)
        .join(event_windows, c.delivery_id == part.c.id)
        .where(among(conn, mail.c.id, delivery_ids))
    )
    conn.execute(update(digests).where(digests.c.id.in_(with_events)).values(subject="", items="[]", layout=""))
    conn.execute(update(events).where(events.c.window_id.in_(told)).values(content="{}"))
    conn.execute(update(event_windows).where(among(conn, c.delivery_id, delivery_ids)).values(delivery_id=None))


def _forget_digests(conn: Connection, subscriber_id: int) -> None:
    mine = {
        row.id: row.layout
        for row in conn.execute(
            text(
                f"{_OF_EVENTS} AND (g.id IN (SELECT digest_id FROM deliveries WHERE subscriber_id = :u)"  # noqa: S608
                f" OR {_LEFT_OVER})"
            ),
            {"u": subscriber_id},
        )
    }
    if not mine:
        return
    hashes = {found for layout in mine.values() for found in _HASH.findall(layout)}
    # A joined mail has articles that are in newsletters' own mails too.
    others = _ALL if any("leave_" in layout for layout in mine.values()) else _OF_EVENTS
    for row in conn.execute(text(others)):
        if row.id not in mine:
            hashes.difference_update(_HASH.findall(row.layout))
    for part in chunks(sorted(hashes), 500):
        conn.execute(delete(pieces).where(pieces.c.hash.in_(part)))
    for part in chunks(sorted(mine), 500):
        conn.execute(update(digests).where(digests.c.id.in_(part)).values(subject="", items="[]", layout=""))


def events_to(conn: Connection, subscriber_id: int) -> list[dict[str, object]]:
    """Return all that is stored of the events to one reader, earliest first."""
    query = select(events).where(events.c.subscriber_id == subscriber_id).order_by(events.c.id)
    names = ("id", "dedupe_key", "content", "occurred_at", "added_at", "expires_at", "outcome", "reason")
    return [{name: row._mapping[name] for name in names} for row in conn.execute(query)]


def followed_by(conn: Connection, subscriber_id: int) -> list[dict[str, object]]:
    """Return which objects a reader follows, since when."""
    query = select(follows.c.object_key, follows.c.since).where(follows.c.subscriber_id == subscriber_id)
    return [dict(row._mapping) for row in conn.execute(query.order_by(follows.c.object_key))]
