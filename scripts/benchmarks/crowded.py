"""A crowded database: as many subscribers and deliveries as wanted, written in sets, for pages to look at."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from digest.model.newsletter import Newsletter
from digest.model.subscriber import Follow, Interests
from digest.pipeline.installation import Installation
from digest.store.cadences import cadence_for, cadence_ids
from digest.store.histories import history_of
from digest.store.newsletters import load_newsletter
from digest.store.profiles import interests_as_text, profile_ids
from digest.store.subscribers import add_consents, add_subscribers, add_subscriptions
from digest.store.tables import to_micros
from scripts.benchmarks.material import SLUG, TOPICS
from scripts.benchmarks.measured import tell

_PROFILES = 2_000
_AT_ONCE = 50_000
_ZONES = ("UTC", "Asia/Seoul", "Europe/Berlin", "America/New_York", "America/Sao_Paulo")
_LANGUAGES = ("en", "ko", "de", "ja")
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def crowd(house: Installation, *, subscribers: int, deliveries: int) -> None:
    """Fill a database that has a vocabulary and the newsletter: readers, editions, deliveries, attempts, reports."""
    with house.engine.begin() as connection:
        newsletter_id, newsletter = load_newsletter(connection, SLUG)
        profiles = _profiles(connection)
        for first in range(0, subscribers, _AT_ONCE):
            tell(f"subscribers from {first}")
            _add(connection, newsletter_id, newsletter, profiles, range(first, min(first + _AT_ONCE, subscribers)))
    editions = max(1, deliveries // subscribers)
    for number in range(editions):
        tell(f"edition {number + 1} of {editions}")
        with house.engine.begin() as connection:
            _send(connection, newsletter_id, profiles[0], _BEGAN + timedelta(days=number))
    with house.engine.begin() as connection:
        _come_back(connection)


def _profiles(connection: Connection) -> list[int]:
    # The last topic has few followers, the others many.
    sets = [
        Interests(
            tuple(Follow(f"topic{(number * 7 + each) % (TOPICS - 1)}") for each in range(5)), keywords=(f"w{number}",)
        )
        for number in range(_PROFILES - 1)
    ]
    texts = [interests_as_text(each) for each in (*sets, Interests((Follow(f"topic{TOPICS - 1}"),)))]
    ids = profile_ids(connection, texts)
    return [ids[each] for each in texts]


def _add(
    connection: Connection, newsletter_id: int, newsletter: Newsletter, profiles: list[int], numbers: range
) -> None:
    history, began = history_of(connection, frozenset()), to_micros(_BEGAN)
    cadence = cadence_for(newsletter, "UTC")
    cadence_id = cadence_ids(connection, newsletter_id, [cadence], datetime.now(UTC))[cadence]
    keys = [f"reader{number}@{domain(number)}" for number in numbers]
    add_subscribers(
        connection,
        [
            (key, key, f"Reader Number {n}", _LANGUAGES[n % 4], _ZONES[n % 5], history, began + n)
            for n, key in zip(numbers, keys, strict=True)
        ],
    )
    last = connection.execute(text("SELECT MAX(id) FROM subscribers")).scalar_one()
    ids = range(last - len(keys) + 1, last + 1)
    states = [_state(number) for number in numbers]
    add_subscriptions(
        connection,
        [
            (own, newsletter_id, profiles[n % (_PROFILES - (n % 97 != 0))], cadence_id, state, "", "", None, began)
            for own, n, state in zip(ids, numbers, states, strict=True)
        ],
    )
    add_consents(connection, [(own, newsletter_id, "given", "form", began) for own in ids])


def domain(number: int) -> str:
    """Most read at one of three, some at one of thousands."""
    return f"example{number % 3}.org" if number % 10 else f"mail{number % 5_000}.example.net"


def _state(number: int) -> str:
    return "ended" if number % 50 == 0 else "paused" if number % 5_000 == 7 else "active"


def _send(connection: Connection, newsletter_id: int, profile_id: int, at: datetime) -> None:
    """Send an edition to everybody: two of a hundred are refused, one is deferred."""
    period, micros = f"{at:%Y-%m-%d}", to_micros(at)
    values = {"n": newsletter_id, "p": period, "at": micros, "profile": profile_id}
    connection.execute(
        text("INSERT INTO editions (newsletter_id, period, state, created_at) VALUES (:n, :p, 'finished', :at)"), values
    )
    connection.execute(text("INSERT INTO pools (hash, spec) VALUES (:p, '{}')"), values)
    values["e"] = connection.execute(text("SELECT MAX(id) FROM editions")).scalar_one()
    values["pool"] = connection.execute(text("SELECT MAX(id) FROM pools")).scalar_one()
    connection.execute(
        text("INSERT INTO slots (edition_id, slot_at, pool_id, planned_at) VALUES (:e, :at, :pool, :at)"), values
    )
    values["slot"] = connection.execute(text("SELECT MAX(id) FROM slots")).scalar_one()
    if not connection.execute(text("SELECT COUNT(*) FROM origins")).scalar_one():
        connection.execute(text("INSERT INTO origins (key_id, base_url) VALUES ('k', 'https://news.example.org')"))
    values["items"] = json.dumps([])
    connection.execute(
        text(
            "INSERT INTO digests (slot_id, pool_id, profile_id, locale, origin_id, subject, items, layout)"
            " VALUES (:slot, :pool, :profile, 'en', 1, 'The Measured Morning', :items, '{}')"
        ),
        values,
    )
    values["digest"] = connection.execute(text("SELECT MAX(id) FROM digests")).scalar_one()
    before = connection.execute(text("SELECT COALESCE(MAX(id), 0) FROM deliveries")).scalar_one()
    connection.execute(
        text(
            "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, digest_id, state, attempt_no,"
            " address, name, dated_at, planned_at, finished_at)"
            " SELECT :e, u.id, s.id, :at, :digest, CASE WHEN (u.id + :e) % 100 < 2 THEN 'refused'"
            " WHEN (u.id + :e) % 100 = 2 THEN 'expired' ELSE 'sent' END, 1, u.address, u.name, :at, :at, :at + u.id"
            " FROM subscribers u JOIN subscriptions s ON s.subscriber_id = u.id"
        ),
        values,
    )
    connection.execute(
        text(
            "INSERT INTO attempts (delivery_id, attempt_no, outcome, phase, reply_code, enhanced, text, server,"
            " started_at, finished_at) SELECT d.id, 1, CASE WHEN d.state = 'sent' THEN 'sent' WHEN d.state = 'refused'"
            " THEN 'refused' ELSE 'deferred' END, 'data', CASE WHEN d.state = 'sent' THEN 250 ELSE 550 END, '2.0.0',"
            " 'Ok: queued as 4F0', 'relay.example.org', d.finished_at, d.finished_at"
            " FROM deliveries d WHERE d.id > :before"
        ),
        {"before": before},
    )


def _come_back(connection: Connection) -> None:
    """Let a report stand for each refusal, now and then one of a complaint."""
    tell("reports")
    connection.execute(
        text(
            "INSERT INTO reports (source_key, number, kind, class, status, reply_code, cause, sender_fault,"
            " feedback_type, text, found_by, delivery_id, subscription_id, effect, at)"
            " SELECT 'attempt:' || d.id, 1, 'bounce', CASE WHEN d.id % 500 = 0 THEN 'complaint' WHEN d.id % 3 = 0"
            " THEN 'hard' ELSE 'soft' END, '5.1.1', '550', '', 0, '', 'no such user', 'smtp', d.id, d.subscription_id,"
            " 'counted', d.finished_at FROM deliveries d WHERE d.state = 'refused'"
            " AND d.state NOT IN ('ready', 'claimed', 'sent')"
        )
    )
