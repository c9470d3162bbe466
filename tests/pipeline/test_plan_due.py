"""Who is due when: each reader at their own hour and zone, whatever was missed, paused or sent by hand."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from digest.model.newsletter import Schedule
from digest.pipeline.plan import Who
from digest.pipeline.subscribe import pause, resume
from tests.house import House
from tests.pipeline.people import ANNA, BEN, CHO, DAN, choices, told
from tests.sink import Sink


def test_each_reader_gets_the_mail_at_their_own_hour_and_zone(house: House, sink: Sink):
    """07:00 in Tokyo, in London at an own 09:30, in New York: three slots of one day, none of them early."""
    house.clock.at = datetime(2026, 11, 22, 20, tzinfo=UTC)
    house.article("trade")
    house.reader(CHO, timezone="Asia/Tokyo")
    house.reader(BEN, timezone="Europe/London", send_at="09:30")
    house.reader(DAN, timezone="America/New_York")
    got: dict[str, datetime] = {}
    for _ in range(100):
        house.move(minutes=15)
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        for mail in sink.mails:
            got.setdefault(mail.recipient, house.clock.now())

    assert got == {
        CHO: datetime(2026, 11, 22, 22, tzinfo=UTC),
        BEN: datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        DAN: datetime(2026, 11, 23, 12, tzinfo=UTC),
    }
    assert len(sink.mails) == 3
    assert len(house.rows("SELECT id FROM editions")) == 1, "all of them are the edition of one local date"


def test_a_weekly_letter_goes_out_on_its_day_only(house: House, sink: Sink):
    """And takes what came all week."""
    house.newsletter("weekly", schedule=Schedule(days=(4,), at=time(8)))
    house.reader(ANNA, "weekly")
    house.move(hours=3)
    days = []
    for day in range(14):
        house.article("trade", f"Tariff {day:02}")
        house.plan("weekly", Who.DUE)
        house.dispatch(sink)
        days += [house.clock.now().strftime("%a")] * (len(sink.mails) - len(days))
        house.move(days=1)

    assert days == ["Fri", "Fri"]
    assert [len(each) for each in told(house, sink)] == [4, 7], "Friday's own comes after Friday's slot"


def test_days_that_were_missed_become_one_mail(house: House, sink: Sink):
    """Down for three days, back at ten: one mail with everything (C7)."""
    house.reader(ANNA)
    house.plan(who=Who.DUE)
    for day in range(3):
        house.article("trade", f"Tariff {day}")
        house.move(days=1)
    house.move(hours=4)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert told(house, sink) == [["Tariff 0", "Tariff 1", "Tariff 2"]]
    assert reasons(house) == ["coalesced", "coalesced", "coalesced", "sent"]


def test_what_came_while_nobody_planned_is_logged_once_for_each_reader_and_day(house: House):
    """Not for who joined meanwhile; a break is told as one; planning again adds nothing; the editions are finished."""
    house.clock.at -= timedelta(days=1)
    for address in (ANNA, BEN, CHO):
        house.reader(address)
    pause(house.installation, choices(house, BEN), house.clock.now() + timedelta(days=2, hours=3), source="test")
    house.move(days=2, hours=2)
    house.reader(DAN)
    house.article("trade")
    house.move(days=2)
    first = house.plan(who=Who.DUE)
    before = house.dump()
    again = house.plan(who=Who.DUE)
    house.change("UPDATE cadences SET next_slot_at = next_slot_at - 432000000000")
    late = house.plan(who=Who.DUE)

    assert {who: reasons(house, who) for who in (ANNA, BEN, DAN)} == {
        ANNA: ["coalesced", "coalesced", "coalesced", "coalesced", "ready"],
        BEN: ["paused", "paused", "paused", "coalesced", "ready"],
        DAN: ["coalesced", "ready"],
    }
    assert (first.ready, dict(first.skipped)) == (4, {"coalesced": 10, "paused": 3})
    assert (dict(again.skipped), dict(late.skipped)) == ({}, {})
    assert before.count("'finished'") == 4


def test_after_a_year_without_planning_a_month_is_logged(house: House):
    """One mail, and a log that somebody can read."""
    house.reader(ANNA)
    house.move(days=365)
    house.article("trade")
    house.move(hours=2)
    house.plan(who=Who.DUE)

    assert reasons(house) == ["coalesced"] * 31 + ["ready"]


def test_a_day_that_an_editor_cancelled_is_not_said_to_be_in_a_later_mail(house: House):
    """Nor is one that is on hold."""
    house.reader(ANNA)
    house.change(
        "INSERT INTO editions (newsletter_id, period, state, created_at)"
        " VALUES (1, '2026-11-24', 'cancelled', 0), (1, '2026-11-25', 'paused', 0)"
    )
    house.article("trade")
    house.move(days=3, hours=2)
    house.plan(who=Who.DUE)

    assert reasons(house) == ["coalesced", "ready"]


def reasons(house: House, address: str = ANNA) -> list[str]:
    """Return what became of each slot of a reader, earliest first."""
    found = house.rows(
        "SELECT CASE WHEN reason = '' THEN state ELSE reason END FROM deliveries WHERE address = :a ORDER BY slot_at",
        a=address,
    )
    return [said for (said,) in found]


def test_a_slot_that_is_much_too_late_is_missed_and_the_next_has_everything(house: House, sink: Sink):
    """Back at nine in the evening, fourteen hours late (C8); the log says so."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.move(hours=15)
    house.plan(who=Who.DUE)
    missed = house.states()
    house.article("trade", "Tariff two")
    house.move(hours=11)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert missed == {ANNA: "skipped(missed)"}
    assert told(house, sink) == [["Tariff one", "Tariff two"]]


