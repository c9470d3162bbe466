"""A corrected address: the reader stays one, the log stays true, and an old file does not undo it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import text

from digest.errors import BadInput, NotFound
from digest.pipeline.addresses import address_hash
from digest.pipeline.subscribers.correct_address import correct_address
from digest.pipeline.subscribers.erase_subscriber import erase_subscriber
from digest.pipeline.subscribers.import_subscribers import Imported, import_file
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from digest.pipeline.subscribers.suppression import former_keys, suppressed_keys
from digest.store import log
from digest.store.engine import reading
from digest.store.log import Filter, LoggedAttempt, retry_failed
from tests.house import SECRET, House
from tests.sink import Do, Sink

WRONG, RIGHT, THIRD = "anna@exmaple.org", "anna@example.org", "anna@example.net"
NEW_SECRET = "n" * 32


def correct(house: House, old: str, new: str, **more: Any) -> str:
    return correct_address(house.engine, old, new, **{"secret": SECRET, "now": house.clock.now(), **more})


def bring(house: House, *addresses: str, **more: Any) -> Imported:
    content = "\n".join(["email", *addresses]).encode()
    how = {"newsletter": "daily", "now": house.clock.now(), "secret": SECRET, **more}
    return import_file(house.engine, io.BytesIO(content), **how)


def addresses(house: House) -> list[str]:
    return [row[0] for row in house.rows("SELECT address FROM subscribers ORDER BY id")]


def attempts(house: House) -> list[LoggedAttempt]:
    with reading(house.engine) as connection:
        numbers = connection.execute(text("SELECT id FROM deliveries ORDER BY id")).scalars().all()
        return [each for number in numbers for each in log.attempts(connection, number)]


def sent_to(house: House, address: str) -> list[LoggedAttempt]:
    with reading(house.engine) as connection:
        return list(log.attempts(connection, which=Filter(address=address)))


def retry(house: House) -> int:
    with house.engine.begin() as connection:
        return retry_failed(connection, Filter(), house.clock.now())


def refuse_wrong(sink: Sink) -> None:
    sink.script = lambda recipient, _count: Do.NEVER if recipient == WRONG else Do.TAKE


def test_an_old_file_does_not_bring_a_corrected_address_back(house: House) -> None:
    """Its line is reported, and the reader stays one."""
    house.reader(WRONG)
    correct(house, WRONG, RIGHT)

    found = bring(house, WRONG.upper(), RIGHT, "ben@example.org")

    assert (found.corrected, found.unchanged + found.updated, found.added) == (1, 1, 1)
    assert [(each.line, each.column, "corrected" in each.reason) for each in found.problems] == [(2, "email", True)]
    assert addresses(house) == [RIGHT, "ben@example.org"]


def test_an_address_that_was_corrected_twice_stays_away_in_both_forms(house: House) -> None:
    """The hashes add up."""
    house.reader(WRONG)
    correct(house, WRONG, THIRD)
    correct(house, THIRD, RIGHT)

    assert bring(house, WRONG, THIRD).corrected == 2
    assert addresses(house) == [RIGHT]


def test_a_correction_that_is_taken_back_makes_the_old_address_good_again(house: House) -> None:
    """Then the other one is the former."""
    house.reader(WRONG)
    correct(house, WRONG, RIGHT)
    correct(house, RIGHT, WRONG)

    found = bring(house, WRONG, RIGHT)

    assert (found.corrected, found.unchanged + found.updated) == (1, 1)
    assert addresses(house) == [WRONG]


def test_another_way_to_write_one_mailbox_is_no_former_address(house: House) -> None:
    """Upper and lower case make no difference."""
    house.reader(RIGHT)
    correct(house, RIGHT, "Anna@example.org")

    assert bring(house, RIGHT).corrected == 0
    assert house.rows("SELECT * FROM former_addresses") == []


def test_a_corrected_address_is_known_after_the_secret_was_changed(house: House) -> None:
    """Found under the earlier secret, and kept under the new one from then on."""
    house.reader(WRONG)
    correct(house, WRONG, RIGHT)

    rotated = bring(house, WRONG, secret=NEW_SECRET, previous_secret=SECRET)
    forgotten = bring(house, WRONG, secret=NEW_SECRET)

    assert (rotated.corrected, forgotten.corrected) == (1, 1)


def test_a_correction_that_fails_leaves_no_trace(house: House) -> None:
    """Nobody of that name, or somebody else's address."""
    house.reader(RIGHT)
    house.reader("ben@example.org")
    before = house.dump()

    with pytest.raises(NotFound):
        correct(house, WRONG, THIRD)
    with pytest.raises(BadInput, match="belongs to another"):
        correct(house, RIGHT, "ben@example.org")

    assert house.dump() == before


