"""Looking through long tables page by page, by their indexes alone: each page begins where the one before ended.

A cursor is the values of the columns a list is ordered by, in its last row. Counts stop at 10,000.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, select, text

from digest.errors import BadInput
from digest.model.article import StoredArticle
from digest.model.delivery import DeliveryState
from digest.store.articles import articles_before
from digest.store.log import LINES, LoggedDelivery, line_of
from digest.store.tables import editions, from_micros, newsletters

T = TypeVar("T")

PAGE = 50
COUNTED = 10_000  #: a count is never higher; one more means "more than that"
SEARCHED = 1_000  #: articles that one search reads
_USUAL = (DeliveryState.READY, DeliveryState.CLAIMED, DeliveryState.SENT)
_UNUSUAL = "d.state NOT IN ('ready', 'claimed', 'sent')"  # as the index says it


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and the cursor of the next ones, () when there are none."""

    rows: tuple[T, ...]
    after: tuple[int, ...] = ()


class Walk(NamedTuple):
    """How a list of deliveries is read: the columns of its order, and what its rows must be."""

    order: tuple[str, ...]
    wheres: tuple[str, ...]


def walk_deliveries(*, edition: bool, state: str, reader: bool) -> Walk:
    """Return the way that an index gives for these filters; raises BadInput for an unknown state."""
    if state and state not in DeliveryState.__members__.values():
        raise BadInput(f"there is no state {state!r}; states: {', '.join(DeliveryState)}")
    # The state is written out: SQLite uses a partial index only for what it can see to be in it.
    is_state = (f"d.state = '{state}'",) if state else ()
    # A plus keeps SQLite from the index of a column, where another one leads to fewer rows.
    in_edition = ("+d.edition_id = :edition",) if edition else ()
    if reader:
        return Walk(("d.id",), ("d.subscriber_id = :reader", *in_edition, *is_state))
    if state == DeliveryState.CLAIMED:
        return Walk(("d.subscriber_id",), ("d.lease_until IS NOT NULL", *in_edition, *is_state))
    if state == DeliveryState.READY:
        return Walk(("d.next_attempt_at", "d.id"), ("d.next_attempt_at IS NOT NULL", *in_edition, *is_state))
    if state and state not in _USUAL:
        own = ("d.edition_id = :edition",) if edition else ()
        return Walk(("d.edition_id", "d.id"), (*own, *is_state, _UNUSUAL))
    if edition:
        return Walk(("d.subscriber_id",), ("d.edition_id = :edition", *is_state))
    return Walk(("d.id",), is_state)


def browse_deliveries(
    connection: Connection,
    *,
    edition_id: int | None = None,
    state: str = "",
    subscriber_id: int | None = None,
    after: Sequence[int] = (),
    oldest_first: bool = False,
) -> Page[LoggedDelivery]:
    """Return one page of the log, newest first; raises BadInput for an unknown state or a cursor of another list."""
    walk = walk_deliveries(edition=edition_id is not None, state=state, reader=subscriber_id is not None)
    values: dict[str, Any] = {"edition": edition_id, "reader": subscriber_id}
    wheres = list(walk.wheres)
    if after:
        if len(after) != len(walk.order):
            raise BadInput("this page belongs to another list; begin again at its first page")
        names = [f"after_{number}" for number in range(len(after))]
        values |= dict(zip(names, after, strict=True))
        wheres.append(_beyond(walk.order, [f":{name}" for name in names], ">" if oldest_first else "<"))
    way = "ASC" if oldest_first else "DESC"
    order = ", ".join(f"{column} {way}" for column in walk.order)
    keys = ", ".join(walk.order)
    found = f"SELECT d.id, {keys} FROM deliveries d WHERE {' AND '.join(wheres) or '1 = 1'} ORDER BY {order} LIMIT {PAGE + 1}"  # noqa: S608, E501
    rows = connection.execute(text(found), values).all()
    lines = {line.delivery_id: line for line in _lines(connection, [row[0] for row in rows[:PAGE]])}
    more = tuple(int(value) for value in rows[PAGE - 1][1:]) if len(rows) > PAGE else ()
    return Page(tuple(lines[row[0]] for row in rows[:PAGE]), more)


