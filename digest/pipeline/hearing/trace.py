"""Trace: which mail of ours a report is about, proved by what only its reader's mail holds.

A signed tag first, then the Message-ID, which is made with our key, looked for among the mails to the addresses that
the report names. An address alone proves nothing: anybody can write a report.
"""

from __future__ import annotations

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.feedback import Signs
from digest.pipeline.addresses import read_address
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.suppression import former_keys
from digest.store.reports import Found, Mailed, delivery_found, latest_of, mailed_to
from digest.store.subscribers import subscriber_ids
from digest.store.subscriptions import find_agreement
from digest.tokens import Purpose


def trace(house: Installation, connection: Connection, signs: Signs) -> Found | None:
    """Return the mail that *signs* prove, None when they prove none."""
    for tag in signs.bounce_tags:
        number = house.tokens.read(Purpose.BOUNCE, tag)
        if number is not None and (found := delivery_found(connection, number, "tag")):
            return found
    return _by_message_id(house, connection, signs) or _by_leave_tag(house, connection, signs.leave_tags)


def subscription_of(house: Installation, connection: Connection, tags: tuple[str, ...]) -> int | None:
    """Return the subscription that the first valid leave tag names."""
    for tag in tags:
        number = house.tokens.read(Purpose.LEAVE, tag)
        if number is not None and find_agreement(connection, number) is not None:
            return number
    return None


def _by_leave_tag(house: Installation, connection: Connection, tags: tuple[str, ...]) -> Found | None:
    """Return the latest mail of the subscription: who has its link in hand was sent one."""
    subscription_id = subscription_of(house, connection, tags)
    latest = latest_of(connection, subscription_id) if subscription_id is not None else None
    return Found("leave_tag", subscription_id, *latest) if subscription_id is not None and latest else None


def _by_message_id(house: Installation, connection: Connection, signs: Signs) -> Found | None:
    wanted = {each.strip("<>").partition("@")[0] for each in signs.message_ids}
    if not wanted:
        return None
    for reader in _readers(house, connection, signs):
        for mailed in mailed_to(connection, reader):
            if not wanted.isdisjoint(_unique_parts(house, mailed)):
                return mailed.found
    return None


def _readers(house: Installation, connection: Connection, signs: Signs) -> list[int]:
    """Return whoever has, or had, one of the addresses, or a subscription that a leave tag names."""
    keys = []
    for address in signs.addresses:
        try:
            keys.append(read_address(address).key)
        except BadInput:
            continue
    known = subscriber_ids(connection, keys)
    former = former_keys(connection, keys, house.secrets) if keys else {}
    subscription_id = subscription_of(house, connection, signs.leave_tags)
    agreement = find_agreement(connection, subscription_id) if subscription_id is not None else None
    tagged = [agreement.subscriber_id] if agreement else []
    return list(dict.fromkeys([*known.values(), *former.values(), *tagged]))


def _unique_parts(house: Installation, mailed: Mailed) -> set[str]:
    """Return the left sides of the Message-IDs of a delivery, that of each of its plans."""
    tokens = house.tokens.with_key(mailed.key_id)
    if tokens is None:
        return set()
    facts = (mailed.newsletter, mailed.period, mailed.subscriber_id)
    return {tokens.derive("message-id", *facts, plan) for plan in range(1, mailed.plan_no + 1)}
