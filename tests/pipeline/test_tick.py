"""The tick: every reader gets the mail at their own hour, whatever happened in between."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
import structlog.testing

from digest.model.newsletter import Schedule
from digest.pipeline import tick
from digest.pipeline.tick import plan_due, send_due
from digest.store.lock import sender_lock
from tests.sink import Do

ZONES = {
    "seoul@example.org": ("Asia/Seoul", "", datetime(2026, 11, 23, 22, 0, tzinfo=UTC)),
    "berlin@example.org": ("Europe/Berlin", "", datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
    "early@example.org": ("Europe/Berlin", "05:30", datetime(2026, 11, 24, 4, 30, tzinfo=UTC)),
    "kathmandu@example.org": ("Asia/Kathmandu", "", datetime(2026, 11, 24, 1, 15, tzinfo=UTC)),
    "denver@example.org": ("America/Denver", "", datetime(2026, 11, 24, 14, 0, tzinfo=UTC)),
}
EVENING = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


@pytest.fixture
def readers(house):
    """Give readers in five zones, subscribed before their hour, and something to read."""
    house.clock.at = EVENING
    for address, (zone, hour, _) in ZONES.items():
        house.reader(address, timezone=zone, send_at=hour)
    house.article("trade")
    return house


def tick_to(house, sink, moment):
    """Let the clock show *moment* and look what is due; return who got mail by that."""
    before = len(sink.mails)
    house.clock.at = moment
    plan_due(house.installation)
    send_due(house.installation, house.sending(sink))
    return {mail.recipient for mail in sink.mails[before:]}


def test_every_reader_gets_the_mail_at_their_own_hour(readers, sink):
    """Not a minute before, and by the first tick after."""
    for address, (_, _, due) in sorted(ZONES.items(), key=lambda item: item[1][2]):
        before = tick_to(readers, sink, due - timedelta(seconds=1))
        at = tick_to(readers, sink, due)

        assert (before, at) == (set(), {address})

    assert len(sink.mails) == len(ZONES)
    assert set(readers.states().values()) == {"sent"}


def test_ticks_in_between_and_again_send_nothing_twice(readers, sink):
    """Every five seconds for a day would be 17,280 ticks; every half hour shows the same."""
    at = EVENING
    while at < EVENING + timedelta(hours=24):
        tick_to(readers, sink, at)
        at += timedelta(minutes=30)

    assert sorted(mail.recipient for mail in sink.mails) == sorted(ZONES)


def test_each_edition_is_named_by_the_readers_calendar(readers, sink):
    """Seoul's Tuesday begins while it is Monday in London."""
    tick_to(readers, sink, EVENING + timedelta(hours=24))

    assert {each.edition for each in readers.log()} == {"daily/2026-11-24"}


def test_after_an_outage_one_mail_stands_for_several(readers, sink):
    """Three days off: one mail with what is newest, no three mails at once."""
    tick_to(readers, sink, EVENING + timedelta(hours=20))
    sink.clear()
    readers.move(days=2)
    readers.article("trade")

    got = tick_to(readers, sink, EVENING + timedelta(days=3, hours=19))

    assert len(sink.mails) == len(got)
    assert len(got) <= len(ZONES)
    assert sink.mails


def test_a_reader_whose_slot_lies_too_far_back_waits_for_the_next(house, sink):
    """Breakfast news at midnight is no news; the next slot brings the same articles."""
    house.newsletter("daily", max_late=timedelta(hours=2))
    house.clock.at = EVENING
    house.reader("ada@example.org", timezone="Europe/Berlin")
    house.article("trade")

    late = tick_to(house, sink, datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    states = house.states()
    next_day = tick_to(house, sink, datetime(2026, 11, 25, 6, 0, tzinfo=UTC))

    assert (late, states) == (set(), {"ada@example.org": "skipped(missed)"})
    assert next_day == {"ada@example.org"}


def test_a_newsletter_at_one_hour_for_all_goes_to_all_at_once(house, sink):
    """Its zone is its own."""
    house.newsletter("daily", schedule=Schedule(days=(0, 1, 2, 3, 4), at=time(9), zone="Asia/Tokyo"))
    house.clock.at = EVENING
    for address, (zone, _, _) in ZONES.items():
        house.reader(address, timezone=zone)
    house.article("trade")

    before = tick_to(house, sink, datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC))
    at = tick_to(house, sink, datetime(2026, 11, 24, 0, 0, tzinfo=UTC))

    assert (before, at) == (set(), set(ZONES))


def test_what_a_server_put_off_goes_with_a_later_tick(readers, sink):
    """The row has a time; until then nothing is tried."""
    sink.script = lambda recipient, number: Do.LATER if number == 1 else Do.TAKE
    due = ZONES["berlin@example.org"][2]
    tick_to(readers, sink, due)
    deferred = readers.states()["berlin@example.org"]

    soon = tick_to(readers, sink, due + timedelta(seconds=30))
    later = tick_to(readers, sink, due + timedelta(hours=2))

    assert deferred == "deferred"
    assert "berlin@example.org" not in soon
    assert "berlin@example.org" in later


