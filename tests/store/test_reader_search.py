"""Readers are found by what is true of them, on both databases, and a search says when it has not looked at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from digest.errors import BadInput
from digest.pipeline.subscribers.segments import read_conditions, what_is_known
from digest.store import reader_search
from digest.store.engine import reading
from digest.store.reader_search import Order, ids_of_readers, search_readers
from tests.house import House
from tests.sink import Do, Sink

NEVER: Callable[[], bool] = lambda: False  # noqa: E731
AT_ONCE: Callable[[], bool] = lambda: True  # noqa: E731


@pytest.fixture
def list_of_five(house: House) -> House:
    """Five readers of two newsletters; Ben's mailbox is dead, Eva left."""
    house.newsletter("weekly")
    house.readers(
        [
            {"email": "ann@example.org", "name": "Ann", "topics": "trade", "timezone": "Asia/Seoul", "locale": "ko"},
            {"email": "ben@example.net", "name": "Ben_50%", "topics": "energy", "timezone": "UTC", "locale": "en"},
            {"email": "cem@example.net", "name": "Cem", "topics": "trade|energy", "timezone": "UTC", "locale": "en"},
            {"email": "eva@example.org", "name": "Eva", "topics": "trade", "timezone": "UTC", "locale": "en"},
        ]
    )
    house.reader("dia@example.net", "weekly", topics="trade")
    house.reader("ann@example.org", "weekly", topics="energy")
    house.leave("eva@example.org")
    house.article("energy")
    house.move(hours=2)
    with Sink(script=lambda who, _: Do.NEVER if who == "ben@example.net" else Do.TAKE, never="550 5.1.1 gone") as sink:
        house.send(sink)
    ben, who = house.subscription_id("ben@example.net"), "SELECT id FROM deliveries WHERE address = 'ben@example.net'"
    house.change(
        "INSERT INTO reports (source_key, number, kind, class, status, reply_code, cause, sender_fault, feedback_type,"
        f" text, found_by, delivery_id, subscription_id, at) VALUES ('k', 1, 'bounce', 'hard', '5.1.1', '550', '', 0,"
        f" '', '', 'tag', ({who}), {ben}, 0)"
    )
    return house


def found(house: House, *said: tuple[str, str], order: Order = Order.ADDRESS) -> str:
    """Return the first letters of who is found; counting them must come to as many."""
    with reading(house.engine) as connection:
        conditions = read_conditions(said, what_is_known(connection))
        told = search_readers(connection, conditions, order=order, late=NEVER)
        rows = told.rows
        assert (told.count, told.is_counted) == (len(rows), True)
        assert len(ids_of_readers(connection, conditions, after=0)[0]) == len(rows)
    return "".join(each.address[0] for each in rows)


def test_each_claim_finds_whom_it_is_true_of(list_of_five: House) -> None:
    """Claims about a subscription are all made of the same one; an erased reader is nobody."""
    for said, who in [
        ((), "abcde"),
        ((("address-begins", "B"),), "b"),
        ((("address-is", "ANN@Example.org, cem@example.net"),), "ac"),
        ((("name-has", "en_5"),), "b"),
        ((("name-has", "%"),), "b"),
        ((("domain-is", "example.org"),), "ae"),
        ((("domain-is-not", "example.org"),), "bcd"),
        ((("zone-is", "asia/seoul"),), "a"),
        ((("zone-is-not", "Asia/Seoul"),), "bcde"),
        ((("language-is", "ko"),), "a"),
        ((("language-is-not", "ko"),), "bcde"),
        ((("joined-since", "2026-11-23"),), "abcde"),
        ((("joined-before", "2026-11-23"),), ""),
        ((("newsletter-is", "weekly"),), "ad"),
        ((("state-is", "ended"),), "e"),
        ((("state-is-not", "active"),), "e"),
        ((("ended-by", "one_click"),), "e"),
        ((("ended-by", "admin"),), ""),
        ((("topic-followed", "Energy"),), "abc"),
        ((("topic-not-followed", "energy"),), "ade"),
        ((("newsletter-is", "weekly"), ("topic-followed", "trade")), "d"),
        ((("newsletter-is", "daily"), ("topic-followed", "trade"), ("state-is", "active")), "ac"),
        ((("sent-since", "2026-11-23"),), "c"),
        ((("not-sent-since", "2026-11-23"),), "abde"),
        ((("bounced", "hard"),), "b"),
        ((("bounced", "soft, complaint"),), ""),
        ((("domain-is", "example.org"), ("domain-is", "example.net")), "abcde"),
    ]:
        assert found(list_of_five, *said) == who, said


def test_a_list_is_sorted_and_goes_on_where_the_page_before_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each order, for few and for all, every reader stands on exactly one page."""
    monkeypatch.setattr(reader_search, "PAGE", 7)
    monkeypatch.setattr(reader_search, "_AT_ONCE", 10)
    monkeypatch.setattr(reader_search, "_FIRST", 10)
    house.readers([{"email": f"r{number:02}@d{number % 2}.example.org", "topics": "trade"} for number in range(33)])
    with reading(house.engine) as connection:
        known = what_is_known(connection)
        for said, many in [((), 33), ((("domain-is", "d1.example.org"),), 16), ((("name-has", "nobody"),), 0)]:
            conditions = read_conditions(said, known)
            for order in Order:
                seen: list[str] = []
                page = search_readers(connection, conditions, order=order, late=NEVER)
                while True:
                    seen += [each.address for each in page.rows]
                    if not page.after:
                        break
                    page = search_readers(connection, conditions, order=order, after=page.after, late=NEVER)
                forwards = order in (Order.OLDEST, Order.ADDRESS)
                assert len(seen) == many, (said, order)
                assert seen == sorted(set(seen), reverse=not forwards), (said, order)


def test_a_search_whose_time_is_up_says_so_and_goes_on_from_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never says "nobody" of those it has not looked at."""
    monkeypatch.setattr(reader_search, "_AT_ONCE", 10)
    monkeypatch.setattr(reader_search, "_FIRST", 10)
    house.readers(
        [{"email": f"r{number:02}@example.org", "name": f"N{number}", "topics": "trade"} for number in range(33)]
    )
    with reading(house.engine) as connection:
        conditions = read_conditions([("name-has", "N7")], what_is_known(connection))
        first = search_readers(connection, conditions, late=AT_ONCE)
        assert (first.rows, first.is_full, first.is_counted) == ((), False, False)
        again = search_readers(connection, conditions, after=first.after, late=AT_ONCE)
        third = search_readers(connection, conditions, after=again.after, late=AT_ONCE)

        assert [each.name for each in third.rows] == ["N7"]


@pytest.mark.parametrize(
    "said",
    [
        ("id-is", "1"),
        ("u.id = 1 OR 1", "1"),
        ("domain-is", "not a domain"),
        ("zone-is", "Mars/Base"),
        ("joined-since", "yesterday"),
        ("joined-since", "0001-01-01"),
        ("topic-followed", "tarde"),
        ("state-is", "active' OR '1'='1"),
        ("newsletter-is", "nothing"),
        ("name-has", "a\0b"),
        ("bounced", "yes"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_said_is_refused_before_anything_is_asked(house: House, said: tuple[str, str]) -> None:
    """Claims are of a fixed list, values of their kind."""
    with reading(house.engine) as connection, pytest.raises(BadInput):
        read_conditions([said], what_is_known(connection))
