"""Joined mails where something comes in between: parts that do not fit, readers who leave, who move, who are erased."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep

import pytest

from digest.model.newsletter import Limits
from digest.pipeline.subscribers.erase_subscriber import erase_subscriber
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from digest.pipeline.tick import plan_due
from digest.store import approvals, dispatching
from digest.store.editions import count_waiting, find_edition
from digest.store.engine import reading
from digest.store.moved import movers
from digest.store.parts import part_ways
from digest.store.planning import fill_scope
from digest.store.tables import to_micros
from tests.house import SECRET, House
from tests.pipeline.happenings import add, fates
from tests.pipeline.test_joined import ANN, SEVEN, comment, tick, told, two_letters, with_events
from tests.sink import Do, Sink

LITTLE = 12_000  #: bytes that hold one article, and not a second newsletter's beside it


def both_told(house: House) -> None:
    """Ann has alpha and beta at 07:00, both with something new."""
    two_letters(house, SEVEN)
    house.article("trade")
    house.article("energy")


@pytest.mark.sqlite
def test_a_part_that_never_fits_gives_way_once_and_then_comes_by_itself(house: House, sink: Sink) -> None:
    """Each day's part stands for that of the day before, and would give way again, for ever."""
    two_letters(house, SEVEN)
    house.newsletter("alpha", limits=Limits(max_html_bytes=LITTLE))
    for day in range(2):
        for topic in ("trade", "energy"):
            house.article(topic, deck=" ".join(f"{topic}{day}{number}" for number in range(100)))
        tick(house, sink, 1 if not sink.mails else 24)

    assert told(house, sink)[0] == ["Tariff story 1"]
    assert sorted(told(house, sink)[1:]) == [["Solar story 2", "Solar story 4"], ["Tariff story 3"]]


def test_a_doubtful_mail_is_not_repeated_to_who_left_a_part_of_it(house: House) -> None:
    """It stays in doubt: repeated as it was it would bring what they left."""
    with Sink(lambda _recipient, number: Do.LOSE_REPLY if number == 1 else Do.TAKE) as sink:
        both_told(house)
        tick(house, sink, 1)

        house.leave(ANN, "beta")
        tick(house, sink, 1, 1)

        assert len(sink.mails) == 1
        assert house.states("alpha/2026-11-23") == {ANN: "in_doubt"}


@pytest.mark.postgres
def test_a_mail_that_is_claimed_while_it_is_taken_apart_keeps_its_parts(house: House) -> None:
    """Whoever is first decides: its events are told once."""
    with_events(house)
    house.article("trade")
    add(house, comment("a"))
    house.move(hours=1)
    plan_due(house.installation)
    now = house.clock.now()
    with ThreadPoolExecutor(1) as pool:
        with house.engine.begin() as claiming:
            until = now + timedelta(minutes=1)
            (claim,) = dispatching.claim(
                claiming, worker="one", newsletter_id=None, limit=1, now=now, lease_until=until
            )
            house.leave(ANN, "comments")
            apart = pool.submit(_take_apart, house)
            sleep(0.3)
        apart.result(20)

    assert house.rows("SELECT state, digest_id IS NULL FROM deliveries WHERE id = :id", id=claim.delivery_id) == [
        ("claimed", False)
    ]
    assert house.states("comments") == {ANN: "skipped(together)"}
    assert house.rows("SELECT outcome FROM events") == [("gathered",)]


def _take_apart(house: House) -> None:
    with house.engine.begin() as connection:
        part_ways(connection, house.clock.now())


@pytest.mark.sqlite
def test_an_erased_reader_leaves_no_words_of_a_mail_that_was_made_anew(house: House) -> None:
    """Its first digest belongs to no delivery any more; articles stay in the mails of others."""
    with_events(house)
    house.reader("ben@example.org", "alpha")
    house.article("trade")
    add(house, comment("a", on="secretive"), comment("b"))
    house.move(hours=1)
    plan_due(house.installation)
    add(house, {"stream": "comments", "cancel": "a"})
    plan_due(house.installation)

    erase_subscriber(house.engine, ANN, secret=SECRET, now=house.clock.now())

    assert "secretive" not in house.dump().lower()
    with Sink() as sink:
        house.dispatch(sink)
        assert [mail.recipient for mail in sink.mails] == ["ben@example.org"]


@pytest.mark.sqlite
def test_what_waited_to_be_joined_waits_no_more_when_its_reader_is_erased(house: House, sink: Sink) -> None:
    """Nobody looks for it at each tick."""
    two_letters(house)
    house.article("trade")
    house.article("energy")
    tick(house, sink, 1, 2)

    erase_subscriber(house.engine, ANN, secret=SECRET, now=house.clock.now())

    assert house.rows("SELECT COUNT(*) FROM deliveries WHERE waits_until IS NOT NULL") == [(0,)]


