"""Editions as people name them: "daily/2026-11-23", the id, or a newsletter for all of its editions."""

from __future__ import annotations

from sqlalchemy import Connection, select

from digest.errors import NotFound
from digest.store.newsletters import newsletter_ids
from digest.store.tables import editions

_SHOWN = 3


def require_edition(connection: Connection, name: str) -> None:
    """Raise NotFound, naming what there is, when *name* is neither a newsletter nor an edition; "" is all of them."""
    if not name:
        return
    if name.isdecimal() and name.isascii():
        if connection.execute(select(editions.c.id).where(editions.c.id == int(name))).first() is None:
            raise NotFound(f"there is no edition with the id {name}; see: digest deliveries")
        return
    slug, _, period = name.partition("/")
    known = newsletter_ids(connection)
    if slug not in known:
        raise NotFound(f"there is no newsletter {slug!r} (known: {', '.join(sorted(known)) or 'none'})")
    query = select(editions.c.period).where(editions.c.newsletter_id == known[slug]).order_by(editions.c.id.desc())
    periods = list(connection.execute(query).scalars()) if period else [period]
    if period not in periods:
        latest = ", ".join(f"{slug}/{each}" for each in periods[:_SHOWN]) or "none yet"
        raise NotFound(f"there is no edition {name!r}; the latest: {latest}")
