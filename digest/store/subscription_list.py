"""Looking through the subscriptions of a newsletter, a stretch of ids at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from digest.store.browsing import PAGE, ListedSubscriber, Page
from digest.store.tables import from_micros

READ = 20_000  #: subscriptions that one page looks at


def browse_readers(
    connection: Connection, newsletter_id: int, *, state: str = "", domain: str = "", after: Sequence[int] = ()
) -> Page[ListedSubscriber]:
    """Return one page of the readers of a newsletter, the latest subscription first.

    It may be short, or empty, and others follow all the same. *domain* is what stands after the "@" of the address's
    key. Erased ones are left out.
    """
    latest = connection.execute(text("SELECT COALESCE(MAX(id), 0) FROM subscriptions")).scalar_one()
    top = min(after[0] - 1, latest) if after else latest
    bottom = max(0, top - READ)
    wheres = ["s.id <= :top", "s.id > :bottom", "s.newsletter_id = :newsletter", "u.address <> ''"]
    values: dict[str, Any] = {"top": top, "bottom": bottom, "newsletter": newsletter_id, "most": PAGE + 1}
    if state:
        wheres.append("s.state = :state")
        values["state"] = state
    if domain:
        wheres.append("SUBSTR(u.address_key, LENGTH(u.address_key) - LENGTH(:domain)) = '@' || :domain")
        values["domain"] = domain.casefold()
    rows = connection.execute(
        text(
            "SELECT s.id, u.id, u.address, u.name, u.zone, u.locale, u.joined_at FROM subscriptions s"  # noqa: S608
            f" JOIN subscribers u ON u.id = s.subscriber_id WHERE {' AND '.join(wheres)} ORDER BY s.id DESC LIMIT :most"
        ),
        values,
    ).all()
    found = tuple(ListedSubscriber._make((*row[1:6], from_micros(row[6]))) for row in rows[:PAGE])
    if len(rows) > PAGE:
        return Page(found, (int(rows[PAGE - 1][0]),))
    return Page(found, (bottom + 1,) if bottom else ())
