"""Who reads: subscribers, what they agreed to, and what their interests and histories are."""

from __future__ import annotations

from sqlalchemy import JSON as SQLJSON
from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from digest.store.tables.base import Id, Instant, Key, metadata

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
    # Whether their mails are joined (`Joins`): 1 newsletters with each other, 2 events with a newsletter, 3 both.
    Column("joins", Integer, nullable=False, server_default="0"),
    Index(
        "ix_subscribers_joins",
        "joins",
        sqlite_where=text("joins <> 0"),
        postgresql_where=text("joins <> 0"),
    ),
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
