"""What there is to tell: sources, articles, topics, newsletters."""

from __future__ import annotations

from sqlalchemy import JSON as SQLJSON
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, text

from digest.store.tables.base import Id, Instant, metadata

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
    # Visits in a row that went wrong.
    Column("failures", Integer, nullable=False, server_default="0"),
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
    # What editors changed of it: field -> {"said": theirs, "read": as its source has it}.
    Column("edits", SQLJSON, nullable=False, server_default="{}"),
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
    # The editor who made it, "" for its source.
    Column("made_by", String(80), nullable=False, server_default=""),
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
    # Whose word its editions wait for: "", one or two; as in `spec`.
    Column("approval", String(4), nullable=False, server_default=""),
)
