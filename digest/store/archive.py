"""What readers of every topic were sent, edition by edition: the public archive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from digest.model.subscriber import Interests
from digest.store.profiles import interests_as_text, profile_key
from digest.store.tables import from_micros


@dataclass(frozen=True, slots=True)
class Issue:
    """One edition of the archive, with the digest that stands for it."""

    period: str
    digest_id: int
    subject: str
    slot_at: datetime


# One digest for each edition: of those that a server took, the newsletter's own language first, then the earliest.
# Never a joined mail, which has other newsletters and its reader's events in it.
_ISSUES = """SELECT e.period, g.id, g.subject, t.slot_at FROM editions e
  JOIN slots t ON t.edition_id = e.id
  JOIN digests g ON g.slot_id = t.id
  JOIN profiles p ON p.id = g.profile_id
  WHERE e.newsletter_id = :n AND p.key = :everything AND g.history_before IS NOT NULL AND e.state <> 'cancelled'
   AND g.id = (SELECT h.id FROM slots y JOIN digests h ON h.slot_id = y.id
     WHERE y.edition_id = e.id AND h.profile_id = p.id
      AND EXISTS (SELECT 1 FROM deliveries d
        WHERE d.edition_id = e.id AND d.digest_id = h.id AND d.state = 'sent' AND d.part_of IS NULL LIMIT 1)
     ORDER BY CASE WHEN h.locale = :locale THEN 0 ELSE 1 END, h.id LIMIT 1)"""


def issues(connection: Connection, newsletter_id: int, locale: str, *, limit: int, skip: int = 0) -> list[Issue]:
    """Return *limit* editions of a newsletter, newest first, after the *skip* newest."""
    rows = connection.execute(
        text(f"{_ISSUES} ORDER BY e.id DESC LIMIT :limit OFFSET :skip"),
        {"n": newsletter_id, "locale": locale, "everything": _everything(), "limit": limit, "skip": skip},
    )
    return [_issue(*row) for row in rows]


def issue(connection: Connection, newsletter_id: int, locale: str, period: str) -> Issue | None:
    """Return the edition of *period*, None when it is not in the archive."""
    row = connection.execute(
        text(f"{_ISSUES} AND e.period = :period"),
        {"n": newsletter_id, "locale": locale, "everything": _everything(), "period": period},
    ).first()
    return _issue(*row) if row else None


def _everything() -> str:
    return profile_key(interests_as_text(Interests()))


def _issue(period: str, digest_id: int, subject: str, slot_at: int) -> Issue:
    return Issue(period, digest_id, subject, from_micros(slot_at))
