"""A newsletter that meets too many dead addresses, or too many who complain, stops by itself and says so."""

from __future__ import annotations

import pytest

from digest.errors import BadInput, NotFound
from digest.pipeline.hearing.guard import resume_newsletter
from digest.pipeline.hearing.hear import hear
from digest.pipeline.hearing.hear_replies import hear_replies
from digest.store.engine import reading
from digest.store.guarding import paused_newsletters
from digest.tokens import Purpose
from tests.feedback.reports import complaint
from tests.house import House
from tests.sink import Do, Sink


def readers(house: House, dead: int, alive: int) -> None:
    house.readers([{"email": f"{kind}{n}@example.net", "topics": "trade"}
                   for kind, count in (("dead", dead), ("reader", alive)) for n in range(count)])  # fmt: skip


def send(house: House, sink: Sink) -> None:
    sink.script = lambda recipient, _number: Do.NEVER if recipient.startswith("dead") else Do.TAKE
    house.move(days=1)
    house.article("trade")
    house.send(sink)


def paused(house: House) -> dict[str, str]:
    with reading(house.engine) as connection:
        return paused_newsletters(connection)


def complaints(house: House, count: int) -> list[bytes]:
    rows = house.rows("SELECT id FROM deliveries WHERE state = 'sent' ORDER BY id DESC")[:count]
    tags = [house.installation.tokens.make(Purpose.BOUNCE, row[0]) for row in rows]
    return [complaint("abuse", f"Original-Envelope-Id: {tag}") for tag in tags]


def test_a_list_with_too_many_dead_addresses_pauses_its_newsletter(house: House, sink: Sink):
    """Twelve of sixty; the next edition is planned, and waits for a person."""
    readers(house, 12, 48)
    send(house, sink)

    judged = hear_replies(house.installation)
    send(house, sink)

    assert judged.paused == (
        (
            "daily is paused: 12 of the 60 readers whom daily/2026-11-23 reached have a dead address (more than 5%)."
            " See who they are, then: digest resume daily"
        ),
    )
    assert house.rows("SELECT state FROM editions ORDER BY id") == [("finished",), ("paused",)]
    assert len(sink.mails) == 48


@pytest.mark.parametrize(("dead", "alive"), [(9, 20), (10, 190)], ids=["fewer than ten", "five percent"])
def test_a_few_dead_addresses_are_no_reason(house: House, sink: Sink, dead: int, alive: int):
    """They are suppressed, and that is all."""
    readers(house, dead, alive)
    send(house, sink)

    hear_replies(house.installation)

    assert not paused(house)


@pytest.mark.parametrize(("count", "stops"), [(2, False), (3, True)], ids=["two", "three"])
def test_complaints_above_a_tenth_of_a_percent_pause_it(house: House, sink: Sink, count: int, stops: bool):
    """Three of thirty; two may be an accident."""
    readers(house, 0, 30)
    send(house, sink)

    heard = hear(house.installation, complaints(house, count))

    assert bool(heard.paused) is stops
    assert list(paused(house)) == ["daily"] * stops


def test_another_newsletter_goes_on(house: House, sink: Sink):
    """What one list is does not stop the other."""
    house.newsletter("weekly")
    readers(house, 12, 0)
    house.reader("ann@example.net", "weekly")
    send(house, sink)
    hear_replies(house.installation)

    house.plan("weekly")
    house.dispatch(sink)

    assert list(paused(house)) == ["daily"]
    assert [mail.recipient for mail in sink.mails] == ["ann@example.net"]


def test_a_person_lets_it_go_on_and_is_not_asked_about_the_same_again(house: House, sink: Sink):
    """What waited goes out; one more complaint about the edition that was looked at pauses nothing."""
    readers(house, 0, 30)
    send(house, sink)
    hear(house.installation, complaints(house, 3))
    send(house, sink)
    house.move(minutes=1)

    because, waiting = resume_newsletter(house.installation, "daily")
    hear(house.installation, complaints(house, 4))
    house.dispatch(sink)

    assert "3 of the 30 readers whom daily/2026-11-23 reached complained" in because
    assert waiting == 27
    assert not paused(house)
    assert len(sink.mails) == 30 + 26


def test_a_newsletter_that_runs_cannot_be_resumed(house: House):
    """Nor one that nobody has."""
    with pytest.raises(BadInput, match="daily is not paused"):
        resume_newsletter(house.installation, "daily")
    with pytest.raises(NotFound, match="no newsletter 'nightly'"):
        resume_newsletter(house.installation, "nightly")
