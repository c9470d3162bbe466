"""Those who work with it: accounts, keys, long work, what they did; and whom we tell of what happens."""

from __future__ import annotations

from sqlalchemy import JSON as SQLJSON
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from digest.store.tables.base import Id, Instant, metadata

# Those who work with the pages; a session is kept as the hash of the key in the cookie.
users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("password", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    # What the secret of the second factor is derived from ("" without one), the last step that was used, and hashes
    # of the recovery codes that are left.
    Column("second_factor", String(80), nullable=False, server_default=""),
    Column("used_step", BigInteger, nullable=False, server_default="0"),
    Column("recovery_codes", SQLJSON, nullable=False, server_default="[]"),
    # Hash of who it is at the provider that they sign in with; none before the first time.
    Column("identity", String(64), unique=True),
)

# Ways back from that provider that were taken, each as its hash: none is taken twice.
spent_states = Table(
    "spent_states",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("ends_at", Instant, nullable=False, index=True),
)

# A role of an account that reaches further than its own, for one newsletter.
user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), primary_key=True),
    Column("role", String(10), nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("ends_at", Instant, nullable=False, index=True),
)

# Keys of programs for the API, each kept as its hash; those of an account go with it.
api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("key_hash", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    # Slugs of the newsletters it is for, "" for all of them.
    Column("newsletters", Text, nullable=False, server_default=""),
    Column("made_by", String(80), nullable=False),
    Column("user_id", Id, ForeignKey("users.id"), index=True),
    Column("made_at", Instant, nullable=False),
    Column("ends_at", Instant),
    Column("last_used_at", Instant),
)

# What was answered to a request with an Idempotency-Key, for a day; status 0 while it is under way.
api_requests = Table(
    "api_requests",
    metadata,
    Column("token_id", Id, ForeignKey("api_tokens.id"), primary_key=True),
    Column("key_hash", String(64), primary_key=True),
    Column("request_hash", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("kind", String(80), nullable=False, server_default=""),
    Column("body", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

# Whom we tell, and how far each log was read for them. What happened stands in those logs, in the transaction that
# made it so; no row of an event is written beside it.
webhooks = Table(
    "webhooks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    # Log -> the id after which this webhook began, and the id up to which it was read.
    Column("positions", SQLJSON, nullable=False),
    Column("failing_since", Instant),
    Column("last_error", Text, nullable=False, server_default=""),
    # Why nothing is sent there any more, "" while something is.
    Column("disabled_because", Text, nullable=False, server_default=""),
)

# What is still to be told, and for a while what was: the log's row, not its words, so that erasure leaves nothing here.
webhook_messages = Table(
    "webhook_messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("webhook_id", Id, ForeignKey("webhooks.id"), nullable=False),
    Column("event", String(30), nullable=False),
    Column("fact_id", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("made_at", Instant, nullable=False),
    # NULL when it was told, or given up.
    Column("next_try_at", Instant),
    UniqueConstraint("webhook_id", "event", "fact_id"),
    Index(
        "ix_webhook_messages_due",
        "next_try_at",
        sqlite_where=text("next_try_at IS NOT NULL"),
        postgresql_where=text("next_try_at IS NOT NULL"),
    ),
)

# A filter of readers that staff gave a name: a list of [claim, value].
segments = Table(
    "segments",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("conditions", SQLJSON, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)

# Long work that staff asked for, done in batches by whoever ticks: a change of many readers, an import.
chores = Table(
    "chores",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("spec", SQLJSON, nullable=False),
    # What came of it so far, in numbers, and how far it has come; written with each batch.
    Column("counts", SQLJSON, nullable=False),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    # When there is something to do, NULL when there is not; in the future while somebody works on it.
    Column("due_at", Instant, index=True),
    Column("finished_at", Instant),
    Column("problem", Text, nullable=False, server_default=""),
)

# Whom a chore is about, in its order; and what it changed there: subscription, before, after.
chore_rows = Table(
    "chore_rows",
    metadata,
    Column("chore_id", Id, ForeignKey("chores.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("subscriber_id", Id, nullable=False, index=True),
    Column("changes", SQLJSON(none_as_null=True)),
)

# Files that a chore works on or leaves, in pieces: `upload`, `report`. They go some days after it.
chore_files = Table(
    "chore_files",
    metadata,
    Column("chore_id", Id, ForeignKey("chores.id"), primary_key=True),
    Column("name", String(10), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

# What editors wrote of a mail's templates: all its own files at once, kept for good; drafts are in no mail.
template_versions = Table(
    "template_versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mail", String(40), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("files", SQLJSON, nullable=False),
    Column("based_on", Integer, nullable=False, server_default="0"),
    Column("made_by", String(80), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("published_by", String(80), nullable=False, server_default=""),
    Column("published_at", Instant),
    UniqueConstraint("mail", "number"),
    Index(
        "uq_template_versions_published",
        "mail",
        unique=True,
        sqlite_where=text("state = 'published'"),
        postgresql_where=text("state = 'published'"),
    ),
)

# What is wrong, a row for each cause while it lasts; closed ones are kept for a while.
alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("newsletter", String(80), nullable=False, server_default=""),
    Column("says", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("state", String(6), nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("closed_at", Instant),
    # Who put it aside, "" when it ended by itself.
    Column("closed_by", String(80), nullable=False, server_default=""),
    Column("mailed_at", Instant),
    Index(
        "uq_alerts_going_on",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("state <> 'closed'"),
        postgresql_where=text("state <> 'closed'"),
    ),
)

# What staff did: append-only, written in the transaction that does it. Readers are named by their ids.
audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", String(80), nullable=False),
    Column("action", String(40), nullable=False),
    Column("target", String(200), nullable=False),
    Column("before", SQLJSON(none_as_null=True)),
    Column("after", SQLJSON(none_as_null=True)),
    Index("ix_audit_who", "who", "id"),
    Index("ix_audit_target", "target", "id"),
)

# What happened on each day (UTC), counted once from attempts, reports and consents as they come: for the dashboard.
tallies = Table(
    "tallies",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), primary_key=True),
    Column("provider", String(40), primary_key=True),
    Column("event", String(12), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
