"""Everything that is stored about one subscriber, for an admin and for the reader's own "my data"."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row

from digest.pipeline.addresses import read_address
from digest.store.event_erasure import events_to, followed_by
from digest.store.former_addresses import former_of
from digest.store.histories import stories_of
from digest.store.subscriber_records import attempts_of, consents_of, deliveries_of, subscriptions_of
from digest.store.subscribers import find_subscriber
from digest.store.subscriptions import joins_of

# Which records put a subscription into its state.
_MAKES = {"active": ("resumed", "confirmed"), "paused": ("paused",), "ended": ("ended",)}


def subscriber_as_json(engine: Engine, address: str) -> dict[str, Any]:
    """Return all that the database holds of *address* as plain JSON values, times in ISO 8601.

    Keys: address, name, locale, timezone, joins ("newsletters" that are one mail a day, "events" with a newsletter),
    chosen_at (when the reader chose these two, or None), joined_at,
    former_addresses, stories_shown, subscriptions, consents, events, follows, and deliveries, each with its attempts. A
    subscription's `since` is the moment of the consent record that made its state.
    Raises BadInput when *address* is none, NotFound when nobody has it.
    """
    key = read_address(address).key
    with engine.connect() as conn, conn.begin():
        found = find_subscriber(conn, key)
        tries: dict[int, list[dict[str, Any]]] = {}
        for attempt in attempts_of(conn, found.id):
            plain = _plain(attempt._mapping)
            tries.setdefault(plain.pop("delivery_id"), []).append(plain)
        consents = consents_of(conn, found.id)
        return {
            "address": found.address,
            "name": found.name,
            "locale": found.locale,
            "timezone": found.zone,
            "joins": [each.name.lower() for each in joins_of(conn, found.id) if each.name],
            "chosen_at": found.chosen_at.isoformat() if found.chosen_at else None,
            "joined_at": found.joined_at.isoformat(),
            "former_addresses": [_plain(one._mapping) for one in former_of(conn, found.id)],
            "stories_shown": sorted(stories_of(conn, found.history_id)),
            "subscriptions": [_subscription(one._mapping, consents) for one in subscriptions_of(conn, found.id)],
            "consents": [_plain(one._mapping) for one in consents],
            "events": [
                {**_plain(one), "content": json.loads(str(one["content"]))} for one in events_to(conn, found.id)
            ],
            "follows": [_plain(one) for one in followed_by(conn, found.id)],
            "deliveries": [
                {**_plain(one._mapping), "attempts": tries.get(one.id, [])} for one in deliveries_of(conn, found.id)
            ],
        }


def _subscription(row: Mapping[Any, Any], consents: Sequence[Row[Any]]) -> dict[str, Any]:
    # The row has the day from which a reader looks back, which many share; the record has the moment.
    events = _MAKES.get(row["state"], ())
    moments = [each.at for each in consents if each.newsletter == row["newsletter"] and each.event in events]
    plain = _plain({**row, "since": moments[-1] if moments else row["since"]})
    plain["interests"] = json.loads(plain["interests"])
    plain["interests"]["follows"] = [
        {"topic": topic, "weight": weight, "since": since} for topic, weight, since in plain["interests"]["follows"]
    ]
    return plain


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
