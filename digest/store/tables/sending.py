"""What went out and came back: `deliveries` is the work list and the log; `attempts` is append-only."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from digest.store.tables.base import Id, Instant, metadata

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), nullable=False),
    Column("subscription_id", Id, ForeignKey("subscriptions.id"), nullable=False),
    Column("slot_at", Instant, nullable=False),
    Column("digest_id", Id, ForeignKey("digests.id")),
    Column("state", String(12), nullable=False),
    Column("reason", String(40), nullable=False, server_default=""),
    Column("plan_no", Integer, nullable=False, server_default="1"),
    Column("attempt_no", Integer, nullable=False, server_default="0"),
    Column("doubt_count", Integer, nullable=False, server_default="0"),
    Column("crash_count", Integer, nullable=False, server_default="0"),
    # What the message says of the reader, kept so that a second try and the web page are the same bytes.
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("dated_at", Instant),
    Column("claimed_by", String(60), nullable=False, server_default=""),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("lease_until", Instant),
    # When there is something to do next; NULL while claimed and when all is done, so the work index stays small.
    Column("next_attempt_at", Instant),
    Column("planned_at", Instant, nullable=False),
    Column("finished_at", Instant),
    # Of a reader whose mails are joined: which delivery carries this part (itself, when it is that one), and until
    # when a part waits for a mail to go with.
    Column("part_of", Id),
    Column("waits_until", Instant),
    UniqueConstraint("edition_id", "subscriber_id"),
    Index(
        "ix_deliveries_work",
        "next_attempt_at",
        "id",
        sqlite_where=text("next_attempt_at IS NOT NULL"),
        postgresql_where=text("next_attempt_at IS NOT NULL"),
    ),
    # A mailbox has at most one message under way, whoever sends.
    Index(
        "uq_deliveries_under_way",
        "subscriber_id",
        unique=True,
        sqlite_where=text("lease_until IS NOT NULL"),
        postgresql_where=text("lease_until IS NOT NULL"),
    ),
    Index("ix_deliveries_subscriber_id", "subscriber_id"),
    # Parts of joined mails: those that wait, those of a mail, and the mails that have not left. Rows of readers whose
    # mails are not joined touch none of them.
    Index(
        "ix_deliveries_waits_until",
        "waits_until",
        sqlite_where=text("waits_until IS NOT NULL"),
        postgresql_where=text("waits_until IS NOT NULL"),
    ),
    Index(
        "ix_deliveries_part_of",
        "part_of",
        sqlite_where=text("part_of IS NOT NULL"),
        postgresql_where=text("part_of IS NOT NULL"),
    ),
    Index(
        "ix_deliveries_joined",
        "next_attempt_at",
        sqlite_where=text("part_of IS NOT NULL AND next_attempt_at IS NOT NULL"),
        postgresql_where=text("part_of IS NOT NULL AND next_attempt_at IS NOT NULL"),
    ),
    # What an admin looks for among millions. The usual way of a row (ready, claimed, sent) does not touch it.
    Index(
        "ix_deliveries_unusual",
        "state",
        "edition_id",
        "id",
        sqlite_where=text("state NOT IN ('ready', 'claimed', 'sent')"),
        postgresql_where=text("state NOT IN ('ready', 'claimed', 'sent')"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("attempt_no", Integer, nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("phase", String(10), nullable=False),
    Column("reply_code", Integer, nullable=False),
    Column("enhanced", String(12), nullable=False),
    Column("text", Text, nullable=False),
    Column("server", String(255), nullable=False),
    # Where it went, once the delivery may go elsewhere (a corrected address); until then the delivery's address.
    Column("recipient", Text, nullable=False, server_default=""),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
)

# What came back about mails: one row for each recipient that a report names, whoever brought it and however often.
reports = Table(
    "reports",
    metadata,
    Column("id", Id, primary_key=True),
    # The hash of the mail, or "attempt:" and the id of the attempt that a server refused.
    Column("source_key", String(80), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("class", String(12), nullable=False),
    Column("status", String(12), nullable=False),
    Column("reply_code", String(3), nullable=False),
    Column("cause", String(40), nullable=False),
    Column("sender_fault", Integer, nullable=False),
    Column("feedback_type", String(40), nullable=False),
    # What the server said; kept only of mails of ours, so that it goes with their reader.
    Column("text", Text, nullable=False),
    # By which sign the mail was found: tag, envelope_id, message_id, leave_tag, smtp; "" when it was not.
    Column("found_by", String(12), nullable=False),
    Column("delivery_id", Id, ForeignKey("deliveries.id"), index=True),
    Column("subscription_id", Id, ForeignKey("subscriptions.id"), index=True),
    Column("effect", String(12), nullable=False, server_default="", index=True),  # "" until it was judged
    Column("at", Instant, nullable=False),
    UniqueConstraint("source_key", "number"),
    Index("ix_reports_listed", "class", "subscription_id"),
)

# How far something was read: a mailbox, or the attempts.
bookmarks = Table(
    "bookmarks",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("position", Text, nullable=False),
)
