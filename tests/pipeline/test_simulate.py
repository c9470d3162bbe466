"""A look at the days to come, by the code that plans, on a virtual clock over the real store."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from digest.errors import BadInput, NotFound
from digest.model.newsletter import Limits, Schedule
from digest.model.note import NoteKind
from digest.model.ruling import Ruling, RulingKind
from digest.pipeline.editing.write_note import write_note
from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.simulate import SimulatedSlot, Span, simulate
from digest.store.rulings import save_ruling
from tests.house import House
from tests.pipeline.people import ANNA, BEN, CHO
from tests.sink import Sink

WEEK = Span(date(2026, 11, 23), date(2026, 11, 29))


def play(house: House, slug: str = "daily", span: Span = WEEK, **more: str) -> list[SimulatedSlot]:
    return list(simulate(house.installation, slug, span, **more))


def titles(slot: SimulatedSlot) -> list[tuple[list[str], int]]:
    return [([one["title"] for one in each.articles], each.readers) for each in slot.digests]


def test_what_is_simulated_is_what_is_sent_and_nothing_is_written(house: House, sink: Sink):
    """Ten articles, four at a time (C15): 4, 4, 2, then nothing new; then the same happens."""
    house.newsletter(limits=Limits(max_items=4))
    for address in (ANNA, BEN):
        house.reader(address)
    house.reader(CHO, topics="sport")
    for number in range(10):
        house.article("trade", f"Tariff {number}")
    before = house.dump()
    played = play(house)
    after = house.dump()
    sent = []
    house.move(hours=1)
    for _ in range(7):
        house.plan(who=Who.DUE)
        house.dispatch(sink)
        sent.append(next(iter(house.log(address=ANNA))).items)
        house.move(days=1)

    assert before == after
    assert [slot.edition for slot in played] == [f"daily/2026-11-{day}" for day in range(23, 30)]
    assert [[n for _, n in titles(slot)] for slot in played] == [[2], [2], [2], [], [], [], []]
    assert [dict(slot.skipped) for slot in played] == [{"nothing_new": 1}] * 3 + [{"nothing_new": 3}] * 4
    assert [tuple(titles(slot)[0][0]) if slot.digests else () for slot in played] == sent


def test_one_reader_is_simulated_with_their_own_hours(house: House):
    """Every twelve hours in Seoul; each slot is an edition of its own."""
    house.reader(ANNA, timezone="Asia/Seoul", frequency="every 12h")
    house.reader(BEN)
    house.article("trade", "Tariff one")
    (first, second) = play(house, span=Span(date(2026, 11, 23), date(2026, 11, 23)), address=ANNA)

    assert (first.edition, titles(first)) == ("daily/2026-11-23T10:00Z", [(["Tariff one"], 1)])
    assert (second.edition, dict(second.skipped)) == ("daily/2026-11-23T22:00Z", {"nothing_new": 1})


def test_past_days_begin_with_what_readers_had_been_shown_by_then(house: House, sink: Sink):
    """So an editor sees what other settings would have done."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.article("trade", "Tariff two")
    house.move(hours=1)
    house.plan(who=Who.DUE)
    house.dispatch(sink)
    house.newsletter(limits=Limits(max_items=1))
    house.move(days=5)
    played = play(house)

    assert [len(titles(slot)) for slot in played] == [1, 1, 0, 0, 0, 0, 0]


def test_a_mail_on_its_way_counts_as_shown(house: House):
    """It is planned already, so no later slot would tell it."""
    house.reader(ANNA)
    house.article("trade")
    house.move(hours=1)
    house.plan(who=Who.DUE)
    played = play(house, span=Span(date(2026, 11, 24), date(2026, 11, 24)))

    assert [dict(slot.skipped) for slot in played] == [{"nothing_new": 1}]


def test_what_another_letter_of_the_reader_tells_is_not_simulated_twice(house: House):
    """Newsletters due at one instant go by their names."""
    house.newsletter("briefs")
    house.reader(ANNA, "briefs")
    house.reader(ANNA)
    house.article("trade")

    assert [len(slot.digests) for slot in play(house)] == [0] * 7
    assert [len(slot.digests) for slot in play(house, "briefs")] == [1, *[0] * 6]


def test_who_pauses_is_skipped_until_the_day_they_named(house: House):
    """The pause of a file ends at midnight in the reader's zone."""
    house.reader(ANNA, paused_until="2026-11-26")
    house.article("trade")

    played = play(house)

    assert [dict(slot.skipped) for slot in played[:4]] == [{"paused": 1}] * 3 + [{}]
    assert len(played[3].digests) == 1


def test_days_are_those_of_the_newsletters_zone(house: House):
    """In Tokyo the 23rd begins nine hours earlier."""
    house.newsletter(schedule=Schedule(zone="Asia/Tokyo"))
    house.reader(ANNA)
    played = play(house, span=Span(date(2026, 11, 23), date(2026, 11, 24)))

    assert [slot.slot_at.isoformat() for slot in played] == ["2026-11-22T22:00:00+00:00", "2026-11-23T22:00:00+00:00"]


def test_what_cannot_be_simulated_is_refused_in_words(house: House):
    """Days in the wrong order, too many of them, and who is no reader."""
    with pytest.raises(BadInput, match="exchange them"):
        Span(date(2026, 11, 2), date(2026, 11, 1))
    with pytest.raises(BadInput, match="at most 400"):
        Span(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=500))
    with pytest.raises(NotFound, match="does not subscribe"):
        play(house, address=ANNA)


def test_what_editors_decide_and_announce_is_simulated(house: House):
    """A pin for everybody, an embargo of a day, and an announcement to who has no article."""
    house.reader(ANNA, topics="trade")
    house.reader(BEN, topics="sport")
    pinned, held = house.article("energy", "Solar pinned"), house.article("trade", "Tariff held")
    now = house.clock.now()
    with house.engine.begin() as connection:
        save_ruling(connection, Ruling(pinned, RulingKind.PIN, "", None, "Eva", now))
        save_ruling(connection, Ruling(held, RulingKind.EMBARGO, "", now + timedelta(days=1), "Eva", now))
    house.article("trade", "Tariff free")
    write_note(house.installation, "daily", NoteKind.ANNOUNCEMENT, "We move", by="Eva")
    (first, second) = play(house, span=Span(date(2026, 11, 23), date(2026, 11, 24)))

    assert sorted(titles(first)) == [([], 1), (["Solar pinned", "Tariff free"], 1)]
    assert titles(second) == [(["Tariff held"], 1)]