def test_a_person_can_send_what_the_tick_missed(house: House, sink: Sink):
    """`digest send` serves whoever was not served, for whatever reason."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.move(hours=15)
    house.plan(who=Who.DUE)
    house.send(sink)

    assert told(house, sink) == [["Tariff one"]]


def test_who_pauses_is_skipped_and_gets_later_what_they_missed(house: House, sink: Sink):
    """The log has the reason for each day; the pause ends by itself."""
    house.reader(ANNA)
    pause(house.installation, choices(house, ANNA), house.clock.now() + timedelta(days=2), source="test")
    house.move(hours=2)
    for day in range(3):
        house.article("trade", f"Tariff {day}", at=house.clock.now() - timedelta(hours=3))
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        house.move(days=1)

    assert [f"{each.state} {each.reason}".strip() for each in house.log()] == [
        "sent",
        "skipped paused",
        "skipped paused",
    ]
    assert told(house, sink) == [["Tariff 0", "Tariff 1", "Tariff 2"]]


def test_who_resumes_on_the_same_day_is_served_by_the_next_send(house: House, sink: Sink):
    """They were skipped, not served."""
    house.reader(ANNA)
    house.article("trade")
    pause(house.installation, choices(house, ANNA), house.clock.now() + timedelta(days=9), source="test")
    house.send(sink)
    skipped = house.states()
    resume(house.installation, choices(house, ANNA), source="test")
    house.send(sink)

    assert (skipped, house.states()) == ({ANNA: "skipped(paused)"}, {ANNA: "sent"})


def test_a_send_for_a_day_to_come_ends_no_pause(house: House, sink: Sink):
    """The pause is over by the clock, not by what a person asks to see planned."""
    house.reader(ANNA)
    house.article("trade")
    pause(house.installation, choices(house, ANNA), house.clock.now() + timedelta(days=5), source="test")
    house.plan(at=house.clock.now() + timedelta(days=7))
    house.dispatch(sink)

    assert (house.states(), sink.mails) == ({ANNA: "skipped(paused)"}, [])
    assert choices(house, ANNA).agreement.state == "paused"


def test_who_joins_after_a_slot_that_comes_too_late_has_missed_nothing(house: House):
    """The log speaks of those who were readers then, and of those who had not just come back."""
    house.reader(ANNA)
    house.reader(CHO)
    house.leave(CHO)
    house.article("trade")
    house.move(hours=10)
    house.reader(BEN)
    resume(house.installation, choices(house, CHO), source="test")
    house.move(hours=5)
    planned = house.plan(who=Who.DUE)

    assert house.states() == {ANNA: "skipped(missed)"}
    assert dict(planned.skipped) == {"missed": 1}


def test_everyone_gets_todays_edition_before_their_hour_and_not_again_at_it(house: House, sink: Sink):
    """`send --everyone`; the tick finds nobody left."""
    house.reader(ANNA, send_at="22:00")
    house.article("trade")
    house.send(sink, who=Who.EVERYONE)
    house.move(hours=17)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert len(sink.mails) == 1


def test_yesterdays_edition_never_comes_after_todays(house: House, sink: Sink):
    """Who had today's before its hour by `send --everyone` gets nothing older by the next `send`."""
    house.reader(ANNA, send_at="22:00")
    house.article("trade")
    house.send(sink, who=Who.EVERYONE)
    house.article("trade")
    house.send(sink, who=Who.LATEST)

    assert [mail.recipient for mail in sink.mails] == [ANNA]
    assert len(house.log()) == 1


def test_who_moves_to_another_zone_gets_one_mail_a_day(house: House, sink: Sink):
    """The edition is that of the local date, wherever it is."""
    house.reader(ANNA, timezone="Asia/Tokyo")
    house.clock.at = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
    house.article("trade")
    house.plan(who=Who.DUE)
    house.dispatch(sink)
    house.reader(ANNA, timezone="America/New_York")
    house.article("trade")
    house.clock.at = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert [each.state for each in house.log()] == ["sent"]
