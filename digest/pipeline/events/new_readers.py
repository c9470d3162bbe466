"""Take in whom a product names in an event of a stream that is for anyone: the product vouches for their consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.newsletter import Newsletter
from digest.model.subscriber import Interests, SubscriptionState
from digest.pipeline.addresses import AddressReader
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.suppression import suppressed_keys
from digest.store.cadences import cadence_for, cadence_ids
from digest.store.events import ReaderOfStream, readers_of
from digest.store.histories import history_of
from digest.store.profiles import profile_of
from digest.store.subscribers import add_consents, add_subscribers, add_subscriptions
from digest.store.tables import to_micros

SOURCE = "named in an event"


def take_in(
    connection: Connection,
    house: Installation,
    newsletter_id: int,
    newsletter: Newsletter,
    named: Mapping[str, str],
    known: Mapping[str, ReaderOfStream],
    now: datetime,
) -> dict[str, ReaderOfStream]:
    """Subscribe who is *named* (address by key) and is not subscribed; return them by key.

    Not those who must not be mailed, nor what is no address.
    """
    missing = {key: one for key, one in named.items() if key not in known or not known[key].subscription_id}
    if not missing:
        return {}
    kept_out, addresses = suppressed_keys(connection, list(missing), house.secrets), AddressReader()
    new: dict[str, str] = {}
    for key, one in missing.items():
        try:
            address = addresses.read(one).address
        except BadInput:
            continue
        if key not in kept_out:
            new[key] = address
    zone, joined = newsletter.schedule.zone or "UTC", to_micros(now)
    history = history_of(connection, frozenset())
    unknown = [key for key in new if key not in known]
    add_subscribers(connection, [(new[key], key, "", newsletter.locale, zone, history, joined) for key in unknown])
    found = {each.address_key: each for each in readers_of(connection, newsletter_id, keys=list(new))}
    cadences = {key: cadence_for(newsletter, each.zone) for key, each in found.items()}
    ids = cadence_ids(connection, newsletter_id, set(cadences.values()), now)
    profile, active = profile_of(connection, Interests()), SubscriptionState.ACTIVE.value
    since = to_micros(datetime.combine(now.astimezone(UTC).date(), time(), UTC))
    add_subscriptions(
        connection,
        [
            (each.subscriber_id, newsletter_id, profile, ids[cadences[key]], active, "", "", None, since)
            for key, each in found.items()
        ],
    )
    add_consents(connection, [(each.subscriber_id, newsletter_id, "given", SOURCE, joined) for each in found.values()])
    return {each.address_key: each for each in readers_of(connection, newsletter_id, keys=list(new))}