def count_deliveries(
    connection: Connection, *, edition_id: int | None = None, state: str = "", subscriber_id: int | None = None
) -> int:
    """Return how many there are, at most one more than 10,000."""
    walk = walk_deliveries(edition=edition_id is not None, state=state, reader=subscriber_id is not None)
    counted = f"SELECT COUNT(*) FROM (SELECT 1 FROM deliveries d WHERE {' AND '.join(walk.wheres) or '1 = 1'} LIMIT {COUNTED + 1}) AS found"  # noqa: S608, E501
    return int(connection.execute(text(counted), {"edition": edition_id, "reader": subscriber_id}).scalar_one())


def one_delivery(connection: Connection, delivery_id: int) -> LoggedDelivery | None:
    """Return one line of the log."""
    return next(iter(_lines(connection, [delivery_id])), None)


def owner_of(connection: Connection, delivery_id: int) -> tuple[int, int]:
    """Return the ids of the subscriber and the edition of a delivery that is there."""
    row = connection.execute(
        text("SELECT subscriber_id, edition_id FROM deliveries WHERE id = :id"), {"id": delivery_id}
    )
    found = row.mappings().one()
    return int(found["subscriber_id"]), int(found["edition_id"])


def _lines(connection: Connection, ids: Sequence[int]) -> list[LoggedDelivery]:
    if not ids:
        return []
    places = ", ".join(str(int(each)) for each in ids)
    return [line_of(row) for row in connection.execute(text(f"{LINES} WHERE d.id IN ({places})"))]


def _beyond(columns: Sequence[str], names: Sequence[str], sign: str) -> str:
    """Return the condition of all that comes after a row; both databases compare rows so, by an index."""
    return f"({', '.join(columns)}) {sign} ({', '.join(names)})"


class ListedEdition(NamedTuple):
    """An edition as a list shows it."""

    edition_id: int
    newsletter: str
    period: str
    state: str
    created_at: datetime


def browse_editions(connection: Connection, *, state: str = "", after: Sequence[int] = ()) -> Page[ListedEdition]:
    """Return one page of editions, newest first."""
    query = select(editions.c.id, newsletters.c.slug, editions.c.period, editions.c.state, editions.c.created_at).join(
        newsletters, newsletters.c.id == editions.c.newsletter_id
    )
    if state:
        query = query.where(editions.c.state == state)
    if after:
        query = query.where(editions.c.id < after[0])
    rows = [ListedEdition(*row) for row in connection.execute(query.order_by(editions.c.id.desc()).limit(PAGE + 1))]
    return _cut(rows, lambda each: (each.edition_id,))


class ListedSubscriber(NamedTuple):
    """A subscriber as a list shows them."""

    subscriber_id: int
    address: str
    name: str
    zone: str
    locale: str
    joined_at: datetime


def browse_subscribers(
    connection: Connection, *, beginning: str = "", after: Sequence[int] = (), limit: int = PAGE
) -> Page[ListedSubscriber]:
    """Return one page of subscribers, the latest first; of those whose address has this *beginning*, by address.

    Erased ones are left out.
    """
    values: dict[str, Any] = {"most": limit + 1}
    wheres, order = ["u.address <> ''"], "u.id DESC"
    if beginning:
        wheres.append(begins())
        values |= beginning_values(beginning)
        order = "u.address_key"
    if after:
        wheres.append(
            "u.address_key > (SELECT address_key FROM subscribers WHERE id = :id)" if beginning else "u.id < :id"
        )
        values["id"] = after[0]
    found = connection.execute(
        text(
            "SELECT u.id, u.address, u.name, u.zone, u.locale, u.joined_at FROM subscribers u"  # noqa: S608
            f" WHERE {' AND '.join(wheres)} ORDER BY {order} LIMIT :most"
        ),
        values,
    )
    rows = [ListedSubscriber._make((*who, from_micros(joined))) for *who, joined in found]
    return _cut(rows, lambda each: (each.subscriber_id,), limit)


def begins(prefix: str = "") -> str:
    """Return the claim that an address key begins with something; the names of its values begin with *prefix*."""
    return f"u.address_key >= :{prefix}from AND u.address_key < :{prefix}to"


