"""Profiles: distinct sets of interests, kept as canonical JSON so that equal interests are one row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, func, select

from digest.errors import NotFound
from digest.model.subscriber import Follow, Interests, SubscriptionState
from digest.store.get_or_create import ids_of, insert_new, values_by
from digest.store.tables import newsletters, profile_topics, profiles, subscriptions


def interests_as_text(interests: Interests) -> str:
    """Return *interests* as canonical JSON: sorted, no spaces; equal interests give equal text."""
    plain = {
        "follows": [
            [follow.topic, follow.weight, follow.since.isoformat() if follow.since else None]
            for follow in sorted(interests.follows, key=lambda one: one.topic)
        ],
        "muted": sorted(interests.muted),
        "keywords": sorted(interests.keywords),
        "languages": sorted(interests.languages),
        **{choice: True for choice in ("wants_all", "surprise") if getattr(interests, choice)},
    }
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def interests_from_text(text: str) -> Interests:
    """Return the interests of `interests_as_text`."""
    plain = json.loads(text)
    return Interests(
        follows=tuple(
            Follow(topic, float(weight), date.fromisoformat(since) if since else None)
            for topic, weight, since in plain["follows"]
        ),
        muted=tuple(plain["muted"]),
        keywords=tuple(plain["keywords"]),
        languages=tuple(plain["languages"]),
        wants_all=plain.get("wants_all", False),
        surprise=plain.get("surprise", False),
    )


def profile_key(text: str) -> str:
    """Return the key of canonical interests: their SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def profile_ids(conn: Connection, texts: Iterable[str]) -> dict[str, int]:
    """Return the profile id of each canonical text, making the profiles that nobody had before."""
    by_key = {profile_key(text): text for text in texts}
    known = values_by(conn, profiles.c.key, profiles.c.id, by_key)
    new = {key: text for key, text in by_key.items() if key not in known}
    ids = known | ids_of(conn, profiles, {key: {"interests": text} for key, text in new.items()})
    followed = [
        {"topic": follow.topic, "profile_id": ids[key]}
        for key, text in new.items()
        for follow in interests_from_text(text).follows
    ]
    if followed:
        insert_new(conn, profile_topics, followed)
    return {text: ids[key] for key, text in by_key.items()}


def profile_of(conn: Connection, interests: Interests) -> int:
    """Return the id of the profile with exactly these *interests*, making it when nobody had it before."""
    text = interests_as_text(interests)
    return profile_ids(conn, [text])[text]


def interests_texts(conn: Connection, profile_ids: Iterable[int]) -> dict[int, str]:
    """Return the canonical text of each profile id; ids without a row are left out."""
    return values_by(conn, profiles.c.id, profiles.c.interests, profile_ids)


def interests_by_profile(conn: Connection, ids: Iterable[int]) -> dict[int, Interests]:
    """Return the interests of each profile; raises NotFound when there is none with one of these ids."""
    wanted = set(ids)
    texts = interests_texts(conn, wanted)
    for missing in wanted - texts.keys():
        raise NotFound(f"there is no profile {missing} in this database")
    return {profile_id: interests_from_text(text) for profile_id, text in texts.items()}


def readers_by_interests(conn: Connection, newsletter: str) -> list[tuple[Interests, int]]:
    """Return each set of interests that active readers of *newsletter* have, and how many of them have it."""
    query = (
        select(profiles.c.interests, func.count())
        .join(subscriptions, subscriptions.c.profile_id == profiles.c.id)
        .join(newsletters, newsletters.c.id == subscriptions.c.newsletter_id)
        .where(newsletters.c.slug == newsletter, subscriptions.c.state == SubscriptionState.ACTIVE)
        .group_by(profiles.c.id, profiles.c.interests)
        .order_by(profiles.c.id)
    )
    return [(interests_from_text(text), count) for text, count in conn.execute(query)]
