"""Who reads a newsletter, what they follow, and what each of them got."""

from __future__ import annotations

from digest.store.audience import readers_of
from digest.store.engine import reading
from tests.house import House
from tests.sink import Sink

ANNA, BEN, CHO = "anna@example.org", "ben@example.org", "cho@example.org"


def test_readers_come_with_what_they_got_earliest_slot_first(house: House, sink: Sink):
    """Also those who were not due, and none of another newsletter."""
    house.newsletter("weekly")
    house.reader(ANNA, "weekly")
    house.reader(BEN, timezone="Europe/London", topics="sport")
    house.reader(CHO, timezone="Asia/Seoul", name="Cho")
    house.article("trade", "Tariff one")
    house.move(hours=2)
    house.send(sink)
    house.reader("dan@example.org")
    with reading(house.engine) as connection:
        found = readers_of(connection, "daily")

    assert [(each.address, each.state, each.reason) for each in found] == [
        ("dan@example.org", "", ""),
        (CHO, "sent", ""),
        (BEN, "skipped", "nothing_new"),
    ]
    assert [[item["title"] for item in each.items] for each in found] == [[], ["Tariff one"], []]
    assert found[0].slot_at is None
    assert found[1].zone == "Asia/Seoul"
    assert found[2].interests.follows[0].topic == "sport"
