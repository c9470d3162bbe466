"""Newsletters, topics and sources: rows to model and back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select, update

from digest.errors import NotFound
from digest.model.newsletter import Newsletter, Source
from digest.model.topic import Topic
from digest.store.approvals import follow_rule
from digest.store.specs import (
    newsletter_as_json,
    newsletter_from_json,
    source_as_json,
    source_from_json,
    topic_as_json,
    topic_from_json,
)
from digest.store.tables import newsletters, sources, topics


def load_newsletters(conn: Connection) -> dict[str, Newsletter]:
    """Return every newsletter by slug, in the order of slugs."""
    return {slug: newsletter_from_json(slug, spec) for slug, spec in _specs(conn, newsletters)}


def load_newsletter(conn: Connection, slug: str) -> tuple[int, Newsletter]:
    """Return the row id and the newsletter of *slug*; raises NotFound that names the ones there are."""
    row = conn.execute(select(newsletters.c.id, newsletters.c.spec).where(newsletters.c.slug == slug)).first()
    if row is None:
        known = ", ".join(slug for slug, _ in _specs(conn, newsletters)) or "none yet; run: digest newsletters apply"
        raise NotFound(f"there is no newsletter {slug!r} (known: {known})")
    return row.id, newsletter_from_json(slug, row.spec)


def newsletter_ids(conn: Connection) -> dict[str, int]:
    """Return the row id of every newsletter by slug."""
    return {row.slug: row.id for row in conn.execute(select(newsletters.c.slug, newsletters.c.id))}


def load_topics(conn: Connection) -> dict[str, Topic]:
    """Return the whole vocabulary by slug, in the order of slugs."""
    return {slug: topic_from_json(slug, spec) for slug, spec in _specs(conn, topics)}


def load_sources(conn: Connection) -> dict[str, Source]:
    """Return every source by slug, in the order of slugs."""
    return {slug: source_from_json(slug, spec) for slug, spec in _specs(conn, sources)}


def save_newsletters(conn: Connection, wanted: Iterable[Newsletter]) -> None:
    """Write these newsletters over those with the same slug; others are left alone."""
    for newsletter in wanted:
        _save(conn, newsletters, newsletter.slug, {"spec": newsletter_as_json(newsletter)})
        follow_rule(conn, newsletter.slug, newsletter.approval, urgent=newsletter.urgent)


def save_topics(conn: Connection, wanted: Iterable[Topic]) -> None:
    """Write these topics over those with the same slug; others are left alone."""
    for topic in wanted:
        _save(conn, topics, topic.slug, {"spec": topic_as_json(topic)})


def save_sources(conn: Connection, wanted: Iterable[Source], *, now: datetime) -> None:
    """Write these sources over those with the same slug; a new or moved one is due at once, read afresh."""
    before = load_sources(conn)
    for source in wanted:
        values: dict[str, Any] = {
            "kind": source.kind.value,
            "location": source.location,
            "spec": source_as_json(source),
        }
        old = before.get(source.slug)
        if old is None or (old.kind, old.location) != (source.kind, source.location):
            values |= {"next_visit_at": now, "last_visit_at": None, "etag": "", "last_modified": "", "last_error": ""}
        _save(conn, sources, source.slug, values)


def _specs(conn: Connection, table: Table) -> list[tuple[str, dict[str, Any]]]:
    return [(slug, spec) for slug, spec in conn.execute(select(table.c.slug, table.c.spec).order_by(table.c.slug))]


def _save(conn: Connection, table: Table, slug: str, values: dict[str, Any]) -> None:
    if conn.execute(update(table).where(table.c.slug == slug).values(values)).rowcount == 0:
        conn.execute(table.insert().values(slug=slug, **values))
