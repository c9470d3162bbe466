"""The tables. Names are plural; every instant is microseconds since 1970 UTC, so both databases compare alike.

`deliveries` is the work list and the log; `attempts` is append-only. Bulk paths write these columns as plain
tuples, never as objects.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON as SQLJSON
from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite only numbers rows by itself for INTEGER, PostgreSQL wants BIGINT to grow.
Id = BigInteger().with_variant(Integer, "sqlite")
# Text that is compared by code points in both databases, so that a beginning is a range of its index.
Key = Text().with_variant(Text(collation="C"), "postgresql")


def to_micros(at: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970 UTC; naive ones are refused."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(value: int) -> datetime:
    """Return the aware UTC instant of `to_micros`."""
    seconds, micros = divmod(value, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as BIGINT microseconds UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002  # SQLAlchemy's signature
        """Store."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Load."""
        return None if value is None else from_micros(value)


sources = Table(
    "sources",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", String(80), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("location", Text, nullable=False),
    Column("spec", SQLJSON, nullable=False),
    Column("etag", Text, nullable=False, server_default=""),
    Column("last_modified", Text, nullable=False, server_default=""),
    Column("next_visit_at", Instant, nullable=False, index=True),
    Column("last_visit_at", Instant),
    Column("last_error", Text, nullable=False, server_default=""),
)

articles = Table(
    "articles",
    metadata,
    Column("id", Id, primary_key=True),
    Column("story_id", Id, nullable=False, index=True),
    Column("source", String(80), nullable=False, server_default=""),
    Column("url_key", Text, nullable=False, server_default=""),
    Column("guid_key", Text, nullable=False, server_default=""),
    Column("content_hash", String(64), nullable=False, index=True),
    Column("title_key", String(64), nullable=False, index=True),
    Column("text_hash", String(64), nullable=False, server_default="", index=True),
    Column("file_key", String(64), nullable=False, server_default="", index=True),
    Column("sketch", Text, nullable=False, server_default=""),
    Column("revision_id", Id, nullable=False),
    Column("state", String(20), nullable=False),
    Column("collected_at", Instant, nullable=False, index=True),
    Index(
        "uq_articles_url_key",
        "url_key",
        unique=True,
        sqlite_where=text("url_key <> ''"),
        postgresql_where=text("url_key <> ''"),
    ),
    Index("ix_articles_guid_key", "guid_key"),
)

# Every source that brought an article, "" when it was added by hand; `articles.source` is the first of them.
article_sources = Table(
    "article_sources",
    metadata,
    Column("article_id", Id, ForeignKey("articles.id"), primary_key=True),
    Column("source", String(80), primary_key=True),
)

# Under which words the archive finds an article: `text_key` of its title and of its deck.
article_keys = Table(
    "article_keys",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("article_id", Id, ForeignKey("articles.id"), primary_key=True),
)