def test_the_log_tells_which_address_was_used_then(house: House, sink: Sink) -> None:
    """Refused at the wrong address, sent to the right one: two lines, two addresses."""
    refuse_wrong(sink)
    house.reader(WRONG)
    house.article()
    house.send(sink)
    correct(house, WRONG, RIGHT)

    assert retry(house) == 1
    house.dispatch(sink)

    assert [(each.recipient, each.outcome) for each in attempts(house)] == [(WRONG, "refused"), (RIGHT, "sent")]
    assert [each.address for each in house.log()] == [RIGHT]
    assert [each.address for each in house.log(address=WRONG)] == [RIGHT]
    (delivery,) = subscriber_as_json(house.engine, RIGHT)["deliveries"]
    assert [each["recipient"] for each in delivery["attempts"]] == [WRONG, RIGHT]


def test_attempts_are_found_by_the_address_they_went_to(house: House, sink: Sink) -> None:
    """The former address has its own; in the log the delivery is found by both."""
    refuse_wrong(sink)
    house.reader(WRONG)
    house.reader(THIRD)
    house.article()
    house.send(sink)
    correct(house, WRONG, RIGHT)
    retry(house)
    house.dispatch(sink)

    assert [(each.recipient, each.outcome) for each in sent_to(house, WRONG.upper())] == [(WRONG, "refused")]
    assert [(each.recipient, each.outcome) for each in sent_to(house, RIGHT)] == [(RIGHT, "sent")]
    assert [len(house.log(address=each)) for each in (WRONG, RIGHT)] == [1, 1]


def test_attempts_before_a_correction_that_nobody_retried_are_found_by_the_old_address_only(
    house: House, sink: Sink
) -> None:
    """Nothing went to the new one yet."""
    refuse_wrong(sink)
    house.reader(WRONG)
    house.article()
    house.send(sink)
    correct(house, WRONG, RIGHT)

    assert [each.outcome for each in sent_to(house, WRONG)] == ["refused"]
    assert sent_to(house, RIGHT) == []


def test_an_attempt_that_was_under_way_at_the_correction_tells_its_address_too(house: House, sink: Sink) -> None:
    """Its row is written after the correction, and kept when a new plan is asked for."""
    refuse_wrong(sink)
    house.reader(WRONG)
    house.article()
    house.plan()
    correct(house, WRONG, RIGHT)
    house.dispatch(sink)

    retry(house)
    house.dispatch(sink)

    assert [each.recipient for each in attempts(house)] == [WRONG, RIGHT]


def test_an_attempt_keeps_its_address_when_its_mail_is_planned_anew_for_another_reason(
    house: House, sink: Sink
) -> None:
    """Put off at the wrong address; then the mailbox moved on, and the new plan has the right one."""
    sink.script = lambda recipient, _count: Do.LATER if recipient == WRONG else Do.TAKE
    house.reader(WRONG)
    house.article()
    house.send(sink)
    correct(house, WRONG, RIGHT)
    house.change("UPDATE deliveries SET digest_id = NULL, state = 'ready', plan_no = 2, next_attempt_at = 0")

    house.send(sink)

    assert [(each.recipient, each.outcome) for each in attempts(house)] == [(WRONG, "deferred"), (RIGHT, "sent")]


def test_an_erased_reader_comes_back_by_no_address_they_ever_had(house: House, sink: Sink) -> None:
    """Former addresses are suppressed with the last one, and nothing ties the hashes to a row."""
    refuse_wrong(sink)
    house.reader(WRONG)
    house.article()
    house.send(sink)
    correct(house, WRONG, RIGHT)

    erase_subscriber(house.engine, RIGHT, secret=SECRET, now=house.clock.now())
    found = bring(house, WRONG, RIGHT)

    assert (found.suppressed, found.added) == (2, 0)
    assert house.rows("SELECT * FROM former_addresses") == []
    assert [each.recipient for each in attempts(house)] == [""]
    assert "anna" not in "".join(map(str, house.dump()))


def test_my_data_tells_of_the_correction(house: House) -> None:
    """The hash and when; the old address itself is not kept."""
    house.reader(WRONG)
    correct(house, WRONG, RIGHT)

    (former,) = subscriber_as_json(house.engine, RIGHT)["former_addresses"]

    assert former == {"address_hash": address_hash(SECRET, WRONG), "at": house.clock.now().isoformat()}


def test_a_suppression_and_a_correction_are_two_things(house: House) -> None:
    """One hash, two lists; each lookup sees its own."""
    house.reader(WRONG)
    correct(house, WRONG, RIGHT)

    with house.engine.begin() as connection:
        assert suppressed_keys(connection, [WRONG], [SECRET]) == {}
        assert list(former_keys(connection, [WRONG, RIGHT], [SECRET])) == [WRONG]
