"""What was asked for on a page and waits for a letter, and then for its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from digest.store.tables import deliveries, newsletters, sign_ups, subscribers


class Kind(StrEnum):
    """What is asked for."""

    JOIN = "join"  #: a newsletter, at an address that has not agreed to it yet
    MOVE = "move"  #: another address for a reader, whom both addresses must confirm


class State(StrEnum):
    """Where it stands."""

    ASKED = "asked"  #: no letter yet
    MAILED = "mailed"
    DONE = "done"
    DECLINED = "declined"
    DROPPED = "dropped"  #: one letter too many, or nobody answered in time


@dataclass(frozen=True, slots=True)
class SignUp:
    """One row; `wish` is what the page had, as plain JSON values."""

    id: int
    kind: Kind
    state: State
    newsletter: str
    newsletter_id: int
    subscriber_id: int | None
    address: str
    address_hash: str
    wish: dict[str, Any]
    asked_at: datetime
    letter_id: int | None
    confirmed_at: datetime | None
    old_letter_id: int | None
    old_confirmed_at: datetime | None


_NAMES = [name for name in SignUp.__slots__ if name != "newsletter"]
_SELECT = select(*(sign_ups.c[name] for name in _NAMES), newsletters.c.slug.label("newsletter")).join_from(
    sign_ups, newsletters
)


def add(connection: Connection, **columns: Any) -> None:
    """Note what was asked."""
    connection.execute(insert(sign_ups).values(state=State.ASKED, **columns))


def asked_since(connection: Connection, since: datetime, network_hash: str = "") -> int:
    """Return how many sign-ups came since, from one network or from all."""
    found = select(func.count()).select_from(sign_ups).where(sign_ups.c.asked_at > since)
    if network_hash:
        found = found.where(sign_ups.c.network_hash == network_hash)
    return int(connection.execute(found).scalar_one())


def mailed_since(connection: Connection, since: datetime, address_hash: str) -> int:
    """Return how many letters an address has had since."""
    own = and_(sign_ups.c.address_hash == address_hash, sign_ups.c.mailed_at > since)
    return int(connection.execute(select(func.count()).select_from(sign_ups).where(own)).scalar_one())


def waiting(connection: Connection, limit: int) -> list[SignUp]:
    """Return up to *limit* sign-ups without a letter, first come first."""
    asked = _SELECT.where(sign_ups.c.state == State.ASKED).order_by(sign_ups.c.asked_at, sign_ups.c.id)
    return [_sign_up(row) for row in connection.execute(asked.limit(limit))]


def of_letter(connection: Connection, delivery_id: int, *, hold: bool = False) -> SignUp | None:
    """Return the sign-up that the letter *delivery_id* asks about, or None; *hold* it until the transaction ends."""
    either = or_(sign_ups.c.letter_id == delivery_id, sign_ups.c.old_letter_id == delivery_id)
    found = _SELECT.where(either)
    row = connection.execute(found.with_for_update(of=sign_ups) if hold else found).first()
    return _sign_up(row) if row else None


def change(connection: Connection, sign_up_id: int, **columns: Any) -> None:
    """Write *columns* of one row."""
    connection.execute(update(sign_ups).where(sign_ups.c.id == sign_up_id).values(**columns))


def unanswered(connection: Connection, before: datetime) -> list[SignUp]:
    """Return what was asked not after *before* and neither confirmed nor declined."""
    open_ = sign_ups.c.state.in_((State.ASKED, State.MAILED))
    return [_sign_up(row) for row in connection.execute(_SELECT.where(open_, sign_ups.c.asked_at <= before))]


def add_letter(connection: Connection, **columns: Any) -> int | None:
    """Insert the delivery of a letter; return its id, or None when this edition has one to the reader already."""
    edition, reader = columns["edition_id"], columns["subscriber_id"]
    there = select(deliveries.c.id).where(deliveries.c.edition_id == edition, deliveries.c.subscriber_id == reader)
    if connection.execute(there).first():
        return None
    return int(connection.execute(insert(deliveries).values(**columns).returning(deliveries.c.id)).scalar_one())


def locale_of(connection: Connection, subscriber_id: int) -> str:
    """Return the language of a reader's mails."""
    return str(connection.execute(select(subscribers.c.locale).where(subscribers.c.id == subscriber_id)).scalar_one())


def _sign_up(row: Row[*tuple[Any, ...]]) -> SignUp:
    values = dict(row._mapping)
    return SignUp(**{**values, "kind": Kind(values["kind"]), "state": State(values["state"])})
