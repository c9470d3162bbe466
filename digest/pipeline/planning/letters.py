"""Letters: what was asked on a page becomes a mail that asks back, sent like any other but ahead of all.

A letter is a delivery in an edition of its own ("2026-11-23+letter-confirm"), with neither articles nor histories. A
page only notes what was asked, so it answers the same, and as fast, whoever's address was given; what became of it
shows here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, text

from digest.log import get_logger
from digest.model.newsletter import Newsletter
from digest.model.subscriber import Interests, SubscriptionState
from digest.pipeline.addresses import read_address
from digest.pipeline.composing.frame import frame_of
from digest.pipeline.composing.links import LETTER, Links
from digest.pipeline.composing.mail_templates import templates_of
from digest.pipeline.composing.planned import Planned
from digest.pipeline.installation import Installation
from digest.rendering.headers import constant_headers
from digest.rendering.i18n import resolve_locale
from digest.rendering.layout import boundary_of
from digest.rendering.parts import DigestParts
from digest.rendering.press import Press
from digest.store import planning, sign_ups
from digest.store.cadences import cadence_for, cadence_ids
from digest.store.digests import DigestRow, open_slot, save_digests, save_pieces, save_pool
from digest.store.engine import reading
from digest.store.histories import history_of
from digest.store.jobs import ask_for_workers
from digest.store.newsletters import load_newsletter
from digest.store.origins import save_origin
from digest.store.profiles import profile_of
from digest.store.sign_ups import Kind, SignUp, State
from digest.store.subscribers import add_subscribers, add_subscriptions, known_readers
from digest.store.subscriptions import agreements_of
from digest.store.tables import EPOCH, to_micros

CONFIRM, NEW_ADDRESS, OLD_ADDRESS = f"{LETTER}confirm", f"{LETTER}new-address", f"{LETTER}old-address"
LETTERS_A_DAY, LETTERS_A_WEEK = 1, 3  # to one address, over all newsletters
_AT_ONCE = 100
_LONG_DUE = EPOCH + timedelta(seconds=1)  # claims go by the time a row is due, so these are next
_POOL = "{}"  # of no articles


@dataclass(frozen=True, slots=True)
class _Printed:
    """A letter as it is stored, for every reader of one newsletter in one language."""

    newsletter_id: int
    period: str
    locale: str
    subject: str
    layout: str
    pieces: dict[str, bytes]


def write_letters(house: Installation) -> int:
    """Write a letter for each sign-up that has none, within the limits of each address; return how many."""
    with reading(house.engine) as connection:
        asked = sign_ups.waiting(connection, _AT_ONCE)
    return sum(_write_safely(house, each) for each in asked)


def write_again(house: Installation, slug: str, edition_id: int, period: str) -> Planned:
    """Write the letters of an edition anew that wait for it: the key that signed their links is gone."""
    with reading(house.engine) as connection:
        rows = connection.execute(
            text(
                "SELECT d.id, u.locale FROM deliveries d JOIN subscribers u ON u.id = d.subscriber_id"
                " WHERE d.edition_id = :e AND d.state = 'ready' AND d.digest_id IS NULL"
            ),
            {"e": edition_id},
        ).all()
    for delivery_id, locale in rows:
        printed = _print(house, slug, period.partition("+")[2], locale, datetime.fromisoformat(period[:10]))
        with house.engine.begin() as connection:
            digest_id, _ = _store(connection, house, printed)
            connection.execute(
                text("UPDATE deliveries SET digest_id = :g WHERE id = :id AND digest_id IS NULL"),
                {"g": digest_id, "id": delivery_id},
            )
    return Planned(ready=len(rows))


def _write_safely(house: Installation, asked: SignUp) -> bool:
    try:
        return _write(house, asked)
    except Exception as error:  # noqa: BLE001 - one letter that cannot be written keeps no other back
        get_logger().error("letter_not_written", sign_up=asked.id, exc_info=error)
        with house.engine.begin() as connection:
            sign_ups.change(connection, asked.id, state=State.DROPPED, address="")
        return False


def _write(house: Installation, asked: SignUp) -> bool:
    """Write the letter, or both of a reader who moves; False when the address has had enough of them."""
    now = house.clock.now()
    with reading(house.engine) as connection:
        moves = asked.kind is Kind.MOVE
        locale = sign_ups.locale_of(connection, asked.subscriber_id or 0) if moves else asked.wish["locale"]
    names = (NEW_ADDRESS, OLD_ADDRESS) if moves else (CONFIRM,)
    printed = [_print(house, asked.newsletter, name, locale, now) for name in names]
    with house.engine.begin() as connection:
        if _has_had_enough(connection, asked.address_hash, now):
            sign_ups.change(connection, asked.id, state=State.DROPPED, address="")
            return False
        subscriber_id = asked.subscriber_id or _pending_reader(connection, asked, now)
        found = next(
            each for each in agreements_of(connection, subscriber_id) if each.newsletter_id == asked.newsletter_id
        )
        letters = []
        for each, address in zip(printed, (asked.address, found.address), strict=False):
            digest_id, edition_id = _store(connection, house, each)
            letters.append(
                sign_ups.add_letter(
                    connection,
                    edition_id=edition_id,
                    subscriber_id=subscriber_id,
                    subscription_id=found.subscription_id,
                    slot_at=_day(now),
                    digest_id=digest_id,
                    state="ready",
                    address=address,
                    next_attempt_at=_LONG_DUE,
                    planned_at=now,
                )
            )
            ask_for_workers(connection, edition_id)
        written = [each for each in letters if each is not None]
        sign_ups.change(
            connection,
            asked.id,
            subscriber_id=subscriber_id,
            letter_id=letters[0],
            old_letter_id=letters[1] if moves else None,
            state=State.MAILED if len(written) == len(names) else State.DROPPED,
            mailed_at=now,
        )
    get_logger().info("letter_written", sign_up=asked.id, kind=asked.kind.value)
    return True


def _has_had_enough(connection: Connection, address_hash: str, now: datetime) -> bool:
    today = sign_ups.mailed_since(connection, now - timedelta(days=1), address_hash)
    week = sign_ups.mailed_since(connection, now - timedelta(days=7), address_hash)
    return today >= LETTERS_A_DAY or week >= LETTERS_A_WEEK


def _pending_reader(connection: Connection, asked: SignUp, now: datetime) -> int:
    """Return the subscriber of the address, with a subscription that waits for the confirmation if there was none."""
    key = read_address(asked.address).key
    wish, newsletter_id = asked.wish, asked.newsletter_id
    if key not in known_readers(connection, newsletter_id, [key]):
        history = history_of(connection, frozenset())
        reader = (asked.address, key, "", wish["locale"], wish["zone"], history, to_micros(now))
        add_subscribers(connection, [reader])
    known = known_readers(connection, newsletter_id, [key])[key]
    if not known.subscription_id:
        newsletter = load_newsletter(connection, asked.newsletter)[1]
        cadence = cadence_for(newsletter, known.zone)
        cadence_id = cadence_ids(connection, newsletter_id, [cadence], now)[cadence]
        profile_id = profile_of(connection, Interests())
        since = to_micros(_day(now))
        pending = SubscriptionState.PENDING.value
        row = (known.subscriber_id, newsletter_id, profile_id, cadence_id, pending, "", "", None, since)
        add_subscriptions(connection, [row])
    return known.subscriber_id


def _print(house: Installation, slug: str, name: str, wanted: str, now: datetime) -> _Printed:
    with reading(house.engine) as connection:
        newsletter_id, newsletter = load_newsletter(connection, slug)
    period, locale = f"{now.astimezone(UTC).date()}+{name}", resolve_locale(wanted, newsletter.locale)
    subject, layout, pieces = compose_letter(house, newsletter, name, period, locale)
    return _Printed(newsletter_id, period, locale, subject, layout, pieces)


def compose_letter(
    house: Installation, newsletter: Newsletter, name: str, period: str, locale: str
) -> tuple[str, str, dict[str, bytes]]:
    """Return subject, stored layout and pieces of the letter *name*."""
    frame = frame_of(newsletter, period, Links(house.base_url, house.tokens))
    press = Press(templates_of(house, name), frame, locale)
    composed = press.compose(DigestParts((), ""))
    layout = composed.layout.to_json()
    headers = constant_headers(frame, composed.subject, boundary_of(layout))
    stored = {"layout": layout, "headers": headers.to_json(), "from": frame.sender_address}
    return composed.subject, json.dumps(stored, separators=(",", ":")), dict(composed.pieces)


def _store(connection: Connection, house: Installation, printed: _Printed) -> tuple[int, int]:
    """Return the ids of the letter's digest and edition; who asks on one day in one language shares the digest."""
    now = house.clock.now()
    edition_id, _ = planning.open_edition(connection, printed.newsletter_id, printed.period, now)
    pool_id = save_pool(connection, hashlib.sha256(_POOL.encode()).hexdigest(), _POOL)
    slot_id = open_slot(connection, edition_id, _day(datetime.fromisoformat(printed.period[:10])), pool_id, now)
    origin_id = save_origin(connection, house.origin)
    same = connection.execute(
        text(
            "SELECT id FROM digests WHERE slot_id = :slot AND locale = :locale AND origin_id = :origin"
            " AND layout = :layout"
        ),
        {"slot": slot_id, "locale": printed.locale, "origin": origin_id, "layout": printed.layout},
    ).scalar()
    if same is not None:
        return int(same), edition_id
    save_pieces(connection, printed.pieces)
    row = DigestRow(
        slot_id=slot_id,
        pool_id=pool_id,
        profile_id=profile_of(connection, Interests()),
        locale=printed.locale,
        history_before=None,
        history_after=None,
        origin_id=origin_id,
        subject=printed.subject,
        items=(),
        layout=printed.layout,
    )
    return save_digests(connection, [row])[0], edition_id


def _day(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(UTC).date() if at.tzinfo else at.date(), time(), UTC)
