"""What is planned: editions, their slots and pools, and the digests made of them."""

from __future__ import annotations

from sqlalchemy import JSON as SQLJSON
from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint, text

from digest.store.tables.base import Id, Instant, metadata

editions = Table(
    "editions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    # The day, ISO week, month or instant; of a correction, the period it corrects, "+" and its template.
    Column("period", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("created_at", Instant, nullable=False),
    # Whose word it waits for, as its newsletter's; the pool that was approved, NULL while none is; and how often
    # something was changed that may be in it, so that nobody approves what changed just then.
    Column("approval", String(4), nullable=False, server_default=""),
    Column("pool_id", Id, ForeignKey("pools.id")),
    Column("changes", Integer, nullable=False, server_default="0"),
    UniqueConstraint("newsletter_id", "period"),
    Index(
        "ix_editions_unsettled",
        "newsletter_id",
        sqlite_where=text("approval <> '' AND state NOT IN ('finished', 'cancelled')"),
        postgresql_where=text("approval <> '' AND state NOT IN ('finished', 'cancelled')"),
    ),
)

# Who approved which pool of an edition when, and how that ended. The pool is of what was collected in a window.
approvals = Table(
    "approvals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False, index=True),
    Column("pool_hash", String(64), nullable=False),
    Column("window_start", Instant, nullable=False),
    Column("window_end", Instant, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", Instant, nullable=False),
    Column("withdrawn_by", Text, nullable=False, server_default=""),
    Column("withdrawn_at", Instant),
    Column("withdrawn_because", Text, nullable=False, server_default=""),
)

# What editors say in an edition beside its articles, as Markdown: kind `note` or `announcement`.
edition_notes = Table(
    "edition_notes",
    metadata,
    Column("edition_id", Id, ForeignKey("editions.id"), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("markdown", Text, nullable=False),
    Column("language", String(20), nullable=False),
    Column("written_by", Text, nullable=False),
    Column("written_at", Instant, nullable=False),
)

# What a page asked for that takes a while or a mail server: the next tick does it, and says here what came of it.
errands = Table(
    "errands",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("edition_id", Id, ForeignKey("editions.id"), index=True),
    Column("spec", SQLJSON, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("begun_at", Instant),
    Column("done_at", Instant),
    Column("told", Text, nullable=False, server_default=""),
    Index(
        "ix_errands_waiting",
        "kind",
        sqlite_where=text("done_at IS NULL"),
        postgresql_where=text("done_at IS NULL"),
    ),
)

# Addresses of colleagues, by the name of their list: whom proofs go to.
proof_lists = Table(
    "proof_lists",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("addresses", SQLJSON, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", Instant, nullable=False),
)

slots = Table(
    "slots",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", Id, ForeignKey("editions.id"), nullable=False),
    Column("slot_at", Instant, nullable=False),
    Column("pool_id", Id, ForeignKey("pools.id"), nullable=False),
    Column("planned_at", Instant, nullable=False),
    # The release of the zone database that said when this slot was.
    Column("zones", String(20), nullable=False, server_default=""),
    UniqueConstraint("edition_id", "slot_at"),
)

pools = Table(
    "pools",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("spec", Text, nullable=False),
)

# A vocabulary with an archive, and what articles match by it; both can be worked out again.
matchings = Table(
    "matchings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
)

matches = Table(
    "matches",
    metadata,
    Column("matching_id", ForeignKey("matchings.id"), primary_key=True),
    Column("revision_id", ForeignKey("revisions.id"), primary_key=True),
    Column("found", Text, nullable=False),  # JSON: topic, words, fields, score, through, for each topic
)

pieces = Table(
    "pieces",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("content", LargeBinary, nullable=False),
)

# Where the links of a mail lead and which key signed them (its id, never the key), as they were when it was planned.
origins = Table(
    "origins",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key_id", String(16), nullable=False),
    Column("base_url", Text, nullable=False),
    UniqueConstraint("key_id", "base_url"),
)

digests = Table(
    "digests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slot_id", Id, ForeignKey("slots.id"), nullable=False, index=True),
    Column("pool_id", Id, ForeignKey("pools.id"), nullable=False),
    Column("profile_id", Id, ForeignKey("profiles.id"), nullable=False),
    Column("locale", String(20), nullable=False),
    # NULL in a correction, which neither asks what a mailbox was shown nor changes it.
    Column("history_before", Id, ForeignKey("histories.id")),
    Column("history_after", Id, ForeignKey("histories.id")),
    Column("origin_id", Id, ForeignKey("origins.id"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("layout", Text, nullable=False),
)