@pytest.mark.sqlite
def test_what_waited_to_be_joined_waits_no_more_when_its_approval_comes_too_late(house: House, sink: Sink) -> None:
    """The row has its reason."""
    two_letters(house)
    house.article("trade")
    house.article("energy")
    tick(house, sink, 1, 2)
    (row,) = house.rows("SELECT edition_id, slot_at FROM deliveries WHERE waits_until IS NOT NULL")

    with house.engine.begin() as connection:
        approvals.lapse(connection, row[0], row[1], house.clock.now())

    assert house.rows("SELECT COUNT(*) FROM deliveries WHERE waits_until IS NOT NULL") == [(0,)]


@pytest.mark.sqlite
def test_a_part_was_the_last_mail_of_a_reader_who_moves(house: House, sink: Sink) -> None:
    """T19: the next slot lies too near to it, whichever newsletter's name the mail had."""
    both_told(house)
    tick(house, sink, 1)
    house.change("UPDATE subscriptions SET moved_at = :now", now=to_micros(house.clock.now()))
    cadences = [row[0] for row in house.rows("SELECT DISTINCT cadence_id FROM subscriptions")]
    with house.engine.begin() as connection:
        fill_scope(connection, cadences)
        found = movers(connection, house.clock.now() + timedelta(hours=8))

    assert len(found) == len(cadences)


@pytest.mark.sqlite
def test_an_edition_whose_rows_are_all_parts_of_other_mails_is_told_to_wait(house: House, sink: Sink) -> None:
    """While they wait to be joined, and while the mail waits; not when it has gone."""
    both_told(house)
    house.move(hours=1)
    plan_due(house.installation)
    planned = waiting(house)

    house.dispatch(sink)

    assert (planned, waiting(house)) == (1, 0)


def waiting(house: House, name: str = "beta/2026-11-23") -> int:
    with reading(house.engine) as connection:
        return count_waiting(connection, find_edition(connection, name))


def test_what_is_cancelled_while_its_mail_is_on_the_way_is_not_in_the_next_attempt(house: House) -> None:
    """The server puts the mail off: it is made anew. Who asked was told that it may be too late."""
    answers = []

    def script(_recipient: str, number: int) -> Do:
        if number == 1:
            answers.extend(add(house, {"stream": "comments", "cancel": "a"}))
        return Do.LATER if number == 1 else Do.TAKE

    with Sink(script) as sink:
        with_events(house)
        house.article("trade")
        add(house, comment("a"), comment("b", on="milk"))
        tick(house, sink, 1, 1)

        (mail,) = sink.mails
        assert [each.reason for each in answers] == ["nothing_to_cancel"]
        assert "Tea" not in mail.html
        assert "Ben commented on Milk" in mail.html
        assert fates(house)["a"] == "cancelled"


def test_a_mail_whose_only_event_is_cancelled_on_the_way_does_not_come_again(house: House) -> None:
    """Its own mail, not a part of another's."""

    def script(_recipient: str, number: int) -> Do:
        if number == 1:
            add(house, {"stream": "comments", "cancel": "a"})
        return Do.LATER

    with Sink(script) as sink:
        with_events(house)
        house.leave(ANN, "alpha")
        add(house, comment("a"))
        tick(house, sink, 1, 1)

        assert sink.tries[ANN] == 1
        assert fates(house) == {"a": "cancelled"}
        assert house.states("comments") == {ANN: "skipped(nothing_new)"}


def test_sending_one_newsletter_sends_the_mails_that_it_is_a_part_of(house: House, sink: Sink) -> None:
    """Beta is in alpha's mail, which was planned and has not left."""
    both_told(house)
    house.move(hours=1)
    plan_due(house.installation)

    house.send(sink, "beta")

    assert told(house, sink) == [["Solar story 2", "Tariff story 1"]]


@pytest.mark.sqlite
def test_the_log_names_the_mail_that_a_part_is_in(house: House, sink: Sink) -> None:
    """By the number of its delivery; so does what is shown of the reader, who wants it so."""
    both_told(house)
    tick(house, sink, 1)

    (part,), (mail,) = house.log(edition="beta"), house.log(edition="alpha")

    assert (part.reason, part.part_of) == ("together", mail.delivery_id)
    assert subscriber_as_json(house.engine, ANN)["joins"] == ["newsletters"]
