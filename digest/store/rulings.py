"""Editors' rulings about articles: one row for each article, newsletter ("" is all) and kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, insert, select, update

from digest.errors import NotFound
from digest.model.ruling import Ruling, RulingKind
from digest.store.approvals import article_changed
from digest.store.get_or_create import among
from digest.store.newsletters import newsletter_ids
from digest.store.replan import replan_ruled
from digest.store.tables import articles, rulings

_KEEPS_OUT = (RulingKind.EXCLUDE, RulingKind.EMBARGO, RulingKind.EXPIRE)
_COLUMNS = (
    rulings.c.article_id,
    rulings.c.kind,
    rulings.c.newsletter,
    rulings.c.until,
    rulings.c.ruled_by,
    rulings.c.ruled_at,
)


def save_ruling(connection: Connection, ruling: Ruling) -> int:
    """Write *ruling* over one of its kind; return how many waiting mails have the article and are planned anew.

    What is planned stays when an article is pinned. Raises NotFound for an unknown article or newsletter.
    """
    _hold_article(connection, ruling.article_id, ruling.newsletter)
    _remove(connection, ruling.article_id, ruling.newsletter, ruling.kind)
    # An expiry that is still to come is applied when its time has come (`apply_expiries`).
    waits = ruling.kind is RulingKind.EXPIRE and not ruling.holds(ruling.at)
    values = {
        "article_id": ruling.article_id,
        "newsletter": ruling.newsletter,
        "kind": ruling.kind,
        "until": ruling.until,
        "ruled_by": ruling.by,
        "ruled_at": ruling.at,
        "applied_at": None if waits else ruling.at,
    }
    connection.execute(insert(rulings).values(values))
    replanned = 0
    if ruling.kind in _KEEPS_OUT and ruling.holds(ruling.at):
        replanned = replan_ruled(connection, ruling.article_id, ruling.newsletter, now=ruling.at)
    why = f"a decision on article {ruling.article_id} ({ruling.kind})"
    article_changed(connection, ruling.article_id, why, by=ruling.by, now=ruling.at, newsletter=ruling.newsletter)
    return replanned


def lift_ruling(
    connection: Connection, article_id: int, newsletter: str, kind: RulingKind, *, now: datetime, by: str = ""
) -> bool:
    """Take a ruling back; False when there was none. Raises NotFound for an unknown article or newsletter."""
    _hold_article(connection, article_id, newsletter)
    if not _remove(connection, article_id, newsletter, kind):
        return False
    why = f"a decision on article {article_id} ({kind}) was taken back"
    article_changed(connection, article_id, why, by=by, now=now, newsletter=newsletter)
    return True


def rulings_of(connection: Connection, article_id: int) -> list[Ruling]:
    """Return what was decided about one article, earliest decision first."""
    query = select(*_COLUMNS).where(rulings.c.article_id == article_id)
    return _read(connection, query.order_by(rulings.c.ruled_at, rulings.c.kind, rulings.c.newsletter))


def rulings_between(connection: Connection, newsletter: str, start: datetime, end: datetime) -> dict[int, list[Ruling]]:
    """Return what counts in *newsletter* for articles collected in [start, end), by article."""
    query = (
        select(*_COLUMNS)
        .join(articles, articles.c.id == rulings.c.article_id)
        .where(articles.c.collected_at >= start, articles.c.collected_at < end)
        .where(rulings.c.newsletter.in_(("", newsletter)))
        .order_by(rulings.c.article_id, rulings.c.newsletter, rulings.c.kind)
    )
    found: defaultdict[int, list[Ruling]] = defaultdict(list)
    for ruling in _read(connection, query):
        found[ruling.article_id].append(ruling)
    return dict(found)


def kept_out(connection: Connection, revisions: Collection[int], newsletter: str, at: datetime) -> frozenset[int]:
    """Return those *revisions* whose article a ruling that counts in *newsletter* keeps out at *at*."""
    query = (
        select(articles.c.revision_id, *_COLUMNS)
        .join(articles, articles.c.id == rulings.c.article_id)
        .where(rulings.c.newsletter.in_(("", newsletter)), rulings.c.kind.in_(_KEEPS_OUT))
        .where(among(connection, articles.c.revision_id, revisions))
    )
    return frozenset(row.revision_id for row in connection.execute(query) if _ruling(row).holds(at))


def expiries_come(connection: Connection, now: datetime) -> bool:
    """Whether there are expiries whose time has come and that were not applied yet."""
    return connection.execute(select(rulings.c.article_id).where(_come(now)).limit(1)).first() is not None


def apply_expiries(connection: Connection, now: datetime) -> int:
    """Plan anew what waits with an article whose expiry has come since; return how many mails."""
    due = _read(connection, select(*_COLUMNS).where(_come(now)))
    connection.execute(update(rulings).where(_come(now)).values(applied_at=now))
    return sum(replan_ruled(connection, each.article_id, each.newsletter, now=now) for each in due)


def _come(now: datetime) -> ColumnElement[bool]:
    return and_(rulings.c.kind == RulingKind.EXPIRE, rulings.c.applied_at.is_(None), rulings.c.until <= now)


def _hold_article(connection: Connection, article_id: int, newsletter: str) -> None:
    """Let no planning write mails with the article meanwhile: it waits, or we do and then find what it wrote."""
    held = update(articles).where(articles.c.id == article_id).values(state=articles.c.state)
    if not connection.execute(held).rowcount:
        raise NotFound(f"there is no article {article_id}; see: digest articles list")
    known = newsletter_ids(connection)
    if newsletter and newsletter not in known:
        raise NotFound(f"there is no newsletter {newsletter!r} (known: {', '.join(sorted(known)) or 'none'})")


def _remove(connection: Connection, article_id: int, newsletter: str, kind: RulingKind) -> bool:
    gone = (rulings.c.article_id == article_id) & (rulings.c.newsletter == newsletter) & (rulings.c.kind == kind)
    return connection.execute(delete(rulings).where(gone)).rowcount > 0


def _read(connection: Connection, query: Select[tuple[object, ...]]) -> list[Ruling]:
    return [_ruling(row) for row in connection.execute(query)]


def _ruling(row: Row) -> Ruling:  # type: ignore[type-arg]  # rows of one fixed select
    return Ruling(row.article_id, RulingKind(row.kind), row.newsletter, row.until, row.ruled_by, row.ruled_at)
