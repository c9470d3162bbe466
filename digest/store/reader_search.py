"""Finding readers by conditions, in bounded time whatever there is.

A condition that few readers meet names the candidates; without one, all readers are candidates, in the order of the
list. Candidates are looked at some hundred at a time until the page is full and the time is up: what was not looked at
is told, never guessed. Each statement is an index and a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text

from digest.model.segment import Claim, Condition
from digest.store.browsing import COUNTED, PAGE, ListedSubscriber, beginning_values, begins
from digest.store.tables import from_micros, to_micros

_FIRST, _AT_ONCE = 100, 500  # candidates
_FEW = 500  # candidates that are no trouble
_OF_A_SUBSCRIPTION = {
    Claim.NEWSLETTER_IS: "s.newsletter_id IN (SELECT n.id FROM newsletters n WHERE n.slug IN ({values}))",
    Claim.STATE_IS: "s.state IN ({values})",
    Claim.STATE_IS_NOT: "s.state NOT IN ({values})",
    Claim.ENDED_BY: "s.state = 'ended' AND s.ended_reason IN ({values})",
    Claim.TOPIC_FOLLOWED: (
        "EXISTS (SELECT 1 FROM profile_topics t WHERE t.topic IN ({values}) AND t.profile_id = s.profile_id)"
    ),
    Claim.TOPIC_NOT_FOLLOWED: (
        "NOT EXISTS (SELECT 1 FROM profile_topics t WHERE t.topic IN ({values}) AND t.profile_id = s.profile_id)"
    ),
}
_SENT = "EXISTS (SELECT 1 FROM deliveries d WHERE d.subscriber_id = u.id AND d.state = 'sent' AND d.finished_at >= {values})"  # noqa: E501
# Whose ids are known is looked up by the id, so other columns are kept from their indexes.
_OF_A_READER = {
    Claim.ADDRESS_IS: "u.address_key || '' IN ({values})",
    Claim.NAME_HAS: "LOWER(u.name) LIKE {values} ESCAPE '\\'",
    Claim.DOMAIN_IS: "u.domain || '' IN ({values})",
    Claim.DOMAIN_IS_NOT: "u.domain || '' NOT IN ({values})",
    Claim.ZONE_IS: "u.zone || '' IN ({values})",
    Claim.ZONE_IS_NOT: "u.zone || '' NOT IN ({values})",
    Claim.LANGUAGE_IS: "u.locale || '' IN ({values})",
    Claim.LANGUAGE_IS_NOT: "u.locale || '' NOT IN ({values})",
    Claim.JOINED_SINCE: "u.joined_at >= {values}",
    Claim.JOINED_BEFORE: "u.joined_at < {values}",
    Claim.SENT_SINCE: _SENT,
    Claim.NOT_SENT_SINCE: f"NOT {_SENT}",
    Claim.BOUNCED: (
        "EXISTS (SELECT 1 FROM subscriptions b WHERE b.subscriber_id = u.id AND EXISTS"
        " (SELECT 1 FROM reports r WHERE r.subscription_id = b.id AND r.class IN ({values})))"
    ),
}
# Which readers meet a condition, by an index and at once; those that lead to fewest are tried first.
_NARROW = {
    Claim.ADDRESS_IS: "SELECT u.id FROM subscribers u WHERE u.address_key IN ({values})",
    Claim.ADDRESS_BEGINS: "SELECT u.id FROM subscribers u WHERE {begins}",
    Claim.BOUNCED: (
        "SELECT b.subscriber_id FROM reports r JOIN subscriptions b ON b.id = r.subscription_id"
        " WHERE r.class IN ({values})"
    ),
    Claim.DOMAIN_IS: "SELECT u.id FROM subscribers u WHERE u.domain IN ({values})",
    Claim.TOPIC_FOLLOWED: (
        "SELECT s.subscriber_id FROM profile_topics t JOIN subscriptions s ON s.profile_id = t.profile_id"
        " WHERE t.topic IN ({values})"
    ),
    Claim.STATE_IS: (
        "SELECT s.subscriber_id FROM subscriptions s"
        " WHERE s.newsletter_id IN (SELECT n.id FROM newsletters n) AND s.state IN ({values})"
    ),
    Claim.NEWSLETTER_IS: (
        "SELECT s.subscriber_id FROM subscriptions s"
        " WHERE s.newsletter_id IN (SELECT n.id FROM newsletters n WHERE n.slug IN ({values}))"
    ),
    Claim.ZONE_IS: "SELECT u.id FROM subscribers u WHERE u.zone IN ({values})",
    Claim.LANGUAGE_IS: "SELECT u.id FROM subscribers u WHERE u.locale IN ({values})",
}
#: Whether the time for one search is up.
Late = Callable[[], bool]


class Order(StrEnum):
    """How a list of readers is sorted."""

    NEWEST = "newest"
    OLDEST = "oldest"
    ADDRESS = "address"
    ADDRESS_BACKWARDS = "address-backwards"


_ORDERS = {
    Order.NEWEST: ("id", "<", "DESC"),
    Order.OLDEST: ("id", ">", "ASC"),
    Order.ADDRESS: ("address_key", ">", "ASC"),
    Order.ADDRESS_BACKWARDS: ("address_key", "<", "DESC"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """One page of readers, the id of the last candidate looked at (0: there are no more), and how many meet all.

    `is_full` is False when the time was up before the page was full, `is_counted` when it was before all were counted:
    `count` is then the least that it may be. It is at most one more than 10,000.
    """

    rows: tuple[ListedSubscriber, ...]
    after: int = 0
    is_full: bool = True
    count: int = 0
    is_counted: bool = True


def search_readers(
    connection: Connection, conditions: Sequence[Condition], *, order: Order = Order.NEWEST, after: int = 0, late: Late
) -> Found:
    """Return one page of the readers who meet all *conditions*, from the one past *after* on; erased ones never."""
    search = _Search(connection, conditions, order)
    found = search.page(after, late)
    count, is_counted = search.count(late)
    return replace(found, count=count, is_counted=is_counted)


def ids_of_readers(
    connection: Connection, conditions: Sequence[Condition], *, after: int, most: int = 5_000
) -> tuple[list[int], int]:
    """Return readers who meet all *conditions*, oldest first, and where to go on, 0 at the end; for who takes all.

    About *most* candidates past the id *after* are looked at.
    """
    search = _Search(connection, conditions, Order.OLDEST)
    ids: list[int] = []
    looked, last = 0, 0
    for part in search.candidates(after, _AT_ONCE):
        ids += search.meeting(part)
        looked, last = looked + len(part), part[-1]
        if looked >= most:
            return ids, last
    return ids, 0


class _Search:
    """One set of conditions on one connection."""

    def __init__(self, connection: Connection, conditions: Sequence[Condition], order: Order) -> None:
        self._connection = connection
        self._conditions = conditions
        self._order = order
        self._narrow: list[int] | None = None
        self._most: int | None = None  #: how many meet the condition that fewest meet, where an index says so
        self._values: dict[str, Any] = {}
        self._where = self._all_of(conditions)
        self._choose_candidates()

    def page(self, after: int, late: Late) -> Found:
        """Return a page of rows; see `Found`."""
        ids: list[int] = []
        last, is_full = 0, True
        for part in self.candidates(after, _FIRST):
            found = self.meeting(part)
            if len(ids) + len(found) > PAGE:
                ids += found[: PAGE - len(ids)]
                last = ids[-1]
                break
            ids, last = ids + found, part[-1]
            if late():
                is_full = False
                break
        else:
            last = 0
        return Found(_rows(self._connection, ids), last, is_full or not last)

    def count(self, late: Late) -> tuple[int, bool]:
        """Return how many there are, at most one more than 10,000, and whether all were looked at."""
        if not self._conditions:
            query = f"SELECT COUNT(*) FROM (SELECT 1 FROM subscribers u WHERE u.address <> '' LIMIT {COUNTED + 1}) AS f"  # noqa: S608
            return int(self._connection.execute(text(query)).scalar_one()), True
        if len(self._conditions) == 1 and self._most is not None:
            return min(self._most, COUNTED + 1), True
        count = 0
        for part in self.candidates(0, _AT_ONCE):
            count += len(self.meeting(part))
            if count > COUNTED:
                return COUNTED + 1, True
            if late():
                return count, False
        return count, True

    def candidates(self, after: int, size: int) -> Iterator[list[int]]:
        """Give the ids that may meet the conditions, from the one past *after* on, in order, *size* of them first."""
        column, sign, way = _ORDERS[self._order]
        if self._narrow is not None:
            ids = self._sorted(self._narrow, after)
            yield from (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
            return
        last = after
        while True:
            beyond = f"WHERE {self._beyond(column, sign)}" if last else ""
            query = f"SELECT u.id FROM subscribers u {beyond} ORDER BY u.{column} {way} LIMIT :most"  # noqa: S608
            rows = self._connection.execute(text(query), {"last": last, "most": size}).scalars().all()
            if rows:
                last = rows[-1]
                yield list(rows)
            if len(rows) < size:
                return
            size = _AT_ONCE

    def meeting(self, ids: Sequence[int]) -> list[int]:
        """Return those of *ids* that meet every condition, in the order of *ids*."""
        clauses = " AND ".join(["u.address <> ''", *self._where])
        found = set(
            self._connection.execute(
                text(f"SELECT u.id FROM subscribers u WHERE {_is_one(self._connection)} AND {clauses}"),  # noqa: S608
                {**self._values, "ids": _bound(self._connection, ids)},
            ).scalars()
        )
        return [each for each in ids if each in found]

    def _sorted(self, ids: list[int], after: int) -> list[int]:
        column, sign, way = _ORDERS[self._order]
        if column == "id":
            beyond = [each for each in ids if not after or (each < after if sign == "<" else each > after)]
            return sorted(beyond, reverse=way == "DESC")
        beyond_key = f" AND {self._beyond(column, sign)}" if after else ""
        query = (
            f"SELECT u.id FROM subscribers u WHERE {_is_one(self._connection)}{beyond_key} ORDER BY u.{column} {way}"  # noqa: S608
        )
        values = {"ids": _bound(self._connection, ids), "last": after}
        return list(self._connection.execute(text(query), values).scalars())

    @staticmethod
    def _beyond(column: str, sign: str) -> str:
        if column == "id":
            return f"u.id {sign} :last"
        return f"u.{column} {sign} (SELECT l.{column} FROM subscribers l WHERE l.id = :last)"  # noqa: S608

    def _choose_candidates(self) -> None:
        """Find the condition that fewest meet, as far as 10,000; who meets it are the candidates."""
        by_claim = {each.claim: each for each in self._conditions}
        best: tuple[str, dict[str, Any]] | None = None
        for claim, query in _NARROW.items():
            if claim not in by_claim:
                continue
            values = self._bind(by_claim[claim], "n")
            who = f"{query.format(values=_places(values), begins=begins('n'))} LIMIT {COUNTED + 1}"
            counted = text(f"SELECT COUNT(*) FROM ({who}) AS found")  # noqa: S608
            count = int(self._connection.execute(counted, values).scalar_one())
            if self._most is None or count < self._most:
                self._most, best = count, (who, values)
            if count <= _FEW:
                break
        if best is not None and self._most is not None and self._most <= COUNTED:
            self._narrow = sorted(set(self._connection.execute(text(best[0]), best[1]).scalars()))
            self._most = len(self._narrow)

    def _all_of(self, conditions: Sequence[Condition]) -> list[str]:
        of_a_reader, of_a_subscription = [], []
        for number, each in enumerate(conditions):
            values = self._bind(each, f"c{number}_")
            self._values |= values
            if each.claim is Claim.ADDRESS_BEGINS:
                of_a_reader.append(begins(f"c{number}_"))
            elif each.claim in _OF_A_SUBSCRIPTION:
                of_a_subscription.append(_OF_A_SUBSCRIPTION[each.claim].format(values=_places(values)))
            else:
                of_a_reader.append(_OF_A_READER[each.claim].format(values=_places(values)))
        if of_a_subscription:
            own = " AND ".join(["s.subscriber_id = u.id", *of_a_subscription])
            of_a_reader.append(f"EXISTS (SELECT 1 FROM subscriptions s WHERE {own})")  # noqa: S608
        return of_a_reader

    @staticmethod
    def _bind(condition: Condition, prefix: str) -> dict[str, Any]:
        match condition.claim:
            case Claim.ADDRESS_BEGINS:
                return beginning_values(condition.values[0], prefix)
            case Claim.NAME_HAS:
                return {f"{prefix}0": f"%{_escaped(condition.values[0].lower())}%"}
            case Claim.JOINED_SINCE | Claim.JOINED_BEFORE | Claim.SENT_SINCE | Claim.NOT_SENT_SINCE:
                return {f"{prefix}0": to_micros(datetime.fromisoformat(condition.values[0]).replace(tzinfo=UTC))}
            case _:
                return {f"{prefix}{number}": value for number, value in enumerate(condition.values)}


def _escaped(words: str) -> str:
    """Return text for LIKE, in which every sign stands for itself."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _places(values: dict[str, Any]) -> str:
    return ", ".join(f":{name}" for name in values)


def _is_one(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "u.id IN (SELECT value FROM json_each(:ids))"
    return "u.id = ANY(:ids)"


def _bound(connection: Connection, ids: Sequence[int]) -> Any:
    return str(list(ids)) if connection.dialect.name == "sqlite" else list(ids)


def _rows(connection: Connection, ids: Sequence[int]) -> tuple[ListedSubscriber, ...]:
    own = (
        f"SELECT u.id, u.address, u.name, u.zone, u.locale, u.joined_at FROM subscribers u WHERE {_is_one(connection)}"  # noqa: S608
    )
    rows = connection.execute(text(own), {"ids": _bound(connection, ids)})
    found = {row[0]: ListedSubscriber._make((*row[:5], from_micros(row[5]))) for row in rows}
    return tuple(found[each] for each in ids)
