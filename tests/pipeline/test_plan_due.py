"""Who is due when: each reader at their own hour and zone, whatever was missed, paused or sent by hand."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from digest.model.newsletter import Schedule
from digest.pipeline.planning.plan import Who
from digest.pipeline.reading.subscribe import pause, resume
from digest.scheduling.zones import zones_version
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


def moves(house: House, sink: Sink, before: str, after: str, at: str, until: str) -> list[str]:
    """Have Anna move from one zone to another *at* an instant, with news every hour; return when she had mail."""
    house.reader(ANNA, timezone=before)
    got: list[str] = []
    end, moving = utc(until), utc(at)
    while house.clock.now() < end:
        house.article("trade", at=house.clock.now() - timedelta(minutes=1))
        if house.clock.now() == moving:
            house.reader(ANNA, timezone=after)
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        got += [f"{house.clock.now():%d %H}h"] * (len(sink.mails) - len(got))
        house.move(hours=1)
    return got


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_who_moves_west_gets_the_mail_of_the_day_that_begins_again(house: House, sink: Sink):
    """T18: Tokyo to Los Angeles; sixteen hours after the last mail, in an edition named by its instant."""
    house.clock.at = utc("2026-05-31T20:00")
    got = moves(house, sink, "Asia/Tokyo", "America/Los_Angeles", "2026-05-31T23:00", "2026-06-02T16:00")

    assert got == ["31 22h", "01 14h", "02 14h"]
    assert house.rows("SELECT period FROM editions ORDER BY period") == [
        ("2026-06-01",),
        ("2026-06-01T14:00Z",),
        ("2026-06-02",),
    ]


def test_who_moves_east_gets_no_second_mail_eight_hours_later(house: House, sink: Sink):
    """T19: Los Angeles to Tokyo; the log says why, and the next day has everything."""
    house.clock.at = utc("2026-06-01T13:00")
    got = moves(house, sink, "America/Los_Angeles", "Asia/Tokyo", "2026-06-01T15:00", "2026-06-03T23:00")

    assert got == ["01 14h", "02 22h", "03 22h"]
    assert reasons(house) == ["sent", "zone_changed", "sent", "sent"]
    assert house.rows("SELECT period FROM editions ORDER BY period") == [
        ("2026-06-01",),
        ("2026-06-02",),
        ("2026-06-03",),
        ("2026-06-04",),
    ]


def test_a_date_that_a_move_leaves_out_is_in_the_log(house: House, sink: Sink):
    """An evening mail, from Los Angeles to Tokyo: the evening was over there and still to come here."""
    house.newsletter(schedule=Schedule(at=time(20)))
    house.clock.at = utc("2026-06-01T02:00")
    got = moves(house, sink, "America/Los_Angeles", "Asia/Tokyo", "2026-06-01T12:00", "2026-06-02T12:00")

    assert got == ["01 03h", "02 11h"]
    assert reasons(house) == ["sent", "zone_changed", "sent"]


def test_who_names_another_hour_on_the_same_day_has_had_the_mail_of_the_day(house: House, sink: Sink):
    """Only a day that begins again has a second one."""
    house.reader(ANNA, send_at="06:30")
    house.article("trade")
    house.move(hours=1)
    house.plan(who=Who.DUE)
    house.dispatch(sink)
    house.reader(ANNA, send_at="20:00")
    house.article("trade")
    house.move(hours=13, minutes=30)
    house.plan(who=Who.DUE)

    assert reasons(house) == ["sent"]


def test_a_weekly_letter_that_is_two_days_late_still_comes(house: House, sink: Sink):
    """Half a week is not too late for it; a month without planning loses nothing that has not expired (C9)."""
    house.newsletter("weekly", schedule=Schedule(days=(0,)))
    house.reader(ANNA, "weekly")
    house.article("trade", "Tariff one")
    house.move(days=9)
    house.plan("weekly", Who.DUE)
    house.dispatch(sink)

    assert told(house, sink) == [["Tariff one"]]
    assert reasons(house) == ["coalesced", "sent"]


def test_each_reader_has_their_own_frequency(house: House, sink: Sink):
    """Half a month: daily, weekdays, two days, weekly, monthly and every twelve hours, of one newsletter."""
    house.clock.at = utc("2026-11-16T00:00")
    often = {
        "daily@example.org": "",
        "weekdays@example.org": "weekdays",
        "days@example.org": "mon|thu",
        "weekly@example.org": "weekly fri",
        "monthly@example.org": "monthly 31",
        "hours@example.org": "every 12 hours",
    }
    for address, frequency in often.items():
        house.reader(address, frequency=frequency)
    while house.clock.now() < utc("2026-12-01T00:00"):
        house.article("trade", at=house.clock.now() - timedelta(minutes=1))
        house.move(hours=7)
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        house.article("trade", at=house.clock.now() - timedelta(minutes=1))
        house.move(hours=12)
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        house.move(hours=5)

    assert {who: len(sink.to(who)) for who in often} == {
        "daily@example.org": 15,
        "weekdays@example.org": 11,
        "days@example.org": 5,
        "weekly@example.org": 2,
        "monthly@example.org": 1,
        "hours@example.org": 30,
    }
    periods = {period for (period,) in house.rows("SELECT period FROM editions")}
    assert {"2026-11-23", "2026-W48", "2026-11", "2026-11-23T07:00Z", "2026-11-23T19:00Z"} <= periods


def test_the_release_of_the_zone_database_stands_with_what_was_planned(house: House):
    """So that one can tell why a slot was when it was."""
    house.reader(ANNA)
    house.article("trade")
    house.move(hours=2)
    house.plan(who=Who.DUE)

    assert house.rows("SELECT zones FROM slots") == [(zones_version(),)]


def test_a_reader_whose_zone_is_gone_gets_the_mail_by_utc(house: House, sink: Sink):
    """A zone database without it must not hold up anybody; the log tells."""
    house.reader(ANNA, timezone="Europe/London")
    house.reader(BEN)
    house.change("UPDATE cadences SET zone = 'Europe/Atlantis' WHERE zone = 'Europe/London'")
    house.article("trade")
    house.move(hours=2)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert {mail.recipient for mail in sink.mails} == {ANNA, BEN}


def test_a_digest_without_articles_is_on_record_and_the_next_slot_is_another(house: House, sink: Sink):
    """What comes a second after the cut-off goes to the next mail, and is in no earlier one (C19)."""
    house.reader(ANNA)
    house.move(hours=1)
    slot = house.clock.now()
    house.plan(who=Who.DUE)
    house.article("trade", "Tariff late", at=slot + timedelta(seconds=1))
    house.move(minutes=5)
    house.plan(who=Who.DUE)
    nothing, at = house.states(), house.rows("SELECT next_slot_at FROM cadences")
    house.move(days=1)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert nothing == {ANNA: "skipped(nothing_new)"}
    assert at == [(int((slot + timedelta(days=1)).timestamp() * 1_000_000),)]
    assert told(house, sink) == [["Tariff late"]]
    assert reasons(house) == ["nothing_new", "sent"]