# Under which keys an article finds those whose text is nearly its own (`digest.model.likeness.bands`).
article_bands = Table(
    "article_bands",
    metadata,
    Column("band", BigInteger, primary_key=True),
    Column("article_id", Id, ForeignKey("articles.id"), primary_key=True),
    Index("ix_article_bands_article_id", "article_id"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("article_id", Id, ForeignKey("articles.id"), nullable=False, index=True),
    Column("content", SQLJSON, nullable=False),
    Column("made_at", Instant, nullable=False),
)

# Who read a text before it was published, and answers for it (AI Act Art. 50(4)); of that revision, never of a later
# one, and never changed.
reviews = Table(
    "reviews",
    metadata,
    Column("id", Id, primary_key=True),
    Column("revision_id", Id, ForeignKey("revisions.id"), nullable=False, index=True),
    Column("reviewer", String(80), nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
)

# What editors decided about articles; newsletter "" is all of them. `applied_at` is when waiting mails were planned
# anew for it, NULL while its time is still to come.
rulings = Table(
    "rulings",
    metadata,
    Column("article_id", Id, ForeignKey("articles.id"), primary_key=True),
    Column("newsletter", String(80), primary_key=True, server_default=""),
    Column("kind", String(10), primary_key=True),
    Column("until", Instant),
    Column("ruled_by", Text, nullable=False),
    Column("ruled_at", Instant, nullable=False),
    Column("applied_at", Instant),
)

topics = Table(
    "topics",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", String(80), nullable=False, unique=True),
    Column("spec", SQLJSON, nullable=False),
)

newsletters = Table(
    "newsletters",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", String(80), nullable=False, unique=True),
    Column("spec", SQLJSON, nullable=False),
    # Why nothing of it goes out until a person says so, "" while it does; and when a person last said so.
    Column("paused_because", Text, nullable=False, server_default=""),
    Column("resumed_at", Instant),
)

histories = Table(
    "histories",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("stories", Text, nullable=False),
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address", Text, nullable=False),
    Column("address_key", Key, nullable=False, unique=True),
    # Of the key, so that staff can list one; "" of who was erased.
    Column("domain", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("locale", String(20), nullable=False),
    Column("zone", String(60), nullable=False),
    Column("history_id", Id, ForeignKey("histories.id"), nullable=False),
    Column("joined_at", Instant, nullable=False),
    # When the reader chose zone and language by their own hand; NULL while they are what a file said.
    Column("chosen_at", Instant),
    Index("ix_subscribers_domain", "domain", "id"),
    Index("ix_subscribers_locale", "locale", "id"),
    Index("ix_subscribers_zone", "zone", "id"),
)

# Which hash (as in `suppressions`) an address had before it was corrected, so that no import brings it back.
former_addresses = Table(
    "former_addresses",
    metadata,
    Column("address_hash", String(64), primary_key=True),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
)

profiles = Table(
    "profiles",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("interests", Text, nullable=False),
)

# The topics that each profile follows by name, so that their readers are found.
profile_topics = Table(
    "profile_topics",
    metadata,
    Column("topic", String(80), primary_key=True),
    Column("profile_id", Id, ForeignKey("profiles.id"), primary_key=True),
    Index("ix_profile_topics_profile_id", "profile_id"),
)

cadences = Table(
    "cadences",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("rule", String(120), nullable=False),
    Column("zone", String(60), nullable=False),
    Column("next_slot_at", Instant, nullable=False, index=True),
    UniqueConstraint("newsletter_id", "rule", "zone"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), nullable=False),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("profile_id", Id, ForeignKey("profiles.id"), nullable=False),
    Column("cadence_id", Id, ForeignKey("cadences.id"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("ended_reason", String(20), nullable=False, server_default=""),
    Column("paused_until", Instant),
    Column("send_at", String(5), nullable=False, server_default=""),
    Column("frequency", String(40), nullable=False, server_default=""),
    # When the zone of its cadence changed, until a slot in the new zone was planned.
    Column("moved_at", Instant),
    # The midnight (UTC) of the day the reader joined: looking back starts from here, and whole days
    # let readers who joined on one day share their digests.
    Column("since", Instant, nullable=False),
    # Of a stream of events: how the reader wants them (`Way`).
    Column("way", String(10), nullable=False, server_default=""),
    # When the reader chose interests and hour by their own hand; NULL while they are what a file said.
    Column("chosen_at", Instant),
    UniqueConstraint("subscriber_id", "newsletter_id"),
    Index("ix_subscriptions_due", "cadence_id", "state"),
    Index("ix_subscriptions_listed", "newsletter_id", "state", "subscriber_id"),
    Index("ix_subscriptions_profile_id", "profile_id", "subscriber_id"),
    Index(
        "ix_subscriptions_moved",
        "cadence_id",
        sqlite_where=text("moved_at IS NOT NULL"),
        postgresql_where=text("moved_at IS NOT NULL"),
    ),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("event", String(20), nullable=False),
    Column("source", Text, nullable=False, server_default=""),
    Column("at", Instant, nullable=False),
    # What was agreed to: the version and the words of the sentence beside the button.
    Column("wording", Text, nullable=False, server_default=""),
)

# What was asked for on a page and takes a confirmation by mail: to join a newsletter, to move to another address.
# The address goes once that is settled; hashes of it and of the network it was asked from stay, for the limits.
sign_ups = Table(
    "sign_ups",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    Column("subscriber_id", Id, ForeignKey("subscribers.id"), index=True),
    Column("address", Text, nullable=False),
    Column("address_hash", String(64), nullable=False),
    Column("network_hash", String(64), nullable=False),
    Column("wish", SQLJSON, nullable=False),
    Column("asked_at", Instant, nullable=False, index=True),
    # The letters that ask: to the address, and to the old one of who moves; and when each was answered with yes.
    Column("letter_id", Id, index=True),
    Column("mailed_at", Instant),
    Column("confirmed_at", Instant),
    Column("old_letter_id", Id, index=True),
    Column("old_confirmed_at", Instant),
    Index("ix_sign_ups_address_hash", "address_hash", "asked_at"),
    Index("ix_sign_ups_network_hash", "network_hash", "asked_at"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address_hash", String(64), nullable=False, unique=True),
    Column("reason", String(20), nullable=False),
    Column("at", Instant, nullable=False),
)

editions = Table(
    "editions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("newsletter_id", Id, ForeignKey("newsletters.id"), nullable=False),
    # The day, ISO week, month or instant; of a correction, the period it corrects, "+" and its template.
    Column("period", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("newsletter_id", "period"),
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
)

sessions = Table(
    "sessions",
    metadata,
    Column("key_hash", String(64), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("ends_at", Instant, nullable=False, index=True),
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
    Column("content", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("outcome", String(10), nullable=False, server_default=""),
    Column("reason", String(20), nullable=False, server_default=""),
    UniqueConstraint("scope", "dedupe_key", "subscriber_id"),
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
