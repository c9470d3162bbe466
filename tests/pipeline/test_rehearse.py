"""What a rehearsal says of mails that were planned before and have not left."""

from __future__ import annotations

from datetime import timedelta

from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.rehearse import Rehearsal, rehearse
from digest.store.tables import to_micros
from tests.house import House
from tests.pipeline.people import ANNA, BEN, CHO


def rehearsed(house: House, who: Who = Who.LATEST) -> Rehearsal:
    return rehearse(house.installation, "daily", at=house.clock.now(), who=who)


def test_mails_that_were_planned_and_wait_are_told_beside_the_new_ones(house: House):
    """A send that was stopped goes on with them."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.move(hours=2)
    house.plan()
    house.reader(BEN)

    found = rehearsed(house)

    assert (sum(found.waiting.values()), sum(found.ready.values()), sum(found.subjects.values())) == (1, 1, 2)
    assert list(found.lines())[:2] == [
        "daily/2026-11-23: 1 reader, planned already, would get a mail.",
        "daily/2026-11-23: 1 reader would get a mail.",
    ]


def test_a_mail_whose_next_try_is_to_come_is_told_apart(house: House):
    """A send now would leave it where it is."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    house.move(hours=2)
    house.plan()
    house.change("UPDATE deliveries SET state = 'deferred', next_attempt_at = :at", at=_in_an_hour(house))

    found = rehearsed(house)

    assert (dict(found.waiting), dict(found.later)) == ({}, {"daily/2026-11-23": 1})
    assert list(found.lines()) == ["daily/2026-11-23: 1 reader, planned already, would be tried again later."]


def test_who_left_since_the_planning_is_not_counted(house: House):
    """Nothing starts for them any more, and nobody is due."""
    house.reader(CHO)
    house.article("trade", "Tariff one")
    house.move(hours=2)
    house.plan()
    house.leave(CHO)

    assert list(rehearsed(house).lines()) == ["daily: nobody is due."]


def test_many_readers_are_counted_in_thousands():
    """14,899 is read faster than 14899."""
    told = Rehearsal("daily")
    told.waiting["daily/2026-11-23"] = 14_899

    assert list(told.lines()) == ["daily/2026-11-23: 14,899 readers, planned already, would get a mail."]


def _in_an_hour(house: House) -> int:
    return to_micros(house.clock.now() + timedelta(hours=1))
