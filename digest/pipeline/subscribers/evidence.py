"""Evidence: what can be shown about one subscriber if somebody asks whether they agreed, and what they were told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from digest.model.newsletter import Newsletter
from digest.pipeline.addresses import read_address
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.suppression import suppressed_keys
from digest.store.engine import reading
from digest.store.evidence import Mailing, begun_after, flags_of, mailings_of
from digest.store.newsletters import load_newsletters
from digest.store.reports import reports_of
from digest.store.reviews import Review, reviews_of
from digest.store.subscriber_records import consents_of
from digest.store.subscribers import find_subscriber
from digest.store.subscriptions import Agreement, agreements_of

_GIVEN = ("given", "confirmed", "resumed")


def evidence_of(house: Installation, address: str) -> dict[str, Any]:
    """Return the evidence about *address* as plain JSON values, times in ISO 8601.

    `consents`: every act, oldest first (GDPR Art. 7(1)). `newsletters`: agreement and withdrawal of each, who sends
    it (15 USC 7704(a)(5)), what went out after the withdrawal. `handling`: what holds for all. `shown`: each article
    that the reader was shown, with its disclaimer and who had reviewed it (AI Act Art. 50(4)). `reports`: what came
    back.
    Raises BadInput when *address* is none, NotFound when nobody has it.
    """
    key = read_address(address).key
    with house.engine.begin() as connection:  # a hash of an earlier key is hashed anew when it is met
        suppressed = suppressed_keys(connection, [key], house.secrets).get(key, "")
    with reading(house.engine) as connection:
        found = find_subscriber(connection, key)
        consents = consents_of(connection, found.id)
        newsletters = load_newsletters(connection)
        return {
            "address": found.address,
            "consents": [_plain(each._mapping) for each in consents],
            "newsletters": [
                _agreement(connection, each, newsletters[each.newsletter], consents)
                for each in agreements_of(connection, found.id)
            ],
            "handling": {
                "suppressed": suppressed,
                "one_click_unsubscribe": True,
                "leave_links_expire": False,
                "opens_tracked": False,
                "links_tracked": False,
                "log_kept": f"for {house.keep_log.days} days" if house.keep_log else "until erased",
            },
            "shown": _shown(connection, mailings_of(connection, found.id)),
            "reports": [_plain(each) for each in reports_of(connection, found.id)],
        }


def version_of(disclaimer: str) -> str:
    """Return by what a disclaimer's wording is named: 12 hexadecimal characters of its SHA-256; "" for none."""
    return hashlib.sha256(disclaimer.encode()).hexdigest()[:12] if disclaimer else ""


def _agreement(
    connection: Connection, agreement: Agreement, newsletter: Newsletter, consents: Sequence[Row[Any]]
) -> dict[str, Any]:
    own = [each for each in consents if each.newsletter == agreement.newsletter]
    given = next((each for each in own if each.event in _GIVEN), None)
    confirmed = next((each for each in own if each.event == "confirmed"), None)
    ended = next((each for each in reversed(own) if each.event == "ended"), None) if agreement.ended_reason else None
    after = begun_after(connection, agreement.subscriber_id, agreement.newsletter, ended.at) if ended else None
    return {
        "newsletter": agreement.newsletter,
        "state": agreement.state.value,
        "agreed_at": given.at.isoformat() if given else None,
        "agreed_by": given.source if given else None,
        "confirmed_at": confirmed.at.isoformat() if confirmed else None,
        "withdrawn_at": ended.at.isoformat() if ended else None,
        "withdrawn_by": (ended.source or agreement.ended_reason) if ended else None,
        "mails_begun_after_withdrawal": after,
        "sender": f"{newsletter.sender.name} <{newsletter.sender.address}>",
        "postal_address": newsletter.postal_address,
    }


def _shown(connection: Connection, mailings: Sequence[Mailing]) -> list[dict[str, Any]]:
    shown = [(each, item) for each in mailings for item in each.items if "article_id" in item]  # events are none
    revisions = {item["revision_id"] for _, item in shown}
    flags, reviews = flags_of(connection, revisions), reviews_of(connection, revisions)
    return [
        {
            "delivery": each.delivery_id,
            "newsletter": each.newsletter,
            "edition": each.edition,
            "state": each.state,
            "at": each.at.isoformat(),
            "article": item["article_id"],
            "revision": item["revision_id"],
            "title": item["title"],
            "ai_generated": flags.get(item["revision_id"]),
            "disclaimer": item["disclaimer"],
            "disclaimer_version": version_of(item["disclaimer"]),
            # Without one on record it is the disclaimer that the law asks for (AI Act Art. 50(4)).
            "human_review": _reviewed(reviews.get(item["revision_id"], ()), each.at),
        }
        for each, item in shown
    ]


def _reviewed(reviews: Sequence[Review], shown_at: datetime) -> dict[str, str] | None:
    """Return the last review of a revision before a reader was shown it; what came later is no evidence of it."""
    before = [each for each in reviews if each.at <= shown_at]
    return {"by": before[-1].reviewer, "at": before[-1].at.isoformat()} if before else None


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row.items()}
