"""Events, the windows that gather them, and what readers follow and wrote."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from digest.store.tables.base import Id, Instant, metadata

# Windows of events: open until `closes_at`, then due, then closed with the delivery that was made of it. `changed`
# counts what may change its digest once it takes no more events.
event_windows = Table(
    "event_windows",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("subscription_id", Id, ForeignKey("subscriptions.id"), nullable=False),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("group_key", Text, nullable=False, server_default=""),
    Column("state", String(8), nullable=False),
    Column("policy", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closes_at", Instant, nullable=False),
    Column("counts_from", Instant, nullable=False),
    Column("count", Integer, nullable=False),
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("critical", Integer, nullable=False, server_default="0"),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), index=True),
    Index(
        "uq_event_windows_open",
        "subscription_id",
        "group_key",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    Index("ix_event_windows_group", "subscription_id", "group_key", "closes_at"),
    Index(
        "ix_event_windows_work",
        "newsletter_id",
        "closes_at",
        sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
)

# Events, one row for each reader. `scope` is the stream's newsletter, or 0 where a dedupe key is one event in all.
events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("scope", Id, nullable=False),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("window_id", Id, ForeignKey("event_windows.id"), index=True),
    Column("dedupe_key", Text),
    Column("object_key", String(200), nullable=False, server_default=""),
    Column("content", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("outcome", String(10), nullable=False, server_default=""),
    Column("reason", String(20), nullable=False, server_default=""),
    UniqueConstraint("scope", "dedupe_key", "subscriber_id"),
    Index(
        "ix_events_object",
        "object_key",
        sqlite_where=text("object_key <> ''"),
        postgresql_where=text("object_key <> ''"),
    ),
    Index(
        "ix_events_expiring",
        "newsletter_id",
        "expires_at",
        sqlite_where=text("expires_at IS NOT NULL"),
        postgresql_where=text("expires_at IS NOT NULL"),
    ),
)

# Which objects of the product ("article:7", "topic:trade") a reader follows in which stream.
follows = Table(
    "follows",
    metadata,
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), primary_key=True),
    Column("object_key", String(200), primary_key=True),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), primary_key=True, index=True),
    Column("since", Instant, nullable=False),
)

# What readers wrote about articles, and what an editor decided about it.
thoughts = Table(
    "thoughts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("article_id", Id, ForeignKey("articles.id"), nullable=False),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("written_at", Instant, nullable=False),
    Column("judged_by", Text, nullable=False, server_default=""),
    Column("judged_at", Instant),
    Index("ix_thoughts_state", "state", "article_id", "id"),
)

# What holds for all mail of events to one reader: hours and days (0 = Monday) in which none comes, and how many a day.
reader_rules = Table(
    "reader_rules",
    metadata,
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), primary_key=True),
    Column("quiet", String(11), nullable=False, server_default=""),
    Column("quiet_days", String(30), nullable=False, server_default=""),
    Column("daily_cap", Integer, nullable=False, server_default="0"),
)