def test_a_newsletter_that_cannot_be_planned_holds_up_no_other(house, sink):
    """A template that an editor broke is one newsletter's trouble; it is told at every tick."""
    house.clock.at = EVENING
    house.newsletter("aaa", template="not-there")
    house.reader("ada@example.org", "aaa", timezone="Europe/Berlin")
    house.reader("ben@example.org", "daily", timezone="Europe/Berlin")
    house.article("trade")

    with structlog.testing.capture_logs() as lines:
        got = tick_to(house, sink, datetime(2026, 11, 24, 6, 0, tzinfo=UTC))
    house.newsletter("aaa", template="digest")
    mended = tick_to(house, sink, datetime(2026, 11, 24, 6, 1, tzinfo=UTC))

    assert got == {"ben@example.org"}
    assert [line["newsletter"] for line in lines if line["event"] == "planning_failed"] == ["aaa"]
    assert mended == {"ada@example.org"}


@pytest.mark.sqlite
def test_a_tick_stands_back_while_somebody_else_sends(readers, sink):
    """`digest send` at the same time: what it leaves is due at the next tick."""
    due = ZONES["berlin@example.org"][2]
    with sender_lock(readers.engine, readers.installation.state_folder):
        meanwhile = tick_to(readers, sink, due)

    after = tick_to(readers, sink, due + timedelta(seconds=5))

    assert meanwhile == set()
    assert "berlin@example.org" in after


def test_a_tick_with_nothing_due_asks_little_and_writes_nothing(readers, sink, monkeypatch):
    """It runs every few seconds for years."""
    tick_to(readers, sink, EVENING)
    before = readers.dump()
    monkeypatch.setattr(tick, "dispatch", lambda *a, **k: pytest.fail("looked for a sender"))

    with readers.statements() as statements:
        tick_to(readers, sink, EVENING + timedelta(seconds=5))

    assert readers.dump() == before
    assert len(statements) <= 17


def test_a_reader_who_left_a_moment_ago_gets_nothing(readers, sink):
    """Leaving between two ticks counts at the next."""
    readers.leave("berlin@example.org")

    got = tick_to(readers, sink, ZONES["berlin@example.org"][2])

    assert "berlin@example.org" not in got


def test_a_mail_server_that_is_away_ends_no_tick(readers, sink):
    """It is told in the log, the rows wait, and the next tick goes on."""
    with structlog.testing.capture_logs() as lines:
        sending = readers.sending(sink)
        sink.__exit__(None, None, None)
        readers.clock.at = ZONES["seoul@example.org"][2]
        plan_due(readers.installation)
        send_due(readers.installation, sending)
    sink.__enter__()

    later = tick_to(readers, sink, ZONES["seoul@example.org"][2] + timedelta(hours=1))

    (line,) = [line for line in lines if line["event"] == "dispatched"]
    assert "is away" in line["stopped_by"]
    assert later == {"seoul@example.org"}


def test_an_edition_in_which_nobody_gets_anything_is_finished_by_the_planning(house, sink):
    """No sending will come to close it; the list of editions would show it as open for days."""
    house.clock.at = EVENING
    house.reader("ada@example.org", timezone="Europe/Berlin")

    tick_to(house, sink, datetime(2026, 11, 24, 6, 0, tzinfo=UTC))

    assert house.states() == {"ada@example.org": "skipped(nothing_new)"}
    assert house.rows("SELECT state FROM editions") == [("finished",)]


def test_readers_whose_hour_comes_while_a_sending_runs_get_their_mail_from_it(readers, sink):
    """Berlin's hour comes while Kathmandu's mail is on the wire: planning does not wait for its end."""

    def the_hour_comes(mail):
        if len(sink.mails) == 1:
            readers.clock.at = ZONES["early@example.org"][2]
            plan_due(readers.installation)

    sink.on_mail = the_hour_comes
    readers.clock.at = ZONES["kathmandu@example.org"][2]
    plan_due(readers.installation)
    send_due(readers.installation, readers.sending(sink, 1))

    assert {"kathmandu@example.org", "early@example.org"} <= {mail.recipient for mail in sink.mails}


def test_mail_planned_into_an_edition_that_was_just_finished_is_sent(readers, sink):
    """A sending ended, and closed the edition, between the opening of the next slot and the writing of its rows."""
    readers.clock.at = ZONES["berlin@example.org"][2]
    plan_due(readers.installation)
    readers.change("UPDATE editions SET state = 'finished'")
    send_due(readers.installation, readers.sending(sink))

    assert "berlin@example.org" in {mail.recipient for mail in sink.mails}
    assert readers.rows("SELECT DISTINCT state FROM editions") == [("finished",)]