def beginning_values(beginning: str, prefix: str = "") -> dict[str, str]:
    """Return the values of `begins`."""
    return {f"{prefix}from": beginning, f"{prefix}to": f"{beginning}\U0010ffff"}


def count_subscribers(connection: Connection) -> int:
    """Return how many there are, at most one more than 10,000."""
    counted = f"SELECT COUNT(*) FROM (SELECT 1 FROM subscribers LIMIT {COUNTED + 1}) AS found"  # noqa: S608
    return int(connection.execute(text(counted)).scalar_one())


def address_of(connection: Connection, subscriber_id: int) -> str:
    """Return the address of a subscriber, "" when there is none or it was erased."""
    row = connection.execute(text("SELECT address FROM subscribers WHERE id = :id"), {"id": subscriber_id}).first()
    return row[0] if row else ""


def browse_articles(
    connection: Connection, *, search: str = "", after: Sequence[int] = ()
) -> tuple[Page[StoredArticle], bool]:
    """Return one page of articles, newest first, and whether the search stopped before it had read all of them.

    A search reads the next 1,000 articles, title, deck and text; the cursor goes on from there.
    """
    found: list[StoredArticle] = []
    read = 0
    last: tuple[int, ...] = tuple(after)
    for key, each in articles_before(connection, last, limit=SEARCHED if search else PAGE + 1, search=search):
        read += 1
        if each is not None:
            if len(found) == PAGE:
                return Page(tuple(found), last), False
            found.append(each)
        last = key
    unread = bool(search) and read == SEARCHED
    return Page(tuple(found), last if unread else ()), unread


def _cut(rows: list[T], key: Callable[[T], tuple[int, ...]], limit: int = PAGE) -> Page[T]:
    return Page(tuple(rows[:limit]), key(rows[limit - 1]) if len(rows) > limit else ())


def states_of_edition(connection: Connection, edition_id: int) -> dict[str, int]:
    """Return state -> how many of an edition's deliveries, each count at most one more than 10,000."""
    total = count_deliveries(connection, edition_id=edition_id)
    if total <= COUNTED:
        counted = text("SELECT state, COUNT(*) AS count FROM deliveries WHERE edition_id = :e GROUP BY state")
        rows = connection.execute(counted, {"e": edition_id}).mappings()
        return {row["state"]: int(row["count"]) for row in rows}
    others = [state for state in DeliveryState if state is not DeliveryState.SENT]
    counts: dict[DeliveryState, int] = {}
    for state in others:
        counts[state] = count_deliveries(connection, edition_id=edition_id, state=state)
    counts[DeliveryState.SENT] = _sent_beside(connection, edition_id, list(counts.values()))
    return {state.value: count for state, count in counts.items() if count}


def _sent_beside(connection: Connection, edition_id: int, others: list[int]) -> int:
    """Return how many were sent of an edition that has so many *others*, at most one more than 10,000.

    No index leads to what was sent: as many as there are beside the others. Where there are too many others to say,
    those among its first 20,000 readers.
    """
    if max(others) <= COUNTED:
        enough = f"SELECT 1 FROM deliveries WHERE edition_id = :e LIMIT {sum(others) + COUNTED + 1}"  # noqa: S608
        some = int(connection.execute(text(f"SELECT COUNT(*) FROM ({enough}) AS f"), {"e": edition_id}).scalar_one())  # noqa: S608
        return max(0, some - sum(others))
    first = f"SELECT state FROM deliveries WHERE edition_id = :e ORDER BY subscriber_id LIMIT {2 * COUNTED}"  # noqa: S608
    enough = f"SELECT 1 FROM ({first}) AS looked_at WHERE state = 'sent' LIMIT {COUNTED + 1}"  # noqa: S608
    sent = text(f"SELECT COUNT(*) FROM ({enough}) AS found")  # noqa: S608
    return int(connection.execute(sent, {"e": edition_id}).scalar_one())


def answered_since(connection: Connection, since: int) -> int:
    """Return how many attempts ended since this instant (microseconds), at most 10,000."""
    latest = "SELECT finished_at FROM attempts ORDER BY id DESC LIMIT 10000"
    counted = f"SELECT COUNT(*) FROM ({latest}) AS latest WHERE finished_at > :since"  # noqa: S608
    return int(connection.execute(text(counted), {"since": since}).scalar_one())
